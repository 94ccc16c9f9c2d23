# -*- test-case-name: tests.wire.test_amqp_one_types -*-
"""Values of AMQP 1.0: found, checked, read and written.  AMQP 1.0 sections 1.1 to 1.6."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

DESCRIBED = 0x00
NULL = b"\x40"
EMPTY_LIST = b"\x45"

BOOLEAN = frozenset((0x41, 0x42, 0x56))
UBYTE = frozenset((0x50,))
USHORT = frozenset((0x60,))
UINT = frozenset((0x43, 0x52, 0x70))
ULONG = frozenset((0x44, 0x53, 0x80))
BINARY = frozenset((0xA0, 0xB0))
STRING = frozenset((0xA1, 0xB1))
SYMBOL = frozenset((0xA3, 0xB3))
LIST = frozenset((0x45, 0xC0, 0xD0))
DESCRIPTORS = ULONG | SYMBOL
MAP = frozenset((0xC1, 0xD1))
ARRAY = frozenset((0xE0, 0xF0))

_FIXED = {
    **dict.fromkeys((0x40, 0x41, 0x42, 0x43, 0x44, 0x45), 0),
    **dict.fromkeys((0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56), 1),
    **dict.fromkeys((0x60, 0x61), 2),
    **dict.fromkeys((0x70, 0x71, 0x72, 0x73, 0x74), 4),
    **dict.fromkeys((0x80, 0x81, 0x82, 0x83, 0x84), 8),
    **dict.fromkeys((0x94, 0x98), 16),
}
"""Format code -> bytes behind it (section 1.6)."""
_PLAIN = {code: width for code, width in _FIXED.items() if code not in (0x56, 0x73)}
"""The same of those whose bytes may be any."""
_VARIABLE = BINARY | STRING | SYMBOL
_SIZED = {code: 4 if code & 0x10 else 1 for code in (*_VARIABLE, 0xC0, 0xD0, *MAP, *ARRAY)}
"""Format code -> bytes of the size, and of the count, behind it."""
_CONSTANTS = {0x40: None, 0x41: True, 0x42: False, 0x43: 0, 0x44: 0}
_UNSIGNED = frozenset((0x50, 0x52, 0x53, 0x60, 0x70, 0x80))
_BOOLEAN_BYTE, _CHAR = 0x56, 0x73
_LONG = struct.Struct(">I")

DECODE_ERROR = "amqp:decode-error"
"""Error condition: data could not be decoded (section 2.8.15)."""
RESOURCE_LIMIT = "amqp:resource-limit-exceeded"
"""Error condition: a peer exceeded its resource allocation (section 2.8.15)."""


class Malformed(Exception):
    """Bytes are not what AMQP 1.0 asks for.

    Attributes:
        what: the fault, one sentence; never quotes a value.
        at: its place, bytes from the beginning of what was being looked at.
        rule: the section that forbids it.
        condition: the error condition that tells the peer (sections 2.8.15 to 2.8.18).
    """

    def __init__(self, what: str, at: int, rule: str, condition: str = DECODE_ERROR) -> None:
        super().__init__(what)
        self.what, self.at, self.rule, self.condition = what, at, f"AMQP 1.0 {rule}", condition


class Checker:
    """Finds where values end, and checks them on the way.

    Attributes:
        left: values in lists, maps and arrays that may still come; to be set for each frame.
    """

    __slots__ = ("_max_depth", "left", "most")

    def __init__(self, max_depth: int = 16, max_entries: int = 4096) -> None:
        """Set the limits: levels of values inside each other, and values in others, those of all
        levels together."""
        self._max_depth, self.most = max_depth, max_entries
        self.left = max_entries

    def skip(self, data: bytes, at: int, end: int, depth: int = 0) -> int:
        """Check the value that begins at C{at}; return where it ends, at most C{end}.

        Raises:
            Malformed: it is no value, is longer than C{end} allows, or is over a limit.
        """
        code, at = self._constructor(data, at, end, depth)
        return self._content(code, data, at, end, depth)

    def spans(self, data: bytes, at: int, end: int) -> tuple[list[int], int]:
        """Check the list at C{at}; return where each of its items begins, and where it ends.

        Raises:
            Malformed: as L{skip}.
        """
        code = data[at]
        if code == EMPTY_LIST[0]:
            return [], at + 1
        start, stop = _extent(code, data, at + 1, end)
        start, count = _count(code, data, start, stop)
        self._spend(count, at)
        starts = []
        for _ in range(count):
            starts.append(start)
            width = _PLAIN.get(data[start]) if start < stop else None
            start = self.skip(data, start, stop, 1) if width is None else start + 1 + width
        if start != stop:
            raise Malformed("a list is not as long as it says", at, "section 1.6.22")
        return starts, stop

    def _constructor(self, data: bytes, at: int, end: int, depth: int) -> tuple[int, int]:
        """Return the format code that begins at C{at}, behind its descriptors, and where its data begins."""
        start = at
        while at < end and data[at] == DESCRIBED:
            depth += 1
            self._check_depth(depth, at)
            if at + 1 < end and data[at + 1] not in DESCRIPTORS:
                raise Malformed("a descriptor that is neither ulong nor symbol", at, "section 1.4")
            at = self.skip(data, at + 1, end, depth)
        if at >= end:
            raise _cut_off(start)
        return data[at], at + 1

    def _content(self, code: int, data: bytes, at: int, end: int, depth: int) -> int:
        """Check the data of a value, whose format code stands elsewhere; return where it ends."""
        width = _FIXED.get(code)
        if width is not None:
            if at + width > end:
                raise _cut_off(at)
            _check_fixed(code, data, at, at + width)
            return at + width
        start, stop = _extent(code, data, at, end)
        if code in _VARIABLE:
            _check_text(code, data, start, stop)
            return stop
        depth += 1
        self._check_depth(depth, at)
        start, count = _count(code, data, start, stop)
        self._spend(count, at)
        if code in ARRAY:
            start = self._elements(count, data, start, stop, depth)
        elif code in MAP:
            start = self._pairs(count, data, start, stop, depth)
        else:
            for _ in range(count):
                start = self.skip(data, start, stop, depth)
        if start != stop:
            raise Malformed("a list, map or array is not as long as it says", at, "section 1.2.3")
        return stop

    def _pairs(self, count: int, data: bytes, at: int, end: int, depth: int) -> int:
        if count % 2:
            raise Malformed("a map with a key that has no value", at, "section 1.6.23")
        keys = set()
        for _ in range(count // 2):
            value = self.skip(data, at, end, depth)
            key = data[at:value]
            if key in keys:
                raise Malformed("a map with the same key twice", at, "section 1.6.23")
            keys.add(key)
            at = self.skip(data, value, end, depth)
        return at

    def _elements(self, count: int, data: bytes, at: int, end: int, depth: int) -> int:
        code, at = self._constructor(data, at, end, depth)
        for _ in range(count):
            at = self._content(code, data, at, end, depth)
        return at

    def _check_depth(self, depth: int, at: int) -> None:
        if depth > self._max_depth:
            what = f"values nested deeper than {self._max_depth}"
            raise Malformed(what, at, "section 1.2", RESOURCE_LIMIT)

    def _spend(self, count: int, at: int) -> None:
        self.left -= count
        if self.left < 0:
            what = f"more than {self.most} values in lists, maps and arrays"
            raise Malformed(what, at, "section 1.2.3", RESOURCE_LIMIT)


def _extent(code: int, data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return where the bytes begin and end that a size of one or four bytes counts."""
    width = _SIZED.get(code)
    if width is None:
        raise Malformed(f"format code 0x{code:02x} is not defined", at - 1, "section 1.6")
    start = at + width
    if start <= end:
        stop = start + (data[at] if width == 1 else _LONG.unpack_from(data, at)[0])
        if stop <= end:
            return start, int(stop)
    raise _cut_off(at)


def _count(code: int, data: bytes, start: int, stop: int) -> tuple[int, int]:
    """Return where the items begin, and how many a list, map or array says it has."""
    width = _SIZED[code]
    if start + width > stop:
        raise _cut_off(start)
    return start + width, data[start] if width == 1 else _LONG.unpack_from(data, start)[0]


def _check_fixed(code: int, data: bytes, at: int, stop: int) -> None:
    if code == _BOOLEAN_BYTE and data[at] > 1:
        raise Malformed("a boolean that is neither 0 nor 1", at, "section 1.6.2")
    if code == _CHAR:
        point = int.from_bytes(data[at:stop], "big")
        if point > 0x10FFFF or 0xD800 <= point < 0xE000:
            raise Malformed("a char that is no Unicode character", at, "section 1.6.16")


def _check_text(code: int, data: bytes, at: int, stop: int) -> None:
    if code in SYMBOL and not data[at:stop].isascii():
        raise Malformed("a symbol that is not ASCII", at, "section 1.6.21")
    if code in STRING:
        try:
            str(data[at:stop], "utf-8")
        except UnicodeDecodeError as why:
            raise Malformed("a string that is not UTF-8", at + why.start, "section 1.6.20") from None


def _cut_off(at: int) -> Malformed:
    return Malformed("a value is cut off", at, "section 1.2")


def read(data: bytes, at: int) -> bool | int | str | bytes | None:
    """Return what the checked value at C{at} says: null, a boolean, an unsigned integer, binary, or a
    string or symbol as text.

    Raises:
        ValueError: it is of another type.
    """
    code = data[at]
    if code in _CONSTANTS:
        return _CONSTANTS[code]
    if code == _BOOLEAN_BYTE:
        return data[at + 1] == 1
    if code in _UNSIGNED:
        return int.from_bytes(data[at + 1 : at + 1 + _FIXED[code]], "big")
    if code not in _VARIABLE:
        raise ValueError(f"format code 0x{code:02x} is none of those that are read")
    start, stop = _extent(code, data, at + 1, len(data))
    content = data[start:stop]
    return content if code in BINARY else content.decode()


def items(data: bytes, at: int) -> list[tuple[int, int]]:
    """Return where each item of the checked list or map at C{at} begins and ends; keys and values of
    a map take turns."""
    code = data[at]
    if code == EMPTY_LIST[0]:
        return []
    start, stop = _extent(code, data, at + 1, len(data))
    start, count = _count(code, data, start, stop)
    checker, found = Checker(len(data), 2**32), []
    for _ in range(count):
        end = checker.skip(data, start, stop)
        found.append((start, end))
        start = end
    return found


def symbols(data: bytes, at: int) -> list[str] | None:
    """Return the symbols of a checked value that may be null, one, or an array of them (C{multiple}, part
    1 section 1.4); None where it is something else."""
    if data[at] == NULL[0]:
        return []
    if data[at] in SYMBOL:
        return [str(read(data, at))]
    if data[at] not in ARRAY:
        return None
    start, stop = _extent(data[at], data, at + 1, len(data))
    start, count = _count(data[at], data, start, stop)
    code, start = data[start], start + 1
    if code not in SYMBOL:
        return None
    found = []
    for _ in range(count):
        begin, start = _extent(code, data, start, stop)
        found.append(data[begin:start].decode())
    return found


def boolean(value: bool) -> bytes:
    """Write a boolean."""
    return b"\x41" if value else b"\x42"


def ubyte(value: int) -> bytes:
    """Write a ubyte."""
    return b"\x50%c" % value


def ushort(value: int) -> bytes:
    """Write a ushort."""
    return b"\x60" + value.to_bytes(2, "big")


def uint(value: int) -> bytes:
    """Write a uint."""
    return b"\x52%c" % value if value < 256 else b"\x70" + _LONG.pack(value)


def binary(value: bytes) -> bytes:
    """Write binary data."""
    return _sized(0xA0, value)


def string(value: str) -> bytes:
    """Write a string."""
    return _sized(0xA1, value.encode())


def symbol(value: str) -> bytes:
    """Write a symbol, which is ASCII."""
    return _sized(0xA3, value.encode("ascii"))


def symbol_array(values: Iterable[str]) -> bytes:
    """Write an array of symbols."""
    content = [_LONG.pack(len(value)) + value.encode("ascii") for value in values]
    body = _LONG.pack(len(content)) + b"\xb3" + b"".join(content)
    return b"\xf0" + _LONG.pack(len(body)) + body


def described(descriptor: int, values: Sequence[bytes]) -> bytes:
    """Write a described list (section 1.4); nulls at its end are left out."""
    last = len(values)
    while last and values[last - 1] == NULL:
        last -= 1
    head = b"\0\x53%c" % descriptor
    body = b"".join(values[:last])
    if not body:
        return head + EMPTY_LIST
    if len(body) < 255 and last < 256:
        return head + b"\xc0%c%c" % (len(body) + 1, last) + body
    return head + b"\xd0" + _LONG.pack(len(body) + 4) + _LONG.pack(last) + body


def _sized(code: int, value: bytes) -> bytes:
    if len(value) < 256:
        return b"%c%c" % (code, len(value)) + value
    return b"%c" % (code | 0x10) + _LONG.pack(len(value)) + value
