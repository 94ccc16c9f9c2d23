"""Transactions of messages."""

from __future__ import annotations

from pika import BasicProperties, spec
from twisted.internet.defer import Deferred

from kaazing.brokers.amqp import transactions
from kaazing.brokers.amqp.publishing import outgoing
from kaazing.brokers.amqp.transactions import Transactions
from kaazing.errors import BrokerLost, BrokerRefused
from tests.brokers.amqp.far import FarTestCase
from tests.brokers.listening import queue, text


class TransactionsTests(FarTestCase):
    def setUp(self) -> None:
        """There is a connection."""
        super().setUp()
        self.transactions = Transactions(self.connection(), self.told.append)

    def commit(self, *bodies: str) -> Deferred[None]:
        """Send messages to a queue."""
        return self.transactions.commit([outgoing(text(queue("q"), each), "e", "m", 0) for each in bodies])

    def test_one_after_another(self) -> None:
        """
        Transactions share a channel, one after another.
        """
        one, two = self.commit("a", "b"), self.commit("c")
        self.said(
            "1 Tx.Select",
            *("1 Basic.Publish q mandatory a", "1 Basic.Publish q mandatory b", "1 Tx.Commit"),
            *("1 Basic.Publish q mandatory c", "1 Tx.Commit"),
        )
        self.succeed([one, two])

    def test_refused(self) -> None:
        """
        One that is refused is refused as a whole; the next has a channel again.
        """
        self.far.no["Tx.Commit"] = 403, "ACCESS_REFUSED"
        one = self.commit("a")
        self.far.turn()
        self.fails(one, BrokerRefused, "the broker gives no access to a message of the transaction")
        self.far.no.clear()
        self.far.taken()
        two = self.commit("b")
        self.said("1 Tx.Select", "1 Basic.Publish q mandatory b", "1 Tx.Commit")
        self.successResultOf(two)
        self.assertEqual(self.told, ["a message of the transaction: 403 ACCESS_REFUSED"])

    def test_returned(self) -> None:
        """
        Where a message reaches no queue, it is said that the others were sent.
        """
        self.far.mute.add("Tx.Commit")
        one = self.commit("a")
        self.far.turn()
        self.far.tell(1, spec.Basic.Return(312, "NO_ROUTE", "", "q"), BasicProperties(), b"a")
        self.far.tell(1, spec.Tx.CommitOk())
        self.far.turn()
        self.fails(one, BrokerRefused, "there is no queue q; the transaction was done without it")

    def test_lost(self) -> None:
        """
        What waits when the connection is lost fails with that.
        """
        self.far.mute.add("Tx.Commit")
        waiting = [self.commit("a"), self.commit("b")]
        self.far.turn()
        self.far.cut()
        for each in waiting:
            self.fails(each, BrokerLost, "the connection to the broker is lost")

    def test_bound(self) -> None:
        """
        Only so many wait for their turn.
        """
        self.patch(transactions, "MOST", 1)
        waiting = [self.commit("a"), self.commit("b"), self.commit("c")]
        self.fails(waiting[2], BrokerLost, "too many transactions wait for the broker")
        self.far.turn()
        self.succeed(waiting[:2])
