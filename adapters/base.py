# -*- test-case-name: tests.adapters.test_base -*-
"""What most sessions have nothing to say to; a session that has, says it itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kaazing.errors import Side
from kaazing.interfaces.adapters import IMeter, Kind, Login, NoLogin, Order


class BaseSession:
    """Answers of an L{IAdapterSession} for whoever has none of its own: nothing is to be done.

    What is still open when an end sends no more is dropped. Questions are for those who ask them.
    """

    __slots__ = ("_refusals", "deadline", "kind")

    def __init__(self, kind: Kind = Kind.AUTO) -> None:
        """Make it; C{kind} is that of plain bytes towards the browser."""
        self.deadline: float | None = None
        self.kind = kind
        self._refusals: dict[str, int] = {}  # since the last report, by operation of the policy

    def opened(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.opened}."""
        return ()

    def front_ended(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.front_ended}."""
        return ()

    def back_ended(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.back_ended}."""
        return ()

    def expired(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.expired}."""
        self.deadline = None
        return ()

    def login(self, answer: Login | NoLogin, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.login}."""
        raise NotImplementedError("this session asks for no login")

    def secured(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.secured}."""
        raise NotImplementedError("this session asks for no encryption")

    def computed(self, result: Any, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.computed}."""
        raise NotImplementedError("this session asks for no computation")

    def report(self, meter: IMeter) -> None:
        """See L{IAdapterSession.report}; tells the refusals, a session tells what passes beside them."""
        for operation, count in self._refusals.items():
            meter.add(Side.FRONT, f"refused {operation}", count)
        self._refusals.clear()

    def count_refusal(self, operation: str, count: int = 1) -> None:
        """Take note, for the operator, of what the client may not do."""
        self._refusals[operation] = self._refusals.get(operation, 0) + count
