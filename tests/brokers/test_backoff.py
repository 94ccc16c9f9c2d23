"""Waits between tries."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.backoff import LEAST, LONGEST, Backoff


class BackoffTests(SynchronousTestCase):
    """Waits, with as much jitter as a test wants."""

    def test_doubles(self) -> None:
        """
        Waits double up to a minute, and begin anew when there was a connection.
        """
        waits = Backoff(5.0, lambda: 1.0)
        self.assertEqual([waits.next() for _ in range(6)], [5.0, 10.0, 20.0, 40.0, 60.0, 60.0])
        waits.reset()
        self.assertEqual(waits.next(), 5.0)

    def test_slow(self) -> None:
        """
        Where the login is refused the next wait is long at once, and a longer one stays as long.
        """
        waits = Backoff(5.0, lambda: 1.0)
        waits.slow()
        self.assertEqual([waits.next(), waits.next()], [40.0, 60.0])
        waits.slow()
        self.assertEqual(waits.next(), 60.0)

    def test_never_at_once(self) -> None:
        """
        A delay of nothing is not taken literally: a broker that is down would be asked without end.
        """
        waits = Backoff(0.0, lambda: 1.0)
        self.assertEqual(waits.next(), LEAST)

    @given(first=some.floats(0, 1000), part=some.floats(0, 1), tries=some.integers(1, 100))
    def test_jitter(self, first: float, part: float, tries: int) -> None:
        """
        A wait is any part of what it may last, and never longer than a minute.
        """
        whole, waits = Backoff(first, lambda: 1.0), Backoff(first, lambda: part)
        for _ in range(tries):
            most = whole.next()
            self.assertEqual(waits.next(), most * part)
            self.assertLessEqual(most, LONGEST)
