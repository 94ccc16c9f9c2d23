# -*- test-case-name: tests.transports.test_handshakes -*-
"""The two ends of a WebSocket handshake; a backend's answer is read by Autobahn.  RFC 6455 section 4."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from autobahn.twisted.websocket import (
    WebSocketClientFactory,
    WebSocketClientProtocol,
    WebSocketServerFactory,
    WebSocketServerProtocol,
)
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from kaazing.config.model import Compression
from kaazing.errors import ConnectError, Side
from kaazing.transports.deflate import Agreement, Compressed, Deflate, agree, framed
from kaazing.transports.wheel import Wheel
from kaazing.transports.ws import CLOSED, OPEN, Socket
from kaazing.wire import extended
from kaazing.wire.frames import TEXT
from kaazing.wire.heads import Head, response_head, subprotocols
from kaazing.wire.switching import switching

CLOSE_TIMEOUT = 5.0  # seconds a peer may take to answer a Close, as in the original

MOST_KEPT = 16 * 1024 * 1024
"""Bytes of a message, where the accept has no limit, on connections that keep messages until they are whole:
compressed ones, and those by extended handshake."""

Fields = Sequence[tuple[bytes, bytes]]

_MOST_ANSWER = 16 * 1024  # bytes of a backend's handshake answer


class ServerSocket(Socket, WebSocketServerProtocol):  # type: ignore[misc]
    """The end towards a client that came to us."""

    side = Side.FRONT
    masks = False
    text_pings = False  # whether the client sees pings and pongs as text messages alone

    def answer(self, head: Head, chosen: str | None, more: Fields = ()) -> None:
        """Answer a handshake; the socket is open then, and held.

        Args:
            head: has passed L{kaazing.wire.heads.websocket_fault}.
            chosen: the subprotocol; None for none.
            more: header fields.

        Raises:
            ValueError: the client did not offer C{chosen}.
        """
        self._answer(head, chosen, (), more)

    def _answer(self, head: Head, chosen: str | None, extensions: Sequence[str], more: Fields) -> None:
        offer = subprotocols(head)
        if chosen is not None and chosen not in offer:
            raise ValueError(f"subprotocol {chosen!r} was chosen, which the client did not offer")
        fields = [*self.factory.fields, *switching(head, chosen, extensions), *more]
        self.websocket_protocol_in_use = chosen
        self.state = OPEN
        # The original's clients compare the whole status line.
        kin = extended.HANDSHAKE in offer
        self.transport.write(extended.answer(101, fields) if kin else response_head(101, fields))
        self._opened()

    def sendPing(self, payload: bytes | None = None) -> None:
        """Ask whether the client is there."""
        if self.text_pings:
            self.send(extended.PING, TEXT)
        else:
            super().sendPing(payload)


class CompressedSocket(Compressed, ServerSocket):
    """The same, with compression.

    Attributes:
        agreed: on what.
    """

    agreed: Agreement

    def answer(self, head: Head, chosen: str | None, more: Fields = ()) -> None:
        """See L{ServerSocket.answer}."""
        self._perMessageCompress = Deflate(self.agreed, self.max_message, self.factory.compression.ratio)
        self._answer(head, chosen, (self.agreed.header,), more)


class ServerFactory(WebSocketServerFactory):  # type: ignore[misc]
    """Makes the sockets of one accept.

    Attributes:
        wheel: the listener's.
        inactivity: seconds of silence after which a client is pinged and dropped; 0 for never.
        close_timeout: seconds.
        fields: of every answer to a handshake.
        compression: what may be agreed on; None for nothing.
    """

    close_timeout = CLOSE_TIMEOUT

    def __init__(
        self,
        wheel: Wheel,
        *,
        max_message: int,
        inactivity: float,
        server: str = "",
        compression: Compression | None = None,
        extends: bool = False,
    ) -> None:
        """
        Args:
            extends: whether the extended handshake is served.
        """
        super().__init__(server=server)
        self.fields = [(b"Server", server.encode())] if server else []
        self.wheel, self.inactivity, self.compression = wheel, inactivity, compression
        _set_options(self, max_message)
        self._extends = extends
        self._socket = _fixed(ServerSocket, max_message)
        self._compressed = _fixed(CompressedSocket, max_message)

    def extends(self, head: Head) -> bool:
        """Return whether the client gets the extended handshake."""
        return self._extends and extended.offered(head)

    def socket(self, transport: Any, head: Head) -> ServerSocket:
        """Return a socket on C{transport}; L{ServerSocket.answer} comes next."""
        agreed = self._agree(head.headers.get("sec-websocket-extensions"))
        made: ServerSocket
        if agreed is None:
            made = self._socket()
        else:
            made = self._compressed()
            made.agreed = agreed
        if not made.max_message and (agreed is not None or self.extends(head)):
            made.max_message = MOST_KEPT
        made.factory = self
        made.makeConnection(transport)
        return made

    def _agree(self, offer: str | None) -> Agreement | None:
        if offer is None or self.compression is None:
            return None
        return agree(WebSocketServerProtocol._parseExtensionsHeader(None, offer), self.compression)


class ClientSocket(Socket, WebSocketClientProtocol):  # type: ignore[misc]
    """The end towards a WebSocket backend that we dialled."""

    side = Side.BACK
    masks = True
    why = "closed during the WebSocket handshake"

    def connectionMade(self) -> None:
        """Begin the handshake, unless nobody waits for it any more."""
        opened = self.factory.opened
        if opened is None or opened.called:
            self.abort()
            return
        self.transport.setTcpNoDelay(True)
        self.startHandshake()

    def dataReceived(self, data: bytes) -> None:
        """See L{Socket.dataReceived}; an answer to the handshake is bounded."""
        super().dataReceived(data)
        if self.state not in (OPEN, CLOSED) and len(self.data) > _MOST_ANSWER:
            self.failHandshake(f"more than {_MOST_ANSWER} bytes of handshake answer")

    def processHandshake(self) -> None:
        """Read the answer; Autobahn's own way stops at bytes that are no text."""
        try:
            super().processHandshake()
        except ValueError:
            self.failHandshake("the answer to the handshake is no HTTP")

    def failHandshake(self, reason: str) -> None:
        """The answer was no, or no good."""
        self.why = reason
        self.abort()

    def _onOpen(self) -> None:
        self._opened()
        self.transport.pauseProducing()
        opened, self.factory.opened = self.factory.opened, None
        if opened is None or opened.called:  # timed out meanwhile
            self.abort()
        else:
            opened.callback(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See L{Socket.connectionLost}; before the handshake is done, the dialling has failed."""
        super().connectionLost(reason)
        if reason.check(ConnectionDone, ConnectionLost, ConnectionAborted):
            reason = Failure(ConnectError(self.why))
        self.factory.clientConnectionFailed(None, reason)


class ClientFactory(WebSocketClientFactory):  # type: ignore[misc]
    """Makes one socket towards a WebSocket backend.

    Attributes:
        opened: fires with the channel, held, or fails with ConnectError; None once it has.
    """

    close_timeout = CLOSE_TIMEOUT
    noisy = False
    host: str

    def __init__(
        self,
        url: str,
        wheel: Wheel,
        *,
        inactivity: float = 0.0,
        subprotocols: Sequence[str] = (),
        origin: str | None = None,
        max_message: int = 0,
    ) -> None:
        super().__init__(url, origin=origin, protocols=list(subprotocols), useragent=None)
        if ":" in self.host:
            self.host = f"[{self.host}]"  # as the Host field wants it (RFC 9110 section 7.2)
        self.wheel, self.inactivity = wheel, inactivity
        self.opened: Deferred[Any] | None = Deferred(self._abandon)
        self._max_message = max_message
        self._made: ClientSocket | None = None
        _set_options(self, max_message)

    def buildProtocol(self, addr: Any) -> ClientSocket:
        """See L{twisted.internet.protocol.Factory}."""
        made: ClientSocket = _fixed(ClientSocket, self._max_message)()
        made.factory = self
        self._made = made
        return made

    def _abandon(self, opened: Deferred[Any]) -> None:
        """Whoever dials waits no longer."""
        if self._made is not None:
            self._made.abort()

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        """See L{twisted.internet.protocol.ClientFactory}."""
        opened, self.opened = self.opened, None
        if opened is not None and not opened.called:
            opened.errback(reason)


def _set_options(factory: Any, max_message: int) -> None:
    factory.failByDrop = False
    factory.echoCloseCodeReason = True
    factory.openHandshakeTimeout = 0  # the doorman's, or the dialler's
    factory.closeHandshakeTimeout = factory.serverConnectionDropTimeout = 0  # the wheel's
    factory.maxMessagePayloadSize = max_message
    factory.maxFramePayloadSize = max_message


@cache
def _fixed(socket: Any, max_message: int) -> Any:
    """Return C{socket} with Autobahn's options as class attributes, so that no instance carries them."""
    serves = issubclass(socket, ServerSocket)
    factory: Any = WebSocketServerFactory() if serves else WebSocketClientFactory()
    compressed = issubclass(socket, Compressed)
    _set_options(factory, framed(max_message) if compressed else max_message)
    factory.utf8validateIncoming = not compressed  # which looks at whole messages itself
    autobahn = WebSocketServerProtocol if serves else WebSocketClientProtocol
    options = {name: getattr(factory, name) for name in autobahn.CONFIG_ATTRS}
    plain = {name: staticmethod(value) if callable(value) else value for name, value in options.items()}
    return type(socket.__name__, (socket,), {**plain, "max_message": max_message})
