# -*- test-case-name: tests.brokers.amqp.test_subscriptions -*-
"""One subscription: a consumer of a queue, made anew where its channel or its queue is lost."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from itertools import islice
from secrets import token_hex
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.logger import Logger
from zope.interface import implementer

from kaazing.brokers.amqp.connection import Connection
from kaazing.brokers.amqp.declarations import Declarations
from kaazing.brokers.amqp.homes import Home, Homes
from kaazing.brokers.amqp.messages import message_of
from kaazing.brokers.amqp.names import is_queue
from kaazing.brokers.amqp.properties import decode
from kaazing.brokers.amqp.redeliveries import Redeliveries, digest
from kaazing.brokers.amqp.refusals import FAILURES, NOT_FOUND, code, refusal
from kaazing.errors import BrokerRefused
from kaazing.interfaces.brokers import Destination, IBrokerSubscription, Message, Outcome, Wish

AGAIN = 1.0
"""Seconds after which a subscription is made anew that the broker has ended."""

_BITS = 64
_NUMBER = (1 << _BITS) - 1
"""What of a tag is RabbitMQ's; the bits above say which beginning it is of: each may count from 1 again."""

_log = Logger()


@dataclass(frozen=True, slots=True)
class Around:
    """What the subscriptions of a connection have in common."""

    connection: Connection
    declarations: Declarations
    homes: Homes
    redeliveries: Redeliveries
    clock: Any
    complain: Callable[[str], None]


class _State(Enum):
    WAITING = "for its turn to begin"
    BEGINNING = "the broker is asked"
    CONSUMING = "messages come"
    OVER = "it is closed, refused, or its connection is lost"


@implementer(IBrokerSubscription)
class Subscription:
    """See L{IBrokerSubscription}.

    Attributes:
        tag: the consumer's, at the broker.
    """

    def __init__(self, wish: Wish, consumer: Any, around: Around) -> None:
        self._wish, self._consumer, self._around = wish, consumer, around
        self._name = f"kaazing.{token_hex(8)}"
        self._generation = 0
        self.tag = self._name
        self._home: Home | None = None
        self._queue = ""
        self._tried = False  # a queue that was there, and is not any more
        self._out: dict[int, bytes | None] = {}
        """Tag of what is not settled -> what it is known by, if it has no id."""
        self._ended: Deferred[None] | None = None
        self._forget = False
        self._state = _State.WAITING
        self._again: Any = around.clock.callLater(0, self._begin)

    def holds(self, tags: Iterable[Hashable]) -> bool:
        """Return whether all of some deliveries can be settled."""
        return all(tag in self._out for tag in tags)

    def settle(self, tags: Sequence[Hashable], outcome: Outcome) -> None:
        """See L{IBrokerSubscription}."""
        known: list[Any] = [tag for tag in dict.fromkeys(tags) if tag in self._out]
        if not known or self._home is None:
            return
        oldest = list(islice(self._out, len(known)))
        together = len(known) > 1 and not self._home.shared and known == oldest
        for tag in known:
            self._count(self._out.pop(tag), outcome)
        channel = self._home.channel
        for tag in known[-1:] if together else known:
            if outcome is Outcome.ACCEPTED:
                channel.basic_ack(tag & _NUMBER, together)
            else:
                channel.basic_nack(tag & _NUMBER, together, outcome is Outcome.RELEASED)

    def close(self, forget: bool = False) -> Deferred[None]:
        """See L{IBrokerSubscription}."""
        if self._ended is None:
            self._ended, self._forget = Deferred(), forget
            if self._state is _State.CONSUMING or self._state is _State.OVER:
                self._depart()
            elif self._again is not None:
                self._again.cancel()
                self._depart()
        return self._ended

    def evicted(self) -> None:
        """See L{kaazing.brokers.amqp.homes.Resident}."""
        if self._state is _State.CONSUMING:
            self._home, self._out = None, {}
            self._later()

    def cancelled(self) -> None:
        """See L{kaazing.brokers.amqp.homes.Resident}."""
        if self._state is _State.CONSUMING:
            self._state = _State.WAITING
            self._around.declarations.missing(self._queue)
            self._leave().addBoth(lambda _: self._later())

    @inlineCallbacks
    def _begin(self) -> Generator[Deferred[Any], Any, None]:
        around, wish, self._again, self._state = self._around, self._wish, None, _State.BEGINNING
        self._generation += 1
        self.tag = f"{self._name}.{self._generation}"
        out = self._out = {}
        heard = partial(self._heard, out, self._generation << _BITS)
        try:
            self._queue = yield around.declarations.source(wish)
            if self._ended is None:
                self._home = yield around.homes.take(self)
            if self._ended is None:
                assert self._home is not None
                yield self._home.consume(self, self._queue, heard, wish.prefetch, wish.automatic)
        except FAILURES as why:
            self._home = None
            self._failed(why)
            return
        if self._ended is not None:
            self._depart()
        else:
            self._state, self._tried = _State.CONSUMING, False
            self._consumer.ready()

    def _failed(self, why: Exception) -> None:
        if self._ended is not None or not self._around.connection.connected:
            self._later()
            return
        if code(why) == NOT_FOUND and not self._tried:
            self._tried = True
            self._around.declarations.missing(self._queue)
            self._later()
            return
        error = refusal(why, _what(self._wish), self._around.complain)
        if isinstance(error, BrokerRefused):
            self._state = _State.OVER
            self._consumer.refused(str(error))
        else:
            self._later()

    def _later(self) -> None:
        if self._ended is not None:
            self._depart()
        elif self._around.connection.connected:
            self._state = _State.WAITING
            self._again = self._around.clock.callLater(AGAIN, self._begin)
        else:
            self._state = _State.OVER

    def _leave(self) -> Deferred[None]:
        home, out = self._home, self._out
        self._home, self._out = None, {}
        if home is None:
            return succeed(None)
        return self._around.homes.leave(home, self, lambda: [tag & _NUMBER for tag in out])

    @inlineCallbacks
    def _depart(self) -> Generator[Deferred[Any], Any, None]:
        """The last of it: C{self._ended} fires."""
        assert self._ended is not None
        self._state = _State.OVER
        idle = self._home is None
        try:
            yield self._leave()
            if idle and self._queue and _private(self._wish):
                yield self._around.declarations.remove(self._queue)
            if self._forget:
                yield self._around.declarations.forget(self._wish.durable)
        except FAILURES as why:
            if self._forget:
                self._ended.errback(why)
                return
        self._ended.callback(None)

    def _heard(
        self, out: dict[int, bytes | None], above: int, raw: Any, method: Any, _properties: Any, body: bytes
    ) -> None:
        """A message came; see pika's basic_consume."""
        wish, tag = self._wish, above | method.delivery_tag
        if not wish.automatic:
            out[tag] = None
        if self._state is not _State.CONSUMING or out is not self._out:
            return  # what comes when nobody wants it goes back with the rest
        around, destination = self._around, wish.destination
        sent = around.connection.properties[raw.channel_number]
        if not is_queue(destination):
            destination = Destination(destination.domain, _text(method.routing_key))
        message = message_of(
            decode(sent), body, destination, queue=self._queue, redelivered=method.redelivered
        )
        if not message.message_id:
            message = self._identified(message, tag, sent)
        try:
            self._consumer.delivered(message, None if wish.automatic else tag)
        except Exception:  # of one subscription; the connection is many others'
            _log.failure("message from {what}", what=_what(wish))

    def _identified(self, message: Message, tag: int, sent: bytes) -> Message:
        named = replace(message, message_id=f"{self._name}-{tag:x}")
        if self._wish.automatic:
            return named
        known_by = self._out[tag] = digest(self._queue, sent, message.body)
        if message.redelivered and not message.deliveries:
            return replace(named, deliveries=self._around.redeliveries.deliveries(known_by))
        return named

    def _count(self, known_by: bytes | None, outcome: Outcome) -> None:
        if known_by is None:
            return
        if outcome is Outcome.RELEASED:
            self._around.redeliveries.released(known_by)
        else:
            self._around.redeliveries.settled(known_by)


def _private(wish: Wish) -> bool:
    """Return whether a subscription has a queue that is made for it, and goes with it."""
    return not is_queue(wish.destination) and not wish.durable


def _what(wish: Wish) -> str:
    domain = "queue" if is_queue(wish.destination) else "topic"
    return f"{domain} {wish.destination.name}"


def _text(key: str | bytes) -> str:
    """Return a routing key as text; pika gives it as bytes where it is none."""
    return key if isinstance(key, str) else key.decode(errors="replace")
