# -*- test-case-name: tests.brokers.stomp.test_link -*-
"""A broker that speaks STOMP, logged in: messages, subscriptions, transactions, temporary destinations."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, Protocol

from twisted.internet.defer import Deferred, DeferredList, DeferredSemaphore, fail, gatherResults, succeed
from zope.interface import implementer

from kaazing.brokers.stomp.connection import Connection, first
from kaazing.brokers.stomp.dialect import Atomic, Dialect, Headers
from kaazing.brokers.stomp.dialects import dialect_of
from kaazing.brokers.stomp.subscription import Subscription, Surroundings
from kaazing.brokers.stomp.temporaries import Temporaries
from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.brokers import (
    Destination,
    Domain,
    IBrokerLink,
    Message,
    Outcome,
    Post,
    Wish,
    Work,
)

_AT_ONCE = 8
"""Connections of subscriptions that are made at the same time."""
_REMEMBERED = 10_000
"""Messages that went back, and are known by when they come again; the oldest are forgotten first."""
_TAKEN = "a message in the transaction was given to somebody else meanwhile"


class Open(Protocol):
    """Opens one more connection; C{lost}: what to call when it is."""

    def __call__(
        self, lost: Callable[[Connection, Exception], None], *, client_id: bool = False
    ) -> Deferred[Connection]: ...


@implementer(IBrokerLink)
class Link:
    """One connection, and one more for each subscription that needs it (L{Dialect.apart})."""

    def __init__(self, main: Connection, more: Open, post: Post) -> None:
        self.peer = main.server
        self._main, self._more, self._post = main, more, post
        self._dialect: Dialect = dialect_of(main.server)
        self.features = self._dialect.features
        self._subscriptions: set[Subscription] = set()
        self._dialling = DeferredSemaphore(_AT_ONCE)
        self._temporaries = Temporaries(partial(self._dialling.run, more, self._strayed, client_id=False))
        self._back: OrderedDict[str, None] = OrderedDict()
        self._gone = False

    def publish(self, message: Message) -> Deferred[None]:
        """See L{IBrokerLink.publish}."""
        try:
            headers = self._dialect.written(message, _now())
        except BrokerRefused as why:
            return fail(why)
        sent: Deferred[None] = self._send(message, headers)
        return sent

    def _send(self, message: Message, headers: Headers) -> Any:
        what = message.destination
        return self._main.ask("SEND", headers, message.body, what=str(what), about=[what.name])

    def perform(self, work: Work) -> Deferred[Any]:
        """See L{IBrokerLink.perform}."""
        if not all(subscription.has(tag) for subscription, tag in work.accepted):
            return fail(BrokerLost(_TAKEN))
        atomic = self._dialect.atomic
        acks = [each for each in work.accepted if atomic is Atomic.EVERYTHING and each[0].on(self._main)]
        rest = [each for each in work.accepted if each not in acks]
        if acks or (work.sends and atomic is not Atomic.NOTHING):
            done = self._transact(work.sends, acks)
        else:
            done = gatherResults([self.publish(each) for each in work.sends], consumeErrors=True)
            done.addErrback(first)
        return done.addCallback(lambda _: self._accept(acks, rest))

    def _transact(self, messages: Sequence[Message], acks: Sequence[tuple[Any, Hashable]]) -> Deferred[Any]:
        """Have all of it done at once; what the broker refuses of it is known before it is to do it."""
        name = self._main.name()
        within = [("transaction", name)]
        try:
            sends = [(self._dialect.written(each, _now()), each) for each in messages]
        except BrokerRefused as why:
            return fail(why)
        self._main.tell(("BEGIN", within, b""))
        taken = [self._send(each, [*headers, *within]) for headers, each in sends]
        taken += [self._main.ask("ACK", [*each.called(tag), *within]) for each, tag in acks]
        done: Deferred[Any] = gatherResults(taken, consumeErrors=True)
        done.addCallback(lambda _: self._main.ask("COMMIT", within))
        return done.addErrback(self._abort, name)

    def _abort(self, failure: Any, transaction: str) -> Any:
        self._main.tell(("ABORT", [("transaction", transaction)], b""))
        return first(failure)

    def _accept(self, acks: Sequence[tuple[Any, Hashable]], rest: Sequence[tuple[Any, Hashable]]) -> None:
        for subscription, tag in acks:
            subscription.accepted(tag)
        for subscription, tag in rest:
            subscription.settle([tag], Outcome.ACCEPTED)

    def subscribe(self, wish: Wish, consumer: Any) -> Subscription:
        """See L{IBrokerLink.subscribe}."""
        around = Surroundings(
            dialect=self._dialect,
            clock=self._post.clock,
            seen=self._remember,
            again=self._again,
            ended=self._subscriptions.discard,
        )
        made = Subscription(wish, consumer, around)
        self._subscriptions.add(made)
        try:
            self._begin(made, wish)
        except BrokerRefused as why:
            made.refuse(why)
        return made

    def _begin(self, made: Subscription, wish: Wish) -> None:
        dialect, temporary = self._dialect, wish.destination.temporary
        if temporary and dialect.makes:
            if not (found := self._temporaries.find(wish.destination)):
                raise BrokerRefused(f"{wish.destination} is not of this connection, which alone can read it")
            made.begin(*found)
            return
        written = dialect.source(wish.destination)
        if dialect.apart and not temporary and not wish.automatic and self._main.open:
            made.wait(self._dialling.run(self._more, self._strayed), written)
        else:
            made.begin(self._main, written)

    def temporary(self, domain: Domain) -> Deferred[Destination]:
        """See L{IBrokerLink.temporary}."""
        if not self._main.open:
            return fail(BrokerLost("the connection to the broker was lost"))
        if not self._dialect.makes:
            return succeed(self._dialect.temporary(domain))
        made: Deferred[Destination] = self._temporaries.make(domain)
        return made

    def discard(self, destination: Destination) -> None:
        """See L{IBrokerLink.discard}; where the broker does not make them, one ends with its subscription."""
        self._temporaries.discard(destination)

    def forget(self, destination: Destination, durable: str) -> Deferred[Any]:
        """See L{IBrokerLink.forget}."""
        name = self._main.name()
        try:
            headers = [("id", name), ("destination", self._dialect.source(destination))]
            ends = self._dialect.forgetting(durable)
            opens = self._dialect.subscribing(Wish(destination=destination, durable=durable, prefetch=1))
        except BrokerRefused as why:
            return fail(why)
        ask = partial(self._main.ask, what=f"the durable subscription {durable}", about=[destination.name])
        done: Deferred[Any] = succeed(None)
        if self._dialect.ends_open:
            done = ask("SUBSCRIBE", [*headers, *opens])
        return done.addCallback(lambda _: ask("UNSUBSCRIBE", [*headers, *ends]))

    def room(self) -> bool:
        """See L{IBrokerLink.room}."""
        return self._main.room()

    def close(self) -> Deferred[Any]:
        """See L{IBrokerLink.close}."""
        self._gone = True
        ended = [each.close() for each in tuple(self._subscriptions)]
        return DeferredList([*ended, *self._temporaries.close(), self._main.close()], consumeErrors=True)

    def lost(self, why: Exception) -> None:
        """The main connection, or one of a subscription, is gone, and with it the link."""
        if self._gone:
            return
        self._gone = True
        subscriptions, self._subscriptions = self._subscriptions, set()
        for each in subscriptions:
            each.lost(why)
        for ended in self._temporaries.close():
            ended.addErrback(lambda _: None)
        self._main.abort(why)
        self._post.lost(self, why)

    def drained(self) -> None:
        """There is room again."""
        self._post.drained(self)

    def _strayed(self, connection: Connection, why: Exception) -> None:
        self.lost(why)

    def _remember(self, message_id: str) -> None:
        if not self._dialect.marks:
            self._back[message_id] = None
            if len(self._back) > _REMEMBERED:
                self._back.popitem(last=False)

    def _again(self, message_id: str) -> bool:
        if message_id not in self._back:
            return False
        del self._back[message_id]
        return True


def _now() -> int:
    return time.time_ns() // 1_000_000
