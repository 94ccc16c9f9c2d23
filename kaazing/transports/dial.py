# -*- test-case-name: tests.transports.test_dial,tests.transports.test_dial_websockets -*-
"""Reaching a backend: tcp, ssl, ws and wss connects become channels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from typing import Any

from OpenSSL import SSL
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TwistedTimeout
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ConnectError as TwistedConnectError
from twisted.internet.error import TimeoutError as TwistedTimeoutError
from twisted.internet.interfaces import IHandshakeListener, IReactorTCP
from twisted.internet.protocol import ClientFactory as TwistedClientFactory
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.config.model import ConnectOptions, Uri
from kaazing.errors import ConnectError
from kaazing.transports.handshakes import ClientFactory
from kaazing.transports.introducing import Introducing, header
from kaazing.transports.leantls import tls_factory
from kaazing.transports.starttls import begin_tls
from kaazing.transports.tcp import StreamChannel
from kaazing.transports.tls import reason
from kaazing.transports.trust import ClientContexts
from kaazing.transports.upgrade import encrypt, handshake_lost
from kaazing.transports.wheel import Wheel
from kaazing.wire.proxy_header import Client


class Dialler:
    """Dials backends for all services of a gateway."""

    def __init__(self, reactor: Any, wheel: Wheel, contexts: ClientContexts) -> None:
        self._reactor: IReactorTCP = reactor
        self._clock = reactor
        self._wheel, self._contexts = wheel, contexts

    def connect(
        self,
        uri: Uri,
        options: ConnectOptions,
        *,
        subprotocols: Sequence[str] = (),
        origin: str | None = None,
        max_message: int = 0,
        client: Client | None = None,
    ) -> Deferred[Any]:
        """Return a Deferred of a channel to C{uri}, held; it fails with ConnectError.

        Args:
            uri: tcp, ssl, ws or wss; of http and https the connection that requests go over.
            subprotocols, origin: what a WebSocket backend is told.
            max_message: longest message taken from a WebSocket backend, bytes; 0 for no limit.
            client: whose connection it is, for a PROXY header; None for the gateway's own.
        """
        begins = header(options.proxy_protocol, client, uri) if options.proxy_protocol else b""
        if uri.scheme in ("ws", "wss"):
            opened = self._connect_ws(uri, options, subprotocols, origin, max_message, begins)
        else:
            opened = self._connect_stream(uri, options, begins)
        opened.addErrback(_explain, uri)
        return opened

    def encrypt(self, channel: StreamChannel, uri: Uri, options: ConnectOptions) -> Deferred[None]:
        """Begin TLS on a channel to C{uri} that is held (STARTTLS), within the connect timeout.

        Returns:
            a Deferred that fires when the server is verified, and fails with ConnectError.
        """
        secured = encrypt(channel, self._contexts.creator(uri.host, options.tls))
        secured.addTimeout(options.timeout, self._clock)
        return secured.addErrback(_explain, uri)

    def _connect_stream(self, uri: Uri, options: ConnectOptions, begins: bytes) -> Deferred[Any]:
        secured = uri.secure and options.tls.encryption
        factory = _Secured() if secured else _Once()
        opened = factory.opened
        assert opened is not None
        dialled: Any = factory
        if secured:
            dialled = tls_factory(self._contexts.creator(uri.host, options.tls), True, factory)
            opened.addTimeout(options.timeout, self._clock)
        elif options.starttls:
            opened.addCallback(begin_tls, options.starttls, self._contexts.creator(uri.host, options.tls))
            opened.addTimeout(options.timeout, self._clock)
        self._dial(uri, options, dialled, begins)
        return opened

    def _connect_ws(
        self,
        uri: Uri,
        options: ConnectOptions,
        subprotocols: Sequence[str],
        origin: str | None,
        max_message: int,
        begins: bytes,
    ) -> Deferred[Any]:
        factory = ClientFactory(
            str(uri),
            self._wheel,
            inactivity=options.ws_inactivity,
            subprotocols=subprotocols,
            origin=origin,
            max_message=max_message,
        )
        opened = factory.opened
        assert opened is not None
        dialled: Any = factory
        if uri.secure and options.tls.encryption:
            dialled = tls_factory(self._contexts.creator(uri.host, options.tls), True, factory)
        opened.addTimeout(options.timeout, self._clock)
        self._dial(uri, options, dialled, begins)
        return opened

    def _dial(self, uri: Uri, options: ConnectOptions, factory: Any, begins: bytes) -> None:
        """Connect within the connect timeout; handshakes have their own clock."""
        if begins:
            factory = Introducing(factory, begins)
        if _is_address(uri.host):
            self._reactor.connectTCP(uri.host, uri.port, factory, options.timeout)
            return
        endpoint = HostnameEndpoint(self._clock, uri.host.encode("idna"), uri.port, options.timeout)
        dialling = endpoint.connect(factory).addTimeout(options.timeout, self._clock, _too_late)
        dialling.addErrback(lambda why: factory.clientConnectionFailed(None, why))


def _too_late(result: object, timeout: float) -> Failure:
    """All of it took longer than C{timeout}: looking the name up, and trying its addresses."""
    return Failure(TwistedTimeout())


@cache
def _is_address(host: str) -> bool:
    return isIPAddress(host) or isIPv6Address(host)


class _Once(TwistedClientFactory):
    """Makes one stream channel and says when it is connected.

    Attributes:
        opened: fires with the channel, held, or fails; None once it has.
    """

    noisy = False

    def __init__(self) -> None:
        self.opened: Deferred[Any] | None = Deferred(self.abandon)

    def buildProtocol(self, addr: Any) -> Protocol:
        """See L{TwistedClientFactory}."""
        made = self.channel()
        made.factory = self
        return made

    def channel(self) -> StreamChannel:
        """Return a channel that will report to L{connected}, or L{failed}."""
        return _Dialled()

    def connected(self, channel: StreamChannel) -> None:
        """The channel is ready to be used."""
        opened, self.opened = self.opened, None
        if opened is None or opened.called:  # timed out meanwhile
            channel.abort()
        else:
            opened.callback(channel)

    def failed(self, why: Failure) -> None:
        """It will not become ready."""
        opened, self.opened = self.opened, None
        if opened is not None and not opened.called:
            opened.errback(why)

    def abandon(self, opened: Deferred[Any]) -> None:
        """Whoever dials waits no longer."""

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        """See L{TwistedClientFactory}."""
        self.failed(reason)


class _Dialled(StreamChannel):
    """Reports as soon as TCP is connected."""

    factory: _Once | None

    def arrived(self) -> None:
        factory = self.factory
        assert factory is not None
        del self.factory  # nothing else of dialling is kept by an idle connection
        factory.connected(self)


class _Secured(_Once):
    """Makes one channel that is ready when the TLS handshake is done and the server verified."""

    _made: StreamChannel | None = None

    def channel(self) -> StreamChannel:
        """See L{_Once.channel}."""
        self._made = _Securing()
        return self._made

    def connected(self, channel: StreamChannel) -> None:
        """See L{_Once.connected}."""
        self._made = None
        super().connected(channel)

    def abandon(self, opened: Deferred[Any]) -> None:
        """See L{_Once.abandon}."""
        if self._made is not None:
            self._made.abort()


@implementer(IHandshakeListener)
class _Securing(_Dialled):
    """Reports when TLS is up, or that it never came up."""

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)

    def handshakeCompleted(self) -> None:
        """See L{IHandshakeListener}."""
        super().connectionMade()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.factory is not None:
            reason = handshake_lost(reason)
            self.factory.failed(reason)
        super().connectionLost(reason)


def _explain(why: Failure, uri: Uri) -> Failure:
    """Turn what Twisted says into a ConnectError with the address."""
    said: Any = why.value
    if why.check(ConnectError):
        sentence = str(said)
    elif why.check(TwistedTimeoutError, TwistedTimeout):
        sentence = "no answer within the connect timeout"
    elif why.check(SSL.Error):
        sentence = f"TLS: {reason(said)}"
    elif why.check(TwistedConnectError) and said.osError:
        sentence = os.strerror(said.osError)
    else:
        sentence = why.getErrorMessage().rstrip(".")
    return Failure(ConnectError(f"{uri.shown}: {sentence}"))
