# -*- test-case-name: tests.security.stores.test_kept -*-
"""Entries that are read again when what they were read of has changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.interfaces.adapters import Login
from kaazing.interfaces.security import IStore, Subject, Workplace
from kaazing.security.stores.entries import Entry, nearest

PAUSE = 1.0
"""Seconds for which nobody looks again whether something has changed."""


@implementer(IStore)
class KeptStore:
    """A store whose entries are all known.

    Where they cannot be read again there is no login until they can: one that was taken away must not go on.
    """

    def __init__(
        self,
        workplace: Workplace,
        stamp: Callable[[], Hashable],
        read: Callable[[], tuple[Entry, ...]],
    ) -> None:
        """Read the entries.

        Args:
            workplace: where both are called from now on.
            stamp: returns what differs when something has changed.
            read: returns the entries, or raises ConfigError.

        Raises:
            ConfigError: of C{read}.
        """
        self._workplace, self._stamp, self._read = workplace, stamp, read
        self._seen: Hashable = stamp()
        self._entries = read()
        self._looked = workplace.time()
        self._waiting: list[Deferred[None]] | None = None  # while somebody looks

    def find(self, service: str, subject: Subject) -> Deferred[Login | None]:
        """See L{IStore}; fails with ConfigError, NoEntry or LoginUnavailable."""
        return self._fresh().addCallback(lambda _: nearest(self._entries, service, subject))

    def _fresh(self) -> Deferred[None]:
        if self._waiting is not None:
            waiting: Deferred[None] = Deferred()
            self._waiting.append(waiting)
            return waiting
        if 0 <= self._workplace.time() - self._looked < PAUSE:
            return succeed(None)
        self._waiting = [first := Deferred[None]()]
        self._workplace.work(self._look).addBoth(self._looked_at)
        return first

    def _look(self) -> tuple[Hashable, tuple[Entry, ...]]:
        stamp = self._stamp()
        return (stamp, self._entries) if stamp == self._seen else (stamp, self._read())

    def _looked_at(self, result: Any) -> None:
        waiting, self._waiting = self._waiting or [], None
        if isinstance(result, Failure):
            for each in waiting:
                each.errback(Failure(result.value))
            return
        self._seen, self._entries = result
        self._looked = self._workplace.time()
        for each in waiting:
            each.callback(None)
