# -*- test-case-name: tests.brokers.stomp.test_dialects -*-
"""What STOMP leaves to each broker: headers of subscriptions, names of destinations, spellings of messages.

The table of them is in docs/protocols/brokers.md. A broker is known by the header C{server} of CONNECTED.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from secrets import token_hex
from urllib.parse import unquote

from kaazing.brokers.names import TEMPORARY
from kaazing.brokers.selecting import calculates, for_artemis
from kaazing.brokers.stomp.dialect import BODY, Atomic, Dialect, Headers
from kaazing.errors import BrokerRefused
from kaazing.interfaces.brokers import Destination, Domain, Features, Message, Wish
from kaazing.wire import destinations, stomp_messages
from kaazing.wire.selector_values import CONVERTING, STRICTLY
from kaazing.wire.stomp import Frame

_INT = re.compile(r"[0-9]{1,9}")

_EVERY = 32_766
"""The prefetch that stands for any number; ActiveMQ keeps it in 16 bits."""


class ActiveMq(Dialect):
    """ActiveMQ Classic: a JMS broker, all of JMS but the count of deliveries."""

    features = Features(queue_selectors=True, transactions=True, dead_letters=True)
    atomic = Atomic.EVERYTHING
    marks = True
    makes = True
    measured = True
    private = frozenset((BODY,))

    _MAP = "kaazing_body"
    _CRON = "AMQ_SCHEDULED_CRON"
    _NUMBERS = re.compile(r"JMSXGroupSeq|AMQ_SCHEDULED_(?:DELAY|PERIOD|REPEAT)")

    def subscribing(self, wish: Wish) -> Headers:
        durable = [("activemq.subscriptionName", wish.durable)] if wish.durable else []
        return [
            ("ack", "auto" if wish.automatic else "client-individual"),
            ("activemq.prefetchSize", str(min(wish.prefetch or _EVERY, _EVERY))),
            *durable,
            *self._selecting(wish),
        ]

    def _selecting(self, wish: Wish) -> Headers:
        if calculates(wish.selector):  # with text, which brings the queue to a stop, for everybody
            raise BrokerRefused("ActiveMQ cannot calculate (+ - * /) in selectors; compare with the result")
        return super()._selecting(wish)

    def forgetting(self, durable: str) -> Headers:
        return [("activemq.subscriptionName", durable)]

    def source(self, destination: Destination) -> str:
        if destinations.MANY in destination.name.removesuffix(destinations.MANY):
            raise BrokerRefused(f"ActiveMQ has > at the end of a topic's name only, not in {destination}")
        return self.target(destination)

    def target(self, destination: Destination) -> str:
        if self.own(destination):
            raise BrokerRefused(f"{destination} is ActiveMQ's own")
        prefix = "/remote-" if destination.temporary else "/"
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
            if name == self._CRON:
                raise BrokerRefused(f"header {name}: ActiveMQ ends the connection of all for a wrong one")
            if self._NUMBERS.fullmatch(name) and not _INT.fullmatch(value):
                raise BrokerRefused(
                    f"header {name} is no whole number of up to 9 digits, as ActiveMQ wants it"
                )
            yield (self._MAP if name == BODY else name), value

    def _read(self, frame: Frame) -> Iterable[tuple[str, str]]:
        return ((BODY if name == self._MAP else name, value) for name, value in frame.headers)


class Artemis(Dialect):
    """ActiveMQ Artemis, its acceptor with anycastPrefix=/queue/;multicastPrefix=/topic/."""

    features = Features(queue_selectors=True)
    atomic = Atomic.SENDS
    escapes = True
    many = "#"
    private = frozenset(("destination-type",))
    inner = private

    _WINDOW = 64 * 1024
    """Bytes of messages that Artemis sends before it hears of acknowledgements; it does not count them."""
    _GROUP = "_AMQ_GROUP_ID"
    """What it makes of JMSXGroupID."""

    def subscribing(self, wish: Wish) -> Headers:
        window = 1 if wish.prefetch == 1 else self._WINDOW
        durable = [("durable-subscription-name", wish.durable)] if wish.durable else []
        flow = [] if wish.automatic else [("consumer-window-size", str(window))]
        ack = ("ack", "auto" if wish.automatic else "client-individual")
        return [ack, *flow, *durable, *self._selecting(wish)]

    def _selecting(self, wish: Wish) -> Headers:
        if not wish.selector:
            return []
        selector = for_artemis(wish.selector)
        return [("selector", selector if selector.startswith(STRICTLY) else CONVERTING + selector)]

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
            if name == "message-id":
                # "26,15": the consumer's number, and the message's, which stays when it is given out again.
                value = value.rpartition(",")[2]
            if name == self._GROUP or not name.startswith("_AMQ"):
                yield ("JMSXGroupID" if name == self._GROUP else name), value


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
    _LONGEST_LIFE = 2**32 - 1
    """Milliseconds that RabbitMQ can count; for more it ends the connection."""

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
        if message.expires and (left := max(message.expires - now, 0)) <= self._LONGEST_LIFE:
            yield "expiration", str(left)
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
