# -*- test-case-name: tests.security.modules.test_named_files -*-
"""Files that options name, read whole when a login module is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from kaazing.errors import ConfigError
from kaazing.interfaces.security import Workplace
from kaazing.security.files import read_whole

LARGEST = 1024 * 1024  # bytes
Read = TypeVar("Read")


def read_named(name: str, workplace: Workplace, read: Callable[[bytes], Read]) -> Read:
    """Return what is read of a file.

    Raises:
        ConfigError: it cannot be read, or C{read} finds it no good.
    """
    path = workplace.folder / name
    data = read_whole(path, LARGEST)
    try:
        return read(data)
    except ConfigError as why:
        raise ConfigError(why.what, file=str(path)) from why
    except ValueError as why:
        raise ConfigError(str(why), file=str(path)) from why
