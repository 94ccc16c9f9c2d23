"""Tests for L{kaazing.wire.xmpp}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import Side
from kaazing.wire import xmpp
from kaazing.wire.xmpp import Fault, Header, Seen


class WordsTests(SynchronousTestCase):
    """What is written of a header and of errors."""

    def test_header(self) -> None:
        """
        A stream's head in both its forms; what a client puts into an attribute stays in it.
        """
        header = Header(0, {"": xmpp.CLIENT, "x": "urn:x"}, {"to": "a'>&", xmpp.LANG: "de", "version": "1.0"})
        self.assertEqual(
            header.stream(),
            b"<?xml version='1.0'?><stream:stream xmlns='jabber:client'"
            b" xmlns:stream='http://etherx.jabber.org/streams' xmlns:x='urn:x'"
            b" to='a&apos;&gt;&amp;' version='1.0' xml:lang='de'>",
        )
        self.assertEqual(
            header.framed(),
            b"<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'"
            b" to='a&apos;&gt;&amp;' version='1.0' xml:lang='de'/>",
        )

    def test_stream_error(self) -> None:
        """
        RFC 6120 section 4.9.2; the prefix is declared, so that it can be a message (RFC 7395 3.3.3).
        """
        self.assertEqual(
            xmpp.stream_error("bad-format", "a<b"),
            b"<stream:error xmlns:stream='http://etherx.jabber.org/streams'>"
            b"<bad-format xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
            b"<text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>a&lt;b</text></stream:error>",
        )

    def test_stanza_error(self) -> None:
        """
        RFC 6120 section 8.3: it comes from where the stanza went, with its identifier.
        """
        stanza = Seen(0, b"", xmpp.IQ, ["id", "7", "to", "b@x", "type", "get"], ())
        self.assertEqual(
            xmpp.stanza_error(stanza, "auth", "forbidden", "no"),
            b"<iq xmlns='jabber:client' type='error' id='7' from='b@x'><error type='auth'>"
            b"<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
            b"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>no</text></error></iq>",
        )

    def test_attributes(self) -> None:
        """
        An attribute is found by its name, never by a value.
        """
        stanza = Seen(0, b"", xmpp.IQ, ["id", "to", "to", "x"], ())
        self.assertEqual((stanza.get("id"), stanza.get("to"), stanza.get("x")), ("to", "x", None))

    def test_fault(self) -> None:
        """
        A fault says who, where, what, and by which rule.
        """
        fault = Fault(7, "bad-format", "text", "RFC 6120 section 11.3")
        self.assertEqual(str(fault.violation(Side.BACK)), "backend byte 7: text (RFC 6120 section 11.3)")

    def test_line_ends(self) -> None:
        """
        A line end in an attribute stays one (XML 1.0 section 3.3.3).
        """
        self.assertEqual(xmpp.escape('a\n\r\t"'), "a&#10;&#13;&#9;&quot;")
