# -*- test-case-name: tests.transports.test_listener -*-
"""One bound port, shared by all accepts on its address."""

from __future__ import annotations

from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IHandshakeListener, IListeningPort
from twisted.internet.protocol import Factory, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.errors import BadRequest, ConnectError, ListenError
from kaazing.interfaces.services import Visit, Welcome
from kaazing.literals import bracketed
from kaazing.transports.callers import came_securely
from kaazing.transports.doorman import Doorman
from kaazing.transports.gate import Gate
from kaazing.transports.http import Site
from kaazing.transports.introducing import certificate, describe
from kaazing.transports.leantls import tls_factory
from kaazing.transports.proxied import Proxied
from kaazing.transports.routes import Route, Routes
from kaazing.transports.tcp import StreamChannel, address
from kaazing.transports.tls import ServerContexts
from kaazing.transports.wheel import Wheel
from kaazing.wire.addresses import Networks, split

BACKLOG = 1024  # connections the kernel holds before they are accepted
HANDSHAKE_TIMEOUT = 10.0  # seconds for the TLS handshake of an ssl accept


class Doors(Factory):
    """Makes a doorman for each connection of an address with HTTP and WebSocket accepts.

    Attributes:
        wheel: of the deadlines of requests.
        gate: of the listener; None where connections are not counted.
    """

    noisy = False
    gate: Gate | None = None

    def __init__(self, wheel: Wheel, *, keepalive: float, server: str, secure: bool) -> None:
        self.routes = Routes(secure)
        self.wheel, self._secure = wheel, secure
        self._site = Site(keepalive=keepalive, secure=secure, server=server.encode())

    def add(self, route: Route) -> None:
        """See L{Routes.add}."""
        self.routes.add(route)

    def buildProtocol(self, addr: Any) -> Doorman:
        """See L{Factory}."""
        made = Doorman(self.routes, self._site, self.wheel, self._secure)
        if self.gate is not None:
            made.gate = self.gate
        return made


class Streams(Factory):
    """Makes a channel for each connection of an address with a tcp or ssl accept.

    Attributes:
        wheel: of the handshakes' deadlines.
    """

    noisy = False
    log = Logger()

    def __init__(self, service: Any, wheel: Wheel, *, secure: bool, tls: bool) -> None:
        """C{secure} is what the service is told; C{tls} says whether TLS is ended here."""
        self.wheel = wheel
        self._service, self._secure, self._tls = service, secure, tls

    def buildProtocol(self, addr: Any) -> StreamChannel:
        """See L{Factory}."""
        made = _ArrivingSecurely() if self._tls else _Arriving()
        made.factory = self
        return made

    def arrived(self, channel: StreamChannel) -> None:
        """Ask the service what to do with a new connection."""
        secure = came_securely(channel.transport, self._secure)
        try:
            told = partial(describe, channel.transport, split(channel.peer), secure)
            shown = partial(certificate, channel.transport)
            visit = Visit(peer=channel.peer, secure=secure, certificate=shown, client=told)
            welcome = self._service.invite(visit)
        except Exception:
            self._turn_away(Failure(), channel)
            return
        if isinstance(welcome, Deferred):
            welcome.addCallbacks(
                self._let_in, self._turn_away, callbackArgs=(channel,), errbackArgs=(channel,)
            )
        else:
            self._let_in(welcome, channel)

    def _let_in(self, welcome: Welcome, channel: StreamChannel) -> None:
        if channel.open:
            self._service.accepted(channel, welcome)
        else:
            self._service.declined(welcome)

    def _turn_away(self, why: Failure, channel: StreamChannel) -> None:
        if not why.check(ConnectError, BadRequest):
            self.log.failure("a service failed to answer a visit", why)
        channel.abort()


class _Arriving(StreamChannel):
    """Reports as soon as TCP is connected."""

    factory: Streams | None

    def arrived(self) -> None:
        factory = self.factory
        assert factory is not None
        del self.factory
        factory.arrived(self)


@implementer(IHandshakeListener)
class _ArrivingSecurely(_Arriving):
    """Reports when the TLS handshake is done, a client's certificate verified where one is asked for."""

    def connectionMade(self) -> None:
        assert self.factory is not None
        self.transport.setTcpNoDelay(True)
        self.factory.wheel.put(self, self.factory.wheel.now() + HANDSHAKE_TIMEOUT)

    def handshakeCompleted(self) -> None:
        """See L{IHandshakeListener}."""
        if self.factory is not None:
            self.factory.wheel.take(self)
            super().connectionMade()

    def due(self, now: float) -> None:
        """The handshake took too long; called by the wheel."""
        self.abort()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.factory is not None:
            self.factory.wheel.take(self)
        super().connectionLost(reason)


class Listener:
    """See the module.

    Attributes:
        who: "service NAME, accept URI" of the first accept, for messages.
        proxies: whose connections begin with a PROXY header; empty for nobody's.
        gate: counts the connections; None where nobody does.
    """

    def __init__(
        self,
        reactor: Any,
        interface: str,
        port: int,
        factory: Doors | Streams,
        contexts: ServerContexts | None,
        who: str,
        proxies: Networks = (),
        gate: Gate | None = None,
    ) -> None:
        """Bind nothing yet; C{contexts} is None for an address without TLS."""
        self._reactor, self._interface, self._port = reactor, interface, port
        self.factory, self.contexts, self.who, self.proxies = factory, contexts, who, proxies
        self.gate = gate
        self._bound: IListeningPort | None = None
        if isinstance(factory, Doors):
            factory.gate = gate

    @property
    def bound(self) -> bool:
        """Whether the address is listened on."""
        return self._bound is not None

    def start(self) -> None:
        """Bind.

        Raises:
            ListenError: the address is taken, or not ours.
        """
        factory: Any = self.factory
        if self.contexts is not None:
            factory = tls_factory(self.contexts, False, factory)
        if self.proxies:
            factory = Proxied(factory, self.proxies, self.factory.wheel, self.who, self.gate)
        if self.gate is not None:
            factory = self.gate.before(factory)
        try:
            self._bound = self._reactor.listenTCP(self._port, factory, BACKLOG, self._interface)
        except CannotListenError as why:
            where = bracketed(self._interface) or "*"
            reason = getattr(why.socketError, "strerror", None) or why.socketError
            raise ListenError(f"{self.who}: cannot listen on {where}:{self._port}: {reason}") from why
        if self.gate is not None:
            self.gate.bound(self._bound)

    def stop(self) -> Any:
        """Bind no longer; connections stay. Returns a Deferred."""
        bound, self._bound = self._bound, None
        if bound is not None and self.gate is not None:
            self.gate.unbound()
        return bound.stopListening() if bound is not None else None

    def __str__(self) -> str:
        return address(self._bound.getHost()) if self._bound is not None else "not listening"
