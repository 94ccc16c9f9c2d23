# -*- test-case-name: tests.brokers.amqp.test_homes -*-
"""AMQP channels that subscriptions live on: one each while there are few, so that what RabbitMQ closes with a
channel is of one subscription; then several share one, because a connection has no end of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from pika.frame import Method
from pika.spec import Basic
from twisted.internet.defer import Deferred, DeferredLock, fail, succeed
from twisted.python.failure import Failure

from kaazing.brokers.amqp.connection import GONE, Connection
from kaazing.errors import BrokerLost, BrokerRefused

MOST = 250
"""Channels for subscriptions on one connection; RabbitMQ allows 2,047 for everything."""


class Resident(Protocol):
    """Who lives on a channel."""

    tag: str

    def evicted(self) -> None:
        """The channel is gone, for no fault of this one."""

    def cancelled(self) -> None:
        """The broker has ended the subscription: its queue is gone."""


class Home:
    """One channel.

    Attributes:
        residents: by their consumer tags.
    """

    def __init__(self, channel: Any) -> None:
        self.channel = channel
        self.residents: dict[str, Resident] = {}
        self._lock = DeferredLock()
        self._moving_in: tuple[Resident, Deferred[None]] | None = None
        channel._channel.add_on_cancel_callback(self._cancelled)

    @property
    def shared(self) -> bool:
        """Whether several live here."""
        return len(self.residents) > 1

    def consume(
        self, who: Resident, queue: str, heard: Callable[..., None], prefetch: int, automatic: bool
    ) -> Any:
        """Begin to consume; return a Deferred that fires when the broker has begun, and fails with what it
        closed the channel with.

        Args:
            heard: called as pika calls it.
            prefetch: of this one alone (RabbitMQ's reading of basic.qos); 0 for no bound.
        """
        return self._lock.run(self._consume, who, queue, heard, prefetch, automatic)

    def _consume(
        self, who: Resident, queue: str, heard: Any, prefetch: int, automatic: bool
    ) -> Deferred[None]:
        if not self.channel.is_open:
            return fail(BrokerLost(GONE))
        begun: Deferred[None] = Deferred()
        self._moving_in = who, begun
        self.channel.basic_qos(prefetch_count=min(prefetch, 0xFFFF)).addErrback(lambda _: None)
        self.channel._channel.basic_consume(
            queue, heard, auto_ack=automatic, consumer_tag=who.tag, callback=lambda _: self._begun(begun)
        )
        return begun

    def _begun(self, begun: Deferred[None]) -> None:
        self._moving_in = None
        begun.callback(None)

    def closed(self, why: BaseException) -> None:
        """The channel is gone: by the fault of who is moving in, if somebody is."""
        moving, self._moving_in = self._moving_in, None
        residents, self.residents = self.residents, {}
        for each in residents.values():
            if moving is None or each is not moving[0]:
                each.evicted()
        if moving is not None:
            moving[1].errback(why)

    def _cancelled(self, frame: Any) -> None:
        if (who := self.residents.get(frame.method.consumer_tag)) is not None:
            who.cancelled()


class Homes:
    """Those of one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._homes: dict[Home, None] = {}
        self._opening = 0
        self._homeless: list[Deferred[None]] = []

    def take(self, who: Resident) -> Deferred[Home]:
        """Return a Deferred of a home for a subscription; fails with BrokerLost or BrokerRefused."""
        if len(self._homes) + self._opening >= MOST:
            if not self._opening:
                return self._share(who)
            waiting: Deferred[None] = Deferred()  # for all to be open, or the first had everybody
            self._homeless.append(waiting)
            return waiting.addCallback(lambda _: self.take(who))
        self._opening += 1
        return self._connection.open().addCallbacks(
            lambda channel: self._opened(channel, who), lambda why: self._none(why, who)
        )

    def leave(self, home: Home, who: Resident, unsettled: Callable[[], Iterable[int]]) -> Deferred[None]:
        """End a subscription; return a Deferred that fires when what is not settled is back, in order.

        Args:
            unsettled: returns the delivery tags of that.
        """
        if who.tag not in home.residents or not home.channel.is_open:
            return succeed(None)
        if home.shared:
            return self._move_out(home, who, unsettled)
        del self._homes[home]
        home.residents.clear()
        gone: Deferred[None] = Deferred()
        home.channel.on_closed.addBoth(lambda _: gone.callback(None))
        home.channel.close()
        return gone

    def _move_out(self, home: Home, who: Resident, unsettled: Callable[[], Iterable[int]]) -> Deferred[None]:
        """Pika would give back at once what comes after its basic.cancel, before what came earlier; so the
        broker is told past pika, and pika when nothing more can come."""
        channel = home.channel
        del home.residents[who.tag]
        cancel = Basic.Cancel(consumer_tag=who.tag, nowait=True)
        self._connection.write(Method(channel.channel_number, cancel).marshal())

        def give_back(_: object) -> Any:
            for tag in unsettled():
                channel.basic_nack(tag)
            channel._channel.basic_cancel(who.tag, callback=lambda _: None)
            return channel.basic_qos(prefetch_count=0)  # whose answer says that all before it is done

        nothing_more: Deferred[Any] = channel.basic_qos(prefetch_count=0)
        return nothing_more.addCallback(give_back).addBoth(lambda _: None)

    def _share(self, who: Resident) -> Deferred[Home]:
        home = min(self._homes, key=lambda each: len(each.residents))
        home.residents[who.tag] = who
        return succeed(home)

    def _opened(self, channel: Any, who: Resident) -> Home:
        home = Home(channel)
        home.residents[who.tag] = who
        self._homes[home] = None
        channel.on_closed.addBoth(self._closed, home)
        self._answered()
        return home

    def _none(self, why: Failure, who: Resident) -> Any:
        self._answered()
        if why.check(BrokerRefused) and self._homes:
            return self._share(who)
        return why

    def _answered(self) -> None:
        self._opening -= 1
        if self._opening:
            return
        homeless, self._homeless = self._homeless, []
        for each in homeless:
            each.callback(None)

    def _closed(self, why: Any, home: Home) -> None:
        self._homes.pop(home, None)
        cause: Any = why.value if isinstance(why, Failure) else why
        home.closed(cause)
