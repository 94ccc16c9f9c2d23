"""Random requests of emulated sessions, mostly good, and all that a decoder says of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from random import Random
from typing import Any, NamedTuple, Protocol

from kaazing.wire.wse import CLOSE, NOP, PING, PONG, RECONNECT, padding
from kaazing.wire.wse_text import EncodingFault, TextDecoder, Unescaper
from tests.wire.streams import BROKEN, TEXTS

LENGTHS = {
    0: "00",
    1: "01",
    127: "7f",
    128: "81 00",
    16383: "ff 7f",
    16384: "81 80 00",
    65535: "83 ff 7f",
    65536: "84 80 00",
    2097152: "81 80 80 00",
}
"""Payload size -> its length on the wire."""


class Settings(NamedTuple):
    """What a decoder is made with."""

    max_message: int
    whole: bool
    pings: bool


class Decoder(Protocol):
    """The decoder in C or the one in Python."""

    @property
    def fault(self) -> tuple[int, str, str] | None: ...
    @property
    def messages(self) -> int: ...
    @property
    def octets(self) -> int: ...
    def feed(self, data: bytes, /) -> list[tuple[int, bytes]]: ...
    def begin(self) -> None: ...
    def end(self) -> None: ...


Outcome = tuple[Any, ...]


def outcome(decoder: Decoder, requests: Sequence[Sequence[bytes]], *, whole: bool) -> Outcome:
    """Feed requests, each in its parts.

    Returns:
        The items of each request, neighbours joined unless C{whole}; the fault; messages; octets.
    """
    said = []
    for parts in requests:
        decoder.begin()
        items = [item for part in parts for item in decoder.feed(part)]
        decoder.end()
        if not whole:
            items = [
                item
                for kind, run in groupby(items, itemgetter(0))
                for item in ([(kind, b"".join(map(itemgetter(1), run)))] if kind < 8 else run)
            ]
        said.append(items)
    return said, decoder.fault, decoder.messages, decoder.octets


def through(
    codec: TextDecoder | Unescaper, parts: Sequence[bytes], *, whole: bool = True
) -> tuple[list[bytes], str]:
    """Take a body's encoding off.

    Args:
        whole: whether the body ends behind the parts.

    Returns:
        What each part gave; the fault that ended it, or an empty string.
    """
    made = []
    try:
        for part in parts:
            made.append(codec.feed(part))
        if whole:
            codec.end()
    except EncodingFault as why:
        return [*made, why.before], str(why)
    return made, ""


def settings(random: Random) -> Settings:
    """Make up what a decoder is made with."""
    return Settings(random.choice((0, 100, 1000)), random.random() < 0.5, random.random() < 0.9)


def requests(random: Random, *, faults: float) -> list[bytes]:
    """Make the bodies of a session's requests.

    Args:
        faults: the share of frames that break a rule, 0 to 1.
    """
    return [request(random, faults=faults) for _ in range(random.randrange(1, 4))]


def request(random: Random, *, faults: float) -> bytes:
    """Make the body of one request: frames, and RECONNECT mostly."""
    made = []
    for _ in range(random.randrange(10)):
        one = frame(random)
        made.append(broken(random, one) if random.random() < faults else one)
    return b"".join(made) + (RECONNECT if random.random() < 0.9 else b"")


def frame(random: Random) -> bytes:
    """Make one frame that is in order, save that a message may be too long."""
    form = random.randrange(8)
    if form < 2:
        return random.choice((NOP, CLOSE, PING, PONG, padding(random.randrange(9)), b"\x010002\xff"))
    text = "".join(random.choices(TEXTS, k=random.randrange(4))).encode()
    if form < 4:
        return b"\0" + text + b"\xff"
    if form < 6:
        return b"\x81" + length(random, len(text)) + text
    payload = random.randbytes(random.choice((0, 1, 7, 33, 127, 128, 300)))
    return b"\x80" + length(random, len(payload)) + payload


def length(random: Random, size: int) -> bytes:
    """Write a length, now and then with digits that it does not need."""
    digits = [size & 0x7F]
    while (size := size >> 7) or random.random() < 0.05:
        digits.append(0x80 | size & 0x7F)
    return bytes(reversed(digits))


def broken(random: Random, frame: bytes) -> bytes:
    """Make something of a frame that may break a rule."""
    at = random.randrange(len(frame))
    head = random.randrange(min(len(frame), 10))
    return random.choice(
        (
            frame[:head] + bytes((frame[head] ^ 1 << random.randrange(8),)) + frame[head + 1 :],
            frame[:at],
            frame[:at] + random.choice(BROKEN) + frame[at:],
            bytes((random.randrange(256),)),
            b"\x010" + bytes((random.choice(b"0123a\xff"),)) + b"\xff",
            bytes((random.choice((0x80, 0x81)),)) + random.choice(HEADS),
            RECONNECT,
        )
    )


HEADS = (b"\x80" * 9, b"\xff" * 9, b"\x90" + b"\x80" * 7, b"\x90" + b"\x80" * 6 + b"\x01", b"\xff\x7f")
"""Lengths that are too long for most or all."""
