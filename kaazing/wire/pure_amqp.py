# -*- test-case-name: tests.wire.test_pure_amqp -*-
"""The AMQP 0-9-1 scanner in Python, where C is not to be had; twin of kaazing/native/amqp*.c.

The rules stand in the same order in both, so that they find the same fault first.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum, auto

from kaazing.wire.amqp_faults import Code, Fault
from kaazing.wire.pure_amqp_fields import Malformed, Reading

_METHOD, _HEADER, _BODY, _HEARTBEAT = 1, 2, 3, 8
_FROM_CLIENT, _FROM_SERVER, _HAS_CONTENT, _WATCHED = 1, 2, 4, 8
_HEAD, _OVERHEAD, _END, _ROW = 7, 8, 0xCE, 16  # bytes, bytes, an octet, bytes
_BASIC = b"\0\x3c\0\0"  # class and weight of a content header
_CONNECTION = 10
_CONNECTION_CLOSE, _CONNECTION_CLOSE_OK = 10 << 16 | 50, 10 << 16 | 51
_OPEN, _OPEN_OK, _CLOSE, _CLOSE_OK = (20 << 16 | method for method in (10, 11, 40, 41))
_ENDS = (_CONNECTION_CLOSE_OK, _CLOSE_OK)
_HEADER_NEXT = -1


class _State(Enum):
    FREE = auto()
    OPENING = auto()
    OPEN = auto()
    CLOSING = auto()
    REFUSED = auto()


@dataclass(slots=True)
class _Channel:
    state: _State = _State.FREE
    owes: bool = False
    left: int = 0  # bytes of a body to come, or _HEADER_NEXT

    def ignores(self, method: int) -> bool:
        if self.state is _State.CLOSING:
            return not (method in _ENDS and self.owes)
        if self.state is _State.REFUSED:
            return method != _CLOSE and not (method in _ENDS and self.owes)
        return False

    def take(self, method: int) -> Code | None:
        """Do what a method does to its channel; the fault, where it may not come now."""
        if method == _OPEN:
            if self.state is not _State.FREE:
                return Code.OPEN_ALREADY
            self.state, self.owes, self.left = _State.OPEN, False, 0
        elif method == _OPEN_OK:
            if self.state is not _State.OPENING:
                return Code.UNASKED
            self.state = _State.OPEN
        elif method in _ENDS:
            if not self.owes:
                return Code.UNASKED
            last = self.state is _State.CLOSING or method == _CONNECTION_CLOSE_OK
            self.state, self.owes, self.left = _State.CLOSING if last else _State.FREE, False, 0
        elif self.state is _State.FREE:
            return Code.NOT_OPEN
        elif self.left and self.state is _State.OPEN:
            return Code.CONTENT_MISSING
        elif method in (_CLOSE, _CONNECTION_CLOSE):
            self.state = _State.FREE if self.state is _State.REFUSED else _State.CLOSING
        elif self.state is _State.OPENING:
            return Code.BEFORE_OPEN_OK
        return None


class _Faulty(Exception):
    def __init__(self, code: Code, place: int, number: int = 0) -> None:
        super().__init__(code, place, number)
        self.code, self.place, self.number = code, place, number


class AmqpScanner:
    """See AmqpScanner in C{kaazing/_speedups.pyi}."""

    def __init__(
        self, *, methods: bytes, client: bool, split: bool, max_frame: int, max_depth: int, max_entries: int
    ) -> None:
        rows = len(methods) // _ROW
        if rows * _ROW != len(methods) or rows >= 128 or max_frame <= _OVERHEAD:
            raise ValueError("rows are of 16 bytes, a frame has more than 8, depth is 1 to 100")
        if not 1 <= max_depth <= 100 or max_entries < 0:
            raise ValueError("rows are of 16 bytes, a frame has more than 8, depth is 1 to 100")
        self.fault: Fault | None = None
        self.looks = 0
        self.offset = 0
        self._client, self._split, self._opening = client, split, True
        self._max_frame, self._max_depth, self._max_entries = max_frame, max_depth, max_entries
        self._max_channel = 0
        self._rules: dict[int, tuple[int, int, str]] = {}  # key -> number, flags, arguments
        for number in range(rows):
            row = methods[number * _ROW : (number + 1) * _ROW]
            arguments = row[5:].rstrip(b"\0").decode()
            self._rules[int.from_bytes(row[:4], "big")] = number, row[4], arguments
        self._rows = rows
        self._stops = b""
        self._stop_headers = False  # a method with content is to be decided on, together with its header
        self._counts: Counter[int] = Counter()
        self._global = _Channel(_State.OPEN)
        self._channels = {0: self._global}
        self._open = bytearray()  # what is not passed on yet
        self._from = 0  # where in it that begins
        self._items: list[bytes | tuple[int, bytes]] = []
        self._start = self._run = 0  # of the frame; of the frames that pass together
        self._method = 0

    @property
    def pending(self) -> int:
        return len(self._open) - self._from

    def begin(self, max_frame: int, max_channel: int, stops: bytes, /) -> None:
        if max_frame <= _OVERHEAD or not 0 <= max_channel < 65536 or any(row >= self._rows for row in stops):
            raise ValueError("a frame has more than 8 bytes, a channel 16 bits, a stop is a row")
        self._max_frame, self._max_channel, self._stops = max_frame, max_channel, bytes(stops)
        self._stop_headers = any(
            row in stops and flags & _HAS_CONTENT for row, flags, _ in self._rules.values()
        )
        self._opening = False

    def await_open(self, channel: int, /) -> None:
        self._named(channel)
        self._channels[channel] = _Channel(_State.OPENING)

    def owe(self, channel: int, /) -> None:
        self._named(channel).owes = True

    def free(self, channel: int, /) -> None:
        named = self._named(channel)
        if named.state is _State.CLOSING:
            named.state, named.left = _State.FREE, 0

    def refuse(self, channel: int, /) -> None:
        named = self._named(channel)
        named.state, named.left = _State.REFUSED, 0

    def take_counts(self) -> dict[int, int]:
        counts, self._counts = self._counts, Counter()
        return dict(counts)

    def _named(self, channel: int) -> _Channel:
        if not 0 <= channel <= self._max_channel:
            raise ValueError("no such channel")
        return self._channels.setdefault(channel, _Channel())

    def feed(self, data: bytes, /) -> list[bytes | tuple[int, bytes]]:
        if type(data) is not bytes:
            raise TypeError(f"expected bytes, not {type(data).__name__}")
        self.looks = 0
        if self.fault is not None:
            return []
        if data:
            del self._open[: self._from]
            self._from = 0
            self._open += data
        self._items, self._start, self._run = [], self._from, self._from
        try:
            while self._frame():
                pass
        except _Faulty as why:
            self.fault = (int(why.code), self.offset - self._from + why.place, why.number, self._method)
        if not self._split:
            self._flush(self._start)
        self.offset += self._start - self._from
        self._from = self._start
        if self.fault is not None or self._from == len(self._open):
            self._open, self._from = bytearray(), 0
        return self._items

    def _flush(self, end: int) -> None:
        if self._run < end:
            self._items.append(bytes(self._open[self._run : end]))
            self._run = end

    def _pass(self, end: int, watched: bool = False) -> None:
        if watched or self._opening:
            self._flush(self._start)
            offset = self.offset - self._from + self._start
            self._items.append((offset, bytes(self._open[self._start : end])))
            self._run = end
            self.looks += 1
        elif self._split:
            self._flush(end)
        self._start = end

    def _frame(self) -> bool:
        """Take one frame; whether to go on."""
        at, size = self._start, len(self._open)
        self._method = 0
        if size - at < _HEAD:
            return False
        kind, number, length = self._head()
        end = at + _OVERHEAD + length
        if end > size:
            return False
        if kind == _METHOD:
            self._method = int.from_bytes(self._open[at + _HEAD : at + _HEAD + 4], "big")
        if self._open[end - 1] != _END:
            raise _Faulty(Code.BAD_END, end - 1)
        if kind == _HEARTBEAT:
            self._counts[self._rows] += 1
            self._pass(end)
            return not self._opening
        channel = self._channels.setdefault(number, _Channel())
        if (number and self._global.state is _State.CLOSING) or channel.ignores(self._method):
            self._flush(at)
            self._start = self._run = end
            return True
        if kind == _METHOD:
            return self._method_frame(channel, number, end)
        if channel.state is not _State.OPEN:
            raise _Faulty(Code.NOT_OPEN, at + 1, number)
        if kind == _HEADER:
            self._header_frame(channel, end)
            return not self._stop_headers
        self._body_frame(channel, end)
        return True

    def _head(self) -> tuple[int, int, int]:
        at = self._start
        kind = self._open[at]
        number = int.from_bytes(self._open[at + 1 : at + 3], "big")
        length = int.from_bytes(self._open[at + 3 : at + 7], "big")
        if kind not in (_METHOD, _HEADER, _BODY, _HEARTBEAT):
            raise _Faulty(Code.BAD_TYPE, at, kind)
        if length > self._max_frame - _OVERHEAD:
            raise _Faulty(Code.TOO_BIG, at + 3, self._max_frame)
        if kind == _HEARTBEAT and (number or length):
            raise _Faulty(Code.BAD_HEARTBEAT, at + 1)
        if self._opening and (number or kind in (_HEADER, _BODY)):
            raise _Faulty(Code.NOT_YET, at)
        if number > self._max_channel:
            raise _Faulty(Code.CHANNEL_TOO_HIGH, at + 1, self._max_channel)
        if kind == _METHOD and length < 4:
            raise _Faulty(Code.NO_METHOD, at + 3)
        return kind, number, length

    def _method_frame(self, channel: _Channel, number: int, end: int) -> bool:
        place = self._start + _HEAD
        if self._method not in self._rules:
            raise _Faulty(Code.UNKNOWN_METHOD, place)
        row, flags, arguments = self._rules[self._method]
        if not flags & (_FROM_CLIENT if self._client else _FROM_SERVER):
            raise _Faulty(Code.WRONG_SIDE, place)
        if (self._method >> 16 == _CONNECTION) != (number == 0):
            raise _Faulty(Code.WRONG_CHANNEL, self._start + 1, number)
        code = channel.take(self._method)
        if code is not None:
            raise _Faulty(code, place, number)
        self._read(place + 4, end, arguments)
        if flags & _HAS_CONTENT:
            channel.left = _HEADER_NEXT
        self._counts[row] += 1
        stop = row in self._stops or self._opening
        self._pass(end, bool(flags & _WATCHED) or stop)
        return not stop

    def _header_frame(self, channel: _Channel, end: int) -> None:
        place = self._start + _HEAD
        if channel.left != _HEADER_NEXT:
            raise _Faulty(Code.UNEXPECTED_HEADER, self._start)
        if end - 1 - place < 12:
            raise _Faulty(Code.CUT_SHORT, place)
        if self._open[place : place + 4] != _BASIC:
            raise _Faulty(Code.HEADER_CLASS, place)
        size = int.from_bytes(self._open[place + 4 : place + 12], "big")
        if size >> 63:
            raise _Faulty(Code.BODY_TOO_LONG, place + 4)
        self._read(place + 12, end, None)
        channel.left = size
        self._pass(end, self._stop_headers)

    def _body_frame(self, channel: _Channel, end: int) -> None:
        size = end - self._start - _OVERHEAD
        if channel.left <= 0:
            raise _Faulty(Code.UNEXPECTED_BODY, self._start)
        if size > channel.left:
            raise _Faulty(Code.BODY_TOO_LONG, self._start + _HEAD + channel.left)
        channel.left -= size
        self._pass(end)

    def _read(self, place: int, end: int, arguments: str | None) -> None:
        """Check the arguments of a method or, with None, the properties of a content header."""
        reading = Reading(
            self._open,
            place,
            end - 1,
            client=self._client,
            max_depth=self._max_depth,
            max_entries=self._max_entries,
        )
        try:
            if arguments is None:
                reading.properties()
            else:
                reading.arguments(arguments)
        except Malformed as why:
            raise _Faulty(why.code, why.place) from None
