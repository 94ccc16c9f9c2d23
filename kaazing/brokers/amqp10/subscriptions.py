# -*- test-case-name: tests.brokers.amqp10.test_subscriptions -*-
"""Links from the broker: one subscription each, with as much credit as its consumer takes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from proton import Delivery, Described, Link, Terminus, symbol, ulong
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from kaazing.brokers.amqp10.conversation import Conversation
from kaazing.brokers.amqp10.dialects import CAPABILITIES, Dialect
from kaazing.brokers.amqp10.links import TRANSACTIONAL
from kaazing.errors import GatewayError
from kaazing.interfaces.brokers import IBrokerSubscription, IConsumer, Message, Outcome, Wish

WINDOW, WIDEST = 500, 65535
"""Messages that a broker may send ahead where the wish has no bound, and at most."""

MAX_MESSAGE = 64 * 1024 * 1024
"""Bytes of a message; a longer one is rejected, not delivered."""

SELECTOR = 0x0000468C00000004
"""Descriptor of a selector in a source's filters, C{apache.org:selector-filter:string}."""

NAMES = ("jms-selector", "selector", "apache.org:selector-filter:string")
"""Names that brokers give it in what they answer."""


@implementer(IBrokerSubscription)
class Subscription:
    """One subscription."""

    def __init__(
        self,
        conversation: Conversation,
        name: str,
        wish: Wish,
        consumer: IConsumer,
        dialect: Dialect,
        *,
        read: Callable[[bytes, Wish], Message],
        gone: Callable[[Subscription], None],
    ) -> None:
        """Args:
        name: of the link; of a durable subscription, its own.
        read: makes a message of the bytes of one; raises ValueError.
        gone: called when it was closed or lost.
        """
        self._conversation, self._name, self._dialect = conversation, name, dialect
        self._wish, self._consumer = wish, consumer
        self._read, self._gone = read, gone
        self._window = min(wish.prefetch or WINDOW, WIDEST)
        self._out: dict[int, Any] = {}  # by tag, in the order in which they came
        self._tags = 0
        self._closed: Deferred[None] | None = None
        self._over = self._skipping = False
        self._link: Any = None

    def start(self) -> None:
        """Ask the broker for it."""
        apart = self._dialect.apart
        self._link = self._conversation.attach(
            self, self._name, sender=False, apart=apart, prepare=self._prepare
        )

    def _prepare(self, link: Any) -> None:
        wish, source = self._wish, link.source
        source.address = self._dialect.address(wish.destination)
        if self._dialect.capabilities:
            source.capabilities.put_object(symbol(CAPABILITIES[wish.destination.domain]))
        if self._dialect.keeps(wish.destination):
            source.durability = Terminus.CONFIGURATION
        if wish.selector:
            selector = Described(ulong(SELECTOR), self._dialect.selector(wish.selector))
            source.filter.put_dict({symbol(NAMES[0]): selector})
        if wish.durable:
            source.durability, source.expiry_policy = Terminus.DELIVERIES, Terminus.EXPIRE_NEVER
            source.distribution_mode = Terminus.DIST_MODE_COPY
        presettled = wish.automatic and not wish.durable
        link.snd_settle_mode = Link.SND_SETTLED if presettled else Link.SND_UNSETTLED
        link.rcv_settle_mode = Link.RCV_FIRST
        link.max_message_size = MAX_MESSAGE

    @property
    def durable(self) -> str:
        """Its name; empty where it is not durable."""
        return self._wish.durable

    @property
    def closing(self) -> bool:
        """Whether it was told to close."""
        return self._closed is not None

    # What the broker says.

    def opened(self, link: Any) -> None:
        """See L{Attached.opened}; a broker that refuses it answers with no source, and then closes it."""
        if link.remote_source.type == Terminus.UNSPECIFIED or self._closed is not None:
            return
        if self._wish.selector and not _has_selector(link.remote_source.filter):
            self._refuse("this broker has no selectors here")
            return
        link.flow(self._window)
        self._conversation.touch()
        self._consumer.ready()

    def _refuse(self, why: str) -> None:
        self._closed = Deferred()
        self._link.close()
        self._conversation.touch()
        self._consumer.refused(f"{self._wish.destination}: {why}")

    def flowed(self, link: Any) -> None:
        """See L{Attached.flowed}."""

    def delivery(self, delivery: Any) -> None:
        """See L{Attached.delivery}; a message that is too long is read to its end and rejected."""
        if self._closed is not None or not delivery.readable:
            return
        self._skipping = self._skipping or delivery.pending > MAX_MESSAGE
        if delivery.partial or delivery.aborted:
            if self._skipping:
                self._link.recv(delivery.pending)
            if delivery.aborted:
                self._skip(delivery, None)
            return
        data = self._link.recv(delivery.pending) or b""
        if self._skipping:
            self._skip(delivery, Delivery.REJECTED)
            return
        self._link.advance()
        try:
            message = self._read(bytes(data), self._wish)
        except ValueError:
            self._settled(delivery, Delivery.REJECTED)
            return
        if not message.message_id:  # others count by it what was given back
            message = replace(message, message_id=f"ID:{uuid4()}")
        self._deliver(message, delivery)

    def _skip(self, delivery: Any, state: Any) -> None:
        self._skipping = False
        self._link.advance()
        self._settled(delivery, state)

    def _settled(self, delivery: Any, state: Any) -> None:
        if state is not None and not delivery.settled:
            delivery.update(state)
        delivery.settle()
        self._refill()

    def _deliver(self, message: Message, delivery: Any) -> None:
        if self._wish.automatic:
            self._settled(delivery, Delivery.ACCEPTED)
            self._consumer.delivered(message, None)
            return
        self._tags += 1
        self._out[self._tags] = delivery
        if not self._wish.prefetch:
            self._refill()
        self._consumer.delivered(message, self._tags)

    def _refill(self) -> None:
        """Have credit and what is out and counts be the window again; not for each message alone."""
        if self._closed is None:
            out = len(self._out) if self._wish.prefetch else 0
            missing = self._window - out - self._link.credit
            if missing > 0 and (missing * 2 >= self._window or not self._wish.automatic):
                self._link.flow(missing)
        self._conversation.touch()

    def closed(self, why: GatewayError | None) -> None:
        """See L{Attached.closed}."""
        asked = self._closed is not None
        self.lost(None)
        if not asked:
            self._consumer.refused(f"{self._wish.destination}: {why or 'the broker has closed it'}")

    def lost(self, why: GatewayError | None) -> None:
        """See L{Attached.lost}."""
        if self._over:
            return
        self._over = True
        self._out.clear()
        closed, self._closed = self._closed, self._closed or Deferred()
        self._gone(self)
        if closed is not None and not closed.called:
            closed.callback(None)

    # What is asked for.

    def settle(self, tags: Sequence[Hashable], outcome: Outcome) -> None:
        """See L{IBrokerSubscription.settle}."""
        for tag in tags:
            if (delivery := self._out.pop(tag, None)) is not None:  # type: ignore[call-overload]
                self._say(delivery, outcome)
        self._refill()

    def _say(self, delivery: Any, outcome: Outcome) -> None:
        """Say what became of a delivery; one given back counts as tried where the broker counts."""
        match outcome:
            case Outcome.ACCEPTED:
                delivery.update(Delivery.ACCEPTED)
            case Outcome.REJECTED:
                delivery.update(Delivery.REJECTED)
            case Outcome.RELEASED if self._dialect.counts:
                delivery.local.failed = True
                delivery.update(Delivery.MODIFIED)
            case Outcome.RELEASED:
                delivery.update(Delivery.RELEASED)
        delivery.settle()

    def has(self, tags: Sequence[Hashable]) -> bool:
        """Return whether all these deliveries are out."""
        return not self._over and all(tag in self._out for tag in tags)

    def accept_in(self, transaction: bytes, tags: Sequence[Hashable]) -> None:
        """Accept deliveries that are out, if a transaction is done (AMQP 1.0 section 4.4.2)."""
        for tag in tags:
            delivery = self._out.pop(tag)  # type: ignore[call-overload]
            delivery.local.data = [transaction, Described(ulong(int(Delivery.ACCEPTED)), [])]
            delivery.update(TRANSACTIONAL)
            delivery.settle()
        self._refill()

    def close(self, forget: bool = False) -> Deferred[None]:
        """See L{IBrokerSubscription.close}; a durable one is detached only, unless it is to end."""
        if self._over or self._link is None:
            self.lost(None)
            return succeed(None)
        if self._closed is not None:
            return self._closed
        done = self._closed = Deferred[None]()
        out, self._out = self._out, {}
        for delivery in out.values():
            self._say(delivery, Outcome.RELEASED)
        if self._wish.durable and not forget:
            self._link.detach()
        else:
            self._link.close()
        self._conversation.touch()
        return done


def _has_selector(filters: Any) -> bool:
    """Return whether a source's filters, as the broker has taken them, have a selector in them."""
    filters.rewind()
    read = filters.get_object() if filters.next() is not None else None
    return isinstance(read, dict) and any(str(name) in NAMES and value for name, value in read.items())
