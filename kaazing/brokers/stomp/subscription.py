# -*- test-case-name: tests.brokers.stomp.test_subscription -*-
"""One subscription at a STOMP broker: what is out, what waits for it, what became of it."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.logger import Logger
from zope.interface import implementer

from kaazing.brokers.stomp.connection import Connection
from kaazing.brokers.stomp.dialect import Dialect, Headers
from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.brokers import Destination, IBrokerSubscription, Message, Outcome, Wish
from kaazing.wire import destinations
from kaazing.wire.stomp import Frame

log = Logger()


@dataclass(frozen=True, slots=True)
class _Delivery:
    """A message, and what ACK and NACK call it."""

    message: Message
    called: Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a subscription has of its link.

    Attributes:
        seen: told of messages that go back, by their id; L{again} asks.
        again: whether a message went back before.
        ended: told when the subscription is no more.
    """

    dialect: Dialect
    clock: Any
    seen: Callable[[str], None]
    again: Callable[[str], bool]
    ended: Callable[[Subscription], None]


@implementer(IBrokerSubscription)
class Subscription:
    """A subscription on one connection.

    The broker may send more than is wished for (Artemis counts bytes): what is too much waits here.
    """

    def __init__(self, wish: Wish, consumer: Any, around: Surroundings) -> None:
        self._wish, self._consumer, self._around = wish, consumer, around
        self._among = wish.durable and around.dialect.binds  # of what comes only some is meant
        self._pattern = destinations.is_pattern(wish.destination.name)
        self._connection: Connection | None = None
        self._alone = False
        self._id = self._written = ""
        self._count = 0
        self._out: OrderedDict[Hashable, _Delivery] = OrderedDict()
        self._held: deque[_Delivery] = deque()
        self._giving: Any = None
        self._opening: Any = None
        self._over = False

    def wait(self, opening: Deferred[Connection], written: str) -> None:
        """Begin when a connection is there that ends with the subscription; see L{begin}."""
        self._opening = opening
        opening.addCallbacks(lambda made: self.begin(made, written, alone=True), self._refuse)

    def begin(self, connection: Connection, written: str, *, alone: bool = False) -> None:
        """Subscribe to what the broker calls C{written}; C{alone}: the connection ends with it."""
        self._opening = None
        if self._over:
            connection.close()
            return
        self._connection, self._written, self._alone = connection, written, alone
        self._id = connection.name()
        headers = [("id", self._id), ("destination", written)]
        try:
            headers += self._around.dialect.subscribing(self._wish)
        except BrokerRefused as why:
            self.refuse(why)
            return
        connection.listen(self._id, self._delivered)
        selector = dict(headers).get("selector", "")
        quoted = selector.replace(":", "")  # Artemis loses them when it quotes
        about = filter(None, (self._wish.destination.name, written.rpartition("/")[2], selector, quoted))
        asked = connection.ask("SUBSCRIBE", headers, what=str(self._wish.destination), about=tuple(about))
        asked.addCallbacks(lambda _: self._over or self._consumer.ready(), self._refuse)

    def refuse(self, why: Exception) -> None:
        """Say that there is no such subscription; not from inside of the call that asks for it."""
        if self._connection is not None:
            self._connection.leave(self._id)
            self._connection = None  # which has nothing to unsubscribe
        self._around.clock.callLater(0, self._end, why)

    def _refuse(self, failure: Any) -> None:
        if failure.check(BrokerRefused):
            if self._alone and self._connection is not None:
                self._connection.close()  # before the broker does, which would be the loss of the link
            self.refuse(failure.value)
        elif not failure.check(BrokerLost, CancelledError):
            log.failure("subscribing", failure)

    def _end(self, why: Exception) -> None:
        if not self._over:
            self.close()
            self._consumer.refused(str(why))

    def _delivered(self, frame: Frame) -> None:
        around, dialect = self._around, self._around.dialect
        found = self._read(frame.get("destination")) if self._pattern or self._among else None
        message = dialect.message(frame, found or self._wish.destination, self._read(frame.get("reply-to")))
        if self._wish.automatic:
            if not dialect.own(message.destination):
                self._consumer.delivered(message, None)
            return
        if not message.redelivered and around.again(message.message_id):
            message = replace(message, redelivered=True)
        called = [("message-id", frame.get("message-id") or ""), ("subscription", self._id)]
        delivery = _Delivery(message, called)
        if dialect.own(message.destination) or (self._among and not self._meant(message.destination)):
            self._tell(("ACK", called, b""))
            return
        self._held.append(delivery)
        if self._giving is None:
            self._give()

    def _meant(self, destination: Destination) -> bool:
        wished = self._wish.destination
        return destination == wished or destinations.matches(wished.name, destination.name)

    def _read(self, written: str | None) -> Destination | None:
        session = self._connection.session if self._connection is not None else ""
        return self._around.dialect.read(written, session) if written else None

    def _give(self) -> None:
        self._giving = None
        most = self._wish.prefetch
        while self._held and not self._over and (not most or len(self._out) < most):
            self._count += 1
            delivery = self._out[self._count] = self._held.popleft()
            self._consumer.delivered(delivery.message, self._count)

    def settle(self, tags: Sequence[Hashable], outcome: Outcome) -> None:
        """See L{IBrokerSubscription.settle}."""
        known = [self._out.pop(tag) for tag in tags if tag in self._out]
        dialect, nacks = self._around.dialect, self._connection is not None and self._connection.nacks
        if outcome is Outcome.RELEASED and not (nacks and dialect.returns):
            # ActiveMQ takes NACK for a death, Artemis for an ACK: they are given out again from here.
            self._held.extendleft(
                replace(each, message=replace(each.message, redelivered=True)) for each in reversed(known)
            )
        elif outcome is Outcome.ACCEPTED or not nacks:  # STOMP 1.0 can say no more than that it is done with
            self._tell(*(("ACK", each.called, b"") for each in known))
        else:
            more = dialect.nacking(back=outcome is Outcome.RELEASED)
            self._tell(*(("NACK", [*each.called, *more], b"") for each in known))
        self._go_on()

    def _go_on(self) -> None:
        if self._held and self._giving is None and not self._over:
            self._giving = self._around.clock.callLater(0, self._give)

    def called(self, tag: Hashable) -> Headers:
        """Return what ACK calls a delivery that is out; it stays out until it is L{accepted}."""
        return self._out[tag].called

    def on(self, connection: Connection) -> bool:
        """Return whether it is a subscription on that connection."""
        return self._connection is connection

    def accepted(self, tag: Hashable) -> None:
        """A delivery was accepted in a transaction that is done."""
        self._out.pop(tag, None)
        self._go_on()

    def has(self, tag: Hashable) -> bool:
        """Return whether a delivery is out under that tag."""
        return tag in self._out

    def close(self, forget: bool = False) -> Any:
        """See L{IBrokerSubscription.close}."""
        if self._over:
            return succeed(None)
        for each in (*self._out.values(), *(held for held in self._held if held.message.redelivered)):
            self._around.seen(each.message.message_id)
        self._finish()
        self._around.ended(self)
        if self._connection is None or not self._connection.open:
            return succeed(None)
        self._connection.leave(self._id)
        return self._unsubscribe(self._connection, forget)

    def lost(self, why: Exception) -> None:
        """The link is gone: nothing is delivered any more."""
        self._finish()
        if self._alone and self._connection is not None:
            self._connection.abort(why)

    def _finish(self) -> None:
        self._over = True
        if self._giving is not None:
            self._giving.cancel()
            self._giving = None
        self._out.clear()
        self._held.clear()
        if self._opening is not None:
            self._opening.cancel()

    def _unsubscribe(self, connection: Connection, forget: bool) -> Deferred[None]:
        dialect, durable = self._around.dialect, self._wish.durable if forget else ""
        if self._alone and not durable:
            return connection.close()
        ends: Headers = [("id", self._id)]
        if durable and not dialect.ends_open:
            connection.ask("UNSUBSCRIBE", ends).addErrback(lambda _: None)  # the next one says it again
            ends = [*ends, ("destination", self._written)]
        done: Deferred[None] = connection.ask(
            "UNSUBSCRIBE", [*ends, *(dialect.forgetting(durable) if durable else [])]
        )
        if self._alone:
            done.addBoth(lambda result: connection.close().addCallback(lambda _: result))
        return done

    def _tell(self, *requests: tuple[str, Headers, bytes]) -> None:
        if requests and self._connection is not None:
            self._connection.tell(*requests)
