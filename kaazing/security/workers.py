# -*- test-case-name: tests.security.test_workers -*-
"""A few threads for what computes for long or blocks, and a queue before them that has an end."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from kaazing.errors import LoginUnavailable

THREADS = 2
WAITING = 200  # calls that no thread has begun
SLOW = 1.0  # seconds that a call may wait before the log hears of it
QUIET = 60.0  # seconds between two such lines
PATIENCE = 5.0  # seconds that a stop waits for calls that were begun

_log = Logger(namespace="kaazing.security")


class Workers:
    """Calls functions in threads; used from the reactor's thread.

    One pool is shared by all that computes, such as hashing (C{Workplace.work}). What waits for somebody
    else, such as a directory, has a pool of its own, begun and ended with its login module: however long
    it hangs, passwords elsewhere are still checked.

    Attributes:
        waiting: number of calls that no thread has begun.
        running: number of calls that a thread has begun.
        longest: seconds that the slowest call so far waited for a thread.
    """

    def __init__(
        self,
        reactor: Any,
        name: str = "logins",
        *,
        threads: int = THREADS,
        most: int = WAITING,
        pool: Callable[[int, str], Any] | None = None,
    ) -> None:
        """Args:
        reactor: twisted's; threads come back to it, and it has the time.
        name: of the pool, for the log and for debuggers.
        threads: at most; they are made when they are needed.
        most: calls that may wait.
        pool: makes what has start(), callInThread() and stop(), of a number of threads and a name.
        """
        self._reactor, self._name, self._threads, self._most = reactor, name, threads, most
        self._pool = (pool or _Daemons)(threads, name)
        self._queue: deque[tuple[Deferred[Any], Callable[[], Any], float]] = deque()
        self._open = True
        self._stopped: Deferred[None] | None = None
        self._said = float("-inf")
        self.running, self.longest = 0, 0.0

    @property
    def waiting(self) -> int:
        """See the class."""
        return len(self._queue)

    def start(self) -> None:
        """Begin; calls that come before it wait for it."""
        self._open = True
        self._pool.start()

    def work(self, function: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        """Call a function in a thread.

        Returns:
            a Deferred of its result, or of what it raises. Cancelled before a thread has begun it, the
            call is never made; afterwards its result is dropped.

        Raises, in the Deferred:
            LoginUnavailable: too many calls wait, or the gateway ends.
        """
        done: Deferred[Any] = Deferred(self._forget)
        if not self._open:
            done.errback(LoginUnavailable("the gateway ends"))
        elif self.running >= self._threads and len(self._queue) >= self._most:
            done.errback(LoginUnavailable(f"too many {self._name} at once: {self._most} wait"))
        else:
            self._queue.append((done, partial(function, *arguments), self._reactor.seconds()))
            self._begin()
        return done

    def stop(self) -> Deferred[None]:
        """Begin nothing more, fail what waits, and wait up to L{PATIENCE} seconds for what was begun."""
        self._open = False
        while self._queue:
            self._queue.popleft()[0].errback(LoginUnavailable("the gateway ends"))
        stopped: Deferred[None] = Deferred()
        self._stopped = stopped
        stopped.addTimeout(PATIENCE, self._reactor, onTimeoutCancel=self._hangs)
        if not self.running:
            self._end()
        return stopped

    def _begin(self) -> None:
        while self._queue and self.running < self._threads:
            done, call, since = self._queue.popleft()
            self.running += 1
            self._measure(self._reactor.seconds() - since)
            self._pool.callInThread(self._call, done, call)

    def _call(self, done: Deferred[Any], call: Callable[[], Any]) -> None:
        """In the thread."""
        try:
            result = call()
        except BaseException:  # a thread that dies would take the place of a call for ever
            result = Failure()
        self._reactor.callFromThread(self._called, done, result)

    def _called(self, done: Deferred[Any], result: Any) -> None:
        self.running -= 1
        if self._stopped is not None and not self.running:
            self._end()
        self._begin()
        if not done.called:  # it is where it was cancelled meanwhile
            done.callback(result)

    def _forget(self, done: Deferred[Any]) -> None:
        for entry in self._queue:
            if entry[0] is done:
                self._queue.remove(entry)
                return

    def _measure(self, waited: float) -> None:
        self.longest = max(self.longest, waited)
        now = self._reactor.seconds()
        if waited > SLOW and now - self._said >= QUIET:
            self._said = now
            _log.warn(
                "{name}: waited {waited:.1f} s for one of {threads} threads; {waiting} more wait",
                name=self._name, waited=waited, threads=self._threads, waiting=len(self._queue),
            )  # fmt: skip

    def _end(self) -> None:
        stopped, self._stopped = self._stopped, None
        self._pool.stop()
        if stopped is not None and not stopped.called:
            stopped.callback(None)

    def _hangs(self, result: Any, _: float) -> Any:
        """Go on without threads that hang; they do not keep the process from ending."""
        if not isinstance(result, Failure):
            return result
        result.trap(CancelledError)
        _log.warn("{name}: {running} calls do not end", name=self._name, running=self.running)
        return None


class _Daemons(ThreadPool):
    """Threads that do not keep the process from ending."""

    threadFactory = staticmethod(partial(threading.Thread, daemon=True))  # type: ignore[assignment]

    def __init__(self, most: int, name: str) -> None:
        super().__init__(0, most, name)
