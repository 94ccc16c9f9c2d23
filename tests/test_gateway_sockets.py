"""What an accept's options and scheme come to for its WebSockets, from the configuration to the wire."""

from __future__ import annotations

from kaazing.config.model import AcceptOptions, Compression
from tests.running import GatewayTestCase, close, service
from tests.transports.test_deflate import deflated, inflated

OFFER = "Sec-WebSocket-Extensions: permessage-deflate"
ORIGINAL = "Sec-WebSocket-Protocol: x-kaazing-handshake, a"
REQUEST = (1, b"GET /s HTTP/1.1\r\nSec-WebSocket-Extensions: x-kaazing-ping-pong\r\n\r\n")
TEXT_PING, TEXT_PONG = (1, b"\1\1\1\2\x09\0"), (1, b"\1\1\1\2\x0a\0")


class CompressionTests(GatewayTestCase):
    """The option ws.compression."""

    def test_option(self) -> None:
        """
        Compression is agreed to on accepts that have it, with their own options, and on no others.
        """
        wide = Compression(context_takeover=True, window_bits=15)
        for compression, agreed in (
            (None, None),
            (Compression(), f"{OFFER[26:]}; server_no_context_takeover; client_no_context_takeover"),
            (wide, OFFER[26:]),
        ):
            options = AcceptOptions(compression=compression)
            gateway = self.start(service("s", "echo", "ws://localhost:8000/s", accept_options=options))
            head = self.browse("/s", OFFER)
            self.assertEqual(head.fields.get("sec-websocket-extensions"), agreed)
            gateway.stopService()
            self.network.settle()

    def test_echo(self) -> None:
        """
        The echo of a compressed message is compressed, and the connection closes as any other.
        """
        options = AcceptOptions(compression=Compression())
        self.start(service("s", "echo", "ws://localhost:8000/s", accept_options=options))
        client = self.browse("/s", OFFER)
        client.say_frames((0x41, deflated(b"hello " * 20)))
        self.network.settle()
        at = client.heard.index(b"\r\n\r\n") + 4
        self.assertEqual((client.heard[at], inflated(bytes(client.heard[at + 2 :]))), (0xC1, b"hello " * 20))
        client.say_frames(close(1000))
        self.network.settle()
        self.assertTrue(client.heard.endswith(b"\x88\x02\x03\xe8"))


class OriginalTests(GatewayTestCase):
    """The original's clients."""

    def test_schemes(self) -> None:
        """
        Accepts over ws and wsx have the extended handshake; on those over wsn the next subprotocol counts.
        """
        for scheme, chosen in (("ws", "x-kaazing-handshake"), ("wsx", "x-kaazing-handshake"), ("wsn", "a")):
            gateway = self.start(service("s", "echo", f"{scheme}://localhost:8000/s"))
            self.assertEqual(self.browse("/s", ORIGINAL).fields.get("sec-websocket-protocol"), chosen, scheme)
            gateway.stopService()
            self.network.settle()

    def test_echo(self) -> None:
        """
        Messages come back, pings are answered with pongs, and each is what the client takes it for.
        """
        self.start(service("s", "echo", "ws://localhost:8000/s"))
        client = self.browse("/s", ORIGINAL)
        client.say_frames(REQUEST, (1, b"hello"), TEXT_PING, (1, TEXT_PING[1][:4]), TEXT_PING, (2, b"\0"))
        self.network.settle()
        escape = (1, TEXT_PING[1][:4])
        self.assertEqual(client.frames[1:], [(1, b"hello"), TEXT_PONG, escape, TEXT_PING, (2, b"\0")])

    def test_proxy(self) -> None:
        """
        A proxy passes what they say to its backend, and back, and the end of either to the other.
        """
        for backend_ends in (False, True):
            called = self.backend("127.0.0.1", 9000)
            gateway = self.start(
                service("s", "proxy", "ws://localhost:8000/s", connect="tcp://127.0.0.1:9000")
            )
            client = self.browse("/s", ORIGINAL)
            self.assertEqual(called, [])  # nobody is dialled for who has not asked
            client.say_frames(REQUEST, (2, b"hello "), (1, b"backend"))
            self.network.settle()
            [backend] = called
            backend.say(b"hello client")
            self.network.settle()
            self.assertEqual(
                (bytes(backend.heard), client.frames[1:]), (b"hello backend", [(2, b"hello client")])
            )
            if backend_ends:
                backend.hang_up()
                self.network.settle()
                client.say_frames(close(1000))
            else:
                client.say_frames(close(1000))
            self.network.settle()
            self.assertEqual((client.frames[2:], backend.told or backend_ends), ([close(1000)], True))
            gateway.stopService()
            self.network.settle()
