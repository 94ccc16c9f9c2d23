"""Random AMQP 0-9-1 streams, good and bad, and all that a scanner says of one, wherever it was cut."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from kaazing.errors import Side
from kaazing.wire.amqp import COMPACT, HEARTBEAT, Scanner, encode, violation
from kaazing.wire.amqp_methods import METHODS, ROWS, Method
from tests.wire.cuts import joined

TABLES = (
    b"",
    b"\x01aS\0\0\0\x02hi",
    b"\x01tt\x01\x01bb\xff\x01BB\xff\x01ss\0\x01\x01uu\0\x01\x01UU\0\x01\x01II\0\0\0\x01\x01ii\0\0\0\x01",
    b"\x01ll" + b"\0" * 8 + b"\x01LL" + b"\0" * 8 + b"\x01ff" + b"\0" * 4 + b"\x01dd" + b"\0" * 8,
    b"\x01DD\x02\0\0\0\x05\x01TT" + b"\0" * 8 + b"\x01VV\x01xx\0\0\0\x01\xff",
    b"\x01FF\0\0\0\x0a\x01FF\0\0\0\x03\x01aV\x01AA\0\0\0\x0aI\0\0\0\x01A\0\0\0\0",
    b"\x01FF\0\0\0\x09\x01FF\0\0\0\x02\x01aV\x01AA\0\0\0\x08I\0\0\0\x01A\0\0",
    b"\x01aS\0\0\0\x03hi",
    b"\x01q?",
    b"\x05a",
)
"""Field tables without their length; some are broken."""

_STRINGS = ("", "a", "key.of.this", "ü", "x" * 200)


@dataclass(frozen=True)
class Settings:
    """How a scanner is made; and whether, before its first byte, the connection is opened, and channels
    with it."""

    client: bool = True
    split: bool = False
    max_frame: int = 4096
    max_depth: int = 4
    max_entries: int = 20
    max_channel: int = 9
    open: bool = True
    channels: tuple[int, ...] = (1, 2)
    stops: tuple[str, ...] = field(default=())

    def scanner(self, kind: Any = Scanner) -> Scanner:
        """Make one, of C{kind}: in C or in Python."""
        made: Scanner = kind(
            methods=COMPACT,
            client=self.client,
            split=self.split,
            max_frame=self.max_frame,
            max_depth=self.max_depth,
            max_entries=self.max_entries,
        )
        if self.open:
            made.begin(self.max_frame, self.max_channel, bytes(ROWS[name] for name in self.stops))
            for channel in self.channels:
                if self.client:
                    made.feed(encode(channel, "channel.open", ""))
                else:
                    made.await_open(channel)
                    made.feed(encode(channel, "channel.open-ok", b""))
            made.take_counts()
        return made


Outcome = tuple[list[Any], str, dict[int, int]]


def outcome(given: Settings, parts: Iterable[bytes], kind: Any = Scanner) -> Outcome:
    """Feed the parts, going on behind every stop; return what passes, the fault as a sentence with its
    offset from the first part on, and the counts."""
    scanner = given.scanner(kind)
    base = scanner.offset
    found: list[Any] = []
    for part in parts:
        more = scanner.feed(part)
        while more:
            found += (item if type(item) is bytes else (item[0] - base, item[1]) for item in more)
            more = scanner.feed(b"")
    items = joined(found, apart=given.split)
    said = ""
    if scanner.fault is not None:
        code, offset, number, key = scanner.fault
        said = str(violation((code, offset - base, number, key), Side.FRONT if given.client else Side.BACK))
    return items, said, scanner.take_counts()


def frame(kind: int, channel: int, payload: bytes, end: bytes = b"\xce") -> bytes:
    """Return a frame (section 2.3.5)."""
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + end


def header(channel: int, size: int, flags: int = 0, properties: bytes = b"") -> bytes:
    """Return a content header of class basic (section 4.2.6.1)."""
    return frame(2, channel, struct.pack(">HHQH", 60, 0, size, flags) + properties)


def body(channel: int, data: bytes) -> bytes:
    """Return a content body frame (section 4.2.6.2)."""
    return frame(3, channel, data)


def publish(data: bytes = b"hello", channel: int = 1, *, exchange: str = "", key: str = "q") -> bytes:
    """Return a whole message of a client's."""
    method = encode(channel, "basic.publish", 0, exchange, key, 0)
    return method + header(channel, len(data)) + (body(channel, data) if data else b"")


def deliver(data: bytes = b"news", channel: int = 1) -> bytes:
    """Return a whole message of a server's."""
    method = encode(channel, "basic.deliver", "ctag", 1, 0, "", "q")
    return method + header(channel, len(data)) + body(channel, data)


def settings(random: Random) -> Settings:
    """Make some, mostly of an open connection."""
    return Settings(
        client=random.random() < 0.5,
        split=random.random() < 0.5,
        max_depth=random.choice((1, 2, 4)),
        max_entries=random.choice((0, 3, 20)),
        open=random.random() < 0.9,
        stops=random.choice(((), ("basic.publish",), ("basic.get", "basic.deliver"))),
    )


def stream(random: Random, given: Settings, faults: float) -> bytes:
    """Make a stream of up to 12 methods with what belongs to them; C{faults} is the share of those that
    break a rule, 0 to 1."""
    methods = [each for each in METHODS if (each.client if given.client else each.server)]
    calm = [each for each in methods if each.key >> 16 > 20]  # open and close nothing
    parts = []
    for _ in range(random.randrange(12)):
        method = random.choice(
            METHODS if random.random() < faults else random.choice((calm, calm, calm, methods))
        )
        part = _made(random, method)
        if random.random() < faults:
            at = random.randrange(len(part))
            part = part[:at] + bytes((part[at] ^ 1 << random.randrange(8),)) + part[at + 1 :]
        parts.append(part)
    return b"".join(parts)


def _made(random: Random, method: Method) -> bytes:
    if random.random() < 0.1:
        return HEARTBEAT
    channel = 0 if method.name.startswith("connection.") else random.choice((1, 1, 1, 2, 2, 2, 2, 3))
    values = [_value(random, letter) for letter in method.arguments]
    made = encode(channel, method.name, *values)
    return made + _content(random, channel) if method.content else made


def _content(random: Random, channel: int) -> bytes:
    data = random.randbytes(random.choice((0, 1, 100)))
    flags, properties = random.choice(
        ((0, b""), (0x8000, b"\x04text"), (0x2000, None), (0x1000, b"\x02"), (0x0004, b"\x01c"))
    )
    if properties is None:
        table = _value(random, "F")
        properties = struct.pack(">I", len(table)) + table
    return header(channel, len(data), flags, properties) + (body(channel, data) if data else b"")


def _value(random: Random, letter: str) -> Any:
    if letter == "z":
        return random.choice(_STRINGS)
    if letter == "S":
        return random.randbytes(random.choice((0, 3, 30)))
    if letter == "F":
        return random.choice((*(TABLES[:6] * 3), *TABLES))
    return random.randrange(1 << int(letter)) if letter.isdigit() else random.randrange(256)
