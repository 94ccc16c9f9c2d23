# -*- test-case-name: tests.brokers.amqp10.test_messages -*-
"""Messages as AMQP 1.0 has them (section 3.2), by the JMS mapping of AMQP (1.0, section 3), and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from proton import Message as Wired
from proton import byte, symbol, timestamp

from kaazing.brokers.amqp10.dialects import KINDS, Dialect
from kaazing.brokers.amqp10.ids import text_of, value_of
from kaazing.errors import BrokerRefused
from kaazing.interfaces.brokers import Content, Destination, Domain, Message, Property
from kaazing.wire.destinations import is_pattern, matches
from kaazing.wire.maps import entries, flat

TYPE, TO, REPLY_TO = "x-opt-jms-msg-type", "x-opt-jms-dest", "x-opt-jms-reply-to"
"""Annotations: which JMS type a message has, and what sorts of nodes its addresses name."""

_TYPES = {Content.MAP: 2, Content.BYTES: 3, Content.TEXT: 5}
_BINARY = "application/octet-stream"
_TEXTS = ("text/", "application/json", "application/xml")
_INT64 = 2**63
_LONGEST_LIFE = 2**32 - 1  # milliseconds that the header's ttl can say; the property says any time
_GROUP, _SEQUENCE, _USER = "JMSXGroupID", "JMSXGroupSeq", "JMSXUserID"
_OURS = frozenset((_GROUP, _SEQUENCE, _USER, "JMSXDeliveryCount"))
"""Properties of JMS that are fields of AMQP; who sent a message says the broker alone."""


def encoded(message: Message, dialect: Dialect, now: int) -> bytes:
    """Return a message to be sent.

    Args:
        now: milliseconds since the epoch.

    Raises:
        BrokerRefused: AMQP has no room for something in it.
    """
    try:
        return bytes(_wired(message, dialect, now).encode())
    except (ValueError, OverflowError) as why:
        raise BrokerRefused(f"the message cannot be sent: {why}") from None


def _wired(message: Message, dialect: Dialect, now: int) -> Wired:
    wired = Wired()
    wired.id = value_of(message.message_id) or f"ID:{uuid4()}"
    wired.address = dialect.address(message.destination)
    wired.durable, wired.priority = message.persistent, message.priority
    wired.creation_time = _seconds(message.timestamp or now)
    if message.expires:
        wired.expiry_time = _seconds(message.expires)
        if (left := max(message.expires - now, 1)) <= _LONGEST_LIFE:
            wired.ttl = _seconds(left)
    if message.correlation_id:
        wired.correlation_id = value_of(message.correlation_id)
    if message.type:
        wired.subject = message.type
    annotations = {symbol(TO): byte(KINDS.index(message.destination.domain))}
    if message.reply_to is not None:
        wired.reply_to = dialect.address(message.reply_to)
        annotations[symbol(REPLY_TO)] = byte(KINDS.index(message.reply_to.domain))
    annotations[symbol(TYPE)] = byte(_TYPES[message.content])
    wired.annotations = annotations  # type: ignore[assignment]
    _put_properties(wired, message.properties)
    _put_body(wired, message, dialect)
    return wired


def _seconds(milliseconds: int) -> float:
    """Return what proton makes so many milliseconds of, again: it cuts off what is behind the point."""
    return (milliseconds + 0.5) / 1000


def _put_properties(wired: Wired, properties: Mapping[str, Property]) -> None:
    sent: Any = {name: _sent(value) for name, value in properties.items() if name not in _OURS}
    wired.properties = sent
    if group := properties.get(_GROUP):
        wired.group_id = str(group)
        number = properties.get(_SEQUENCE, 0)
        if isinstance(number, int) and 0 <= number < 2**32:
            wired.group_sequence = number


def _sent(value: Property) -> Property:
    """Return a value that AMQP has a type for: an integer that is no long is sent as text."""
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return str(value)
    return value


def _put_body(wired: Wired, message: Message, dialect: Dialect) -> None:
    kind = message.content_type
    match message.content:
        case Content.MAP:
            wired.body = entries(message.body)
        case Content.TEXT if not dialect.plain:
            wired.body = message.body.decode()
        case _:
            wired.body, wired.inferred = message.body, True
            kind = kind or (_BINARY if message.content is Content.BYTES else "text/plain")
    if kind and kind.isascii():
        wired.content_type = symbol(kind)


def decoded(data: bytes, wished: Destination, dialect: Dialect, now: int) -> Message:
    """Return a message that came, C{message_id} empty where its sender gave it none.

    Args:
        wished: what was subscribed to.
        now: milliseconds since the epoch.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        return _read(data, wished, dialect, now)
    except Exception as why:
        # Brokers pass on what they do not read: proton raises whatever comes of a map whose key is a list.
        raise ValueError(f"the message cannot be read: {why}") from why


def _read(data: bytes, wished: Destination, dialect: Dialect, now: int) -> Message:
    wired = Wired()
    wired.decode(data)
    annotations = {str(name): value for name, value in (wired.annotations or {}).items()}
    content, body = _body(wired, annotations.get(TYPE))
    expires = round(wired.expiry_time * 1000) or (now + round(wired.ttl * 1000) if wired.ttl else 0)
    deliveries = wired.delivery_count + 1 if dialect.counts else 0
    return Message(
        destination=_destination(wired.address, wished, dialect),
        body=body,
        content=content,
        content_type=_content_type(wired, content),
        message_id=text_of(wired.id),
        correlation_id=text_of(wired.correlation_id, correlation=True),
        reply_to=_reply_to(wired.reply_to, annotations.get(REPLY_TO), wished, dialect),
        type=wired.subject or "",
        timestamp=round(wired.creation_time * 1000),
        expires=expires,
        priority=min(wired.priority, 9),
        persistent=wired.durable,
        redelivered=deliveries > 1 if dialect.counts else not wired.first_acquirer,
        deliveries=deliveries,
        properties=_properties(wired),
    )


def _destination(address: str | None, wished: Destination, dialect: Dialect) -> Destination:
    """Return where a message was sent to: what it says itself, where a pattern was subscribed to that it
    is of, otherwise what was subscribed to."""
    if not address or not is_pattern(wished.name):
        return wished
    said = dialect.destination(address, wished.domain)
    if said.domain is wished.domain and not is_pattern(said.name) and matches(wished.name, said.name):
        return said
    return wished


def _reply_to(address: str | None, kind: Any, wished: Destination, dialect: Dialect) -> Destination | None:
    if not address:
        return None
    known = isinstance(kind, int) and 0 <= kind < len(KINDS)
    return dialect.destination(address, KINDS[kind] if known else _default(wished.domain))


def _default(domain: Domain) -> Domain:
    return Domain.QUEUE if domain in (Domain.QUEUE, Domain.TEMP_QUEUE) else Domain.TOPIC


def _content_type(wired: Wired, content: Content) -> str:
    said = _said_type(wired)
    return "" if said == (_BINARY if content is Content.BYTES else "text/plain") else said


def _said_type(wired: Wired) -> str:
    said = wired.content_type  # a symbol of "None" where there is none
    return "" if said is None or str(said) == "None" else str(said)


def _body(wired: Wired, kind: Any) -> tuple[Content, bytes]:
    body = wired.body
    match body:
        case str():
            return Content.TEXT, body.encode()
        case bytes() | bytearray() | memoryview():
            return _content(bytes(body), _said_type(wired), kind)
        case dict():
            return _map(body)
        case None:
            return (Content.BYTES if kind in (None, _TYPES[Content.BYTES]) else Content.TEXT), b""
        case list():
            return Content.TEXT, _json(body)
    return Content.TEXT, str(_plain(body)).encode()


def _content(body: bytes, content_type: str, kind: Any) -> tuple[Content, bytes]:
    if kind == _TYPES[Content.TEXT] or content_type.lower().startswith(_TEXTS):
        try:
            body.decode()
        except UnicodeDecodeError:
            return Content.BYTES, body
        return Content.TEXT, body
    return Content.BYTES, body


def _map(body: Mapping[Any, Any]) -> tuple[Content, bytes]:
    """Return a map as L{Content.MAP} where its values are such, otherwise as the text of a JSON object."""
    made = _json(body)
    try:
        flat(made)
    except ValueError:
        return Content.TEXT, made
    return Content.MAP, made


def _json(value: Any) -> bytes:
    return json.dumps(_plain(value), ensure_ascii=False).encode("utf-8", "replace")


def _properties(wired: Wired) -> dict[str, Property]:
    found: dict[str, Property] = {}
    told: Mapping[Any, Any] = wired.properties or {}
    for name, value in told.items():
        made = _plain(value)
        if isinstance(made, str | int | float | bool) and str(name) not in _OURS:
            found[str(name)] = made
    if wired.group_id:
        found[_GROUP] = wired.group_id
        found[_SEQUENCE] = int(wired.group_sequence)
    if user := wired.user_id:
        found[_USER] = bytes(user).decode("utf-8", "replace")
    return found


def _plain(value: Any) -> Any:
    """Return a value of AMQP as JSON and JMS have it: numbers of any size are numbers, names are text."""
    match value:
        case bool() | None:
            return value
        case timestamp() | int():
            return int(value)
        case float():
            return float(value)
        case str() | UUID():
            return str(value)
        case bytes() | bytearray() | memoryview():
            return bytes(value).decode("utf-8", "replace")
        case dict():
            return {str(_plain(name)): _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    return str(value)
