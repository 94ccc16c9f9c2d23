# -*- test-case-name: tests.services.jms.test_consumers -*-
"""Subscriptions that one client has at the broker for itself: of queues, and durable ones of topics.

Each delivery is settled by what the client says, or, where it says nothing, when it was handed to a
connection that takes more; nothing before.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from kaazing.interfaces.brokers import IBrokerSubscription, IConsumer, Message, Outcome, Wish
from kaazing.interfaces.servers import Subscribe
from kaazing.wire.selectors import Selector

if TYPE_CHECKING:
    from kaazing.services.jms.client import Client


def expired(message: Message, now: float) -> bool:
    """Return whether a message must not be delivered any more; C{now} in seconds since the epoch."""
    return bool(message.expires) and message.expires <= now * 1000


@implementer(IConsumer)
class Consumer:
    """See L{IConsumer}.

    Attributes:
        request: what the client asked for.
        subscription: the broker's; None until it was asked for.
        where: name of the queue or of the durable subscription, for counting.
        out: deliveries that the client has not settled, by tag, the oldest first.
    """

    __slots__ = (
        "_burials", "_buried", "_client", "_closed", "_held", "_open", "_selector", "_size", "_wish", "out",
        "request", "subscription", "where",
    )  # fmt: skip

    def __init__(
        self, client: Client, request: Subscribe, where: str, selector: Selector | None = None
    ) -> None:
        """C{selector}: looked at here, because the broker does not; None for none."""
        self._client, self.request, self.where, self._selector = client, request, where, selector
        self._wish: Wish | None = None
        self.subscription: IBrokerSubscription | None = None
        self.out: dict[Hashable, Message] = {}
        self._held: list[Hashable] = []  # handed to a connection that takes no more just now
        self._burials = 0  # dead messages on their way to where they belong
        self._buried: Deferred[None] | None = None  # fires when they are there; where somebody waits for it
        self._size = 0  # bytes of what is out or held
        self._open = self._closed = False

    def ask(self, wish: Wish, selector: Selector | None) -> None:
        """Ask the broker, unless it is too late. Where there is a selector it has to be there: before that,
        nobody knows whether it looks at selectors.

        Args:
            wish: without the selector.
        """
        self._wish, self._selector = wish, selector
        if selector is None or self._client.share.broker.available:
            self._ask()
        else:
            self._client.share.await_broker(self._ask)

    def _ask(self) -> None:
        wish, selector, features = self._wish, self._selector, self._client.share.broker.features
        assert wish is not None, "asked before"
        if selector is not None:
            durable = bool(wish.durable)
            if features.topic_selectors if durable else features.queue_selectors:
                wish, self._selector = replace(wish, selector=selector.text), None
            elif not durable:
                self.refused("this broker has no selectors on queues; select in the client, or by topic")
                return
        self.begin(wish)

    def begin(self, wish: Wish) -> None:
        """Do so."""
        if not self._closed:
            self.subscription = self._client.share.broker.subscribe(wish, self, sender=self._client)

    # The broker

    def delivered(self, message: Message, tag: Hashable) -> None:
        """See L{IConsumer}."""
        self._client.serving.soon(self.deliver, message, tag)

    def deliver(self, message: Message, tag: Hashable) -> None:
        """Do so, while the client's session does not speak."""
        client, share = self._client, self._client.share
        if self._closed or self.subscription is None:
            return  # goes back
        unwanted = self._selector is not None and not self._selector.matches(message)
        if unwanted or expired(message, share.now()):
            self.subscription.settle([tag], Outcome.ACCEPTED)
            return
        if self.request.acknowledges:
            self.out[tag] = message
        client.deliver(self.request.id, self._shown(message), tag)
        if self.request.acknowledges:
            self._weigh(message.size)
        elif client.serving.slow:
            self._held.append(tag)
            self._weigh(message.size)
        else:
            self.subscription.settle([tag], Outcome.ACCEPTED)

    def _weigh(self, size: int) -> None:
        self._size += size
        self._client.weigh(size)

    def _take(self, tag: Hashable) -> Message | None:
        """Return a delivery that is not out any more; None where it was none."""
        message = self.out.pop(tag, None)
        if message is not None:
            self._weigh(-message.size)
        return message

    def _shown(self, message: Message) -> Message:
        """Return a message as the client is to see it."""
        return message

    def ready(self) -> None:
        """See L{IConsumer}."""
        self._client.serving.soon(self._ready)

    def _ready(self) -> None:
        if self._open:
            self._weigh(-self._size)
            self.out.clear()
            self._held.clear()
            self._client.serving.session.discard(self.request.id)
        else:
            self._open = True
            self._client.opened(self.request)

    def refused(self, why: str) -> None:
        """See L{IConsumer}."""
        self._closed = True
        if self._open:
            self._client.ended(self.request, why)
        else:
            self._client.refuse(self.request, why)

    # The client

    def settle(self, tags: Sequence[Hashable], outcome: Outcome) -> None:
        """The client has said what became of deliveries."""
        if outcome is Outcome.ACCEPTED:
            self.settled(tags)
            self._settle(tags, outcome)
            return
        share, back = self._client.share, list[Hashable]()
        for tag in tags:
            message = self._take(tag)
            if message is None:
                continue  # of a connection to the broker that was lost
            dead = outcome is Outcome.REJECTED or share.redeliveries.failed(self.where, message)
            if dead and share.letters.takes(self.request.destination):
                self._bury(message, tag, "refused by its consumers")
            else:
                back.append(tag)
        if back:
            self._settle(back, Outcome.RELEASED)

    def _settle(self, tags: Sequence[Hashable], outcome: Outcome) -> None:
        if self.subscription is not None:
            self.subscription.settle(tags, outcome)

    def _bury(self, message: Message, tag: Hashable, why: str) -> None:
        assert self.subscription is not None, "nothing is delivered without a subscription"
        self._client.share.redeliveries.settled(self.where, message)
        self._burials += 1
        self._client.share.letters.bury(message, tag, self.subscription, why).addCallback(self._put_away)

    def _put_away(self, result: Any) -> None:
        self._burials -= 1
        if not self._burials and self._buried is not None:
            self._buried.callback(None)

    def accepting(self, tags: Sequence[Hashable]) -> list[tuple[Any, Hashable]]:
        """Return what is part of a broker's L{Work} when the client accepts deliveries in a transaction."""
        return [(self.subscription, tag) for tag in tags if tag in self.out]

    def settled(self, tags: Sequence[Hashable]) -> None:
        """The client has accepted deliveries, and the broker knows."""
        for tag in tags:
            message = self._take(tag)
            if message is not None:
                self._client.share.redeliveries.settled(self.where, message)

    def congested(self) -> None:
        """The client's connection takes no more."""

    def drained(self) -> None:
        """The client's connection takes more."""
        if self._held:
            held, self._held = self._held, []
            self._weigh(-self._size)
            self._settle(held, Outcome.ACCEPTED)

    # The end

    def close(self, forget: bool = False) -> Deferred[Any]:
        """End it; what is not settled goes back. Return a Deferred that fires when the broker has done it.

        Args:
            forget: a durable subscription ends for good.
        """
        if self._closed:
            return succeed(None)
        self._closed = True
        self._weigh(-self._size)
        return self._end(forget)

    def _end(self, forget: bool) -> Deferred[Any]:
        if self.subscription is None:
            self._client.share.unawait_broker(self._ask)
            return succeed(None)
        if not self._burials:
            return self._release(forget)
        self._buried = Deferred()  # what goes back now would be there twice
        return self._buried.addCallback(lambda _: self._release(forget))

    def _release(self, forget: bool) -> Deferred[Any]:
        assert self.subscription is not None
        closing: Deferred[Any] = self.subscription.close(forget)
        return closing

    def gone(self) -> Deferred[Any]:
        """As L{close}, of a client that was lost: it may have been the fault of what it had in hand."""
        first = next(iter(self.out.items()), None)
        if first is None or self._closed:
            return self.close()
        tag, message = first
        share = self._client.share
        if not share.redeliveries.failed(self.where, message) or not share.letters.takes(
            self.request.destination
        ):
            return self.close()
        self._bury(message, tag, "its consumers were lost with it in hand")
        return self.close()


class DurableConsumer(Consumer):
    """A consumer of a durable subscription, which one connection can have open at a time."""

    __slots__ = ()

    def begin(self, wish: Wish) -> None:
        """Do so when nobody else has it any more; who had it, ends."""
        self._client.share.durables.take(self.where, self).addCallback(self._taken, wish)

    def _taken(self, result: Any, wish: Wish) -> None:
        if self._closed:
            self._leave()
        else:
            super().begin(wish)

    def _leave(self, result: Any = None) -> Any:
        self._client.share.durables.leave(self.where, self)
        return result

    def superseded(self) -> None:
        """See L{kaazing.services.jms.durables.Opened}."""
        self._client.supersede(self, "another connection has opened this durable subscription")

    def refused(self, why: str) -> None:
        """See L{IConsumer}."""
        if not self._closed:
            self._leave()
        super().refused(why)

    def _release(self, forget: bool) -> Deferred[Any]:
        return super()._release(forget).addBoth(self._leave)
