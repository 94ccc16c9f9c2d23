"""Clients of three kinds that come, talk and go, as Twisted protocols: native, emulated, event stream."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from tests.wire.framing import raw

RECONNECT = b"\x0101\xff"
CLOSE = b"\x0102\xff"


class Line(Protocol):
    """One TCP connection, which tells C{heard} everything behind the head of the first response.

    Attributes:
        head: of the response; empty before it is whole.
    """

    transport: Any

    def __init__(self, request: bytes, heard: Callable[[bytes], None], gone: Callable[[], None]) -> None:
        self._request, self._heard, self._gone = request, heard, gone
        self._data = b""
        self.head = b""

    def connectionMade(self) -> None:
        """See L{Protocol}."""
        self.transport.write(self._request)

    def dataReceived(self, data: bytes) -> None:
        """See L{Protocol}."""
        if not self.head:
            self._data += data
            head, end, data = self._data.partition(b"\r\n\r\n")
            if not end:
                return
            self.head, self._data = head, b""
        self._heard(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See L{Protocol}."""
        self._gone()


class Client:
    """One client.

    Attributes:
        talked: messages of its own that came back, or events that came.
        over: whether it is gone, of itself or not.
    """

    def __init__(self, reactor: Any, port: int, chance: random.Random) -> None:
        self._reactor, self._port, self._chance = reactor, port, chance
        self._lines: list[Line] = []
        self.talked = 0
        self.over = False
        self.begin()

    def begin(self) -> None:
        """Come in."""
        raise NotImplementedError

    def talk(self) -> None:
        """Say something."""

    def leave(self) -> None:
        """Be gone: politely, by FIN or by RST."""
        self.over = True
        way = self._chance.randrange(3)
        if way == 0:
            self.farewell()
        for line in self._lines:
            if line.connected:
                line.transport.abortConnection() if way == 1 else line.transport.loseConnection()

    def farewell(self) -> None:
        """Say so."""

    def line(self, request: bytes, heard: Callable[[bytes], None]) -> Line:
        """Open one more connection."""
        made = Line(request, heard, self._gone)
        self._lines.append(made)
        dialling = connectProtocol(TCP4ClientEndpoint(self._reactor, "127.0.0.1", self._port), made)
        dialling.addCallbacks(self._dialled, lambda why: self._gone())
        return made

    def _dialled(self, line: Line) -> None:
        if self.over:
            line.transport.abortConnection()

    def _gone(self) -> None:
        self.over = True


class Native(Client):
    """A WebSocket of the echo service."""

    def begin(self) -> None:
        """See L{Client}."""
        self._line = self.line(
            b"GET /echo HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n" % self._port,
            self._heard,
        )

    def talk(self) -> None:
        """See L{Client}."""
        if self._line.head:
            self._line.transport.write(raw(2, self._chance.randbytes(100), key=b"\0\0\0\0"))

    def farewell(self) -> None:
        """See L{Client}."""
        if self._line.head:
            self._line.transport.write(raw(8, b"\x03\xe8", key=b"\0\0\0\0"))

    def _heard(self, data: bytes) -> None:
        self.talked += bool(data)


class Emulated(Client):
    """A session of the echo service over plain HTTP requests; docs/protocols/wse.md."""

    def begin(self) -> None:
        """See L{Client}."""
        self._sequence = 0
        self._body, self._path, self._unsent = b"", b"", b""
        self._down: Line | None = None
        self._asking = True
        self._up = self.line(self._request(b"POST", b"/echo/;e/cbm"), self._answered)

    def talk(self) -> None:
        """See L{Client}."""
        self._unsent += b"\x80\x64" + self._chance.randbytes(100)
        self._post()

    def farewell(self) -> None:
        """See L{Client}."""
        self._unsent += CLOSE
        self._post()

    def _post(self) -> None:
        if self._path and not self._asking and self._up.connected:
            self._asking = True
            body, self._unsent = self._unsent + RECONNECT, b""
            self._up.transport.write(self._request(b"POST", self._path, body))

    def _request(self, method: bytes, path: bytes, body: bytes = b"") -> bytes:
        made = (
            b"%b %b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-WebSocket-Version: wseb-1.0\r\nX-Sequence-No: %d\r\n"
            b"Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n%b"
            % (method, path, self._port, self._sequence, len(body), body)
        )
        self._sequence += method == b"POST"
        return made

    def _answered(self, data: bytes) -> None:
        """The create's answer, then those of what went up, which have no body."""
        if self._path:
            self._asking = False
            if self._unsent:
                self._post()
            return
        self._body += data
        if b"201" in self._up.head and self._body.count(b"/;e/") == 2 and len(self._body.split()[-1]) > 40:
            up, down = (b"/" + url.split(b"/", 3)[3] for url in self._body.split())
            self._path, self._asking = up, False
            self._down = self.line(self._request(b"GET", down), self._heard)

    def _heard(self, data: bytes) -> None:
        self.talked += len(data) > 50


class Listening(Client):
    """Server-sent events of the broadcast service."""

    def begin(self) -> None:
        """See L{Client}."""
        self.line(
            b"GET /feed HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: text/event-stream\r\n\r\n" % self._port,
            self._heard,
        )

    def _heard(self, data: bytes) -> None:
        self.talked += data.count(b"data:")
