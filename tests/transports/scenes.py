"""Browsers and backends made of bytes around the gateway's channels, for the tests of transports."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.trial.unittest import SynchronousTestCase

from kaazing.transports import pump, ws
from kaazing.transports.handshakes import ClientFactory, ClientSocket, ServerFactory, ServerSocket
from kaazing.transports.house import House
from kaazing.transports.sessions import Sessions
from kaazing.transports.tcp import StreamChannel
from kaazing.transports.wheel import Wheel
from kaazing.wire import pure_frames, pure_lane
from kaazing.wire.heads import peek
from kaazing.wire.native import SPEEDUPS
from tests.needs import missing
from tests.transports.wires import Far, LoopbackNet, MemoryNet, Net
from tests.wire.framing import KEY, raw

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
RSV1 = 0x40  # of a frame's first byte: compressed (RFC 7692 section 6)
REQUEST = (
    b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: one, two\r\n\r\n"
)
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3

Frame = tuple[int, bytes]


def close(code: int, reason: bytes = b"") -> Frame:
    """Return a Close frame as it is heard."""
    return CLOSE, code.to_bytes(2, "big") + reason


class Speaker:
    """A WebSocket peer made of bytes: a browser when it masks, otherwise a backend.

    Attributes:
        far: its end of the connection.
        head: what came before the frames: the handshake's answer, or request.
    """

    def __init__(self, far: Far, *, masks: bool) -> None:
        self.far, self.head = far, b""
        self._key = KEY if masks else b""
        self._at = 0
        self._frames: list[Frame] = []

    @property
    def heard(self) -> list[Frame]:
        """All frames so far, (opcode, payload); the last may still be on its way.

        The opcode of one that is marked as compressed has L{RSV1} set.
        """
        data = self.far.got
        if not self.head:
            end = data.find(b"\r\n\r\n") + 4
            if end < 4:
                return []
            self.head, self._at = bytes(data[:end]), end
        while (end := self._next(data)) and end <= len(data):
            self._at = end
        return self._frames

    def _next(self, data: bytearray) -> int:
        """Read a frame if it is all there; return where it ends, 0 when its head is not there."""
        at, masked = self._at, not self._key
        if len(data) < at + 2:
            return 0
        assert data[at] & 0x30 == 0 and data[at] & 0x80, "a fragment, or a reserved bit"
        assert data[at + 1] >> 7 == masked, "a mask where none may be, or none where one must be"
        extended = {126: 2, 127: 8}.get(data[at + 1] & 127, 0)
        start = at + 2 + extended + 4 * masked
        if len(data) < start:
            return 0
        size = int.from_bytes(data[at + 2 : at + 2 + extended], "big") if extended else data[at + 1] & 127
        if start + size <= len(data):
            payload = bytes(data[start : start + size])
            if masked:
                payload = pure_frames.xor(payload, bytes(data[start - 4 : start]))
            self._frames.append((data[at] & (15 | RSV1), payload))
        return start + size

    @property
    def stream(self) -> bytes:
        """The payload of all data frames heard."""
        return b"".join(payload for opcode, payload in self.heard if opcode < CLOSE)

    def say(self, *frames: Frame) -> None:
        """Send whole frames, each (opcode, payload)."""
        self.far.send(b"".join(raw(opcode, payload, key=self._key) for opcode, payload in frames))

    def say_raw(self, data: bytes) -> None:
        """Send any bytes."""
        self.far.send(data)


class Noted(Sessions):
    """Sessions whose complaints are kept.

    Attributes:
        said: the complaints, "service: peer: why".
    """

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def complain(self, service: str, peer: str, why: Exception) -> None:
        self.said.append(f"{service}: {peer}: {why}")


class Scene:
    """A gateway's transports, with the connections of one test.

    Attributes:
        net: carries the connections.
        sessions: all sessions, and what was said of them.
        house: joins channels.
    """

    def __init__(self, net: Net, *, max_message: int = 1000, inactivity: float = 0.0, **more: Any) -> None:
        self.net, self.sessions = net, Noted()
        self.wheel = Wheel(net.clock)
        dialler: Any = None
        self.house = House(Path(), dialler, self.sessions, self.wheel)
        self.sockets = ServerFactory(self.wheel, max_message=max_message, inactivity=inactivity, **more)

    def front(
        self, early: bytes = b"", chosen: str | None = None, request: bytes = REQUEST
    ) -> tuple[Speaker, ServerSocket]:
        """Let a browser in, as the doorman does; C{early} is what it sent behind its request."""
        transport, far = self.net.connect(Protocol())
        transport.setTcpNoDelay(True)
        transport.pauseProducing()
        head = peek(request)
        assert head is not None
        socket = transport.protocol = self.sockets.socket(transport, head)
        socket.answer(head, chosen)
        if early:
            socket.dataReceived(early)
        return Speaker(far, masks=True), socket

    def tcp_back(self) -> tuple[Any, StreamChannel]:
        """Connect to a backend of a stream protocol; gives its far end first."""
        channel = StreamChannel()
        _, far = self.net.connect(channel)
        return far, channel

    def ws_back(
        self, *fields: bytes, early: bytes = b"", max_message: int = 0
    ) -> tuple[Speaker, ClientSocket]:
        """Connect to a WebSocket backend, which answers with more header fields and C{early} bytes."""
        factory = ClientFactory("ws://backend.example:8080/x", self.wheel, max_message=max_message)
        opened: Deferred[ClientSocket] = factory.opened  # type: ignore[assignment]
        found: list[ClientSocket] = []
        opened.addCallback(found.append)
        _, far = self.net.connect(factory.buildProtocol(None))
        backend = Speaker(far, masks=False)
        self.net.until(lambda: backend.heard == [] and bool(backend.head))
        backend.say_raw(switching(backend.head, *fields) + early)
        self.net.until(lambda: bool(found))
        return backend, found[0]


def switching(request: bytes, *fields: bytes) -> bytes:
    """Return a backend's good answer to the request of a handshake.  RFC 6455 section 4.2.2."""
    key = re.search(rb"Sec-WebSocket-Key: (\S+)", request)
    assert key is not None
    accept = base64.b64encode(hashlib.sha1(key[1] + _MAGIC).digest())
    lines = (
        b"HTTP/1.1 101 Switching Protocols",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + accept,
        *fields,
    )
    return b"\r\n".join(lines) + b"\r\n\r\n"


class SceneTestCase(SynchronousTestCase):
    """A test with a net and a path for the data; see L{PATHS}.

    Attributes:
        path: "pump", "lane" (the native one), "pure" (the one in Python) or "off" (Autobahn alone).
        loopback: whether real sockets are used; the pump needs them.
    """

    path = "lane" if SPEEDUPS else "pure"
    loopback = False

    def setUp(self) -> None:
        """Choose the path, for all connections of the test."""
        if self.path in ("pump", "lane") and not SPEEDUPS:
            raise missing("kaazing._speedups is not built")
        self.patch(ws, "LANE", {"pure": "lane"}.get(self.path, self.path))
        if self.path == "pure":
            self.patch(ws, "Lane", pure_lane.Lane)
            self.patch(ws, "frame", pure_frames.frame)
            self.patch(pump, "SPEEDUPS", False)
        self.net: Net = LoopbackNet() if self.loopback else MemoryNet()
        self.addCleanup(self.net.close)
        self.scene = Scene(self.net)
