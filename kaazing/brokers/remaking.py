# -*- test-case-name: tests.brokers.test_remaking,tests.brokers.test_remaking_brokers -*-
"""Subscriptions that outlive connections."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, cast

from twisted.internet.defer import Deferred, fail, succeed
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.brokers.counting import Counts
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
            self._subscription.consumer.delivered(message, None if tag is None else (self._epoch, tag))

    def ready(self) -> None:
        """See L{IConsumer}."""
        if self._subscription.epoch == self._epoch:
            self._subscription.consumer.ready()

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
        self, line: Line, wish: Wish, consumer: IConsumer, counts: Counts, over: Callable[[Remade], None]
    ) -> None:
        """C{over}: told once when it is closed or refused."""
        self.line, self.wish, self.consumer = line, wish, consumer
        self.epoch = 0
        self.inner: Any = None
        self._counts, self._over = counts, over
        self._epochs = 0
        self._closed = False

    def attach(self, link: IBrokerLink) -> None:
        """Make it on a link."""
        self._epochs += 1
        self.epoch = self._epochs
        self.inner = link.subscribe(self.wish, _Ear(self, self.epoch, self._counts))

    def detach(self) -> None:
        """Its link is lost."""
        self.epoch, self.inner = 0, None

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
            self.inner.settle(current, outcome)

    def close(self, forget: bool = False) -> Deferred[Any]:
        """See L{IBrokerSubscription}; on a link that is lost it is over, unless it was to be forgotten."""
        if self._closed:
            return succeed(None)
        inner = self.inner
        self._close()
        if inner is not None:
            closing: Deferred[Any] = inner.close(forget)
            return closing if forget else closing.addErrback(_gone)
        return (
            fail(BrokerLost("the broker is away; it remembers the subscription")) if forget else succeed(None)
        )

    def _close(self) -> None:
        self._closed = True
        self.detach()
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
