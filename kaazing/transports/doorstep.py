# -*- test-case-name: tests.transports.test_doorstep,tests.transports.test_doorman_time -*-
"""A connection while the doorman has it: the time it may take, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import datetimeToString

from kaazing.errors import BadRequest
from kaazing.transports.arrivals import too_slow
from kaazing.transports.http import Channel, Site
from kaazing.transports.intake import Intake
from kaazing.transports.routes import Routes
from kaazing.transports.tcp import StreamChannel, address, finish_writing, hand_over, unsent
from kaazing.transports.wheel import Wheel
from kaazing.wire.heads import refusal

if TYPE_CHECKING:
    from kaazing.transports.exchange import Exchange
    from kaazing.transports.gate import Gate

HEAD_TIMEOUT = 10.0  # seconds from the connection, or from the first byte, to a whole request head
LINGER = 2.0  # seconds for a client to take a refusal in


class Doorstep(Protocol):
    """See the module; what reads the requests is L{kaazing.transports.doorman.Doorman}.

    Attributes:
        routes: the listener's.
        site: serves the plain requests.
        wheel: the listener's.
        secure: whether TLS carries the connection.
        gate: the listener's, which counts the connections; None where nobody does.
        unwelcome: why the connection is one too many; None for one that is not.
    """

    transport: Any
    log = Logger()
    gate: Gate | None = None
    unwelcome: BadRequest | None = None
    _http: Channel | None = None
    _exchange: Exchange | None = None
    _producing = False  # registered as the transport's producer
    _congested = False  # the client has yet to take much of what exchanges wrote
    _going = False  # inside _go_on
    _full = False  # not read, because too much of later requests is here
    _hesitant = False  # the client waits for leave to send its body
    _body: Intake | None = None
    _waiting = False  # for a service's welcome, or for a response to be done
    _served = False  # at least one request
    _closing = False
    _left = 1 << 62  # bytes that the client had yet to take at the last look, once closing

    def __init__(self, routes: Routes, site: Site, wheel: Wheel, secure: bool) -> None:
        self.routes, self.site, self.wheel, self.secure = routes, site, wheel, secure
        self._data = bytearray()

    def connectionMade(self) -> None:
        """See L{Protocol}."""
        self.transport.setTcpNoDelay(True)
        self.wheel.put(self, self.wheel.now() + HEAD_TIMEOUT)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See L{Protocol}."""
        self.wheel.take(self)
        self._closing = True
        if self._http is not None:
            self._http.connectionLost(reason)
        if self._exchange is not None:
            exchange, self._exchange = self._exchange, None
            exchange.lost(None)

    def due(self, now: float) -> float | None:
        """A timeout has passed; called by the wheel."""
        if self._closing:
            left = unsent(self.transport)
            if 0 < left < self._left:
                self._left = left
                return now + HEAD_TIMEOUT  # a slow client is still taking the end of its answer
            self.transport.abortConnection()
            return None
        if self._waiting and self._body is None:
            return None  # the service's, or the response's, own time
        if self._http is not None and self._http.congested:
            return now + HEAD_TIMEOUT  # the client is still taking its answer
        if self._exchange is not None and (self._exchange.patient or self._exchange.held):
            return now + HEAD_TIMEOUT
        if self._body is not None and self._body.look():
            return now + HEAD_TIMEOUT
        if self._data or self._body is not None or not self._served:
            self._refuse(too_slow())
        else:
            self._close()
        return now + LINGER

    def left(self) -> None:
        """The connection ends with the last answer; called by the channel."""
        self._closing = True
        self._data.clear()
        self.wheel.take(self)

    def _produce(self, yes: bool) -> None:
        """Be the transport's producer, or be it no longer."""
        if yes and not self._producing:
            self.transport.registerProducer(self, True)
        elif self._producing and not yes:
            self.transport.unregisterProducer()
        self._producing = yes

    # Given away

    def switch(self, head: bytes) -> StreamChannel:
        """Write a whole 101 response and return the connection as a channel; called by the exchange."""
        channel = StreamChannel()
        rest = self._give_away(channel)
        self.transport.write(head)
        channel.makeConnection(self.transport)
        if rest:
            channel.dataReceived(rest)
        return channel

    def _give_away(self, protocol: Any) -> bytes:
        """Let another protocol have the connection; return what came for it already."""
        self._closing = True  # for the doorman
        self.wheel.take(self)
        if self._http is not None:
            self._http.leave()
        self._produce(False)
        rest = bytes(self._data)
        self._data.clear()
        hand_over(self.transport, protocol)
        return rest

    # Refused and closed

    def _refuse(self, why: BadRequest, *, page: bool = True) -> None:
        """Answer with an error, and close; what the client still sends is read and thrown away."""
        if self._closing:
            return
        self.log.debug("{peer} refused: {why}", peer=address(self.transport.getPeer()), why=why)
        exchange, self._exchange = self._exchange, None
        begun = exchange.begun if exchange is not None else self._waiting and self._body is None
        if exchange is not None:
            page = page and exchange.head.method != "HEAD"
            exchange.lost(why)
        if begun:
            self.transport.abortConnection()
        else:
            date = datetimeToString()
            self.transport.write(refusal(why, server=self.site.server, date=date, body=page))
        self._close()

    def _close(self) -> None:
        self._closing = True
        self._data.clear()
        if self._http is not None:
            self._http.leave()
        self._produce(False)
        finish_writing(self.transport)
        self.transport.resumeProducing()
        self.wheel.put(self, self.wheel.now() + LINGER)
