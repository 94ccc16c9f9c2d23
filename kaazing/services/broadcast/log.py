# -*- test-case-name: tests.services.broadcast.test_log -*-
"""The replay log: what a feed said of late, for clients that come again."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from kaazing.interfaces.feeds import Event

RESET = "reset"
"""Name of the event that stands for what a client missed and the log no longer has."""

_OVERHEAD = 200  # bytes that an event takes besides its payload, about


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much a log keeps; whatever is over one of the bounds is forgotten, oldest first.

    Attributes:
        events: how many.
        bytes: of payloads, and about 200 for each event.
        age: seconds; 0 for any.
    """

    events: int = 1000
    bytes: int = 1024 * 1024
    age: float = 300.0


class ReplayLog:
    """Numbers the events of a feed from 1, names the run of the gateway in their ids, keeps the last ones.

    An event has the id C{EPOCH-NUMBER}, or one of its payload's own, which is known as long as the
    event is kept. An own id that another kept event has too, or that could be taken for a number of
    ours, is not used.
    """

    def __init__(self, epoch: str, bounds: Bounds) -> None:
        """C{epoch}: letters and digits, another one at each start."""
        self._epoch, self._bounds = epoch, bounds
        self._events: deque[Event] = deque()
        self._size = 0
        self._last = 0  # number of the newest event
        self._own: dict[str, int] = {}  # own id -> number, of kept events

    def __len__(self) -> int:
        return len(self._events)

    @property
    def size(self) -> int:
        """Bytes kept."""
        return self._size

    @property
    def position(self) -> str:
        """The id that stands for all that was said so far."""
        return f"{self._epoch}-{self._last}"

    def add(
        self,
        data: bytes,
        now: float,
        *,
        kind: int = 0,
        name: str = "",
        id: str = "",
        key: bytes | None = None,
    ) -> Event:
        """Return the next event, kept in the log; C{id} is its own, empty for none."""
        self._last += 1
        if id and id not in self._own and not id.startswith(self._epoch):
            self._own[id] = self._last
        else:
            id = self.position
        event = Event(data, 0, id, name, key, now)
        self._events.append(event)
        self._size += len(data) + _OVERHEAD
        self._forget(now)
        return event

    def after(self, id: str, now: float) -> Sequence[Event]:
        """Return what was said since the event C{id}; where that is not known, the event L{RESET}."""
        self._forget(now)
        number = self._number(id)
        if number is None:
            return [self._reset(id, now)]
        missing = self._last - number
        if missing > len(self._events):
            return [self._reset(id, now)]
        return list(islice(self._events, len(self._events) - missing, None))

    def _number(self, id: str) -> int | None:
        """Return the number that an id stands for, None where it cannot be told."""
        if id in self._own:
            return self._own[id]
        epoch, _, digits = id.rpartition("-")
        if epoch != self._epoch or not (digits.isascii() and digits.isdigit() and len(digits) < 20):
            return None
        number = int(digits)
        return number if number <= self._last else None

    def _reset(self, id: str, now: float) -> Event:
        expired = self._number(id) is not None
        data = json.dumps(
            {
                "reason": "expired" if expired else "unknown",
                "what": "the events since the last one you have are no longer kept"
                if expired
                else "the last event you have is not known here; the gateway may have started anew",
                "oldest": self._events[0].id if self._events else None,
            }
        )
        return Event(data.encode(), 1, self.position, RESET, None, now)

    def _forget(self, now: float) -> None:
        events, bounds = self._events, self._bounds
        while events and (
            len(events) > bounds.events
            or self._size > bounds.bytes
            or (bounds.age and now - events[0].at > bounds.age)
        ):
            gone = events.popleft()
            self._size -= len(gone.data) + _OVERHEAD
            self._own.pop(gone.id, None)
