# -*- test-case-name: tests.wire.test_pure_spread -*-
"""The same bytes to many sockets, in Python; the twin of C{kaazing/native/fanout.c}."""

from __future__ import annotations

import os
from collections.abc import Sequence
from operator import index as index_of


def spread(
    fds: Sequence[int], data: bytes, holes: Sequence[int] = (), owns: Sequence[bytes] | None = None, /
) -> list[tuple[int, int]]:
    """See C{kaazing/_speedups.pyi}."""
    if not isinstance(data, bytes):
        raise TypeError(f"data is bytes, not {type(data).__name__}")
    if owns is not None:
        _check(fds, data, holes, owns)
    took = []
    for index, fd in enumerate(list(map(index_of, fds))):
        if owns is not None:
            data = filled(data, holes, owns[index])
        took.append((index, _send(fd, data)))
    return [(index, sent) for index, sent in took if sent != len(data)]


def filled(data: bytes, holes: Sequence[int], own: bytes) -> bytes:
    """Return C{data} with C{own} in its holes; C{data} itself where it is there already."""
    size = len(own)
    if all(data.startswith(own, hole) for hole in holes):
        return data
    made = bytearray(data)
    for hole in holes:
        made[hole : hole + size] = own
    return bytes(made)


def _check(fds: Sequence[int], data: bytes, holes: Sequence[int], owns: Sequence[bytes]) -> None:
    if len(owns) != len(fds):
        raise ValueError("owns has as many items as fds")
    for own in owns:
        if not isinstance(own, bytes):
            raise TypeError(f"own is bytes, not {type(own).__name__}")
        if len(own) != len(owns[0]):
            raise ValueError("all of owns have one size")
    room = len(data) - (len(owns[0]) if owns else 0)
    for hole in map(index_of, holes):
        if not 0 <= hole <= room:
            raise ValueError(f"no room for a hole at {hole}")


def _send(fd: int, data: bytes) -> int:
    if fd < 0:
        return 0
    try:
        return os.write(fd, data)
    except OSError:
        return 0  # the ordinary path meets the error again
