"""Tests for L{kaazing.wire.xmpp_messages}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.xmpp import Fault, Limits
from kaazing.wire.xmpp_messages import Messages

RULE = "RFC 7395 section 3.3.3"


def said(*messages: bytes) -> tuple[list[object], object]:
    """Return what becomes of messages, and the fault."""
    scanner = Messages(Limits(element=40))
    scanner.watch = frozenset()
    return [scanner.feed(message) for message in messages], scanner.fault


class MessagesTests(SynchronousTestCase):
    """RFC 7395 section 3.3."""

    def test_elements(self) -> None:
        """
        Each message is an element; a declaration of XML and blanks around it are left out, and pings of
        nothing but blanks.
        """
        self.assertEqual(
            said(b"<a/>", b" ", b"", b"<?xml version='1.0'?>\n<b>\xc3\xa4</b>\n", b"<c x='>'/>"),
            ([b"<a/>", None, None, b"<b>\xc3\xa4</b>", b"<c x='>'/>"], None),
        )

    def test_counts(self) -> None:
        """
        Messages are counted by what they are, in the namespace that the backend reads them in.
        """
        scanner = Messages(Limits())
        for message in (
            b"<message/>",
            b"<iq/>",
            b"<message xmlns='urn:x'/>",
            b"<message xmlns='jabber:client'/>",
        ):
            scanner.feed(message)
        self.assertEqual(scanner.counts, [2, 0, 1, 1])

    def test_refused(self) -> None:
        """
        A message is one whole element, and stands alone: prefixes declared elsewhere are unknown in it.
        """
        for message, fault in (
            (b"<b/><c/>", Fault(4, "bad-format", "more than one element in a message", RULE)),
            (b"<b/></stream><c/>", Fault(4, "bad-format", "more than one element in a message", RULE)),
            (b"</stream>", Fault(4, "not-well-formed", "message that is no whole element", RULE)),
            (b"<b>", Fault(4, "not-well-formed", "message that is no whole element", RULE)),
            (b"<", Fault(4, "not-well-formed", "message that is no whole element", RULE)),
            (b"b", Fault(4, "bad-format", "message that does not begin with <", RULE)),
            (b" <b/>", Fault(4, "bad-format", "message that does not begin with <", RULE)),
            (b"<b/>c", Fault(8, "bad-format", "text outside of elements", "RFC 6120 section 11.3")),
            (b"<b/><!-- c -->", Fault(8, "restricted-xml", "a comment", "RFC 6120 section 11.1")),
            (
                b"<stream:error/>",
                Fault(4, "not-well-formed", "no well-formed XML: unbound prefix", "RFC 6120 section 11.3"),
            ),
            (
                b"<?xml version='1.0' encoding='latin-1'?><b/>",
                Fault(4, "unsupported-encoding", "an encoding other than UTF-8", "RFC 6120 section 11.6"),
            ),
            (
                b"<b>" + b"x" * 40 + b"</b>",
                Fault(4, "policy-violation", "element of more than 40 bytes", "a limit of the service"),
            ),
        ):
            self.assertEqual(said(b"<a/>", message, b"<d/>"), ([b"<a/>", None, None], fault), message)
