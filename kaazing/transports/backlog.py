# -*- test-case-name: tests.transports.test_backlog -*-
"""The events that wait for one slow receiver, within its policy's bounds."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable

from kaazing.interfaces.feeds import COST, Counts, Event, IRendered, Slow


def cost(event: Event | IRendered) -> int:
    """Return the bytes that an event counts for where it waits."""
    size: int = event.size
    return size + COST


class Backlog:
    """Two lines: events on their way, which nothing replaces any more, and behind them those that wait.

    When the first line is empty all of the second go over to it: a key that keeps changing cannot
    wait for ever.
    """

    __slots__ = ("_counts", "_going", "_policy", "_serial", "_size", "_waiting")

    def __init__(self, policy: Slow, counts: Counts, missed: Iterable[Event], now: float) -> None:
        """C{missed} are on their way at once."""
        self._policy, self._counts = policy, counts
        self._going = deque((event, now) for event in missed)
        self._waiting: OrderedDict[bytes | int, tuple[Event, float]] = OrderedDict()
        self._serial = self._size = 0

    def __len__(self) -> int:
        return len(self._going) + len(self._waiting)

    def add(self, events: Iterable[Event], now: float) -> str:
        """Let events wait from C{now} on.

        Returns:
            which bound was passed where the policy is to disconnect, in words; otherwise empty.
        """
        conflates = self._policy.kind == "conflate"
        for event in events:
            self._serial += 1
            key: bytes | int = self._serial
            if conflates and event.key is not None:
                key = event.key
                if key in self._waiting:
                    self._size -= cost(self._waiting.pop(key)[0])
                    self._counts.conflated += 1
            self._waiting[key] = event, now
            self._size += cost(event)
        if self._size > self._policy.bytes:
            if self._policy.kind == "disconnect":
                return f"more than {self._policy.bytes} bytes wait"
            while self._size > self._policy.bytes:
                self._drop_oldest()
        return ""

    def expire(self, now: float) -> str:
        """Drop what has waited too long; returns as L{add} does."""
        oldest = now - self._policy.age
        if not self or self.oldest() > oldest:
            return ""
        if self._policy.kind == "disconnect":
            return f"events wait for more than {self._policy.age:g} s"
        while self._going and self._going[0][1] <= oldest:
            self._going.popleft()
            self._counts.dropped += 1
        while self._waiting and next(iter(self._waiting.values()))[1] <= oldest:
            self._drop_oldest()
        return ""

    def oldest(self) -> float:
        """Return since when the first event waits; there must be one."""
        return self._going[0][1] if self._going else next(iter(self._waiting.values()))[1]

    def take(self, most: int, now: float) -> list[Event]:
        """Return the next events and forget them: those that make C{most} bytes at least, or all on
        their way; none only when there are none, or those mean nothing any more."""
        if not self._going:
            self._going.extend(self._waiting.values())
            self._waiting.clear()
            self._size = 0
        taken: list[Event] = []
        size = 0
        while self._going and size < most:
            event, _ = self._going.popleft()
            if event.until <= now:
                self._counts.dropped += 1
                continue
            taken.append(event)
            size += cost(event)
        return taken

    def _drop_oldest(self) -> None:
        _, (event, _) = self._waiting.popitem(last=False)
        self._size -= cost(event)
        self._counts.dropped += 1
