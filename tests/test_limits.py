"""Tests for L{kaazing.limits}."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from kaazing.limits import Alarm
from kaazing.metrics import REGISTRY


class AlarmTests(SynchronousTestCase):
    """An attack in the log, and in the counters."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.alarm = Alarm("service 'chat'", self.clock.seconds)

    def lines(self, *limits: str) -> list[str]:
        """Return the lines of the log when limits are reached, one after another."""
        with capturedLogs() as events:
            for limit in limits:
                self.alarm.reached(limit, "192.0.2.1", "turned away")
        return [formatEvent(event) for event in events]

    def test_line(self) -> None:
        """
        The line says whose limit it was, which, whom it met, and what was done.
        """
        self.assertEqual(self.lines("a.limit"), ["service 'chat': a.limit: 192.0.2.1 turned away"])

    def test_flood(self) -> None:
        """
        However often a limit is reached, there is one line of it a second, which tells for how many it is.
        """
        self.assertEqual(len(self.lines(*["a.limit"] * 1000)), 1)
        self.clock.advance(0.9)
        self.assertEqual(self.lines("a.limit"), [])
        self.clock.advance(0.2)
        self.assertEqual(
            self.lines("a.limit", "a.limit"),
            ["service 'chat': a.limit: 192.0.2.1 turned away, and 1000 more since the last such line"],
        )

    def test_several(self) -> None:
        """
        One limit keeps no line of another back.
        """
        self.assertEqual(len(self.lines("a.limit", "another.limit", "a.limit")), 2)

    def test_counted(self) -> None:
        """
        Every time is counted, also those that have no line.
        """
        labels = {"limit": "limit.of.test_limits"}
        self.lines(*["limit.of.test_limits"] * 5)
        self.assertEqual(REGISTRY.get_sample_value("kaazing_limited_total", labels), 5)
