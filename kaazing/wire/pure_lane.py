# -*- test-case-name: tests.wire.test_pure_lane -*-
"""The inbound frames of a connection in Python; the twin of C{kaazing/native/lane.c}.  RFC 6455 section 5."""

from __future__ import annotations

import codecs
from typing import final

from kaazing.wire.pure_frames import xor

_TEXT, _BINARY, _CONTROL, _CLOSE, _PONG = 1, 2, 8, 8, 10
_KEY_SIZE = 4

_Items = list[tuple[int, bytes]]


class _Fault(Exception):
    """A rule was broken: (close code, offset, what, rule), as L{Lane.fault} gives it."""


class Utf8:
    """UTF-8 in pieces.  RFC 3629 section 4."""

    __slots__ = ("cut",)

    def __init__(self) -> None:
        self.cut = b""  # the character not yet whole, at most 3 bytes

    def check(self, text: bytes) -> int:
        """Return the index of the first byte that cannot continue the text, or the text's size."""
        joined = self.cut + text
        try:
            taken = codecs.utf_8_decode(joined, "strict", False)[1]
        except UnicodeDecodeError as why:
            leads = 0xC2 <= joined[why.start] <= 0xF4
            return (why.end if leads else why.start) - len(self.cut)
        cut = joined[taken:]
        if cut[:1] == b"\xed" and cut[1:] >= b"\xa0":  # a surrogate, which Python sees a byte later
            return taken + 1 - len(self.cut)
        self.cut = cut
        return len(text)


class Found:
    """The items of one feed; adjacent payload of one kind joins unless C{whole}."""

    __slots__ = ("_parts", "_whole")

    def __init__(self, whole: bool) -> None:
        self._parts: list[tuple[int, list[bytes]]] = []
        self._whole = whole

    def add(self, opcode: int, data: list[bytes]) -> None:
        if not self._whole and opcode < _CONTROL and self._parts and self._parts[-1][0] == opcode:
            self._parts[-1][1].extend(data)
        else:
            self._parts.append((opcode, data))

    def items(self) -> _Items:
        return [(opcode, b"".join(parts)) for opcode, parts in self._parts]


@final
class Lane:
    """See C{kaazing/_speedups.pyi}."""

    __slots__ = (
        "_done", "_final", "_held", "_in_frame", "_in_message", "_key", "_kind", "_limit", "_masked", "_need",
        "_open", "_total", "_utf8", "_whole", "fault", "messages", "octets", "received",
    )  # fmt: skip

    def __init__(self, masked: bool, max_message: int, whole: bool) -> None:
        if max_message < 0:
            raise ValueError("max_message is negative")
        self._masked, self._limit, self._whole = bool(masked), max_message, bool(whole)
        self.fault: tuple[int, int, str, str] | None = None
        self.messages = self.octets = self.received = 0
        self._done = False  # a close frame or a fault came
        self._held = b""  # a head or a control frame that is not whole yet
        self._open: list[bytes] = []  # whole: payload of the open message
        self._utf8 = Utf8()
        self._in_message = self._in_frame = self._final = False
        self._kind = 0  # of the open message, or the last
        self._total = 0  # payload bytes that the open message's frames announced
        self._need = 0  # payload bytes of the open frame still to come
        self._key = bytes(_KEY_SIZE)  # turned so that its first byte is for the next payload byte

    @property
    def at_boundary(self) -> bool:
        """See C{kaazing/_speedups.pyi}."""
        return not (self.fault or self._in_message or self._in_frame or self._held)

    def feed(self, data: bytes, /) -> _Items:
        """See C{kaazing/_speedups.pyi}."""
        start = self.received - len(self._held)
        self.received += len(data)
        found = Found(self._whole)
        data = self._held + data
        self._held = b""
        if not self._done:
            try:
                self._take(data, start, found)
            except _Fault as why:
                self.fault = why.args
                self._done = True
        if self._done:
            self._open = []
        return found.items()

    def _take(self, data: bytes, start: int, found: Found) -> None:
        """Go through C{data}, whose first byte has the offset C{start} in the stream."""
        at = 0
        while not self._done:
            if self._in_frame:
                at += self._payload(data[at : at + self._need], start + at, found)
                if self._need:
                    return
                self._end_frame(start + at, found)
            if at == len(data):
                return
            size = self._begin(data[at : at + 14], start + at)
            if data[at] & _CONTROL:
                frame = data[at : at + size] if size else b""
                if not frame or len(frame) < size:
                    self._held = data[at:]
                    return
                found.add(frame[0] & 15, [frame])
                self._done = frame[0] & 15 == _CLOSE
            elif not size:
                self._held = data[at:]
                return
            at += size

    def _begin(self, head: bytes, offset: int) -> int:
        """Look at the start of a frame.

        Returns:
            The size in bytes of a control frame, or of the head of a data frame which is then open;
            0 while C{head} is too short to tell.
        """
        control, opcode = bool(head[0] & _CONTROL), head[0] & 15
        self._check_first(head[0], control, offset)
        if len(head) < 2:
            return 0
        if head[1] >> 7 != self._masked:
            what = "unmasked frame from a client" if self._masked else "masked frame from a server"
            raise _Fault(1002, offset + 1, what, "RFC 6455 section 5.1")
        if control:
            return self._control_size(head[1] & 127, offset)
        extended = {126: 2, 127: 8}.get(head[1] & 127, 0)
        size = 2 + extended + _KEY_SIZE * self._masked
        if len(head) < 2 + extended:
            return 0
        need = _length(head, extended, offset)
        if self._limit and need + (0 if opcode else self._total) > self._limit:
            what = f"message of more than {self._limit} bytes"
            raise _Fault(1009, offset + 1, what, "RFC 6455 section 10.4")
        if len(head) < size:
            return 0
        self._open_frame(head[0], need, head[size - _KEY_SIZE : size])
        return size

    def _check_first(self, first: int, control: bool, offset: int) -> None:
        opcode = first & 15
        if first & 0x70:
            raise _Fault(1002, offset, "reserved bit set", "RFC 6455 section 5.2")
        if opcode > (_PONG if control else _BINARY):
            raise _Fault(1002, offset, "unknown opcode", "RFC 6455 section 5.2")
        if control:
            if not first & 0x80:
                raise _Fault(1002, offset, "fragmented control frame", "RFC 6455 section 5.5")
        elif opcode and self._in_message:
            raise _Fault(1002, offset, "new message inside a fragmented one", "RFC 6455 section 5.4")
        elif not opcode and not self._in_message:
            raise _Fault(1002, offset, "continuation frame outside a message", "RFC 6455 section 5.4")

    def _control_size(self, length: int, offset: int) -> int:
        if length > 125:
            raise _Fault(1002, offset + 1, "control frame of more than 125 bytes", "RFC 6455 section 5.5")
        return 2 + _KEY_SIZE * self._masked + length

    def _open_frame(self, first: int, need: int, key: bytes) -> None:
        opcode = first & 15
        if opcode:
            self._kind, self._total, self._in_message = opcode, 0, True
        self._total += need
        self._need, self._final, self._in_frame, self._key = need, bool(first & 0x80), True, key

    def _payload(self, data: bytes, offset: int, found: Found) -> int:
        """Take payload of the open frame; returns how many bytes that was."""
        size = good = len(data)
        if not size:
            return 0
        if self._masked:
            data = xor(data, self._key)
            turn = size % _KEY_SIZE
            self._key = self._key[turn:] + self._key[:turn]
        if self._kind == _TEXT:
            good = self._utf8.check(data)
        self._need -= size
        self.octets += good
        if self._whole:
            self._open.append(data)
        elif good:
            found.add(self._kind, [data[:good]])
        if good < size:
            raise _Fault(1007, offset + good, "text that is not UTF-8", "RFC 6455 section 8.1")
        return size

    def _end_frame(self, offset: int, found: Found) -> None:
        self._in_frame = False
        if not self._final:
            return
        self._in_message = False
        if self._utf8.cut:
            raise _Fault(1007, offset, "text message ends inside a character", "RFC 6455 section 8.1")
        self.messages += 1
        if self._whole:
            found.add(self._kind, self._open)
            self._open = []


def _length(head: bytes, extended: int, offset: int) -> int:
    """Read the payload length, of which C{extended} bytes follow the first two of the head."""
    if not extended:
        return head[1] & 127
    length = int.from_bytes(head[2 : 2 + extended], "big")
    if length >> 63:
        raise _Fault(1002, offset + 2, "top bit of a 64-bit length set", "RFC 6455 section 5.2")
    if length < (126 if extended == 2 else 1 << 16):
        raise _Fault(1002, offset + 2, "length in more bytes than it needs", "RFC 6455 section 5.2")
    return length
