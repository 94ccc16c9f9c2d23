"""Tests for L{kaazing.wire.pure_spread}: the loop in Python does what the loop in C does."""

from __future__ import annotations

import socket
from types import ModuleType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import pure_spread
from tests.wire.test_spread import drained

try:
    from kaazing import _speedups
except ImportError:
    _speedups = None  # type: ignore[assignment]

ENDS = st.lists(st.sampled_from(("open", "none", "gone")), max_size=8)


def told(loop: ModuleType, ends: list[str], *what: Any) -> tuple[list[tuple[int, int]], list[bytes]]:
    """Return what a loop says of sockets in the given states, and what came out at their far ends."""
    fds, fars, nears = [], [], []
    for state in ends:
        near, far = socket.socketpair()
        near.setblocking(False)
        far.setblocking(False)
        fds.append(near.fileno() if state != "none" else -1)
        nears.append(near)
        fars.append(far)
        if state == "gone":
            near.shutdown(socket.SHUT_WR)
    said = loop.spread(fds, *what)
    got = [drained(far) for far in fars]
    for end in (*nears, *fars):
        end.close()
    return said, got


class SameTests(SynchronousTestCase):
    """Both loops, one against the other."""

    if _speedups is None:
        skip = "kaazing._speedups was not built"

    @given(ENDS, st.binary())
    def test_same(self, ends: list[str], data: bytes) -> None:
        """
        Any bytes, to sockets in any state, with the same outcome.
        """
        self.assertEqual(told(pure_spread, ends, data), told(_speedups, ends, data))

    @given(st.data(), ENDS, st.integers(0, 4))
    def test_same_own(self, drawn: st.DataObject, ends: list[str], width: int) -> None:
        """
        Any holes, those that lie on each other too, with any receivers' own bytes in them.
        """
        data = drawn.draw(st.binary(min_size=width))
        holes = drawn.draw(st.lists(st.integers(0, len(data) - width)))
        some = st.sampled_from((b"abcd", b"aaaa", b"....", data[:4].ljust(4)))
        owns = [drawn.draw(some)[:width] for _ in ends]
        told_all = [told(loop, ends, data, holes, owns) for loop in (pure_spread, _speedups)]
        self.assertEqual(*told_all)
