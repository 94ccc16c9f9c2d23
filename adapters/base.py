# -*- test-case-name: tests.adapters.test_base -*-
"""What adapters have in common: answers of most sessions, the time a login may take, words for errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kaazing.errors import ProtocolViolation, Side
from kaazing.interfaces.adapters import Complain, IMeter, Kind, Login, NoLogin, Order
from kaazing.literals import interval
from kaazing.options import Option

LOGIN_REFUSED = Complain("the backend refuses the gateway's own login")
"""For whoever logs in with what the service's properties say, and lets the client hear the refusal."""


def login_timeout(until: str, default: float = 30.0) -> Option:
    """Return the option of that name; C{until} says in words when the login is done."""
    return Option(
        name="login.timeout",
        read=interval,
        default=default,
        doc=f"Longest time from the opening of the connection to {until}; 0 for no limit.",
    )


def login_deadline(options: Mapping[str, Any], now: float) -> float | None:
    """Return when the login of a connection that is opened now has taken too long; None for never."""
    timeout: float = options["login.timeout"]
    return now + timeout if timeout else None


def mechanism_faults(options: Mapping[str, Any], protocol: str, known: Iterable[str] = ()) -> Iterator[str]:
    """Yield a sentence where C{backend.mechanism} is none of those that a protocol logs in with."""
    chosen: str | None = options.get("backend.mechanism")
    if chosen is not None and chosen not in known:
        others = ", ".join(known) or "a user and a password alone; remove it"
        yield f"backend.mechanism {chosen}: {protocol} logs in with {others}"


def in_words(why: ProtocolViolation) -> str:
    """Return what a client may read of a violation, which may be its own or the backend's."""
    blame = "the backend broke the protocol: " if why.side is Side.BACK else ""
    return f"{blame}{why.what} ({why.rule})"


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
