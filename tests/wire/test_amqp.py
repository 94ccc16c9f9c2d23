"""Tests for L{kaazing.wire.amqp}: methods to bytes and back, and the scanners beside each other."""

from __future__ import annotations

from random import Random

import pika.frame
import pika.spec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import pure_amqp
from kaazing.wire.amqp import (
    HEARTBEAT,
    PREAMBLE,
    channel_of,
    content_headers,
    decode,
    encode,
    key_of,
    name_of,
    string_field,
    texts,
)
from tests.wire.amqp_streams import Settings, header, outcome, publish, settings, stream
from tests.wire.cuts import pieces

try:
    from kaazing._speedups import AmqpScanner as NativeScanner
except ImportError:
    NativeScanner = None  # type: ignore[assignment,misc]

TUNE = bytes.fromhex("01 0000 0000000c 000a001e 07ff 00020000 003c ce")


class MethodTests(SynchronousTestCase):
    def test_encode(self) -> None:
        """
        A method frame: type, channel, size, class and method, arguments, end (sections 2.3.5 and 4.2.4).
        """
        self.assertEqual(encode(0, "connection.tune", 2047, 131072, 60), TUNE)
        self.assertEqual(encode(1, "channel.close-ok"), bytes.fromhex("01 0001 00000004 00140029 ce"))
        self.assertRaises(ValueError, encode, 0, "connection.tune", 1)

    def test_decode(self) -> None:
        """
        The arguments of a frame, of whatever type, come back as they were put in.
        """
        self.assertEqual(decode(TUNE), [2047, 131072, 60])
        values = [0, 9, b"\x01aV", b"PLAIN", b"en_US"]
        self.assertEqual(decode(encode(0, "connection.start", *values)), values)
        publish = [0, "ex", "ke\udcff", 3]
        wire = encode(7, "basic.publish", 0, "ex", b"ke\xff", 3)
        self.assertEqual((decode(wire), channel_of(wire), key_of(wire)), (publish, 7, 60 << 16 | 40))
        self.assertEqual((name_of(wire), name_of(HEARTBEAT)), ("basic.publish", "heartbeat"))

    def test_pika_reads(self) -> None:
        """
        pika reads what is written here, and writes the same.
        """
        wire = encode(3, "queue.declare", 0, "q", 0b10010, b"\x01aS\0\0\0\x01b")
        read, frame = pika.frame.decode_frame(wire)
        self.assertEqual((read, frame.channel_number, frame.method.queue), (len(wire), 3, "q"))
        self.assertEqual((frame.method.durable, frame.method.nowait), (True, True))
        self.assertEqual(frame.method.arguments, {"a": "b"})
        self.assertEqual(frame.marshal(), wire)
        self.assertEqual(pika.frame.Heartbeat().marshal(), HEARTBEAT)
        self.assertEqual(pika.frame.ProtocolHeader(0, 9, 1).marshal(), PREAMBLE)

    def test_long_reply_text(self) -> None:
        """
        A text that is too long for a short string is cut off between two characters.
        """
        wire = encode(0, "connection.close", 501, "x" * 254 + "ü", 0, 0)
        self.assertEqual(decode(wire)[1], "x" * 254)


class TableTests(SynchronousTestCase):
    def test_texts(self) -> None:
        """
        Of a field table the strings are found, those in arrays too, whatever stands around them.
        """
        properties = pika.spec.BasicProperties(
            content_type="text/plain",
            headers={"n": 5, "CC": ["a", "b", {"c": "d"}, ["e"], True], "t": {"x": "y"}, "s": "ü"},
        )
        wire = pika.frame.Header(1, 0, properties).marshal()
        found = texts(content_headers(wire))
        self.assertEqual(found, {"n": [], "CC": ["a", "b"], "t": [], "s": ["ü"]})

    def test_names_twice(self) -> None:
        """
        A name that is there twice hides nothing.
        """
        self.assertEqual(texts(string_field("a", "1") + string_field("a", "2")), {"a": ["1", "2"]})

    def test_no_headers(self) -> None:
        """
        A content header without a table has an empty one.
        """
        self.assertEqual(content_headers(header(1, 0)), b"")
        self.assertEqual(content_headers(header(1, 0, 0x8000, b"\x01x")), b"")


class TwinTests(SynchronousTestCase):
    if NativeScanner is None:
        skip = "kaazing._speedups is not built"

    def test_alike(self) -> None:
        """
        The scanners in C and in Python say the same of any stream, wherever it is cut.
        """
        random = Random(91)
        for _ in range(300):
            given = settings(random)
            data = stream(random, given, random.choice((0.0, 0.02, 0.2)))
            said = outcome(given, [data], NativeScanner)
            for kind in (NativeScanner, pure_amqp.AmqpScanner):
                parts = pieces(random, data)
                self.assertEqual(outcome(given, parts, kind), said, (given, parts))

    def test_every_cut(self) -> None:
        """
        A stream of a few messages says the same in two parts, cut anywhere, and byte by byte.
        """
        data = (
            publish()
            + HEARTBEAT
            + publish(b"")
            + encode(1, "channel.close", 200, "bye", 0, 0)
            + b"\x01\0\x05"
        )
        said = outcome(Settings(), [data], NativeScanner)
        for kind in (NativeScanner, pure_amqp.AmqpScanner):
            for cut in range(len(data)):
                self.assertEqual(outcome(Settings(), [data[:cut], data[cut:]], kind), said, cut)
            singles = [data[i : i + 1] for i in range(len(data))]
            self.assertEqual(outcome(Settings(), singles, kind), said)

    @given(st.binary(max_size=60), st.booleans(), st.booleans())
    def test_anything(self, data: bytes, client: bool, opened: bool) -> None:
        """
        Of bytes that are nothing they say the same too.
        """
        given = Settings(client=client, open=opened)
        said = outcome(given, [data], NativeScanner)
        self.assertEqual(outcome(given, [data[:9], data[9:]], pure_amqp.AmqpScanner), said)
