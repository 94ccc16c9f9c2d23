"""Fuzz AMQP 0-9-1: scanners beside each other and beside pika's decoder, sessions on changed captures.

C{python -m tests.fuzz.amqp SECONDS [SEED]}; exits 1 at the first difference, and prints the seed.

Where the scanner and pika differ is in L{LAX} and L{STRICT}; docs/protocols/amqp.md has the same table.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pika.exceptions
import pika.frame

from kaazing import _speedups
from kaazing.adapters.amqp.adapter import AmqpAdapter
from kaazing.errors import ProtocolViolation
from kaazing.interfaces.adapters import AskLogin, Close, Compute, Kind, Link, Login, ToBack, ToFront
from kaazing.wire import pure_amqp
from kaazing.wire.amqp import PREAMBLE, Code, encode
from tests.adapters.amqp.dialogue import DEFAULTS, policy
from tests.fuzz import main
from tests.wire.amqp_streams import Settings, outcome, settings, stream
from tests.wire.cuts import difference, pieces

KINDS = (_speedups.AmqpScanner, pure_amqp.AmqpScanner)
CAPTURES = Path(__file__).parent / "captures/amqp"
"""What pika and amqp-client and RabbitMQ said to each other; a line for each turn: > the client, < the
broker, in hex."""

LAX = {
    **dict.fromkeys((Code.TOO_BIG, Code.TOO_DEEP, Code.TOO_MANY, Code.CHANNEL_TOO_HIGH), "limits"),
    **dict.fromkeys(
        (Code.NOT_YET, Code.WRONG_SIDE, Code.WRONG_CHANNEL, Code.NOT_OPEN, Code.OPEN_ALREADY, Code.UNASKED),
        "what may come when",
    ),
    **dict.fromkeys(
        (Code.BEFORE_OPEN_OK, Code.CONTENT_MISSING, Code.UNEXPECTED_HEADER, Code.UNEXPECTED_BODY),
        "what may come when",
    ),
    **dict.fromkeys((Code.BODY_TOO_LONG, Code.HEADER_CLASS, Code.HEADER_FLAGS), "content headers"),
    **dict.fromkeys((Code.CUT_SHORT, Code.LEFT_OVER), "sizes of values"),
    **dict.fromkeys((Code.BAD_STRING, Code.BAD_BITS), "strings and bits"),
    Code.BAD_HEARTBEAT: "heart-beats",
}
"""Faults that pika does not look for, or not always: it decodes what it can."""

ALIKE = (Code.BAD_TYPE, Code.BAD_END, Code.UNKNOWN_METHOD, Code.NO_METHOD, Code.BAD_FIELD)
"""Faults that pika finds too."""

STRICT = {
    "Connection.UpdateSecret.__init__()": "connection.update-secret",
    "is out of range": "timestamps",
    "out of range for platform": "timestamps",
    "Value too large for defined data type": "timestamps",
}
"""What pika does not decode, though it is as it must be."""


_OPEN_OK = encode(0, "channel.open-ok", b"")[7:11]


def differ(random: Random) -> str:
    """Try one stream and one conversation; return what differed, or an empty string."""
    return _scanners(random) or _sessions(random)


def _scanners(random: Random) -> str:
    given, data = _captured(random) if random.random() < 0.3 else _invented(random)
    return difference(random, data, given, outcome, KINDS) or _beside_pika(given, data)


def _invented(random: Random) -> tuple[Settings, bytes]:
    given = settings(random)
    return given, stream(random, given, random.choice((0.0, 0.02, 0.2)))


def _captured(random: Random) -> tuple[Settings, bytes]:
    """What one side of a conversation said on its channels, with a byte or two changed."""
    side = random.choice("<>")
    said = b"".join(data for each, data in random.choice(_conversations()) if each == side)
    frames = [frame for frame in _frames(said.removeprefix(PREAMBLE)) if frame[1:3] != b"\0\0"]
    if side == "<":
        frames = [frame for frame in frames if frame[7:11] != _OPEN_OK]
    changed = bytearray(b"".join(frames))
    for _ in range(random.choice((0, 1, 1, 2)) if changed else 0):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    channels = () if side == ">" else (1, 2, 3, 4)
    limits: dict[str, Any] = {"max_frame": 131072, "max_depth": 16, "max_entries": 4096}
    return Settings(client=side == ">", channels=channels, max_channel=2047, **limits), bytes(changed)


def _frames(data: bytes) -> list[bytes]:
    frames = []
    while data:
        size = 8 + int.from_bytes(data[3:7], "big")
        frames.append(data[:size])
        data = data[size:]
    return frames


def _beside_pika(given: Settings, data: bytes) -> str:
    """Compare the verdict on every frame that passes, and on the first that does not."""
    given = replace(given, split=True)
    for item in outcome(given, [data], _speedups.AmqpScanner)[0]:
        frame = item if type(item) is bytes else item[1]
        said = _pika_says(frame)
        if said and not any(words in said for words in STRICT):
            return f"pika refuses {frame!r} ({said}), which passes"
    scanner = given.scanner(_speedups.AmqpScanner)
    base = scanner.offset
    scanner.feed(data)
    while scanner.looks and scanner.fault is None:
        scanner.feed(b"")
    if scanner.fault is None or scanner.fault[0] in LAX:
        return ""
    bad = data[scanner.offset - base :]
    return "" if _pika_says(bad) else f"pika takes {bad!r}, of which {Code(scanner.fault[0]).name} is said"


def _pika_says(data: bytes) -> str:
    """What pika says against the first frame; empty where it decodes it."""
    try:
        size, frame = pika.frame.decode_frame(data)
    except Exception as why:  # it raises whatever comes out of its decoders
        return f"{type(why).__name__}: {why}"
    return "" if size and frame is not None else "nothing decoded"


def _sessions(random: Random) -> str:
    turns = _changed(random, random.choice(_conversations()))
    link = Link(
        peer="192.0.2.1:5000",
        options=DEFAULTS,
        injects=random.random() < 0.5,
        policy=random.choice((None, policy("*"), policy("publish capture/a.#", "consume,bind,declare"))),
        apart=random.random() < 0.2,
    )
    said = _told(link, turns, None)
    again = _told(link, turns, random)
    return "" if said == again else f"{link}: {turns!r}\n  gave {again!r}\n  not {said!r}"


def _conversations() -> list[list[tuple[str, bytes]]]:
    if not _READ:
        for path in sorted(CAPTURES.glob("*.txt")):
            lines = (line.split() for line in path.read_text().splitlines())
            _READ.append([(side, bytes.fromhex(data)) for side, data in lines])
    return _READ


_READ: list[list[tuple[str, bytes]]] = []


def _changed(random: Random, turns: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Change a byte, leave some out, say some twice, or leave a turn out; or nothing of it."""
    turns = list(turns)
    for _ in range(random.choice((0, 1, 1, 1, 3))):
        at = random.randrange(len(turns))
        side, data = turns[at]
        i, j = sorted(random.randrange(len(data) + 1) for _ in range(2))
        turns[at] = (
            side,
            random.choice(
                (
                    data[:i] + bytes((random.randrange(256),)) + data[i + 1 :],
                    data[:i] + data[j:],
                    data[:j] + data[i:],
                    data + data if random.random() < 0.5 else b"",
                )
            ),
        )
    return turns


def _told(link: Link, turns: list[tuple[str, bytes]], cuts: Random | None) -> tuple[bytes, bytes, str]:
    """What reaches the backend and the client of a conversation, and how it ends."""
    session = AmqpAdapter().session(link)
    heard = {"<": bytearray(), ">": bytearray()}
    waiting = [(side, part) for side, data in turns for part in (pieces(cuts, data) if cuts else [data])]
    calls: list[tuple[str, Any]] = [(">", session.opened(0.0))]
    for side, part in waiting:
        orders = session.from_front(part, Kind.BINARY, 0.0) if side == ">" else session.from_back(part, 0.0)
        calls = [(side, orders)]
        while calls:
            side, orders = calls.pop()
            try:
                for order in orders:
                    match order:
                        case bytes():
                            heard[side] += order
                        case ToBack():
                            heard[">"] += order.data
                        case ToFront():
                            heard["<"] += order.data
                        case AskLogin():
                            calls.append((">", session.login(Login(username="gw", password="pw"), 0.0)))
                        case Compute():
                            calls.append((">", session.computed(order.work(), 0.0)))
                        case Close():
                            return bytes(heard[">"]), bytes(heard["<"]), str(order)
            except ProtocolViolation as why:
                return bytes(heard[">"]), bytes(heard["<"]), str(why)
    return bytes(heard[">"]), bytes(heard["<"]), ""


if __name__ == "__main__":
    sys.exit(main(differ))
