"""Tests for L{kaazing.adapters.xmpp.features}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.xmpp import features
from kaazing.wire.xmpp_tree import parse
from tests.adapters.xmpp.dialogue import BIND, PLAIN, SASL, STARTTLS, alone
from tests.adapters.xmpp.dialogue import features as said

COMPRESSION = b"<compression xmlns='http://jabber.org/features/compress'><method>zlib</method></compression>"
MANAGEMENT = b"<sm xmlns='urn:xmpp:sm:3'/>"
LEGACY = b"<auth xmlns='http://jabber.org/features/iq-auth'/>"
REGISTER = b"<register xmlns='http://jabber.org/features/iq-register'/>"
SASL2 = b"<authentication xmlns='urn:xmpp:sasl:2'/>"
BINDING = b"<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'/>"
PLUS = b"<mechanism>SCRAM-SHA-1-PLUS</mechanism>"


def shown(*inside: bytes, injecting: bool = False, guarded: bool = False) -> bytes:
    """Return the features that a client sees of some."""
    wire = alone(said(*inside))
    return features.shown(wire, parse(wire), injecting=injecting, guarded=guarded)


class FeaturesTests(SynchronousTestCase):
    """RFC 6120 section 4.3.2."""

    def test_hidden(self) -> None:
        """
        What the gateway does itself or cannot check is cut out; all else stays as it was, blanks too.
        """
        self.assertEqual(
            shown(STARTTLS, b" ", PLAIN, COMPRESSION, BIND, LEGACY, REGISTER, BINDING, SASL2, MANAGEMENT),
            alone(said(b" ", PLAIN, BIND, REGISTER, SASL2, MANAGEMENT)),
        )

    def test_injecting(self) -> None:
        """
        Where the gateway logs in, two mechanisms are offered that need no truth, and no other way in.
        """
        both = b"<mechanism>PLAIN</mechanism><mechanism>ANONYMOUS</mechanism>"
        self.assertEqual(
            shown(PLAIN, REGISTER, SASL2, BIND, injecting=True),
            alone(said(b"<mechanisms %s>%s</mechanisms>" % (SASL, both), BIND)),
        )

    def test_guarded(self) -> None:
        """
        Where stanzas may be kept back they are not counted, and no way in goes around the policy.
        """
        self.assertEqual(shown(BIND, MANAGEMENT, SASL2, REGISTER, guarded=True), alone(said(BIND)))

    def test_channel_binding(self) -> None:
        """
        Mechanisms that bind to the channel cannot work through a gateway.
        """
        offered = PLAIN.replace(b"</mechanisms>", PLUS + b"</mechanisms>")
        self.assertEqual(shown(offered), alone(said(PLAIN)))

    def test_mechanisms(self) -> None:
        """
        The backend's mechanisms, none where it names none.
        """
        self.assertEqual(features.mechanisms(parse(alone(said(PLAIN)))), ["PLAIN"])
        self.assertEqual(features.mechanisms(parse(alone(said(BIND)))), [])
