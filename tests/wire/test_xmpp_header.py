"""Tests for L{kaazing.wire.xmpp_header}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import xmpp
from kaazing.wire.xmpp import Fault, Header, Limits
from kaazing.wire.xmpp_header import MAX_HEADER, Inherited, declaration_length, header_length, read_header

TAG = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'%s>"


def read(data: bytes) -> object:
    """Return the header, None where it is not whole, or the condition and the words of what is wrong."""
    length = header_length(data, 0, 0)
    if length == 0:
        return None
    found = length if isinstance(length, Fault) else read_header(data[:length], 0, Limits(attributes=5))
    assert not isinstance(found, int)
    return found[1:3] if isinstance(found, Fault) else found[0]


class HeaderTests(SynchronousTestCase):
    """RFC 6120 section 4.7."""

    def test_whole(self) -> None:
        """
        Every cut of a header is none yet; the whole of it says what it declares.
        """
        data = b"<?xml version='1.0' encoding='utf-8'?>\n" + TAG % b" to='a>b' xml:lang='de' foo='1'"
        spaces = {"": "jabber:client", "stream": xmpp.STREAMS}
        for cut in range(len(data)):
            self.assertIsNone(read(data[:cut]))
        self.assertEqual(read(data + b"<a/>"), Header(0, spaces, {"to": "a>b", xmpp.LANG: "de"}))

    def test_refused(self) -> None:
        """
        What is no header, each with the stream error that says it.
        """
        stray, other = TAG % b" a='<'", (TAG % b"").replace(b"client", b"server")
        streams = b"<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns:stream='urn:x'>"
        latin = b"<?xml version='1.0' encoding='latin1'?>"
        long = f"stream header of more than {MAX_HEADER} bytes"
        for data, condition, what in (
            (b"hello", "bad-format", "text before the stream"),
            (b"<open/>", "bad-format", "something else than a stream header"),
            (TAG[:-3] + b"/>", "bad-format", "stream header that ends at once"),
            (b"<stream>", "bad-format", "something else than a stream header"),
            (b"<stream xmlns='urn:x'>", "invalid-namespace", "something else than a stream header"),
            (other, "invalid-namespace", "content namespace other than jabber:client"),
            (streams, "bad-namespace-prefix", "prefix stream of another namespace"),
            (latin, "unsupported-encoding", "an encoding other than UTF-8"),
            (b"<?xmlx?>", "restricted-xml", "a processing instruction"),
            (b"<?php ?>", "restricted-xml", "a processing instruction"),
            (b"<?xml <?>", "not-well-formed", "no well-formed XML declaration"),
            (b"<!DOCTYPE a>", "restricted-xml", "a comment, processing instruction or document type"),
            (b"<!-- -->", "restricted-xml", "a comment, processing instruction or document type"),
            (stray, "not-well-formed", "a tag inside of a tag"),
            (b"<a:b>", "not-well-formed", "no well-formed XML: unbound prefix"),
            (TAG % b" a='1' b='2' c='3' d='4'", "policy-violation", "more than 5 attributes"),
            (b"<a" + b" " * MAX_HEADER, "policy-violation", long),
        ):  # fmt: skip
            self.assertEqual(read(data), (condition, what), data[:60])

    def test_no_default(self) -> None:
        """
        RFC 6120 section 4.8.3: where a header declares no default namespace, an element without one is
        read in jabber:client, as it is behind the header that the other end gets.
        """
        data = b"<s:stream\txmlns:s='http://etherx.jabber.org/streams'>"
        found = read_header(data, 0, Limits())
        self.assertEqual(
            found,
            (
                Header(0, {"s": xmpp.STREAMS}, {}),
                b"<s:stream xmlns='jabber:client'\txmlns:s='http://etherx.jabber.org/streams'>",
            ),
        )

    def test_declarations(self) -> None:
        """
        RFC 6120 section 11.6: an XML declaration that says another encoding is refused.
        """
        self.assertEqual(declaration_length(b"<a/>", 0, 0), 0)
        self.assertEqual(declaration_length(b"<?xml version='1.0'", 0, 0), -1)
        self.assertEqual(declaration_length(b"..<?xml version='1.0'?><a/>", 2, 0), 21)


class InheritedTests(SynchronousTestCase):
    """RFC 6120 section 4.8."""

    def test_put(self) -> None:
        """
        An element gets the namespaces of the header that it uses and does not declare itself.
        """
        inherited = Inherited({"": "jabber:client", "a": "x&y", "b": "z"})
        put = inherited.put
        self.assertEqual(put(b"<m/>", []), b"<m xmlns='jabber:client'/>")
        self.assertEqual(put(b"<a:m/>", []), b"<a:m xmlns='jabber:client' xmlns:a='x&amp;y'/>")
        self.assertEqual(
            put(b"<a:m xmlns='' b:c='' >", [None]), b"<a:m xmlns:a='x&amp;y' xmlns:b='z' xmlns='' b:c='' >"
        )
        self.assertEqual(put(b"<a:m xmlns='' xmlns:a='' >", [None, "a"]), b"<a:m xmlns='' xmlns:a='' >")
        self.assertEqual(Inherited({}).put(b"<m>", []), b"<m xmlns='jabber:client'>")
