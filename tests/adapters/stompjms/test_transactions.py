"""Tests for L{kaazing.adapters.stompjms.transactions}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.stompjms.transactions import COST, Transaction
from kaazing.interfaces.brokers import Outcome
from kaazing.interfaces.servers import Commit, Settle
from tests.adapters.stompjms.dialogue import NEWS
from tests.adapters.stompjms.test_deliveries import subscription


class TransactionTests(SynchronousTestCase):
    def test_commit(self) -> None:
        """
        All that was sent and settled becomes one request, in order; nothing of it is open any more.
        """
        one, transaction = subscription("client"), Transaction()
        transaction.send(NEWS, 30)
        transaction.settle(one, [1, 2], Outcome.ACCEPTED)
        transaction.settle(one, [3], Outcome.RELEASED)
        self.assertEqual(len(one.open or ()), 3)
        self.assertEqual(
            transaction.commit("r"),
            Commit(
                sends=[NEWS],
                settles=[
                    Settle(id="0", tags=("a", "b"), outcome=Outcome.ACCEPTED),
                    Settle(id="0", tags=("c",), outcome=Outcome.RELEASED),
                ],
                receipt="r",
            ),
        )
        self.assertEqual(one.open, {})

    def test_abort(self) -> None:
        """
        What was settled in it is to be settled again, in the same order.
        """
        one, transaction = subscription("client"), Transaction()
        transaction.settle(one, [1, 2], Outcome.ACCEPTED)
        self.assertEqual(one.meant(3), [3])
        transaction.abort()
        self.assertEqual(one.meant(3), [1, 2, 3])

    def test_lost(self) -> None:
        """
        Once something that was settled in it is lost, it cannot be committed; other losses are no matter.
        """
        one, other, transaction = subscription("client"), subscription("client"), Transaction()
        transaction.settle(one, [1], Outcome.ACCEPTED)
        transaction.lose(other, "why not")
        self.assertEqual(transaction.broken, "")
        one.discard()
        transaction.lose(one, "lost")
        transaction.lose(one, "again")
        self.assertEqual(transaction.broken, "lost")
        transaction.abort()
        self.assertEqual(one.meant(1), [])

    def test_size(self) -> None:
        """
        It counts the bytes of its frames, and some for each frame and delivery.
        """
        transaction = Transaction()
        transaction.send(NEWS, 30)
        transaction.settle(subscription("client"), [1, 2], Outcome.ACCEPTED)
        self.assertEqual(transaction.size, COST + (30 + COST) + 3 * COST)
