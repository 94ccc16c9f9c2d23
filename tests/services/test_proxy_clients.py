"""Service type proxy in a gateway: what clients and backends see of each other."""

from __future__ import annotations

from typing import Any

from kaazing.config.model import RealmConfig
from tests.running import GatewayTestCase, close, service


class ProxyingTests(GatewayTestCase):
    """In a gateway."""

    def proxy(
        self,
        accept: str = "ws://localhost:8000/",
        connect: str = "tcp://192.0.2.7:7",
        properties: dict[str, Any] | None = None,
    ) -> None:
        """Start one."""
        self.backends = self.backend("192.0.2.7", 7)
        self.start(service("p", "proxy", accept, connect=connect, properties=properties))

    def test_stream_backend(self) -> None:
        """
        Messages become bytes and bytes become binary messages; nothing sent early is lost.
        """
        self.proxy()
        client = self.browse("/", "Sec-WebSocket-Protocol: imap, other")
        self.assertEqual(client.fields["sec-websocket-protocol"], "imap")
        (back,) = self.backends
        client.say_frames((1, b"hel"), (2, b"lo"))
        back.say(b"* OK ready")
        self.network.settle()
        self.assertEqual((back.heard, client.frames), (b"hello", [(2, b"* OK ready")]))
        back.hang_up()
        self.network.settle()
        self.assertEqual(client.frames[-1], close(1000))

    def test_text(self) -> None:
        """
        With message.kind text they become text, cut at characters.
        """
        self.proxy(properties={"message.kind": "text"})
        client = self.browse("/")
        (back,) = self.backends
        for piece in ("ü".encode()[:1], "ü".encode()[1:] + b"ber"):
            back.say(piece)
            self.network.settle()
        self.assertEqual(client.frames, [(1, "über".encode())])

    def test_event_stream(self) -> None:
        """
        What a backend says becomes events, cut at characters; either end takes the other with it.
        """
        self.proxy("sse://localhost:8000/")
        for leaves in ("backend", "client"):
            client = self.call()
            client.say(b"GET / HTTP/1.1\r\nHost: localhost:8000\r\n\r\n")
            self.network.settle()
            back = self.backends.pop()
            for piece in ("ü".encode()[:1], "ü".encode()[1:] + b"ber\nzwei"):
                back.say(piece)
                self.network.settle()
            self.assertEqual(client.head, "HTTP/1.1 200 OK")
            self.assertTrue(client.heard.endswith("\n\ndata:über\ndata:zwei\n\n".encode()), client.heard)
            (back if leaves == "backend" else client).hang_up()
            self.network.settle()
            self.assertTrue((client if leaves == "backend" else back).told, leaves)

    def test_session_timeout(self) -> None:
        """
        When the time that a realm gives is over, a client is told so and its backend is left, whatever way
        they came.
        """
        realm = RealmConfig(name="demo", session_timeout=60.0)
        self.backends = self.backend("192.0.2.7", 7)
        accepts = ("ws://localhost:8000/", "tcp://localhost:8001")
        self.start(service("p", "proxy", *accepts, connect="tcp://192.0.2.7:7", realm=realm))
        socket = self.browse("/")
        stream = self.call(port=8001)
        self.network.settle()
        self.network.wait(62)
        self.assertEqual(socket.frames, [close(1000, b"the session-timeout is over")])
        self.assertIsNotNone(stream.ended)
        self.assertEqual([back.ended is not None for back in self.backends], [True, True])
        over = r"^service p: client 192\.0\.2\.1:[0-9]+: the session-timeout is over$"
        for said in self.said:
            self.assertRegex(said, over)

    def test_not_reached(self) -> None:
        """
        A client whose backend is not reached is let in and closed with 1011; the log has one line
        with the service, the client, the address and the error.
        """
        self.proxy()
        self.network.listening.pop(("192.0.2.7", 7))
        client = self.browse("/")
        self.assertEqual(client.head, "HTTP/1.1 101 Switching Protocols")
        self.assertEqual(client.frames, [close(1011, b"the backend cannot be reached")])
        expected = "service p: client 192.0.2.1:5000: tcp://192.0.2.7:7: Connection refused"
        self.assertEqual(self.said, [expected])

    def test_never_answers(self) -> None:
        """
        A backend that never answers is given up after the connect timeout; meanwhile nothing is read.
        """
        self.proxy()
        self.network.silent.add(("192.0.2.7", 7))
        client = self.browse("/")
        client.say_frames((1, b"waiting"))
        self.network.wait(9.5)
        self.assertEqual(client.frames, [])
        self.assertEqual(self.network.cables[0].left.producerState, "paused")
        self.network.wait(1)
        self.assertEqual(client.frames, [close(1011, b"the backend cannot be reached")])

    def test_stream_both_ways(self) -> None:
        """
        A tcp accept carries bytes and each end's FIN to the other.
        """
        self.proxy("tcp://127.0.0.1:8000")
        client = self.call()
        (back,) = self.backends
        back.patient = True
        client.say(b"ping")
        self.network.settle()
        client.transport.loseWriteConnection()
        self.network.settle()
        self.assertTrue(back.told)
        back.say(b"pong")
        back.hang_up()
        self.network.settle()
        self.assertEqual((back.heard, client.heard), (b"ping", b"pong"))
        self.assertIsNotNone(client.ended)

    def test_stream_not_reached(self) -> None:
        """
        A client of a tcp accept whose backend is not reached is closed, and nothing is left of it.
        """
        self.proxy("tcp://127.0.0.1:8000")
        self.network.listening.pop(("192.0.2.7", 7))
        client = self.call()
        self.assertIsNotNone(client.ended)
        self.assertFalse(self.network.cables[0].left.connected)

    def test_websocket_backend(self) -> None:
        """
        A WebSocket backend gets the offer and the origin, its choice is echoed, and messages keep
        their kind and boundaries both ways.
        """
        self.proxy(connect="ws://192.0.2.7:7/x")
        client = self.browse("/", "Sec-WebSocket-Protocol: a, b", "Origin: http://localhost:8000")
        (back,) = self.backends
        self.assertEqual(client.heard, b"")
        self.assertEqual(back.head, "GET /x HTTP/1.1")
        named = ("sec-websocket-protocol", "origin")
        self.assertEqual([back.fields[name] for name in named], ["a,b", "http://localhost:8000"])
        back.switch(b"Sec-WebSocket-Protocol: b")
        self.network.settle()
        self.assertEqual(client.fields["sec-websocket-protocol"], "b")
        client.say_frames((1, b"one"), (2, b"two"), (1, b""))
        back.say_frames((2, b"three"), (1, b"four"))
        self.network.settle()
        self.assertEqual(back.frames, [(1, b"one"), (2, b"two"), (1, b"")])
        self.assertEqual(client.frames, [(2, b"three"), (1, b"four")])

    def test_websocket_backend_says_no(self) -> None:
        """
        A client whose WebSocket backend refuses gets 502, and the log says what the backend said.
        """
        self.proxy(connect="ws://192.0.2.7:7/x")
        client = self.browse("/")
        self.backends[0].say(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        self.network.settle()
        self.assertEqual(client.head, "HTTP/1.1 502 Bad Gateway")
        (said,) = self.said
        self.assertRegex(said, "^service p: client 192.0.2.1:5000: ws://192.0.2.7:7/x: .*403")

    def test_client_gone_meanwhile(self) -> None:
        """
        A WebSocket backend dialled for a client that went away is left.
        """
        self.proxy(connect="ws://192.0.2.7:7/x")
        client = self.browse("/")
        self.network.cables[0].left.hang_up()
        self.backends[0].switch()
        self.network.settle()
        self.assertEqual(client.heard, b"")
        self.assertIsNotNone(self.backends[0].ended)

    def test_back_pressure(self) -> None:
        """
        While one end does not take what waits for it, the other is not read.
        """
        self.proxy(properties={"maximum.pending.bytes": 100})
        self.browse("/")
        front, back = self.network.cables[0].left, self.network.cables[1].right
        self.assertEqual((front.bufferSize, back.bufferSize), (100, 100))
        for congested, other in ((front, back), (back, front)):
            congested.overflow()
            self.assertEqual((congested.producerState, other.producerState), ("producing", "paused"))
            congested.drain()
            self.assertEqual(other.producerState, "producing")
