"""Tests for L{kaazing.wire.spread}: the loops in C and in Python, each by the same tests."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import pure_spread, spread
from kaazing.wire.native import SPEEDUPS

try:
    from kaazing import _speedups
except ImportError:
    _speedups = None  # type: ignore[assignment]

if TYPE_CHECKING:
    Case = SynchronousTestCase
else:
    Case = object  # so that trial does not collect the tests without a loop


class SpreadTests(Case):
    """What any spread() does; C{loop} says whose."""

    loop: Any

    def pairs(self, count: int) -> list[tuple[socket.socket, socket.socket]]:
        """Return connected sockets that never block."""
        made = [socket.socketpair() for _ in range(count)]
        for pair in made:
            for end in pair:
                end.setblocking(False)
                self.addCleanup(end.close)
        return made

    def test_all_take_all(self) -> None:
        """
        Each socket gets the bytes, and nothing is left to do.
        """
        pairs = self.pairs(50)
        self.assertEqual(self.loop.spread([near.fileno() for near, _ in pairs], b"news"), [])
        self.assertEqual([far.recv(100) for _, far in pairs], [b"news"] * 50)

    def test_some_take_less(self) -> None:
        """
        Who takes a part of it, or nothing, is named with what it took; the others get all.
        """
        (full, _), (narrow, behind), (wide, beyond) = self.pairs(3)
        while self.loop.spread([full.fileno()], b"x" * 10_000) == []:
            pass
        while self.loop.spread([full.fileno()], b"x") == []:
            pass
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        wide.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_000_000)
        data = os.urandom(150_000)
        left = self.loop.spread([full.fileno(), narrow.fileno(), wide.fileno()], data)
        self.assertEqual([index for index, _ in left], [0, 1])
        (_, none), (_, some) = left
        self.assertEqual(none, 0)
        self.assertTrue(0 < some < len(data))
        self.assertTrue(drained(behind) == data[:some])
        self.assertTrue(drained(beyond) == data)

    def test_gone(self) -> None:
        """
        A socket whose peer has gone, a closed descriptor, and a negative one took nothing; no signal, no
        exception.
        """
        (near, far), (fine, listener) = self.pairs(2)
        far.close()
        closed = os.dup(near.fileno())
        os.close(closed)
        left = self.loop.spread([near.fileno(), closed, fine.fileno(), -1, -7], b"news")
        self.assertEqual(left, [(0, 0), (1, 0), (3, 0), (4, 0)])
        self.assertEqual(listener.recv(100), b"news")

    def test_nobody(self) -> None:
        """
        Nobody to tell is no work.
        """
        self.assertEqual(self.loop.spread([], b"news"), [])

    def test_own_bytes(self) -> None:
        """
        Each socket gets its own bytes in the holes, and the same around them; what stood there is nobody's.
        """
        pairs = self.pairs(6)
        fds = [near.fileno() for near, _ in pairs]
        owns = [b"b1", b"b1", b"a2", b"b1", b"c3", b"c3"]
        data = b"<??|??>"
        self.assertEqual(self.loop.spread(fds, data, [1, 4], owns), [])
        self.assertEqual([far.recv(100) for _, far in pairs], [b"<%b|%b>" % (own, own) for own in owns])
        self.assertEqual(self.loop.spread(fds, b"<b1>", (1,), tuple(owns)), [])
        self.assertEqual([far.recv(100) for _, far in pairs], [b"<%b>" % own for own in owns])
        self.assertEqual(data, b"<??|??>")

    def test_no_holes(self) -> None:
        """
        Without holes, or with nothing to fill them, all get the same.
        """
        pairs = self.pairs(2)
        fds = [near.fileno() for near, _ in pairs]
        for holes, owns in (([], [b"a", b"b"]), ([0, 4], [b"", b""]), ([1], None)):
            self.assertEqual(self.loop.spread(fds, b"news", holes, owns), [])
            self.assertEqual([far.recv(100) for _, far in pairs], [b"news"] * 2)
        self.assertEqual(self.loop.spread([], b"news", [0], []), [])

    def test_own_bytes_taken_in_part(self) -> None:
        """
        What a socket has taken of it was its own.
        """
        (narrow, behind), (wide, beyond) = self.pairs(2)
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        wide.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_000_000)
        data = b"..x" * 50_000
        holes = range(0, len(data), 3)
        left = self.loop.spread([narrow.fileno(), -1, wide.fileno()], data, holes, [b"ab", b"cd", b"ef"])
        self.assertEqual([index for index, _ in left], [0, 1])
        self.assertEqual(left[1][1], 0)
        self.assertTrue(0 < left[0][1] < len(data))
        self.assertTrue(drained(behind) == data.replace(b"..", b"ab")[: left[0][1]])
        self.assertTrue(drained(beyond) == data.replace(b"..", b"ef"))

    def test_wrong_own_bytes(self) -> None:
        """
        Own bytes that are too few, not alike or no bytes, and holes that reach out of the data, are refused
        before anything is sent.
        """
        (near, far), (other, _) = self.pairs(2)
        fds = [near.fileno(), other.fileno()]
        for wrong in ([], [b"a"], [b"a", b"bc"], [b"a"] * 3):
            self.assertRaises(ValueError, self.loop.spread, fds, b"news", [0], wrong)
        for hole in (-1, 3, 1 << 40):
            self.assertRaises(ValueError, self.loop.spread, fds, b"news", [0, hole], [b"aa", b"bb"])
        self.assertRaises(ValueError, self.loop.spread, fds, b"news", [0], [b"longer"] * 2)
        for holes, owns in (([0], [b"a", "b"]), ([0], 7), (7, [b"a", b"b"]), (["0"], [b"a", b"b"])):
            self.assertRaises(TypeError, self.loop.spread, fds, b"news", holes, owns)
        self.assertRaises(TypeError, self.loop.spread, fds)
        self.assertRaises(BlockingIOError, far.recv, 1)

    def test_wrong_types(self) -> None:
        """
        What is not bytes, and what is no descriptor, is refused before anything is sent.
        """
        ((near, far),) = self.pairs(1)
        self.assertRaises(TypeError, self.loop.spread, [near.fileno()], "news")
        self.assertRaises(TypeError, self.loop.spread, [near.fileno(), "7"], b"news")
        self.assertRaises(BlockingIOError, far.recv, 1)


def drained(end: socket.socket) -> bytes:
    """Return all that a socket has to read."""
    got = bytearray()
    try:
        while data := end.recv(1 << 16):
            got += data
    except BlockingIOError:
        pass
    return bytes(got)


class PureTests(SpreadTests, SynchronousTestCase):
    """The loop in Python."""

    loop = pure_spread


class NativeTests(SpreadTests, SynchronousTestCase):
    """The loop in C."""

    loop = _speedups
    if _speedups is None:
        skip = "kaazing._speedups is not built"


class ChosenTests(SynchronousTestCase):
    def test_chosen(self) -> None:
        """
        The gateway takes the one in C where it is built.
        """
        wanted = _speedups if SPEEDUPS else pure_spread
        self.assertIs(spread.spread, wanted.spread)
