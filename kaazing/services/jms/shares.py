# -*- test-case-name: tests.services.jms.test_shares -*-
"""The broker as clients share it: all of a service, or those of one login each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred, succeed

from kaazing.errors import BrokerRefused
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.brokers import IBroker
from kaazing.interfaces.feeds import Counts
from kaazing.services.jms.durables import Durables
from kaazing.services.jms.redelivery import DeadLetters, Redeliveries
from kaazing.services.jms.temporaries import Known
from kaazing.services.jms.topics import Topics

LOGIN_TIMEOUT = 10.0
"""Seconds in which a user's connection to the broker has to be there."""


class Waiter(Protocol):
    """A client that is not read for want of room; hashable."""

    def look(self) -> None:
        """There may be room again."""


class Share:
    """One login's connections to the broker, and what its clients have in common.

    Attributes:
        broker: the connections.
        topics: subscriptions of topics that clients share (L{kaazing.services.jms.topics.Topics}).
        durables: who has which durable subscription open.
        redeliveries, letters: of messages that nobody manages.
        known: temporary destinations that may be sent to.
        clients: how many there are.
        missed: what became of messages of topics that waited for clients who acknowledge.
        now: says the time, seconds since the epoch.
    """

    def __init__(
        self,
        broker: IBroker,
        topics: Topics,
        redeliveries: Redeliveries,
        letters: DeadLetters,
        known: Known,
        now: Callable[[], float],
        unused: Callable[[Share], None],
        ended: Callable[[Share], None],
    ) -> None:
        """
        Args:
            unused: told when the last client has gone.
            ended: told when it is stopped.
        """
        self.broker, self.topics, self.now = broker, topics, now
        self.redeliveries, self.letters, self.known = redeliveries, letters, known
        self.durables = Durables()
        self.clients = 0
        self.missed = Counts()
        self._unused, self._ended = unused, ended
        self._waiters: dict[Waiter, None] = {}
        self._calls: dict[Callable[[], None], None] = {}  # when there is a connection
        self._watching: list[Callable[[], None]] = []
        broker.watch(self._changed)

    def enter(self) -> None:
        """One client more."""
        self.clients += 1

    def leave(self) -> None:
        """One client less."""
        self.clients -= 1
        if not self.clients:
            self._unused(self)

    def room_wanted(self, waiter: Waiter, yes: bool) -> None:
        """Have somebody told when the broker may have room again, or not any longer."""
        if yes:
            self._waiters[waiter] = None
        else:
            self._waiters.pop(waiter, None)

    def await_broker(self, call: Callable[[], None]) -> None:
        """Call C{call} when there is a connection again, unless L{unawait_broker} comes before."""
        self._calls[call] = None

    def unawait_broker(self, call: Callable[[], None]) -> None:
        """Do not call it."""
        self._calls.pop(call, None)

    def watch(self, look: Callable[[], None]) -> None:
        """Call C{look} whenever something of the connection has changed, until L{unwatch}."""
        self._watching.append(look)

    def unwatch(self, look: Callable[[], None]) -> None:
        """Call it no more."""
        self._watching.remove(look)

    def _changed(self) -> None:
        if self.broker.available:
            calls, self._calls = self._calls, {}
            for call in calls:
                call()
        for look in list(self._watching):
            look()
        for waiter in list(self._waiters):
            waiter.look()

    def stop(self) -> Deferred[Any]:
        """End; what was published is taken first, within a bound."""
        self._ended(self)
        ended = maybeDeferred(self.topics.stop)
        return ended.addBoth(lambda _: self.broker.stop())


class Users:
    """The shares of a service by login at the broker, each kept for a while when its last client has gone."""

    def __init__(
        self, make: Callable[[Login, Callable[[Share], None]], Share], most: int, linger: float, clock: Any
    ) -> None:
        """
        Args:
            make: makes the share of a login, started; its second argument is what it tells when it is unused.
            most: how many there may be.
            linger: seconds.
        """
        self._make, self._most, self._linger, self._clock = make, most, linger, clock
        self._of: dict[Login, Share] = {}
        self._ending: dict[Share, Any] = {}

    def __len__(self) -> int:
        return len(self._of)

    @property
    def shares(self) -> list[Share]:
        """All there are."""
        return list(self._of.values())

    def enter(self, login: Login) -> Deferred[Share]:
        """Return a Deferred of the share of a login, its connection there, one client more counted.

        It fails with BrokerRefused: the broker does not let the login in, there are too many, or none was to
        be had in time.
        """
        share = self._of.get(login)
        if share is None:
            if len(self._of) >= self._most and not self._make_room():
                entered: Deferred[Share] = Deferred()
                entered.errback(BrokerRefused("too many users are connected to the broker"))
                return entered
            share = self._of[login] = self._make(login, self._unused)
        ending = self._ending.pop(share, None)
        if ending is not None:
            ending.cancel()
        share.enter()
        if share.broker.available:
            return succeed(share)
        return _Arrival(share, self._clock).arrived

    def _unused(self, share: Share) -> None:
        if not share.broker.available:  # its login may be wrong
            self._end(share)
        else:
            self._ending[share] = self._clock.callLater(self._linger, self._end, share)

    def _make_room(self) -> bool:
        """End the one that has had no client for the longest time; return whether there was one."""
        share = next(iter(self._ending), None)
        if share is None:
            return False
        self._ending[share].cancel()
        self._end(share)
        return True

    def _end(self, share: Share) -> None:
        self._ending.pop(share, None)
        self._of = {login: each for login, each in self._of.items() if each is not share}
        share.stop()

    def stop(self) -> Deferred[Any]:
        """End them all."""
        for ending in self._ending.values():
            ending.cancel()
        self._ending.clear()
        stopping, self._of = [share.stop() for share in self._of.values()], {}
        return DeferredList(stopping)


class _Arrival:
    """Waits for a connection of a share.

    Attributes:
        arrived: a Deferred of the share.
    """

    def __init__(self, share: Share, clock: Any) -> None:
        self._share = share
        self.arrived: Deferred[Share] = Deferred()
        self._timeout = clock.callLater(LOGIN_TIMEOUT, self._fail, "the broker is not there")
        share.watch(self._look)
        self._look()

    def _look(self) -> None:
        if self._share.broker.available:
            self._end()
            self.arrived.callback(self._share)
        elif self._share.broker.refusal:
            self._fail("the broker does not let this login in")

    def _fail(self, why: str) -> None:
        self._end()
        self._share.leave()
        self.arrived.errback(BrokerRefused(why))

    def _end(self) -> None:
        self._share.unwatch(self._look)
        if self._timeout.active():
            self._timeout.cancel()
