"""Random STOMP streams, good and bad, and all that a scanner says of one, wherever it was cut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from kaazing.errors import Side
from kaazing.wire.stomp import Scanner, violation
from tests.wire.cuts import joined

_COMMANDS = {
    True: (b"SEND", b"SEND", b"SUBSCRIBE", b"UNSUBSCRIBE", b"ACK", b"BEGIN", b"COMMIT", b"DISCONNECT"),
    False: (b"MESSAGE", b"MESSAGE", b"RECEIPT", b"ERROR"),
}
_ODD = (b"CONNECT", b"STOMP", b"CONNECTED", b"NACK", b"FOO", b"SEND ", b"GET / HTTP/1.1", b"MESSAGE", b"SEND")
_REQUIRED = (
    b"destination:/q",
    b"id:1",
    b"message-id:4",
    b"subscription:x",
    b"receipt-id:r",
    b"transaction:t",
)
_GOOD = (b"foo:a\\cb\\n\\\\", b"caf\xc3\xa9:1", b"a:b:c", b"x:", b"\\\\\\\\:\\n", b"content-type:text/plain")
_BAD = (b"r:\\r", b"x:\\t", b"y:\\", b"b:\xff", b":e", b"no colon", b"z:q\rw", b"n:\0", b"long:" + b"x" * 60)
_LENGTHS = (b"%d", b"%d", b"0%d", b" %d ", b"%d0", b"-%d", b"1%d", b"%dx", b"")
_BODIES = (b"", b"hello", b"hello, world" * 3, b"nul\0nul", b"\n\n", b"\xff\xfe")


@dataclass(frozen=True)
class Settings:
    """How a scanner is made, and the version that is settled on before its first byte, 0 for none."""

    client: bool = True
    split: bool = False
    max_frame: int = 1 << 20
    max_headers: int = 100
    max_line: int = 1000
    apart: bool = False
    sends: bool = False
    version: int = 12

    def scanner(self, kind: Any = Scanner) -> Scanner:
        """Make one, of C{kind}: in C or in Python."""
        values = asdict(self)
        version = values.pop("version")
        made: Scanner = kind(**values)
        if version:
            made.version = version
        return made


Outcome = tuple[list[Any], str, int]


def outcome(settings: Settings, parts: Iterable[bytes], kind: Any = Scanner) -> Outcome:
    """Feed the parts to a new scanner.

    Returns:
        The items, runs joined with their neighbours unless they are frames apart; the fault in words
        and the lines in order before it; the number of frames.
    """
    scanner = settings.scanner(kind)
    items = joined((item for part in parts for item in scanner.feed(part)), apart=settings.split)
    side = Side.FRONT if settings.client else Side.BACK
    said = scanner.fault and f"{violation(scanner.fault, side, scanner.version)} after {scanner.fault[3]!r}"
    return items, said or "", scanner.frames


def settings(random: Random) -> Settings:
    """Return any."""
    return Settings(
        client=random.random() < 0.6,
        split=random.random() < 0.5,
        max_frame=random.choice((64, 200, *[1 << 20] * 10)),
        max_headers=random.choice((3, *[100] * 10)),
        max_line=random.choice((25, *[1000] * 10)),
        version=random.choice((0, 10, 11, 12, 12)),
        apart=random.random() < 0.2,
        sends=random.random() < 0.2,
    )


def stream(random: Random, given: Settings, faults: float) -> bytes:
    """Return some frames for such a scanner; each part of each is wrong with the probability C{faults}."""
    return b"".join(_frame(random, given, faults) for _ in range(random.randrange(1, 6)))


def _frame(random: Random, given: Settings, faults: float) -> bytes:
    wrong = [random.random() < faults for _ in range(4)]
    first = given.version == 0 and random.random() < 0.7
    commands = (b"CONNECT", b"STOMP") if given.client else (b"CONNECTED", b"ERROR")
    command = random.choice(_ODD if wrong[0] else commands if first else _COMMANDS[given.client])
    lines = [command, *_REQUIRED, *random.choices(_GOOD, k=random.randrange(4))]
    if wrong[1]:
        lines = [command, *random.sample(_REQUIRED, k=random.randrange(6)), random.choice(_BAD)]
    elif command not in (b"BEGIN", b"COMMIT") and random.random() < 0.9:
        lines.remove(b"transaction:t")
    body = random.choice(_BODIES) if wrong[2] or command in (b"SEND", b"MESSAGE", b"ERROR") else b""
    if wrong[3] or b"\0" in body or random.random() < 0.3:
        form = random.choice(_LENGTHS if wrong[3] else _LENGTHS[:2])
        lines.append(b"content-length:" + (form % len(body) if b"%" in form else form))
    end = b"\r\n" if given.version in (0, 12) and random.random() < 0.3 else b"\n"
    after = random.choice((b"", b"", end, end * 2, b"\r" if wrong[0] else end))
    return end.join([*lines, b"", b""]) + body + b"\0" + after
