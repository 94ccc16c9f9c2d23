"""Two protocols with a network between them in memory: nothing moves but when told."""

from __future__ import annotations

import errno
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import (
    CannotListenError,
    ConnectionDone,
    ConnectionLost,
    ConnectionRefusedError,
    TimeoutError,
    UserError,
)
from twisted.internet.interfaces import (
    IConnector,
    IHalfCloseableProtocol,
    IHostnameResolver,
    IListeningPort,
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorTime,
)
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from tests.transports.doors import Wire


class Cable:
    """A TCP connection.

    Attributes:
        left, right: the transports of its two ends.
    """

    def __init__(self, left: Any, right: Any) -> None:
        """Connect two protocols, the left one first."""
        self.left, self.right = Wire(), Wire()
        self._gone: set[Wire] = set()
        self._told: set[Wire] = set()  # that the other end has sent FIN
        for wire, protocol in ((self.left, left), (self.right, right)):
            wire.protocol = protocol
            protocol.makeConnection(wire)

    def pump(self) -> bool:
        """Carry over what was written, FIN included, until nothing moves; a paused end reads nothing.

        Returns:
            whether anything moved.
        """
        moved = False
        while any([self._carry(self.left, self.right), self._carry(self.right, self.left)]):
            moved = True
        return moved

    def _carry(self, source: Wire, sink: Wire) -> bool:
        if source.disconnected and source not in self._gone:
            self._lose(source, ConnectionLost())
            self._lose(sink, ConnectionLost())
            return True
        if sink.producerState == "producing" and sink not in self._gone:
            if data := source.value():
                source.clear()
                sink.protocol.dataReceived(data)
                return True
            if (source.finished or source.disconnecting) and sink not in self._told:
                self._told.add(sink)
                self._end(sink)
                return True
        waits = source.value() and sink.producerState == "producing" and sink not in self._gone
        if source.disconnecting and source not in self._gone and not waits:  # the kernel has the rest
            self._lose(source, ConnectionDone())
            return True
        return False

    def _end(self, sink: Wire) -> None:
        """Tell an end of the other's FIN, as Twisted does."""
        half = IHalfCloseableProtocol(sink.protocol, None)
        if half is not None:
            half.readConnectionLost()
        else:
            sink.loseConnection()

    def _lose(self, wire: Wire, why: Exception) -> None:
        if wire not in self._gone:
            self._gone.add(wire)
            wire.connected = False
            wire.protocol.connectionLost(Failure(why))


@implementer(IConnector)
class Plug:
    """A connection being dialled."""

    def __init__(self, network: Network, host: str, port: int, factory: Any, timeout: float) -> None:
        self._network, self.address, self._factory = network, (host, port), factory
        factory.doStart()
        factory.startedConnecting(self)
        self._deadline = network.callLater(timeout, self._fail, TimeoutError())

    def connect(self) -> None:
        """Come through, or not."""
        listening = self._network.listening.get(self.address)
        if self._deadline.active() and self.address not in self._network.silent:
            self._deadline.cancel()
            if listening is None:
                self._fail(ConnectionRefusedError(errno.ECONNREFUSED))
            else:
                address = IPv4Address("TCP", *self.address)
                here = self._factory.buildProtocol(address)
                self._network.cables.append(Cable(listening.buildProtocol(address), here))

    def stopConnecting(self) -> None:
        """See L{IConnector}."""
        if self._deadline.active():
            self._deadline.cancel()
            self._fail(UserError())

    disconnect = stopConnecting

    def getDestination(self) -> IPv4Address:
        """See L{IConnector}."""
        return IPv4Address("TCP", *self.address)

    def _fail(self, why: Exception) -> None:
        self._factory.clientConnectionFailed(self, Failure(why))
        self._factory.doStop()


@implementer(IListeningPort)
class Bound:
    """An address that is listened on."""

    def __init__(self, network: Network, host: str, port: int, factory: Any) -> None:
        self._network, self._address = network, (host, port)
        network.listening[host, port] = factory

    def startListening(self) -> None:
        """See L{IListeningPort}; it is done."""

    def stopListening(self) -> None:
        """See L{IListeningPort}."""
        del self._network.listening[self._address]

    def getHost(self) -> Any:
        """See L{IListeningPort}."""
        kind = IPv6Address if ":" in self._address[0] else IPv4Address
        return kind("TCP", *self._address)


@implementer(IReactorTCP, IReactorTime, IReactorPluggableNameResolver, IHostnameResolver)
class Network(Clock):
    """A reactor whose connections are L{Cable}s: names, listeners, and who never answers.

    Attributes:
        names: host name -> its addresses.
        listening: address -> the factory that listens there.
        silent: addresses where a connection attempt stays without an answer.
        dialled: addresses, in order.
        cables: connections made; the left end is the listener's.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, list[str]] = {}
        self.listening: dict[tuple[str, int], Any] = {}
        self.silent: set[tuple[str, int]] = set()
        self.dialled: list[tuple[str, int]] = []
        self.cables: list[Cable] = []
        self._plugs: list[Plug] = []
        self.nameResolver = self

    def connectTCP(
        self, host: str, port: int, factory: Any, timeout: float = 30.0, bindAddress: Any = None
    ) -> Plug:
        """See L{IReactorTCP}."""
        self.dialled.append((host, port))
        plug = Plug(self, host, port, factory, timeout)
        self._plugs.append(plug)
        return plug

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Bound:
        """See L{IReactorTCP}."""
        if (interface, port) in self.listening:
            raise CannotListenError(interface, port, OSError(errno.EADDRINUSE, "Address already in use"))
        return Bound(self, interface, port, factory)

    def getThreadPool(self) -> Network:
        """See L{IReactorThreads}; it is its own, and has one thread."""
        return self

    def callInThreadWithCallback(self, told: Any, work: Any, *args: Any, **more: Any) -> None:
        """See L{ThreadPool}; it is done at once."""
        try:
            done = work(*args, **more)
        except Exception:
            told(False, Failure())
        else:
            told(True, done)

    def callFromThread(self, call: Any, *args: Any, **more: Any) -> None:
        """See L{IReactorFromThreads}."""
        call(*args, **more)

    def resolveHostName(
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Any = None,
        transportSemantics: str = "TCP",
    ) -> Any:
        """See L{IHostnameResolver}; a name of no addresses is one that nobody answers for."""
        resolutionReceiver.resolutionBegan(self)
        for address in self.names.get(hostName, ()):
            kind = IPv6Address if ":" in address else IPv4Address
            resolutionReceiver.addressResolved(kind("TCP", address, portNumber))
        if self.names.get(hostName) != []:
            resolutionReceiver.resolutionComplete()
        return self

    def installNameResolver(self, resolver: Any) -> Any:
        """See L{IReactorPluggableNameResolver}."""
        raise NotImplementedError

    def cancel(self) -> None:
        """See IHostResolution."""

    def settle(self) -> None:
        """Let connections come about and carry everything that is on its way."""
        moving = True
        while moving:
            plugs, self._plugs = self._plugs, []
            for plug in plugs:
                plug.connect()
            moving = any(cable.pump() for cable in self.cables) or bool(self._plugs)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(int(seconds * 2)):
            self.advance(0.5)
            self.settle()
