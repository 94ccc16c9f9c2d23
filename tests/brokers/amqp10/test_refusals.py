"""What clients are told of a broker's errors."""

from __future__ import annotations

from proton import Condition
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.amqp10.refusals import error_of, words_of
from kaazing.errors import BrokerLost, BrokerRefused


class RefusalTests(SynchronousTestCase):
    """Conditions of AMQP 1.0."""

    def test_sentences(self) -> None:
        """
        Some say no for good; after all others it may be better later. The broker's words are not in them.
        """
        known = (
            (Condition("amqp:unauthorized-access", "alice may not"), BrokerRefused, "x: it is not allowed"),
            (Condition("amqp:internal-error", "alice"), BrokerLost, "x: an error of the broker"),
            (None, BrokerLost, "x: an error of the broker"),
        )
        for condition, of, said in known:
            made = error_of(condition, "x")
            self.assertEqual((type(made), str(made)), (of, said))

    def test_words(self) -> None:
        """
        They are a line of the log, not longer than it should be.
        """
        self.assertEqual(words_of(Condition("amqp:not-found", "no\r\nqueue.")), "amqp:not-found no  queue")
        self.assertEqual(words_of(Condition("a")), "a")
        self.assertEqual(len(words_of(Condition("a", "x" * 1000))), 300)
