"""Tests for L{kaazing.adapters.stompjms.faults}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.stompjms.faults import Broken, Denied, Unserved, shown


class FaultTests(SynchronousTestCase):
    def test_words(self) -> None:
        """
        A fault says what and by which section; a refusal by the policy names the operation only.
        """
        broken = Broken("ack is none of auto, client", "SUBSCRIBE ack Header")
        self.assertEqual(str(broken), "ack is none of auto, client (SUBSCRIBE ack Header)")
        denied = Denied("send")
        self.assertIsInstance(denied, Unserved)
        self.assertEqual((str(denied), denied.operation), ("not allowed to send to this destination", "send"))

    def test_shown(self) -> None:
        """
        A client's own words are escaped and cut short.
        """
        self.assertEqual(shown("a\nb\u20ac"), r"'a\nb\u20ac'")
        self.assertEqual(shown("x" * 90), f"'{'x' * 40}'")
