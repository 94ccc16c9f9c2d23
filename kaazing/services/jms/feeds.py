# -*- test-case-name: tests.services.jms.test_feeds -*-
"""One subscription of topics at the broker, for all circles that it can tell; how one gives way to another.

A feed with wildcards takes over the feeds of single topics that it covers, without a message lost or told
twice. Both are open for a while, and both bring the messages of such a topic, each in the broker's order, but
not at the same time. The narrow one goes on telling its circles until the last message that it has brought
is also the last of that topic which the wide one has brought: there both have come equally far, and from the
next message on the wide one tells them. On a topic where nothing is said there is nothing to know that by,
and both stay. Feeds that have wildcards themselves are not taken over: the order of a broker is one for each
topic, and a topic of theirs that has been silent says nothing of how far they have come.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, maybeDeferred
from zope.interface import implementer

from kaazing.interfaces.brokers import Destination, IConsumer, Message, Wish
from kaazing.services.jms.bulletins import Bulletin
from kaazing.services.jms.caching import Shelf
from kaazing.services.jms.circles import Circle
from kaazing.wire.destinations import Patterns

if TYPE_CHECKING:
    from kaazing.services.jms.topics import Topics


@implementer(IConsumer)
class Feed:
    """See the module.

    Attributes:
        destination: what it is of.
        selector: text of what the broker selects; empty for all.
        ready_once: whether the broker has had it.
        closed: whether it is over.
        heir: the feed that is to take it over.
    """

    def __init__(self, topics: Topics, destination: Destination, selector: str) -> None:
        self.destination, self.selector = destination, selector
        self._topics = topics
        self._circles: dict[Circle, None] = {}  # that want all it brings, but for their selectors
        self._narrow = Patterns[Circle]()  # that want some topics of it
        self._narrower: dict[Circle, None] = {}
        self._shelf = Shelf(topics.cache)
        self._subscription: Any = None
        self.closed = self.ready_once = False
        self.heir: Feed | None = None
        self._heirlooms: dict[str, Feed] = {}  # feeds that it takes over, by name of their topic
        self._last: dict[str, Message] = {}  # of each topic where it is to be known

    @property
    def name(self) -> str:
        """Of the topic, or the pattern."""
        return self.destination.name

    @property
    def idle(self) -> bool:
        """Whether nobody wants it."""
        return not self._circles and not self._narrower

    def open(self) -> None:
        """Ask the broker for it."""
        wish = Wish(destination=self.destination, selector=self.selector, automatic=True)
        self._subscription = self._topics.broker.subscribe(wish, self)

    def close(self) -> Deferred[Any]:
        """End it, with what it keeps."""
        self._end()
        return maybeDeferred(self._subscription.close)

    def _end(self) -> None:
        self.closed = True
        self._shelf.clear()
        if self.heir is not None:
            self.heir.spare(self)
        for feed in self._heirlooms.values():
            feed.heir = None
        self._heirlooms.clear()

    # Its circles

    @property
    def circles(self) -> list[Circle]:
        """All that it tells."""
        return [*self._circles, *self._narrower]

    def add(self, circle: Circle) -> None:
        """Tell a circle from now on."""
        circle.feed = self
        if circle.pattern == self.name:
            self._circles[circle] = None
        else:
            self._narrower[circle] = None
            self._narrow.add(circle.pattern, circle)

    def remove(self, circle: Circle) -> None:
        """Tell it no more."""
        if circle.pattern == self.name:
            del self._circles[circle]
        else:
            del self._narrower[circle]
            self._narrow.remove(circle.pattern, circle)

    def values(self, pattern: str) -> list[Bulletin]:
        """Return what is kept of some topics, oldest first."""
        return self._shelf.values(pattern)

    # What the broker says

    def delivered(self, message: Message, tag: Hashable) -> None:
        """See L{IConsumer}."""
        if self.closed:
            return
        bulletin = self._topics.bulletin(message)
        if bulletin is not None:
            self._keep(bulletin)
            self._tell(bulletin)
        if self.heir is not None or self._heirlooms:
            self._note(message)

    def _keep(self, bulletin: Bulletin) -> None:
        if self._topics.settings.caches:
            found = self._topics.settings.find(bulletin.message.destination.name)
            if found.cache:
                self._shelf.add(bulletin, found.cache, None if found.key is None else bulletin.key)

    def _tell(self, bulletin: Bulletin) -> None:
        message = bulletin.message
        circles: Iterable[Circle] = list(self._circles)
        if self._narrower:
            circles = chain(circles, self._narrow.find(message.destination.name))
        asked: dict[Any, bool] = {}
        wanting = [circle for circle in circles if circle.wants(message, asked)]
        for circle in wanting:
            circle.publish(bulletin)
        # who comes because of what another is told here finds the message among those that were before
        for member in [member for circle in wanting for member in circle.acknowledging]:
            member.tell(bulletin)

    def ready(self) -> None:
        """See L{IConsumer}."""
        if self.closed:
            return
        self.ready_once = True
        self._last.clear()  # what came by the connection before says nothing of this one
        for member in [member for circle in self.circles for member in circle.members]:
            member.ready()

    def refused(self, why: str) -> None:
        """See L{IConsumer}; circles that want less than was refused are told by feeds of their own."""
        if self.closed:
            return
        narrower = list(self._narrower)
        for circle in narrower:
            self.remove(circle)
        self._end()
        self._topics.forget(self)
        self._topics.denied(self, why)
        for circle in narrower:
            self._topics.rehouse(circle)
        circles = list(self._circles)
        for circle in circles:
            self._topics.close(circle)
        for member in [member for circle in circles for member in circle.members]:
            member.refused(why)

    # Who takes over from whom

    def claim(self, other: Feed) -> None:
        """Begin to take over a feed of one topic."""
        other.heir = self
        self._heirlooms[other.name] = other

    def spare(self, other: Feed) -> None:
        """Leave it as it is."""
        other.heir = None
        del self._heirlooms[other.name]
        self._last.pop(other.name, None)

    def _note(self, message: Message) -> None:
        """Remember how far a topic has come, and hand over what has come equally far on both."""
        topic = message.destination.name
        wide, narrow = (self.heir, self) if self.heir is not None else (self, self._heirlooms.get(topic))
        if narrow is None or narrow.name != topic or not message.message_id:
            return
        self._last[topic] = message
        other = (narrow if self is wide else wide)._last.get(topic)
        if other is not None and _same(message, other):
            wide.take_over(narrow)

    def take_over(self, narrow: Feed) -> None:
        """Tell a feed's circles in its place."""
        self._shelf.inherit(narrow._shelf, narrow.name)
        moving = narrow.circles
        for circle in moving:
            narrow.remove(circle)
            self.add(circle)
        self._topics.dismiss(narrow)
        if self.ready_once:
            for member in [member for circle in moving for member in circle.members]:
                if not member.opened:
                    member.ready()


def _same(one: Message, other: Message) -> bool:
    """Return whether two feeds have brought one and the same message; not all senders keep JMS's promise
    that no two have the same id."""
    return (
        one.message_id == other.message_id
        and one.timestamp == other.timestamp
        and one.body == other.body
        and one.properties == other.properties
    )
