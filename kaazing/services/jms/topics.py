# -*- test-case-name: tests.services.jms.test_topics -*-
"""The topics of a service: ten thousand clients who want the same are one subscription at the broker."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from kaazing.interfaces.brokers import Destination, Domain, IBroker, Message
from kaazing.interfaces.feeds import Counts, IAudience, Slow
from kaazing.services.jms.bulletins import Bulletin, Render, key_of
from kaazing.services.jms.caching import Cache
from kaazing.services.jms.circles import Circle, TopicSubscription
from kaazing.services.jms.feeds import Feed
from kaazing.services.jms.settings import Settings
from kaazing.wire.destinations import Patterns, covers, is_pattern
from kaazing.wire.selectors import Selector

MOST_IDLE = 1000
"""Subscriptions at the broker that stay open without a client."""
MOST_WIDE = 1000
"""Open ones with wildcards that a new one, with wildcards too, is compared with."""

_log = Logger(namespace="kaazing.jms")


class Topics:
    """See the module. What a client may, and how many subscriptions, is asked before.

    Attributes:
        broker: where the messages come from.
        settings: of the service's topics.
        cache: last values of them.
        expired: messages that meant nothing any more when they came.
    """

    def __init__(
        self,
        broker: IBroker,
        audience: Callable[[Slow], IAudience],
        render: Render,
        settings: Settings,
        clock: IReactorTime,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            audience: makes a new audience.
            render: as L{kaazing.interfaces.servers.IServerProtocol.render}.
            clock: the one that audiences have too.
            wall: seconds since the epoch, for what expires.
        """
        self.broker, self.settings = broker, settings
        self._audience, self._render, self._clock, self._wall = audience, render, clock, wall
        self.cache = Cache(settings.cache_bytes, clock.seconds)
        self._feeds: dict[tuple[Destination, str], Feed] = {}
        self._wide: dict[Feed, None] = {}  # those with wildcards
        self._patterns = Patterns[Feed]()  # the same
        self._single = Patterns[Feed]()  # the others, where a wide one may take them over
        self._idle: OrderedDict[Feed, None] = OrderedDict()  # those that stay without a circle
        self._denied: set[str] = set()  # patterns of the settings that the broker does not want
        self._circles: dict[tuple[Destination, Selector | None], Circle] = {}
        self._past = Counts()  # of circles that are gone
        self.expired = 0
        self._soon: list[TopicSubscription] = []

    # Counting

    @property
    def subscriptions(self) -> int:
        """How many there are at the broker."""
        return len(self._feeds)

    @property
    def subscribers(self) -> int:
        """How many there are of clients."""
        return sum(len(circle.members) for circle in self._circles.values())

    @property
    def counts(self) -> Counts:
        """What became of messages, one for each subscription of a client."""
        made = replace(self._past)
        for circle in self._circles.values():
            made.add(circle.counts)
        return made

    # Clients

    def subscribe(
        self, listener: Any, destination: Destination, selector: Selector | None, *, congested: bool = False
    ) -> TopicSubscription:
        """Let a client listen; C{ready} or C{refused} follows, never inside of this call, as
        L{kaazing.interfaces.brokers.IConsumer} has it.

        Args:
            listener: one that acknowledges nothing has C{channel}, on which it is told, and C{look()}
                (L{kaazing.interfaces.servers.IServerSession.look}); one that does has C{channel} None, and
                C{delivered(message)}. It tells the subscription what its channel says.
            congested: whether the channel is, at the moment.
        """
        circle = self._circles.get((destination, selector))
        if circle is None:
            circle = self._new_circle(destination, selector)
        member = circle.enter(listener, congested)
        if not self._soon:
            self._clock.callLater(0, self._begin)
        self._soon.append(member)
        return member

    def _begin(self) -> None:
        soon, self._soon = self._soon, []
        for member in soon:
            member.begin()

    def _new_circle(self, destination: Destination, selector: Selector | None) -> Circle:
        settings = self.settings.find(destination.name)
        asked = (
            selector and self.broker.features.topic_selectors and not settings.cache
        )  # of what is kept, too
        feed = self._feed(destination, selector.text if selector and asked else "")
        circle = Circle(destination, selector, feed, self._audience(settings.slow), self._left)
        feed.add(circle)
        self._idle.pop(feed, None)
        self._circles[destination, selector] = circle
        return circle

    def close(self, circle: Circle) -> None:
        """Let nobody into a circle any more."""
        key = circle.destination, circle.wish
        if self._circles.get(key) is circle:
            del self._circles[key]

    def _left(self, circle: Circle) -> None:
        """The last member of a circle has left."""
        self.close(circle)
        self._past.add(circle.counts)
        feed = circle.feed
        feed.remove(circle)
        if feed.closed or not feed.idle or self._lasts(feed):
            return
        if not self.settings.find(feed.name).keeps:
            self.dismiss(feed)
            return
        self._idle[feed] = None
        if len(self._idle) > MOST_IDLE:
            self.dismiss(next(iter(self._idle)))

    # The broker

    def open(self) -> None:
        """Open the subscriptions that are to be there as long as the connection, with or without clients."""
        for settings in self.settings.topics:
            destination = Destination(Domain.TOPIC, settings.name)
            if settings.lasts and (destination, "") not in self._feeds:
                self._new_feed(destination, "")

    def _lasts(self, feed: Feed) -> bool:
        settings = self.settings.find(feed.name)
        return settings.lasts and settings.name == feed.name and not feed.selector

    def _feed(self, destination: Destination, selector: str) -> Feed:
        feed = self._feeds.get((destination, selector))
        settings = self.settings.find(destination.name)
        if feed is None and settings.joins:
            feed = next(self._covering(destination.name, selector), None)
            if feed is None and settings.shares and not selector and settings.name not in self._denied:
                destination = Destination(Domain.TOPIC, settings.name)
                feed = self._feeds.get((destination, ""))
        return feed or self._new_feed(destination, selector)

    def denied(self, feed: Feed, why: str) -> None:
        """The broker does not want a subscription; clients who are told by it have asked for less, or hear
        so themselves."""
        if self._lasts(feed) or self.settings.find(feed.name).shares:
            self._denied.add(feed.name)
            _log.warn("topic {name}: the broker refuses the subscription: {why}", name=feed.name, why=why)

    def _covering(self, name: str, selector: str) -> Iterator[Feed]:
        if not is_pattern(name):
            yield from (feed for feed in self._patterns.find(name) if feed.selector == selector)
        elif len(self._wide) <= MOST_WIDE:
            for feed in self._wide:
                if feed.selector == selector and covers(feed.name, name):
                    yield feed

    def _new_feed(self, destination: Destination, selector: str) -> Feed:
        feed = Feed(self, destination, selector)
        if is_pattern(destination.name):
            for other in self._single.under(destination.name):
                if other.heir is None and other.selector == selector and not self._lasts(other):
                    feed.claim(other)
            self._wide[feed] = None
            self._patterns.add(feed.name, feed)
        elif self.settings.find(destination.name).joins:
            self._single.add(destination.name, feed)
        self._feeds[destination, selector] = feed
        feed.open()
        return feed

    def rehouse(self, circle: Circle) -> None:
        """Tell a circle by a feed of its own."""
        key = circle.destination, circle.feed.selector
        feed = self._feeds.get(key) or self._new_feed(*key)
        feed.add(circle)
        self._idle.pop(feed, None)
        if feed.ready_once:
            for member in [member for member in circle.members if not member.opened]:
                member.ready()

    def dismiss(self, feed: Feed) -> None:
        """End a feed that nobody wants any more."""
        self.forget(feed)
        feed.close().addErrback(lambda why: _log.debug("unsubscribe {name}: {why}", name=feed.name, why=why))

    def forget(self, feed: Feed) -> None:
        """A feed is over."""
        known = self._feeds.pop((feed.destination, feed.selector), None)
        if known is feed and not is_pattern(feed.name) and self.settings.find(feed.name).joins:
            self._single.remove(feed.name, feed)
        if feed in self._wide:
            del self._wide[feed]
            self._patterns.remove(feed.name, feed)
        self._idle.pop(feed, None)

    def bulletin(self, message: Message) -> Bulletin | None:
        """Return what circles are told of a message; None where it has expired."""
        until = math.inf
        now = self._clock.seconds()
        if message.expires:
            until = now + message.expires / 1000 - self._wall()
            if until <= now:
                self.expired += 1
                return None
        key = self.settings.find(message.destination.name).key
        return Bulletin(message, self._render, key_of(message, key), until)

    def stop(self) -> Deferred[Any]:
        """End all feeds; the Deferred fires when the broker has done it, or could not."""
        feeds = list(self._feeds.values())
        for feed in feeds:
            self.forget(feed)
        return DeferredList([feed.close() for feed in feeds], consumeErrors=True)
