# -*- test-case-name: tests.security.test_watched -*-
"""Files that are read again when they change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from twisted.logger import Logger

from kaazing.errors import ConfigError

LIMIT = 4 * 1024 * 1024  # bytes of a file
EVERY = 1.0  # seconds between two looks

T = TypeVar("T")

_log = Logger(namespace="kaazing.security")
_Stamp = tuple[int, int, int]


class Watched(Generic[T]):
    """What a file says; looked at when it is asked for, and no more than once a second.

    A new version that is no good is logged once, and what the last good one said stays.
    """

    def __init__(self, path: Path, read: Callable[[bytes, str], T], time: Callable[[], float]) -> None:
        """Args:
        path: of the file; absolute.
        read: makes of its bytes and its name what it says; raises ConfigError.
        time: says seconds, from wherever.

        Raises:
            ConfigError: the file is missing, too long or no good.
        """
        self._path, self._read, self._time = path, read, time
        self._looked = time()
        data, self._stamp = _content(path)
        self._said = read(data, str(path))

    def get(self) -> T:
        """Return what C{read} made of the last good version; the same object until there is a new one."""
        now = self._time()
        if not 0 <= now - self._looked < EVERY:  # the time of day may be set back
            self._looked = now
            self._look()
        return self._said

    def _look(self) -> None:
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            data, self._stamp = _content(self._path)
            self._said = self._read(data, str(self._path))
        except ConfigError as why:
            _log.error("{why}; what was read before still holds", why=str(why))
        else:
            _log.info("{path}: read again", path=str(self._path))


def content(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        ConfigError: it is missing, not readable, no file, or longer than L{LIMIT}.
    """
    return _content(path)[0]


def _content(path: Path) -> tuple[bytes, _Stamp | None]:
    try:
        stamp = _stamp(path)  # before the bytes: what is written meanwhile is a change
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise ConfigError("is no file", file=str(path))
        with path.open("rb") as file:
            data = file.read(LIMIT + 1)
    except (OSError, ValueError) as why:  # ValueError: a NUL in the name
        reason = getattr(why, "strerror", None) or "no name of a file"
        raise ConfigError(f"cannot be read: {reason}", file=str(path)) from None
    if len(data) > LIMIT:
        raise ConfigError(f"has more than {LIMIT // 1024 // 1024} MiB", file=str(path))
    return data, stamp


def _stamp(path: Path) -> _Stamp | None:
    """Return what differs between two versions of a file; None where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
