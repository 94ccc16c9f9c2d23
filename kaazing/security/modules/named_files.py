# -*- test-case-name: tests.security.modules.test_named_files -*-
"""Files that options name, read whole when a login module is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kaazing.errors import ConfigError
from kaazing.interfaces.security import Workplace

LARGEST = 1024 * 1024  # bytes
Read = TypeVar("Read")


def read_named(name: str, workplace: Workplace, read: Callable[[bytes], Read]) -> Read:
    """Return what is read of a file.

    Raises:
        ConfigError: it cannot be read, or C{read} finds it no good.
    """
    path: Path = workplace.folder / name
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigError("more than 1 MiB")
        return read(path.read_bytes())
    except OSError as why:
        raise ConfigError(why.strerror or "cannot be read", file=str(path)) from why
    except ConfigError as why:
        raise ConfigError(why.what, file=str(path)) from why
    except ValueError as why:
        raise ConfigError(str(why), file=str(path)) from why
