"""Tests for L{kaazing.transports.handshakes}: the two ends of a WebSocket handshake."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure

from kaazing.errors import ConnectError
from kaazing.transports.handshakes import ClientFactory, ClientSocket
from kaazing.wire.heads import peek
from tests.transports.scenes import BINARY, REQUEST, TEXT, Scene, SceneTestCase, Speaker, close, switching
from tests.transports.test_ws import Hearing
from tests.wire.framing import raw

BEGINNINGS = (b"", b"HTTP/1.1 ", b"HTTP/1.1 101 ", b"HTTP/1.1 101 x\r\n")  # of an answer
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # for the key of RFC 6455 section 1.3


def fields(head: bytes) -> tuple[str, dict[str, str]]:
    """Take a head apart: its first line, and its fields by lower-case name."""
    line, *lines = head.decode().removesuffix("\r\n\r\n").split("\r\n")
    return line, {name.lower(): value for name, _, value in (text.partition(": ") for text in lines)}


class ServerTests(SceneTestCase):
    """The end towards a browser."""

    def answer(self, request: bytes = REQUEST, chosen: str | None = None) -> tuple[str, dict[str, str]]:
        """Return the answer to a request."""
        transport, far = self.net.connect(Protocol())
        head = peek(request)
        assert head is not None
        socket = self.scene.sockets.socket(transport, head)
        socket.answer(head, chosen)
        self.net.turn()
        self.channel = socket
        return fields(bytes(far.got))

    def test_answer(self) -> None:
        """
        The answer holds what RFC 6455 section 4.2.2 asks for, and no Server field unless one is wanted.
        """
        said = {"upgrade": "WebSocket", "connection": "Upgrade", "sec-websocket-accept": ACCEPT}
        self.assertEqual(self.answer(), ("HTTP/1.1 101 Switching Protocols", said))
        self.scene.sockets.fields = [(b"Server", b"Kaazing")]
        self.assertEqual(self.answer()[1], {**said, "server": "Kaazing"})
        self.assertTrue(self.channel.open)

    def test_subprotocol(self) -> None:
        """
        What the service chose is echoed, and is the channel's; nothing where it chose none.
        """
        for chosen in ("one", "two", None):
            _, said = self.answer(chosen=chosen)
            self.assertEqual((said.get("sec-websocket-protocol"), self.channel.subprotocol), (chosen, chosen))

    def test_extensions(self) -> None:
        """
        Whatever a browser offers, no extension is agreed on, nor is a strange offer an error.
        """
        for offer in (b"permessage-deflate; client_max_window_bits", b"permessage-deflate, x-unknown; a=b"):
            request = REQUEST[:-2] + b"Sec-WebSocket-Extensions: " + offer + b"\r\n\r\n"
            line, said = self.answer(request)
            self.assertEqual((line[9:12], said.get("sec-websocket-extensions")), ("101", None), offer)

    def test_limits(self) -> None:
        """
        Sockets of accepts with different limits do not share them.
        """
        too_big = "failed: client byte 1: message of more than 10 bytes (RFC 6455 section 10.4)"
        for limit, heard in ((10, too_big), (11, (TEXT, b"x" * 11))):
            _, channel = Scene(self.net, max_message=limit).front(raw(TEXT, b"x" * 11))
            hearing = Hearing(channel)
            channel.resume()
            self.assertEqual(hearing.heard, [heard])


class ClientTests(SceneTestCase):
    """The end towards a WebSocket backend."""

    def dial(self, url: str = "ws://backend.example:8080/x?y", **more: Any) -> Any:
        """Begin a handshake; return the backend."""
        self.factory = ClientFactory(url, self.scene.wheel, **more)
        self.opened: list[ClientSocket] = []
        self.failed: list[str] = []
        assert self.factory.opened is not None
        self.dialling = self.factory.opened
        self.dialling.addCallbacks(self.opened.append, self._failed)
        _, far = self.net.connect(self.factory.buildProtocol(None))
        self.backend = Speaker(far, masks=False)
        self.net.turn()
        self.assertEqual(self.backend.heard, [])
        return self.backend

    def _failed(self, why: Failure) -> None:
        why.trap(ConnectError, CancelledError)
        self.failed.append(str(why.value))

    def answer(self, *more: bytes, behind: bytes = b"") -> None:
        """Answer well, with more header fields."""
        self.backend.say_raw(switching(self.backend.head, *more) + behind)
        self.net.turn()

    def test_request(self) -> None:
        """
        The request names the host and port, the path and query, and nothing of us.
        """
        line, said = fields(self.dial().head)
        self.assertEqual(line, "GET /x?y HTTP/1.1")
        self.assertEqual(len(said.pop("sec-websocket-key")), 24)
        self.assertEqual(
            said,
            {
                "host": "backend.example:8080",
                "upgrade": "WebSocket",
                "connection": "Upgrade",
                "pragma": "no-cache",
                "cache-control": "no-cache",
                "sec-websocket-version": "13",
            },
        )

    def test_told(self) -> None:
        """
        Origin and subprotocols are passed on in their order.
        """
        _, said = fields(self.dial(origin="http://pages.example", subprotocols=("b", "a")).head)
        self.assertEqual((said["origin"], said["sec-websocket-protocol"]), ("http://pages.example", "b,a"))

    def test_literal_host(self) -> None:
        """
        An IPv6 address keeps its brackets in the Host field (RFC 9110 section 7.2).
        """
        _, said = fields(self.dial("ws://[::1]:8080/").head)
        self.assertEqual(said["host"], "[::1]:8080")

    def test_opened(self) -> None:
        """
        After a good answer the channel is there, held, with what the backend chose.
        """
        self.dial(subprotocols=("a", "b"))
        self.answer(b"Sec-WebSocket-Protocol: b", behind=raw(TEXT, b"early", key=b""))
        (channel,) = self.opened
        hearing = Hearing(channel)
        self.backend.say((BINARY, b"later"))
        self.net.turn()
        self.assertEqual((channel.subprotocol, channel.open, hearing.heard), ("b", True, []))
        channel.resume()
        self.net.turn()
        self.assertEqual(hearing.heard, [(TEXT, b"early"), (BINARY, b"later")])

    def test_slow_answer(self) -> None:
        """
        The answer may come in any pieces.
        """
        self.dial()
        answer = switching(self.backend.head)
        for i in range(len(answer)):
            self.assertEqual((self.opened, self.failed), ([], []))
            self.backend.say_raw(answer[i : i + 1])
            self.net.turn()
        self.backend.say((TEXT, b"x"))
        hearing = Hearing(self.opened[0])
        self.opened[0].resume()
        self.net.turn()
        self.assertEqual(hearing.heard, [(TEXT, b"x")])

    def test_refused(self) -> None:
        """
        An answer that is no, or no good, fails the dialling with its reason, and the connection is dropped.
        """
        self.dial()
        good = switching(self.backend.head)
        for bad in (
            b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"rubbish\r\n\r\n",
            b"\xff\r\n\r\n",
            good.replace(b"websocket", b"h2c"),
            good.replace(b"Connection: Upgrade", b"Connection: close"),
            good[:-4] + b"x\r\n\r\n",
            good[:-2] + b"Sec-WebSocket-Protocol: never-offered\r\n\r\n",
            good[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
            b"HTTP/1.1 101 Switching" + b"x" * 17_000,
        ):
            self.dial()
            self.backend.say_raw(bad)
            self.net.turn()
            self.assertEqual(
                (self.opened, len(self.failed), self.backend.far.end), ([], 1, "reset"), bad[:60]
            )
            self.assertNotEqual(self.failed, ["closed during the WebSocket handshake"], bad[:60])

    def test_gone(self) -> None:
        """
        So does a backend that goes away before it has answered.
        """
        for leave in ("fin", "reset"):
            self.dial()
            self.backend.say_raw(b"HTTP/1.1 101")
            self.net.turn()
            getattr(self.backend.far, leave)()
            self.net.turn()
            self.assertEqual((self.opened, self.failed), ([], ["closed during the WebSocket handshake"]))

    def test_never_connected(self) -> None:
        """
        So does one that was never reached.
        """
        factory = ClientFactory("ws://backend.example/", self.scene.wheel)
        failed: list[Failure] = []
        assert factory.opened is not None
        factory.opened.addErrback(failed.append)
        factory.clientConnectionFailed(None, Failure(ConnectionRefusedError()))
        self.assertEqual([why.type for why in failed], [ConnectionRefusedError])

    def test_given_up(self) -> None:
        """
        When whoever dials waits no longer, the connection is dropped.
        """
        self.dial()
        self.dialling.cancel()
        self.net.turn()
        self.assertEqual((self.opened, len(self.failed), self.backend.far.end), ([], 1, "reset"))

    def test_given_up_before_it_connected(self) -> None:
        """
        Also when the connection was not there yet.
        """
        factory = ClientFactory("ws://backend.example/", self.scene.wheel)
        assert factory.opened is not None
        opened = factory.opened
        failed: list[Failure] = []
        opened.addErrback(failed.append)
        opened.cancel()
        _, far = self.net.connect(factory.buildProtocol(None))
        self.net.turn()
        self.assertEqual((len(failed), far.got, far.end), (1, b"", "reset"))

    def test_closing_needs_no_timer(self) -> None:
        """
        A backend that answers our Close has the close timeout to end the connection, and no timer of
        Autobahn's.
        """
        self.dial()
        self.answer()
        (channel,) = self.opened
        hearing = Hearing(channel)
        channel.resume()
        channel.finish()
        self.backend.say(close(1000))
        self.net.turn()
        self.assertEqual((self.backend.far.end, hearing.heard), ("", ["ended"]))
        self.net.clock.pump([0.5] * 11)
        self.net.turn()
        self.assertEqual((self.backend.far.end, hearing.heard), ("reset", ["ended", "lost: None"]))

    @given(st.sampled_from(BEGINNINGS), st.binary(max_size=200))
    def test_rubbish(self, start: bytes, rubbish: bytes) -> None:
        """
        No answer does anything worse than that.
        """
        self.dial()
        self.backend.say_raw(start + rubbish + b"\r\n\r\n")
        self.net.turn()
        self.assertEqual((self.opened, len(self.failed), self.backend.far.end), ([], 1, "reset"))
