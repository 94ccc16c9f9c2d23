"""Threads that are none: for tests of what computes beside the reactor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock

from kaazing.security.workers import Workers


class ThreadClock(Clock):
    """A clock to which calls come back from threads at once."""

    def callFromThread(self, function: Callable[..., Any], *arguments: Any) -> None:
        """See IReactorFromThreads."""
        function(*arguments)


class Pool:
    """Keeps what is to be called in a thread until L{run}.

    Attributes:
        state: "made", "started" or "stopped".
    """

    def __init__(self, threads: int = 0, name: str = "") -> None:
        self.threads, self.name, self.state = threads, name, "made"
        self.calls: list[Callable[[], None]] = []

    def start(self) -> None:
        """See ThreadPool."""
        self.state = "started"

    def stop(self) -> None:
        """See ThreadPool."""
        self.state = "stopped"

    def callInThread(self, function: Callable[..., None], *arguments: Any) -> None:
        """See ThreadPool."""
        self.calls.append(lambda: function(*arguments))

    def run(self) -> None:
        """Make the first call that was begun."""
        self.calls.pop(0)()


class EagerPool(Pool):
    """Calls at once."""

    def callInThread(self, function: Callable[..., None], *arguments: Any) -> None:
        """See ThreadPool."""
        function(*arguments)


def eager(clock: ThreadClock) -> Workers:
    """Return started workers whose calls are over when they return."""
    workers = Workers(clock, pool=EagerPool)
    workers.start()
    return workers
