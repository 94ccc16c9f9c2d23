"""The promises of message brokers: messages as JMS knows them, and who keeps them.

Words are those of Jakarta Messaging (JMS 2.0); a broker that has them under other names maps them. Three
floors stand on each other: an L{IBrokerType} (a plugin) makes L{IBrokerLink}s, each one connection that
lives until it is lost; C{kaazing.brokers.broker.Broker}, an L{IBroker}, keeps them up and makes anew what was
lost with them; the service talks to that one only.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from zope.interface import Attribute, Interface

from kaazing.interfaces.adapters import Login

Property = str | int | float | bool
"""Value of a message's property (JMS 2.0 section 3.5); a client of STOMP sends and sees text only."""


class Domain(Enum):
    """What sort of destination it is; the value is its word in a STOMP destination."""

    QUEUE = "queue"
    TOPIC = "topic"
    TEMP_QUEUE = "temp-queue"
    TEMP_TOPIC = "temp-topic"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where messages go and come from.

    Attributes:
        name: words with dots in between, "orders.eu"; of a topic that is subscribed to, C{*} stands for one
            word, and C{>} at the end for any number of words, none included (ActiveMQ's grammar, which
            C{kaazing.wire.destinations} reads others into). Of a temporary one, the broker's name of it.
    """

    domain: Domain
    name: str

    def __str__(self) -> str:
        return f"/{self.domain.value}/{self.name}"

    @property
    def temporary(self) -> bool:
        """Whether it ends with whoever made it."""
        return self.domain in (Domain.TEMP_QUEUE, Domain.TEMP_TOPIC)


OVERHEAD = 300
"""Bytes that a message counts for, besides its body and its properties, where it waits."""


class Content(Enum):
    """The JMS type of a message's body."""

    TEXT = "text"
    """UTF-8."""
    BYTES = "bytes"
    MAP = "map"
    """The text of a JSON object of strings, numbers, booleans and nulls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. Header fields are those of JMS 2.0 section 3.4, JMS left out.

    Attributes:
        body: see L{Content}; a broker whose messages have another type of body gives what text or bytes it
            can.
        message_id: the broker's, in every message that comes from one; empty in one to be sent.
        timestamp, expires: milliseconds since the epoch; 0 for not said, and never.
        priority: 0 to 9.
        persistent: whether it outlives the broker.
        redelivered: whether somebody may have had it before.
        deliveries: how often it was given out, this time included, where the broker counts
            (JMSXDeliveryCount); 0 where it does not.
        properties: all others, JMSX ones included, by name.
    """

    destination: Destination
    body: bytes = field(default=b"", repr=False)
    content: Content = Content.TEXT
    content_type: str = ""
    message_id: str = ""
    correlation_id: str = ""
    reply_to: Destination | None = None
    type: str = ""
    timestamp: int = 0
    expires: int = 0
    priority: int = 4
    persistent: bool = True
    redelivered: bool = False
    deliveries: int = 0
    properties: Mapping[str, Property] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes that it takes wherever it waits, about: body, properties, and L{OVERHEAD}."""
        named = sum(len(name) + len(str(value)) + 2 for name, value in self.properties.items())
        return OVERHEAD + len(self.body) + named


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What a broker does by itself; what it does not, the service does, or refuses.

    Attributes:
        topic_selectors, queue_selectors: whether it looks at a L{Wish}'s selector.
        transactions: whether all of a L{Work} is done or nothing of it.
        dead_letters: whether a rejected delivery is kept by the broker in a place for such ones.
    """

    topic_selectors: bool = False
    queue_selectors: bool = False
    transactions: bool = False
    dead_letters: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a subscription is to be.

    Attributes:
        selector: text, checked; given only to a broker that has selectors there. Empty for none.
        durable: name of a durable subscription of a topic, unique in the broker (or at its client id);
            empty for one that is not.
        prefetch: deliveries that may be out and not settled; 0 for any number.
        automatic: whether nobody settles: a delivery counts as accepted when it was sent.
    """

    destination: Destination
    selector: str = ""
    durable: str = ""
    prefetch: int = 0
    automatic: bool = False


class Outcome(Enum):
    """What became of a delivery."""

    ACCEPTED = "accepted"
    RELEASED = "released"
    """Back to the broker, where it was, to be given out again, redelivered."""
    REJECTED = "rejected"
    """Nobody wants it: dead (see L{Features.dead_letters}; dropped where the broker has no place for it)."""


@dataclass(frozen=True, slots=True)
class Work:
    """A transaction: what is to be sent, and which deliveries are accepted, in order.

    Attributes:
        accepted: (subscription, tag) pairs.
    """

    sends: Sequence[Message] = ()
    accepted: Sequence[tuple[Any, Hashable]] = ()


class IConsumer(Interface):
    """Who is told of a subscription. Calls come from the reactor thread, never from inside C{subscribe}."""

    def delivered(message: Message, tag: Hashable) -> None:
        """One message; C{tag} is for L{IBrokerSubscription.settle}, None where the wish is automatic."""

    def ready() -> None:
        """The broker has the subscription: what is sent from now on is delivered. Called again each time it
        was made anew: what was out and not settled then comes again, and old tags mean nothing."""

    def refused(why: str) -> None:
        """There is no such subscription, nor will be: a sentence that clients may read. Called last."""


class IBrokerSubscription(Interface):
    """One subscription."""

    def settle(tags: Sequence[Hashable], outcome: Outcome) -> None:
        """Say what became of deliveries, in the order in which they came; tags of a connection that was lost
        meanwhile are passed over."""

    def close(forget: bool = False) -> Any:
        """End it: no more is delivered from this call on, and what is not settled goes back to the broker, in
        order. Return a Deferred that fires when the broker has done it. C{forget}: a durable one ends
        for good."""


class IBrokerLink(Interface):
    """One connection to a broker, logged in. It can only be lost, never come back.

    What is asked of it after it was lost fails with L{kaazing.errors.BrokerLost}; what waits then, too.
    """

    features = Attribute("Features: of the broker at the other end")
    peer = Attribute("str: the broker's product and version where it said so, for the log; else empty")

    def publish(message: Message) -> Any:
        """Send; return a Deferred that fires when the broker has taken the message, and fails with
        L{kaazing.errors.BrokerRefused} where it does not want it. Messages of one link reach a destination in
        the order of the calls."""

    def perform(work: Work) -> Any:
        """Do a transaction; return a Deferred as L{publish}. Where L{Features.transactions} is not, the
        messages are sent first, and the deliveries accepted when all were taken."""

    def subscribe(wish: Wish, consumer: Any) -> Any:
        """Return the L{IBrokerSubscription} for an L{IConsumer} at once; C{ready} or C{refused} follows."""

    def temporary(domain: Domain) -> Any:
        """Return a Deferred of the L{Destination} of a new temporary queue or topic, which lives as long as
        the link, or until L{discard}."""

    def discard(destination: Destination) -> None:
        """Remove a temporary destination."""

    def forget(destination: Destination, durable: str) -> Any:
        """End a durable subscription that nobody has open; return a Deferred as L{publish}."""

    def room() -> bool:
        """Return whether the broker takes messages as fast as they come; false where so much waits to be
        written, or the broker has said so (connection.blocked), that nobody should be read who sends more."""

    def close() -> Any:
        """End in good order; return a Deferred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What an L{IBrokerType} has around it.

    Attributes:
        dial: C{dial(uri)} returns a Deferred of an L{kaazing.interfaces.channels.IChannel} to a tcp, ssl, ws
            or wss L{Uri}, held, within the connect timeout; fails with L{kaazing.errors.ConnectError}.
        clock: IReactorTime.
        client_id: what the connection calls itself at the broker; the same after each start of the gateway.
        properties: the service's, read, by name.
        lost: C{lost(link, why)} is to be called once when a link that was made is gone, unless
            L{IBrokerLink.close} was called; C{why} is an exception whose text is a sentence.
        drained: C{drained(link)} is to be called when L{IBrokerLink.room} is true again.
        complain: C{complain(sentence)} writes one line to the log.
    """

    dial: Callable[[Any], Any]
    clock: Any
    client_id: str
    properties: Mapping[str, Any]
    lost: Callable[[Any, Exception], None]
    drained: Callable[[Any], None]
    complain: Callable[[str], None]


class IBrokerType(Interface):
    """One sort of broker, a plugin, named by the scheme of a jms service's C{<connect>}; cheap to import:
    what it needs from libraries is imported when it connects."""

    name = Attribute('str: the scheme without TLS, e.g. "amqp"')
    schemes = Attribute(
        'Mapping[str, int]: scheme of a URI -> default port, 0 for none, e.g. {"amqp": 5672, "amqps": 5671}'
    )
    options = Attribute("tuple[Option, ...]: properties of a jms service that are for this broker alone")
    features = Attribute("Features: of such a broker, as far as is known before it was connected to")
    doc = Attribute("str: one or two sentences for docs/configuration.md")

    def check(uri: Any) -> Any:
        """Return an iterable of sentences, each a fault in the path, the query or the login of a L{Uri}."""

    def connect(uri: Any, login: Login | None, post: Post) -> Any:
        """Return a Deferred of an L{IBrokerLink}, within 30 seconds of C{post.clock}; cancelled, it lets go.

        Args:
            login: None for none.

        It fails with ConnectError, L{kaazing.errors.BrokerLost} or, where the login or the virtual host is
        refused, L{kaazing.errors.BrokerRefused}.
        """


class IBroker(Interface):
    """The broker of a service, or of one of its users, for as long as the service runs."""

    available = Attribute("bool: whether there is a connection")
    features = Attribute("Features: of the broker last connected to")
    connections = Attribute("int: how many there are just now")
    refusal = Attribute(
        "str: why the broker refused the login when it was last asked; empty where it did not"
    )

    def start() -> None:
        """Connect, and again whenever a connection is lost."""

    def stop() -> Any:
        """Let what was published be taken, for a bounded time, and close; return a Deferred."""

    def publish(message: Message, *, waits: bool, sender: Hashable = None) -> Any:
        """As L{IBrokerLink.publish}; messages of one sender keep their order. A message whose connection is
        lost before the broker has taken it fails: nobody knows whether it was.

        Args:
            waits: while there is no connection, the message waits, within bounds of number, bytes and time;
                otherwise, and past the bounds, it fails with L{kaazing.errors.BrokerLost} at once.
        """

    def perform(work: Work, *, sender: Hashable = None) -> Any:
        """As L{IBrokerLink.perform}; fails while there is no connection. Deliveries of a connection lost
        meanwhile make it fail, and so do deliveries of two connections, where there are several."""

    def subscribe(wish: Wish, consumer: Any, *, sender: Hashable = None) -> Any:
        """As L{IBrokerLink.subscribe}; it waits for a connection and is made anew on the next when one is
        lost. What one sender subscribes to and sends shares a connection, so that it fits in one
        transaction; durable subscriptions go by their name."""

    def temporary(domain: Domain, consumer: Any, prefetch: int, *, sender: Hashable = None) -> Any:
        """Return a Deferred of (L{Destination}, L{IBrokerSubscription}): a new temporary destination whose
        messages an L{IConsumer} gets, until the subscription is closed. Where its connection is lost, so is
        it: C{refused} is called."""

    def forget(destination: Destination, durable: str) -> Any:
        """As L{IBrokerLink.forget}."""

    def room() -> bool:
        """As L{IBrokerLink.room}; true while there is no connection."""

    def watch(changed: Callable[[], None]) -> None:
        """Have C{changed()} called whenever L{available} or L{refusal} has changed, or L{room} has become
        true again."""
