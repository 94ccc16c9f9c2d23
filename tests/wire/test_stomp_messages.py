"""Tests for L{kaazing.wire.stomp_messages}: what clients and brokers say."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.brokers import Content, Destination, Domain, Message
from kaazing.wire.stomp import Frame, parse
from kaazing.wire.stomp_messages import message_of

ORDERS = Destination(Domain.TOPIC, "orders")
REPLIES = Destination(Domain.TEMP_QUEUE, "replies")
NOW = 1_700_000_000_000


def frame(command: str, *lines: str, body: bytes = b"") -> Frame:
    """Return a frame with headers written C{name:value}."""
    split = (line.partition(":") for line in lines)
    return Frame(command, tuple((name, value) for name, _, value in split), body)


def sent(*lines: str, body: bytes = b"") -> Message:
    """Return the message of a client's SEND with these headers."""
    return message_of(frame("SEND", *lines, body=body), ORDERS, None, now=NOW)


def given_out(*lines: str, body: bytes = b"") -> Message:
    """Return the message of a broker's MESSAGE with these headers."""
    return message_of(frame("MESSAGE", *lines, body=body), ORDERS, None, now=NOW)


def plain(**fields: Any) -> Message:
    """Return a message as a SEND without headers is one, but for C{fields}."""
    return Message(**{"destination": ORDERS, "persistent": False, **fields})


class SendTests(SynchronousTestCase):
    """What clients send."""

    def test_nothing_said(self) -> None:
        """
        A SEND that says nothing is a text of middle priority that need not outlive the broker: so ActiveMQ
        and RabbitMQ take it.
        """
        self.assertEqual(sent("destination:/topic/orders", body=b"hello"), plain(body=b"hello"))

    def test_activemq(self) -> None:
        """
        ActiveMQ's spellings; whatever else is there is a property.
        """
        message = message_of(
            frame(
                "SEND",
                "destination:/topic/orders",
                "correlation-id:c-1",
                "reply-to:/temp-queue/replies",
                "type:order",
                "priority:7",
                "expires:1700000060000",
                "timestamp:1700000000123",
                "persistent:true",
                "receipt:r-1",
                "transaction:t-1",
                "content-type:text/plain",
                "content-length:2",
                "colour:red",
                "JMSXGroupID:g",
                "JMSXGroupSeq:3",
                "JMS_vendor:x",
                "AMQ_SCHEDULED_DELAY:1000",
                body=b"hi",
            ),
            ORDERS,
            REPLIES,
        )
        self.assertEqual(
            message,
            Message(
                destination=ORDERS,
                body=b"hi",
                content_type="text/plain",
                correlation_id="c-1",
                reply_to=REPLIES,
                type="order",
                priority=7,
                expires=1_700_000_060_000,
                timestamp=1_700_000_000_123,
                properties={
                    "colour": "red",
                    "JMSXGroupID": "g",
                    "JMSXGroupSeq": 3,
                    "JMS_vendor": "x",
                    "AMQ_SCHEDULED_DELAY": "1000",
                },
            ),
        )

    def test_rabbitmq(self) -> None:
        """
        RabbitMQ's spellings: a lifetime from now on, a delivery mode, a timestamp in seconds.
        """
        self.assertEqual(
            sent(
                "correlation-id:c",
                "expiration:60000",
                "delivery-mode:2",
                "timestamp:1700000000",
                "app-id:shop",
            ),
            plain(
                correlation_id="c",
                expires=NOW + 60_000,
                persistent=True,
                timestamp=1_700_000_000_000,
                properties={"app-id": "shop"},
            ),
        )

    def test_names_of_jms(self) -> None:
        """
        The names that JMS itself has for these.
        """
        self.assertEqual(
            sent(
                "JMSCorrelationID:c",
                "JMSType:t",
                "JMSPriority:1",
                "JMSExpiration:1700000060000",
                "JMSTimestamp:1700000000123",
                "JMSDeliveryMode:PERSISTENT",
            ),
            Message(
                destination=ORDERS,
                correlation_id="c",
                type="t",
                priority=1,
                expires=1_700_000_060_000,
                timestamp=1_700_000_000_123,
            ),
        )

    def test_not_the_clients_to_say(self) -> None:
        """
        What only a broker knows is passed over, blanks around the name or not.
        """
        for line in (
            "message-id:1",
            " message-id:1",
            "redelivered:true",
            "subscription:s",
            "ack:a",
            "receipt-id:r",
            "user-id:root",
            "original-destination:/queue/x",
            "JMSMessageID:1",
            "JMSRedelivered:true",
            "JMSReplyTo:/queue/x",
            "JMSDestination:/queue/x",
            "JMSXUserID:root",
            "JMSXAppID:x",
            "JMSXDeliveryCount:9",
            "JMSXRcvTimestamp:9",
            "JMSanything:9",
            "passcode:secret",
        ):
            self.assertEqual(sent(line), plain(), line)

    def test_first_counts(self) -> None:
        """
        Of repeated headers the first counts (STOMP 1.2, Repeated Header Entries).
        """
        self.assertEqual(
            sent("priority:1", "priority:x", "a:1", "a:2"), plain(priority=1, properties={"a": "1"})
        )

    def test_order(self) -> None:
        """
        Properties keep the order of the frame.
        """
        self.assertEqual(list(sent("b:1", "a:2", "priority:3", "c:3", "b:4").properties), ["b", "a", "c"])

    def test_numbers(self) -> None:
        """
        Priorities above 9 are 9, as brokers have it; what has expired is still a message; a lifetime never
        ends after the last moment that JMS knows.
        """
        for line, expected in (
            ("priority:10", plain(priority=9)),
            ("priority: 0 ", plain(priority=0)),
            ("expires:1", plain(expires=1)),
            ("expires:0", plain()),
            ("expiration:9223372036854775807", plain(expires=2**63 - 1)),
            ("persistent:True", plain(persistent=True)),
            ("persistent:yes", plain()),
            ("delivery-mode:1", plain()),
        ):
            self.assertEqual(sent(line), expected, line)
        self.assertEqual(sent("expires:7", "expiration:1"), plain(expires=7))

    def test_no_numbers(self) -> None:
        """
        What should be a number and is none is refused, with the header and what was expected.
        """
        for name in ("priority", "expires", "expiration", "timestamp", "JMSXGroupSeq", "JMSPriority"):
            for value in ("", "high", "-1", "1.5", "0x10", "9223372036854775808", "\u0661", "1" * 10_000):
                why = str(self.assertRaises(ValueError, sent, f"{name}:{value}"))
                expected = "expected a whole number from 0 to 9223372036854775807"
                self.assertEqual(why, f"header {name}: {expected}, not {value[:40]!a}")

    def test_the_clock(self) -> None:
        """
        Without C{now} a lifetime counts from the system's clock.
        """
        message = message_of(frame("SEND", "expiration:1000"), ORDERS, None)
        self.assertGreater(message.expires, NOW)

    def test_not_utf_8(self) -> None:
        """
        Headers are UTF-8 or refused (STOMP 1.2, Value Encoding).
        """
        for line in (b"a:\xff", b"\xff:a", b"type:\xff"):
            wire = b"SEND\n" + line + b"\n\n\0"
            why = str(self.assertRaises(ValueError, message_of, parse(wire, 12), ORDERS, None))
            self.assertRegex(why, r"^header '.*' is not UTF-8 \(STOMP 1\.2, Value Encoding\)$")
        self.assertEqual(sent("städte:Köln"), plain(properties={"städte": "Köln"}))


class BodyTests(SynchronousTestCase):
    """Which of the JMS types a body is."""

    def test_types(self) -> None:
        """
        With a content-length it is bytes, without it text, as ActiveMQ has it; unless the content-type says
        text. What is not UTF-8 is never text.
        """
        length = "content-length:2"
        for lines, body, content in (
            ((), b"hi", Content.TEXT),
            ((length,), b"hi", Content.BYTES),
            ((length, "content-type:text/plain"), b"hi", Content.TEXT),
            ((length, "content-type:TEXT/html; charset=UTF-8"), b"hi", Content.TEXT),
            ((length, "content-type:application/json"), b"{}", Content.TEXT),
            ((length, "content-type:application/problem+json;charset=utf8"), b"{}", Content.TEXT),
            ((length, "content-type:application/jsonp"), b"{}", Content.BYTES),
            ((length, "content-type:application/octet-stream"), b"hi", Content.BYTES),
            ((length, 'content-type:text/plain; charset="utf-16"'), b"hi", Content.BYTES),
            (("content-type:text/plain;charset=latin1",), b"hi", Content.BYTES),
            (("content-type:application/octet-stream",), b"hi", Content.TEXT),
            ((length, "content-type:text/plain"), b"\xff\xfe", Content.BYTES),
            ((), b"\xff\xfe", Content.BYTES),
            ((), "ä".encode(), Content.TEXT),
            ((length, "amq-msg-type:text"), b"hi", Content.TEXT),
            (("amq-msg-type:bytes",), b"hi", Content.BYTES),
            (("transformation:jms-byte",), b"hi", Content.BYTES),
            ((length, "transformation:jms-xml"), b"hi", Content.BYTES),
            (("transformation:jms-xml",), b"hi", Content.TEXT),
            ((length, "transformation:jms-map-json"), b"{}", Content.MAP),
        ):
            message = sent(*lines, body=body)
            self.assertEqual((message.content, message.body, dict(message.properties)), (content, body, {}))

    def test_maps(self) -> None:
        """
        A map is a flat JSON object, or what ActiveMQ says for one; others are refused.
        """
        self.assertEqual(
            sent("transformation:jms-map-json", body=b'{"map":{"entry":{"string":["city","Rome"]}}}'),
            plain(content=Content.MAP, body=b'{"city": "Rome"}'),
        )
        why = self.assertRaises(ValueError, sent, "transformation:jms-map-json", body=b'{"a":{}}')
        self.assertEqual(str(why), "entry 'a' of a map is no string, number, boolean or null")

    def test_maps_of_brokers(self) -> None:
        """
        What a broker calls a map and is none is given on as what it is.
        """
        self.assertEqual(given_out("transformation:jms-map-json", body=b"<map/>"), plain(body=b"<map/>"))


class BrokerTests(SynchronousTestCase):
    """What brokers give out."""

    def test_activemq(self) -> None:
        """
        A MESSAGE as ActiveMQ writes it.
        """
        self.assertEqual(
            given_out(
                "expires:0",
                "destination:/topic/orders",
                "subscription:1",
                "ack:ID\\cx",
                "priority:4",
                "message-id:ID:host-1",
                "persistent:true",
                "timestamp:1700000000123",
                "redelivered:true",
                "JMSXUserID:ann",
                "JMSXGroupSeq:3",
                "JMSXDeliveryCount:2",
                "colour:red",
                body=b"hi",
            ),
            Message(
                destination=ORDERS,
                body=b"hi",
                message_id="ID:host-1",
                timestamp=1_700_000_000_123,
                redelivered=True,
                deliveries=2,
                properties={"JMSXUserID": "ann", "JMSXGroupSeq": 3, "colour": "red"},
            ),
        )

    def test_rabbitmq(self) -> None:
        """
        A MESSAGE as RabbitMQ writes it; its user-id is one that it has checked.
        """
        self.assertEqual(
            given_out(
                "subscription:1",
                "destination:/topic/orders",
                "message-id:T_1@@session-a@@1",
                "redelivered:false",
                "user-id:ann",
                "JMSXUserID:root",
                "persistent:1",
                "content-length:2",
                body=b"hi",
            ),
            plain(
                body=b"hi",
                content=Content.BYTES,
                message_id="T_1@@session-a@@1",
                properties={"JMSXUserID": "ann"},
            ),
        )

    def test_nothing_is_refused(self) -> None:
        """
        A header that cannot be read is as one that is not there; what is not UTF-8 is replaced.
        """
        self.assertEqual(
            given_out(
                "priority:high", "expires:-1", "timestamp:", "expiration:x", "a:\udcff", "JMSXGroupSeq:x"
            ),
            plain(expires=NOW, properties={"a": "\ufffd", "JMSXGroupSeq": 0}),
        )

    def test_reserved(self) -> None:
        """
        Names that JMS reserves are no properties, those of its X and of providers are.
        """
        self.assertEqual(
            dict(given_out("JMSDestination:x", "JMSXAppID:a", "JMS_AMQP_TTL:1", "JMS:x").properties),
            {"JMSXAppID": "a", "JMS_AMQP_TTL": "1"},
        )
