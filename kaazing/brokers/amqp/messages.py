# -*- test-case-name: tests.brokers.amqp.test_messages -*-
"""Messages as AMQP 0-9-1 has them, and back; docs/protocols/stomp-jms.md has the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kaazing.brokers.amqp.names import read_reply_to, reply_to
from kaazing.brokers.amqp.properties import Field, Properties
from kaazing.errors import BrokerRefused
from kaazing.interfaces.brokers import Content, Destination, Message, Property

TIMESTAMP = "timestamp_in_ms"
"""Header with what the property C{timestamp} has no room for; RabbitMQ's own name for it."""

EXPIRES = "JMSExpiration"
"""Header: milliseconds since the epoch, because the property says how long, and not since when."""

ENCODING = "content-encoding"
USER, APPLICATION = "JMSXUserID", "JMSXAppID"
"""Names of properties for AMQP's; the broker alone says who sent it, a client's word counts for nothing."""

LONGEST_LIFE = 2**32 - 1
"""Milliseconds that RabbitMQ can count; for an C{expiration} above that it closes the channel."""

LATEST = 2**63
"""Milliseconds since the epoch that a time is before: a Java long."""

_COUNT = "x-delivery-count"
_DEATHS = "x-death"
_BROKERS = ("x-death", "x-first-death-", "x-last-death-", "x-delivery-", "x-acquired-")
_ROUTES = frozenset(("CC", "BCC"))
_OF_THEIR_OWN = frozenset((TIMESTAMP, EXPIRES, ENCODING, USER, APPLICATION))
_TEXTS = ("text/", "application/json", "application/xml")
_WORDS = {Content.TEXT: "utf-8", Content.BYTES: "binary"}


@dataclass(frozen=True, slots=True)
class Packed:
    """Properties ready to be sent; pika takes them as it does its own."""

    INDEX = Properties.INDEX
    _data: bytes

    def encode(self) -> list[bytes]:
        """Return what is behind the size of the body in a content header (section 2.3.5.2)."""
        return [self._data]

    def __len__(self) -> int:
        return len(self._data)


def packed(message: Message, message_id: str, now: int) -> Packed:
    """Write the properties of a message to be sent.

    Args:
        now: milliseconds since the epoch.

    Raises:
        BrokerRefused: AMQP has no room for them, or RabbitMQ would take one for more than it is.
    """
    if message.content is Content.MAP:
        raise BrokerRefused("this broker has no map messages")
    try:
        return Packed(b"".join(_properties(message, message_id, now).encode()))
    except ValueError as why:
        raise BrokerRefused(f"the message cannot be sent: {why}") from None


def _properties(message: Message, message_id: str, now: int) -> Properties:
    told = message.properties
    headers: dict[str, Field] = {name: value for name, value in told.items() if _may_be_sent(name)}
    sent = message.timestamp or now
    headers[TIMESTAMP] = sent
    expiration = ""
    if message.expires:
        headers[EXPIRES] = message.expires
        left = max(0, message.expires - now)
        expiration = str(left) if left <= LONGEST_LIFE else ""
    return Properties(
        content_type=message.content_type,
        content_encoding=str(told.get(ENCODING, "")) or _WORDS[message.content],
        headers=headers,
        delivery_mode=2 if message.persistent else 1,
        priority=message.priority,
        correlation_id=message.correlation_id,
        reply_to=reply_to(message.reply_to),
        expiration=expiration,
        message_id=message_id,
        timestamp=sent // 1000,
        type=message.type,
        app_id=str(told.get(APPLICATION, "")),
    )


def _may_be_sent(name: str) -> bool:
    if name in _ROUTES:
        raise BrokerRefused(f"a property cannot be called {name}: RabbitMQ would send copies by it")
    return name not in _OF_THEIR_OWN and not name.startswith(_BROKERS)


def message_of(
    properties: Properties, body: bytes, destination: Destination, *, queue: str, redelivered: bool
) -> Message:
    """Return a message that came, C{message_id} empty where its sender gave it none.

    Args:
        queue: that it came out of, for how often it was dead.
    """
    headers = properties.headers
    content = _content(properties, body)
    said = properties.delivery_mode
    return Message(
        destination=destination,
        body=body,
        content=content,
        content_type=properties.content_type,
        message_id=properties.message_id,
        correlation_id=properties.correlation_id,
        reply_to=read_reply_to(properties.reply_to),
        type=properties.type,
        timestamp=_in_range(_timestamp(properties)),
        expires=_in_range(_expires(properties)),
        priority=4 if properties.priority is None else min(properties.priority, 9),
        persistent=said == 2,
        redelivered=redelivered,
        deliveries=_deliveries(headers, queue),
        properties=_named(properties, content),
    )


def _content(properties: Properties, body: bytes) -> Content:
    encoding, kind = properties.content_encoding.lower(), properties.content_type.lower()
    if encoding and encoding != _WORDS[Content.TEXT]:
        return Content.BYTES
    if not encoding and kind and not kind.startswith(_TEXTS):
        return Content.BYTES
    try:
        body.decode()
    except UnicodeDecodeError:
        return Content.BYTES
    return Content.TEXT


def _in_range(time: int) -> int:
    """Return a time, or none where it could not be sent again, as a dead message is."""
    return time if time < LATEST else 0


def _timestamp(properties: Properties) -> int:
    exactly = properties.headers.get(TIMESTAMP)
    if isinstance(exactly, int) and exactly // 1000 == properties.timestamp:
        return exactly
    return properties.timestamp * 1000


def _expires(properties: Properties) -> int:
    exactly = properties.headers.get(EXPIRES)
    if isinstance(exactly, int) and exactly >= 0:
        return exactly
    if properties.expiration.isdecimal() and (sent := _timestamp(properties)):
        return sent + int(properties.expiration)
    return 0


def _deliveries(headers: Mapping[str, Field], queue: str) -> int:
    """Return how often a message was given out, this time included; 0 where RabbitMQ has not counted.

    A quorum queue counts; what was dead in this queue and was sent here again has its deaths in a list.
    """
    count = headers.get(_COUNT)
    if isinstance(count, int):
        return count + 1
    deaths = headers.get(_DEATHS)
    if not isinstance(deaths, Sequence):
        return 0
    for death in deaths:
        if isinstance(death, Mapping) and (death.get("queue"), death.get("reason")) == (queue, "rejected"):
            count = death.get("count")
            return count + 1 if isinstance(count, int) else 0
    return 0


def _named(properties: Properties, content: Content) -> dict[str, Property]:
    found: dict[str, Property] = {
        name: value
        for name, value in properties.headers.items()
        if isinstance(value, str | int | float) and name not in _OF_THEIR_OWN and name != _COUNT
    }
    if properties.user_id:
        found[USER] = properties.user_id
    if properties.app_id:
        found[APPLICATION] = properties.app_id
    if properties.content_encoding and properties.content_encoding != _WORDS[content]:
        found[ENCODING] = properties.content_encoding
    return found
