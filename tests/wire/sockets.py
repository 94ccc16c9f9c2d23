"""Two connections made of real sockets, for a pump to stand between in tests."""

from __future__ import annotations

import socket
import struct

from twisted.trial.unittest import SynchronousTestCase

try:
    from kaazing._speedups import Lane
except ImportError:
    Lane = None  # type: ignore[assignment,misc]

EOF = -1
Spilled = tuple[bytes, bytes, int]


class FakeTransport:
    """As much of a Twisted transport as a pump looks at."""

    def __init__(self) -> None:
        self.dataBuffer = b""
        self._tempDataBuffer: list[bytes] = []
        self.disconnecting: object = False


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Connect two TCP sockets over the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        one = socket.create_connection(listening.getsockname())
        return one, listening.accept()[0]


def reset(end: socket.socket) -> None:
    """Close a TCP socket so that its peer gets ECONNRESET."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


class PumpTestCase(SynchronousTestCase):
    """A browser's and a backend's end of two connections, and what the pump between them spills."""

    if Lane is None:
        skip = "kaazing._speedups was not built"

    def setUp(self) -> None:
        self.browser, self.front = self.pair(socket.socketpair())
        self.backend, self.back = self.pair(socket.socketpair())
        self.transport = FakeTransport()
        self.spilled: list[Spilled] = []

    def pair(self, ends: tuple[socket.socket, socket.socket]) -> tuple[socket.socket, socket.socket]:
        """Make both ends of a connection non-blocking and have them closed at last."""
        for end in ends:
            end.setblocking(False)
            self.addCleanup(end.close)
        return ends

    def spill(self, unsent: bytes, rest: bytes, status: int) -> str:
        """Note what a pump leaves to others."""
        self.spilled.append((unsent, rest, status))
        return "the answer"

    def lane(self, *, whole: bool = False, limit: int = 1 << 20) -> Lane:
        """Make a lane for a client's frames."""
        return Lane(True, limit, whole)

    def fill(self, sink: socket.socket) -> int:
        """Send until no more fits; returns how many bytes that was."""
        sent = 0
        while True:
            try:
                sent += sink.send(b"-" * 4096)
            except BlockingIOError:
                return sent

    def drain(self, end: socket.socket) -> bytes:
        """Read all that has arrived."""
        got = b""
        while True:
            try:
                got += end.recv(1 << 20)
            except BlockingIOError:
                return got
