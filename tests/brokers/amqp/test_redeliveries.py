"""How often messages without an id were given back."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.amqp import redeliveries
from kaazing.brokers.amqp.redeliveries import Redeliveries, digest


class RedeliveriesTests(SynchronousTestCase):
    def test_counted(self) -> None:
        """
        Each time that a message was given back counts, until somebody has taken it.
        """
        counts, known_by = Redeliveries(), digest("q", b"", b"x")
        self.assertEqual(counts.deliveries(known_by), 0)
        counts.released(known_by)
        counts.released(known_by)
        self.assertEqual(counts.deliveries(known_by), 3)
        counts.settled(known_by)
        self.assertEqual(counts.deliveries(known_by), 0)

    def test_told_apart(self) -> None:
        """
        Messages are told apart by queue, properties and body.
        """
        table = (
            ("q", b"p", b"b"),
            ("q", b"pb", b""),
            ("r", b"p", b"b"),
            ("q", b"", b"pb"),
            ("q\0", b"p", b"b"),
        )
        self.assertEqual(len({digest(*each) for each in table}), len(table))

    def test_bound(self) -> None:
        """
        Those given back longest ago are forgotten.
        """
        self.patch(redeliveries, "MOST", 2)
        counts = Redeliveries()
        for each in (b"a", b"b", b"a", b"c"):
            counts.released(each)
        self.assertEqual([counts.deliveries(each) for each in (b"a", b"b", b"c")], [3, 0, 2])
