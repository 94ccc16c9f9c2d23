"""What each broker makes of STOMP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.names import TEMPORARY
from kaazing.brokers.stomp.dialect import Dialect
from kaazing.brokers.stomp.dialects import ActiveMq, Artemis, RabbitMq, dialect_of
from kaazing.errors import BrokerRefused
from kaazing.interfaces.brokers import Content, Destination, Domain, Message, Wish
from kaazing.wire import destinations
from kaazing.wire.stomp import Frame
from tests.brokers.listening import queue, text, topic

EVERY = Dialect(), ActiveMq(), Artemis(), RabbitMq()
NOW = 1_700_000_000_123
TEMPORARY_QUEUE = Destination(Domain.TEMP_QUEUE, f"{TEMPORARY}00ff")


def headers(dialect: Dialect, message: Message) -> dict[str, str]:
    """Return the headers of a SEND, but for the one that is made of chance."""
    return {name: value for name, value in dialect.written(message, NOW) if name != "amqp-message-id"}


def frame(body: bytes = b"x", **more: Any) -> Frame:
    """Return a MESSAGE; C{_} in names is C{-}."""
    found = {"destination": "/queue/q", "message_id": "1", "subscription": "1", **more}
    return Frame("MESSAGE", tuple((name.replace("_", "-"), value) for name, value in found.items()), body)


CONVERTED = "convert_string_expressions:a = 1"


class DialectTests(SynchronousTestCase):
    """What is looked up by the broker's name of itself."""

    def refused(self, why: str, call: Any, *given: Any) -> None:
        """See that something is refused with a sentence."""
        self.assertEqual(str(self.assertRaises(BrokerRefused, call, *given)), why)

    def test_servers(self) -> None:
        """
        The three that are known, and all others.
        """
        for server, expected in (
            ("ActiveMQ/5.17.2", ActiveMq),
            ("ActiveMQ-Artemis/2.44.0 ActiveMQ Artemis Messaging Engine", Artemis),
            ("RabbitMQ/3.10.8", RabbitMq),
            ("Apollo/1.7", Dialect),
            ("", Dialect),
        ):
            self.assertIs(type(dialect_of(server)), expected)

    def test_subscribing(self) -> None:
        """
        SUBSCRIBE in the words of each.
        """
        plain = Wish(destination=queue("q"), prefetch=7, selector="a = 1")
        self.assertEqual(
            [each.subscribing(plain) for each in EVERY],
            [
                [("ack", "client-individual"), ("selector", "a = 1")],
                [("ack", "client-individual"), ("activemq.prefetchSize", "7"), ("selector", "a = 1")],
                [("ack", "client-individual"), ("consumer-window-size", "65536"), ("selector", CONVERTED)],
                [("ack", "client-individual"), ("prefetch-count", "7")],
            ],
        )
        urgent = replace(plain, selector="JMSPriority > 4")
        said = "convert_string_expressions:AMQPriority > 4"
        self.assertEqual(Artemis().subscribing(urgent)[-1], ("selector", said))
        self.assertRaises(BrokerRefused, ActiveMq().subscribing, replace(plain, selector="a * 2 > 3"))
        strict = replace(plain, selector=f"no_{CONVERTED}")
        self.assertEqual(Artemis().subscribing(strict)[-1], ("selector", f"no_{CONVERTED}"))
        shared = Wish(destination=topic("t"), automatic=True)
        self.assertEqual(
            [each.subscribing(shared) for each in EVERY],
            [
                [("ack", "auto")],
                [("ack", "auto"), ("activemq.prefetchSize", "32766")],
                [("ack", "auto")],
                [("ack", "auto")],
            ],
        )
        self.assertIn(("consumer-window-size", "1"), Artemis().subscribing(replace(plain, prefetch=1)))

    def test_durable(self) -> None:
        """
        Durable subscriptions in the words of each.
        """
        wish = Wish(destination=topic("t"), durable="cart", prefetch=1)
        for dialect, named in (
            (ActiveMq(), ("activemq.subscriptionName", "cart")),
            (Artemis(), ("durable-subscription-name", "cart")),
            (RabbitMq(), ("x-queue-name", "kaazing.durable.cart")),
        ):
            self.assertIn(named, dialect.subscribing(wish))
            self.assertIn(named, dialect.forgetting("cart"))
        why = "the name of a durable subscription has more than 239 bytes"
        self.refused(why, RabbitMq().forgetting, "c" * 240)
        self.assertTrue(RabbitMq().forgetting("c" * 239))

    def test_destinations(self) -> None:
        """
        Destinations as each names them, to send to and to subscribe to.
        """
        pattern, slash = topic("a.*.>"), queue("a/b.ü")
        self.assertEqual(
            [[each.target(slash), each.source(pattern), each.target(TEMPORARY_QUEUE)] for each in EVERY],
            [
                ["/queue/a/b.ü", "/topic/a.*.>", f"/queue/{TEMPORARY}00ff"],
                ["/queue/a/b.ü", "/topic/a.*.>", f"/remote-temp-queue/{TEMPORARY}00ff"],
                ["/queue/a/b.ü", "/topic/a.*.#", f"/queue/{TEMPORARY}00ff"],
                ["/queue/a%2Fb.ü", "/topic/a.*.#", f"/reply-queue/{TEMPORARY}00ff"],
            ],
        )
        self.assertEqual(RabbitMq().source(TEMPORARY_QUEUE), f"/queue/{TEMPORARY}00ff")
        for dialect in (Artemis(), RabbitMq()):
            made = dialect.temporary(Domain.TEMP_TOPIC)
            self.assertEqual(dialect.target(made), f"/topic/{made.name}")
            self.assertEqual(dialect.read(dialect.target(made)), made)
            self.assertNotEqual(made, dialect.temporary(Domain.TEMP_TOPIC))

    def test_not_theirs(self) -> None:
        """
        What is the broker's own, and what it cannot say, is refused before it is asked.
        """
        self.refused(
            "ActiveMQ has > at the end of a topic's name only, not in /topic/a.>.b",
            ActiveMq().source,
            topic("a.>.b"),
        )
        for call in (ActiveMq().source, ActiveMq().target):
            self.refused("/topic/ActiveMQ.Advisory.x is ActiveMQ's own", call, topic("ActiveMQ.Advisory.x"))
        for call in (RabbitMq().source, RabbitMq().target):
            self.refused("/queue/amq.x is RabbitMQ's own", call, queue("amq.x"))
        foreign = Destination(Domain.TEMP_QUEUE, "q")
        why = "/temp-queue/q can be sent to, not subscribed to"
        self.refused(why, RabbitMq().source, foreign)

    def test_of_others(self) -> None:
        """
        No client subscribes, by another way, to what is another client's.
        """
        for dialect in (Artemis(), RabbitMq()):
            for where in (queue(f"{TEMPORARY}00ff"), topic(f"{TEMPORARY}00ff")):
                self.refused(f"{where} is another client's", dialect.source, where)
        where = queue("kaazing.durable.cart")
        self.refused(f"{where} is another client's", RabbitMq().source, where)
        where = topic("a::gateway.cart")
        for call in (Artemis().source, Artemis().target):
            self.refused(f"{where} names a queue of a topic, which is for its owner alone", call, where)

    def test_read(self) -> None:
        """
        Destinations in what each sends; one that nobody can read is none.
        """
        physical = Destination(Domain.TEMP_QUEUE, "ID:vm-1:2:3")
        for dialect, written, expected in (
            (ActiveMq(), "/remote-temp-queue/ID:vm-1:2:3", physical),
            (ActiveMq(), "/temp-queue/3", physical),
            (ActiveMq(), "/queue/a/remote-b", queue("a/remote-b")),
            (RabbitMq(), "/reply-queue/amq.gen-1", Destination(Domain.TEMP_QUEUE, "amq.gen-1")),
            (RabbitMq(), "amq.gen-1", Destination(Domain.TEMP_QUEUE, "amq.gen-1")),
            (RabbitMq(), "/topic/a%2Fb.%C3%BC", topic("a/b.ü")),
            (RabbitMq(), "/exchange/logs/a", None),
            (RabbitMq(), "/queue/%FF", None),
            (Artemis(), "/queue/q", queue("q")),
            (Dialect(), "q", None),
        ):
            self.assertEqual(dialect.read(written, "ID:vm-1:2"), expected)

    @given(st.text(max_size=30), st.sampled_from(["queue", "topic"]))
    def test_there_and_back(self, name: str, domain: str) -> None:
        """
        Each reads the names that it wrote.
        """
        try:
            found = destinations.read(f"/{domain}/{name}")
        except ValueError:
            return
        if destinations.is_pattern(found.name) or found.name.startswith(("amq.", TEMPORARY)):
            return
        for dialect in EVERY:
            self.assertEqual(dialect.read(dialect.target(found)), found)


class MessageTests(SynchronousTestCase):
    """Messages, there and back."""

    def test_written(self) -> None:
        """
        What each is sent of the same message.
        """
        message = text(queue("q"), "x", reply_to=TEMPORARY_QUEUE, expires=NOW + 5_000, priority=5)
        common = {"destination": "/queue/q", "priority": "5", "persistent": "true"}
        self.assertEqual(
            [headers(each, message) for each in EVERY],
            [
                {
                    **common,
                    "reply-to": f"/queue/{TEMPORARY}00ff",
                    "expires": str(NOW + 5_000),
                    "content-type": "text/plain",
                },
                {
                    **common,
                    "reply-to": f"/remote-temp-queue/{TEMPORARY}00ff",
                    "expires": str(NOW + 5_000),
                },
                {
                    **common,
                    "reply-to": f"/queue/{TEMPORARY}00ff",
                    "expires": str(NOW + 5_000),
                    "content-type": "text/plain",
                },
                {
                    **common,
                    "reply-to": f"/reply-queue/{TEMPORARY}00ff",
                    "expiration": "5000",
                    "timestamp": "1700000000",
                    "content-type": "text/plain",
                },
            ],
        )
        late = headers(RabbitMq(), text(queue("q"), "x", expires=NOW - 1, timestamp=5_999))
        self.assertEqual((late["expiration"], late["timestamp"]), ("0", "5"))
        for life, said in ((2**32 - 1, "4294967295"), (2**32, None), (2**62, None)):
            sent = headers(RabbitMq(), text(queue("q"), "x", expires=NOW + life))
            self.assertEqual(sent.get("expiration"), said)

    def test_bodies(self) -> None:
        """
        Text, bytes and maps are what they were; to ActiveMQ content-length says it, and a property that it is
        a map.
        """
        for dialect in EVERY:
            for content, body in (
                (Content.TEXT, b"text"),
                (Content.TEXT, b""),
                (Content.BYTES, b"text"),
                (Content.BYTES, b""),
                (Content.BYTES, b"\0\xff"),
                (Content.MAP, b'{"a": 1}'),
            ):
                message = Message(destination=queue("q"), body=body, content=content)
                sent = [*dialect.written(message, NOW), ("message-id", "1"), ("subscription", "1")]
                if not dialect.measured:  # such a broker counts what it has, but for nothing
                    sent = [pair for pair in sent if pair[0] != "content-length"]
                    sent += [("content-length", str(len(body)))] if body else []
                got = dialect.message(Frame("MESSAGE", tuple(sent), body), queue("q"), None)
                self.assertEqual((got.content, got.body, got.properties), (content, body, {}), dialect)
        self.assertNotIn("transformation", headers(ActiveMq(), replace(message)))

    def test_plain_text(self) -> None:
        """
        What a client of RabbitMQ's or Artemis's own sends without a type is text where it is UTF-8.
        """
        for dialect in (Artemis(), RabbitMq()):
            for body, content in ((b"text", Content.TEXT), (b"\xff", Content.BYTES)):
                got = dialect.message(frame(body, content_length=str(len(body))), queue("q"), None)
                self.assertEqual(got.content, content)

    def test_ids(self) -> None:
        """
        A message is known again: by its own number in Artemis, by what its sender called it in RabbitMQ.
        """
        got = Artemis().message(frame(message_id="26,15", destination_type="ANYCAST"), queue("q"), None)
        self.assertEqual((got.message_id, got.properties), ("15", {}))
        given = frame(message_id="T_1@@session@@1", amqp_message_id="ID:7")
        got = RabbitMq().message(given, queue("q"), None)
        self.assertEqual((got.message_id, got.properties), ("ID:7", {}))
        got = RabbitMq().message(frame(message_id="T_1@@session@@1"), queue("q"), None)
        self.assertEqual(got.message_id, "T_1@@session@@1")
        ids = {dict(RabbitMq().written(text(queue("q"), "x"), NOW))["amqp-message-id"] for _ in range(9)}
        self.assertEqual(len(ids), 9)

    def test_groups(self) -> None:
        """
        Artemis has a name of its own for the group of a message, and for what is no client's to know.
        """
        own = Frame("MESSAGE", (("_AMQ_GROUP_ID", "g"), ("_AMQ_ROUTING_TYPE", "1"), ("n", "1")))
        got = Artemis().message(own, queue("q"), None)
        self.assertEqual(got.properties, {"JMSXGroupID": "g", "n": "1"})

    def test_expires(self) -> None:
        """
        RabbitMQ says how long a message lives from when it was sent, in seconds and milliseconds.
        """
        got = RabbitMq().message(frame(timestamp="1700000000", expiration="5000"), queue("q"), None)
        self.assertEqual((got.timestamp, got.expires), (1_700_000_000_000, 1_700_000_005_000))
        several: tuple[dict[str, Any], ...]
        several = ({"expiration": "5000"}, {"timestamp": "x", "expiration": "5000"}, {"timestamp": "1"})
        for more in several:
            self.assertEqual(RabbitMq().message(frame(**more), queue("q"), None).expires, 0)

    def test_private(self) -> None:
        """
        Properties that a broker would take for orders are not passed on.
        """
        for dialect, name in (
            (RabbitMq(), "auto-delete"),
            (RabbitMq(), "CC"),
            (RabbitMq(), "x-message-ttl"),
            (Artemis(), "destination-type"),
            (Artemis(), "_AMQ_SCHED_DELIVERY"),
        ):
            found = headers(dialect, text(queue("q"), "x", properties={name: "1", "own": "2"}))
            self.assertEqual((found.get(name), found["own"]), (None, "2"))

    def test_fatal(self) -> None:
        """
        What a broker would end the connection for is refused.
        """
        for dialect, properties, why in (
            (
                ActiveMq(),
                {"AMQ_SCHEDULED_DELAY": "soon"},
                "header AMQ_SCHEDULED_DELAY is no whole number of up to 9 digits, as ActiveMQ wants it",
            ),
            (
                ActiveMq(),
                {"AMQ_SCHEDULED_CRON": "* * *"},
                "header AMQ_SCHEDULED_CRON: ActiveMQ ends the connection of all for a wrong one",
            ),
            (
                ActiveMq(),
                {"JMSXGroupSeq": 2**31},
                "header JMSXGroupSeq is no whole number of up to 9 digits, as ActiveMQ wants it",
            ),
            (RabbitMq(), {"n" * 256: "1"}, "a header's name has more than 255 bytes, RabbitMQ's limit"),
            (RabbitMq(), {"app-id": "1" * 256}, "header app-id has more than 255 bytes, RabbitMQ's limit"),
        ):
            message = text(queue("q"), "x", properties=properties)
            self.assertEqual(str(self.assertRaises(BrokerRefused, dialect.written, message, NOW)), why)
        self.assertEqual(
            headers(ActiveMq(), text(queue("q"), "x", properties={"JMSXGroupSeq": 7}))["JMSXGroupSeq"], "7"
        )
