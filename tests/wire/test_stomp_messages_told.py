"""Tests for L{kaazing.wire.stomp_messages}: what clients are told."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.brokers import Content, Destination, Domain, Message
from kaazing.wire.stomp import Frame, encode, parse
from kaazing.wire.stomp_messages import headers_of, message_of

ORDERS = Destination(Domain.TOPIC, "orders")
REPLIES = Destination(Domain.TEMP_QUEUE, "replies")


def plain(**fields: Any) -> Message:
    """Return a message of which nothing is said but C{fields}."""
    return Message(**{"destination": ORDERS, "persistent": False, **fields})


FULL = Message(
    destination=ORDERS,
    body=b'{"a": 1}',
    content=Content.MAP,
    content_type="application/json",
    message_id="ID:1",
    correlation_id="c-1",
    reply_to=REPLIES,
    type="order",
    timestamp=1_700_000_000_123,
    expires=1_700_000_060_000,
    priority=7,
    persistent=True,
    redelivered=True,
    deliveries=2,
    properties={"colour": "red", "JMSXUserID": "ann"},
)


class HeadersTests(SynchronousTestCase):
    """What clients are told."""

    def test_all(self) -> None:
        """
        All there is, in ActiveMQ's spellings; what the session says itself is left to it.
        """
        self.assertEqual(
            headers_of(FULL),
            [
                ("priority", "7"),
                ("content-type", "application/json"),
                ("correlation-id", "c-1"),
                ("type", "order"),
                ("expires", "1700000060000"),
                ("timestamp", "1700000000123"),
                ("JMSXDeliveryCount", "2"),
                ("persistent", "true"),
                ("redelivered", "true"),
                ("transformation", "jms-map-json"),
                ("colour", "red"),
                ("JMSXUserID", "ann"),
            ],
        )

    def test_little(self) -> None:
        """
        What is not so is not said.
        """
        self.assertEqual(headers_of(plain()), [("priority", "4")])

    def test_values(self) -> None:
        """
        Properties of any type are text.
        """
        said = headers_of(plain(properties={"a": True, "b": False, "c": -5, "d": 1.5, "e": "x"}))
        self.assertEqual(
            said, [("priority", "4"), ("a", "true"), ("b", "false"), ("c", "-5"), ("d", "1.5"), ("e", "x")]
        )

    def test_forged(self) -> None:
        """
        A property, which another JMS application may name as it likes, never stands where a header of the
        session's would, blanks around its name or not.
        """
        names = (
            *("message-id", "subscription", "ack", "destination", "redelivered", "content-length"),
            *("reply-to", "receipt-id", " subscription", "ack ", "priority", "JMSMessageID", "", " "),
            *("user-id", "JMSXDeliveryCount", "transformation", "type"),
        )
        self.assertEqual(headers_of(plain(properties=dict.fromkeys(names, "x"))), [("priority", "4")])

    def test_unspeakable(self) -> None:
        """
        What no frame could carry is replaced.
        """
        said = headers_of(plain(type="a\0b", properties={"\0": "\ud800", "c": "ü:\n"}))
        self.assertEqual(said[1:], [("type", "a\ufffdb"), ("\ufffd", "?"), ("c", "ü:\n")])
        encode(Frame("MESSAGE", tuple(said)), 12)

    def test_there_and_back(self) -> None:
        """
        What a broker's MESSAGE says is what was told.
        """
        told = Frame("MESSAGE", (("message-id", "ID:1"), *headers_of(FULL)), FULL.body)
        self.assertEqual(message_of(told, ORDERS, REPLIES), FULL)

    @given(
        st.builds(
            Message,
            destination=st.just(ORDERS),
            body=st.text().map(str.encode),
            content_type=st.sampled_from(("", "text/plain")),
            correlation_id=st.text(st.characters(exclude_characters="\0", codec="utf-8")),
            timestamp=st.sampled_from((0, 1_700_000_000_123)),
            expires=st.integers(0, 2**63 - 1),
            priority=st.integers(0, 9),
            persistent=st.booleans(),
            redelivered=st.booleans(),
            deliveries=st.integers(0, 9),
            properties=st.dictionaries(
                st.text("abJMSX_-", min_size=1).filter(lambda name: name[:3] != "JMS"), st.text("a:\n\\ü")
            ),
        )
    )
    def test_any(self, message: Message) -> None:
        """
        So it is with any message, over the wire too.
        """
        wire = encode(Frame("MESSAGE", tuple(headers_of(message)), message.body), 12)
        read = message_of(parse(wire, 12), ORDERS, None)
        if b"\0" not in message.body or message.content_type:  # NUL needs a content-length, which says bytes
            self.assertEqual(read, message)

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(
                    ("priority", "expires", "expiration", "JMSXGroupSeq", "content-type", "a", "type")
                ),
                st.text(),
            )
        ),
        st.binary(),
        st.booleans(),
    )
    def test_anything(self, headers: list[tuple[str, str]], body: bytes, mapped: bool) -> None:
        """
        Of any headers and body: a client's are read or refused with a sentence, a broker's are read, and both
        can be told.
        """
        told = (*headers, ("transformation", "jms-map-json")) if mapped else tuple(headers)
        for command in ("SEND", "MESSAGE"):
            try:
                message = message_of(Frame(command, told, body), ORDERS, None)
            except ValueError as why:
                self.assertEqual(command, "SEND")
                self.assertTrue(str(why))
            else:
                encode(Frame("MESSAGE", tuple(headers_of(message)), message.body), 12)
