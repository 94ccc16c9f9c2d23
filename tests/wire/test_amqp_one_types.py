"""Tests for L{kaazing.wire.amqp_one_types}; AMQP 1.0 part 1."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import amqp_one_types as types
from kaazing.wire.amqp_one_types import Checker, Malformed

GOOD = {
    "1.6.1 null": b"\x40",
    "1.6.2 true": b"\x41",
    "1.6.2 false": b"\x42",
    "1.6.2 boolean": b"\x56\x01",
    "1.6.3 ubyte": b"\x50\xff",
    "1.6.4 ushort": b"\x60\xff\xff",
    "1.6.5 uint": b"\x70\0\0\0\1",
    "1.6.5 smalluint": b"\x52\1",
    "1.6.5 uint0": b"\x43",
    "1.6.6 ulong": b"\x80" + b"\1" * 8,
    "1.6.6 smallulong": b"\x53\1",
    "1.6.6 ulong0": b"\x44",
    "1.6.7 byte": b"\x51\x80",
    "1.6.8 short": b"\x61\x80\0",
    "1.6.9 int": b"\x71\x80\0\0\0",
    "1.6.9 smallint": b"\x54\x80",
    "1.6.10 long": b"\x81" + b"\x80" * 8,
    "1.6.10 smalllong": b"\x55\x80",
    "1.6.11 float": b"\x72\x7f\xc0\0\0",
    "1.6.12 double": b"\x82" + b"\xff" * 8,
    "1.6.13 decimal32": b"\x74" + b"\1" * 4,
    "1.6.14 decimal64": b"\x84" + b"\1" * 8,
    "1.6.15 decimal128": b"\x94" + b"\1" * 16,
    "1.6.16 char": b"\x73\0\1\xf6\x82",
    "1.6.17 timestamp": b"\x83" + b"\1" * 8,
    "1.6.18 uuid": b"\x98" + b"\1" * 16,
    "1.6.19 vbin8": b"\xa0\2\0\xff",
    "1.6.19 vbin32": b"\xb0\0\0\0\2\0\xff",
    "1.6.20 str8-utf8": b"\xa1\x03\xe2\x82\xac",
    "1.6.20 str32-utf8": b"\xb1\0\0\0\x03\xe2\x82\xac",
    "1.6.21 sym8": b"\xa3\x01a",
    "1.6.21 sym32": b"\xb3\0\0\0\x01a",
    "1.6.22 list0": b"\x45",
    "1.6.22 list8": b"\xc0\x03\x02\x40\x41",
    "1.6.22 list32": b"\xd0\0\0\0\x06\0\0\0\x02\x40\x41",
    "1.6.23 map8": b"\xc1\x05\x02\xa3\x01a\x40",
    "1.6.23 map32": b"\xd1\0\0\0\x08\0\0\0\x02\xa3\x01a\x40",
    "1.6.24 array8": b"\xe0\x04\x02\x50\1\2",
    "1.6.24 array32": b"\xf0\0\0\0\x09\0\0\0\x02\xa3\1a\1b",
    "1.6.24 array of arrays": b"\xe0\x0a\x02\xe0\x03\x01\x50\7\x03\x01\x50\7",
    "1.6.24 array of lists": b"\xe0\x07\x02\xc0\x02\x01\x40\x01\0",
    "1.6.24 array of described": b"\xe0\x07\x02\0\x53\x24\x50\x07\x08",
    "1.6.24 empty array": b"\xe0\x02\0\xa3",
    "1.2 described": b"\0\x53\x24\x45",
    "1.2 described by a symbol": b"\0\xa3\x01x\xa1\x01y",
    "1.2 a described described value": b"\0\x53\1\0\x53\2\x40",
}

BAD = {
    "1.6.2": (b"\x56\x02", "a boolean that is neither 0 nor 1", 1),
    "1.6.16": (b"\x73\0\0\xd8\0", "a char that is no Unicode character", 1),
    "1.6.16 above": (b"\x73\0\x11\0\0", "a char that is no Unicode character", 1),
    "1.6.20": (b"\xa1\x03a\xe2\x82", "a string that is not UTF-8", 3),
    "1.6.21": (b"\xa3\x01\x80", "a symbol that is not ASCII", 2),
    "1.6.22": (b"\xc0\x04\x02\x40\x41\x40", "a list, map or array is not as long as it says", 1),
    "1.6.22 short": (b"\xc0\x02\x02\x40", "a value is cut off", 4),
    "1.6.23 odd": (b"\xc1\x02\x01\x40", "a map with a key that has no value", 3),
    "1.6.23 twice": (b"\xc1\x05\x04\x40\x41\x40\x41", "a map with the same key twice", 5),
    "1.6.24": (b"\xe0\x04\x03\x50\1\2", "a value is cut off", 6),
    "1.6.24 booleans": (b"\xe0\x04\x02\x56\1\2", "a boolean that is neither 0 nor 1", 5),
    "1.6": (b"\x46", "format code 0x46 is not defined", 0),
    "1.6 c3": (b"\xc3\0", "format code 0xc3 is not defined", 0),
    "1.4": (b"\0\xa1\1x\x40", "a descriptor that is neither ulong nor symbol", 0),
    "1.4 described": (b"\0\0\x53\1\x40\x40", "a descriptor that is neither ulong nor symbol", 0),
    "1.2 nothing": (b"", "a value is cut off", 0),
    "1.2 no value": (b"\0\x53\1", "a value is cut off", 0),
    "1.2 cut": (b"\x70\0\0\0", "a value is cut off", 1),
    "1.2 cut size": (b"\xb0\0\0\0", "a value is cut off", 1),
    "1.2 cut binary": (b"\xa0\x02\0", "a value is cut off", 1),
    "1.2 no count": (b"\xc0\0", "a value is cut off", 2),
}


def nested(levels: int) -> bytes:
    """Return lists inside each other."""
    value = b"\x45"
    for _ in range(levels - 1):
        value = b"\xd0" + (4 + len(value)).to_bytes(4, "big") + b"\0\0\0\1" + value
    return value


class CheckerTests(SynchronousTestCase):
    """Values, and what is none."""

    def test_good(self) -> None:
        """
        Each encoding of each type is as long as the specification says, wherever it stands.
        """
        for name, value in GOOD.items():
            self.assertEqual(Checker().skip(b"??" + value + b"!", 2, len(value) + 3), len(value) + 2, name)
            self.assertEqual(Checker().skip(value, 0, len(value)), len(value), name)

    def test_bad(self) -> None:
        """
        What breaks a rule is refused, with its place.
        """
        for name, (value, what, at) in BAD.items():
            why = self.assertRaises(Malformed, Checker().skip, value, 0, len(value))
            self.assertEqual((why.what, why.at, why.condition), (what, at, "amqp:decode-error"), name)

    def test_cut_off(self) -> None:
        """
        A value that ends too early is refused at every length.
        """
        for name, value in GOOD.items():
            for length in range(len(value)):
                with self.assertRaises(Malformed, msg=name):
                    Checker().skip(value, 0, length)

    def test_depth(self) -> None:
        """
        Lists and descriptors are nested as deep as the limit says and no deeper.
        """
        for deep in (nested(5), b"\0\x44" * 4 + b"\x40"):
            self.assertEqual(Checker(max_depth=5).skip(deep, 0, len(deep)), len(deep))
        for deep in (nested(6), b"\0\x44" * 5 + b"\x40"):
            why = self.assertRaises(Malformed, Checker(max_depth=4).skip, deep, 0, len(deep))
            self.assertEqual(why.what, "values nested deeper than 4")
            self.assertEqual(why.condition, "amqp:resource-limit-exceeded")

    def test_entries(self) -> None:
        """
        Values in a list are counted together with those inside of them; so an array of four milliard
        nulls, which takes ten bytes, costs nothing.
        """
        value = b"\xc0\x0a\x02\xc0\x03\x02\x40\x40\xc0\x02\x01\x40"
        self.assertEqual(Checker(max_entries=5).skip(value, 0, len(value)), len(value))
        for over in (value, b"\xf0\0\0\0\x05\xff\xff\xff\xff\x40"):
            why = self.assertRaises(Malformed, Checker(max_entries=4).skip, over, 0, len(over))
            self.assertEqual(why.what, "more than 4 values in lists, maps and arrays")

    def test_spans(self) -> None:
        """
        A list says where its items begin; it is checked like any other value.
        """
        value = b"\xc0\x09\x04\x40\xa1\x01x\x52\1\x56\1"
        self.assertEqual(Checker().spans(value, 0, len(value)), ([3, 4, 7, 9], len(value)))
        self.assertEqual(Checker().spans(b"\x45", 0, 1), ([], 1))
        deep = b"\xd0" + (4 + len(nested(4))).to_bytes(4, "big") + b"\0\0\0\1" + nested(4)
        self.assertEqual(Checker(max_depth=4).spans(deep, 0, len(deep)), ([9], len(deep)))
        with self.assertRaises(Malformed):
            Checker(max_depth=3).spans(deep, 0, len(deep))
        for bad in (b"\xc0\x02\x02\x40", b"\xc0\x03\x01\x40\x40", b"\xc0\x02\x01\x52"):
            with self.assertRaises(Malformed):
                Checker().spans(bad, 0, len(bad))

    @given(st.binary(max_size=64))
    def test_anything(self, data: bytes) -> None:
        """
        Any bytes are a value or refused, with a place inside of them.
        """
        try:
            self.assertLessEqual(Checker().skip(data, 0, len(data)), len(data))
        except Malformed as why:
            self.assertLessEqual(why.at, len(data))


class ReadTests(SynchronousTestCase):
    """What values say."""

    def test_read(self) -> None:
        """
        Constants, booleans, numbers, binary and text are read.
        """
        said = {
            b"\x40": None,
            b"\x41": True,
            b"\x42": False,
            b"\x56\0": False,
            b"\x43": 0,
            b"\x44": 0,
            b"\x52\xff": 255,
            b"\x70\0\1\0\0": 65536,
            b"\x60\1\1": 257,
            b"\x80" + b"\0" * 7 + b"\7": 7,
            b"\xa0\2\0\xff": b"\0\xff",
            b"\xb1\0\0\0\3\xe2\x82\xac": "€",
            b"\xa3\1a": "a",
        }
        for value, expected in said.items():
            self.assertEqual(types.read(value, 0), expected)
        with self.assertRaises(ValueError):
            types.read(b"\xc0\2\1\x40", 0)

    def test_items(self) -> None:
        """
        Items of lists and maps are found.
        """
        self.assertEqual(types.items(b"\xc1\x05\x02\xa3\x01a\x40", 0), [(3, 6), (6, 7)])
        self.assertEqual(types.items(b"\x45", 0), [])

    def test_symbols(self) -> None:
        """
        A field that may have several symbols has none, one, or an array of them; nothing else.
        """
        self.assertEqual(types.symbols(b"\x40", 0), [])
        self.assertEqual(types.symbols(b"\xa3\1a", 0), ["a"])
        self.assertEqual(types.symbols(b"\xe0\x06\2\xa3\1a\1b", 0), ["a", "b"])
        self.assertEqual(types.symbols(b"\xe0\x04\2\x50\1\2", 0), None)
        self.assertEqual(types.symbols(b"\xa1\1a", 0), None)


class WriteTests(SynchronousTestCase):
    """What is written is read as the same."""

    @given(st.integers(0, 2**32 - 1), st.text(max_size=300), st.binary(max_size=300), st.booleans())
    def test_round_trip(self, number: int, text: str, data: bytes, yes: bool) -> None:
        """
        Numbers, text, binary data and booleans.
        """
        written = [types.uint(number), types.string(text), types.binary(data), types.boolean(yes)]
        for value in written:
            self.assertEqual(Checker().skip(value, 0, len(value)), len(value))
        self.assertEqual([types.read(value, 0) for value in written], [number, text, data, yes])

    def test_small(self) -> None:
        """
        Numbers of one and two bytes, symbols, arrays of symbols.
        """
        self.assertEqual(types.ubyte(4), b"\x50\4")
        self.assertEqual(types.ushort(258), b"\x60\1\2")
        self.assertEqual(types.symbol("PLAIN"), b"\xa3\5PLAIN")
        self.assertEqual(types.symbols(types.symbol_array(["A", "B"]), 0), ["A", "B"])

    def test_described(self) -> None:
        """
        A described list is as short as it can be; nulls at its end are left out.
        """
        self.assertEqual(types.described(0x24, ()), b"\0\x53\x24\x45")
        self.assertEqual(types.described(0x24, (types.NULL,)), b"\0\x53\x24\x45")
        self.assertEqual(
            types.described(0x18, (types.NULL, b"\x41", types.NULL)), b"\0\x53\x18\xc0\3\2\x40\x41"
        )
        long = types.described(0x18, (types.binary(b"x" * 300),))
        self.assertEqual(long[:12], b"\0\x53\x18\xd0" + (309).to_bytes(4, "big") + b"\0\0\0\1")
        self.assertEqual(Checker().skip(long, 0, len(long)), len(long))
