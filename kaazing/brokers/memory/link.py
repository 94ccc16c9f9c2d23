# -*- test-case-name: tests.brokers.memory.test_link -*-
"""A link to the broker inside the gateway.

What it says to its owner waits for the reactor's next turn, in order, as if it came over a network: a link
that is cut before has not said it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from itertools import count
from typing import Any

from twisted.internet.defer import Deferred, fail
from zope.interface import implementer

from kaazing.brokers.memory.backlog import Backlog, Consumer, Held, Key
from kaazing.brokers.memory.store import Feed, Matches, Store
from kaazing.errors import BrokerLost, BrokerRefused, GatewayError
from kaazing.interfaces.brokers import (
    Destination,
    Domain,
    Features,
    IBrokerLink,
    IBrokerSubscription,
    IConsumer,
    Message,
    Outcome,
    Post,
    Wish,
    Work,
)

FEATURES = Features(topic_selectors=True, queue_selectors=True, transactions=True)

WINDOW = 1000
"""Messages on their way to a consumer that asks for any number, and things to be said at which nobody should
go on publishing."""


@implementer(IBrokerLink)
class MemoryLink:
    """See L{IBrokerLink}."""

    features = FEATURES
    peer = ""

    def __init__(self, store: Store, post: Post) -> None:
        self.store, self._post = store, post
        self.tags = count(1)
        self._lost: str | None = None
        self._turn: Any = None
        self._said: deque[Callable[[], None]] = deque()
        self._asked: dict[Deferred[Any], None] = {}
        self._subscriptions: dict[MemorySubscription, None] = {}
        self._made: dict[Destination, None] = {}
        store.links[self] = None

    def publish(self, message: Message) -> Deferred[None]:
        """See L{IBrokerLink}."""
        return self.answer(lambda: self.store.publish([message]))

    def perform(self, work: Work) -> Deferred[None]:
        """See L{IBrokerLink}."""
        return self.answer(lambda: self._perform(work))

    def subscribe(self, wish: Wish, consumer: IConsumer) -> MemorySubscription:
        """See L{IBrokerLink}."""
        made = MemorySubscription(self, wish, consumer)
        try:
            if self._lost is not None:
                raise BrokerRefused(self._lost)
            made.begin(_selector(wish.selector))
        except (BrokerRefused, ValueError) as why:
            reason = str(why)
            self.say(lambda: consumer.refused(reason))
            return made
        self._subscriptions[made] = None
        return made

    def temporary(self, domain: Domain) -> Deferred[Destination]:
        """See L{IBrokerLink}."""

        def make() -> Destination:
            made = self.store.temporary(domain, self)
            self._made[made] = None
            return made

        return self.answer(make)

    def discard(self, destination: Destination) -> None:
        """See L{IBrokerLink}."""
        self._made.pop(destination, None)
        self.store.discard(destination, self)

    def forget(self, destination: Destination, durable: str) -> Deferred[None]:
        """See L{IBrokerLink}."""
        return self.answer(lambda: self.store.forget(durable))

    def room(self) -> bool:
        """See L{IBrokerLink}."""
        return len(self._said) < WINDOW

    def close(self) -> Deferred[None]:
        """See L{IBrokerLink}."""
        if self._lost is not None:
            return self.answer(lambda: None, dead=True)
        self._let_go()
        self._lost = "the connection to the broker was closed"
        return self.answer(lambda: None, dead=True)

    def drop(self, why: str) -> None:
        """The connection is lost."""
        if self._lost is not None:
            return
        self._let_go()
        self._lost = why
        self._said.clear()
        asked, self._asked = self._asked, {}
        for each in asked:
            each.errback(BrokerLost(why))
        self._post.lost(self, BrokerLost(why))

    def answer(self, ask: Callable[[], Any], dead: bool = False) -> Deferred[Any]:
        """Do something at once and say in the next turn what came of it; C{dead}: on a closed link too."""
        if self._lost is not None and not dead:
            return fail(BrokerLost(self._lost))
        answered: Deferred[Any] = Deferred()
        self._asked[answered] = None
        try:
            result = ask()
        except GatewayError as why:
            refusal = why
            self.say(lambda: self._fire(answered, answered.errback, refusal))
        else:
            self.say(lambda: self._fire(answered, answered.callback, result))
        return answered

    def say(self, what: Callable[[], Any]) -> None:
        """Call something in the next turn, unless the link is cut before."""
        self._said.append(what)
        if self._turn is None:
            self._turn = self._post.clock.callLater(0, self._say)

    def left(self, subscription: MemorySubscription) -> None:
        """A subscription is over."""
        self._subscriptions.pop(subscription, None)

    def _fire(self, answered: Deferred[Any], fire: Callable[[Any], None], what: Any) -> None:
        del self._asked[answered]
        fire(what)

    def _say(self) -> None:
        self._turn = None
        full, number = not self.room(), len(self._said)
        try:
            while number and self._said:
                number -= 1
                self._said.popleft()()
        finally:
            if self._said and self._turn is None:  # one of those told has raised
                self._turn = self._post.clock.callLater(0, self._say)
        if full and self.room() and self._lost is None:
            self._post.drained(self)

    def _perform(self, work: Work) -> None:
        for subscription, tag in work.accepted:
            if subscription not in self._subscriptions or not subscription.has(tag):
                raise BrokerRefused("a delivery of the transaction is not this connection's to accept")
        self.store.publish(work.sends)
        for subscription, tag in work.accepted:
            subscription.settle([tag], Outcome.ACCEPTED)

    def _let_go(self) -> None:
        """Give everything back: subscriptions end, temporary destinations with them."""
        del self.store.links[self]
        for subscription in [*self._subscriptions]:
            subscription.end()
        for destination in [*self._made]:
            self.discard(destination)


@implementer(IBrokerSubscription)
class MemorySubscription(Consumer):
    """See L{IBrokerSubscription}."""

    def __init__(self, link: MemoryLink, wish: Wish, consumer: IConsumer) -> None:
        self._link, self._wish, self._consumer = link, wish, consumer
        self._backlog: Backlog | None = None
        self._feed: Feed | None = None
        self._coming: dict[Key, Held] = {}
        self._out: dict[Hashable, Held] = {}

    def begin(self, matches: Matches | None) -> None:
        """Become one.

        Raises:
            BrokerRefused: see L{Store.open}.
        """
        self._backlog, self._feed = self._link.store.open(self._wish, matches, self, self._link)
        super().__init__("" if self._feed else self._wish.selector, None if self._feed else matches)
        self._link.say(self._consumer.ready)
        self._backlog.join(self)

    def has(self, tag: Hashable) -> bool:
        """Return whether a delivery is out."""
        return tag in self._out

    def settle(self, tags: Sequence[Hashable], outcome: Outcome) -> None:
        """See L{IBrokerSubscription}."""
        settled = [self._out.pop(tag) for tag in tags if tag in self._out]
        if self._backlog is None or not settled:
            return
        if outcome is Outcome.RELEASED:
            self._backlog.release(settled)
        else:
            for held in settled:
                self._backlog.gone(held)
        self._backlog.room(self)

    def close(self, forget: bool = False) -> Deferred[None]:
        """See L{IBrokerSubscription}."""
        self.end()
        durable = self._wish.durable
        return self._link.answer(lambda: self._link.store.forget(durable) if forget and durable else None)

    def end(self) -> None:
        """Take no more, and give back what is not settled."""
        self._link.left(self)
        backlog, self._backlog = self._backlog, None
        if backlog is None:
            return
        backlog.leave(self)
        back = [*self._out.values(), *self._coming.values()]
        self._out.clear()
        self._coming.clear()
        self._link.store.close(self._feed)
        backlog.release(back)

    def has_room(self) -> bool:
        """See L{Consumer}."""
        coming = len(self._coming)
        return coming < WINDOW and not 0 < self._wish.prefetch <= len(self._out) + coming

    def take(self, held: Held) -> None:
        """See L{Consumer}."""
        self._coming[held.key] = held
        self._link.say(lambda: self._deliver(held))

    def _deliver(self, held: Held) -> None:
        backlog = self._backlog
        if backlog is None or self._coming.get(held.key) is not held:
            return
        del self._coming[held.key]
        if held.expired(self._link.store.now()):
            backlog.gone(held)
            backlog.room(self)
            return
        message, tag = held.give(), None
        if self._wish.automatic:
            backlog.gone(held)
        else:
            tag = next(self._link.tags)
            self._out[tag] = held
        self._consumer.delivered(message, tag)
        if self._backlog is not None:
            self._backlog.room(self)


def _selector(text: str) -> Matches | None:
    if not text:
        return None
    from kaazing.wire.selectors import compiled  # its parser is imported where a selector is used

    matches: Matches = compiled(text).matches
    return matches
