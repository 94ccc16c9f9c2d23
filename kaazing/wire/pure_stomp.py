# -*- test-case-name: tests.wire.test_pure_stomp,tests.wire.test_pure_stomp_owners -*-
"""The STOMP scanner in Python, where C is not to be had; twin of kaazing/native/stomp*.c.

The rules stand in the same order in both, so that they find the same fault first.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from kaazing.wire.stomp_faults import Code, Fault

_EXCERPT = 40  # bytes of a faulty line that go into the fault
_LENGTH_MAX = 1 << 48

_OPENING = 0
_WITH_CR = (_OPENING, 12)  # versions whose lines may end in CR LF
_WELL_ESCAPED = {
    11: re.compile(rb"(?:[^\\]|\\[nc\\])*", re.DOTALL),
    12: re.compile(rb"(?:[^\\]|\\[ncr\\])*", re.DOTALL),
}
_NAMES = (b"destination", b"id", b"message-id", b"subscription", b"transaction", b"receipt-id")


@dataclass(frozen=True, slots=True)
class _Kind:
    """A command: who sends it, the headers it needs in 1.0, 1.1, 1.2, and whether its owner is shown it."""

    client: bool
    needs: tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[bytes, ...]] = ((), (), ())
    body: bool = False
    watched: bool = False


def _always(*names: bytes) -> tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[bytes, ...]]:
    return names, names, names


_ACK = ((b"message-id",), (b"message-id", b"subscription"), (b"id",))
_SUBSCRIBE = ((b"destination",), (b"destination", b"id"), (b"destination", b"id"))
_MESSAGE = (
    (b"destination", b"message-id"),
    (b"destination", b"message-id", b"subscription"),
    (b"destination", b"message-id", b"subscription"),
)
_KINDS = {
    b"CONNECT": _Kind(True, watched=True),
    b"STOMP": _Kind(True, watched=True),
    b"SEND": _Kind(True, _always(b"destination"), body=True),
    b"SUBSCRIBE": _Kind(True, _SUBSCRIBE, watched=True),
    b"UNSUBSCRIBE": _Kind(True, ((), (b"id",), (b"id",)), watched=True),
    b"ACK": _Kind(True, _ACK),
    b"NACK": _Kind(True, _ACK),
    b"BEGIN": _Kind(True, _always(b"transaction"), watched=True),
    b"COMMIT": _Kind(True, _always(b"transaction"), watched=True),
    b"ABORT": _Kind(True, _always(b"transaction"), watched=True),
    b"DISCONNECT": _Kind(True),
    b"CONNECTED": _Kind(False, watched=True),
    b"MESSAGE": _Kind(False, _MESSAGE, body=True),
    b"RECEIPT": _Kind(False, _always(b"receipt-id")),
    b"ERROR": _Kind(False, body=True),
}
_ONCE = (b"CONNECT", b"STOMP", b"CONNECTED")
_FIRST = (*_ONCE, b"ERROR")


class StompScanner:
    """See StompScanner in C{kaazing/_speedups.pyi}."""

    def __init__(
        self,
        *,
        client: bool,
        split: bool,
        max_frame: int,
        max_headers: int,
        max_line: int,
        apart: bool,
        sends: bool,
    ) -> None:
        if not all(0 < limit <= _LENGTH_MAX for limit in (max_frame, max_headers, max_line)):
            raise ValueError("limits are from 1 to 2**48")
        self.fault: Fault | None = None
        self.frames = 0
        self.offset = 0
        self.beat = False
        self._client, self._split, self._apart, self._sends = client, split, apart, sends
        self._counts: dict[str, int] = {}
        self._max_frame, self._max_headers, self._max_line = max_frame, max_headers, max_line
        self._version = _OPENING
        self._stopped = False
        self._over = False  # DISCONNECT has been sent
        self._open = bytearray()  # the frame not yet ended, or what came after the stop
        self._items: list[bytes | tuple[int, bytes]] = []
        self._step: Callable[[StompScanner], bool] = StompScanner._between
        self._start = self._run = 0  # of the open frame; of the frames that pass together
        self._place = self._line = self._body = 0
        self._command = b""
        self._headers = 0
        self._seen: set[bytes] = set()
        self._length = -1

    @property
    def pending(self) -> int:
        return len(self._open)

    @property
    def version(self) -> int:
        return self._version

    @version.setter
    def version(self, version: int) -> None:
        if version not in (10, 11, 12):
            raise ValueError("version is 10, 11 or 12")
        self._version, self._stopped = version, False

    def take_counts(self) -> dict[str, int]:
        counts, self._counts = self._counts, {}
        return counts

    def feed(self, data: bytes) -> list[bytes | tuple[int, bytes]]:
        if type(data) is not bytes:
            raise TypeError(f"expected bytes, not {type(data).__name__}")
        self.beat = False
        if self.fault is not None:
            return []
        self._open += data
        if self._stopped:
            return []
        self._items, self._start, self._run = [], 0, 0
        while self._step(self):
            pass
        done = self._place if self._stopped and self.fault is None else self._start
        if not self._split:
            self._flush(done)
        self._shift(done)
        return self._items

    def _shift(self, done: int) -> None:
        self.offset += done
        self._place -= done
        self._line -= done
        self._body -= done
        del self._open[:done]
        if self.fault is not None:
            self._open.clear()

    def _flush(self, end: int) -> None:
        if self._run < end:
            self._items.append(bytes(self._open[self._run : end]))
            self._run = end

    def _fail(self, code: Code, place: int, detail: bytes, head: int) -> bool:
        good = bytes(self._open[self._start : head])
        self.fault = (int(code), self.offset + place, detail, good)
        return False

    def _fail_line(self, code: Code, place: int, detail: bytes = b"") -> bool:
        return self._fail(code, place, detail, self._line)

    def _between(self) -> bool:
        while self._place < len(self._open):
            byte = self._open[self._place]
            self._start = self._line = self._place
            if byte == 13 and self._version in _WITH_CR:
                if self._place + 1 == len(self._open):
                    return False
                if self._open[self._place + 1] != 10:
                    return self._fail_line(Code.STRAY_CR, self._place)
            elif byte == 10:
                self.beat |= not self._items
            else:
                return self._begin()
            self._place += 1
        self._start = self._place
        return False

    def _begin(self) -> bool:
        if self._over:
            return self._fail_line(Code.AFTER_DISCONNECT, self._place)
        if self._apart and not self._split:
            self._flush(self._start)
        self._command = b""
        self._headers = 0
        self._seen.clear()
        self._length = -1
        self._step = StompScanner._head
        return True

    def _head(self) -> bool:
        whole = min(self._line + self._max_line + 1, self._start + self._max_frame)
        to = min(len(self._open), whole)
        feed = self._open.find(b"\n", self._place, to)
        nul = self._open.find(b"\0", self._place, to if feed < 0 else feed)
        if nul >= 0:
            return self._fail_line(Code.NUL_IN_HEAD, nul)
        if feed >= 0:
            return self._whole_line(feed)
        self._place = to
        if to < whole:
            return False
        if whole == self._start + self._max_frame:
            return self._too_big(self._line)
        place = self._line + self._max_line
        return self._fail_line(Code.LINE_TOO_LONG, place, b"%d" % self._max_line)

    def _too_big(self, head: int) -> bool:
        return self._fail(Code.FRAME_TOO_BIG, self._start, b"%d" % self._max_frame, head)

    def _whole_line(self, feed: int) -> bool:
        line = bytes(self._open[self._line : feed])
        if self._version in _WITH_CR:
            line = line.removesuffix(b"\r")
            if b"\r" in line:
                return self._fail_line(Code.STRAY_CR, self._line + line.index(b"\r"))
        if not self._command:
            on = self._command_line(line)
        elif line:
            on = self._header_line(line)
        else:
            self._body = feed + 1
            self._step = StompScanner._head_end
            on = True
        self._place = self._line = feed + 1
        return on

    def _command_line(self, name: bytes) -> bool:
        kind = _KINDS.get(name)
        if kind is None:
            return self._fail_line(Code.UNKNOWN_COMMAND, self._line, name[:_EXCERPT])
        if kind.client is not self._client:
            return self._fail_line(Code.WRONG_SIDE, self._line, name)
        if self._version == _OPENING and name not in _FIRST:
            return self._fail_line(Code.NOT_FIRST, self._line, name)
        if self._version != _OPENING and name in _ONCE:
            return self._fail_line(Code.TWICE, self._line, name)
        if self._version == 10 and name == b"NACK":
            return self._fail_line(Code.NOT_IN_VERSION, self._line, name)
        self._command = name
        return True

    def _header_line(self, line: bytes) -> bool:
        self._headers += 1
        if self._headers > self._max_headers:
            return self._fail_line(Code.TOO_MANY_HEADERS, self._line, b"%d" % self._max_headers)
        name, colon, value = line.partition(b":")
        if not colon:
            return self._fail_line(Code.NO_COLON, self._line)
        if not name:
            return self._fail_line(Code.EMPTY_NAME, self._line)
        if self._version > 10 and not self._well_encoded(line):
            return False
        self._seen.add(name)
        return name != b"content-length" or self._content_length(value)

    def _well_encoded(self, line: bytes) -> bool:
        good = _WELL_ESCAPED[self._version].match(line)
        at = good.end() if good else 0
        if at < len(line):
            return self._fail_line(Code.BAD_ESCAPE, self._line + at, line[at : at + 2])
        if self._client:
            try:
                line.decode()
            except UnicodeDecodeError:
                return self._fail_line(Code.BAD_UTF8, self._line)
        return True

    def _content_length(self, value: bytes) -> bool:
        if self._version <= 10:  # STOMP 1.0 pads values
            value = value.strip(b" ")
        if not value or value.strip(b"0123456789"):
            return self._fail_line(Code.LENGTH_SYNTAX, self._line)
        digits = value.lstrip(b"0")
        number = min(int(digits or b"0"), _LENGTH_MAX) if len(digits) < 18 else _LENGTH_MAX
        if self._length not in (-1, number):
            return self._fail_line(Code.LENGTH_DIFFERS, self._line)
        self._length = number
        return True

    def _head_end(self) -> bool:
        kind = _KINDS[self._command]
        if self._version != _OPENING:
            needs = kind.needs[self._version - 10]
            missing = [name for name in _NAMES if name in needs and name not in self._seen]
            if missing:
                detail = self._command + b" " + missing[0]
                return self._fail(Code.MISSING_HEADER, self._start, detail, self._body)
        if self._length < 0:
            self._step = StompScanner._uncounted
            return True
        if self._length > 0 and not self._may_have_body():
            return self._forbid_body()
        if self._body - self._start + self._length + 1 > self._max_frame:
            return self._too_big(self._body)
        self._step = StompScanner._counted
        return True

    def _may_have_body(self) -> bool:
        return self._version == 10 or _KINDS[self._command].body

    def _forbid_body(self) -> bool:
        return self._fail(Code.BODY_FORBIDDEN, self._body, self._command, self._body)

    def _counted(self) -> bool:
        nul = self._body + self._length
        if nul >= len(self._open):
            self._place = len(self._open)
            return False
        if self._open[nul]:
            return self._fail(Code.NO_NUL, nul, b"", self._body)
        return self._frame_end(nul + 1)

    def _uncounted(self) -> bool:
        whole = self._start + self._max_frame
        to = min(len(self._open), whole)
        if self._place < to:
            if self._open[self._place] and not self._may_have_body():
                return self._forbid_body()
            nul = self._open.find(b"\0", self._place, to)
            if nul >= 0:
                return self._frame_end(nul + 1)
            self._place = to
        return False if to < whole else self._too_big(self._body)

    def _frame_end(self, end: int) -> bool:
        watched = _KINDS[self._command].watched
        if self._split:
            self._run = self._start
            self._flush(end)
        elif watched or b"transaction" in self._seen or (self._sends and self._command == b"SEND"):
            self._flush(self._start)
            self._items.append((self.offset + self._start, bytes(self._open[self._start : end])))
            self._run = end
        self.frames += 1
        name = self._command.decode()
        self._counts[name] = self._counts.get(name, 0) + 1
        self._step = StompScanner._between
        self._place = end
        self._over = self._command == b"DISCONNECT"
        self._stopped = self._version == _OPENING and watched
        return not self._stopped
