# -*- test-case-name: tests.test_tenure -*-
"""Who is told that a channel is gone, besides its receiver: a count, a deadline.

A channel's attribute C{tenure} is None for the many of whom nobody wants that.
"""

from __future__ import annotations

from typing import Any, Protocol


class Tenure(Protocol):
    """What begins with a channel and ends with it."""

    def gone(self) -> None:
        """The channel is gone, both ways. Called once; must not raise."""


class _Both:
    """Two in the place of one."""

    __slots__ = ("_first", "_second")

    def __init__(self, first: Tenure, second: Tenure) -> None:
        self._first, self._second = first, second

    def gone(self) -> None:
        """See L{Tenure}."""
        try:
            self._first.gone()
        finally:
            self._second.gone()


def begin(channel: Any, tenure: Tenure) -> None:
    """Have C{tenure} told when an L{IChannel} is gone that is not yet; those before it are told first."""
    before = channel.tenure
    channel.tenure = tenure if before is None else _Both(before, tenure)


def end(channel: Any) -> None:
    """Tell whom it concerns that an L{IChannel} is gone; called by it. The second call does nothing."""
    tenure = channel.tenure
    if tenure is not None:
        channel.tenure = None
        tenure.gone()
