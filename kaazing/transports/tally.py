# -*- test-case-name: tests.transports.test_tally -*-
"""How many messages of which operation the sessions of a service have passed, and refused."""

from __future__ import annotations

from zope.interface import implementer

from kaazing.errors import Side
from kaazing.interfaces.adapters import IAdapterSession, IMeter


@implementer(IMeter)
class Tally:
    """See L{IMeter}. Knows the sessions that are alive, and asks them when it is read."""

    def __init__(self) -> None:
        self._counts: dict[tuple[Side, str], int] = {}
        self._alive: dict[int, IAdapterSession] = {}  # by identity: a session need not be hashable

    def add(self, side: Side, operation: str, count: int) -> None:
        """See L{IMeter}."""
        if count:
            self._counts[side, operation] = self._counts.get((side, operation), 0) + count

    def opened(self, session: IAdapterSession) -> None:
        """A session starts."""
        self._alive[id(session)] = session

    def gone(self, session: IAdapterSession) -> None:
        """A session is over; what it has not yet reported, it reports now."""
        if self._alive.pop(id(session), None) is not None:
            session.report(self)

    def counts(self) -> dict[tuple[Side, str], int]:
        """Return how many messages each side has sent, by side and operation, those up to now."""
        for session in self._alive.values():
            session.report(self)
        return dict(self._counts)

    def __str__(self) -> str:
        """For the log: C{"client SEND 5, backend MESSAGE 7"}, by side and name; empty for none."""
        counts = self.counts()
        order = sorted(counts, key=lambda each: (each[0] is Side.BACK, each[1]))
        return ", ".join(f"{side.value} {operation} {counts[side, operation]}" for side, operation in order)
