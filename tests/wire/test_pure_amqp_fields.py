"""Tests for L{kaazing.wire.pure_amqp_fields}: values of every type, read alike in Python and in C."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import pure_amqp
from kaazing.wire.amqp import encode
from tests.wire.amqp_streams import TABLES, Settings, frame, header, outcome

try:
    from kaazing._speedups import AmqpScanner as NativeScanner
except ImportError:
    NativeScanner = None  # type: ignore[assignment,misc]

if TYPE_CHECKING:
    Case = SynchronousTestCase
else:
    Case = object  # so that trial does not collect the tests without a scanner

PUBLISH = encode(1, "basic.publish", 0, "", "q", 0)
SHORT = "value longer than what it is in (AMQP 0-9-1 section 4.2.5)"
UNKNOWN = "field value of an unknown type (AMQP 0-9-1 section 4.2.5.5)"
STRING = "short string that has NUL or is not UTF-8 (AMQP 0-9-1 section 4.2.5.3)"


class FieldTests(Case):
    """What any scanner does; C{kind} says which one."""

    kind: Any

    def said(self, data: bytes, **values: Any) -> str:
        """The fault of a stream, empty for none."""
        return outcome(Settings(**values), [data], self.kind)[1]

    def table(self, table: bytes, **values: Any) -> str:
        """The fault of a table, its place counted from the table's first byte."""
        wire = encode(1, "queue.declare", 0, "", 0, table)
        said = self.said(wire, **values)
        _, _, rest = said.partition("byte ")
        place, _, what = rest.partition(": ")
        return f"{int(place) - wire.index(table) if table else place}: {what}" if said else ""

    def test_types(self) -> None:
        """
        Every type of RabbitMQ's, and those of the specification that have the same size (section 4.2.5.5).
        """
        for table in TABLES[:6]:
            self.assertEqual(self.table(table), "")

    def test_unknown_type(self) -> None:
        """
        A value of another type cannot be read, so nothing behind it can.
        """
        self.assertEqual(self.table(b"\x01q?"), f"2: {UNKNOWN}")

    def test_sizes(self) -> None:
        """
        Each value ends within what it is in: table, array, method.
        """
        for table, place in (
            (b"\x05a", 0),
            (b"\x01a", 2),
            (b"\x01aI\0\0", 2),
            (b"\x01aS\0\0\0\x03hi", 3),
            (b"\x01aF\0\0\0\x01", 3),
            (b"\x01aF\0\0\0\x02\x01bb", 9),
            (b"\x01aA\0\0\0\x02I\0\0\0\0", 7),
        ):
            self.assertEqual(self.table(table), f"{place}: {SHORT}", table)
        wire = encode(1, "queue.declare", 0, "", 0, b"")
        self.assertEqual(self.said(wire[:18] + b"\x01\xce"), f"client byte 15: {SHORT}")

    def test_depth(self) -> None:
        """
        Tables and arrays are nested no deeper than allowed, the outermost counted.
        """
        table = b"\x01aA\0\0\0\x05A\0\0\0\0"
        self.assertEqual(self.table(table, max_depth=3), "")
        fault = "7: tables and arrays nested too deep (amqp.maximum.depth)"
        self.assertEqual(self.table(table, max_depth=2), fault)

    def test_hundred_deep(self) -> None:
        """
        The deepest nesting that can be allowed is read, and one deeper is not.
        """
        table = b""
        for _ in range(99):
            table = b"\0F" + struct.pack(">I", len(table)) + table
        self.assertEqual(self.table(table, max_depth=100, max_entries=1000), "")
        table = b"\0F" + struct.pack(">I", len(table)) + table
        said = self.table(table, max_depth=100, max_entries=1000)
        self.assertEqual(said.partition(": ")[2], "tables and arrays nested too deep (amqp.maximum.depth)")

    def test_entries(self) -> None:
        """
        There are no more values than allowed, those within others counted.
        """
        table = b"\x01aA\0\0\0\x02VV\x01bV"
        self.assertEqual(self.table(table, max_entries=4), "")
        fault = "11: too many values in tables and arrays (amqp.maximum.entries)"
        self.assertEqual(self.table(table, max_entries=3), fault)

    def test_short_strings(self) -> None:
        """
        A client's short strings are UTF-8 without NUL; a broker passes on what other clients brought.
        """
        for bad in (b"\xff", b"a\0b"):
            wire = encode(1, "basic.get", 0, bad, 0)
            self.assertEqual(self.said(wire), f"client byte 13: {STRING}")
            back = encode(1, "basic.consume-ok", bad)
            self.assertEqual(self.said(back, client=False), "")
            name = bytes((len(bad),)) + bad + b"V"
            self.assertEqual(self.table(name), f"0: {STRING}")

    def test_bits(self) -> None:
        """
        Bits share octets, and what is left of an octet is zero (section 4.2.5.2).
        """
        self.assertEqual(self.said(encode(1, "basic.publish", 0, "", "q", 3)), "")
        fault = "bits set that have no meaning (AMQP 0-9-1 section 4.2.5.2)"
        self.assertEqual(self.said(encode(1, "basic.publish", 0, "", "q", 4)), f"client byte 16: {fault}")

    def test_properties(self) -> None:
        """
        A content header has the properties that its flags name, in this order (section 4.2.6.1).
        """
        text = b"\x01x"
        each = (
            text,
            text,
            b"\0\0\0\0",
            b"\x02",
            b"\x05",
            text,
            text,
            text,
            text,
            bytes(8),
            text,
            text,
            text,
            text,
        )
        every = b"".join(each)
        self.assertEqual(self.said(PUBLISH + header(1, 0, 0xFFFC, every)), "")
        for bit, value in enumerate(each):
            self.assertEqual(self.said(PUBLISH + header(1, 0, 0x8000 >> bit, value)), "")
            said = self.said(PUBLISH + header(1, 0, 0x8000 >> bit, value[:-1]))
            self.assertEqual(said.partition(": ")[2], SHORT)
        left = f"client byte {len(PUBLISH) + 21}: bytes behind the last value (AMQP 0-9-1 section 4.2.4)"
        self.assertEqual(self.said(PUBLISH + header(1, 0, 0, b"x")), left)
        cut = PUBLISH + frame(2, 1, b"\0\x3c\0\0" + bytes(9))
        self.assertEqual(self.said(cut), f"client byte {len(PUBLISH) + 19}: {SHORT}")


class PureFieldTests(FieldTests, SynchronousTestCase):
    """The scanner in Python."""

    kind = pure_amqp.AmqpScanner


class NativeFieldTests(FieldTests, SynchronousTestCase):
    """The scanner in C."""

    kind = NativeScanner
    if NativeScanner is None:
        skip = "kaazing._speedups is not built"
