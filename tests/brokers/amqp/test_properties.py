"""Properties of messages on the wire, compared with pika's reading and writing of them."""

from __future__ import annotations

import struct

import pika
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.amqp.properties import MOST_TABLES, Field, Properties, decode

TEXT = st.text(st.characters(codec="utf-8"), max_size=50)
VALUES: st.SearchStrategy[Field] = st.recursive(
    TEXT
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.binary(max_size=20)
    | st.none(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(TEXT, inside, max_size=3),
    max_leaves=8,
)
PROPERTIES = st.builds(
    Properties,
    content_type=TEXT,
    content_encoding=TEXT,
    headers=st.dictionaries(TEXT, VALUES, max_size=5),
    delivery_mode=st.integers(0, 2),
    priority=st.none() | st.integers(0, 255),
    correlation_id=TEXT,
    reply_to=TEXT,
    expiration=TEXT,
    message_id=TEXT,
    timestamp=st.integers(0, 2**62),
    type=TEXT,
    user_id=TEXT,
    app_id=TEXT,
)


def depth(value: Field) -> int:
    """Return how many tables and lists are in each other."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def wire(properties: Properties) -> bytes:
    """Return them as they are sent."""
    return b"".join(properties.encode())


class PropertiesTests(SynchronousTestCase):
    @given(PROPERTIES)
    def test_round_trip(self, properties: Properties) -> None:
        """
        What is sent is read again as it was, types of headers included.
        """
        if depth(properties.headers) <= MOST_TABLES:
            self.assertEqual(decode(wire(properties)), properties)

    def test_read_by_others(self) -> None:
        """
        Pika reads what is sent.
        """
        sent = Properties(
            content_type="text/plain",
            headers={"region": "eu", "tries": 3, "id": 2**40, "open": True, "tags": ["a", None]},
            delivery_mode=2,
            priority=0,
            correlation_id="c",
            timestamp=1_700_000_000,
        )
        read = pika.BasicProperties().decode(wire(sent))
        self.assertEqual(
            read,
            pika.BasicProperties(
                content_type="text/plain",
                headers={"region": "eu", "tries": 3, "id": 2**40, "open": True, "tags": ["a", None]},
                delivery_mode=2,
                priority=0,
                correlation_id="c",
                timestamp=1_700_000_000,
            ),
        )

    def test_sent_by_others(self) -> None:
        """
        What pika sends is read.
        """
        sent = pika.BasicProperties(
            content_type="text/plain",
            content_encoding="utf-8",
            headers={"a": "é", "b": -1, "c": [1, {"d": True}]},
            delivery_mode=1,
            priority=9,
            correlation_id="c",
            reply_to="answers",
            expiration="1000",
            message_id="m",
            timestamp=5,
            type="order",
            user_id="alice",
            app_id="shop",
        )
        self.assertEqual(
            decode(b"".join(sent.encode())),
            Properties(
                content_type="text/plain",
                content_encoding="utf-8",
                headers={"a": "é", "b": -1, "c": [1, {"d": True}]},
                delivery_mode=1,
                priority=9,
                correlation_id="c",
                reply_to="answers",
                expiration="1000",
                message_id="m",
                timestamp=5,
                type="order",
                user_id="alice",
                app_id="shop",
            ),
        )

    def test_all_numbers(self) -> None:
        """
        Every type of number that other publishers send is read, a decimal as a fraction.
        """
        table = b"".join(
            b"\x01" + name + value
            for name, value in (
                (b"a", b"b\xff"),
                (b"b", b"B\xff"),
                (b"c", b"s\xff\xff"),
                (b"d", b"u\xff\xff"),
                (b"e", b"i\xff\xff\xff\xff"),
                (b"f", b"D\x02\x00\x00\x00\x7d"),
                (b"g", b"f" + struct.pack(">f", 0.5)),
                (b"h", b"d" + struct.pack(">d", 1.25)),
                (b"i", b"T" + struct.pack(">Q", 7)),
            )
        )
        read = decode(b"\x20\x00" + struct.pack(">I", len(table)) + table)
        self.assertEqual(
            read.headers,
            {"a": -1, "b": 255, "c": -1, "d": 65535, "e": 2**32 - 1, "f": 1.25, "g": 0.5, "h": 1.25, "i": 7},
        )

    def test_what_precedes_a_fault_counts(self) -> None:
        """
        Of a message whose headers are nonsense the properties before them are read.
        """
        for fault in (
            b"\x00\x00\x00\x03\x01aZ",
            b"\xff\xff\xff\xff",
            b"\x00\x00\x00\x07\x01aS\x00\x00\x00\x09",
            b"",
        ):
            self.assertEqual(decode(b"\xa0\x00\x01t" + fault), Properties(content_type="t"))

    def test_tables_in_each_other(self) -> None:
        """
        Tables nested deeper than anybody needs are a fault, not a stack overflow.
        """
        value = b""
        for _ in range(50_000):
            value = b"A" + struct.pack(">I", len(value)) + value
            if len(value) > 60_000:
                break
        table = b"\x01a" + value
        read = decode(b"\x20\x00" + struct.pack(">I", len(table)) + table)
        self.assertEqual(read, Properties())

    @given(st.binary(max_size=200))
    def test_any_bytes(self, data: bytes) -> None:
        """
        Any bytes at all give some properties, and no error.
        """
        self.assertIsInstance(decode(data), Properties)

    def test_no_room(self) -> None:
        """
        What AMQP has no room for is refused with a sentence.
        """
        for properties, why in (
            (Properties(type="é" * 128), "type has 256 bytes; AMQP 0-9-1 has room for 255"),
            (
                Properties(headers={"n" * 256: 1}),
                "the name of a property has 256 bytes; AMQP 0-9-1 has room for 255",
            ),
            (Properties(headers={"n": 2**63}), "a number has more than 64 bits"),
            (Properties(timestamp=-1), "a time is not between 1970 and what 63 bits can count"),
            (Properties(timestamp=2**63), "a time is not between 1970 and what 63 bits can count"),
        ):
            with self.assertRaises(ValueError) as refused:
                properties.encode()
            self.assertEqual(str(refused.exception), why)
