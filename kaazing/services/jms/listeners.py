# -*- test-case-name: tests.services.jms.test_listeners -*-
"""Subscriptions of topics that clients share: what one client hears of them, and what it says to that.

Nobody settles anything at the broker; what a client acknowledges it acknowledges to the gateway.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, succeed

from kaazing.closecodes import POLICY
from kaazing.errors import GatewayError
from kaazing.interfaces.brokers import Message, Outcome
from kaazing.interfaces.servers import Subscribe
from kaazing.services.jms.bulletins import key_of
from kaazing.services.jms.consumers import expired
from kaazing.services.jms.settings import TopicSettings
from kaazing.wire.selectors import Selector

if TYPE_CHECKING:
    from kaazing.services.jms.client import Client

TOO_SLOW = "too slow: more messages wait for it than may"


class Listener:
    """One that acknowledges nothing: messages go past it, to its channel.

    Attributes:
        request: what the client asked for.
        channel: whom the messages are told; None where they are told L{delivered}.
        shared: its L{kaazing.services.jms.circles.TopicSubscription}; None until it was asked for.
    """

    __slots__ = ("_client", "_open", "channel", "request", "shared")

    def __init__(self, client: Client, request: Subscribe) -> None:
        self._client, self.request = client, request
        self.channel: Any = client.serving.channel
        self.shared: Any = None
        self._open = False

    def begin(self, selector: Selector | None) -> None:
        """Join those who listen."""
        self.shared = self._client.share.topics.subscribe(
            self, self.request.destination, selector, congested=self._client.serving.slow
        )

    def look(self) -> tuple[Hashable, bytes]:
        """Return how messages look to the client, and its own bytes in them."""
        looked: tuple[Hashable, bytes] = self._client.serving.session.look(self.request.id)
        return looked

    def ready(self) -> None:
        """As L{kaazing.interfaces.brokers.IConsumer}."""
        if not self._open:
            self._open = True
            self._client.opened(self.request)

    def refused(self, why: str) -> None:
        """As L{kaazing.interfaces.brokers.IConsumer}."""
        self.shared = None
        if self._open:
            self._client.ended(self.request, why)
        else:
            self._client.refuse(self.request, why)

    def settle(self, tags: Sequence[Hashable], outcome: Outcome) -> None:
        """The client has said what became of deliveries."""

    def accepting(self, tags: Sequence[Hashable]) -> list[tuple[Any, Hashable]]:
        """Return what of a transaction is the broker's: nothing."""
        return []

    def settled(self, tags: Sequence[Hashable]) -> None:
        """The client has accepted deliveries."""
        self.settle(tags, Outcome.ACCEPTED)

    def congested(self) -> None:
        """The client's connection takes no more."""
        if self.shared is not None:
            self.shared.congested()

    def drained(self) -> None:
        """The client's connection takes more."""
        if self.shared is not None:
            self.shared.drained()

    def close(self, forget: bool = False) -> Deferred[Any]:
        """End it."""
        shared, self.shared = self.shared, None
        if shared is not None:
            shared.leave()
        return succeed(None)

    def gone(self) -> Deferred[Any]:
        """As L{close}, of a client that is lost."""
        shared, self.shared = self.shared, None
        if shared is not None:
            shared.lost()
        return succeed(None)


class AcknowledgingListener(Listener):
    """One whose client acknowledges: only so many deliveries are out at a time; the others wait, within the
    bounds of the topic.
    """

    __slots__ = ("_bytes", "_number", "_out", "_prefetch", "_settings", "_size", "_waiting")

    def __init__(self, client: Client, request: Subscribe, prefetch: int, settings: TopicSettings) -> None:
        """C{prefetch}: deliveries that may be out."""
        super().__init__(client, request)
        self.channel = None
        self._prefetch, self._settings = prefetch, settings
        self._number = 0
        self._out: dict[Hashable, Message] = {}
        self._waiting: OrderedDict[Hashable, tuple[float, Message]] = OrderedDict()  # and when it came
        self._bytes = self._size = 0  # of what waits, of what is out

    def delivered(self, message: Message) -> None:
        """A message; it goes out, or waits."""
        self._wait(message)
        self._client.serving.soon(self._go_on)

    def _wait(self, message: Message, *, first: bool = False) -> None:
        self._number += 1
        place: Hashable = self._number
        settings = self._settings
        if settings.slow.kind == "conflate":
            key = key_of(message, settings.key)
            place = place if key is None else key
        if place in self._waiting:
            if first:
                return  # a later one is there
            self._take(place)
            self._client.share.missed.conflated += 1
        self._waiting[place] = self._client.share.now(), message
        self._bytes += message.size
        if first:
            self._waiting.move_to_end(place, last=False)

    def _go_on(self) -> None:
        """Send what waits, as far as it may, and see that no more waits than may."""
        client, slow, now = self._client, self._settings.slow, self._client.share.now()
        while self._waiting and self.shared is not None and self._room:
            message = self._take(next(iter(self._waiting)))
            if expired(message, now):
                continue
            self._number += 1
            self._out[self._number] = message
            client.deliver(self.request.id, message, self._number)
            self._weigh(message.size)
        while self._waiting and self.shared is not None:
            came, _ = next(iter(self._waiting.values()))
            if self._bytes <= slow.bytes and not (slow.age and now - came > slow.age):
                return
            if slow.kind == "disconnect":
                client.share.missed.disconnected += 1
                client.serving.complain(GatewayError(TOO_SLOW))
                client.serving.close(POLICY, TOO_SLOW)
                return
            self._take(next(iter(self._waiting)))
            client.share.missed.dropped += 1

    def _weigh(self, size: int) -> None:
        self._size += size
        self._client.weigh(size)

    @property
    def _room(self) -> bool:
        return len(self._out) < self._prefetch and not self._client.serving.slow

    def _take(self, place: Hashable) -> Message:
        _, message = self._waiting.pop(place)
        self._bytes -= message.size
        return message

    def settle(self, tags: Sequence[Hashable], outcome: Outcome) -> None:
        """See L{Listener}; what the client does not want yet comes again, first, so often as messages do."""
        share, again = self._client.share, list[Message]()
        for tag in tags:
            message = self._out.pop(tag, None)
            if message is None:
                continue
            self._weigh(-message.size)
            if outcome is Outcome.RELEASED and not share.redeliveries.failed(self._where, message):
                again.append(replace(message, redelivered=True))
            else:
                share.redeliveries.settled(self._where, message)
        for message in reversed(again):
            self._wait(message, first=True)
        self._client.serving.soon(self._go_on)

    @property
    def _where(self) -> str:
        """Where failures are counted: for this client alone."""
        return f"{self._client.serving.channel.peer} {self.request.id}"

    def close(self, forget: bool = False) -> Deferred[Any]:
        """See L{Listener}."""
        self._weigh(-self._size)
        return super().close(forget)

    def congested(self) -> None:
        """See L{Listener}."""

    def drained(self) -> None:
        """See L{Listener}."""
        self._client.serving.soon(self._go_on)
