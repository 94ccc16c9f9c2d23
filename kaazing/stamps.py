# -*- test-case-name: tests.test_stamps -*-
"""Whether a file is still the one that was read."""

from __future__ import annotations

from pathlib import Path

Stamp = tuple[int, int, int, int, int]


def stamp(path: Path) -> Stamp | None:
    """Return what differs when a file was written or replaced, or when others may read it than before; None
    where it is not there or cannot be asked about. It is to be taken before the file is read."""
    try:
        found = path.stat()
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None
    # the time of the last chmod or chown too, after which an unreadable file may be readable
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
