# -*- test-case-name: tests.transports.test_opening,tests.transports.test_opening_clients -*-
"""The extended handshake, inside an open WebSocket; see L{kaazing.wire.extended}."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import partial
from typing import Any

from twisted.logger import Logger
from zope.interface import implementer

from kaazing.closecodes import code_for
from kaazing.errors import BadRequest
from kaazing.interfaces.channels import IReceiver
from kaazing.interfaces.services import Visit, Welcome
from kaazing.transports.arrivals import ask, too_slow
from kaazing.transports.bridge import what
from kaazing.transports.exchange import date
from kaazing.transports.extended import Extended
from kaazing.transports.handshakes import ServerSocket
from kaazing.wire.extended import (
    CONTROL,
    HANDSHAKE,
    IDLE_TIMEOUT,
    NOT_BALANCED,
    PING_PONG,
    Inner,
    answer,
    manner,
    read,
    redirection,
)
from kaazing.wire.frames import BINARY
from kaazing.wire.heads import Head
from kaazing.wire.switching import switching

REQUEST_TIMEOUT = 10.0  # seconds for the inner request
LOGIN_TIMEOUT = 120.0  # seconds for one with credentials, for which a person may have to be asked
MOST_REQUESTS = 10  # inner requests of one connection

_log = Logger(namespace="kaazing.extended")


@implementer(IReceiver)
class Opening:
    """Answers the inner requests of one connection; its socket's receiver until one is let in."""

    def __init__(self, socket: ServerSocket, service: Any, head: Head, visit: Visit) -> None:
        """
        Args:
            socket: has answered the opening request, and is held.
            service: the IService to be asked.
            head: of the opening request.
            visit: what that says.
        """
        self._socket, self._service, self._head = socket, service, head
        self._manner = manner(visit.query)
        self._visit = replace(visit, query=self._manner.query)
        self._wheel = socket.factory.wheel
        self._waiting: deque[tuple[bytes, int]] = deque()  # messages of the chunk that is being read
        self._asking = False  # the service
        self._over = False
        self._requests = 0

    def begin(self) -> None:
        """Read the first inner request."""
        self._socket.whole = True
        self._socket.receiver = self
        if self._manner.balanced:
            self._socket.send(NOT_BALANCED, BINARY)
        self._wheel.put(self, self._wheel.now() + REQUEST_TIMEOUT)
        self._socket.resume()

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}."""
        self._waiting.append((data, kind))
        self._go_on()

    def ended(self) -> None:
        """See L{IReceiver}."""
        self._leave()
        self._socket.finish()

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}."""
        self._leave()
        self._socket.finish(code_for(why), what(why))

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""
        self._leave()

    def congested(self) -> None:
        """See L{IReceiver}; the answers are small, and few."""

    def drained(self) -> None:
        """See L{IReceiver}."""

    def due(self, now: float) -> None:
        """No request came in time; called by the wheel."""
        self._refuse(too_slow())

    def _leave(self) -> None:
        self._over = True
        self._waiting.clear()
        self._wheel.take(self)

    def _go_on(self) -> None:
        while self._waiting and not (self._asking or self._over):
            self._request(self._waiting.popleft()[0])

    def _request(self, data: bytes) -> None:
        self._wheel.take(self)
        self._requests += 1
        try:
            inner = read(data, self._head)
            if self._requests > MOST_REQUESTS:
                raise BadRequest(
                    403, f"more than {MOST_REQUESTS} requests", rule="docs/protocols/websocket.md"
                )
        except BadRequest as why:
            self._refuse(why)
            return
        self._asking = True
        self._socket.hold()
        offered = tuple(name for name in inner.protocols if name != HANDSHAKE)  # it is no service's
        offered = offered or self._visit.subprotocols  # the Java client has said them, and says them once
        visit = replace(self._visit, headers=self._merged(inner, offered), subprotocols=offered)
        let_in = partial(self._let_in, inner)
        ask(self._service, visit, let_in, self._turn_away, self._socket.abort)

    def _merged(self, inner: Inner, offered: tuple[str, ...]) -> dict[str, str]:
        """Return the fields of the opening request with those of the inner one in place of theirs."""
        headers = dict(self._visit.headers)
        for name in ("sec-websocket-protocol", "sec-websocket-extensions"):
            headers.pop(name, None)
        if offered:
            headers["sec-websocket-protocol"] = ", ".join(offered)
        if inner.authorization is not None:
            headers["authorization"] = inner.authorization
        return headers

    def _let_in(self, inner: Inner, welcome: Welcome) -> None:
        if self._over:
            self._service.declined(welcome)
            return
        socket, inactivity = self._socket, self._socket.factory.inactivity
        agreed = []
        idle, signs = inactivity and IDLE_TIMEOUT in inner.extensions, PING_PONG in inner.extensions
        if idle:
            agreed.append(f"{IDLE_TIMEOUT};timeout={inactivity * 1000:.0f}")
        if signs:
            agreed.append(f"{PING_PONG};{CONTROL.hex()}")
        fields = [*switching(self._head, welcome.subprotocol, agreed), *welcome.fields]
        self._answer(101, fields, NOT_BALANCED)
        waiting = list(self._waiting)
        self._leave()
        channel = Extended(socket, welcome.subprotocol, signs=signs, idle=inactivity if idle else 0.0)
        for data, kind in waiting:
            channel.received(data, kind)
        self._service.accepted(channel, welcome)

    def _turn_away(self, why: BadRequest) -> None:
        self._asking = False
        if self._over:
            return
        if why.status != 401:
            self._refuse(why)
            return
        self._answer(why.status, [*why.headers, (b"Content-Length", b"0")])
        self._wheel.put(self, self._wheel.now() + LOGIN_TIMEOUT)
        self._socket.resume()
        self._go_on()

    def _refuse(self, why: BadRequest) -> None:
        """Tell a client that it is not let in here, and close."""
        _log.debug("{peer} refused: {why}", peer=self._socket.peer, why=why)
        location = dict(why.headers).get(b"Location")
        if location is not None and self._manner.balanced:  # such a client follows no other redirect
            self._socket.send(redirection(location.decode()), BINARY)
        else:
            closing = [(b"Content-Length", b"0"), (b"Connection", b"close")]
            self._answer(why.status, [*why.headers, *closing])
        self._leave()
        self._socket.finish(code_for(why), why.what)

    def _answer(self, status: int, fields: list[tuple[bytes, bytes]], last: bytes = b"") -> None:
        messages = [answer(status, [*fields, (b"Date", date()), *self._socket.factory.fields])]
        if self._manner.ends:
            messages.append(b"")
        if self._manner.balanced and last:
            messages.append(last)
        self._socket.send_all(messages, BINARY)
