"""Messages sent, and what the broker says of them."""

from __future__ import annotations

from typing import Any

from pika import BasicProperties, spec
from twisted.internet.defer import Deferred

from kaazing.brokers.amqp import publishing
from kaazing.brokers.amqp.publishing import Outgoing, Publisher, outgoing
from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.brokers import Message
from tests.brokers.amqp.far import FarTestCase
from tests.brokers.listening import queue, text, topic

LOST = "the connection to the broker is lost"


def made(message: Message, message_id: str = "m1") -> Outgoing:
    """Return what is sent of a message."""
    return outgoing(message, "amq.topic", message_id, 0)


class PublisherTests(FarTestCase):
    def setUp(self) -> None:
        """There is a publisher."""
        super().setUp()
        self.gone: list[str] = []
        self.link = self.connection()
        self.publisher = Publisher(
            self.link, self.clock, self.told.append, self.gone.append, lambda: self.told.append("roomy")
        )
        opened = self.publisher.open()
        self.said("1 Confirm.Select")
        self.successResultOf(opened)

    def publish(self, *bodies: str, to: Any = None) -> list[Deferred[None]]:
        """Send messages to a queue."""
        where = to or queue("q")
        return [self.publisher.publish(made(text(where, body), f"m{body}")) for body in bodies]

    def ack(self, number: int, multiple: bool = False, channel: int = 1) -> None:
        """Have the broker take messages."""
        self.far.tell(channel, spec.Basic.Ack(number, multiple))
        self.far.turn()

    def refuses(self, sent: list[Deferred[None]], error: type[Exception], why: str) -> None:
        """See that the one message that was sent is refused."""
        (one,) = sent
        self.fails(one, error, why)

    def test_confirmed(self) -> None:
        """
        Each message is done when the broker has said so, of itself or of all up to one.
        """
        sent = self.publish(*"abcd")
        self.said(*(f"1 Basic.Publish q mandatory {each}" for each in "abcd"))
        self.ack(3)
        self.assertEqual([each.called for each in sent], [False, False, True, False])
        self.ack(2, multiple=True)
        self.assertEqual([each.called for each in sent], [True, True, True, False])
        self.ack(99, multiple=True)
        self.succeed(sent)

    def test_topic(self) -> None:
        """
        A topic is a routing key of the exchange; nobody has to listen.
        """
        self.publish("a", to=topic("x.y"))
        self.said("1 Basic.Publish amq.topic x.y a")

    def test_returned(self) -> None:
        """
        A message that reaches no queue is refused, and that one only of several which are taken together.
        """
        sent = self.publish(*"abc")
        self.far.tell(1, spec.Basic.Return(312, "NO_ROUTE", "", "q"), BasicProperties(message_id="mb"), b"b")
        self.ack(3, multiple=True)
        self.successResultOf(sent[0])
        self.fails(sent[1], BrokerRefused, "there is no queue q")
        self.successResultOf(sent[2])
        self.assertEqual(self.gone, ["q"])

    def test_nacked(self) -> None:
        """
        A message for which a queue is too full is refused.
        """
        (sent,) = self.publish("a")
        self.far.tell(1, spec.Basic.Nack(1))
        self.far.turn()
        self.fails(sent, BrokerRefused, "the broker has no room for a message to queue q")

    def test_order_behind_a_declaration(self) -> None:
        """
        A message waits for its queue to be there, others do not; if there is none, it fails.
        """
        there, other = Deferred[None](), Deferred[None]()
        waits = self.publisher.publish(made(text(queue("new"), "a")), there)
        fails = self.publisher.publish(made(text(queue("none"), "b")), other)
        self.publish("c")
        self.said("1 Basic.Publish q mandatory c")
        there.callback(None)
        other.errback(BrokerRefused("there is no queue none"))
        self.said("1 Basic.Publish new mandatory a")
        self.fails(fails, BrokerRefused, "there is no queue none")
        self.ack(2)
        self.successResultOf(waits)

    def test_refused_topic(self) -> None:
        """
        Where the broker closes the channel for one topic, that is refused, for a minute without asking; what
        else was under way nobody knows of, and more is sent on a new channel.
        """
        bad, good = self.publish("a", to=topic("bad")), self.publish("b", to=topic("good"))
        reason = (
            "ACCESS_REFUSED - access to topic 'bad' in exchange 'amq.topic' in vhost '/' refused for user 'x'"
        )
        self.far.close(1, 403, reason)
        self.far.turn()
        self.fails(bad[0], BrokerRefused, "the broker gives no access to topic bad")
        self.fails(good[0], BrokerLost, "nobody knows whether the message to topic good was taken")
        self.assertEqual(self.told, [f"messages: 403 {reason}"])
        self.far.taken()
        self.refuses(
            self.publish("c", to=topic("bad")), BrokerRefused, "the broker gives no access to topic bad"
        )
        sent = self.publish("d", to=topic("good"))
        self.said("2 Basic.Publish amq.topic good d")
        self.ack(1, channel=2)
        self.succeed(sent)
        self.clock.advance(60)
        self.publish("e", to=topic("bad"))
        self.said("2 Basic.Publish amq.topic bad e")

    def test_too_long(self) -> None:
        """
        A message that is longer than the broker takes is refused, and from then on without asking.
        """
        long, short = self.publish("x" * 200, "y")
        self.far.close(1, 406, "message size 200 is larger than configured max size 100")
        self.far.turn()
        self.failureResultOf(long, BrokerRefused)
        self.failureResultOf(short, BrokerLost)
        self.refuses(
            self.publish("x" * 101), BrokerRefused, "the broker takes no message of more than 100 bytes"
        )

    def test_while_there_is_no_channel(self) -> None:
        """
        What is sent before a channel is there again waits for it.
        """
        self.far.close(1, 541, "INTERNAL_ERROR")
        self.far.mute.add("Confirm.Select")
        self.far.turn()
        sent = self.publish(*"ab")
        self.said("2 Confirm.Select")
        self.far.tell(2, spec.Confirm.SelectOk())
        self.said("2 Basic.Publish q mandatory a", "2 Basic.Publish q mandatory b")
        self.ack(2, multiple=True, channel=2)
        self.succeed(sent)

    def test_lost(self) -> None:
        """
        What nobody has confirmed when the connection is lost fails, sent or waiting, and what comes then.
        """
        there = Deferred[None]()
        waits = self.publisher.publish(made(text(queue("new"), "a")), there)
        (sent,) = self.publish("b")
        self.far.cut()
        there.callback(None)
        self.fails(waits, BrokerLost, LOST)
        self.fails(sent, BrokerLost, "nobody knows whether the message to queue q was taken")
        self.refuses(self.publish("c"), BrokerLost, LOST)

    def test_no_channel(self) -> None:
        """
        A connection on which nothing can be sent any more is given up.
        """
        self.far.close(1, 541, "INTERNAL_ERROR")
        self.patch(self.link, "open", lambda: self.failing())
        self.far.turn()
        self.assertFalse(self.far.open)

    def failing(self) -> Deferred[Any]:
        """Return a Deferred of a channel that is not to be had."""
        failed = Deferred[Any]()
        failed.errback(BrokerRefused("no more channels"))
        return failed

    def test_bounds(self) -> None:
        """
        There is no room from many messages or bytes on, until half of them are taken; too many are refused.
        """
        self.patch(publishing, "MANY", 4)
        self.patch(publishing, "MOST", 6)
        sent = self.publish(*"abcd")
        self.assertTrue(self.publisher.room())
        sent += self.publish(*"ef")
        self.assertFalse(self.publisher.room())
        self.refuses(self.publish("g"), BrokerLost, "too many messages wait for the broker")
        self.ack(3, multiple=True)
        self.assertEqual((self.publisher.room(), self.told), (False, []))
        self.ack(4)
        self.assertEqual((self.publisher.room(), self.told), (True, ["roomy"]))
        self.patch(publishing, "MANY_BYTES", 10)
        self.patch(publishing, "MOST_BYTES", 20)
        self.publish("x" * 12)
        self.assertFalse(self.publisher.room())
        self.refuses(self.publish("y" * 8), BrokerLost, "too many messages wait for the broker")

    def test_what_cannot_be_sent(self) -> None:
        """
        A pattern is no place to send to, and properties have to fit into one frame.
        """
        for message, why in (
            (
                text(topic("a.*"), "x"),
                "messages are sent to a destination, not to a pattern of some",
            ),
            (
                text(topic("a"), "x", properties={"a": "b" * 131_072}),
                "the message has more than 131052 bytes of properties",
            ),
        ):
            with self.assertRaises(BrokerRefused) as refused:
                made(message)
            self.assertEqual(str(refused.exception), why)

    def test_ids(self) -> None:
        """
        A message that has an id keeps it.
        """
        self.assertEqual(
            [
                made(text(queue("q"), "x")).message_id,
                made(text(queue("q"), "x", message_id="own")).message_id,
            ],
            ["m1", "own"],
        )
