# -*- test-case-name: tests.transports.test_descriptors -*-
"""File descriptors: as many as the system allows, and no more clients than they suffice for."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from typing import Any, Protocol

from kaazing.limits import Alarm

RESERVE = 128  # descriptors for files, ports, logs and what else is open
ENOUGH = 1 << 20  # descriptors; more than that are not asked for where the system sets no limit
LIMIT = "descriptors"  # as a counter has it


class Door(Protocol):
    """What takes clients in."""

    def pause(self) -> None:
        """Take nobody in."""

    def go_on(self) -> None:
        """Take clients in again."""


def raise_limit() -> int:
    """Let the process have as many descriptors as its hard limit allows (getrlimit(2)); return how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):  # some systems allow less than they say
            return int(soft)
        return wanted
    return ENOUGH if soft == resource.RLIM_INFINITY else int(soft)


def most_clients(descriptors: int, taken: Sequence[tuple[int, int]]) -> int:
    """Return how many connections of clients that many descriptors suffice for.

    Args:
        taken: of each service, as L{kaazing.interfaces.services.IServiceType.descriptors}; all clients may be
            of the one that takes most for each.
    """
    each = max((each for each, _ in taken), default=1)
    return max((descriptors - RESERVE - sum(besides for _, besides in taken)) // each, 1)


class Crowd:
    """All connections of clients, at all listeners; pauses these while there are too many.

    Attributes:
        count: how many are there.
        most: how many may be.
        clock: tells the time.
    """

    def __init__(self, most: int, clock: Any) -> None:
        self.count, self.most, self.clock = 0, most, clock
        self._doors: list[Door] = []
        self._alarm = Alarm("the gateway", clock.seconds)

    @property
    def full(self) -> bool:
        """Whether nobody more may come in."""
        return self.count >= self.most

    def add(self, door: Door) -> None:
        """A door was opened."""
        self._doors.append(door)

    def remove(self, door: Door) -> None:
        """A door was closed."""
        self._doors.remove(door)

    def entered(self) -> None:
        """A client came in."""
        self.count += 1
        if self.count == self.most:
            self._alarm.reached(LIMIT, "everybody", f"waits: {self.count} connections are open")
            for door in self._doors:
                door.pause()

    def left(self) -> None:
        """A client is gone."""
        self.count -= 1
        if self.count == self.most - 1:
            for door in self._doors:
                door.go_on()
