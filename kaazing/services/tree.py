# -*- test-case-name: tests.services.test_tree -*-
"""From the path of a request to an open file below one folder, and never to one outside."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from kaazing.errors import BadRequest
from kaazing.services.listing import Entry

SHOWN_DOTFILES = (".well-known",)  # RFC 8615; all others are not there
POLICY = "clientaccesspolicy.xml"  # would let other sites in past the cross-site constraints (Silverlight)

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY  # opening a pipe must not wait
_STATUSES = {errno.EACCES: 403, errno.EPERM: 403, errno.EMFILE: 503, errno.ENFILE: 503}  # others: 404


class Tree:
    """All files and folders below a folder."""

    def __init__(self, base: Path, *, follow: bool = False) -> None:
        """Look below C{base}; C{follow}: symbolic links may lead out of it."""
        self._base, self._follow = _resolved(base), follow

    def open(self, names: Sequence[str]) -> BinaryIO | None:
        """Open a file for reading, unbuffered; return None for a folder.

        Args:
            names: from L{names_of}.

        Raises:
            BadRequest: 404, 403 or 503.
        """
        try:
            descriptor = os.open(self._path(names), _FLAGS | (0 if self._follow else os.O_NOFOLLOW))
        except OSError as why:
            raise _refused(_STATUSES.get(why.errno or 0, 404)) from why
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode):
            return os.fdopen(descriptor, "rb", buffering=0)
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            return None
        raise _refused(404)

    def entries(self, names: Sequence[str]) -> Iterator[Entry]:
        """Yield what is in a folder, as far as L{open} would open it.

        Raises:
            BadRequest: the folder cannot be read.
        """
        try:
            found = sorted(path.name for path in self._path(names).iterdir())
        except OSError as why:
            raise _refused(_STATUSES.get(why.errno or 0, 404)) from why
        for name in found:
            try:
                names_of([os.fsencode(name)])
                about = self._path([*names, name]).stat()
            except (BadRequest, OSError):
                continue
            if stat.S_ISDIR(about.st_mode) or stat.S_ISREG(about.st_mode):
                size = None if stat.S_ISDIR(about.st_mode) else about.st_size
                yield Entry(name, size, about.st_mtime)

    def _path(self, names: Sequence[str]) -> Path:
        """Return the path with symbolic links resolved, unless they may lead anywhere."""
        path = self._base.joinpath(*names)
        if self._follow:
            return path
        real = _resolved(path)
        if not real.is_relative_to(self._base):
            raise _refused(404)
        return real


def names_of(segments: Sequence[bytes]) -> list[str]:
    """Return the names of folders and file in a path's decoded segments; an empty last one is left out.

    Raises:
        BadRequest: 400 for what leads out of a folder, 404 for what is never served.
    """
    names = []
    for segment in segments[:-1] if segments and not segments[-1] else segments:
        if segment in (b".", b"..") or any(char in segment for char in b"/\\\0"):
            raise BadRequest(400, "path that leads out of its folder", rule="RFC 3986 section 3.3")
        if not segment or (segment[:1] == b"." and segment.decode("latin-1") not in SHOWN_DOTFILES):
            raise _refused(404)
        if segment == POLICY.encode():
            raise _refused(404)
        try:
            names.append(segment.decode("utf-8"))
        except UnicodeDecodeError as why:
            raise _refused(404) from why
    return names


def _refused(status: int) -> BadRequest:
    what = {403: "this may not be read", 404: "nothing is here", 503: "too many files are open"}[status]
    return BadRequest(status, what, rule="RFC 9110 section 15")


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))  # unlike Path.resolve, takes a loop of links as it comes
