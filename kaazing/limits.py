# -*- test-case-name: tests.test_limits -*-
"""What is said of a limit that was reached: a counter for each time, and a line in the log now and then."""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from kaazing.metrics import LIMITED

EVERY = 1.0  # seconds between two lines of one limit

_log = Logger(namespace="kaazing.limits")


class Alarm:
    """Counts what limits did, and says so at most once in L{EVERY} each: an attack fills no disk."""

    def __init__(self, who: str, now: Callable[[], float]) -> None:
        """
        Args:
            who: whose limits they are, for the log.
            now: says the time, in seconds.
        """
        self._who, self._now = who, now
        self._said: dict[str, float] = {}  # by limit: there are a few
        self._unsaid: dict[str, int] = {}

    def reached(self, limit: str, peer: str, what: str) -> None:
        """A limit did something.

        Args:
            limit: its option's name.
            peer: address that it was done to.
            what: was done, e.g. "turned away".
        """
        LIMITED.labels(limit=limit).inc()
        now = self._now()
        if now - self._said.get(limit, -EVERY) < EVERY:
            self._unsaid[limit] = self._unsaid.get(limit, 0) + 1
            return
        self._said[limit] = now
        more = self._unsaid.pop(limit, 0)
        _log.warn(
            "{who}: {limit}: {peer} {what}{more}",
            who=self._who, limit=limit, peer=peer, what=what,
            more=f", and {more} more since the last such line" if more else "",
        )  # fmt: skip
