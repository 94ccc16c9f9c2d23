"""Topics over a broker that notes what it is asked for, and listeners that note what they hear."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from kaazing.interfaces.brokers import Destination, Domain, Features, IBrokerSubscription, Message, Wish
from kaazing.interfaces.feeds import Slow
from kaazing.services.jms.settings import Settings, TopicSettings
from kaazing.services.jms.topics import Topics
from kaazing.transports.audience import Audience
from kaazing.transports.sessions import Sessions
from kaazing.transports.wheel import Wheel
from kaazing.wire.selectors import compiled
from tests.services.house import Line

WALL = 1_700_000_000.0  # seconds since the epoch at the start of each test


def topic(name: str) -> Destination:
    """Return a topic."""
    return Destination(Domain.TOPIC, name)


def render(message: Message, look: Hashable) -> tuple[bytes, tuple[int, ...]]:
    """Return a message as C{LOOK OWN: BODY}."""
    head = f"{look} ".encode()
    return head + b": " + message.body, (len(head),)


@implementer(IBrokerSubscription)
class NotedSubscription:
    """See L{IBrokerSubscription}.

    Attributes:
        wish: what was asked for.
        consumer: who is told.
        closed: whether it was closed.
    """

    def __init__(self, wish: Wish, consumer: Any) -> None:
        self.wish, self.consumer, self.closed = wish, consumer, False
        self._number = 0

    def settle(self, tags: Any, outcome: Any) -> None:
        """See L{IBrokerSubscription}."""

    def close(self, forget: bool = False) -> Deferred[Any]:
        """See L{IBrokerSubscription}."""
        self.closed = True
        return succeed(None)

    def refuses(self, why: str) -> None:
        """There is none, nor will be."""
        self.closed = True
        self.consumer.refused(why)

    def brings(self, body: str, name: str = "", **more: Any) -> Message:
        """Deliver a message of its topic, or of C{name}; its id is its body."""
        message = Message(
            destination=topic(name or self.wish.destination.name),
            body=body.encode(),
            **{"message_id": body, **more},
        )
        self.consumer.delivered(message, None)
        return message


class NotedBroker:
    """What Topics need of an L{kaazing.interfaces.brokers.IBroker}.

    Attributes:
        made: all subscriptions.
    """

    def __init__(self, features: Features) -> None:
        self.features = features
        self.made: list[NotedSubscription] = []

    def subscribe(self, wish: Wish, consumer: Any) -> NotedSubscription:
        """See L{kaazing.interfaces.brokers.IBroker}."""
        self.made.append(NotedSubscription(wish, consumer))
        return self.made[-1]

    def open(self) -> list[tuple[str, str]]:
        """Return topic and selector of each that is open."""
        return [(one.wish.destination.name, one.wish.selector) for one in self.made if not one.closed]

    def at(self, name: str, selector: str = "") -> NotedSubscription:
        """Return the one that is open."""
        (found,) = (
            one
            for one in self.made
            if not one.closed and (one.wish.destination.name, one.wish.selector) == (name, selector)
        )
        return found


def broker(features: Features) -> Any:
    """Return a broker, as far as it is needed."""
    return NotedBroker(features)


class Heard(Line):
    """A channel that notes what it is sent with what else its listener hears."""

    def __init__(self, heard: list[str]) -> None:
        super().__init__()
        self._heard = heard

    def send_all(self, messages: list[bytes], kind: int) -> None:
        """See L{IChannel}."""
        self._heard += [data.decode() for data in messages]


class Told:
    """A listener.

    Attributes:
        heard: what, in order; of its channel, what was sent there.
        shared: its subscription.
    """

    def __init__(self, own: str, look: Hashable = "v", acknowledges: bool = False) -> None:
        self.own, self._look = own, look
        self.heard: list[str] = []
        self.channel = None if acknowledges else Heard(self.heard)
        self.shared: Any = None
        self.answering: Callable[[], Any] | None = None  # called once, when it is called next

    def look(self) -> tuple[Hashable, bytes]:
        """See L{kaazing.interfaces.servers.IServerSession}."""
        return self._look, self.own.encode()

    def delivered(self, message: Message) -> None:
        """A message."""
        self.heard.append(message.body.decode())
        self._answer()

    def ready(self) -> None:
        """The broker has it."""
        self.heard.append("ready")

    def refused(self, why: str) -> None:
        """The broker does not want it."""
        self.heard.append(f"refused: {why}")
        self._answer()

    def _answer(self) -> None:
        answering, self.answering = self.answering, None
        if answering is not None:
            answering()


class ListeningTestCase(SynchronousTestCase):
    """Topics."""

    features = Features()
    settings: tuple[TopicSettings, ...] = ()
    cache_bytes = 100_000

    def setUp(self) -> None:
        self.clock = Clock()
        self.broker = broker(self.features)
        wheel, sessions = Wheel(self.clock), Sessions()

        def audience(slow: Slow) -> Audience:
            return Audience(sessions, "jms", slow, wheel)

        settings = Settings(self.settings, self.cache_bytes)
        self.topics = Topics(
            self.broker, audience, render, settings, self.clock, lambda: WALL + self.clock.seconds()
        )

    def listen(
        self, name: str, own: str, selector: str = "", *, congested: bool = False, **more: Any
    ) -> Told:
        """Let somebody listen to a topic."""
        told = Told(own, **more)
        asked = compiled(selector) if selector else None
        told.shared = self.topics.subscribe(told, topic(name), asked, congested=congested)
        return told

    def turn(self) -> None:
        """Let what was said be told."""
        self.clock.advance(0.001)

    def counts(self) -> tuple[int, ...]:
        """Delivered, dropped, conflated, disconnected."""
        made = self.topics.counts
        return made.delivered, made.dropped, made.conflated, made.disconnected
