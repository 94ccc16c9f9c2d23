"""One connection to RabbitMQ, logged in; tests.integration.test_jms_amqp and
test_jms_amqp_connections have the rest, with a real one."""

from __future__ import annotations

from typing import Any

from pika import spec
from zope.interface.verify import verifyObject

from kaazing.brokers.amqp.kind import AmqpType
from kaazing.brokers.amqp.link import Link
from kaazing.config.model import Uri
from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.brokers import Domain, IBrokerLink, Wish, Work
from tests.brokers.amqp.far import FarTestCase
from tests.brokers.listening import Listener, queue, text, topic

LOST = "the connection to the broker is lost"


class LinkTests(FarTestCase):
    def setUp(self) -> None:
        """There is a link."""
        super().setUp()
        uri = Uri(scheme="amqp", host="broker.example", port=5672)
        connecting = AmqpType().connect(uri, None, self.post())
        self.far.turn()
        self.link: Link = self.successResultOf(connecting)
        self.far.taken()

    def test_promises(self) -> None:
        """
        It keeps its promises, and knows the broker's name.
        """
        verifyObject(IBrokerLink, self.link)
        self.assertEqual(self.link.peer, "Far 1")

    def test_order(self) -> None:
        """
        Messages to a queue go out in order, the first ones when the queue is there; topics do not wait.
        """
        for body in "ab":
            self.link.publish(text(queue("q"), body))
        self.link.publish(text(topic("t"), "c"))
        self.said(
            *("1 Queue.Declare q durable", "3 Basic.Publish amq.topic t c"),
            *("2 Basic.Publish q mandatory a", "2 Basic.Publish q mandatory b"),
        )
        self.link.publish(text(queue("q"), "d"))
        self.said("2 Basic.Publish q mandatory d")
        self.assertEqual(len({properties.message_id for _, properties, _ in self.far.sent}), 4)

    def test_refused_here(self) -> None:
        """
        What cannot be sent is refused before the broker is asked.
        """
        why = "messages are sent to a destination, not to a pattern of some"
        bad = text(topic("a.*"), "x")
        self.fails(self.link.publish(bad), BrokerRefused, why)
        self.fails(self.link.perform(Work(sends=[text(queue("q"), "y"), bad])), BrokerRefused, why)
        self.said()

    def test_work(self) -> None:
        """
        The messages of a transaction are committed, then its deliveries accepted.
        """
        listener = Listener()
        subscription = self.link.subscribe(Wish(destination=queue("in"), prefetch=5), listener)
        self.clock.advance(0)
        self.far.turn()
        for number in (1, 2):
            self.far.deliver(4, subscription.tag, number, b"x")
        self.far.turn()
        self.far.taken()
        accepted = [(subscription, tag) for tag in listener.tags]
        self.far.mute.add("Tx.Commit")
        done = self.link.perform(Work(sends=[text(queue("out"), "y")], accepted=accepted))
        self.said(
            *("1 Queue.Declare out durable", "5 Tx.Select", "5 Basic.Publish out mandatory y", "5 Tx.Commit")
        )
        self.assertNoResult(done)
        self.far.tell(5, spec.Tx.CommitOk())
        self.said("4 Basic.Ack 2-")
        self.successResultOf(done)
        why = "a delivery of the transaction came over a connection that is lost"
        self.fails(self.link.perform(Work(accepted=accepted)), BrokerLost, why)

    def test_work_to_no_queue(self) -> None:
        """
        A transaction to a queue that is refused is refused, with its sentence.
        """
        self.far.no["Queue.Declare q durable"] = 541, "INTERNAL_ERROR"
        done = self.link.perform(Work(sends=[text(queue("q"), "x"), text(queue("r"), "x")]))
        self.far.turn()
        self.fails(done, BrokerRefused, "the broker refuses queue q")

    def test_room(self) -> None:
        """
        Who was told that there is no room is told when there is some again; nobody else.
        """
        for asked in (False, True):
            self.told.clear()
            self.far.tell(0, spec.Connection.Blocked("low on memory"))
            self.far.turn()
            if asked:
                self.assertFalse(self.link.room())
            self.far.tell(0, spec.Connection.Unblocked())
            self.far.turn()
            self.assertEqual([each for each in self.told if each == "drained"], ["drained"] * asked)

    def test_temporary(self) -> None:
        """
        Temporary destinations have names that nobody can guess; a queue is removed when it is discarded.
        """
        made: list[Any] = [self.link.temporary(each) for each in (Domain.TEMP_QUEUE, Domain.TEMP_TOPIC)]
        self.far.turn()
        first, second = self.succeed(made)
        self.said(f"1 Queue.Declare {first.name} exclusive")
        self.link.discard(second)
        self.link.discard(first)
        self.said(f"1 Queue.Delete {first.name}")
        forgotten = self.link.forget(topic("a"), "ann")
        self.said("1 Queue.Delete kaazing.durable.ann")
        self.successResultOf(forgotten)

    def test_lost(self) -> None:
        """
        A link is lost once, and what is asked of it then fails.
        """
        self.far.cut()
        self.assertEqual(self.told[-1], ("lost", LOST))
        self.link.discard(self.successResultOf(self.link.temporary(Domain.TEMP_TOPIC)))
        for asked in (
            self.link.publish(text(queue("q"), "x")),
            self.link.publish(text(topic("t"), "x")),
            self.link.perform(Work(sends=[text(topic("t"), "x")])),
            self.link.perform(Work()),
            self.link.temporary(Domain.TEMP_QUEUE),
            self.link.forget(topic("a"), "ann"),
        ):
            self.fails(asked, BrokerLost, LOST)
        self.successResultOf(self.link.close())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_close(self) -> None:
        """
        A link that is closed is not lost; a broker that does not answer is not waited for long.
        """
        for silent in (False, True):
            self.setUp()
            self.far.mute |= {"Channel.Close"} if silent else set()
            closed = self.link.close()
            self.far.turn()
            if silent:
                self.assertNoResult(closed)
                self.clock.advance(5)
                self.far.turn()
            self.successResultOf(closed)
            self.assertEqual((self.told, self.clock.getDelayedCalls()), ([], []))
