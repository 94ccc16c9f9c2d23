# -*- test-case-name: tests.wire.test_pure_wse -*-
"""Frames of WebSocket emulation in Python; the twin of C{kaazing/native/wse.c}.  docs/protocols/wse.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import final

from kaazing.wire.pure_frames import valid_utf8
from kaazing.wire.pure_lane import Found, Utf8

_TEXT, _BINARY, _RECONNECT, _CLOSE = 1, 2, 16, 17
_LENGTH_DIGITS = 9
_LONGEST = 1 << 53  # what a JavaScript number counts exactly
_END = 0xFF

_FRAMES, _COMMANDS, _SIZE, _UTF8 = "WSE frames", "WSE commands", "WSE message size", "WSE text"

_Items = list[tuple[int, bytes]]


class _Fault(Exception):
    """A rule was broken: (offset, what, rule), as L{WseDecoder.fault} gives it."""


@final
class WseDecoder:
    """See C{kaazing/_speedups.pyi}."""

    __slots__ = (
        "_digits", "_kind", "_limit", "_need", "_next", "_open", "_pings", "_received", "_size", "_utf8",
        "_whole", "fault", "messages", "octets",
    )  # fmt: skip

    def __init__(self, max_message: int, whole: bool, pings: bool) -> None:
        if max_message < 0:
            raise ValueError("max_message is negative")
        self._limit, self._whole, self._pings = max_message, bool(whole), bool(pings)
        self.fault: tuple[int, str, str] | None = None
        self.messages = self.octets = 0
        self._received = 0  # bytes of earlier feeds
        self._next: Callable[[WseDecoder, bytes, int, Found], int] = WseDecoder._type
        """What takes the next byte, and as many after it as it likes; returns where it stopped."""
        self._kind = 0  # of the open frame, or the last: as the items have it
        self._digits = 0  # bytes of the open frame's length that came
        self._need = 0  # the open frame's length, then its payload still to come
        self._size = 0  # payload bytes of the open delimited frame that came
        self._open: list[bytes] = []  # whole: payload of the open message
        self._utf8 = Utf8()

    def feed(self, data: bytes, /) -> _Items:
        """See C{kaazing/_speedups.pyi}."""
        found = Found(self._whole)
        at = 0
        try:
            while at < len(data) and self.fault is None:
                at = self._next(self, data, at, found)
        except _Fault as why:
            offset, what, rule = why.args
            self._fail(self._received + offset, what, rule)
        self._received += len(data)
        return found.items()

    def begin(self) -> None:
        """See C{kaazing/_speedups.pyi}."""
        self.end()
        self._next = WseDecoder._type

    def end(self) -> None:
        """See C{kaazing/_speedups.pyi}."""
        if self.fault is None and self._next not in (WseDecoder._type, WseDecoder._behind):
            self._fail(self._received, "request ends inside a frame", _FRAMES)

    def _fail(self, offset: int, what: str, rule: str) -> None:
        self.fault = offset, what, rule
        self._open = []

    def _type(self, data: bytes, at: int, found: Found) -> int:
        first = data[at]
        if first in (0x80, 0x81):
            self._kind = _TEXT if first & 1 else _BINARY
            self._digits = self._need = 0
            self._next = WseDecoder._length
        elif first == 0x00:
            self._kind = _TEXT
            self._size = 0
            self._next = WseDecoder._delimited
        elif first == 0x01:
            self._next = WseDecoder._command
        elif first in (0x89, 0x8A):
            if not self._pings:
                raise _Fault(at, "PING or PONG in a session without them", _COMMANDS)
            self._kind = first & 15
            self._next = WseDecoder._ping
        else:
            raise _Fault(at, "unknown frame type", _FRAMES)
        return at + 1

    def _length(self, data: bytes, at: int, found: Found) -> int:
        digit = data[at]
        start = at - self._digits
        self._digits += 1
        self._need = self._need << 7 | digit & 0x7F
        at += 1
        if digit & 0x80:
            if self._digits == _LENGTH_DIGITS:
                raise _Fault(start, f"length of more than {_LENGTH_DIGITS} bytes", _FRAMES)
            return at
        if self._need > _LONGEST:
            raise _Fault(start, "length above 2^53", _FRAMES)
        if self._limit and self._need > self._limit:
            raise self._too_big(start)
        self._next = WseDecoder._sized
        if not self._need:
            self._end_message(at, found)
        return at

    def _too_big(self, at: int) -> _Fault:
        return _Fault(at, f"message of more than {self._limit} bytes", _SIZE)

    def _sized(self, data: bytes, at: int, found: Found) -> int:
        part = data[at : at + self._need]
        self._payload(part, at, found)
        self._need -= len(part)
        at += len(part)
        if not self._need:
            self._end_message(at, found)
        return at

    def _delimited(self, data: bytes, at: int, found: Found) -> int:
        end = data.find(_END, at)
        stop = len(data) if end < 0 else end
        if self._limit:
            stop = min(stop, at + self._limit - self._size)
        self._payload(data[at:stop], at, found)
        self._size += stop - at
        if stop == len(data):
            return stop
        if data[stop] != _END:
            raise self._too_big(stop)
        self._end_message(stop, found)
        return stop + 1

    def _payload(self, part: bytes, at: int, found: Found) -> None:
        """Take payload of the open message, which stands at C{at} in this feed."""
        good = self._utf8.check(part) if self._kind == _TEXT else len(part)
        self.octets += good
        if self._whole:
            self._open.append(part)
        elif good:
            found.add(self._kind, [part[:good]])
        if good < len(part):
            raise _Fault(at + good, "text that is not UTF-8", _UTF8)

    def _end_message(self, at: int, found: Found) -> None:
        if self._utf8.cut:
            raise _Fault(at, "text message ends inside a character", _UTF8)
        self.messages += 1
        self._next = WseDecoder._type
        if self._whole:
            found.add(self._kind, self._open)
            self._open = []

    def _command(self, data: bytes, at: int, found: Found) -> int:
        if data[at] == _END:
            self._next = WseDecoder._type
        elif data[at] == 0x30:
            self._next = WseDecoder._digit
        else:
            raise _Fault(at, "unknown command", _COMMANDS)
        return at + 1

    def _digit(self, data: bytes, at: int, found: Found) -> int:
        """Take the second digit of a command, of which the first was 0."""
        if data[at] not in b"012":
            raise _Fault(at, "unknown command", _COMMANDS)
        self._next = WseDecoder._leaving if data[at] == 0x31 else WseDecoder._command
        if data[at] == 0x32:
            found.add(_CLOSE, [])
        return at + 1

    def _leaving(self, data: bytes, at: int, found: Found) -> int:
        """Take the end of the command frame whose last command is RECONNECT."""
        if data[at] != _END:
            raise _Fault(at, "bytes behind RECONNECT", _COMMANDS)
        found.add(_RECONNECT, [])
        self._next = WseDecoder._behind
        return at + 1

    def _behind(self, data: bytes, at: int, found: Found) -> int:
        raise _Fault(at, "bytes behind RECONNECT", _COMMANDS)

    def _ping(self, data: bytes, at: int, found: Found) -> int:
        if data[at]:
            raise _Fault(at, "PING or PONG with a payload", _FRAMES)
        found.add(self._kind, [])
        self._next = WseDecoder._type
        return at + 1


def wse_frame(messages: Sequence[bytes], kind: int, binary_only: bool, /) -> bytes:
    """See C{kaazing/_speedups.pyi}."""
    if not 0 <= kind <= 2:
        raise ValueError(f"kind is 0, 1 or 2, not {kind}")
    return b"".join([part for message in messages for part in _parts(message, kind, binary_only)])


def _parts(message: bytes, kind: int, binary_only: bool) -> tuple[bytes, bytes]:
    if not isinstance(message, bytes):
        raise TypeError(f"a message is bytes, not {type(message).__name__}")
    text = not binary_only and (kind == _TEXT or (kind == 0 and valid_utf8(message)))
    return (b"\x81" if text else b"\x80") + _length(len(message)), message


def _length(size: int) -> bytes:
    """Write a length to the base of 128, most significant first, all bytes but the last with the high bit."""
    digits = [size & 0x7F]
    while size := size >> 7:
        digits.append(0x80 | size & 0x7F)
    return bytes(reversed(digits))
