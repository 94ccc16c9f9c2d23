# -*- test-case-name: tests.test_reactor -*-
"""The lean epoll reactor: Twisted's own, with less Python between the kernel and a protocol.

The poll loop calls what is readable directly, without a log context around each event, and a TCP
transport with nothing buffered tries to send at once. Everything else, and each event that is not
plain readability, takes Twisted's own way. The private Twisted names used are pinned by a test.
"""

from __future__ import annotations

import errno
import select
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet import epollreactor, tcp
from twisted.internet.interfaces import IConnector, IListeningPort
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST, installReactor
from twisted.python import failure, log

_READABLE = select.EPOLLIN


class _Lean:
    """Mixed into a TCP transport: C{write} goes straight to the socket while nothing is buffered.

    Attributes:
        before_close: called once before the descriptor is closed, so that who holds its number
            lets go of it; None for nobody.
    """

    before_close: Callable[[], None] | None = None

    def connectionLost(self: Any, reason: failure.Failure) -> None:
        """See L{twisted.internet.tcp.Connection.connectionLost}."""
        if self.before_close is not None:
            self.before_close()
        super().connectionLost(reason)  # type: ignore[misc]

    def abortConnection(self: Any) -> None:
        """See L{twisted.internet.interfaces.ITCPTransport.abortConnection}."""
        super().abortConnection()  # type: ignore[misc]
        self.write = _unsent  # Twisted leaves it to doWrite, which it disarms

    def doRead(self: Any) -> Any:
        """See L{twisted.internet.tcp.Connection.doRead}; the same in one call."""
        try:
            data = self.socket.recv(self.bufferSize)
        except BlockingIOError:
            return None
        except OSError:
            return CONNECTION_LOST
        if not data:
            return CONNECTION_DONE
        self.protocol.dataReceived(data)
        return None

    def write(self: Any, data: bytes) -> None:
        """See L{twisted.internet.interfaces.ITransport.write}.

        A send that fails is not reported here: the bytes are buffered, and the poll loop meets
        the error again.
        """
        producer = self.producer
        if (
            self.dataBuffer
            or self._tempDataBuffer
            or self.TLS
            or not self.connected
            or self._writeDisconnected
            or (producer is not None and not self.streamingProducer)  # it waits for a doWrite
            or not isinstance(data, bytes)  # refused there, as Twisted words it
        ):
            super().write(data)  # type: ignore[misc]
            return
        try:
            sent = self.socket.send(data)
        except OSError:
            sent = 0
        if sent < len(data):
            self._tempDataBuffer.append(memoryview(data)[sent:])
            self._tempDataLen += len(data) - sent
            self._maybePauseProducer()
            self.startWriting()


def _unsent(data: bytes) -> None:
    """Take the place of C{write} on a connection that was aborted."""


class LeanServer(_Lean, tcp.Server):
    """An accepted TCP connection."""


class LeanClient(_Lean, tcp.Client):
    """A dialled TCP connection."""


class LeanPort(tcp.Port):
    """A TCP port that makes L{LeanServer}s."""

    transport = LeanServer


class LeanConnector(tcp.Connector):
    """Dials with a L{LeanClient}."""

    def _makeTransport(self) -> tcp.Client:
        return LeanClient(self.host, self.port, self.bindAddress, self, self.reactor)


class LeanReactor(epollreactor.EPollReactor):
    """See the module."""

    def doPoll(self, timeout: float | None) -> None:
        """Wait at most C{timeout} seconds, None for ever, for events; call whom they concern."""
        try:
            events = self._poller.poll(-1 if timeout is None else timeout, len(self._selectables))
        except OSError as why:
            if why.errno == errno.EINTR:
                return
            raise
        selectables = self._selectables
        for fd, event in events:
            selectable = selectables.get(fd)
            if selectable is None:  # closed by an earlier event of this round
                continue
            if event != _READABLE:
                log.callWithLogger(selectable, self._doReadOrWrite, selectable, fd, event)
                continue
            try:
                why_ended = selectable.doRead()
            except BaseException:
                log.err()
                why_ended = failure.Failure().value
            if why_ended:
                self._disconnectSelectable(selectable, why_ended, True)

    doIteration = doPoll

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> IListeningPort:
        """See L{twisted.internet.interfaces.IReactorTCP.listenTCP}."""
        made = LeanPort(port, factory, backlog, interface, self)
        made.startListening()
        return made

    def connectTCP(
        self, host: str, port: int, factory: Any, timeout: float = 30.0, bindAddress: Any = None
    ) -> IConnector:
        """See L{twisted.internet.interfaces.IReactorTCP.connectTCP}."""
        made = LeanConnector(host, port, factory, timeout, bindAddress, self)
        made.connect()
        return made

    def adoptStreamPort(self, fileDescriptor: int, addressFamily: int, factory: Any) -> IListeningPort:
        """See L{twisted.internet.interfaces.IReactorSocket.adoptStreamPort}."""
        if addressFamily not in (socket.AF_INET, socket.AF_INET6):
            adopted: IListeningPort = super().adoptStreamPort(fileDescriptor, addressFamily, factory)
            return adopted
        made: LeanPort = LeanPort._fromListeningDescriptor(self, fileDescriptor, addressFamily, factory)
        made.startListening()
        return made


def install() -> None:
    """Make this the reactor of the process.

    Raises:
        twisted.internet.error.ReactorAlreadyInstalledError: there is one.
    """
    installReactor(LeanReactor())
