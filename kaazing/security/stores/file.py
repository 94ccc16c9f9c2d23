# -*- test-case-name: tests.security.stores.test_file -*-
"""The store C{file}: logins in a file that is sealed under the gateway's own keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from zope.interface import implementer

from kaazing.errors import ConfigError
from kaazing.interfaces.security import IStore, IStoreType, Workplace
from kaazing.literals import text
from kaazing.options import Option
from kaazing.security.keys import KeyRing, SealBroken, read_private, write_private
from kaazing.security.stores.entries import Entry, read_entries
from kaazing.security.stores.kept import KeptStore
from kaazing.stamps import stamp

_PURPOSE = "store"
_MOST = 4 * 1024 * 1024  # bytes of a file


@implementer(IStoreType)
class FileStoreType:
    """See L{IStoreType}."""

    name = "file"
    doc = (
        "Logins in a file that is sealed under the gateway's own keys; `python -m kaazing keyring set` writes"
        " it. Read again when it changes."
    )
    options = (
        Option(
            name="file",
            read=text,
            required=True,
            doc="The file, relative to the configuration file's folder.",
        ),
    )

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """See L{IStoreType}."""
        return ()

    def store(self, options: Mapping[str, Any], workplace: Workplace, keys: KeyRing) -> IStore:
        """See L{IStoreType}."""
        path = workplace.folder / options["file"]
        return KeptStore(workplace, lambda: stamp(path), lambda: open_file(path, keys))


def open_file(path: Path, keys: KeyRing) -> tuple[Entry, ...]:
    """Return the logins of a file.

    Raises:
        ConfigError: it cannot be read, others may read it, or it was not sealed under these keys.
    """
    sealed = read_private(path, _MOST).strip()
    try:
        return read_entries(json.loads(keys.open(_PURPOSE, sealed)))
    except SealBroken:
        raise ConfigError("is not sealed under the gateway's keys", file=str(path)) from None
    except ValueError as why:
        raise ConfigError(str(why), file=str(path)) from None


def seal_file(path: Path, keys: KeyRing, entries: Iterable[Entry], *, new: bool = False) -> None:
    """Write a file of logins, as L{write_private} does.

    Raises:
        ValueError: it would be too long.
        OSError: it cannot be written.
    """
    sealed = keys.seal(_PURPOSE, json.dumps([entry.said() for entry in entries]).encode())
    if len(sealed) >= _MOST:
        raise ValueError(f"the logins would need more than {_MOST} bytes")
    write_private(path, sealed + "\n", new=new)
