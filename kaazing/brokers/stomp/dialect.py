# -*- test-case-name: tests.brokers.stomp.test_dialect -*-
"""What STOMP leaves to a broker, and what is assumed of one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from kaazing.brokers.names import TEMPORARY, temporary_name
from kaazing.errors import BrokerRefused
from kaazing.interfaces.brokers import Content, Destination, Domain, Features, Message, Wish
from kaazing.wire import destinations, stomp_messages
from kaazing.wire.stomp import Frame

Headers = list[tuple[str, str]]

BODY = "transformation"
"""The header that says of a body that it is a map (ActiveMQ's; L{stomp_messages} reads and writes it)."""

_TYPES = {
    Content.TEXT: "text/plain",
    Content.BYTES: "application/octet-stream",
    Content.MAP: "application/json",
}
"""The content-type of a message that has none: to a broker that knows of bytes alone nothing else tells."""


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
        return Destination(domain, temporary_name())

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
        if not destination.temporary and destination.name.startswith(self.hidden):
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
        if found.name.startswith(TEMPORARY) and not found.temporary:
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
