"""A whole gateway in memory: its network, its clients, its backends and its log."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory
from twisted.logger import (
    FilteringLogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    formatEvent,
    globalLogPublisher,
)
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from kaazing import plugins
from kaazing.config.model import AcceptOptions, ConnectOptions, GatewayConfig, ServiceConfig, Uri
from kaazing.gateway import Gateway
from kaazing.literals import uri as read_uri
from tests.transports.cables import Cable, Network
from tests.transports.test_tcp import Peer
from tests.wire.framing import KEY, raw

_PORTS = {"ws": 80, "wss": 443, "http": 80, "https": 443}
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3

Frame = tuple[int, bytes]  # opcode, payload


def uri(written: str) -> Uri:
    """Return a URI as the reader of a configuration does."""
    read = read_uri(written)
    path = read.path or ("/" if read.scheme in _PORTS else "")
    port = read.port or _PORTS[read.scheme]
    return Uri(
        scheme=read.scheme, host=read.host, port=port, path=path, query=read.query or "", written=written
    )


def service(
    name: str,
    type: str,
    *accepts: str,
    connect: str = "",
    properties: dict[str, Any] | None = None,
    **more: Any,
) -> ServiceConfig:
    """Return a service with the defaults of its type's properties."""
    defaults = {option.name: option.default for option in plugins.service_type(type).options}
    return ServiceConfig(
        name=name,
        type=type,
        accepts=tuple(map(uri, accepts)),
        connects=(uri(connect),) if connect else (),
        properties={**defaults, **(properties or {})},
        **more,
    )


def frames(data: bytes) -> list[Frame]:
    """Take a stream of short whole frames apart, masked ones too."""
    found = []
    while data:
        size, at = data[1] & 127, 2
        if size == 126:
            size, at = int.from_bytes(data[2:4], "big"), 4
        key = data[at : at + 4] if data[1] & 128 else b""
        at += len(key)
        payload = bytes(
            byte ^ (key or b"\0")[i % (len(key) or 1)] for i, byte in enumerate(data[at : at + size])
        )
        found.append((data[0] & 15, payload))
        data = data[at + size :]
    return found


def close(code: int, reason: bytes = b"") -> Frame:
    """Return a Close frame."""
    return 8, code.to_bytes(2, "big") + reason


@implementer(IHalfCloseableProtocol)
class Caller(Peer):
    """Either end of a connection to the gateway, spoken by hand.

    Attributes:
        masks: whether its WebSocket frames are masked, as those of a client.
        patient: whether it keeps the connection after the gateway's FIN.
        told: whether the gateway's FIN has come.
    """

    masks = True
    patient = False
    told = False

    def readConnectionLost(self) -> None:
        """See L{IHalfCloseableProtocol}."""
        self.told = True
        if not self.patient:
            self.hang_up()

    def writeConnectionLost(self) -> None:
        """See L{IHalfCloseableProtocol}."""

    def say(self, data: bytes) -> None:
        """Send any bytes."""
        assert self.transport is not None
        self.transport.write(data)

    def say_frames(self, *said: Frame) -> None:
        """Send WebSocket frames."""
        self.say(b"".join(raw(*frame, key=KEY if self.masks else b"") for frame in said))

    def hang_up(self) -> None:
        """Close the connection."""
        assert self.transport is not None
        self.transport.loseConnection()

    @property
    def head(self) -> str:
        """The first line of what was heard."""
        return self.heard.partition(b"\r\n")[0].decode()

    @property
    def fields(self) -> dict[str, str]:
        """The header fields heard, by lower-case name."""
        lines = self.heard.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def frames(self) -> list[Frame]:
        """The WebSocket frames heard behind the handshake."""
        return frames(self.heard.partition(b"\r\n\r\n")[2])

    def switch(self, *fields: bytes, behind: bytes = b"") -> None:
        """Accept the handshake heard, as a WebSocket backend."""
        self.masks = False
        key = self.fields["sec-websocket-key"].encode()
        accept = base64.b64encode(hashlib.sha1(key + _MAGIC).digest())
        lines = [b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade"]
        self.say(b"\r\n".join([*lines, b"Sec-WebSocket-Accept: " + accept, *fields, b"", behind]))


class GatewayTestCase(SynchronousTestCase):
    """Runs a gateway.

    Attributes:
        network: all its connections, and its clock.
        said: its log, formatted, from warnings on.
    """

    def setUp(self) -> None:
        self.network = Network()
        self.said: list[str] = []
        note: Any = self._note
        observer = FilteringLogObserver(note, [LogLevelFilterPredicate(LogLevel.warn)])
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def _note(self, event: LogEvent) -> None:
        self.said.append(formatEvent(event))

    def assemble(self, *services: ServiceConfig, **more: Any) -> Gateway:
        """Return a gateway that is not started."""
        return Gateway(GatewayConfig(file="conf.xml", services=services, **more), self.network)

    def start(self, *services: ServiceConfig, **more: Any) -> Gateway:
        """Start a gateway."""
        gateway = self.assemble(*services, **more)
        gateway.privilegedStartService()
        gateway.startService()
        return gateway

    def backend(self, host: str, port: int) -> list[Caller]:
        """Listen at an address; return those who are called there, in order."""
        called: list[Caller] = []

        def answer() -> Caller:
            called.append(Caller())
            return called[-1]

        self.network.listening[host, port] = Factory.forProtocol(answer)
        return called

    def call(self, host: str = "127.0.0.1", port: int = 8000, client: Any = None) -> Any:
        """Connect to the gateway; return the client."""
        client = client or Caller()
        made = self.network.listening[host, port].buildProtocol(IPv4Address("TCP", "192.0.2.1", 5000))
        self.network.cables.append(Cable(made, client))
        self.network.settle()
        return client

    def browse(self, target: str = "/", *fields: str, host: str = "localhost:8000", **more: Any) -> Caller:
        """Open a WebSocket, or be refused; return the client."""
        client: Caller = self.call(**more)
        lines = [
            f"GET {target} HTTP/1.1",
            f"Host: {host}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            *fields,
        ]
        client.say("\r\n".join([*lines, "", ""]).encode())
        self.network.settle()
        return client


__all__ = [
    "AcceptOptions",
    "Caller",
    "ConnectOptions",
    "Frame",
    "GatewayTestCase",
    "close",
    "frames",
    "service",
    "uri",
]
