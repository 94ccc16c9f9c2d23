"""Reaching a WebSocket backend: what it is told, and which answers are no good."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha1

from kaazing.config.model import TlsOptions
from kaazing.errors import ConnectError
from kaazing.transports.leantls import tls_factory
from tests.transports.certificates import SERVER, showing
from tests.transports.doors import Ear
from tests.transports.test_dial import TIMEOUT, DialTestCase

ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: %b\r\n%b\r\n"
)


class WsTests(DialTestCase):
    """ws connects."""

    scheme = "ws"

    def answer(self, *fields: bytes) -> None:
        """Let the server accept the handshake."""
        fields_sent = dict(
            line.split(": ", 1) for line in self.server.heard.decode().split("\r\n")[1:] if line
        )
        key = fields_sent["Sec-WebSocket-Key"]
        self.server.say(ANSWER % (_accept(key), b"".join(field + b"\r\n" for field in fields)))

    def test_reached(self) -> None:
        """
        The handshake says whose page it is and which subprotocols it offers; the channel has the choice.
        """
        dialling = self.dial("backend.example", subprotocols=("a", "b"), origin="http://page.example")
        self.network.settle()
        line, *fields = self.server.heard.decode().split("\r\n")
        named = {name: value for name, _, value in (field.partition(": ") for field in fields if field)}
        named.pop("Sec-WebSocket-Key")
        self.assertEqual(line, "GET /x HTTP/1.1")
        self.assertEqual(
            named,
            {
                "Host": "backend.example:7",
                "Upgrade": "WebSocket",
                "Connection": "Upgrade",
                "Pragma": "no-cache",
                "Cache-Control": "no-cache",
                "Origin": "http://page.example",
                "Sec-WebSocket-Protocol": "a,b",
                "Sec-WebSocket-Version": "13",
            },
        )
        self.assertNoResult(dialling)
        self.answer(b"Sec-WebSocket-Protocol: b")
        self.network.settle()
        channel = self.successResultOf(dialling)
        self.assertEqual((channel.open, channel.subprotocol, channel.messages), (True, "b", True))
        self.network.wait(60)
        self.assertTrue(channel.open)

    def test_early(self) -> None:
        """
        A message right behind the backend's answer waits until the service listens.
        """
        dialling = self.dial()
        self.network.settle()
        self.answer()
        self.server.say(b"\x82\x05hello")
        self.network.settle()
        channel, ear = self.successResultOf(dialling), Ear()
        channel.receiver = ear
        channel.resume()
        self.network.settle()
        self.assertEqual(ear.heard, [b"hello"])

    def test_refusals(self) -> None:
        """
        A backend that answers with something else is not reached, and left.
        """
        for answer, reason in (
            (b"HTTP/1.1 403 Forbidden\r\n\r\n", ".*403"),
            (ANSWER % (b"wrong", b""), ".*Sec-WebSocket-Accept"),
            (b"220 smtp.example ESMTP\r\n\r\n", ".*"),
            (b"x" * 100_000, "more than 16384 bytes of handshake answer"),
            (b"", "closed during the WebSocket handshake"),
        ):
            self.setUp()
            dialling = self.dial()
            self.network.settle()
            self.server.say(answer)
            self.server.hang_up()
            self.network.settle()
            why = self.failureResultOf(dialling, ConnectError)
            self.assertRegex(str(why.value), f"^wss?://192.0.2.7:7/x: {reason}")
            self.quiet()

    def test_unasked_subprotocol(self) -> None:
        """
        A subprotocol that nobody offered is no good (RFC 6455 section 4.1).
        """
        dialling = self.dial(subprotocols=("a",))
        self.network.settle()
        self.answer(b"Sec-WebSocket-Protocol: z")
        self.network.settle()
        self.failureResultOf(dialling, ConnectError)

    def test_no_answer(self) -> None:
        """
        A backend that takes the connection and does not answer the handshake is given up, and left.
        """
        dialling = self.dial()
        self.network.wait(TIMEOUT)
        why = self.failureResultOf(dialling, ConnectError)
        said = str(why.value)
        self.assertEqual(said, f"{self.scheme}://192.0.2.7:7/x: no answer within the connect timeout")
        self.quiet()

    def test_late_answer(self) -> None:
        """
        An answer after that is of no use.
        """
        self.network.silent.add(("192.0.2.7", 7))
        dialling = self.dial()
        self.network.wait(TIMEOUT)
        self.failureResultOf(dialling, ConnectError)
        self.quiet()

    def test_refused(self) -> None:
        """
        A backend that is not there is named as over TCP.
        """
        self.network.listening.clear()
        self.assertEqual(self.refusal(), f"{self.scheme}://192.0.2.7:7/x: Connection refused")


class WssTests(WsTests):
    """The same over TLS."""

    scheme = "wss"
    certified = SERVER

    def listen(self, address: str) -> None:
        """Let the server be there, with a certificate for localhost."""
        super().listen(address)
        contexts = showing(self.certified)
        inner = self.network.listening[address, 7]
        self.network.listening[address, 7] = tls_factory(contexts, False, inner)
        self.tls = TlsOptions(verify_server=False)

    def test_certificate(self) -> None:
        """
        Why a certificate is no good is said as it is of ssl.
        """
        self.tls = TlsOptions()
        self.assertRegex(self.refusal("backend.example"), "^wss://backend.example:7/x: TLS: .*certif")
        self.quiet()


def _accept(key: str) -> bytes:
    """The Sec-WebSocket-Accept of a key (RFC 6455 section 4.2.2)."""
    return b64encode(sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
