# -*- test-case-name: tests.security.stores.test_directory -*-
"""The store C{directory}: logins in small files, as Kubernetes and Docker put secrets into containers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from zope.interface import implementer

from kaazing.errors import ConfigError
from kaazing.interfaces.security import IStore, IStoreType, Workplace
from kaazing.literals import text
from kaazing.options import Option
from kaazing.security.files import read_whole
from kaazing.security.stores.entries import FIELDS, MOST_TEXT, Entry, read_entries
from kaazing.security.stores.kept import KeptStore
from kaazing.stamps import stamp

_MOST_FILES = 2000
_MOST_BYTES = 4 * MOST_TEXT


@implementer(IStoreType)
class DirectoryStoreType:
    """See L{IStoreType}."""

    name = "directory"
    doc = (
        "Logins in files, one for each text: LABEL/username and LABEL/password, or LABEL.username and"
        " LABEL.password, with service (without it all services), user or role (without them everybody) and"
        " mechanism; LABEL is any name. So Kubernetes and Docker mount secrets. Read again when one changes."
    )
    options = (
        Option(
            name="directory",
            read=text,
            required=True,
            doc="The folder, relative to the configuration file's. Names that begin with a dot are left out.",
        ),
    )

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """See L{IStoreType}."""
        return ()

    def store(self, options: Mapping[str, Any], workplace: Workplace, keys: Any) -> IStore:
        """See L{IStoreType}."""
        folder = workplace.folder / options["directory"]
        return KeptStore(workplace, lambda: _stamp(folder), lambda: read_folder(folder))


def read_folder(folder: Path) -> tuple[Entry, ...]:
    """Return the logins of a folder, in the order of their labels.

    A symbolic link C{..data}, which Kubernetes lets point elsewhere when a secret has changed, is followed
    once for all files, so that they are of one age.

    Raises:
        ConfigError: the folder or a file cannot be read, or a login is no good; it names the place.
    """
    data = folder / "..data"
    try:
        base = data.resolve(strict=True) if data.is_symlink() else folder
        labels: dict[str, dict[str, str]] = defaultdict(dict)
        for label, field, path in _files(base):
            if field in labels[label]:
                raise ConfigError(f"{field} of {label!r} stands twice", file=str(folder))
            labels[label][field] = _text(path)
    except OSError as why:
        raise ConfigError(f"cannot be read: {why.strerror}", file=str(why.filename or folder)) from why
    entries: list[Entry] = []
    for label in sorted(labels):
        try:
            entries += read_entries([labels[label]])
        except ValueError as why:
            raise ConfigError(f"{label!r}: {why}", file=str(folder)) from None
    return tuple(entries)


def _files(folder: Path) -> Iterator[tuple[str, str, Path]]:
    """Yield label, field and place of each file."""
    count = 0
    for path in _named(folder):
        if path.is_dir():
            for each in _named(path / "..data" if (path / "..data").is_symlink() else path):
                if each.name in FIELDS:
                    yield path.name, each.name, each
                    count += 1
        else:
            label, _, field = path.name.rpartition(".")
            if not label or field not in FIELDS:
                continue
            yield label, field, path
            count += 1
        if count > _MOST_FILES:
            raise ConfigError(f"has more than {_MOST_FILES} files", file=str(folder))


def _named(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _text(path: Path) -> str:
    data = read_whole(path, _MOST_BYTES)
    try:
        return data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ConfigError("is not UTF-8", file=str(path)) from None


def _stamp(folder: Path) -> tuple[Any, ...]:
    """Return what differs when a file was written, replaced, added or taken away."""
    found: list[Any] = []
    try:
        for _, _, path in _files(folder):
            found.append((str(path), stamp(path)))
    except (OSError, ConfigError) as why:
        found.append(str(why))
    return tuple(found)
