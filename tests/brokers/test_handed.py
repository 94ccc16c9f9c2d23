"""Messages that consumers had when a connection was lost."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.handed import RECENT, SUSPECT, Handed


class HandedTests(SynchronousTestCase):
    def setUp(self) -> None:
        """Have nothing yet."""
        self.handed = Handed()

    def test_settled(self) -> None:
        """
        What was settled is not expected again as long as its connection stands.
        """
        self.handed.settled(("q", "1"))
        self.assertFalse(self.handed.again(("q", "1")))

    def test_lost(self) -> None:
        """
        After a loss what was out comes again, and what was settled may; each once.
        """
        self.handed.settled(("q", "1"))
        self.handed.lost([("q", "2")])
        for key, again in ((("q", "1"), True), (("q", "2"), True), (("q", "3"), False), (("p", "1"), False)):
            self.assertEqual(self.handed.again(key), again, key)
        self.assertFalse(self.handed.again(("q", "1")))

    def test_bounds(self) -> None:
        """
        Of more than may be remembered, the latest are.
        """
        for number in range(RECENT + 1):
            self.handed.settled(("q", f"{number}"))
        self.handed.lost()
        self.assertEqual(
            [self.handed.again(("q", f"{each}")) for each in (0, 1, RECENT)], [False, True, True]
        )
        self.handed.lost([("p", f"{number}") for number in range(SUSPECT)])
        self.assertEqual(
            [self.handed.again(each) for each in (("q", "2"), ("p", "0"), ("p", f"{SUSPECT - 1}"))],
            [False, True, True],
        )
