# -*- test-case-name: tests.security.test_files -*-
"""Files read whole, and never waited for: a pipe that nobody writes to would keep its reader for ever."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from kaazing.errors import ConfigError

_MIB = 1024 * 1024


def read_whole(path: Path, most: int, judge: Callable[[os.stat_result], str] = lambda found: "") -> bytes:
    """Return what a file says.

    Args:
        most: bytes that it may have.
        judge: returns why it is not to be read, by its owner and mode; empty where it is.

    Raises:
        ConfigError: it is no file, cannot be read, is longer, or is judged not to be read.
    """
    try:
        with open(path, "rb", opener=_at_once) as file:
            found = os.fstat(file.fileno())
            if why := judge(found) if stat.S_ISREG(found.st_mode) else "is no file":
                raise ConfigError(why, file=str(path))
            data = file.read(most + 1)
    except IsADirectoryError as why_not:
        raise ConfigError("is no file", file=str(path)) from why_not
    except (OSError, ValueError) as why_not:  # ValueError: a NUL in the name
        reason = getattr(why_not, "strerror", None) or "no name of a file"
        raise ConfigError(f"cannot be read: {reason}", file=str(path)) from why_not
    if len(data) > most:
        size = f"{most} bytes" if most % _MIB else f"{most // _MIB} MiB"
        raise ConfigError(f"has more than {size}", file=str(path))
    return data


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def lines(data: bytes, file: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that say something, with their numbers; those with # in front do not.

    Raises:
        ConfigError: while iterating: a line is no UTF-8.
    """
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError:
            raise ConfigError("expected text in UTF-8", file=file, line=number) from None
        if text and not text.startswith("#"):
            yield number, text
