"""Fuzz AMQP 1.0: recorded conversations of proton and rhea with RabbitMQ, spoilt and cut at random.

A session must end with nothing but a violation, whatever the cuts; and what is a value here must be one to
proton's decoder, but for the differences that docs/protocols/amqp.md explains.
C{python -m tests.fuzz.amqp_one SECONDS [SEED]}; exits 1 at the first fault.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random
from typing import Any

from proton import Data, DataException

from kaazing.adapters.amqp.one import AmqpOne
from kaazing.errors import ProtocolViolation
from kaazing.interfaces.adapters import AskLogin, Compute, Kind, Link, Login, Order, ToBack, ToFront
from kaazing.wire.amqp_one_types import Checker, Malformed
from tests.adapters.amqp.dialogue import DEFAULTS
from tests.fuzz import main, spoilt

Turn = tuple[str, bytes]
"""C{">"} for the client's bytes or C{"<"} for the backend's, and the bytes; the client's first protocol
header, with which sessions are made, is left out."""

CAPTURES: dict[str, list[Turn]] = {
    path.stem: [(line[0], bytes.fromhex(line[2:])) for line in path.read_text().splitlines()[1:]]
    for path in sorted(Path(__file__).parent.glob("captures/amqp_one/*.txt"))
}
BITS = (
    *(b"\0", b"\xff", b"\x40", b"\x41", b"\x45", b"\x50\7", b"\x56\2", b"\x60\0\1", b"\x70\0\0\0\1"),
    *(b"\x73\0\0\xd8\0", b"\xa0\1x", b"\xa1\1\xff", b"\xa3\1k", b"\xb0\xff\xff\xff\xff", b"\xc0\1\0"),
    *(b"\xc1\5\2\xa3\1a\x40", b"\xe0\4\2\x50\1\2", b"\xf0\0\0\0\5\xff\xff\xff\xff\x40", b"\0\x53\x24\x45"),
    *(b"\0\x53\x14\xc0", b"\0\0\0\x08\2\0\0\0", b"AMQP\0\1\0\0", b"AMQP\3\1\0\0"),
)

STRICTER = (
    "a boolean that is neither 0 nor 1",
    "a char that is no Unicode character",
    "a descriptor that is neither ulong nor symbol",
    "a list, map or array is not as long as it says",
    "a map with a key that has no value",
    "a map with the same key twice",
    "a string that is not UTF-8",
    "a value is cut off",  # by the list that it is in, not by the end of the data
    "a symbol that is not ASCII",
    "values nested deeper than 16",
    "more than 4096 values in lists, maps and arrays",
)
"""Faults that proton does not look for."""


def differ(random: Random) -> str:
    """Try one input; return what differed, or an empty string."""
    return _session(random) if random.random() < 0.5 else _value(random)


def _session(random: Random) -> str:
    turns = list(CAPTURES[random.choice([*CAPTURES])])
    for _ in range(random.choice((0, 1, 1, 3))):
        at = random.randrange(len(turns))
        turns[at] = turns[at][0], spoilt(random, turns[at][1], BITS)
    injects = random.random() < 0.5
    said = outcome(turns, injects)
    cut = [(side, part) for side, data in turns for part in _pieces(random, data)]
    again = outcome(cut, injects)
    return "" if said == again else f"{cut!r}\n  ended with {again[2]!r}\n  not {said[2]!r}, or said else"


def _pieces(random: Random, data: bytes) -> list[bytes]:
    cuts = sorted(random.randrange(len(data) + 1) for _ in range(random.choice((0, 1, 3, len(data)))))
    return [data[at:end] for at, end in zip([0, *cuts], [*cuts, len(data)], strict=True) if at < end]


def outcome(turns: list[Turn], injects: bool) -> tuple[bytes, list[bytes], str]:
    """Return what went to the backend, what to the client, and what ended it."""
    session = AmqpOne(Link(peer="", options=DEFAULTS, injects=injects), b"AMQP\3\1\0\0")
    back, front = bytearray(), list[bytes]()

    def carry_out(orders: Any, client: bool) -> None:
        questions: list[Order] = []
        for order in orders:
            if isinstance(order, ToBack) or (client and isinstance(order, bytes)):
                back.extend(order.data if isinstance(order, ToBack) else order)
            elif isinstance(order, ToFront | bytes):
                front.append(order.data if isinstance(order, ToFront) else order)
            elif isinstance(order, AskLogin | Compute):
                questions.append(order)
        for question in questions:
            if isinstance(question, Compute):
                carry_out(session.computed(question.work(), 0.0), client=True)
            else:
                carry_out(session.login(Login(username="gw", password="pw"), 0.0), client=True)

    try:
        carry_out(session.opened(0.0), client=True)
        for side, data in turns:
            if side == ">":
                carry_out(session.from_front(data, Kind.BINARY, 0.0), client=True)
            else:
                carry_out(session.from_back(data, 0.0), client=False)
    except ProtocolViolation as why:
        return bytes(back), front, str(why)
    return bytes(back), front, ""


def _value(random: Random) -> str:
    data = spoilt(random, random.choice(VALUES), BITS)
    ours, theirs = _ours(data), _theirs(data)
    if (ours == "") == (theirs == "") or ours.startswith(STRICTER):
        return ""
    return f"{data.hex()}\n  ours: {ours or 'good'}\n  proton: {theirs or 'good'}"


def _ours(data: bytes) -> str:
    try:
        Checker().skip(data, 0, len(data))
    except Malformed as why:
        return why.what
    return ""


def _theirs(data: bytes) -> str:
    try:
        Data().decode(data)
    except DataException as why:
        return str(why)
    return ""


def _values() -> list[bytes]:
    """Return the performatives of the captures, without payload."""
    found = []
    for turns in CAPTURES.values():
        for side in "<>":
            stream = b"".join(data for each, data in turns if each == side)
            while stream:
                size = 8 if stream.startswith(b"AMQP") else int.from_bytes(stream[:4], "big")
                body, stream = stream[8:size], stream[size:]
                if body:
                    found.append(body[: Checker().skip(body, 0, len(body))])
    return found


VALUES = _values()

if __name__ == "__main__":
    sys.exit(main(differ))
