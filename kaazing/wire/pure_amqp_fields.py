# -*- test-case-name: tests.wire.test_pure_amqp_fields -*-
"""Arguments, properties and field tables of AMQP 0-9-1 checked in Python; twin of
kaazing/native/amqp_fields.c, which has the same rules in the same order.  AMQP 0-9-1 section 4.2.5."""

from __future__ import annotations

from kaazing.wire.amqp_faults import Code

PROPERTIES = "zzFoozzzzqzzzz"
"""Of class basic, from the highest flag down (letters as in L{kaazing.wire.amqp_methods.Method})."""

_RESERVED_FLAGS = 3  # bit 1 has no property, bit 0 more flags, which basic has not
_ARGUMENTS = {"o": 1, "s": 2, "l": 4, "q": 8}
_FIELDS = dict(zip(b"VtbBsuUIifDlLdT", (0, 1, 1, 1, 2, 2, 2, 4, 4, 4, 5, 8, 8, 8, 8), strict=True))
_LONG, _TABLE, _ARRAY = b"Sx", ord("F"), ord("A")


class Malformed(Exception):
    """A value is not as it must be.

    Attributes:
        code: which rule it breaks.
        place: of the bad byte.
    """

    def __init__(self, code: Code, place: int) -> None:
        super().__init__(code, place)
        self.code, self.place = code, place


class Reading:
    """What is read of one payload: C{data[place:end]}. Every method raises L{Malformed}."""

    def __init__(
        self, data: bytearray, place: int, end: int, *, client: bool, max_depth: int, max_entries: int
    ) -> None:
        self._data, self._place, self._end = data, place, end
        self._client, self._max_depth, self._max_entries = client, max_depth, max_entries
        self._entries = 0

    def arguments(self, signature: str) -> None:
        """Read the arguments of a method, nothing behind them."""
        for letter in signature:
            self._argument(letter)
        if self._place < self._end:
            raise Malformed(Code.LEFT_OVER, self._place)

    def properties(self) -> None:
        """Read the property flags and the properties of class basic, nothing behind them."""
        place = self._place
        self._skip(2)
        flags = self._data[place] << 8 | self._data[place + 1]
        if flags & _RESERVED_FLAGS:
            raise Malformed(Code.HEADER_FLAGS, place)
        self.arguments("".join(letter for bit, letter in enumerate(PROPERTIES) if flags << bit & 0x8000))

    def _argument(self, letter: str) -> None:
        if letter in _ARGUMENTS:
            self._skip(_ARGUMENTS[letter])
        elif letter == "z":
            self._short_string(self._end)
        elif letter == "S":
            self._place = self._long_end(self._end)
        elif letter == "F":
            self._table()
        else:
            self._skip(1)
            if self._data[self._place - 1] >> int(letter):
                raise Malformed(Code.BAD_BITS, self._place - 1)

    def _skip(self, size: int) -> None:
        if self._end - self._place < size:
            raise Malformed(Code.CUT_SHORT, self._place)
        self._place += size

    def _short_string(self, end: int) -> None:
        place = self._place
        if place == end or end - place - 1 < self._data[place]:
            raise Malformed(Code.CUT_SHORT, place)
        self._place += 1 + self._data[place]
        if self._client:
            written = self._data[place + 1 : self._place]
            try:
                written.decode()
            except UnicodeDecodeError:
                raise Malformed(Code.BAD_STRING, place) from None
            if 0 in written:
                raise Malformed(Code.BAD_STRING, place)

    def _long_end(self, end: int) -> int:
        place = self._place
        size = int.from_bytes(self._data[place : place + 4], "big")
        if end - place < 4 or end - place - 4 < size:
            raise Malformed(Code.CUT_SHORT, place)
        self._place += 4
        return self._place + size

    def _table(self) -> None:
        ends = [(self._long_end(self._end), True)]
        while ends:
            end, named = ends[-1]
            if self._place == end:
                ends.pop()
                continue
            if named:
                self._short_string(end)
            place = self._place
            inner = self._value(end)
            if inner is not None:
                ends.append(inner)
                if len(ends) > self._max_depth:
                    raise Malformed(Code.TOO_DEEP, place)

    def _value(self, end: int) -> tuple[int, bool] | None:
        """Pass one value; of a table or an array, its length only: where it ends, and whether the
        values in it have names."""
        place = self._place
        self._entries += 1
        if self._entries > self._max_entries:
            raise Malformed(Code.TOO_MANY, place)
        if place == end:
            raise Malformed(Code.CUT_SHORT, place)
        kind = self._data[place]
        self._place += 1
        if kind in _FIELDS:
            if end - self._place < _FIELDS[kind]:
                raise Malformed(Code.CUT_SHORT, place)
            self._place += _FIELDS[kind]
            return None
        if kind in _LONG:
            self._place = self._long_end(end)
            return None
        if kind in (_TABLE, _ARRAY):
            return self._long_end(end), kind == _TABLE
        raise Malformed(Code.BAD_FIELD, place)
