"""TCP for the tests of transports: Twisted's own connections over sockets in memory, or over loopback.

A L{Net} is a reactor to its connections and a clock to the test; L{Net.connect} puts a protocol on
one end and gives the test the other, a L{Far}. Nothing moves but in L{Net.turn} and L{Net.until}.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any, Protocol

from twisted.internet.epollreactor import EPollReactor
from twisted.internet.posixbase import _DisconnectSelectableMixin
from twisted.internet.task import Clock

from kaazing.reactor import LeanReactor, LeanServer

_ROUNDS = 2000  # of a net, before a test is given up
_PATIENCE = 0.005  # seconds that a round over loopback waits for events
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST


class Far(Protocol):
    """The other end of a connection, as the test holds it.

    Attributes:
        got: all that arrived so far.
        end: how the gateway ended its side: "", "fin" or "reset".
        unsent: bytes of ours that the gateway has not taken.
    """

    got: bytearray
    end: str

    @property
    def unsent(self) -> int: ...

    def send(self, data: bytes) -> None:
        """Send, without a limit to what is on its way."""

    def fin(self) -> None:
        """Send no more."""

    def reset(self) -> None:
        """Go away rudely."""

    def block(self) -> None:
        """Read no more."""

    def unblock(self) -> None:
        """Read everything again."""


class Net(Protocol):
    """What carries the connections of a test.

    Attributes:
        clock: the time of the wheel, which only the test moves.
        buffer: bytes that each buffer of the kernel holds, where there is one; 0 for its default.
    """

    clock: Clock
    buffer: int

    def connect(self, protocol: Any) -> tuple[Any, Any]:
        """Put a protocol on a new connection; return its transport, and the L{Far} end."""

    def turn(self) -> None:
        """Let happen what can."""

    def until(self, come: Callable[[], bool]) -> None:
        """Let things happen until C{come} says so; the test fails when it never does."""

    def close(self) -> None:
        """Close everything."""


def put_on(made: Any, protocol: Any, reactor: Any) -> LeanServer:
    """Put a protocol on the socket C{made}; return its transport."""
    server: Any = None
    transport = LeanServer(made, protocol, ("192.0.2.1", 5000), server, 0, reactor)
    transport.repstr = f"<a connection of {protocol.__class__.__name__}>"
    protocol.makeConnection(transport)
    return transport


class MemoryFar:
    """See L{Far}.

    Attributes:
        inbox: what was sent and the gateway has not read.
        ended: whether our FIN is sent.
        error: errno that the gateway's next calls fail with; 0 for none.
        room: bytes that the kernel takes from the gateway until it is set again; None for any number.
        sends: how often the gateway called send.
    """

    def __init__(self) -> None:
        self.inbox, self.got = bytearray(), bytearray()
        self.ended, self.error, self.end, self.sends = False, 0, "", 0
        self.room: int | None = None

    @property
    def unsent(self) -> int:
        return len(self.inbox)

    def send(self, data: bytes) -> None:
        self.inbox += data

    def fin(self) -> None:
        self.ended = True

    def reset(self) -> None:
        self.inbox.clear()
        self.error = errno.ECONNRESET

    def block(self) -> None:
        self.room = 0

    def unblock(self) -> None:
        self.room = None


class MemorySocket:
    """The gateway's end of a connection in memory; what Twisted asks of a socket."""

    _numbers = count(1_000_000)

    def __init__(self, far: MemoryFar) -> None:
        self.far = far
        self._number = next(self._numbers)

    @property
    def readable(self) -> bool:
        return bool(self.far.inbox or self.far.ended or self.far.error)

    @property
    def writable(self) -> bool:
        return self.far.room != 0 or bool(self.far.error)

    def fileno(self) -> int:
        return self._number

    def setblocking(self, flag: bool) -> None:
        assert not flag

    def setsockopt(self, level: int, name: int, value: object) -> None:
        if name == socket.SO_LINGER:
            self.far.end = "reset"

    def recv(self, size: int) -> bytes:
        self._fail()
        if not self.readable:
            raise BlockingIOError(errno.EWOULDBLOCK, "nothing there")
        data = bytes(self.far.inbox[:size])
        del self.far.inbox[:size]
        return data

    def send(self, data: bytes) -> int:
        self.far.sends += 1
        self._fail()
        if self.far.end:
            raise BrokenPipeError(errno.EPIPE, "ended")
        if data and self.far.room == 0:
            raise BlockingIOError(errno.EWOULDBLOCK, "no room")
        taken = bytes(data[: self.far.room])
        self.far.got += taken
        if self.far.room is not None:
            self.far.room -= len(taken)
        return len(taken)

    def shutdown(self, how: int) -> None:
        self.far.end = self.far.end or "fin"

    def close(self) -> None:
        if self.far.inbox:
            self.far.end = "reset"  # as a kernel does when it throws away what came
        self.far.end = self.far.end or "fin"
        self._number = -1

    def _fail(self) -> None:
        if self.far.error:
            raise OSError(self.far.error, "as the test says")


class MemoryNet(_DisconnectSelectableMixin):
    """See L{Net}; also a reactor, as far as connections need one."""

    buffer = 0

    def __init__(self) -> None:
        self.clock = Clock()
        self.callLater, self.seconds = self.clock.callLater, self.clock.seconds
        self.readers: dict[Any, None] = {}
        self.writers: dict[Any, None] = {}

    def addReader(self, reader: Any) -> None:
        self.readers[reader] = None

    def addWriter(self, writer: Any) -> None:
        assert writer.fileno() >= 0, "a dead connection wants to write"
        self.writers[writer] = None

    def removeReader(self, reader: Any) -> None:
        self.readers.pop(reader, None)

    def removeWriter(self, writer: Any) -> None:
        self.writers.pop(writer, None)

    def connect(self, protocol: Any) -> tuple[Any, MemoryFar]:
        far = MemoryFar()
        return put_on(MemorySocket(far), protocol, self), far

    def turn(self) -> None:
        for _ in range(_ROUNDS):
            self.clock.advance(0)
            readable = [one for one in self.readers if one.socket.readable]
            writable = [one for one in self.writers if one.socket.writable]
            if not readable and not writable:
                return
            for one in readable:
                if one in self.readers:
                    self._call(one, one.doRead, True)
            for one in writable:
                if one in self.writers:
                    self._call(one, one.doWrite, False)
        raise AssertionError("the gateway goes round and round")

    def _call(self, selectable: Any, call: Callable[[], Any], reading: bool) -> None:
        why = call()
        if why:
            self._disconnectSelectable(selectable, why, reading)

    def until(self, come: Callable[[], bool]) -> None:
        self.turn()
        if not come():
            raise AssertionError("what the test waits for never happens")

    def close(self) -> None:
        self.readers.clear()
        self.writers.clear()


class LoopbackFar:
    """See L{Far}: a real socket."""

    def __init__(self, made: socket.socket) -> None:
        made.setblocking(False)
        self.socket, self.got, self.end = made, bytearray(), ""
        self._waiting, self._blocked, self._ended = bytearray(), False, False

    @property
    def unsent(self) -> int:
        return len(self._waiting)

    def send(self, data: bytes) -> None:
        self._waiting += data
        self.push()

    def fin(self) -> None:
        self._ended = True
        self.push()

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.socket.close()
        self.end = "reset"

    def block(self) -> None:
        self._blocked = True

    def unblock(self) -> None:
        self._blocked = False

    def push(self) -> None:
        """Send what the kernel takes."""
        with suppress(OSError):  # full, or the gateway is gone
            while self._waiting:
                del self._waiting[: self.socket.send(self._waiting)]
            if self._ended:
                self._ended = False
                self.socket.shutdown(socket.SHUT_WR)

    def pull(self) -> None:
        """Read what is there."""
        try:
            while not self.end and not self._blocked:
                data = self.socket.recv(1 << 16)
                self.got += data
                self.end = "" if data else "fin"
        except BlockingIOError:
            pass
        except ConnectionResetError:
            self.end = "reset"


class LoopbackNet:
    """See L{Net}: a lean reactor of its own, and real sockets.

    Attributes:
        reactor: the reactor, which runs only as long as the test waits.
    """

    buffer = 0

    def __init__(self) -> None:
        self.clock, self.reactor = Clock(), LeanReactor()
        self._fars: list[LoopbackFar] = []

    def connect(self, protocol: Any) -> tuple[Any, LoopbackFar]:
        near, far = tcp_pair(self.buffer)
        self._fars.append(LoopbackFar(far))
        return put_on(near, protocol, self.reactor), self._fars[-1]

    def turn(self) -> None:
        for _ in range(5):
            self._round(0)

    def until(self, come: Callable[[], bool]) -> None:
        for _ in range(_ROUNDS):
            self._round(0)
            if come():
                self.turn()
                return
            self._round(_PATIENCE)
        raise AssertionError("what the test waits for does not happen")

    def _round(self, timeout: float) -> None:
        for far in self._fars:
            if far.socket.fileno() >= 0:
                far.push()
                far.pull()
        self.reactor.runUntilCurrent()
        self.reactor.doIteration(timeout)

    def close(self) -> None:
        for far in self._fars:
            far.socket.close()
        close_reactor(self.reactor)


def given_away(connection: Any, close: Callable[[], None]) -> socket.socket:
    """Close a connection's socket, and give its number to a connection that nobody knows.

    Returns:
        the far end of that, which does not block; its near end has the number.
    """
    near, far = tcp_pair()
    number = connection.fileno()
    close()
    os.dup2(near.fileno(), number)
    near.close()
    far.setblocking(False)
    return far


def tcp_pair(buffer: int = 0) -> tuple[socket.socket, socket.socket]:
    """Return two ends of a new loopback connection; C{buffer} as in L{Net}."""
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as dialling:
        if buffer:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                dialling.setsockopt(socket.SOL_SOCKET, option, buffer)
        dialling.connect(listening.getsockname())
        accepted, _ = listening.accept()
        if buffer:
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        dialled = socket.socket(fileno=dialling.detach())
        for end in (accepted, dialled):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        return accepted, dialled


def close_reactor(reactor: EPollReactor) -> None:
    """Close what a reactor of a test has open, its connections included."""
    for selectable in reactor.removeAll():
        if hasattr(selectable, "socket"):
            selectable.socket.close()
    for reader in reactor._internalReaders:
        reader.connectionLost(None)
    reactor._internalReaders.clear()
    for call in reactor.getDelayedCalls():
        call.cancel()
    reactor._poller.close()
