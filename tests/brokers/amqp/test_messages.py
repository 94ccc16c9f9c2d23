"""Messages as AMQP 0-9-1 has them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.amqp.messages import message_of, packed
from kaazing.brokers.amqp.properties import Field, Properties, decode
from kaazing.errors import BrokerRefused
from kaazing.interfaces.brokers import Content, Destination, Domain, Message, Property

NOW = 1_700_000_000_123
TOPIC = Destination(Domain.TOPIC, "a.b")
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
NAMES = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8)


def sent(message: Message, message_id: str = "m1") -> Properties:
    """Return the properties that go with a message to be sent."""
    return decode(packed(message, message_id, NOW).encode()[0])


def received(properties: Properties, body: bytes = b"", redelivered: bool = False) -> Message:
    """Return a message that comes out of the queue "q"."""
    return message_of(properties, body, TOPIC, queue="q", redelivered=redelivered)


class MessagesTests(SynchronousTestCase):
    def test_table(self) -> None:
        """
        Every field of a message has its place in AMQP.
        """
        message = Message(
            destination=TOPIC,
            body=b"{}",
            content_type="application/json",
            correlation_id="c",
            reply_to=Destination(Domain.TEMP_QUEUE, "kaazing.temp.1"),
            type="order",
            timestamp=NOW - 500,
            expires=NOW + 60_000,
            priority=7,
            properties={"region": "eu", "weight": 1.5, "count": 3, "open": True, "JMSXAppID": "shop"},
        )
        self.assertEqual(
            sent(message),
            Properties(
                content_type="application/json",
                content_encoding="utf-8",
                headers={
                    "region": "eu",
                    "weight": 1.5,
                    "count": 3,
                    "open": True,
                    "timestamp_in_ms": NOW - 500,
                    "JMSExpiration": NOW + 60_000,
                },
                delivery_mode=2,
                priority=7,
                correlation_id="c",
                reply_to="kaazing.temp.1",
                expiration="60000",
                message_id="m1",
                timestamp=1_699_999_999,
                type="order",
                app_id="shop",
            ),
        )

    @given(
        st.builds(
            Message,
            destination=st.just(TOPIC),
            body=TEXT.map(str.encode),
            content=st.sampled_from((Content.TEXT, Content.BYTES)),
            content_type=st.sampled_from(("", "text/plain", "application/json", "image/png")),
            message_id=NAMES,
            correlation_id=TEXT,
            reply_to=st.none() | st.builds(Destination, st.sampled_from(list(Domain)), NAMES),
            type=TEXT,
            timestamp=st.integers(1, 2**50),
            expires=st.integers(0, 2**50),
            priority=st.integers(0, 9),
            persistent=st.booleans(),
            properties=st.dictionaries(
                NAMES, TEXT | st.integers() | st.booleans() | st.floats(allow_nan=False)
            ),
        )
    )
    def test_round_trip(self, message: Message) -> None:
        """
        A message comes out of the broker as it was sent; of its reply-to a temporary queue of nobody we know
        is a queue.
        """
        try:
            properties = sent(message, message.message_id)
        except BrokerRefused:
            return
        read = received(properties, message.body)
        self.assertEqual(replace(read, reply_to=None), replace(message, reply_to=None))
        name = message.reply_to and message.reply_to.name
        self.assertEqual(read.reply_to and read.reply_to.name, name)

    def test_timestamp_of_the_sender(self) -> None:
        """
        A message that says no time was sent now; one that a client of AMQP has sent has whole seconds.
        """
        self.assertEqual(received(sent(Message(destination=TOPIC))).timestamp, NOW)
        self.assertEqual(received(Properties(timestamp=5)).timestamp, 5000)
        self.assertEqual(received(Properties(timestamp=5, headers={"timestamp_in_ms": 9999})).timestamp, 5000)

    def test_times_of_no_calendar(self) -> None:
        """
        Times beyond what a Java long counts mean nothing, and do not keep the message from being sent again.
        """
        for odd in (Properties(timestamp=2**63 - 1), Properties(timestamp=5, expiration="9" * 200)):
            got = received(odd)
            self.assertLess(max(got.timestamp, got.expires), 2**63)
            sent(got)

    def test_expiration(self) -> None:
        """
        What has expired has no time left; more than RabbitMQ can count is left to the gateway to watch.
        """
        left = {
            expires: sent(Message(destination=TOPIC, expires=expires)).expiration
            for expires in (0, NOW - 1, NOW + 2**32 - 1, NOW + 2**32)
        }
        self.assertEqual(left, {0: "", NOW - 1: "0", NOW + 2**32 - 1: "4294967295", NOW + 2**32: ""})
        self.assertEqual(received(Properties(timestamp=5, expiration="1000")).expires, 6000)
        self.assertEqual(received(Properties(expiration="1000")).expires, 0)
        self.assertEqual(received(Properties(timestamp=5, expiration="soon")).expires, 0)

    def test_text_or_bytes(self) -> None:
        """
        Messages of other publishers are text where they say so, or say nothing and are UTF-8.
        """
        table = (
            ("", "", "é".encode(), Content.TEXT),
            ("", "", b"\xff", Content.BYTES),
            ("text/plain", "", b"x", Content.TEXT),
            ("text/plain", "", b"\xff", Content.BYTES),
            ("application/json", "", b"{}", Content.TEXT),
            ("application/octet-stream", "", b"x", Content.BYTES),
            ("application/json", "binary", b"{}", Content.BYTES),
            ("image/svg+xml", "UTF-8", b"<svg/>", Content.TEXT),
            ("text/plain", "gzip", b"x", Content.BYTES),
        )
        for kind, encoding, body, content in table:
            read = received(Properties(content_type=kind, content_encoding=encoding), body)
            self.assertEqual(read.content, content, (kind, encoding, body))

    def test_other_encodings_are_told(self) -> None:
        """
        A body that is compressed comes with the word for it, and goes with it.
        """
        read = received(Properties(content_encoding="gzip"), b"x")
        self.assertEqual(read.properties, {"content-encoding": "gzip"})
        self.assertEqual(sent(read).content_encoding, "gzip")

    def test_deliveries(self) -> None:
        """
        How often a message was given out says a quorum queue, or the list of its deaths in this queue.
        """
        deaths: list[Field] = [
            {"queue": "retry", "reason": "expired", "count": 9},
            {"queue": "q", "reason": "rejected", "count": 2},
        ]
        table: tuple[dict[str, Field], ...] = (
            {"x-delivery-count": 2},
            {"x-death": deaths},
            {"x-death": "?"},
            {"x-death": [1]},
            {},
        )
        counted = [received(Properties(headers=headers), redelivered=True).deliveries for headers in table]
        self.assertEqual(counted, [3, 3, 0, 0, 0])

    def test_properties_of_others(self) -> None:
        """
        Headers with one value are properties; who sent a message says the broker, not its sender.
        """
        read = received(
            Properties(
                headers={"a": 1.5, "list": [1], "none": None, "raw": b"x", "JMSXUserID": "root"},
                user_id="alice",
            )
        )
        self.assertEqual(read.properties, {"a": 1.5, "JMSXUserID": "alice"})
        self.assertEqual(received(Properties(headers={"JMSXUserID": "root"})).properties, {})

    def test_what_the_broker_adds_is_not_sent(self) -> None:
        """
        Headers in which RabbitMQ keeps its counts cannot be set by clients, nor who they are.
        """
        told: dict[str, Property] = {
            "x-death": "x",
            "x-delivery-count": 5,
            "x-first-death-queue": "q",
            "JMSXUserID": "root",
            "a": "b",
        }
        headers = sent(Message(destination=TOPIC, properties=told)).headers
        self.assertEqual(headers, {"a": "b", "timestamp_in_ms": NOW})

    def test_no_copies(self) -> None:
        """
        Headers by which RabbitMQ would send copies to other queues are refused.
        """
        for name in ("CC", "BCC"):
            with self.assertRaises(BrokerRefused) as refused:
                packed(Message(destination=TOPIC, properties={name: "q"}), "m1", NOW)
            self.assertEqual(
                str(refused.exception),
                f"a property cannot be called {name}: RabbitMQ would send copies by it",
            )

    def test_no_room(self) -> None:
        """
        A message is refused whose fields AMQP has no room for, and one of a type that it does not have.
        """
        for message, why in (
            (
                Message(destination=TOPIC, correlation_id="c" * 256),
                "the message cannot be sent: correlation_id has 256 bytes; AMQP 0-9-1 has room for 255",
            ),
            (Message(destination=TOPIC, content=Content.MAP), "this broker has no map messages"),
        ):
            with self.assertRaises(BrokerRefused) as refused:
                packed(message, "m1", NOW)
            self.assertEqual(str(refused.exception), why)

    def test_priority_of_others(self) -> None:
        """
        Priorities above those of JMS are its highest; none is its usual one.
        """
        self.assertEqual(
            [received(Properties(priority=each)).priority for each in (None, 0, 9, 255)], [4, 0, 9, 9]
        )
