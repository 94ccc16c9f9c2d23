# -*- test-case-name: tests.security.test_watched -*-
"""Files that are read again when they change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from kaazing.errors import ConfigError, LoginUnavailable
from kaazing.interfaces.security import Workplace
from kaazing.security.files import read_whole
from kaazing.stamps import Stamp, stamp

LIMIT = 4 * 1024 * 1024  # bytes of a file
EVERY = 1.0  # seconds between two looks

T = TypeVar("T")

_log = Logger(namespace="kaazing.security")
_UNREAD: Stamp = (-1, -1, -1, -1, -1)


class Watched(Generic[T]):
    """What a file says; looked at when it is asked for, and no more than once a second.

    A new version is read in a thread, and whoever asks meanwhile waits for it: who was taken out of a file
    does not come in once more. One that is no good is logged once, and what the last good one said stays.
    """

    def __init__(self, path: str, read: Callable[[bytes, str], T], workplace: Workplace) -> None:
        """Args:
        path: of the file, from the workplace's folder.
        read: makes of its bytes and its name what it says, in any thread; raises ConfigError.

        Raises:
            ConfigError: the file is missing, too long or no good.
        """
        self._path, self._read = workplace.folder / path, read
        self._work, self._time = workplace.work, workplace.time
        self._reading, self._waiting = False, list[Deferred[T]]()
        self._stamp, self._said = self._load()
        self._looked = self._time()

    def newest(self) -> Any:
        """Return what C{read} made of the last good version, the same object until there is a new one; or a
        Deferred of it while a new one is read.

        Raises, or fails with:
            LoginUnavailable: too much is to be done before it can be read.
        """
        now = self._time()
        due = not 0 <= now - self._looked < EVERY or self._stamp is _UNREAD  # the time may be set back
        if due and not self._reading:
            self._looked = now
            self._look()
        if self._stamp is _UNREAD:
            raise LoginUnavailable(f"{self._path} has changed, and too much is to be done before it is read")
        if not self._reading:
            return self._said
        waiting: Deferred[T] = Deferred(self._waiting.remove)
        self._waiting.append(waiting)
        return waiting

    def _look(self) -> None:
        seen = stamp(self._path)
        if seen == self._stamp:
            return
        self._reading, self._stamp = True, seen
        self._work(self._load).addCallbacks(self._loaded, self._failed).addErrback(self._broken)

    def _load(self) -> tuple[Stamp | None, T]:
        seen = stamp(self._path)  # before the bytes: what is written meanwhile is a change
        return seen, self._read(read_whole(self._path, LIMIT), str(self._path))

    def _loaded(self, loaded: tuple[Stamp | None, T]) -> None:
        self._stamp, self._said = loaded
        _log.info("{path}: read again", path=str(self._path))
        self._tell()

    def _failed(self, why: Failure) -> None:
        if why.check(LoginUnavailable):
            self._stamp = _UNREAD  # the queue is full: whoever asks next tries again
            self._tell(why)  # those who came before the failure
            return
        why.trap(ConfigError)
        _log.error("{why}; what was read before still holds", why=str(why.value))
        self._tell()

    def _broken(self, why: Failure) -> None:
        _log.failure("{path}: cannot be read; what was read before still holds", why, path=str(self._path))
        self._tell()

    def _tell(self, why: Failure | None = None) -> None:
        self._reading = False
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(self._said if why is None else why)
