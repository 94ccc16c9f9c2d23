# -*- test-case-name: tests.brokers.test_backoff -*-
"""How long to wait before a lost connection is tried again."""

from __future__ import annotations

from collections.abc import Callable

LONGEST = 60.0
"""Seconds that nobody waits longer than."""

LEAST = 0.1
"""Seconds that the first wait may last at least, whatever is configured."""

_SLOW = 3  # doublings that are skipped when the broker refuses the login: asking again changes little
_MOST = 16  # doublings that are counted


class Backoff:
    """Waits that double, with full jitter: each is anything from nothing to what it may last.

    So the gateways of a farm whose broker has restarted do not come back all at once.
    """

    def __init__(self, first: float, random: Callable[[], float]) -> None:
        """
        Args:
            first: seconds that the first may last.
            random: from 0 to 1.
        """
        self._first, self._random = max(first, LEAST), random
        self._tries = 0

    def next(self) -> float:
        """Return how long to wait now, seconds."""
        most: float = min(LONGEST, self._first * 2**self._tries)
        self._tries = min(self._tries + 1, _MOST)
        return most * self._random()

    def slow(self) -> None:
        """Have the next wait be a long one."""
        self._tries = max(self._tries, _SLOW)

    def reset(self) -> None:
        """Begin anew."""
        self._tries = 0
