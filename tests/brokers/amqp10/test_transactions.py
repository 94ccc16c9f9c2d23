"""Transactions at the broker's coordinator."""

from __future__ import annotations

from typing import Any

from proton import Condition, Delivery, Described, Message, ulong
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.brokers import Outcome, Wish, Work
from tests.brokers.amqp10.peer import DECLARE, DECLARED, TRANSACTIONAL, Linked, Peer
from tests.brokers.listening import queue, text

DISCHARGE = 0x32
WHERE = queue("orders")


class TransactionTests(SynchronousTestCase):
    """With proton's engine at the other end."""

    def setUp(self) -> None:
        """A link is up, and two messages are out."""
        self.peer = Peer()
        self.linked = Linked(self.peer)
        self.subscription, self.listener = self.linked.listen(Wish(destination=WHERE, prefetch=9))
        for body in "12":
            self.peer.deliver(self.peer.only, Message(body=body))
        self.peer.talk()

    def perform(self, *bodies: str, tags: Any = None) -> list[Any]:
        """Do a transaction; return what becomes of it."""
        tags = self.listener.tags if tags is None else tags
        sends = [text(queue("done"), body) for body in bodies]
        work = Work(sends=sends, accepted=[(self.subscription, tag) for tag in tags])
        return self.linked.became(self.linked.link.perform(work))

    def asked(self) -> list[Any]:
        """Return what the coordinator was told, as (descriptor, fields)."""
        told: list[Any] = [each.body for address, each in self.peer.received if address == "coordinator"]
        return [(int(each.descriptor), list(each.value)) for each in told]

    def test_all(self) -> None:
        """
        Declared; messages and deliveries named as its; discharged.
        """
        self.assertEqual(self.perform("a", "b"), ["taken"])
        self.assertEqual(self.asked(), [(DECLARE, [None]), (DISCHARGE, [b"tx", False])])
        states = [int(each.remote_state) for each in self.peer.deliveries]
        self.assertEqual(states, [0, TRANSACTIONAL, TRANSACTIONAL, 0])
        self.assertEqual(self.peer.settled, [("1", TRANSACTIONAL, True), ("2", TRANSACTIONAL, True)])
        self.assertEqual(self.peer.links["kaazing-from-1"].credit, 9)

    def test_one_link(self) -> None:
        """
        All transactions are declared on one link.
        """
        self.assertEqual([self.perform("a", tags=[]), self.perform("b", tags=[])], [["taken"], ["taken"]])
        self.assertEqual([each for each in self.peer.links if "transactions" in each], ["transactions-1"])

    def test_not_taken(self) -> None:
        """
        A message that is not taken undoes all: no delivery was touched, and the client may settle them.
        """
        self.peer.outcome = int(Delivery.REJECTED)
        said = self.perform("a")
        self.assertEqual(
            said, [BrokerRefused, "/queue/done does not take the message: an error of the broker"]
        )
        self.assertEqual(self.asked(), [(DECLARE, [None]), (DISCHARGE, [b"tx", True])])
        self.assertEqual(self.peer.settled, [])
        self.subscription.settle(self.listener.tags, Outcome.ACCEPTED)
        self.peer.talk()
        self.assertEqual(len(self.peer.settled), 2)

    def test_none_there(self) -> None:
        """
        A broker without transactions refuses the first, and is asked again at the next.
        """
        self.peer.refusing["coordinator"] = Condition("amqp:not-implemented", "no transactions")
        why = "the transaction: the broker has refused it: the broker has no such thing"
        self.assertEqual([self.perform("a"), self.perform("a")], [[BrokerRefused, why]] * 2)
        self.assertEqual(self.peer.received, [])

    def test_without_name(self) -> None:
        """
        A transaction whose name the broker does not say cannot be.
        """
        self.peer.outcome = None
        said = self.perform("a")
        self.peer.answer(self.peer.deliveries[0], int(Delivery.ACCEPTED))
        self.peer.talk()
        self.assertEqual(said, [BrokerRefused, "the broker has begun a transaction without a name"])

    def test_stale(self) -> None:
        """
        A delivery that is not out any more makes it fail before anything is done.
        """
        self.subscription.settle(self.listener.tags[:1], Outcome.ACCEPTED)
        why = "a message of the transaction is not out any more"
        self.assertEqual((self.perform("a"), self.peer.received), ([BrokerRefused, why], []))

    def test_gone_meanwhile(self) -> None:
        """
        A client that goes while its messages are under way: nothing is done, and the broker knows.
        """
        self.peer.outcome = None
        said = self.perform("a")
        self.peer.answer(self.peer.deliveries[0], DECLARED, [b"tx"])
        self.peer.talk()
        self.subscription.close()
        self.peer.outcome = int(Delivery.ACCEPTED)
        self.peer.answer(self.peer.deliveries[1], TRANSACTIONAL, [b"tx", Described(ulong(0x24), [])])
        self.peer.talk()
        self.assertEqual(said, [BrokerRefused, "a message of the transaction is not out any more"])
        self.assertEqual(self.asked(), [(DECLARE, [None]), (DISCHARGE, [b"tx", True])])

    def test_error_of_the_broker(self) -> None:
        """
        Where nobody knows what became of a message, all is undone too.
        """
        self.peer.outcome = None
        said = self.perform("a")
        self.peer.answer(self.peer.deliveries[0], DECLARED, [b"tx"])
        self.peer.talk()
        self.peer.outcome = int(Delivery.ACCEPTED)
        self.peer.hang_up("kaazing-to-2", Condition("amqp:internal-error"))
        self.peer.talk()
        self.assertEqual(said, [BrokerLost, "/queue/done: the broker has refused it: an error of the broker"])
        self.assertEqual(self.asked(), [(DECLARE, [None]), (DISCHARGE, [b"tx", True])])

    def test_lost(self) -> None:
        """
        A connection that is lost in the middle: nobody knows.
        """
        self.peer.outcome = None
        said = self.perform("a")
        self.peer.channel.receiver.lost(None)
        why = "the transaction: the broker has closed the connection"
        self.assertEqual(said, [BrokerLost, why])
