# -*- test-case-name: tests.transports.test_tcp -*-
"""A TCP or TLS connection as a channel: a stream of bytes without kinds."""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from fcntl import ioctl
from sys import byteorder
from termios import TIOCOUTQ
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.errors import ConnectError
from kaazing.interfaces.adapters import Kind
from kaazing.interfaces.channels import IChannel, IReceiver
from kaazing.tenure import Tenure, end

LINGER = 30.0  # seconds in which a peer takes nothing of the last bytes for it


_BINARY = int(Kind.BINARY)  # a plain number is quicker where each chunk passes


def address(where: Any) -> str:
    """Return "192.0.2.1:5000" or "[2001:db8::1]:5000" for a Twisted address."""
    host = getattr(where, "host", None)
    if host is None:
        return str(where)
    return f"[{host}]:{where.port}" if ":" in host else f"{host}:{where.port}"


def lost_reason(why: Failure) -> ConnectError | None:
    """Return what a receiver is told of a connection that ended with C{why}; None in good order."""
    if why.check(ConnectionDone):
        return None
    return ConnectError(why.getErrorMessage().rstrip("."))


def finish_writing(transport: Any) -> None:
    """Send FIN after what is buffered; over TLS, which has no half-close in Twisted, close_notify."""
    if isinstance(transport, TLSMemoryBIOProtocol):
        transport.loseConnection()
    else:
        transport.loseWriteConnection()


def hand_over(transport: Any, protocol: Any) -> None:
    """Let another protocol have a connection."""
    if isinstance(transport, TLSMemoryBIOProtocol):
        transport.wrappedProtocol = protocol
    else:
        transport.protocol = protocol


def bound_writes(transport: Any, bound: int) -> None:
    """Have the producer of C{transport} paused while more than C{bound} bytes wait to be sent."""
    if isinstance(transport, TLSMemoryBIOProtocol):
        transport = transport.transport
    transport.bufferSize = bound


def unsent(transport: Any) -> int:
    """Return how many bytes the peer of C{transport} has yet to take.

    Those that the kernel holds are counted where it says so, and for nothing where it does not.
    """
    if isinstance(transport, TLSMemoryBIOProtocol):
        transport = transport.transport
    ours = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
    try:
        kernels = ioctl(transport.fileno(), TIOCOUTQ, bytes(4))  # SIOCOUTQ of tcp(7)
    except (OSError, ValueError):  # it cannot say, or the connection is gone
        kernels = b""
    return int(ours + int.from_bytes(kernels, byteorder))


def hung_up(transport: Any) -> bool:
    """Return whether the kernel knows that the peer of a connection that is not read has gone."""
    gone: int = select.POLLERR | select.POLLHUP | getattr(select, "POLLRDHUP", 0)  # the last: of Linux
    asked = select.poll()
    asked.register(transport.fileno(), gone)
    return any(said & gone for _, said in asked.poll(0))


def limit_flush(transport: Any) -> None:
    """Have the kernel end a TCP connection whose peer takes nothing for L{LINGER}, where it can."""
    made = getattr(transport, "socket", None)  # none is left of a connection that is gone
    option = getattr(socket, "TCP_USER_TIMEOUT", None)  # of Linux: see tcp(7)
    if made is not None and option is not None:
        with suppress(OSError):
            made.setsockopt(socket.IPPROTO_TCP, option, int(LINGER * 1000))


class Congestible:
    """Mixed into a channel, its transport's producer: tells the receiver when too much waits to be sent."""

    receiver: IReceiver | None = None

    def pauseProducing(self) -> None:
        """The transport's buffer is over its bound; called by the transport."""
        if self.receiver is not None:
            self.receiver.congested()

    def resumeProducing(self) -> None:
        """The transport's buffer is empty again; called by the transport."""
        if self.receiver is not None:
            self.receiver.drained()

    def stopProducing(self) -> None:
        """The transport is gone; connectionLost tells the rest."""


@implementer(IChannel, IHalfCloseableProtocol)
class StreamChannel(Congestible, Protocol):
    """See L{IChannel}."""

    transport: Any
    subprotocol: str | None = None
    messages = False
    closed_with = 1000, ""
    latency = None
    whole = False
    bound = 64_000
    tenure: Tenure | None = None
    _finished = False
    _ended = False
    _dropped = False
    _early = b""  # what TLS had already deciphered when the channel was held

    @property
    def peer(self) -> str:
        """See L{IChannel}."""
        return address(self.transport.getPeer())

    @property
    def open(self) -> bool:
        """See L{IChannel}."""
        return bool(self.connected) and not self._dropped

    def connectionMade(self) -> None:
        """Start held, unless whoever waits for the channel resumes it at once."""
        self.transport.setTcpNoDelay(True)
        self.transport.registerProducer(self, True)
        self.arrived()
        if self.receiver is None:
            self.transport.pauseProducing()

    def arrived(self) -> None:
        """The connection is made; for subclasses that somebody waits for."""

    def dataReceived(self, data: bytes) -> None:
        """See L{Protocol}."""
        if self.receiver is None:
            self._early += data
        else:
            self.receiver.received(data, _BINARY)

    def readConnectionLost(self) -> None:
        """The peer's FIN; see L{IHalfCloseableProtocol}."""
        self._ended = True
        if self._finished:
            self._close()
        if self.receiver is not None:
            self.receiver.ended()

    def writeConnectionLost(self) -> None:
        """Our FIN is out; see L{IHalfCloseableProtocol}."""
        if self._ended:
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See L{Protocol}."""
        self.connected = 0
        end(self)
        receiver, self.receiver = self.receiver, None
        if receiver is not None:
            receiver.lost(None if self._dropped else lost_reason(reason))

    def send(self, data: bytes, kind: int = Kind.BINARY) -> None:
        """See L{IChannel}."""
        self.transport.write(data)

    def send_all(self, messages: list[bytes], kind: int = Kind.BINARY) -> None:
        """See L{IChannel}."""
        self.transport.write(b"".join(messages))

    def hold(self) -> None:
        """See L{IChannel}."""
        self.transport.pauseProducing()

    def resume(self) -> None:
        """See L{IChannel}."""
        bound_writes(self.transport, self.bound)
        if not self._ended:
            self.transport.resumeProducing()
        if self._early and self.receiver is not None:
            early, self._early = self._early, b""
            self.receiver.received(early, Kind.BINARY)

    def begin_with(self, data: bytes) -> None:
        """Let the receiver of a channel that is held, and has none yet, hear C{data} before all else."""
        self._early = data + self._early

    def finish(self, code: int = 1000, reason: str = "") -> None:
        """See L{IChannel}."""
        if self._finished or not self.connected:
            return
        self._finished = True
        self.transport.unregisterProducer()
        if self._ended:
            self._close()
        else:
            finish_writing(self.transport)

    def drop(self) -> None:
        """See L{IChannel}."""
        self._finished = True
        self._close()

    def abort(self) -> None:
        """See L{IChannel}."""
        self._finished = True
        self.transport.abortConnection()

    def _close(self) -> None:
        if not self._dropped:
            self._dropped = True
            transport = self.transport
            transport.unregisterProducer()
            transport.loseConnection()
            under: Any = transport.transport if isinstance(transport, TLSMemoryBIOProtocol) else transport
            limit_flush(under)
            if under is not transport:
                under.loseConnection()  # or it would await the peer's close_notify
