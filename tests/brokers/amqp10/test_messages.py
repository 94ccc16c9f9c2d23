"""Messages of JMS in AMQP 1.0, by the JMS mapping, and what other applications send."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from math import inf
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from proton import Described, byte, float32, int32, symbol, timestamp, ubyte, ulong
from proton import Message as Wired
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.amqp10.dialects import PLAIN, dialect_of
from kaazing.brokers.amqp10.messages import decoded, encoded
from kaazing.errors import BrokerRefused
from kaazing.interfaces.brokers import Content, Destination, Domain, Message
from tests.brokers.amqp10.peer import ARTEMIS, NOW, RABBITMQ
from tests.brokers.listening import queue, topic

WHERE = topic("orders.eu")
WHOLE = Message(
    destination=WHERE,
    body=b"hello",
    message_id="ID:1",
    correlation_id="ID:AMQP_ULONG:7",
    reply_to=Destination(Domain.TEMP_QUEUE, "answers-1"),
    type="greeting",
    timestamp=NOW - 5,
    expires=NOW + 1234,
    priority=9,
    persistent=False,
    properties={
        "colour": "red",
        "size": 2**40,
        "weight": 1.5,
        "sold": True,
        "JMSXGroupID": "g",
        "JMSXGroupSeq": 3,
    },
)
LONGS = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
MESSAGES = st.builds(
    Message,
    destination=st.just(WHERE),
    body=TEXT.map(str.encode),
    message_id=st.uuids().map(lambda it: f"ID:{it}"),
    correlation_id=TEXT,
    type=TEXT,
    timestamp=st.integers(1, 2**43),
    expires=st.one_of(st.just(0), st.integers(1, 2**43)),
    priority=st.integers(0, 9),
    persistent=st.booleans(),
    properties=st.dictionaries(
        TEXT.filter(lambda name: not name.startswith("JMSX")),
        st.one_of(TEXT, LONGS, st.booleans(), st.floats(allow_nan=False)),
        max_size=5,
    ),
)


def through(message: Message, properties: Any = ARTEMIS) -> Message:
    """Return a message as it comes, C{deliveries} left out."""
    dialect = dialect_of(properties)
    return replace(decoded(encoded(message, dialect, NOW), message.destination, dialect, NOW), deliveries=0)


def wired(wished: Destination = WHERE, **fields: Any) -> Message:
    """Return what another application's message is."""
    made = Wired()
    for name, value in fields.items():
        setattr(made, name, value)
    return decoded(bytes(made.encode()), wished, PLAIN, NOW)


class OurTests(SynchronousTestCase):
    """Messages of ours, which come as they went."""

    def test_whole(self) -> None:
        """
        All fields and types of properties.
        """
        self.assertEqual(through(WHOLE), WHOLE)

    def test_bodies(self) -> None:
        """
        Each type of body, empty ones too; RabbitMQ, where other protocols read them, has text as bytes.
        """
        bodies = [(Content.TEXT, "ü".encode()), (Content.BYTES, b"\xff\0"), (Content.TEXT, b"")]
        bodies += [(Content.BYTES, b""), (Content.MAP, b'{"a": 1, "b": null}')]
        for properties in (ARTEMIS, RABBITMQ):
            for content, body in bodies:
                message = replace(WHOLE, content=content, body=body)
                self.assertEqual(through(message, properties).body, body)
                self.assertEqual(through(message, properties).content, content)
        data = encoded(WHOLE, dialect_of(RABBITMQ), NOW)
        self.assertIn(b"\x00Su\xa0\x05hello", data)  # a data section (AMQP 1.0 section 3.2.6)

    def test_wire(self) -> None:
        """
        The annotations that JMS clients look at, and the fields of AMQP.
        """
        made = Wired()
        made.decode(encoded(WHOLE, PLAIN, NOW))
        annotations = {"x-opt-jms-dest": 1, "x-opt-jms-reply-to": 2, "x-opt-jms-msg-type": 5}
        self.assertEqual(made.annotations, annotations)
        self.assertEqual((made.address, made.reply_to, made.subject), ("orders.eu", "answers-1", "greeting"))
        self.assertEqual((made.id, made.correlation_id, made.ttl), ("ID:1", 7, 1.234))

    def test_filled(self) -> None:
        """
        A message without id and time gets both.
        """
        came = through(Message(destination=WHERE))
        self.assertEqual((came.timestamp, came.message_id[:3], len(came.message_id)), (NOW, "ID:", 39))

    def test_expired(self) -> None:
        """
        What has expired, or does so in ages, says when in any case.
        """
        for expires in (1, NOW, NOW + 2**33):
            self.assertEqual(through(replace(WHOLE, expires=expires)).expires, expires)

    def test_no_room(self) -> None:
        """
        A number that is no long is text; content that is not what it says is refused.
        """
        self.assertEqual(through(replace(WHOLE, properties={"n": 2**63})).properties, {"n": str(2**63)})
        why = self.assertRaises(BrokerRefused, through, replace(WHOLE, body=b"\xff"))
        self.assertIn("the message cannot be sent: ", str(why))

    @given(MESSAGES)
    def test_any(self, message: Message) -> None:
        """
        Any message comes as it went.
        """
        self.assertEqual(through(message), message)


class TheirTests(SynchronousTestCase):
    """Messages of other applications."""

    def test_bare(self) -> None:
        """
        Nothing but a body.
        """
        made = wired(body="x", inferred=False)
        expected = Message(destination=WHERE, body=b"x", persistent=False, deliveries=1)
        self.assertEqual(made, expected)

    def test_bodies(self) -> None:
        """
        Each type of body that AMQP has, as the text or the bytes that it can be.
        """
        known: list[tuple[dict[str, Any], tuple[Content, bytes]]] = [
            ({"body": b"\0", "inferred": True}, (Content.BYTES, b"\0")),
            ({"body": b"t", "inferred": True, "content_type": "text/plain"}, (Content.TEXT, b"t")),
            ({"body": b"\xff", "inferred": True, "content_type": "text/plain"}, (Content.BYTES, b"\xff")),
            ({"body": b"b", "inferred": False}, (Content.BYTES, b"b")),
            ({"body": None}, (Content.BYTES, b"")),
            ({"body": None, "annotations": {symbol("x-opt-jms-msg-type"): byte(5)}}, (Content.TEXT, b"")),
            ({"body": {"a": int32(1), "b": "x"}}, (Content.MAP, b'{"a": 1, "b": "x"}')),
            ({"body": {"a": ["x", {"b": b"y"}]}}, (Content.TEXT, b'{"a": ["x", {"b": "y"}]}')),
            ({"body": {"a": 2.5, "b": inf}}, (Content.TEXT, b'{"a": 2.5, "b": Infinity}')),
            ({"body": {"a": ulong(2**64 - 1)}}, (Content.TEXT, b'{"a": 18446744073709551615}')),
            ({"body": ["x", ulong(1), True, None]}, (Content.TEXT, b'["x", 1, true, null]')),
            ({"body": ulong(7)}, (Content.TEXT, b"7")),
            ({"body": UUID(int=1)}, (Content.TEXT, b"00000000-0000-0000-0000-000000000001")),
            ({"body": Described(symbol("a"), "b")}, (Content.TEXT, b"Described(symbol('a'), 'b')")),
        ]
        for fields, expected in known:
            made = wired(**fields)
            self.assertEqual((made.content, made.body), expected, fields)

    def test_properties(self) -> None:
        """
        Values of every type; what has no meaning as a property of JMS is left out, and what only a broker
        may say does not come from an application's properties.
        """
        properties = {"a": int32(1), "b": float32(1.5), "c": ubyte(7), "d": timestamp(5), "e": symbol("s")}
        properties |= {"f": UUID(int=1), "g": b"raw", "h": None, "i": ["list"], "JMSXUserID": "root"}
        expected = {"a": 1, "b": 1.5, "c": 7, "d": 5, "e": "s", "g": "raw"}
        expected |= {"f": "00000000-0000-0000-0000-000000000001"}
        self.assertEqual(wired(properties=properties).properties, expected)
        self.assertEqual(wired(user_id=b"alice").properties, {"JMSXUserID": "alice"})

    def test_again(self) -> None:
        """
        A delivery that is not the first is redelivered, where the broker counts and where it does not.
        """
        self.assertEqual((wired(delivery_count=2).deliveries, wired(delivery_count=2).redelivered), (3, True))
        first, later = Wired(), Wired()
        first.first_acquirer = True
        rabbit = dialect_of(RABBITMQ)
        came = [decoded(bytes(each.encode()), WHERE, rabbit, NOW) for each in (first, later)]
        self.assertEqual([(each.redelivered, each.deliveries) for each in came], [(False, 0), (True, 0)])

    def test_expires(self) -> None:
        """
        A message that says only how long it lives expires so long after it came.
        """
        self.assertEqual(wired(ttl=1.5).expires, NOW + 1500)

    def test_where_to(self) -> None:
        """
        A subscriber by a pattern learns the topic, if the message's is of the pattern; others know it.
        """
        known = (
            ("orders.>", "orders.eu", "orders.eu"),
            ("orders.>", "news", "orders.>"),
            ("orders.>", "orders.*", "orders.>"),
            ("orders.eu", "orders.us", "orders.eu"),
            ("orders.>", None, "orders.>"),
        )
        for pattern, address, name in known:
            self.assertEqual(wired(topic(pattern), address=address).destination, topic(name))

    def test_reply_to(self) -> None:
        """
        Where to answer to is of the sort that the message says, else of that of the message itself.
        """
        said = {symbol("x-opt-jms-reply-to"): byte(2)}
        self.assertEqual(wired(reply_to="x").reply_to, topic("x"))
        self.assertEqual(wired(queue("q"), reply_to="x").reply_to, queue("x"))
        answers = wired(reply_to="x", annotations=said).reply_to
        self.assertEqual(answers, Destination(Domain.TEMP_QUEUE, "x"))
        for odd in (byte(9), byte(-1), "queue"):
            self.assertEqual(
                wired(reply_to="x", annotations={symbol("x-opt-jms-reply-to"): odd}).reply_to, topic("x")
            )

    @given(st.binary(max_size=200), st.integers(0, 400))
    def test_rubbish(self, data: bytes, cut: int) -> None:
        """
        Any bytes, also behind a good beginning, are a message, or refused.
        """
        good = encoded(WHOLE, PLAIN, NOW)
        for each in (data, good[:cut] + data, good[:cut] + data + good[cut + 1 :]):
            with contextlib.suppress(ValueError):
                decoded(each, WHERE, PLAIN, NOW)
