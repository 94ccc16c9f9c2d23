# -*- test-case-name: tests.test_benchmarks_scripts -*-
"""What clients and backends of a protocol say to each other under load: an opening, then messages.

A script is for one system: one that only passes bytes on is sent the backend's bytes by its clients, one
that speaks the protocol is sent what its clients send.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

NAME = "load-00000"
"""Stands in an opening for the connection; see native/script.c."""

COUNT = 1024
"""Messages that differ, then they come again."""

CLIENT, BACKEND = 0, 1


@dataclass(frozen=True, slots=True)
class Step:
    """One end says something; the other waits until it has heard C{mark}, but not for an empty one."""

    side: int
    said: bytes
    mark: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """One message: WebSocket messages at the client's end, bytes at the backend's."""

    parts: tuple[bytes, ...]
    back: bytes


@dataclass(frozen=True, slots=True)
class Script:
    """A whole conversation.

    Attributes:
        text: whether the client's WebSocket messages are text.
    """

    opening: Sequence[Step]
    messages: Sequence[Message]
    text: bool

    def encode(self) -> bytes:
        """Return it as native/script.c reads it."""

        def text(data: bytes) -> bytes:
            return struct.pack("<I", len(data)) + data

        opening = (struct.pack("<I", s.side) + text(s.said) + text(s.mark) for s in self.opening)
        messages = (
            struct.pack("<I", len(m.parts)) + b"".join(map(text, m.parts)) + text(m.back)
            for m in self.messages
        )
        counts = struct.pack("<I", len(self.opening)), struct.pack("<I", len(self.messages))
        return counts[0] + b"".join(opening) + counts[1] + b"".join(messages)


def body(length: int, number: int) -> bytes:
    """Return letters that differ from message to message."""
    return bytes(97 + (i * 7 + i // 251 + number * 11) % 26 for i in range(length))


def filled(make: Callable[[bytes], bytes], size: int, number: int) -> bytes:
    """Return what C{make} makes of a body, C{size} bytes in all."""
    made = make(body(size - len(make(b"")), number))
    assert len(made) == size, "the length of the body has a length that varies"
    return made


def same(messages: Iterable[bytes]) -> list[Message]:
    """Return messages that are alike at both ends."""
    return [Message((data,), data) for data in messages]
