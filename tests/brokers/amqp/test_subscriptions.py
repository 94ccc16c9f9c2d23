"""One subscription."""

from __future__ import annotations

from typing import Any

from pika import BasicProperties, spec
from zope.interface.verify import verifyObject

from kaazing.brokers.amqp import homes
from kaazing.brokers.amqp.declarations import Declarations, Rules
from kaazing.brokers.amqp.homes import Homes
from kaazing.brokers.amqp.redeliveries import Redeliveries
from kaazing.brokers.amqp.subscriptions import AGAIN, Around, Subscription
from kaazing.errors import BrokerLost
from kaazing.interfaces.brokers import Destination, Domain, IBrokerSubscription, Outcome, Wish
from tests.brokers.amqp.far import FarTestCase
from tests.brokers.listening import Listener, queue, topic

WISH = Wish(destination=queue("q"), prefetch=5)


class SubscriptionTests(FarTestCase):
    def setUp(self) -> None:
        """There is a connection."""
        super().setUp()
        connection = self.connection()
        declarations = Declarations(connection.open, Rules(), self.told.append)
        redeliveries = Redeliveries()
        self.around = Around(
            connection, declarations, Homes(connection), redeliveries, self.clock, self.told.append
        )
        self.listener = Listener()

    def subscribe(self, wish: Wish = WISH, listener: Any = None) -> Subscription:
        """Return a subscription that was asked for."""
        made = Subscription(wish, listener or self.listener, self.around)
        self.clock.advance(0)
        self.far.turn()
        return made

    def deliver(self, made: Subscription, *numbers: int, channel: int = 2, **more: Any) -> None:
        """Deliver messages, whose bodies are their numbers."""
        for number in numbers:
            self.far.deliver(channel, made.tag, number, str(number).encode(), **more)
        self.far.turn()

    def test_life(self) -> None:
        """
        A queue is declared and consumed; deliveries are settled; at the end the rest goes back.
        """
        made = Subscription(WISH, self.listener, self.around)
        verifyObject(IBrokerSubscription, made)
        self.assertEqual(self.far.taken(), [])
        self.said("1 Queue.Declare q durable", "2 Basic.Qos 5", "2 Basic.Consume q")
        self.deliver(made, 1, 2, 3)
        self.assertEqual(self.listener.taken(), ["ready", "1", "2", "3"])
        made.settle(self.listener.tags[1:2], Outcome.ACCEPTED)
        self.assertEqual([made.holds([tag]) for tag in self.listener.tags], [True, False, True])
        closed = made.close()
        self.said("2 Basic.Ack 2", "2 Basic.Cancel nowait", "2 Channel.Close Normal shutdown")
        self.successResultOf(closed)
        self.assertEqual(self.listener.taken(), [])

    def test_settled(self) -> None:
        """
        Each outcome has its method; the oldest ones are settled together, others one by one, none twice.
        """
        made = self.subscribe()
        self.deliver(made, *range(1, 10))
        self.far.taken()
        tags = self.listener.tags
        made.settle(tags[:3], Outcome.ACCEPTED)
        made.settle([tags[5], tags[4]], Outcome.RELEASED)
        made.settle(tags[3:5], Outcome.REJECTED)
        made.settle([tags[6], tags[7], tags[6]], Outcome.RELEASED)
        made.settle([*tags, None, 99], Outcome.ACCEPTED)
        made.settle(tags, Outcome.ACCEPTED)
        self.said(
            "2 Basic.Ack 3-",
            *("2 Basic.Nack 6 requeue", "2 Basic.Nack 5 requeue"),
            "2 Basic.Nack 4",
            "2 Basic.Nack 8- requeue",
            "2 Basic.Ack 9",
        )

    def test_automatic(self) -> None:
        """
        Where nobody settles, nothing is acknowledged; a topic's messages say which topic.
        """
        made = self.subscribe(Wish(destination=topic("a.*"), automatic=True))
        self.deliver(made, 1, routing_key="a.b")
        self.deliver(made, 2, routing_key=b"a.\xff")
        self.assertEqual(
            [(tag, message.destination) for tag, message in self.listener.out],
            [(None, topic("a.b")), (None, topic("a.�"))],
        )
        self.assertIn("2 Basic.Consume", self.far.said[-1])
        self.assertIn("no_ack", self.far.said[-1])

    def test_temporary(self) -> None:
        """
        Messages of a temporary destination are of that one.
        """
        for where in (Destination(Domain.TEMP_QUEUE, "t"), Destination(Domain.TEMP_TOPIC, "t")):
            self.setUp()
            made = self.subscribe(Wish(destination=where, automatic=True))
            number = 1 if where.domain is Domain.TEMP_QUEUE else 2
            self.deliver(made, 1, channel=number, routing_key="t")
            self.assertEqual([message.destination for _, message in self.listener.out], [where])

    def test_redelivered(self) -> None:
        """
        A message that comes again says so; one without an id gets one, and is counted by what it is.
        """
        made = self.subscribe()
        self.deliver(made, 1, redelivered=True)
        nameless = BasicProperties(type="t")
        for number in (2, 3, 4):
            again = number > 2
            self.far.deliver(2, made.tag, number, b"x", properties=nameless, redelivered=again)
            self.far.turn()
            made.settle(self.listener.tags[-1:], Outcome.RELEASED)
        messages = [message for _, message in self.listener.out]
        self.assertEqual([each.deliveries for each in messages], [0, 0, 2, 3])
        self.assertEqual([each.redelivered for each in messages], [True, False, True, True])
        self.assertEqual(len({each.message_id for each in messages}), 4)
        self.far.deliver(2, made.tag, 5, b"x", properties=nameless, redelivered=True)
        self.far.turn()
        made.settle(self.listener.tags[-1:], Outcome.ACCEPTED)
        self.far.deliver(2, made.tag, 6, b"x", properties=nameless, redelivered=True)
        self.far.turn()
        self.assertEqual(self.listener.out[-1][1].deliveries, 0)

    def test_refused(self) -> None:
        """
        What the broker refuses is refused, and asked for no more.
        """
        self.far.no["Basic.Consume q"] = 403, "ACCESS_REFUSED"
        made = self.subscribe()
        self.assertEqual(self.listener.taken(), [("refused", "the broker gives no access to queue q")])
        self.assertEqual(len(self.clock.getDelayedCalls()), 2)  # heart-beats
        self.successResultOf(made.close())

    def test_refused_later(self) -> None:
        """
        A refusal that needs no broker comes later, not inside of the call.
        """
        Subscription(Wish(destination=topic("a"), durable="n" * 300), self.listener, self.around)
        self.assertEqual(self.listener.said, [])
        self.clock.advance(0)
        self.assertEqual(
            self.listener.taken(),
            [("refused", "the name of a durable subscription has more than 222 bytes")],
        )

    def test_a_queue_that_is_gone_since(self) -> None:
        """
        A queue that was there, and is not any more, is declared again, once.
        """
        self.far.no["Basic.Consume q"] = 404, "NOT_FOUND"
        self.subscribe()
        self.assertEqual(self.listener.said, [])
        self.far.taken()
        self.clock.advance(AGAIN)
        self.said("1 Queue.Declare q durable", "2 Basic.Qos 5", "2 Basic.Consume q")
        self.assertEqual(self.listener.taken(), [("refused", "there is no queue q")])

    def test_made_anew(self) -> None:
        """
        Where its channel is closed, or its queue removed, it is made anew, and old tags mean nothing.
        """
        made = self.subscribe()
        self.deliver(made, 1)
        self.far.close(2, 406, "PRECONDITION_FAILED - delivery acknowledgement on channel 2 timed out")
        self.far.turn()
        self.assertEqual(self.listener.taken(), ["ready", "1"])
        self.clock.advance(AGAIN)
        self.far.turn()
        self.deliver(made, 1, redelivered=True)
        self.assertEqual(self.listener.taken(), ["ready", "1+"])
        self.far.taken()
        made.settle(self.listener.tags[:1], Outcome.ACCEPTED)
        self.said()
        made.settle(self.listener.tags[1:], Outcome.ACCEPTED)
        self.said("2 Basic.Ack 1")
        self.far.tell(2, spec.Basic.Cancel(consumer_tag=made.tag, nowait=True))
        self.said("2 Channel.Close Normal shutdown")
        self.clock.advance(AGAIN)
        self.said("1 Queue.Declare q durable", "2 Basic.Qos 5", "2 Basic.Consume q")
        self.assertEqual(self.listener.taken(), ["ready"])

    def test_closed_at_any_time(self) -> None:
        """
        However far it has come, it can be closed, and nothing is said or left behind.
        """
        for mute in (None, "Channel.Open", "Queue.Declare", "Basic.Consume"):
            self.setUp()
            self.far.mute.add(mute or "")
            made = Subscription(Wish(destination=topic("a")), self.listener, self.around)
            if mute:
                self.clock.advance(0)
                self.far.turn()
            closed = made.close()
            self.assertIs(made.close(), closed)
            self.far.mute.clear()
            if mute == "Channel.Open":
                self.far.tell(1, spec.Channel.OpenOk())
            elif mute == "Queue.Declare":
                name = self.far.said[-1].split()[2]
                self.far.tell(1, spec.Queue.DeclareOk(name, 0, 0))
            elif mute:
                self.far.tell(2, spec.Basic.ConsumeOk(made.tag))
            self.far.turn()
            self.successResultOf(closed)
            self.assertEqual(self.listener.said, [], mute)
            last = self.far.said[-1] if self.far.said else ""
            self.assertTrue(not mute or "Queue.Delete" in last or "Channel.Close" in last, self.far.said)

    def test_closed_while_waiting(self) -> None:
        """
        One that waits to be made anew can be closed.
        """
        made = self.subscribe()
        self.far.close(2, 541, "INTERNAL_ERROR")
        self.far.turn()
        self.successResultOf(made.close())
        self.assertEqual(len(self.clock.getDelayedCalls()), 2)  # heart-beats

    def test_lost(self) -> None:
        """
        With its connection it is over: nobody is told, and nothing is left to do.
        """
        made = self.subscribe()
        self.deliver(made, 1)
        self.far.cut()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertFalse(made.holds(self.listener.tags))
        made.settle(self.listener.tags, Outcome.ACCEPTED)
        self.successResultOf(made.close())
        self.assertEqual(self.listener.taken(), ["ready", "1"])

    def test_lost_while_closing(self) -> None:
        """
        Who closes while the connection goes is not kept waiting.
        """
        self.patch(homes, "MOST", 1)
        made, _ = self.subscribe(), self.subscribe(listener=Listener())
        self.far.mute.add("Basic.Qos")
        closed = made.close()
        self.far.turn()
        self.assertNoResult(closed)
        self.far.cut()
        self.successResultOf(closed)

    def test_forget(self) -> None:
        """
        A durable subscription stays when it is closed, and ends when it is to be forgotten.
        """
        wish = Wish(destination=topic("a"), durable="ann", prefetch=1)
        closed = self.subscribe(wish).close()
        self.far.turn()
        self.successResultOf(closed)
        self.assertNotIn("1 Queue.Delete kaazing.durable.ann", self.far.taken())
        closed = self.subscribe(wish).close(forget=True)
        self.far.turn()
        self.successResultOf(closed)
        self.assertEqual(self.far.said[-1], "1 Queue.Delete kaazing.durable.ann")
        made = self.subscribe(wish)
        self.far.cut()
        self.failureResultOf(made.close(forget=True), BrokerLost)

    def test_a_fault_of_one(self) -> None:
        """
        Where one consumer has a fault, the others hear no less.
        """
        made = self.subscribe()
        self.patch(self.listener, "delivered", lambda message, tag: 1 / 0)
        self.deliver(made, 1)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertTrue(self.far.open)
