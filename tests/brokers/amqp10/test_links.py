"""Links towards the broker: messages, temporary nodes, and durable subscriptions that are forgotten."""

from __future__ import annotations

from typing import Any

from proton import Condition, Delivery, Terminus
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.amqp10 import links
from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.brokers import Destination, Domain
from tests.brokers.amqp10.peer import RABBITMQ, Linked, Peer
from tests.brokers.listening import queue, text, topic

WHERE = queue("orders")


class OutgoingTests(SynchronousTestCase):
    """Messages, to proton's engine at the other end."""

    def setUp(self) -> None:
        """A link is up."""
        self.peer = Peer()
        self.linked = Linked(self.peer)

    def test_taken(self) -> None:
        """
        A message is taken when the broker says so, not before.
        """
        self.peer.outcome = None
        said = self.linked.publish(text(WHERE, "1"))
        self.assertEqual(said, [])
        self.peer.answer(self.peer.deliveries[0], int(Delivery.ACCEPTED))
        self.peer.talk()
        self.assertEqual((said, [each.body for _, each in self.peer.received]), (["taken"], ["1"]))

    def test_order(self) -> None:
        """
        Messages of one destination go on one link, in order, as there is credit.
        """
        self.peer.credit = 2
        outcomes = [self.linked.publish(text(WHERE, str(number))) for number in range(4)]
        self.assertEqual(outcomes, [["taken"], ["taken"], [], []])
        (link,) = self.peer.links.values()
        link.flow(10)
        self.peer.talk()
        self.assertEqual(outcomes, [["taken"]] * 4)
        self.assertEqual([each.body for _, each in self.peer.received], ["0", "1", "2", "3"])

    def test_lasting(self) -> None:
        """
        RabbitMQ makes queues that outlive it only when that is asked for; nobody asks for topics to.
        """
        for properties, where, asked in (
            (RABBITMQ, WHERE, Terminus.CONFIGURATION),
            (RABBITMQ, topic("t"), Terminus.NONDURABLE),
            ({}, WHERE, Terminus.NONDURABLE),
        ):
            peer = Peer(properties)
            self.assertEqual(Linked(peer).publish(text(where, "1")), ["taken"])
            self.assertEqual(peer.links[peer.only].remote_target.durability, asked, f"{properties} {where}")

    def test_not_taken(self) -> None:
        """
        Rejected, given back or to be tried again: each is a refusal of this message alone.
        """
        back = "/queue/orders does not take the message: the broker has given it back"
        no = "/queue/orders does not take the message: an error of the broker"
        for outcome, why in ((Delivery.REJECTED, no), (Delivery.RELEASED, back), (Delivery.MODIFIED, back)):
            self.peer.outcome = int(outcome)
            self.assertEqual(self.linked.publish(text(WHERE, "1")), [BrokerRefused, why])
        self.peer.outcome = int(Delivery.ACCEPTED)
        self.assertEqual(self.linked.publish(text(WHERE, "2")), ["taken"])

    def test_nobody_there(self) -> None:
        """
        A topic without subscribers takes messages, also where the broker gives them back.
        """
        self.peer.outcome = int(Delivery.RELEASED)
        self.assertEqual(self.linked.publish(text(topic("news"), "1")), ["taken"])

    def test_refused(self) -> None:
        """
        A destination that nobody may send to, or that something is wrong with for now.
        """
        self.peer.refusing["orders"] = Condition("amqp:not-found", "no such queue")
        refused = "/queue/orders: the broker has refused it: it is not there"
        self.assertEqual(self.linked.publish(text(WHERE, "1")), [BrokerRefused, refused])
        self.peer.refusing["orders"] = Condition("amqp:internal-error")
        lost = "/queue/orders: the broker has refused it: an error of the broker"
        self.assertEqual(self.linked.publish(text(WHERE, "1")), [BrokerLost, lost])
        self.peer.refusing.clear()
        self.assertEqual(self.linked.publish(text(WHERE, "1")), ["taken"])

    def test_closed_by_the_broker(self) -> None:
        """
        What is on its way on a link that the broker closes is lost: nobody knows whether it was taken. The
        next message goes on another.
        """
        self.peer.outcome = None
        said = self.linked.publish(text(WHERE, "1"))
        self.peer.hang_up(self.peer.only)
        self.peer.talk()
        why = "/queue/orders: the broker has closed the link to /queue/orders"
        self.assertEqual(said, [BrokerLost, why])
        self.peer.outcome = int(Delivery.ACCEPTED)
        self.assertEqual(self.linked.publish(text(WHERE, "2")), ["taken"])


class TemporaryTests(SynchronousTestCase):
    """Temporary nodes."""

    def setUp(self) -> None:
        """A link is up."""
        self.peer = Peer()
        self.linked = Linked(self.peer)

    def made(self, domain: Domain = Domain.TEMP_QUEUE) -> list[Any]:
        """Ask for a temporary destination; return what becomes of it."""
        return self.linked.became(self.linked.link.temporary(domain))

    def test_lifetime(self) -> None:
        """
        Each has its link, and is gone with it.
        """
        (one,), (two,) = self.made(), self.made(Domain.TEMP_TOPIC)
        self.assertEqual(one, Destination(Domain.TEMP_QUEUE, "made-1"))
        self.assertEqual(two, Destination(Domain.TEMP_TOPIC, "made-2"))
        target = next(iter(self.peer.links.values())).remote_target
        target.properties.rewind()
        target.properties.next()
        self.assertEqual(target.properties.get_object()["lifetime-policy"].descriptor, 0x2B)
        self.linked.link.discard(one)
        self.linked.link.discard(one)
        self.peer.talk()
        self.assertEqual((len(self.peer.links), len(self.peer.closed)), (1, 1))

    def test_refused(self) -> None:
        """
        A broker that makes none says so.
        """
        self.peer.refusing[""] = Condition("amqp:not-implemented", "no such thing")
        why = "a new /temp-queue: the broker has refused it: the broker has no such thing"
        self.assertEqual(self.made(), [BrokerRefused, why])

    def test_name_too_long(self) -> None:
        """
        A name that no client could be told is none.
        """
        self.patch(links, "MAX_ADDRESS", 5)
        why = "a new /temp-queue: the broker has made none with a name"
        self.assertEqual(self.made(), [BrokerRefused, why])
        self.assertEqual(len(self.peer.closed), 1)

    def test_closed_by_the_broker(self) -> None:
        """
        One that the broker removes is gone; to discard it then changes nothing.
        """
        (one,) = self.made()
        self.peer.hang_up(self.peer.only)
        self.peer.talk()
        self.linked.link.discard(one)
        self.peer.talk()
        self.assertEqual(self.linked.told, [])


class ForgettingTests(SynchronousTestCase):
    """Durable subscriptions that nobody has open."""

    def setUp(self) -> None:
        """A link is up."""
        self.peer = Peer()
        self.linked = Linked(self.peer)

    def test_found(self) -> None:
        """
        The link with its name, and no source, is closed and not only detached.
        """
        self.peer.durables = {"news": "a"}
        said = self.linked.became(self.linked.link.forget(topic("a"), "news"))
        self.assertEqual((said, self.peer.closed), (["taken"], [("news", False)]))

    def test_not_found(self) -> None:
        """
        One that is not there cannot be forgotten, whether the broker says why or only closes the link.
        """
        self.peer.refusing[""] = Condition("amqp:not-found", "not here")
        said = self.linked.became(self.linked.link.forget(topic("a"), "news"))
        why = "durable subscription 'news': the broker has refused it: it is not there"
        self.assertEqual(said, [BrokerRefused, why])

    def test_lost(self) -> None:
        """
        A connection that is lost meanwhile is better later.
        """
        done = self.linked.link.forget(topic("a"), "news")
        self.peer.channel.receiver.lost(None)
        self.assertEqual(self.linked.became(done)[0], BrokerLost)
