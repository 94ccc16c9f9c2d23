"""Bodies of a real HTTP server's answers: within bounds, and left when nobody waits for them any more."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent, HTTPConnectionPool, ResponseFailed

from kaazing.errors import LoginUnavailable
from kaazing.security.bodies import read_body


class Server(Protocol):
    """Answers what comes with the factory's bytes; C{ends}: and closes the connection."""

    factory: Any

    def dataReceived(self, data: bytes) -> None:
        self.transport.write(self.factory.answer)  # type: ignore[union-attr]
        if self.factory.ends:
            self.transport.loseConnection()  # type: ignore[union-attr]

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.gone.callback(None)


class BodyTests(TestCase):
    def ask(self, fields: bytes, body: bytes, ends: bool = False) -> Deferred[Any]:
        """Ask a server that answers so; return its response. C{gone} fires when the connection is gone."""
        factory: Any = Factory.forProtocol(Server)
        factory.answer, factory.ends = b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n" + body, ends
        self.gone = factory.gone = Deferred[None]()
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        self.pool = HTTPConnectionPool(reactor)
        agent = Agent(reactor, pool=self.pool)
        url = f"http://127.0.0.1:{port.getHost().port}/"  # type: ignore[attr-defined]
        return agent.request(b"GET", url.encode())

    async def test_whole(self) -> None:
        """
        A body with a length is read, its connection kept; one without ends with its connection.
        """
        body = await read_body(await self.ask(b"Content-Length: 5\r\n", b"hello"), 5, "it")
        self.assertEqual((body, self.gone.called), (b"hello", False))
        await self.pool.closeCachedConnections()
        await self.gone
        self.assertEqual(await read_body(await self.ask(b"", b"hello", ends=True), 5, "it"), b"hello")

    async def test_too_long(self) -> None:
        """
        One byte too many, and the connection is ended.
        """
        body = read_body(await self.ask(b"Content-Length: 1000000\r\n", b"hello!"), 5, "it")
        why = await self.assertFailure(body, LoginUnavailable)
        await self.gone
        self.assertEqual(str(why), "it says more than 5 bytes")

    async def test_cut(self) -> None:
        """
        A body that is cut is none.
        """
        body = read_body(await self.ask(b"Content-Length: 9\r\n", b"hello", ends=True), 9, "it")
        await self.assertFailure(body, ResponseFailed)

    async def test_left(self) -> None:
        """
        When nobody waits any more, the connection is ended, though the server would still send for hours.
        """
        body = read_body(await self.ask(b"Content-Length: 9\r\n", b"hello"), 9, "it")
        body.cancel()
        await self.assertFailure(body, CancelledError)
        await self.gone
