# -*- test-case-name: tests.brokers.memory.test_store -*-
"""All that a broker inside the gateway keeps: queues, subscriptions of topics, temporary destinations."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from kaazing.brokers.memory.backlog import Backlog, Consumer, Held
from kaazing.errors import BrokerRefused
from kaazing.interfaces.brokers import Destination, Domain, Message, Wish
from kaazing.wire.destinations import Patterns, is_pattern

Matches = Callable[[Message], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a store takes at most; past it, it refuses.

    Attributes:
        messages, bytes: of one queue or subscription, those that are out and not settled included.
        total: bytes of all of them.
        places: queues with something in them, durable subscriptions, temporary destinations and
            subscriptions that are open, each.
    """

    messages: int = 100_000
    bytes: int = 64 * 1024 * 1024
    total: int = 512 * 1024 * 1024
    places: int = 10_000


@dataclass(slots=True, eq=False)
class Feed:
    """What comes from a topic into one subscription's backlog.

    Attributes:
        durable: name; empty for one that is not.
        consumer: who has it open; None for a durable one that nobody has.
    """

    destination: Destination
    selector: str
    wants: Matches | None
    backlog: Backlog
    durable: str = ""
    consumer: Consumer | None = None


@dataclass(slots=True, eq=False)
class _Temporary:
    """A temporary destination, its maker's alone to consume from; C{backlog} of a queue."""

    owner: object
    backlog: Backlog | None


class Store:
    """What all links to one memory://NAME share.

    Attributes:
        refusing: what connecting fails with, None for nothing; for whoever wants to see what happens then.
        bytes: that all messages count for.
    """

    def __init__(self, name: str, now: Callable[[], float] = time.time, bounds: Bounds | None = None) -> None:
        """C{now}: seconds since the epoch."""
        self.name, self.now, self.bounds = name, now, bounds or Bounds()
        self.refusing: Exception | None = None
        self.bytes = self._open = 0
        self.links: dict[Any, None] = {}
        self._mark = secrets.token_hex(4)  # a message's id does not come again when the gateway was restarted
        self._numbers = count(1)
        self._queues: dict[str, Backlog] = {}
        self._feeds: Patterns[Feed] = Patterns()
        self._durables: dict[str, Feed] = {}
        self._temporaries: dict[Destination, _Temporary] = {}

    def cut(self, why: str = "the connection was cut") -> None:
        """Have all links lose their connection."""
        for link in [*self.links]:
            link.drop(why)

    def publish(self, messages: Sequence[Message]) -> None:
        """Take all of the messages.

        Raises:
            BrokerRefused: one of them cannot be taken; then none is.
        """
        placed = [(made, self._targets(made)) for made in map(self._made, messages)]
        self._check_room(placed)
        for message, backlogs in placed:
            number = next(self._numbers)
            for backlog in backlogs:
                backlog.put(Held(message, (9 - message.priority, number), message.size))

    def _made(self, message: Message) -> Message:
        """Return a message with all that selectors may ask."""
        return replace(
            message,
            message_id=f"memory:{self._mark}-{next(self._numbers)}",
            timestamp=message.timestamp or int(self.now() * 1000),
            redelivered=False,
            deliveries=1,
        )

    def queue(self, name: str) -> Backlog:
        """Return a queue, made where it was not there.

        Raises:
            BrokerRefused: there are too many.
        """
        known = self._queues.get(name)
        if known is None:
            if (
                len(self._queues) >= self.bounds.places
            ):  # then those that nobody uses are made anew when they are
                self._queues = {each: queue for each, queue in self._queues.items() if not queue.idle}
            self._check_places(len(self._queues), "queues")
            known = self._queues[name] = Backlog(self.now, self._changed)
        return known

    def open(
        self, wish: Wish, matches: Matches | None, consumer: Consumer, owner: object
    ) -> tuple[Backlog, Feed | None]:
        """Return where the messages for a new subscription wait, not joined yet, and what brings them there
        from a topic, already chosen.

        Raises:
            BrokerRefused: there is no such destination, or it is another's, or there are too many.
        """
        destination = wish.destination
        self._check_places(self._open, "subscriptions")
        made = self._temporaries.get(destination)
        if destination.temporary and (made is None or made.owner is not owner):
            raise BrokerRefused(f"there is no {destination} that could be subscribed to from here")
        feed = None
        if made is not None and made.backlog is not None:
            backlog = made.backlog
        elif destination.domain is Domain.QUEUE:
            backlog = self.queue(destination.name)
        else:
            feed = self._durable(wish, matches) if wish.durable else self._feed(wish, matches)
            feed.consumer, backlog = consumer, feed.backlog
        self._open += 1
        return backlog, feed

    def close(self, feed: Feed | None) -> None:
        """A subscription is not open any more; what comes from a topic for a durable one waits."""
        self._open -= 1
        if feed is not None:
            feed.consumer = None
            if not feed.durable:
                self._remove(feed)

    def forget(self, durable: str) -> None:
        """End a durable subscription, if there is one.

        Raises:
            BrokerRefused: somebody has it open.
        """
        feed = self._durables.get(durable)
        if feed is None:
            return
        if feed.consumer is not None:
            raise BrokerRefused(f"the durable subscription {durable!r} is in use")
        del self._durables[durable]
        self._remove(feed)

    def temporary(self, domain: Domain, owner: object) -> Destination:
        """Return a new temporary destination.

        Raises:
            BrokerRefused: there are too many.
        """
        self._check_places(len(self._temporaries), "temporary destinations")
        made = Destination(domain, f"memory-{secrets.token_hex(16)}")
        backlog = Backlog(self.now, self._changed) if domain is Domain.TEMP_QUEUE else None
        self._temporaries[made] = _Temporary(owner, backlog)
        return made

    def discard(self, destination: Destination, owner: object) -> None:
        """Remove a temporary destination of an owner; others stay."""
        made = self._temporaries.get(destination)
        if made is None or made.owner is not owner:
            return
        del self._temporaries[destination]
        if made.backlog is not None:
            made.backlog.end()

    def _durable(self, wish: Wish, matches: Matches | None) -> Feed:
        feed = self._durables.get(wish.durable)
        if feed is not None and feed.consumer is not None:
            raise BrokerRefused(f"the durable subscription {wish.durable!r} is in use")
        if feed is not None and (feed.destination, feed.selector) != (wish.destination, wish.selector):
            self.forget(wish.durable)  # JMS 2.0 section 8.3.3: it is another one then
            feed = None
        if feed is None:
            self._check_places(len(self._durables), "durable subscriptions")
            feed = self._durables[wish.durable] = self._feed(wish, matches)
            feed.durable = wish.durable
        return feed

    def _feed(self, wish: Wish, matches: Matches | None) -> Feed:
        feed = Feed(wish.destination, wish.selector, matches, Backlog(self.now, self._changed))
        self._feeds.add(_path(wish.destination), feed)
        return feed

    def _remove(self, feed: Feed) -> None:
        self._feeds.remove(_path(feed.destination), feed)
        feed.backlog.end()

    def _targets(self, message: Message) -> list[Backlog]:
        destination = message.destination
        if is_pattern(destination.name):
            raise BrokerRefused(f"{destination} stands for many destinations; a message has one")
        if 0 < message.expires <= self.now() * 1000:
            return []
        if destination.domain is Domain.QUEUE:
            return [self.queue(destination.name)]
        if destination.domain is not Domain.TOPIC:
            made = self._temporaries.get(destination)
            if made is None:
                raise BrokerRefused(f"there is no {destination}")
            if made.backlog is not None:
                return [made.backlog]
        feeds = dict.fromkeys(self._feeds.find(_path(destination)))
        return [feed.backlog for feed in feeds if feed.wants is None or feed.wants(message)]

    def _check_room(self, placed: Iterable[tuple[Message, list[Backlog]]]) -> None:
        more: dict[Backlog, tuple[int, int]] = {}
        names: dict[Backlog, Destination] = {}
        for message, backlogs in placed:
            for each in backlogs:
                messages, size = more.get(each, (0, 0))
                more[each] = messages + 1, size + message.size
                names[each] = message.destination
        total = self.bytes + sum(size for _, size in more.values())
        for each, (messages, size) in more.items():
            each.expire()
            full = each.messages + messages > self.bounds.messages or each.bytes + size > self.bounds.bytes
            if full or total > self.bounds.total:
                raise BrokerRefused(f"{names[each]} is full: too much waits there to be consumed")

    def _check_places(self, there: int, what: str) -> None:
        if there >= self.bounds.places:
            raise BrokerRefused(f"there are {self.bounds.places} {what}, and no more can be had")

    def _changed(self, size: int) -> None:
        self.bytes += size


def _path(destination: Destination) -> str:
    return f"{destination.domain.value}.{destination.name}"


_STORES: dict[str, Store] = {}


def store(name: str) -> Store:
    """Return the store called so: one in the process, as long as it lives."""
    return _STORES.setdefault(name, Store(name))


def replace_store(made: Store) -> None:
    """Let links that come from now on use a store in place of the one of its name."""
    _STORES[made.name] = made
