# -*- test-case-name: tests.security.modules.test_jwks -*-
"""Keys that an issuer publishes: fetched, kept for their time, renewed while nobody waits.  RFC 7517."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from kaazing.errors import LoginUnavailable
from kaazing.security.modules.documents import Fetched
from kaazing.security.modules.jwk import Key, read_set

TIME = 10.0
"""Seconds that a fetch may take."""

APART = 10.0
"""Seconds between two fetches that logins ask for; in between, a key that is not known stays unknown."""

STALE = 86400.0
"""Seconds that keys serve beyond their time while their endpoint does not."""

_RETRY = 60.0  # seconds after a fetch that failed
_MOST_WAITING = 200
_log = Logger(namespace="kaazing.security")


class FetchedKeys:
    """The keys of one issuer.

    Attributes:
        current: the keys; the same object as long as they are the same.
        failing: whether the last fetch came to nothing.
    """

    def __init__(self, source: Callable[[], Deferred[Fetched]], clock: IReactorTime, what: str) -> None:
        """C{source} fetches a JSON Web Key Set, C{what} says in the log whose."""
        self.current: tuple[Key, ...] = ()
        self.failing = False
        self._source, self._clock, self._what = source, clock, what
        self._body = b""
        self._asked: float | None = None  # when the last fetch began
        self._until = 0.0  # when the keys are too old to serve
        self._fetch: Deferred[None] | None = None
        self._busy = self._stopped = False
        self._next: IDelayedCall | None = None
        self._waiting: list[Deferred[None]] = []

    def start(self) -> None:
        """Begin to fetch, and go on until L{stop}."""
        self._stopped = False
        if not self._busy:
            self._begin()

    def stop(self) -> None:
        """Fetch no more; who waits for a fetch is told that it has ended."""
        self._stopped = True
        if self._busy and self._fetch is not None:
            self._fetch.cancel()
        self._no_next()

    def newer(self) -> Deferred[None] | None:
        """Return what fires when a fetch has ended, well or not; None where it is too early to ask again.

        Raises:
            LoginUnavailable: too many wait already.
        """
        if not self._busy:
            if self._stopped or (self._asked is not None and self._clock.seconds() - self._asked < APART):
                return None
            self._begin()
        if len(self._waiting) >= _MOST_WAITING:
            raise LoginUnavailable(f"{_MOST_WAITING} logins wait for the keys of {self._what}")
        waiter: Deferred[None] = Deferred(self._waiting.remove)
        self._waiting.append(waiter)
        if not self._busy:
            self._release()
        return waiter

    def _begin(self) -> None:
        self._no_next()
        self._asked, self._busy = self._clock.seconds(), True
        fetched = maybeDeferred(self._source).addTimeout(TIME, self._clock)
        self._fetch = fetched.addCallback(self._take).addErrback(self._failed).addCallback(self._ended)

    def _take(self, fetched: Fetched) -> float:
        if fetched.body != self._body:
            self.current, self._body = read_set(fetched.body), fetched.body
        if self.failing:
            _log.info("the keys of {what} are to be had again", what=self._what)
        self.failing = False
        self._until = self._clock.seconds() + fetched.keep + STALE
        return fetched.keep

    def _failed(self, why: Failure) -> float:
        if not (self.failing or self._stopped):
            kept = "those fetched before serve on" if self.current else "nobody can log in with its tokens"
            _log.warn(
                "the keys of {what} are not to be had, {kept}: {why}",
                what=self._what,
                kept=kept,
                why=_said(why),
            )
        self.failing = True
        if self.current and self._clock.seconds() >= self._until:
            self.current, self._body = (), b""
            _log.warn("the keys of {what} are too old, nobody can log in with its tokens", what=self._what)
        return _RETRY

    def _ended(self, delay: float) -> None:
        self._busy, self._fetch = False, None
        if not self._stopped:
            self._next = self._clock.callLater(delay, self._begin)
        self._release()

    def _no_next(self) -> None:
        if self._next is not None and self._next.active():
            self._next.cancel()
        self._next = None

    def _release(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.callback(None)


def _said(why: Failure) -> str:
    """Say why in one line; Twisted wraps what went wrong with a connection in lists of failures."""
    reasons = getattr(why.value, "reasons", None)
    inner = why if not reasons else reasons[0]
    return " ".join(f"{type(inner.value).__name__}: {inner.getErrorMessage()}".split())[:300]
