# -*- test-case-name: tests.transports.test_doorman,tests.transports.test_doorman_time -*-
"""Reads request heads on one connection, routes each, and hands requests on.

Every request of a kept-alive or pipelined connection is read, routed and checked anew. One request
at a time goes to twisted.web, as it came; a WebSocket handshake is answered by Autobahn, which then
has the connection.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from twisted.web.http import datetimeToString

from kaazing.errors import BadRequest, ConnectError
from kaazing.interfaces.services import Visit, Welcome
from kaazing.transports.http import Channel, Site
from kaazing.transports.routes import Route, Routes, origin_allowed
from kaazing.transports.tcp import address, finish_writing
from kaazing.transports.wheel import Wheel
from kaazing.transports.ws import OPEN
from kaazing.wire.bodies import Body
from kaazing.wire.heads import (
    Head,
    peek,
    plain_head,
    refusal,
    subprotocols,
    upgrade_required,
    websocket_fault,
)

HEAD_TIMEOUT = 10.0  # seconds from the connection, or from the first byte, to a whole request head
LINGER = 2.0  # seconds for a client to take a refusal in
MOST_WAITING = 64 * 1024  # bytes of later requests taken while one is being answered
MOST_BODY = 1024 * 1024  # bytes of a request's body, framing included
LEAST_BODY = 1024  # bytes of a body that must come in each HEAD_TIMEOUT

# Made anew each time: an error object that is raised again keeps every traceback it ever had.
_not_found = partial(BadRequest, 404, "no service here", rule="no accept has this host and path")
_forbidden = partial(
    BadRequest, 403, "pages of that origin may not come in", rule="no cross-site-constraint allows it"
)
_unreachable = partial(BadRequest, 502, "the backend cannot be reached", rule="RFC 9110 section 15.6.3")
_too_large = partial(BadRequest, 413, f"body of more than {MOST_BODY} bytes", rule="RFC 9110 section 15.5.14")
_too_slow = partial(BadRequest, 408, "no whole request in time", rule="RFC 9110 section 15.5.9")
_failed = partial(BadRequest, 500, "the service failed", rule="RFC 9110 section 15.6.1")


class Doorman(Protocol):
    """See the module.

    Attributes:
        routes: the listener's.
        site: serves the plain requests.
        wheel: the listener's.
        secure: whether TLS carries the connection.
    """

    transport: Any
    log = Logger()
    _http: Channel | None = None
    _body: Body | None = None
    _waiting = False  # for a service's welcome, or for a response to be done
    _served = False  # at least one request
    _closing = False
    _taken = 0  # bytes of the body so far
    _looked = 0  # bytes of it at the last look

    def __init__(self, routes: Routes, site: Site, wheel: Wheel, secure: bool) -> None:
        self.routes, self.site, self.wheel, self.secure = routes, site, wheel, secure
        self._data = bytearray()

    def connectionMade(self) -> None:
        """See L{Protocol}."""
        self.transport.setTcpNoDelay(True)
        self.wheel.put(self, self.wheel.now() + HEAD_TIMEOUT)

    def dataReceived(self, data: bytes) -> None:
        """See L{Protocol}."""
        if self._closing:
            return
        if self._served and not self._data and not self._waiting and self._body is None:
            self.wheel.put(self, self.wheel.now() + HEAD_TIMEOUT)
        self._data += data
        self._go_on()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See L{Protocol}."""
        self.wheel.take(self)
        self._closing = True
        if self._http is not None:
            self._http.connectionLost(reason)

    def due(self, now: float) -> float | None:
        """A timeout has passed; called by the wheel."""
        if self._closing:
            self.transport.abortConnection()
            return None
        if self._waiting and self._body is None:
            return None  # the service's, or the response's, own time
        if self._http is not None and self._http.congested:
            return now + HEAD_TIMEOUT  # the client is still taking its answer
        if self._body is not None and self._taken - self._looked >= LEAST_BODY:
            self._looked = self._taken
            return now + HEAD_TIMEOUT
        if self._data or self._body is not None or not self._served:
            self._refuse(_too_slow())
        else:
            self._close()
        return now + LINGER

    def answered(self) -> None:
        """The response to the last request is done; called by the channel."""
        self._waiting = False
        if self._closing:
            return
        self.wheel.put(self, self.wheel.now() + (HEAD_TIMEOUT if self._data else self.site.keepalive))
        self._go_on()

    def drained(self) -> None:
        """The client has taken its answers; called by the channel."""
        self._go_on()

    def left(self) -> None:
        """The connection ends with the last answer; called by the channel."""
        self._closing = True
        self._data.clear()
        self.wheel.take(self)

    def _go_on(self) -> None:
        head = None
        try:
            while self._data and not self._closing:
                head = None
                if self._body is not None:
                    self._pass_body(self._body)
                elif self._waiting or (self._http is not None and self._http.congested):
                    if len(self._data) > MOST_WAITING:
                        self.transport.pauseProducing()
                    return
                elif (head := peek(self._data)) is None:
                    return
                elif head.upgrade:
                    self._upgrade(head)
                else:
                    self._serve(head)
        except BadRequest as why:
            self._refuse(why, page=head is None or head.method != "HEAD")

    # Plain requests

    def _serve(self, head: Head) -> None:
        route = self.routes.http(head)
        if (route is None or len(route.accept.path) < len(head.path)) and self.routes.websocket(head):
            raise upgrade_required()
        if route is None:
            raise _not_found()
        preflight = head.method == "OPTIONS" and "access-control-request-method" in head.headers
        if not preflight and not origin_allowed(head, route, self.secure):
            raise _forbidden()
        if head.content_length is not None and head.content_length > MOST_BODY:
            raise _too_large()
        body = Body(head)
        raw = plain_head(head, self._data)
        del self._data[: head.length]
        self._served = self._waiting = True
        self._body = None if body.done else body
        self._taken = self._looked = 0
        if self._http is None:
            self._http = self.site.channel(self, self.transport)
        self._http.route, self._http.head = route, head
        self._http.dataReceived(raw)

    def _pass_body(self, body: Body) -> None:
        taken, done = body.feed(self._data)
        piece = bytes(self._data[:taken])
        del self._data[:taken]
        self._taken += taken
        if self._taken > MOST_BODY:
            raise _too_large()
        if done:
            self._body = None
        assert self._http is not None
        self._http.dataReceived(piece)

    # Upgrades

    def _upgrade(self, head: Head) -> None:
        route = self.routes.websocket(head)
        if route is None:
            raise _not_found()
        fault = websocket_fault(head)
        if fault is not None:
            raise fault
        if not origin_allowed(head, route, self.secure):
            raise _forbidden()
        visit = Visit(
            peer=address(self.transport.getPeer()),
            secure=self.secure,
            path=head.path,
            query=head.query,
            headers=head.headers,
            subprotocols=subprotocols(head),
        )
        try:
            welcome = route.service.invite(visit)
        except Exception:
            self._turn_away(Failure())
            return
        if not isinstance(welcome, Deferred):
            self._let_in(welcome, head, route)
            return
        self._waiting = True
        self.transport.pauseProducing()
        welcome.addCallbacks(self._let_in, self._turn_away, callbackArgs=(head, route))
        welcome.addErrback(self._broken)

    def _let_in(self, welcome: Welcome, head: Head, route: Route) -> None:
        if self._closing:
            route.service.declined(welcome)
            return
        self._closing = True  # for the doorman
        self.wheel.take(self)
        transport = self.transport
        if self._http is not None:
            self._http.leave()
        rest = bytes(self._data[head.length :])
        self._data.clear()
        transport.pauseProducing()
        assert route.sockets is not None
        socket = route.sockets.socket(transport)
        if isinstance(transport, TLSMemoryBIOProtocol):
            transport.wrappedProtocol = socket
        else:
            transport.protocol = socket
        socket.answer(head, welcome.subprotocol)
        if socket.state != OPEN:
            route.service.declined(welcome)
            transport.loseConnection()
            return
        if rest:
            socket.dataReceived(rest)
        route.service.accepted(socket, welcome)

    def _turn_away(self, why: Failure) -> None:
        self._waiting = False
        if self._closing:
            return
        refused = why.value
        if isinstance(refused, BadRequest):
            self._refuse(refused)
        elif why.check(ConnectError):
            self._refuse(_unreachable())
        else:
            self.log.failure("a service failed to answer a visit", why)
            self._refuse(_failed())

    def _broken(self, why: Failure) -> None:
        self.log.failure("a service failed with a client that was let in", why)
        self.transport.abortConnection()

    # The end

    def _refuse(self, why: BadRequest, *, page: bool = True) -> None:
        """Answer with an error, and close; what the client still sends is read and thrown away."""
        self.log.debug("{peer} refused: {why}", peer=address(self.transport.getPeer()), why=why)
        if not self._waiting or self._body is not None:  # no answer has begun
            date = datetimeToString()
            self.transport.write(refusal(why, server=self.site.server, date=date, body=page))
        self._close()

    def _close(self) -> None:
        self._closing = True
        self._data.clear()
        if self._http is not None:
            self._http.leave()
        finish_writing(self.transport)
        self.transport.resumeProducing()
        self.wheel.put(self, self.wheel.now() + LINGER)
