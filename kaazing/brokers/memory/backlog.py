# -*- test-case-name: tests.brokers.memory.test_backlog -*-
"""The messages of one queue, or of one subscription of a topic, until they are accepted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any

from kaazing.interfaces.brokers import Message

_SLACK = 64  # keys of messages that are gone, beyond as many as wait, before a heap is made anew

Key = tuple[int, int]
"""Where a message stands among others: 9 less its priority, then its number."""


@dataclass(slots=True, eq=False)
class Held:
    """One message in one backlog.

    Attributes:
        size: the bytes that it counts for.
        given: how often it was given out.
    """

    message: Message
    key: Key
    size: int
    given: int = 0

    def give(self) -> Message:
        """Return the message as it is given out this time."""
        self.given += 1
        if self.given == 1:
            return self.message
        return replace(self.message, redelivered=True, deliveries=self.given)

    def expired(self, now: float) -> bool:
        """Return whether nobody may have it any more; C{now}: seconds since the epoch."""
        return 0 < self.message.expires <= now * 1000


class Consumer:
    """Who gets messages of a backlog; to be subclassed.

    Attributes:
        selector: text of its selector, empty for none.
        matches: what the selector says of a message; None without.
        turn: when it got its last one, or had room again: who has waited longest is the next.
        waits: whether it is known to have room.
    """

    def __init__(self, selector: str, matches: Callable[[Message], bool] | None) -> None:
        self.selector, self.matches = selector, matches
        self.turn, self.waits = 0, False

    def has_room(self) -> bool:
        """Return whether one more may be given to it."""
        raise NotImplementedError

    def take(self, held: Held) -> None:
        """Take a message, which is out until L{Backlog.gone} or L{Backlog.release}; calls nobody back."""
        raise NotImplementedError


@dataclass(slots=True)
class _Line:
    """All consumers of one selector. Where one has room, nothing that they would take waits.

    Attributes:
        keys: a heap of the keys of what they would take; some of it may be gone.
        waiting: those with room, in turn.
    """

    matches: Callable[[Message], bool] | None
    keys: list[Key]
    consumers: set[Consumer] = field(default_factory=set)
    waiting: deque[Consumer] = field(default_factory=deque)

    def wants(self, held: Held) -> bool:
        return self.matches is None or self.matches(held.message)


class Backlog:
    """Messages in the order of priority and arrival, and who takes them, in turn.

    Attributes:
        messages, bytes: of all that wait or are out.
    """

    def __init__(self, now: Callable[[], float], changed: Callable[[int], None] = lambda size: None) -> None:
        """
        Args:
            now: seconds since the epoch.
            changed: is told by how many bytes it grew, or shrank.
        """
        self.messages = self.bytes = 0
        self._now, self._changed = now, changed
        self._waiting: dict[Key, Held] = {}
        self._lines: dict[str, _Line] = {}
        self._expiring: list[tuple[int, Key]] = []
        self._turns = count(1)
        self._ended = False

    @property
    def idle(self) -> bool:
        """Whether there is neither a message nor a consumer."""
        return not self.messages and not self._lines

    def put(self, held: Held) -> None:
        """Take one more message."""
        self.messages += 1
        self.bytes += held.size
        self._changed(held.size)
        self.expire()
        self._place(held)

    def release(self, back: Iterable[Held]) -> None:
        """Take back what was out, each where it was."""
        for held in sorted(back, key=lambda each: each.key):
            if self._ended or held.expired(self._now()):
                self.gone(held)
            else:
                self._place(held)

    def gone(self, held: Held) -> None:
        """One that was out will not come back."""
        self.messages -= 1
        self.bytes -= held.size
        self._changed(-held.size)

    def end(self) -> None:
        """Drop all that waits, and whatever comes back."""
        self._ended = True
        for held in [*self._waiting.values()]:
            del self._waiting[held.key]
            self.gone(held)

    def expire(self) -> None:
        """Drop what waits and has expired."""
        now = self._now() * 1000
        while self._expiring and self._expiring[0][0] <= now:
            held = self._waiting.pop(heappop(self._expiring)[1], None)
            if held is not None:
                self.gone(held)

    def join(self, consumer: Consumer) -> None:
        """Give messages to one more consumer."""
        line = self._lines.get(consumer.selector)
        if line is None:
            line = self._lines[consumer.selector] = _Line(consumer.matches, [])
            line.keys = self._keys(line)
        line.consumers.add(consumer)
        self.room(consumer)

    def leave(self, consumer: Consumer) -> None:
        """Give it no more; what it has is still out."""
        line = self._lines[consumer.selector]
        line.consumers.discard(consumer)
        if consumer.waits:
            line.waiting.remove(consumer)
        if not line.consumers:
            del self._lines[consumer.selector]

    def room(self, consumer: Consumer) -> None:
        """A consumer that had none may have room again."""
        if consumer.waits:
            return
        line = self._lines[consumer.selector]
        while consumer.has_room():
            held = self._next(line)
            if held is None:
                consumer.turn, consumer.waits = next(self._turns), True
                line.waiting.append(consumer)
                return
            consumer.turn = next(self._turns)
            consumer.take(held)

    def _place(self, held: Held) -> None:
        """Give it to who has waited longest, or let it wait."""
        lines = [line for line in self._lines.values() if line.wants(held)]
        free = [line for line in lines if line.waiting]
        if free:
            line = min(free, key=lambda each: each.waiting[0].turn)
            consumer = line.waiting.popleft()
            consumer.turn, consumer.waits = next(self._turns), False
            consumer.take(held)
            self.room(consumer)
            return
        self._waiting[held.key] = held
        for line in lines:
            heappush(line.keys, held.key)
            if self._stale(line.keys):
                line.keys = self._keys(line)
        if held.message.expires:
            heappush(self._expiring, (held.message.expires, held.key))
            if self._stale(self._expiring):
                self._expiring = [
                    (e.message.expires, k) for k, e in self._waiting.items() if e.message.expires
                ]
                heapify(self._expiring)

    def _next(self, line: _Line) -> Held | None:
        while line.keys:
            held = self._waiting.pop(heappop(line.keys), None)
            if held is None:
                continue
            if not held.expired(self._now()):
                return held
            self.gone(held)
        return None

    def _keys(self, line: _Line) -> list[Key]:
        keys = [key for key, held in self._waiting.items() if line.wants(held)]
        heapify(keys)
        return keys

    def _stale(self, heap: list[Any]) -> bool:
        return len(heap) > 2 * len(self._waiting) + _SLACK
