"""Tests for L{kaazing.adapters.stompjms.deliveries}: what an ACK settles."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.stompjms import deliveries
from kaazing.adapters.stompjms.deliveries import Subscription


def subscription(ack: str) -> Subscription:
    """Return one with three deliveries, 1 to 3, whose tags are a to c."""
    made = Subscription("0", 1, b"subscription:0\n", "", 0, ack)
    if made.open is not None:
        made.open.update({1: "a", 2: "b", 3: "c"})
    return made


class SubscriptionTests(SynchronousTestCase):
    def test_auto(self) -> None:
        """
        Where the client acknowledges nothing, nothing is open.
        """
        auto = subscription("auto")
        self.assertIs(auto.open, None)
        self.assertIs(auto.meant(1), None)
        self.assertFalse(auto.knows(1))

    def test_individual(self) -> None:
        """
        With client-individual, an ACK settles what it names.
        """
        one = subscription("client-individual")
        self.assertEqual(one.meant(2), [2])
        self.assertEqual((one.settle([2]), one.open), (("b",), {1: "a", 3: "c"}))
        self.assertIs(one.meant(2), None)

    def test_cumulative(self) -> None:
        """
        With client, an ACK settles all up to what it names, in order of delivery.
        """
        one = subscription("client")
        self.assertEqual(one.meant(2), [1, 2])
        self.assertEqual((one.settle([1, 2]), one.open), (("a", "b"), {3: "c"}))

    def test_taken(self) -> None:
        """
        What waits for a transaction is not settled by others, until that is aborted.
        """
        one = subscription("client")
        one.take([2])
        self.assertIs(one.meant(2), None)
        self.assertEqual(one.meant(3), [1, 3])
        one.take([1])
        one.give_back([2])
        self.assertEqual(one.meant(3), [2, 3])
        self.assertEqual((one.settle([1]), one.open), (("a",), {2: "b", 3: "c"}))

    def test_discard(self) -> None:
        """
        What was forgotten is still known, and settles nothing; what comes under the same name later does.
        """
        one = subscription("client")
        one.take([1])
        one.discard()
        self.assertEqual((one.open, one.meant(1), one.meant(3), one.meant(4)), ({}, [], [], None))
        self.assertTrue(one.knows(1))
        assert one.open is not None
        one.open[3] = "d"
        self.assertEqual(one.meant(3), [3])
        self.assertEqual(one.meant(1), [])

    def test_discard_again(self) -> None:
        """
        So many are known of lost connections, the latest, however often that happens.
        """
        self.patch(deliveries, "MOST_FORGOTTEN", 4)
        one = subscription("client")
        one.discard()
        assert one.open is not None
        one.open.update({4: "d", 5: "e"})
        one.discard()
        self.assertEqual([one.meant(key) for key in range(1, 7)], [None, [], [], [], [], None])
        one.discard()
        self.assertTrue(one.knows(5))
