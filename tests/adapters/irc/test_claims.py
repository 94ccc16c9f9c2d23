"""Tests for L{kaazing.adapters.irc.claims}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.irc.claims import Claims
from kaazing.wire.irc import Line

GO_ON = Line("AUTHENTICATE", ("+",))
DONE = Line("903", ("ann", "SASL authentication successful"))
FAILED = Line("904", ("ann", "SASL authentication failed"))


class ClaimsTests(SynchronousTestCase):
    """IRCv3 SASL 3.1."""

    def test_success(self) -> None:
        """
        Whoever the client says it is, it is told that it is the gateway's account.
        """
        claims = Claims()
        claims.account = Line("900", ("*", "*!*@*", "gw", "You are now logged in as gw"))
        self.assertEqual(claims.heard("plain", "ann"), [GO_ON])
        self.assertEqual(claims.heard("AGEAYg==", "ann"), [claims.account, DONE])
        self.assertEqual(Claims().heard("EXTERNAL", "ann"), [GO_ON])

    def test_chunks(self) -> None:
        """
        A message of four hundred bytes goes on; one of more is too long.
        """
        claims = Claims()
        self.assertEqual(claims.heard("PLAIN", "ann"), [GO_ON])
        self.assertEqual(claims.heard("A" * 400, "ann"), [])
        self.assertEqual(claims.heard("+", "ann"), [DONE])
        claims.heard("PLAIN", "ann")
        long = Line("905", ("ann", "SASL message too long"))
        self.assertEqual(claims.heard("A" * 401, "ann"), [long])

    def test_abort(self) -> None:
        """
        A star ends an attempt.
        """
        claims = Claims()
        claims.heard("PLAIN", "ann")
        self.assertEqual(claims.heard("*", "ann"), [Line("906", ("ann", "SASL authentication aborted"))])
        self.assertEqual(claims.heard("*", "ann"), [FAILED])

    def test_other_mechanisms(self) -> None:
        """
        A mechanism in which the client would want a proof of the server is not to be had.
        """
        known = Line("908", ("*", "PLAIN,EXTERNAL", "are available SASL mechanisms"))
        said = Claims().heard("SCRAM-SHA-256", "*")
        self.assertEqual(said, [known, Line("904", ("*", "SASL authentication failed"))])
