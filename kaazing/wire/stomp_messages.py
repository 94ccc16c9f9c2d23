# -*- test-case-name: tests.wire.test_stomp_messages -*-
"""Messages as frames of STOMP: JMS headers in ActiveMQ's and RabbitMQ's spellings, and back in ActiveMQ's.

STOMP 1.2 leaves all but destination and content-length to the broker; docs/protocols/jms-messages.md has the
table. What a client sends can be faulty and is refused with a sentence; what a broker sends is taken as far
as it can be read. A client says nothing that only a broker knows (message-id, redelivered, JMSXUserID, ...).
"""

from __future__ import annotations

import re
import time

from kaazing.interfaces.brokers import Content, Destination, Message, Property
from kaazing.wire.maps import flat
from kaazing.wire.stomp import Frame

__all__ = ["headers_of", "message_of"]

LONGEST = 2**63 - 1  # a Java long
SECONDS = 100_000_000_000
"""A timestamp below counts seconds, as those of AMQP 0-9-1 do: as milliseconds it would be of 1973."""

_CORRELATION = ("correlation-id", "JMSCorrelationID")
_TYPE = ("type", "JMSType")
_PRIORITY = ("priority", "JMSPriority")
_EXPIRES = ("expires", "JMSExpiration")
_TIMESTAMP = ("timestamp", "JMSTimestamp")
_MODE = ("persistent", "delivery-mode", "JMSDeliveryMode")
_BODY = ("transformation", "amq-msg-type")
"""Headers that say one thing; the first that is there counts."""

_OWN = frozenset(
    (
        *("destination", "content-length", "content-type", "receipt", "receipt-id", "transaction"),
        *("message-id", "subscription", "ack", "redelivered", "reply-to", "original-destination"),
        *("expiration", "user-id", "login", "passcode", "transformation-error"),
        *(
            name
            for names in (_CORRELATION, _TYPE, _PRIORITY, _EXPIRES, _TIMESTAMP, _MODE, _BODY)
            for name in names
        ),
    )
)
"""Headers that are never properties: of SEND and MESSAGE frames, or said by the broker alone."""
_GROUPS = frozenset(("JMSXGroupID", "JMSXGroupSeq"))
"""Properties of JMS that a client sets (JMS 2.0 section 3.5.9)."""

_TEXTUAL = re.compile(r"\s*(?:text/[^;\s]+|application/(?:[^;\s]+\+)?json)\s*(?:;.*)?", re.I | re.DOTALL)
_OTHER_CHARSET = re.compile(r"""\bcharset\s*=\s*["']?(?!(?:utf-?8|us-ascii)\b)""", re.I)
_BODIES = {
    "jms-map-json": Content.MAP,
    "jms-byte": Content.BYTES,
    "bytes": Content.BYTES,
    "text": Content.TEXT,
}
_DIGITS = re.compile(r"[0-9]{1,19}")


def message_of(
    frame: Frame, destination: Destination, reply_to: Destination | None, *, now: int | None = None
) -> Message:
    """Return the message in a client's SEND, or in a broker's MESSAGE.

    Args:
        destination, reply_to: what the frame's headers of these names mean.
        now: milliseconds since the epoch, from when C{expiration} counts; None for the system's clock.

    Raises:
        ValueError: a SEND has a header or a map body that cannot be read: a sentence.
    """
    reader = _Reader(frame)
    content, body = reader.body(frame.body)
    message_id, redelivered, deliveries = "", False, 0
    if not reader.strict:
        message_id = reader.text("message-id")
        redelivered = reader.text("redelivered").strip().lower() == "true"
        deliveries = reader.number("JMSXDeliveryCount")
    return Message(
        destination=destination,
        body=body,
        content=content,
        content_type=reader.text("content-type"),
        message_id=message_id,
        correlation_id=reader.text(*_CORRELATION),
        reply_to=reply_to,
        type=reader.text(*_TYPE),
        timestamp=reader.timestamp(),
        expires=reader.expires(now),
        priority=min(reader.number(*_PRIORITY, otherwise=4), 9),
        persistent=reader.text(*_MODE).strip().lower() in ("true", "2", "persistent"),
        redelivered=redelivered,
        deliveries=deliveries,
        properties=reader.properties(),
    )


class _Reader:
    """The headers of one frame.

    Attributes:
        strict: whether a client wrote them: what cannot be read is refused, and what is not a client's to say
            is passed over.
    """

    __slots__ = ("_headers", "strict")

    def __init__(self, frame: Frame) -> None:
        self.strict = frame.command == "SEND"
        self._headers: dict[str, str] = {}
        for name, value in frame.headers:  # the first counts (STOMP 1.2, Repeated Header Entries)
            self._headers.setdefault(self._utf8(name, name).strip(), self._utf8(value, name))

    def _utf8(self, text: str, name: str) -> str:
        if text.isascii():
            return text
        try:
            text.encode()
        except UnicodeEncodeError as why:
            if self.strict:
                raise ValueError(f"header {name!a} is not UTF-8 (STOMP 1.2, Value Encoding)") from why
            return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return text

    def text(self, *names: str) -> str:
        """Return the first of some headers; empty where none is there."""
        for name in names:
            if (value := self._headers.get(name)) is not None:
                return value
        return ""

    def number(self, *names: str, otherwise: int = 0) -> int:
        """Return the first of some headers as a number; C{otherwise} where none is there."""
        for name in names:
            if (value := self._headers.get(name)) is not None:
                digits = value.strip()
                if _DIGITS.fullmatch(digits) and (number := int(digits)) <= LONGEST:
                    return number
                if self.strict:
                    raise ValueError(
                        f"header {name}: expected a whole number from 0 to {LONGEST}, not {value[:40]!a}"
                    )
                return otherwise
        return otherwise

    def timestamp(self) -> int:
        """Return when the message was sent, in milliseconds."""
        found = self.number(*_TIMESTAMP)
        return found * 1000 if found < SECONDS else found

    def expires(self, now: int | None) -> int:
        """Return when it expires, in milliseconds; C{expires} of ActiveMQ counts before RabbitMQ's
        C{expiration}, which says how long that is from now."""
        if found := self.number(*_EXPIRES):
            return found
        if "expiration" not in self._headers:
            return 0
        start = time.time_ns() // 1_000_000 if now is None else now
        return min(start + self.number("expiration"), LONGEST)

    def body(self, body: bytes) -> tuple[Content, bytes]:
        """Return what sort of body it is, and the body."""
        content = _BODIES.get(self.text(*_BODY).strip().lower())
        if content is Content.MAP:
            try:
                return content, flat(body)
            except ValueError:
                if self.strict:
                    raise
            content = None
        if content is None:
            content = Content.BYTES if "content-length" in self._headers else Content.TEXT
            kind = self.text("content-type")
            if kind and _TEXTUAL.fullmatch(kind):
                content = Content.BYTES if _OTHER_CHARSET.search(kind) else Content.TEXT
        return (Content.TEXT if content is Content.TEXT and _is_text(body) else Content.BYTES), body

    def properties(self) -> dict[str, Property]:
        """Return the headers that are neither STOMP's nor of JMS, in the order of the frame."""
        found: dict[str, Property] = {}
        for name, value in self._headers.items():
            if name not in _OWN and (name[:3] != "JMS" or self._may(name)):
                found[name] = value
        if "JMSXGroupSeq" in found:
            found["JMSXGroupSeq"] = self.number("JMSXGroupSeq")
        if not self.strict and (user := self.text("user-id")):
            found["JMSXUserID"] = user
        return found

    def _may(self, name: str) -> bool:
        """Return whether a name that JMS reserves may stand for a property (JMS 2.0 section 3.5.1)."""
        if self.strict:
            return name in _GROUPS or name.startswith("JMS_")
        return _is_property(name)


def _is_property(name: str) -> bool:
    return name.startswith("JMS_") or (name.startswith("JMSX") and name != "JMSXDeliveryCount")


def _is_text(body: bytes) -> bool:
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            return False
    return True


def headers_of(message: Message) -> list[tuple[str, str]]:
    """Return the headers of a message's frame, no name twice, and no property under the name of a header.

    Left out are destination, message-id, subscription, ack, reply-to and content-length.
    """
    found = [("priority", str(message.priority))]
    for name, text in (
        ("content-type", message.content_type),
        ("correlation-id", message.correlation_id),
        ("type", message.type),
    ):
        if text:
            found.append((name, _sayable(text)))
    for name, number in (
        ("expires", message.expires),
        ("timestamp", message.timestamp),
        ("JMSXDeliveryCount", message.deliveries),
    ):
        if number:
            found.append((name, str(number)))
    if message.persistent:
        found.append(("persistent", "true"))
    if message.redelivered:
        found.append(("redelivered", "true"))
    if message.content is Content.MAP:
        found.append(("transformation", "jms-map-json"))
    for name, value in message.properties.items():
        bare = name.strip()
        if bare and bare not in _OWN and (bare[:3] != "JMS" or _is_property(bare)):
            found.append((_sayable(name), _written(value)))
    return found


def _written(value: Property) -> str:
    if isinstance(value, str):
        return _sayable(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _sayable(text: str) -> str:
    """Return text that a frame can carry in UTF-8, what it cannot replaced; line ends and colons need the
    escapes of STOMP 1.1."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
