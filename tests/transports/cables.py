"""Two protocols with a network between them in memory: nothing moves but when told."""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.python.failure import Failure

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

    def pump(self) -> None:
        """Carry over what was written, FIN included, until nothing moves; a paused end reads nothing."""
        while any([self._carry(self.left, self.right), self._carry(self.right, self.left)]):
            pass

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
