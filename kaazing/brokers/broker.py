# -*- test-case-name: tests.brokers.test_broker,tests.brokers.test_broker_lives -*-
"""The broker of a service: connections that are kept up, and what stands on them made anew."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from random import random as any_number
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, fail
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.brokers.counting import BOOKS, Counts
from kaazing.brokers.handed import Handed
from kaazing.brokers.line import Line, Plan
from kaazing.brokers.remaking import REMEMBERED, Remade, Temporary
from kaazing.brokers.waiting import Waiting, WaitingSends
from kaazing.config.model import Uri
from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.brokers import (
    Destination,
    Domain,
    IBroker,
    IBrokerLink,
    IBrokerType,
    IConsumer,
    Message,
    Wish,
    Work,
)

__all__ = ["Broker", "Waiting"]

FLUSHING = 5.0
"""Seconds that the broker has, when the gateway stops, to take what was published."""

DELAY = 5.0
"""Seconds that the first wait after a loss may last where C{reconnect.delay} does not say."""

_AWAY = "the broker is away; nothing was sent"
_STOPPED = "the gateway is stopping; nothing was sent"
_DESTINATION_LOST = "the connection to the broker was lost, and the destination with it"


@implementer(IBroker)
class Broker:
    """See L{IBroker}.

    Attributes:
        service: its name.
        counts: see L{Counts}; those of the service.
    """

    def __init__(
        self,
        kind: IBrokerType,
        uris: Sequence[Uri],
        login: Login | None,
        *,
        service: str,
        dial: Callable[[Any], Any],
        clock: Any,
        client_id: str,
        properties: Mapping[str, Any],
        complain: Callable[[str], None],
        count: int = 1,
        waiting: Waiting | None = None,
        random: Callable[[], float] = any_number,
    ) -> None:
        """
        Args:
            service: whose name the metrics have.
            uris: where it may be reached, tried in order; at least one.
            login: None for that of each URI, or none.
            count: connections; all lead to one place.
            random: from 0 to 1, for the jitter of waits.

        See L{kaazing.interfaces.brokers.Post} for the others.
        """
        self.service, self.features = service, kind.features
        self.refusal = ""
        self.counts = BOOKS.of(service)
        self._clock, self._uris = clock, uris
        plan = Plan(
            kind=kind, uris=uris, login=login, dial=dial, clock=clock, client_id=client_id,
            properties=properties, complain=complain, delay=properties.get("reconnect.delay", DELAY),
            random=random,
        )  # fmt: skip
        self._lines = [Line(number, plan, self) for number in range(count)]
        self._waiting = WaitingSends(waiting or Waiting(), clock, self._late)
        self._subscriptions: dict[Line, dict[Remade, None]] = {line: {} for line in self._lines}
        self._handed = Handed()
        self._unanswered = 0
        self._busy: dict[Hashable, tuple[Line, int]] = {}  # sender -> where its unanswered ones are, how many
        self._watchers: list[Callable[[], None]] = []
        self._stopping: Deferred[None] | None = None
        self._quiet: Deferred[None] | None = None

    @property
    def connections(self) -> int:
        """See L{IBroker}."""
        return sum(line.link is not None for line in self._lines)

    @property
    def available(self) -> bool:
        """See L{IBroker}."""
        return any(line.link is not None for line in self._lines)

    @property
    def waiting(self) -> int:
        """How many messages wait for a connection."""
        return len(self._waiting)

    def start(self) -> None:
        """See L{IBroker}."""
        BOOKS.running[self] = None
        self._lines[0].begin()

    def stop(self) -> Deferred[Any]:
        """See L{IBroker}."""
        if self._stopping is not None:
            return self._stopping
        stopping = self._stopping = Deferred()
        for line in self._lines:
            line.stop()
        self._waiting.fail(_STOPPED)
        quiet = self._quiet = Deferred()
        quiet.addTimeout(FLUSHING, self._clock, onTimeoutCancel=lambda *late: None)
        quiet.addCallback(self._close)
        self._check_quiet()
        return stopping

    def publish(self, message: Message, *, waits: bool, sender: Hashable = None) -> Deferred[Any]:
        """See L{IBroker}."""
        line = self._line(sender)
        if line is not None:
            return self._send(line, message, sender)
        if self._stopping is None and waits:
            return self._waiting.put(message, sender)
        self._late()
        return fail(BrokerLost(_AWAY if self._stopping is None else _STOPPED))

    def perform(self, work: Work, *, sender: Hashable = None) -> Deferred[Any]:
        """See L{IBroker}."""
        lines = {subscription.line for subscription, _ in work.accepted}
        if len(lines) > 1:
            return fail(
                BrokerRefused(
                    "a transaction is done on one connection to the broker; these deliveries came over two"
                )
            )
        line = lines.pop() if lines else self._line(sender)
        if line is None or line.link is None:
            return fail(BrokerLost(_AWAY))
        accepted = [(subscription.inner, subscription.current([tag])) for subscription, tag in work.accepted]
        if not all(tags for _, tags in accepted):
            return fail(BrokerLost("the transaction has deliveries that went back to the broker meanwhile"))
        mine = Work(work.sends, [(inner, tags[0]) for inner, tags in accepted])
        doing = self._count(line, line.link.perform(mine), sender, len(work.sends))
        return doing.addCallback(
            _settled, [(each, tag) for (each, _), (_, tag) in zip(work.accepted, mine.accepted, strict=True)]
        )

    def subscribe(self, wish: Wish, consumer: IConsumer, *, sender: Hashable = None) -> Remade:
        """See L{IBroker}."""
        line = self._home(wish.durable, sender)
        made = Remade(line, wish, consumer, self.counts, self._handed, self._over)
        self._subscriptions[line][made] = None
        if line.link is not None:
            made.attach(line.link)
        return made

    def temporary(
        self, domain: Domain, consumer: IConsumer, prefetch: int, *, sender: Hashable = None
    ) -> Deferred[tuple[Destination, Temporary]]:
        """See L{IBroker}."""
        line = self._line(sender)
        if line is None or line.link is None:
            return fail(BrokerLost("the broker is away"))
        link = line.link
        making: Deferred[Destination] = link.temporary(domain)
        return making.addCallback(self._open, line, link, consumer, prefetch)

    def forget(self, destination: Destination, durable: str) -> Deferred[Any]:
        """See L{IBroker}."""
        link = self._home(durable, None).link
        if link is None:
            return fail(BrokerLost(REMEMBERED))
        forgetting: Deferred[Any] = link.forget(destination, durable)
        return forgetting

    def room(self) -> bool:
        """See L{IBroker}."""
        return all(line.link is None or line.link.room() for line in self._lines)

    def watch(self, changed: Callable[[], None]) -> None:
        """See L{IBroker}."""
        self._watchers.append(changed)

    def places(self, line: Line) -> Sequence[Uri]:
        """See L{kaazing.brokers.line.ILines}: all lines lead to one place, which the first one finds."""
        for other in self._lines:
            if other is not line and other.link is not None and other.uri is not None:
                return [other.uri]
        return self._uris if line.number == 0 else []

    def came(self, line: Line) -> None:
        """See L{kaazing.brokers.line.ILines}."""
        link = line.link
        assert link is not None
        self.features, self.refusal = link.features, ""
        self.counts.reconnects += line.again
        for subscription in [*self._subscriptions[line]]:
            subscription.attach(link)
        while self.available and (letter := self._waiting.next()) is not None:
            message, sender, taken = letter
            to = self._line(sender)
            assert to is not None
            self._send(to, message, sender).chainDeferred(taken)
        self.drained()
        for other in self._lines:
            other.begin()

    def went(self, line: Line) -> None:
        """See L{kaazing.brokers.line.ILines}."""
        for subscription in [*self._subscriptions[line]]:
            subscription.detach()
            if isinstance(subscription, Temporary):
                subscription.end(_DESTINATION_LOST)
        self._handed.lost()
        self.drained()

    def refused(self, why: str) -> None:
        """See L{kaazing.brokers.line.ILines}."""
        changed, self.refusal = self.refusal != why, why
        if changed:
            self.drained()

    def drained(self) -> None:
        """See L{kaazing.brokers.line.ILines}; whoever watches looks."""
        for changed in self._watchers:
            changed()

    def _line(self, sender: Hashable) -> Line | None:
        """Return where a sender's next message goes: after those of it that are unanswered, else to its own
        line or the next that has a link. None where none has."""
        busy = self._busy.get(sender)
        if busy is not None and busy[0].link is not None:
            return busy[0]
        first = 0 if sender is None else hash((sender,))
        for number in range(len(self._lines)):
            line = self._lines[(first + number) % len(self._lines)]
            if line.link is not None:
                return line
        return None

    def _home(self, durable: str, sender: Hashable) -> Line:
        """Return where a subscription is, for good."""
        if durable:
            return self._lines[zlib.crc32(durable.encode()) % len(self._lines)]  # the same after a restart
        if sender is not None:
            return self._lines[hash((sender,)) % len(self._lines)]
        return min(self._lines, key=lambda line: len(self._subscriptions[line]))

    def _send(self, line: Line, message: Message, sender: Hashable) -> Deferred[Any]:
        assert line.link is not None
        return self._count(line, line.link.publish(message), sender, 1)

    def _count(self, line: Line, asked: Deferred[Any], sender: Hashable, messages: int) -> Deferred[Any]:
        """Follow messages until the broker has answered."""
        self.counts.published += messages
        self._unanswered += 1
        several = len(self._lines) > 1 and sender is not None
        if several:
            there, number = self._busy.get(sender, (line, 0))
            self._busy[sender] = line, number + 1 if there is line else 1
        return asked.addBoth(self._answered, line, sender if several else None, messages)

    def _answered(self, result: Any, line: Line, sender: Hashable, messages: int) -> Any:
        counts: Counts = self.counts
        if not isinstance(result, Failure):
            counts.confirmed += messages
        elif result.check(BrokerRefused):
            counts.refused += messages
        else:
            counts.lost += messages
        there, number = self._busy.get(sender, (None, 0))
        if there is line and number > 1:
            self._busy[sender] = line, number - 1
        elif there is line:
            del self._busy[sender]
        self._unanswered -= 1
        self._check_quiet()
        return result

    def _late(self) -> None:
        self.counts.late += 1

    def _open(
        self, destination: Destination, line: Line, link: IBrokerLink, consumer: IConsumer, prefetch: int
    ) -> tuple[Destination, Temporary]:
        if line.link is not link:
            raise BrokerLost(_DESTINATION_LOST)
        wish = Wish(destination=destination, prefetch=prefetch)
        common = self.counts, self._handed, self._over
        made = Temporary(line, wish, consumer, *common, discard=lambda: link.discard(destination))
        self._subscriptions[line][made] = None
        made.attach(link)
        return destination, made

    def _over(self, subscription: Remade) -> None:
        self._subscriptions[subscription.line].pop(subscription, None)

    def _check_quiet(self) -> None:
        if self._quiet is not None and not self._unanswered:
            quiet, self._quiet = self._quiet, None
            quiet.callback(None)

    def _close(self, ignored: object) -> None:
        self._quiet = None
        closing = DeferredList([line.close() for line in self._lines])
        self.drained()
        closing.addCallback(self._ended)

    def _ended(self, ignored: object) -> None:
        BOOKS.running.pop(self, None)
        assert self._stopping is not None
        self._stopping.callback(None)


def _settled(result: Any, accepted: Sequence[tuple[Remade, Hashable]]) -> Any:
    """A transaction is done, and so are its deliveries."""
    for subscription, tag in accepted:
        subscription.settled([tag])
    return result
