"""Tests for L{kaazing.adapters.xmpp.permits}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.xmpp.permits import Permits, folded, refusal
from kaazing.wire import xmpp
from kaazing.wire.xmpp import Seen
from tests.adapters.xmpp.dialogue import policy


def permits(*allow: str, deny: tuple[str, ...] = ()) -> Permits:
    """Return the permits of a policy."""
    return Permits(policy(*allow, deny=deny))


def stanza(name: str, to: str | None = None, *children: str, type: str | None = None) -> Seen:
    """Return a stanza."""
    given = {"to": to, "type": type}
    pairs = [word for key, value in given.items() if value is not None for word in (key, value)]
    return Seen(0, b"", name, pairs, children)


class PermitsTests(SynchronousTestCase):
    """Names of operations: whom a stanza is for, and the namespaces in it."""

    def test_free(self) -> None:
        """
        Nothing is looked at where all is allowed.
        """
        self.assertEqual(Permits(None).watch, frozenset())
        self.assertEqual(permits("*").watch, frozenset())
        self.assertEqual(permits("presence,iq,namespace", "message a@x").watch, {xmpp.MESSAGE})
        self.assertEqual(permits("message,presence,iq").watch, {xmpp.MESSAGE, xmpp.PRESENCE, xmpp.IQ})

    def test_names_that_are_one(self) -> None:
        """
        What servers take for the same address is the same (RFC 3491): a denied one has no second name.
        """
        for written in ("Boss@X", "\uff42oss@x", "bo\u00adss@x", "boss@x.", "boss@x\u3002", "BOSS@x/desk"):
            asked = permits("message", "namespace", deny=("message boss@x",))
            self.assertFalse(asked.allows(stanza(xmpp.MESSAGE, written)), written)
            self.assertTrue(asked.allows(stanza(xmpp.MESSAGE, "other@x")))
        self.assertEqual(folded("Straße@X"), "strasse@x")

    def test_own_account(self) -> None:
        """
        A stanza without an address has the name "@".
        """
        asked = permits("iq @", "iq conference.x", "namespace")
        self.assertTrue(asked.allows(stanza(xmpp.IQ, None, "jabber:iq:roster query")))
        self.assertTrue(asked.allows(stanza(xmpp.IQ, "conference.x")))
        self.assertFalse(asked.allows(stanza(xmpp.IQ, "x")))
        self.assertFalse(permits("iq x").allows(stanza(xmpp.IQ, None, "jabber:iq:roster query")))

    def test_binding(self) -> None:
        """
        The binding of a resource always passes, alone and at the own server.
        """
        bind = "urn:ietf:params:xml:ns:xmpp-bind bind"
        self.assertTrue(permits("message").allows(stanza(xmpp.IQ, None, bind)))
        self.assertFalse(permits("message").allows(stanza(xmpp.IQ, None, bind, bind)))
        self.assertFalse(permits("message").allows(stanza(xmpp.IQ, "x", bind)))

    def test_namespaces(self) -> None:
        """
        All that is in a stanza must be allowed, but for what is of messages themselves.
        """
        asked = permits("message", "namespace urn:a*")
        body = "jabber:client body"
        self.assertTrue(asked.allows(stanza(xmpp.MESSAGE, "a@x", body, "urn:a x")))
        self.assertFalse(asked.allows(stanza(xmpp.MESSAGE, "a@x", body, "urn:a x", "urn:b x")))
        self.assertFalse(asked.allows(stanza(xmpp.MESSAGE, "a@x", "x")))

    def test_answers(self) -> None:
        """
        Who asks is answered; errors and results never are (RFC 6120 section 8.3.1).
        """
        for name, type, answered in (
            (xmpp.IQ, "get", True),
            (xmpp.IQ, "result", False),
            (xmpp.MESSAGE, None, True),
            (xmpp.MESSAGE, "error", False),
            (xmpp.PRESENCE, None, True),
            (xmpp.PRESENCE, "unavailable", False),
        ):
            self.assertEqual(refusal(stanza(name, "x", type=type)) is not None, answered, (name, type))
