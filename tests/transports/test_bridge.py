"""Tests for L{kaazing.transports.bridge}: plain proxies and echoes, on each path but the pump's."""

from __future__ import annotations

from typing import Any

from kaazing.interfaces.adapters import Kind
from kaazing.transports.tcp import StreamChannel
from tests.transports.crossings import CrossingTests
from tests.transports.echoes import EchoTests
from tests.transports.endings import ProxyTests
from tests.transports.scenes import BINARY, TEXT, SceneTestCase, close


class LaneProxyTests(ProxyTests, SceneTestCase):
    """A stream backend, by the native lane."""

    path = "lane"


class LaneCrossingTests(CrossingTests, SceneTestCase):
    """A WebSocket backend, by the native lane."""

    path = "lane"


class LaneEchoTests(EchoTests, SceneTestCase):
    """The echo service, by the native lane."""

    path = "lane"


class PureProxyTests(ProxyTests, SceneTestCase):
    """A stream backend, by the lane in Python."""

    path = "pure"


class PureCrossingTests(CrossingTests, SceneTestCase):
    """A WebSocket backend, by the lane in Python."""

    path = "pure"


class PureEchoTests(EchoTests, SceneTestCase):
    """The echo service, by the lane in Python."""

    path = "pure"


class AutobahnProxyTests(ProxyTests, SceneTestCase):
    """A stream backend, by Autobahn alone."""

    path = "off"


class AutobahnCrossingTests(CrossingTests, SceneTestCase):
    """A WebSocket backend, by Autobahn alone."""

    path = "off"


class AutobahnEchoTests(EchoTests, SceneTestCase):
    """The echo service, by Autobahn alone."""

    path = "off"


class StreamsTests(SceneTestCase):
    """Fronts that are no WebSockets, and text made of streams."""

    def join(self, kind: Kind = Kind.BINARY) -> Any:
        """Join a client of a tcp accept with a backend; return their far ends."""
        client = StreamChannel()
        _, far = self.net.connect(client)
        backend, self.back = self.scene.tcp_back()
        self.scene.house.join("gate", client, self.back, kind)
        return far, backend

    def test_tcp_to_tcp(self) -> None:
        """
        Bytes pass both ways; each end's FIN is passed on by itself.
        """
        client, backend = self.join(Kind.TEXT)
        client.send(b"to\xff")
        backend.send(b"fro\xff")
        self.net.turn()
        client.fin()
        self.net.turn()
        self.assertEqual((backend.got, backend.end, client.end), (b"to\xff", "fin", ""))
        backend.send(b" and so on")
        backend.fin()
        self.net.turn()
        self.assertEqual((client.got, client.end), (b"fro\xff and so on", "fin"))
        self.assertEqual((len(self.scene.sessions), self.scene.sessions.said), (0, []))

    def test_tcp_to_ws(self) -> None:
        """
        A stream becomes binary messages of a WebSocket backend, and its messages a stream.
        """
        client = StreamChannel()
        _, far = self.net.connect(client)
        backend, back = self.scene.ws_back()
        self.scene.house.join("gate", client, back, Kind.BINARY)
        far.send(b"hello")
        backend.say((TEXT, b"a"), (BINARY, b"b"))
        self.net.turn()
        self.assertEqual((far.got, backend.heard), (b"ab", [(BINARY, b"hello")]))
        far.reset()
        self.net.turn()
        backend.say(close(1001))
        backend.far.fin()
        self.net.turn()
        self.assertEqual(backend.heard, [(BINARY, b"hello"), close(1001)])
        self.assertEqual((len(self.scene.sessions), self.scene.sessions.said), (0, []))

    def test_not_kept(self) -> None:
        """
        A client that has no Close to answer is not waited for when its session is over.
        """
        for end in ("leave", "reset", "drop"):
            client, backend = self.join()
            client.block()
            backend.send(b"all of it")
            self.net.turn()
            {"leave": self.scene.sessions.leave, "reset": backend.reset, "drop": self.back.drop}[end]()
            self.net.turn()
            self.assertEqual(client.end, "")
            client.unblock()
            self.net.turn()
            self.assertEqual((client.got, client.end), (b"all of it", "fin"))
            self.assertEqual(len(self.scene.sessions), 0)

    def test_echo(self) -> None:
        """
        A stream is echoed too, to its end; the gateway leaves without waiting for it.
        """
        for end in ("fin", "leave"):
            client = StreamChannel()
            _, far = self.net.connect(client)
            self.scene.house.loop("echo", client, 2)
            far.send(b"\xffa")
            self.net.turn()
            far.fin() if end == "fin" else self.scene.sessions.leave()
            self.net.turn()
            self.assertEqual((far.got, far.end, len(self.scene.sessions)), (b"\xffa" * 2, "fin", 0), end)

    def text(self, *pieces: bytes) -> list[tuple[int, bytes]]:
        """Return what a browser hears of a backend's bytes where C{message.kind} is text."""
        browser, front = self.scene.front()
        backend, back = self.scene.tcp_back()
        self.scene.house.join("gate", front, back, Kind.TEXT)
        for piece in pieces:
            backend.send(piece)
            self.net.turn()
        backend.fin()
        self.net.turn()
        return browser.heard

    def test_text(self) -> None:
        """
        Text messages end where characters do, wherever the stream was cut.
        """
        text = "zwölf € 😀".encode()
        for cut in range(1, len(text)):
            heard = self.text(text[:cut], text[cut:])
            self.assertEqual(heard[-1], close(1000))
            self.assertEqual(b"".join(payload for _, payload in heard[:-1]), text, cut)
            self.assertEqual({kind for kind, _ in heard[:-1]}, {TEXT})
            for _, payload in heard[:-1]:
                payload.decode()
        self.assertEqual(self.text(*(text[i : i + 1] for i in range(len(text))))[-2], (TEXT, "😀".encode()))

    def test_no_text(self) -> None:
        """
        Bytes that are no UTF-8 end the session, wherever the stream was cut, and pass no further; what
        comes before them does.
        """
        for bad, fault in (
            (b"\xff", "invalid start byte"),
            (b"\xc3(", "invalid continuation byte"),
            (b"\xed\xa0\x80", "invalid continuation byte"),
            (b"\xe2\x82", "the stream ends inside a character"),
        ):
            stream = "zwölf".encode() + bad
            what = f"no UTF-8, where the service says message.kind text: {fault}"
            for cut in range(1, len(stream)):
                heard = self.text(stream[:cut], stream[cut:])
                self.assertEqual(b"".join(payload for _, payload in heard[:-1]), "zwölf".encode())
                self.assertEqual(heard[-1], close(1014, f"{what} (RFC 3629 section 4)".encode()))
                line = f"gate: 192.0.2.1:5000: backend byte 6: {what} (RFC 3629 section 4)"
                self.assertEqual(self.scene.sessions.said, [line], cut)
                self.scene.sessions.said.clear()
