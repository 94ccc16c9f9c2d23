# -*- test-case-name: tests.transports.test_wheel -*-
"""One timer for all the deadlines of a listener, so that a connection costs none of its own."""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger


class Due(Protocol):
    """What can be put on the wheel; hashable."""

    def due(self, now: float) -> float | None:
        """The deadline has passed; return the next one, None for no more."""


class Wheel:
    """Calls C{due} of what was put on it, at most one tick late.

    Attributes:
        clock: what the deadlines are measured by.
        now: says the time that deadlines are measured in, seconds.
        tick: seconds between two looks.
    """

    log = Logger()
    tick = 0.5

    def __init__(self, clock: IReactorTime) -> None:
        self.clock, self.now = clock, clock.seconds
        self._slots: dict[int, set[Due]] = {}
        self._where: dict[Due, int] = {}
        self._loop = LoopingCall(self._turn)
        self._loop.clock = clock

    def put(self, what: Due, deadline: float) -> None:
        """Call C{what.due} when C{deadline} has passed, in place of any earlier call asked for."""
        slot = int(deadline / self.tick) + 1
        before = self._where.get(what)
        if before == slot:
            return
        if before is not None:
            self._leave(what, before)
        self._where[what] = slot
        self._slots.setdefault(slot, set()).add(what)
        if not self._loop.running:
            self._loop.start(self.tick, now=False)

    def take(self, what: Due) -> None:
        """Forget C{what}; nothing happens when it is not there."""
        slot = self._where.pop(what, None)
        if slot is not None:
            self._leave(what, slot)

    def _leave(self, what: Due, slot: int) -> None:
        held = self._slots[slot]
        held.discard(what)
        if not held:
            del self._slots[slot]

    def _turn(self) -> None:
        now = self.now()
        for slot in sorted(s for s in self._slots if s * self.tick <= now):
            for what in list(self._slots.get(slot, ())):
                if self._where.get(what) == slot:  # not taken off by an earlier one of this turn
                    self.take(what)
                    self._call(what, now)
        if not self._slots:
            self._loop.stop()

    def _call(self, what: Due, now: float) -> None:
        """One that fails must not keep the others from their turn."""
        try:
            deadline = what.due(now)
        except Exception:
            self.log.failure("{what} failed at its deadline", what=what)
            return
        if deadline is not None:
            self.put(what, deadline)
