"""Tests for L{kaazing.tenure}, with the channels that keep to it in tests.transports."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.tenure import begin, end


class Channel:
    """As much of an L{IChannel} as is looked at."""

    tenure: Any = None


class Noted:
    """Writes into a list that it was told."""

    def __init__(self, name: str, told: list[str]) -> None:
        self._name, self._told = name, told

    def gone(self) -> None:
        """See L{kaazing.tenure.Tenure}."""
        self._told.append(self._name)
        if self._name == "broken":
            raise ValueError(self._name)


class TenureTests(SynchronousTestCase):
    """Who hears that a channel is gone."""

    def told(self, *names: str) -> list[str]:
        """Return who was told, in order, of a channel with these tenures that was said to be gone twice."""
        channel, told = Channel(), list[str]()
        for name in names:
            begin(channel, Noted(name, told))
        end(channel)
        end(channel)
        return told

    def test_nobody(self) -> None:
        """
        A channel whose end nobody waits for just ends.
        """
        self.assertEqual(self.told(), [])

    def test_one(self) -> None:
        """
        Whoever waits is told once, however often the channel says so.
        """
        self.assertEqual(self.told("count"), ["count"])

    def test_several(self) -> None:
        """
        Any number may wait; they are told in the order in which they came.
        """
        self.assertEqual(self.told("count", "deadline", "log"), ["count", "deadline", "log"])

    def test_broken(self) -> None:
        """
        One that fails keeps no other from hearing it, so that nothing stays counted for good.
        """
        channel, told = Channel(), list[str]()
        for name in ("broken", "count"):
            begin(channel, Noted(name, told))
        self.assertRaises(ValueError, end, channel)
        end(channel)
        self.assertEqual(told, ["broken", "count"])
