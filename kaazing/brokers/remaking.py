# -*- test-case-name: tests.brokers.test_remaking,tests.brokers.test_remaking_brokers -*-
"""Subscriptions that outlive connections."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any, cast

from twisted.internet.defer import Deferred, fail, succeed
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.brokers.counting import Counts
from kaazing.brokers.handed import Handed
from kaazing.brokers.line import Line
from kaazing.errors import BrokerLost
from kaazing.interfaces.brokers import (
    IBrokerLink,
    IBrokerSubscription,
    IConsumer,
    Message,
    Outcome,
    Wish,
)

REMEMBERED = "the broker is away; it remembers the subscription"
"""Why a durable subscription was not forgotten."""


@implementer(IConsumer)
class _Ear:
    """What one link tells of a subscription; one that has been lost says nothing more."""

    __slots__ = ("_counts", "_epoch", "_subscription")

    def __init__(self, subscription: Remade, epoch: int, counts: Counts) -> None:
        self._subscription, self._epoch, self._counts = subscription, epoch, counts

    def delivered(self, message: Message, tag: Hashable) -> None:
        """See L{IConsumer}."""
        if self._subscription.epoch == self._epoch:
            self._counts.delivered += 1
            if tag is None:
                self._subscription.consumer.delivered(message, None)
            else:
                self._subscription.delivered(message, tag)

    def ready(self) -> None:
        """See L{IConsumer}."""
        if self._subscription.epoch == self._epoch:
            self._subscription.ready()

    def refused(self, why: str) -> None:
        """See L{IConsumer}."""
        if self._subscription.epoch == self._epoch:
            self._subscription.end(why)


@implementer(IBrokerSubscription)
class Remade:
    """A subscription on one line, made anew on each of its links.

    The tags that its consumer sees say which link they are of, so that one of a lost link settles nothing.

    Attributes:
        line: where it is, for good: a durable one has its client id there.
        epoch: counts its links; 0 while it is on none.
        inner: what the link made of it; None while it is on none.
    """

    def __init__(
        self,
        line: Line,
        wish: Wish,
        consumer: IConsumer,
        counts: Counts,
        handed: Handed,
        over: Callable[[Remade], None],
    ) -> None:
        """C{over}: told once when it is closed or refused."""
        self.line, self.wish, self.consumer = line, wish, consumer
        self.epoch = 0
        self.inner: Any = None
        self._counts, self._handed, self._over = counts, handed, over
        self._where = f"{wish.destination} {wish.durable}"
        self._out: dict[Hashable, str] = {}  # the link's tag -> the message's id
        self._epochs = self._had = 0
        self._closed = False

    def attach(self, link: IBrokerLink) -> None:
        """Make it on a link."""
        self._epochs += 1
        self.epoch = self._epochs
        self.inner = link.subscribe(self.wish, _Ear(self, self.epoch, self._counts))

    def detach(self) -> None:
        """Its link is lost."""
        self.epoch, self.inner = 0, None
        self._come_again()

    def delivered(self, message: Message, tag: Hashable) -> None:
        """One message of its present link; one that came over a lost one is redelivered, whatever the broker
        says, which may have died meanwhile."""
        if not message.redelivered and self._handed.again((self._where, message.message_id)):
            message = replace(message, redelivered=True)
        self._out[tag] = message.message_id
        self.consumer.delivered(message, (self.epoch, tag))

    def ready(self) -> None:
        """Its present link has it; if that had it before, what was out comes again."""
        if self._had == self.epoch:
            self._come_again()
        self._had = self.epoch
        self.consumer.ready()

    def _come_again(self) -> None:
        self._handed.lost([(self._where, id) for id in self._out.values() if id])
        self._out.clear()

    def end(self, why: str) -> None:
        """There is none, nor will be."""
        self._close()
        self.consumer.refused(why)

    def current(self, tags: Sequence[Hashable]) -> list[Hashable]:
        """Return those tags that are its present link's, as the link knows them."""
        pairs = cast(Sequence[tuple[int, Hashable]], tags)
        return [tag for epoch, tag in pairs if epoch == self.epoch]

    def settle(self, tags: Sequence[Hashable], outcome: Outcome) -> None:
        """See L{IBrokerSubscription}."""
        if self.inner is not None and (current := self.current(tags)):
            self.settled(current)
            self.inner.settle(current, outcome)

    def settled(self, tags: Sequence[Hashable]) -> None:
        """Deliveries of the present link are out no more; C{tags} as the link knows them."""
        for tag in tags:
            if id := self._out.pop(tag, ""):
                self._handed.settled((self._where, id))

    def close(self, forget: bool = False) -> Deferred[Any]:
        """See L{IBrokerSubscription}; on a link that is lost it is over, unless it was to be forgotten."""
        if self._closed:
            return succeed(None)
        inner = self.inner
        self._close()
        if inner is not None:
            closing: Deferred[Any] = inner.close(forget)
            return closing if forget else closing.addErrback(_gone)
        return fail(BrokerLost(REMEMBERED)) if forget else succeed(None)

    def _close(self) -> None:
        self._closed = True
        self.settled([*self._out])
        self.epoch, self.inner = 0, None
        self._over(self)


class Temporary(Remade):
    """A subscription of a temporary destination, which is on one link only and ends with it."""

    def __init__(self, *given: Any, discard: Callable[[], None]) -> None:
        """C{discard}: removes the destination."""
        super().__init__(*given)
        self._discard = discard

    def end(self, why: str) -> None:
        """See L{Remade.end}."""
        if self.inner is not None:
            self._discard()
        super().end(why)

    def close(self, forget: bool = False) -> Deferred[Any]:
        """See L{IBrokerSubscription}; its destination is removed."""
        link_is_there = self.inner is not None
        closing = super().close()
        if link_is_there:
            self._discard()
        return closing


def _gone(failure: Failure) -> None:
    """A link that is lost has given back what it had."""
    failure.trap(BrokerLost)
