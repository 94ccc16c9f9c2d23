# -*- test-case-name: tests.brokers.stomp.test_dialects -*-
"""What STOMP leaves to each broker: headers of subscriptions, names of destinations, spellings of messages.

The table of them is in docs/protocols/stomp-jms.md. A broker is known by the header C{server} of CONNECTED.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from secrets import token_hex
from urllib.parse import unquote

from kaazing.errors import BrokerRefused
from kaazing.interfaces.brokers import Content, Destination, Domain, Features, Message, Wish
from kaazing.wire import destinations, stomp_messages
from kaazing.wire.stomp import Frame

Headers = list[tuple[str, str]]

TEMPORARY = "kaazing.temp."
"""Begins the names of temporary destinations where the broker makes none; 128 bits of chance follow."""

BODY = "transformation"
"""The header that says of a body that it is a map (ActiveMQ's; L{stomp_messages} reads and writes it)."""

_TYPES = {
    Content.TEXT: "text/plain",
    Content.BYTES: "application/octet-stream",
    Content.MAP: "application/json",
}
"""The content-type of a message that has none: to a broker that knows of bytes alone nothing else tells."""

_INT = re.compile(r"[0-9]{1,9}")

_EVERY = 32_766
"""The prefetch that stands for any number; ActiveMQ keeps it in 16 bits."""
_TEMPORARY = (Domain.TEMP_QUEUE, Domain.TEMP_TOPIC)


class Atomic(Enum):
    """What of a transaction is done at once, or not at all."""

    NOTHING = 0
    SENDS = 1
    EVERYTHING = 2


class Dialect:
    """A broker of which only the specification is known; the others differ from it.

    Attributes:
        features: what the broker does.
        atomic: what its transactions are about.
        returns: whether NACK gives a delivery back to the queue; otherwise it ends there.
        apart: whether what is out on a subscription comes back only when its connection ends.
        ends_open: whether a durable subscription is ended while it is open, not after that.
        binds: whether a durable subscription that was one of another topic gets what is sent there, too.
        marks: whether a message that was out before says so (header C{redelivered}).
        escapes: whether it writes carriage returns in the way of 1.2 in version 1.1 too.
        makes: whether it makes temporary destinations, which only their connection knows by their own name.
    """

    features = Features()
    atomic = Atomic.NOTHING
    returns = False
    apart = False
    ends_open = False
    binds = False
    marks = False
    makes = False
    escapes = False

    many = ">"
    """How C{>} of a pattern is written."""
    measured = False
    """Whether content-length says of a body that it is of bytes."""
    hidden: tuple[str, ...] = (TEMPORARY,)
    """How names of queues and topics begin that belong to one client."""
    private: frozenset[str] = frozenset()
    """Headers of SEND that mean something else to the broker than a property: no client says them."""
    inner: frozenset[str] = frozenset()
    """Headers of MESSAGE that are the broker's, and no properties either."""

    def subscribing(self, wish: Wish) -> Headers:
        """Return the headers of SUBSCRIBE but id, destination and receipt."""
        if wish.durable:
            raise BrokerRefused("the broker has no durable subscriptions that are known of")
        return [("ack", "auto" if wish.automatic else "client-individual"), *self._selecting(wish)]

    def _selecting(self, wish: Wish) -> Headers:
        return [("selector", wish.selector)] if wish.selector else []

    def forgetting(self, durable: str) -> Headers:
        """Return the headers of the UNSUBSCRIBE that ends a durable subscription."""
        raise BrokerRefused("the broker has no durable subscriptions that are known of")

    def nacking(self, *, back: bool) -> Headers:
        """Return the headers that NACK has, besides which delivery it is about; C{back}: where L{returns}."""
        return []

    def temporary(self, domain: Domain) -> Destination:
        """Return a new temporary destination, where not L{makes}."""
        return Destination(domain, TEMPORARY + token_hex(16))

    def source(self, destination: Destination) -> str:
        """Return what SUBSCRIBE calls a destination, which may be a pattern.

        Raises:
            BrokerRefused: it cannot be subscribed to.
        """
        self._keep_out(destination)
        return self._written(destination)

    def target(self, destination: Destination) -> str:
        """Return what SEND, and the header reply-to, call a destination.

        Raises:
            BrokerRefused: nothing can be sent there.
        """
        return self._written(destination)

    def _keep_out(self, destination: Destination) -> None:
        if destination.domain not in _TEMPORARY and destination.name.startswith(self.hidden):
            raise BrokerRefused(f"{destination} is another client's")

    def _written(self, destination: Destination) -> str:
        name = destination.name
        if destination.domain is Domain.TOPIC and destinations.is_pattern(name):
            name = ".".join(self._word(word) for word in name.split("."))
        domain = Domain.QUEUE if destination.domain is Domain.TEMP_QUEUE else destination.domain
        domain = Domain.TOPIC if destination.domain is Domain.TEMP_TOPIC else domain
        return f"/{domain.value}/{self._escaped(name)}"

    def _word(self, word: str) -> str:
        return self.many if word == destinations.MANY else word

    def _escaped(self, name: str) -> str:
        return name

    def read(self, written: str, session: str = "") -> Destination | None:
        """Return what a header of the broker's means by a destination; None where it cannot be read.

        Args:
            session: the broker's name of the connection.
        """
        try:
            found = destinations.read(written)
        except ValueError:
            return None
        if found.name.startswith(TEMPORARY) and found.domain not in _TEMPORARY:
            temporary = Domain.TEMP_QUEUE if found.domain is Domain.QUEUE else Domain.TEMP_TOPIC
            return Destination(temporary, found.name)
        return found

    def own(self, destination: Destination) -> bool:
        """Return whether what is sent there is the broker's own, about itself."""
        return False

    def written(self, message: Message, now: int) -> Headers:
        """Return the headers of a SEND but content-length.

        Args:
            now: milliseconds since the epoch.

        Raises:
            BrokerRefused: the broker would not take it, and break the connection for that.
        """
        found = [("destination", self.target(message.destination))]
        if message.reply_to is not None:
            found.append(("reply-to", self.target(message.reply_to)))
        found += ((name, value) for name, value in self._headers(message, now) if name not in self.private)
        if message.content is Content.BYTES:
            found.append(("content-length", str(len(message.body))))
        return found

    def _headers(self, message: Message, now: int) -> Iterable[tuple[str, str]]:
        found = stomp_messages.headers_of(message)
        if not message.content_type:
            found.append(("content-type", _TYPES[message.content]))
        return found

    def message(self, frame: Frame, destination: Destination, reply_to: Destination | None) -> Message:
        """Return the message of a MESSAGE frame."""
        headers = tuple((name, value) for name, value in self._read(frame) if name not in self.inner)
        return stomp_messages.message_of(Frame("MESSAGE", headers, frame.body), destination, reply_to)

    def _read(self, frame: Frame) -> Iterable[tuple[str, str]]:
        if self.measured:
            return frame.headers
        headers = [(name, value) for name, value in frame.headers if name != "content-length"]
        if frame.get("content-type") is not None:
            headers.append(("content-length", str(len(frame.body))))  # the type says it
        return headers


class ActiveMq(Dialect):
    """ActiveMQ Classic: a JMS broker, all of JMS but the count of deliveries."""

    features = Features(topic_selectors=True, queue_selectors=True, transactions=True, dead_letters=True)
    atomic = Atomic.EVERYTHING
    marks = True
    makes = True
    measured = True
    private = frozenset((BODY,))

    _MAP = "kaazing_body"
    _NUMBERS = re.compile(r"JMSXGroupSeq|AMQ_SCHEDULED_(?:DELAY|PERIOD|REPEAT)")

    def subscribing(self, wish: Wish) -> Headers:
        durable = [("activemq.subscriptionName", wish.durable)] if wish.durable else []
        return [
            ("ack", "auto" if wish.automatic else "client-individual"),
            ("activemq.prefetchSize", str(min(wish.prefetch or _EVERY, _EVERY))),
            *durable,
            *self._selecting(wish),
        ]

    def forgetting(self, durable: str) -> Headers:
        return [("activemq.subscriptionName", durable)]

    def source(self, destination: Destination) -> str:
        if destinations.MANY in destination.name.removesuffix(destinations.MANY):
            raise BrokerRefused(f"ActiveMQ has > at the end of a topic's name only, not in {destination}")
        return self.target(destination)

    def target(self, destination: Destination) -> str:
        if self.own(destination):
            raise BrokerRefused(f"{destination} is ActiveMQ's own")
        prefix = "/remote-" if destination.domain in _TEMPORARY else "/"
        return f"{prefix}{destination.domain.value}/{destination.name}"

    def read(self, written: str, session: str = "") -> Destination | None:
        if written.startswith("/temp-"):  # made on this very connection, which calls it by its number alone
            sort, _, number = written.rpartition("/")
            written = f"{sort}/{session}:{number}"
        elif written.startswith("/remote-"):
            written = "/" + written.removeprefix("/remote-")
        return super().read(written)

    def own(self, destination: Destination) -> bool:
        return destination.name.startswith("ActiveMQ.Advisory.")

    def _headers(self, message: Message, now: int) -> Iterable[tuple[str, str]]:
        # A map is a text to ActiveMQ here: of the packages of it not all have what reads maps, and those that
        # have not break the connection.
        for name, value in stomp_messages.headers_of(message):
            if self._NUMBERS.fullmatch(name) and not _INT.fullmatch(value):
                raise BrokerRefused(
                    f"header {name} is no whole number of up to 9 digits, as ActiveMQ wants it"
                )
            yield (self._MAP if name == BODY else name), value

    def _read(self, frame: Frame) -> Iterable[tuple[str, str]]:
        return ((BODY if name == self._MAP else name, value) for name, value in frame.headers)


class Artemis(Dialect):
    """ActiveMQ Artemis, its acceptor with anycastPrefix=/queue/;multicastPrefix=/topic/."""

    features = Features(topic_selectors=True, queue_selectors=True)
    atomic = Atomic.SENDS
    escapes = True
    many = "#"
    private = frozenset(("destination-type",))
    inner = private

    _WINDOW = 64 * 1024
    """Bytes of messages that Artemis sends before it hears of acknowledgements; it does not count them."""

    def subscribing(self, wish: Wish) -> Headers:
        window = 1 if wish.prefetch == 1 else self._WINDOW
        durable = [("durable-subscription-name", wish.durable)] if wish.durable else []
        flow = [] if wish.automatic else [("consumer-window-size", str(window))]
        ack = ("ack", "auto" if wish.automatic else "client-individual")
        return [ack, *flow, *durable, *self._selecting(wish)]

    def forgetting(self, durable: str) -> Headers:
        return [("durable-subscription-name", durable)]

    def _written(self, destination: Destination) -> str:
        if "::" in destination.name:
            raise BrokerRefused(f"{destination} names a queue of a topic, which is for its owner alone")
        return super()._written(destination)

    def _headers(self, message: Message, now: int) -> Iterable[tuple[str, str]]:
        for name, value in super()._headers(message, now):
            if not name.startswith("_AMQ"):  # of routes, schedules and the like
                yield name, value

    def _read(self, frame: Frame) -> Iterable[tuple[str, str]]:
        for name, value in super()._read(frame):
            # "26,15": the consumer's number, and the message's, which stays when it is given out again.
            yield name, (value.rpartition(",")[2] if name == "message-id" else value)


class RabbitMq(Dialect):
    """RabbitMQ with its STOMP plugin, all that it has; what is out comes back when a connection ends."""

    returns = True
    apart = True
    ends_open = True
    binds = True
    marks = True
    escapes = True
    many = "#"
    private = frozenset(
        (
            *("durable", "auto-delete", "exclusive", "amqp-message-id", "CC", "BCC", "x-queue-name"),
            *("x-queue-type", "x-dead-letter-exchange", "x-dead-letter-routing-key", "x-expires"),
            *("x-message-ttl", "x-max-length", "x-max-length-bytes", "x-max-priority", "x-max-age"),
            *("x-stream-max-segment-size-bytes", "x-stream-filter-size-bytes"),
        )
    )
    inner = frozenset(("amqp-message-id",))

    _DURABLE = "kaazing.durable."
    hidden = (TEMPORARY, _DURABLE)
    _SHORT = frozenset(("content-type", "content-encoding", "correlation-id", "type", "app-id", "cluster-id"))
    """Headers that become short strings of AMQP 0-9-1 (section 4.2.5.3)."""
    _LONGEST = 255

    def subscribing(self, wish: Wish) -> Headers:
        found = [("ack", "auto" if wish.automatic else "client-individual")]
        if wish.prefetch:
            found.append(("prefetch-count", str(min(wish.prefetch, 65_535))))
        if wish.durable:
            found += [*self._durable(wish.durable), ("auto-delete", "false")]
        elif wish.destination.domain is Domain.TEMP_QUEUE:
            found += [("durable", "false"), ("auto-delete", "true"), ("exclusive", "true")]
        return found

    def forgetting(self, durable: str) -> Headers:
        return self._durable(durable)

    def _durable(self, durable: str) -> Headers:
        queue = self._DURABLE + durable
        if len(queue.encode()) > self._LONGEST:
            most = self._LONGEST - len(self._DURABLE)
            raise BrokerRefused(f"the name of a durable subscription has more than {most} bytes")
        return [("durable", "true"), ("x-queue-name", queue)]

    def nacking(self, *, back: bool) -> Headers:
        return [("requeue", "true" if back else "false")]

    def source(self, destination: Destination) -> str:
        if destination.domain is Domain.TEMP_QUEUE and not destination.name.startswith(TEMPORARY):
            raise BrokerRefused(f"{destination} can be sent to, not subscribed to")
        return super().source(destination)

    def target(self, destination: Destination) -> str:
        if destination.domain is Domain.TEMP_QUEUE:
            return f"/reply-queue/{destination.name}"
        return self._written(destination)

    def _written(self, destination: Destination) -> str:
        if destination.domain is Domain.QUEUE and destination.name.startswith("amq."):
            raise BrokerRefused(f"{destination} is RabbitMQ's own")
        return super()._written(destination)

    def _escaped(self, name: str) -> str:
        return name.replace("/", "%2F")

    def read(self, written: str, session: str = "") -> Destination | None:
        if not written.startswith("/"):  # of an application that speaks AMQP: the name of a queue
            written = f"/reply-queue/{written}"
        if written.startswith("/reply-queue/"):
            written = f"/{Domain.TEMP_QUEUE.value}/{written.removeprefix('/reply-queue/')}"
        return super().read(unquote(written, errors="surrogateescape"))

    def _headers(self, message: Message, now: int) -> Iterable[tuple[str, str]]:
        yield "timestamp", str((message.timestamp or now) // 1000)
        if message.expires:
            yield "expiration", str(max(message.expires - now, 0))
        for name, value in super()._headers(message, now):
            if len(name.encode()) > self._LONGEST:
                raise BrokerRefused(f"a header's name has more than {self._LONGEST} bytes, RabbitMQ's limit")
            if name in self._SHORT and len(value.encode()) > self._LONGEST:
                raise BrokerRefused(f"header {name} has more than {self._LONGEST} bytes, RabbitMQ's limit")
            if name not in ("timestamp", "expires"):
                yield name, value

    def written(self, message: Message, now: int) -> Headers:
        # By which the same message is known when it comes again: message-id is of the delivery.
        return [*super().written(message, now), ("amqp-message-id", f"ID:{token_hex(16)}")]

    def _read(self, frame: Frame) -> Iterable[tuple[str, str]]:
        lasting = frame.get("amqp-message-id")
        sent, lives = frame.get("timestamp") or "", frame.get("expiration") or ""
        if sent.isdecimal() and lives.isdecimal() and len(sent + lives) < 30:
            yield "expires", str(int(sent) * 1000 + int(lives))
        for name, value in super()._read(frame):
            if name == "message-id" and lasting:
                value = lasting
            if name != "expiration":
                yield name, value


_KNOWN: tuple[tuple[str, type[Dialect]], ...] = (
    ("ActiveMQ-Artemis/", Artemis),
    ("ActiveMQ/", ActiveMq),
    ("RabbitMQ/", RabbitMq),
)


def dialect_of(server: str) -> Dialect:
    """Return the dialect of a broker that calls itself C{server}, "ActiveMQ/5.17.2"; empty where it says
    nothing."""
    return next((made for begins, made in _KNOWN if server.startswith(begins)), Dialect)()
