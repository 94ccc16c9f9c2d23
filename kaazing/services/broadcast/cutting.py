# -*- test-case-name: tests.services.broadcast.test_cutting -*-
"""Where one event of a backend's bytes ends: at a line's end, at a JSON object's, at a read's."""

from __future__ import annotations

import re
from typing import Protocol

_FILLER = re.compile(rb"[ \t\r\n,\x1e]*")  # between objects; 1E as in RFC 7464
_OUTSIDE = re.compile(rb'["{}\[\]]')
_INSIDE = re.compile(rb'["\\\n]')  # a string has no line ends (RFC 8259 section 7)
_QUOTE, _OPENS, _CLOSES, _ESCAPE = b'"'[0], b"{[", b"}]", b"\\"[0]


class Cutter(Protocol):
    """Finds the events in a stream, or in datagrams, each of which is a stream of its own.

    Attributes:
        dropped: events that were too long, or no events.
    """

    dropped: int

    def feed(self, data: bytes) -> list[bytes]:
        """Return the events that end in the next bytes, which may be cut anywhere."""

    def end(self) -> list[bytes]:
        """Return the event that ends with the stream; what comes next begins anew."""


class Opaque:
    """Every read, every datagram is an event; those of no bytes are none."""

    dropped = 0

    def feed(self, data: bytes) -> list[bytes]:
        """See L{Cutter}."""
        return [data] if data else []

    def end(self) -> list[bytes]:
        """See L{Cutter}."""
        return []


class Lines:
    """Every line that is not empty is an event; it ends with LF or CR LF, the last also with the stream."""

    def __init__(self, most: int) -> None:
        """C{most}: bytes of a line, its end not counted; longer ones are dropped."""
        self.dropped = 0
        self._most = most
        self._open = bytearray()  # of the line that has not ended; one more than the most, for a CR

    def feed(self, data: bytes) -> list[bytes]:
        """See L{Cutter}."""
        first, *more = data.split(b"\n")
        self._add(first)
        if not more:
            return []
        lines = [self._whole(), *more[:-1]]
        self._add(more[-1])
        return [line for line in map(self._checked, lines) if line]

    def end(self) -> list[bytes]:
        """See L{Cutter}."""
        line = self._checked(self._whole())
        return [line] if line else []

    def _add(self, piece: bytes) -> None:
        """Add to the open line; of one that is too long only so much is kept that it stays so."""
        self._open += piece[: self._most + 2 - len(self._open)]

    def _whole(self) -> bytes:
        line = bytes(self._open)
        self._open.clear()
        return line

    def _checked(self, line: bytes) -> bytes:
        line = line.removesuffix(b"\r")
        if len(line) <= self._most:
            return line
        self.dropped += 1
        return b""


class Objects:
    """Every JSON object is an event; blanks, line ends, commas and record separators may stand between.

    Whether an object is valid is not looked at here. What begins no object is dropped up to the next
    line end, and so is an object with a line end inside a string.
    """

    def __init__(self, most: int) -> None:
        """C{most}: bytes of an object; longer ones are dropped."""
        self.dropped = 0
        self._most = most
        self._begin()
        self._garbage = False

    def _begin(self) -> None:
        """No object is open."""
        self._open = bytearray()
        self._depth = 0
        self._quoted = self._escaped = self._long = False

    def feed(self, data: bytes) -> list[bytes]:
        """See L{Cutter}."""
        found: list[bytes] = []
        at = 0
        while at < len(data):
            if self._garbage:
                at = self._skip(data, at)
            elif self._depth == 0:
                at = self._between(data, at)
            else:
                at = self._object(data, at, found)
        return found

    def end(self) -> list[bytes]:
        """See L{Cutter}; an object that is open is dropped."""
        if self._depth:
            self.dropped += 1
        self._begin()
        self._garbage = False
        return []

    def _skip(self, data: bytes, at: int) -> int:
        end = data.find(b"\n", at)
        self._garbage = end < 0
        return len(data) if end < 0 else end + 1

    def _between(self, data: bytes, at: int) -> int:
        match = _FILLER.match(data, at)
        assert match is not None, "it matches the empty string"
        at = match.end()
        if at < len(data) and data[at : at + 1] != b"{":
            self.dropped += 1
            self._garbage = True
        elif at < len(data):
            self._depth = 1
            self._keep(b"{")
            at += 1
        return at

    def _object(self, data: bytes, start: int, found: list[bytes]) -> int:
        """Go on to where the object ends, or with the data."""
        at = start
        while self._depth and at < len(data):
            if self._escaped:
                self._escaped = False
                at += 1
                continue
            match = (_INSIDE if self._quoted else _OUTSIDE).search(data, at)
            if match is None:
                at = len(data)
                break
            at = match.end()
            mark = data[at - 1]
            if mark == _QUOTE:
                self._quoted = not self._quoted
            elif mark == _ESCAPE:
                self._escaped = True
            elif mark in _OPENS:
                self._depth += 1
            elif mark in _CLOSES:
                self._depth -= 1
            else:
                self.dropped += 1
                self._begin()
                return at
        self._keep(data[start:at])
        if not self._depth:
            self._finish(found)
        return at

    def _keep(self, piece: bytes) -> None:
        if self._long or len(self._open) + len(piece) > self._most:
            self._long = True
            self._open.clear()
        else:
            self._open += piece

    def _finish(self, found: list[bytes]) -> None:
        if self._long:
            self.dropped += 1
        else:
            found.append(bytes(self._open))
        self._begin()
