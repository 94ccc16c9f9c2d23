# -*- test-case-name: tests.services.jms.test_temporaries -*-
"""Temporary queues and topics of one client: its names for them, and the broker's.

A client calls them what it likes; the broker's names, which nobody can guess, are what others are told in
reply-to. Only its maker can consume from one. docs/decisions/0161-names-of-temporary-destinations.md
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.errors import BrokerLost, BrokerRefused, GatewayError
from kaazing.interfaces.brokers import (
    Destination,
    Domain,
    IBrokerSubscription,
    IConsumer,
    Message,
    Outcome,
)
from kaazing.interfaces.servers import Subscribe
from kaazing.services.jms.consumers import Consumer
from kaazing.wire.selectors import Selector

if TYPE_CHECKING:
    from kaazing.services.jms.client import Client

KEPT = 10_000
"""Names of others' temporary destinations that are known."""


class Borrower(Consumer):
    """The client's subscription of one of its temporary destinations, which outlives it."""

    __slots__ = ("_of", "_prefetch")

    def __init__(
        self, client: Client, request: Subscribe, of: Temporary, prefetch: int, selector: Selector | None
    ) -> None:
        super().__init__(client, request, str(request.destination), selector)
        self._of, self._prefetch = of, prefetch

    def borrow(self) -> None:
        """Begin.

        Raises:
            BrokerRefused: the destination has a subscription already.
        """
        self._of.lend(self)

    @property
    def room(self) -> bool:
        """Whether the client wants another delivery."""
        if self.request.acknowledges:
            return not self._prefetch or len(self.out) < self._prefetch
        return not self._client.serving.slow

    def _shown(self, message: Message) -> Message:
        return replace(message, destination=self.request.destination)

    def _settle(self, tags: Any, outcome: Outcome) -> None:
        super()._settle(tags, outcome)
        self._of.go_on()

    def drained(self) -> None:
        """See L{Consumer}."""
        super().drained()
        self._of.go_on()

    def _release(self, forget: bool) -> Deferred[Any]:
        Consumer.drained(self)
        self._of.leave(self)
        return succeed(None)


@implementer(IConsumer)
class Temporary:
    """One temporary destination.

    Attributes:
        own: what the client calls it.
        made: what the broker calls it; None before what is sent there is delivered here.
    """

    __slots__ = ("_asked", "_borrower", "_client", "_named", "_subscription", "_waiting", "made", "own")

    def __init__(self, client: Client, own: Destination) -> None:
        self._client, self.own = client, own
        self.made: Destination | None = None
        self._named: Destination | None = None  # made, if not ready
        self._subscription: IBrokerSubscription | None = None
        self._waiting: deque[tuple[Message, Hashable]] = deque()  # as many as were prefetched
        self._borrower: Borrower | None = None
        self._asked: list[Deferred[Destination]] = []

    def make(self) -> None:
        """Have the broker make it, or make it anew where it was lost."""
        if self._client.left:
            return
        client = self._client
        making = client.share.broker.temporary(self.own.domain, self, client.options.prefetch, sender=client)
        making.addCallbacks(self._made, self._failed)

    def ask(self) -> Deferred[Destination]:
        """Return a Deferred of the broker's name of it."""
        if self.made is not None:
            return succeed(self.made)
        asked: Deferred[Destination] = Deferred()
        self._asked.append(asked)
        return asked

    def _made(self, made: tuple[Destination, IBrokerSubscription]) -> None:
        self._named, self._subscription = made
        if self._client.left:
            self.close()

    def ready(self) -> None:
        """See L{IConsumer}: it is told to others from now on."""
        if self._named is None or self._subscription is None:
            return
        self.made = self._named
        self._client.share.known.add(self.made)
        if self._borrower is not None:
            self._borrower.subscription = self._subscription
            self._borrower.ready()
        asked, self._asked = self._asked, []
        for each in asked:
            each.callback(self._named)
        self.go_on()

    def _failed(self, why: Failure) -> None:
        if why.check(BrokerLost) and not self._client.left:
            self._client.share.await_broker(self.make)
            return
        self._client.temporaries.forget(self)
        said = str(why.value) if isinstance(why.value, GatewayError) else "it cannot be made"
        borrower, self._borrower = self._borrower, None
        if borrower is not None:
            borrower.refused(said)
        asked, self._asked = self._asked, []
        for each in asked:
            each.errback(BrokerRefused(said))

    # The broker

    def delivered(self, message: Message, tag: Hashable) -> None:
        """See L{IConsumer}; what nobody consumes yet waits in a queue, and is lost in a topic."""
        if self._subscription is None:
            return
        if self._borrower is None and self.own.domain is Domain.TEMP_TOPIC:
            self._subscription.settle([tag], Outcome.ACCEPTED)
            return
        self._waiting.append((message, tag))
        self._client.weigh(message.size)
        self.go_on()

    def refused(self, why: str) -> None:
        """See L{IConsumer}: it was lost with its connection, and the client gets another of the same name;
        or it is not to be had."""
        self._client.weigh(-sum(message.size for message, _ in self._waiting))
        self._waiting.clear()
        made = self.made
        self.made = self._named = self._subscription = None
        if made is not None:
            self._client.share.known.discard(made)
        elif self._client.share.broker.available:
            self._failed(Failure(BrokerRefused(why)))
            return
        self.make()

    # The client

    def lend(self, borrower: Borrower) -> None:
        """Let the client consume.

        Raises:
            BrokerRefused: it does already.
        """
        if self._borrower is not None:
            raise BrokerRefused(f"{self.own} has a subscription already; a temporary one can have one")
        self._borrower = borrower
        borrower.subscription = self._subscription
        if self.made is not None:
            borrower.ready()
            self._client.serving.soon(self.go_on)  # behind the receipt

    def go_on(self) -> None:
        """Pass on what waits, as far as the client wants it."""
        self._client.serving.soon(self._go_on)

    def _go_on(self) -> None:
        while self._waiting and self._borrower is not None and self._borrower.room:
            message, tag = self._waiting.popleft()
            self._client.weigh(-message.size)
            self._borrower.deliver(message, tag)

    def leave(self, borrower: Borrower) -> None:
        """The client consumes no more for now; what it has not settled waits again, first."""
        if self._borrower is borrower:
            self._borrower = None
        again = [(replace(message, redelivered=True), tag) for tag, message in borrower.out.items()]
        self._waiting.extendleft(reversed(again))
        self._client.weigh(sum(message.size for message, _ in again))

    def close(self) -> None:
        """The client is gone."""
        self._client.share.unawait_broker(self.make)
        if self.made is not None:
            self._client.share.known.discard(self.made)
        if self._subscription is not None:
            self._subscription.close(forget=True)
        self.made = self._named = self._subscription = None


class Temporaries:
    """Those of one client."""

    __slots__ = ("_client", "_of")

    def __init__(self, client: Client) -> None:
        self._client = client
        self._of: dict[Destination, Temporary] = {}

    def find(self, own: Destination) -> Temporary | None:
        """Return the one that the client calls so."""
        return self._of.get(own)

    def want(self, own: Destination) -> Temporary:
        """Return the one that the client calls so; it is made where there is none.

        Raises:
            BrokerRefused: the client has as many as it may.
        """
        found = self._of.get(own)
        if found is None:
            most = self._client.options.temporaries
            if len(self._of) >= most:
                raise BrokerRefused(f"more than {most} temporary destinations")
            found = self._of[own] = Temporary(self._client, own)
            found.make()
        return found

    def forget(self, temporary: Temporary) -> None:
        """One could not be made."""
        self._of.pop(temporary.own, None)

    def close(self) -> None:
        """Remove them all."""
        for each in self._of.values():
            each.close()
        self._of.clear()


class Known:
    """Temporary destinations, by the broker's names, that clients of a service have made or were told of:
    nobody sends to others. Of those that are not its clients', the ones told longest ago are forgotten
    first."""

    def __init__(self) -> None:
        self._made: set[Destination] = set()  # so many for each client
        self._names: OrderedDict[Destination, None] = OrderedDict()

    def __contains__(self, name: object) -> bool:
        return name in self._made or name in self._names

    def add(self, name: Destination) -> None:
        """A client has made one; it is known until L{discard}."""
        self._made.add(name)

    def seen(self, message: Message) -> None:
        """A message goes to a client, who may answer to it."""
        back = message.reply_to
        if back is None or not back.temporary or back in self._made:
            return
        self._names[back] = None
        self._names.move_to_end(back)
        if len(self._names) > KEPT:
            self._names.popitem(last=False)

    def discard(self, name: Destination) -> None:
        """What it stood for is no more."""
        self._made.discard(name)
        self._names.pop(name, None)
