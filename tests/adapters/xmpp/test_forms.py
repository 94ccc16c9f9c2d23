"""Tests for L{kaazing.adapters.xmpp.forms}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.xmpp.forms import Framed, Streamed, is_stream
from kaazing.interfaces.adapters import Kind
from kaazing.wire.xmpp import End, Header, Limits
from tests.adapters.xmpp.dialogue import CLOSE, FRAMED, STREAM, STREAM_END, TO


class FormsTests(SynchronousTestCase):
    """Two ways to say the same."""

    def test_first_message(self) -> None:
        """
        The first message shows which it is: old clients send what they would over TCP.
        """
        for data in (
            b"<stream:stream to='x'>",
            b"<?xml version='1.0'?>",
            STREAM,
            b" <flash:stream\n",
            b"<stream ",
        ):
            self.assertTrue(is_stream(data), data)
        for data in (FRAMED, b"<?xml version='1.0'?>" + FRAMED, b"<streams/>", b"x", b"", b"<open>"):
            self.assertFalse(is_stream(data), data)

    def test_same_things(self) -> None:
        """
        Both forms read a header and an end, and write them.
        """
        framed, streamed = Framed(Limits()), Streamed(Limits())
        (one,), (other,) = framed.feed(FRAMED % TO, Kind.TEXT), streamed.feed(STREAM % TO, Kind.TEXT)
        assert isinstance(one, Header) and isinstance(other, Header)
        self.assertEqual(one.attributes, other.attributes)
        self.assertEqual((framed.head(one), streamed.head(one)), (FRAMED % TO, STREAM % TO))
        self.assertEqual(framed.feed(CLOSE, Kind.TEXT), [End(len(FRAMED % TO))])
        self.assertEqual(streamed.feed(STREAM_END, Kind.TEXT), [End(len(STREAM % TO))])
        self.assertEqual((framed.end(), streamed.end()), (CLOSE, STREAM_END))
        self.assertEqual(
            framed.end("wss://a/?b&c"), CLOSE.replace(b"/>", b" see-other-uri='wss://a/?b&amp;c'/>")
        )

    def test_binary(self) -> None:
        """
        Messages of RFC 7395 are text; nothing is read after one that is not.
        """
        framed = Framed(Limits())
        self.assertEqual(framed.feed(CLOSE, Kind.BINARY), [])
        assert framed.fault is not None
        self.assertEqual((framed.fault.condition, framed.feed(CLOSE, Kind.TEXT)), ("policy-violation", []))
