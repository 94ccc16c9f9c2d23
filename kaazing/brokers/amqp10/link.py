# -*- test-case-name: tests.brokers.amqp10.test_link -*-
"""One connection to a broker of AMQP 1.0, as the gateway sees it."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from secrets import token_hex
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, fail, succeed
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.brokers.amqp10.conversation import Conversation, Opening
from kaazing.brokers.amqp10.dialects import PLAIN, Dialect, dialect_of, product_of
from kaazing.brokers.amqp10.links import Forgetting, Load, Outgoing, Temporary, plain_target
from kaazing.brokers.amqp10.messages import decoded, encoded
from kaazing.brokers.amqp10.subscriptions import Subscription
from kaazing.brokers.amqp10.transactions import Coordinator, within
from kaazing.errors import BrokerLost, BrokerRefused, GatewayError
from kaazing.interfaces.brokers import (
    Destination,
    Domain,
    Features,
    IBrokerLink,
    IConsumer,
    Message,
    Outcome,
    Post,
    Wish,
    Work,
)
from kaazing.interfaces.channels import IChannel

MAX_IDLE = 500
"""Links to destinations that nothing is sent to just now, kept open for the next message."""

MAX_TEMPORARY = 100_000

MANY, MOST = 1024 * 1024, 64 * 1024 * 1024
"""Bytes of messages that the broker has not taken: above the first there is no room, above the second no
message is sent."""

GOODBYE = 5.0
"""Seconds that a broker has to close the connection, too."""

_NOT_OUT = "a message of the transaction is not out any more"


def _now() -> int:
    return time.time_ns() // 1_000_000


@implementer(IBrokerLink)
class Amqp10Link:
    """See L{IBrokerLink}."""

    def __init__(
        self, channel: IChannel, opening: Opening, post: Post, now: Callable[[], int] = _now
    ) -> None:
        """Args:
        now: milliseconds since the epoch.
        """
        self.features, self.peer = Features(), ""
        self.up: Deferred[Amqp10Link] = Deferred(lambda _: self._conversation.abort())
        self._post, self._now = post, now
        self._dialect: Dialect = PLAIN
        self._load = Load(self._eased)
        self._senders: OrderedDict[Destination, Outgoing] = OrderedDict()
        self._durables: dict[str, deque[Subscription]] = {}  # the first of each is open, or being closed
        self._temporaries: dict[Destination, Temporary] = {}
        self._names = 0
        self._open = self._full = False
        self._over: GatewayError | None = None
        self._closing: Deferred[None] | None = None
        self._goodbye: Any = None
        self._conversation = Conversation(channel, post.clock, opening, self)
        self._coordinator = Coordinator(self._conversation, self._load, apart=False)

    # What the connection says.

    def opened(self, properties: Mapping[Any, Any]) -> None:
        """See L{Told.opened}."""
        if not self._open:
            self._open = True
            self._dialect, self.peer = dialect_of(properties), product_of(properties)
            self.features = self._dialect.features
            self.up.callback(self)

    def lost(self, why: GatewayError | None) -> None:
        """See L{Told.lost}."""
        self._over = why or BrokerLost("the connection to the broker was closed")
        if self._goodbye is not None and self._goodbye.active():
            self._goodbye.cancel()
        if not self._open:
            self.up.errback(Failure(self._over))
        elif self._closing is not None:
            self._closing.callback(None)
        else:
            self._post.lost(self, self._over)

    def complain(self, sentence: str) -> None:
        """See L{Told.complain}."""
        self._post.complain(sentence)

    def drained(self) -> None:
        """See L{Told.drained}."""
        self._eased()

    def _eased(self) -> None:
        if self._full and self.room():
            self._full = False
            self._post.drained(self)

    # Messages out.

    def room(self) -> bool:
        """See L{IBrokerLink.room}."""
        room = self._over is None and not self._conversation.full and self._load.waiting <= MANY
        self._full = self._full or not room
        return room

    def publish(self, message: Message) -> Deferred[Any]:
        """See L{IBrokerLink.publish}."""
        return self._send(message).addCallback(lambda _: None)

    def _send(self, message: Message, transaction: bytes | None = None) -> Deferred[Any]:
        if self._over is not None:
            return fail(BrokerLost(str(self._over)))
        if self._load.waiting > MOST:
            return fail(BrokerLost("the broker takes no messages just now"))
        try:
            data = encoded(message, self._dialect, self._now())
        except BrokerRefused as why:
            return fail(why)
        return self._sender(message.destination).send(data, transaction)

    def _sender(self, destination: Destination) -> Outgoing:
        sender = self._senders.get(destination)
        if sender is None:
            self._retire()
            sender = self._senders[destination] = Outgoing(
                self._conversation,
                self._name("to"),
                str(destination),
                plain_target(destination, self._dialect),
                apart=self._dialect.apart,
                gone=lambda it: self._gone(destination, it),
                load=self._load,
                unrouted=destination.domain in (Domain.TOPIC, Domain.TEMP_TOPIC),
            )
        self._senders.move_to_end(destination)
        return sender

    def _retire(self) -> None:
        """Close the links that were not used for longest, while there are many, up to one that is busy."""
        while len(self._senders) >= MAX_IDLE:
            destination, oldest = next(iter(self._senders.items()))
            if not oldest.idle:
                break
            del self._senders[destination]
            oldest.close()

    def _gone(self, destination: Destination, sender: Outgoing) -> None:
        if self._senders.get(destination) is sender:
            del self._senders[destination]

    def _name(self, what: str) -> str:
        self._names += 1
        return f"kaazing-{what}-{self._names}"

    def perform(self, work: Work) -> Deferred[Any]:
        """See L{IBrokerLink.perform}."""
        if self._over is not None:
            return fail(BrokerLost(str(self._over)))
        accepted: dict[Subscription, list[Hashable]] = {}
        for subscription, tag in work.accepted:
            accepted.setdefault(subscription, []).append(tag)
        if not _out(accepted):
            return fail(BrokerRefused(_NOT_OUT))

        def send(transaction: bytes | None) -> Deferred[Any]:
            return _all([self._send(each, transaction) for each in work.sends])

        def accept(transaction: bytes | None) -> None:
            if not _out(accepted):  # a client may have gone meanwhile
                raise BrokerRefused(_NOT_OUT)
            for subscription, tags in accepted.items():
                if transaction is None:
                    subscription.settle(tags, Outcome.ACCEPTED)
                else:
                    subscription.accept_in(transaction, tags)

        if self.features.transactions:
            return within(self._coordinator, send, accept)
        return send(None).addCallback(lambda _: accept(None))

    # Subscriptions.

    def subscribe(self, wish: Wish, consumer: IConsumer) -> Subscription:
        """See L{IBrokerLink.subscribe}; a durable one that is just being closed is waited for."""
        name = wish.durable or self._name("from")
        made = Subscription(
            self._conversation, name, wish, consumer, self._dialect, read=self._read, gone=self._left
        )
        if self._over is not None:
            return made
        before = self._durables.get(wish.durable) if wish.durable else None
        if wish.durable and not self._dialect.durables:
            self._refuse(consumer, "this broker has no durable subscriptions over AMQP 1.0")
        elif before and not before[-1].closing:
            self._refuse(consumer, f"the durable subscription {wish.durable!r} is in use")
        elif before:
            before.append(made)
        else:
            if wish.durable:
                self._durables[wish.durable] = deque([made])
            made.start()
        return made

    def _refuse(self, consumer: IConsumer, why: str) -> None:
        self._post.clock.callLater(0, consumer.refused, why)

    def _left(self, subscription: Subscription) -> None:
        """A subscription is gone: the next that waits for its name has it."""
        waiting = self._durables.get(subscription.durable)
        if waiting is None or subscription not in waiting:
            return
        first = waiting[0] is subscription
        waiting.remove(subscription)
        if not waiting:
            del self._durables[subscription.durable]
        elif first and self._over is None:
            waiting[0].start()

    def _read(self, data: bytes, wish: Wish) -> Message:
        return decoded(data, wish.destination, self._dialect, self._now())

    def temporary(self, domain: Domain) -> Deferred[Destination]:
        """See L{IBrokerLink.temporary}."""
        if self._over is not None:
            return fail(BrokerLost(str(self._over)))
        if len(self._temporaries) >= MAX_TEMPORARY:
            return fail(BrokerRefused(f"there are {MAX_TEMPORARY} temporary destinations already"))
        if not self._dialect.dynamic:
            return succeed(Destination(domain, f"kaazing.temp.{token_hex(16)}"))
        made = Temporary(self._conversation, self._name("temporary"), domain, self._dialect)

        def keep(destination: Destination) -> Destination:
            self._temporaries[destination] = made
            return destination

        return made.made.addCallback(keep)

    def discard(self, destination: Destination) -> None:
        """See L{IBrokerLink.discard}."""
        if (made := self._temporaries.pop(destination, None)) is not None and self._over is None:
            made.close()

    def forget(self, destination: Destination, durable: str) -> Deferred[Any]:
        """See L{IBrokerLink.forget}."""
        if self._over is not None:
            return fail(BrokerLost(str(self._over)))
        if not self._dialect.durables:
            return fail(BrokerRefused("this broker has no durable subscriptions over AMQP 1.0"))
        if self._conversation.taken(durable, sender=False):
            return fail(BrokerRefused(f"the durable subscription {durable!r} is in use"))
        return Forgetting(self._conversation, durable, apart=self._dialect.apart).done

    def close(self) -> Deferred[None]:
        """See L{IBrokerLink.close}; a broker that does not answer is left."""
        if self._over is not None:
            return succeed(None)
        if self._closing is None:
            self._closing = Deferred()
            self._goodbye = self._post.clock.callLater(GOODBYE, self._conversation.abort)
            self._conversation.close()
        return self._closing


def _out(accepted: Mapping[Subscription, Sequence[Hashable]]) -> bool:
    """Return whether all of some deliveries can be accepted."""
    return all(subscription.has(tags) for subscription, tags in accepted.items())


def _all(sent: Sequence[Deferred[Any]]) -> Deferred[None]:
    """Return a Deferred of all, that fails as the first of those that fail does, once none is under way."""

    def first(found: Sequence[tuple[bool, Any]]) -> Failure | None:
        return next((made for well, made in found if not well), None)

    return DeferredList(sent, consumeErrors=True).addCallback(first)
