# -*- test-case-name: tests.transports.test_sessions -*-
"""All sessions under way: what is said of them in the log, and their polite end."""

from __future__ import annotations

from collections import Counter
from typing import Any, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

_log = Logger(namespace="kaazing.sessions")


class Session(Protocol):
    """One front and its back, or a front alone; hashable."""

    service: str

    def leave(self) -> None:
        """Close with 1001: the gateway goes away."""


class Sessions:
    """Knows every session from its start until both its ends are gone."""

    def __init__(self) -> None:
        self._open: set[Session] = set()
        self._emptied: Deferred[None] | None = None

    def __len__(self) -> int:
        return len(self._open)

    def by_service(self) -> Counter[str]:
        """Return how many there are, by service."""
        return Counter(session.service for session in self._open)

    def opened(self, session: Session) -> None:
        """A session starts."""
        self._open.add(session)

    def gone(self, session: Session) -> None:
        """Both ends of a session are gone."""
        self._open.discard(session)
        if not self._open and self._emptied is not None:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)

    def complain(self, service: str, peer: str, why: Exception) -> None:
        """Say in one line of the log what was wrong: which service, who, which side, where, which rule."""
        _log.warn("service {service}: client {peer}: {why}", service=service, peer=peer, why=str(why))

    def leave(self) -> Deferred[None]:
        """Close all sessions in good order; the Deferred fires when the last is gone."""
        if not self._open:
            return succeed(None)
        self._emptied = emptied = Deferred[Any]()
        for session in list(self._open):
            session.leave()
        return emptied
