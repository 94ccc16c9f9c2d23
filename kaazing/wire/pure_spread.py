# -*- test-case-name: tests.wire.test_pure_spread -*-
"""The same bytes to many sockets, in Python; the twin of C{kaazing/native/fanout.c}."""

from __future__ import annotations

import os
from collections.abc import Sequence
from operator import index as index_of


def spread(fds: Sequence[int], data: bytes, /) -> list[tuple[int, int]]:
    """See C{kaazing/_speedups.pyi}."""
    if not isinstance(data, bytes):
        raise TypeError(f"data is bytes, not {type(data).__name__}")
    took = ((index, _send(fd, data)) for index, fd in enumerate(list(map(index_of, fds))))
    return [(index, sent) for index, sent in took if sent != len(data)]


def _send(fd: int, data: bytes) -> int:
    if fd < 0:
        return 0
    try:
        return os.write(fd, data)
    except OSError:
        return 0  # the ordinary path meets the error again
