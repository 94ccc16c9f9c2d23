"""Backends that are told whose connection it is, before anything else."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.protocol import Factory
from twisted.internet.testing import StringTransport
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import ConnectOptions, TlsOptions, Uri
from kaazing.transports.callers import Introduction, caller
from kaazing.transports.dial import Dialler
from kaazing.transports.introducing import Introducing, certificate, describe, header
from kaazing.transports.leantls import tls_factory
from kaazing.transports.proxied import introduction
from kaazing.transports.tls import ServerContexts
from kaazing.transports.trust import ClientContexts
from kaazing.transports.wheel import Wheel
from kaazing.wire.heads import peek
from kaazing.wire.proxy_header import Client, Tls
from tests.transports.cables import Cable, Network
from tests.transports.certificates import CLIENT, SERVER
from tests.transports.doors import Wire
from tests.transports.test_tcp import Peer
from tests.transports.test_tls import Caller, contexts
from tests.transports.wires import MemoryNet

ANN = Client(source=("203.0.113.9", 4711), destination=("198.51.100.1", 443))
LINE = b"PROXY TCP4 203.0.113.9 198.51.100.1 4711 443\r\n"
HERE = IPv4Address("TCP", "198.51.100.1", 443)
TCP, WS = (Uri(scheme=scheme, host="192.0.2.7", port=7) for scheme in ("tcp", "ws"))


class DescribeTests(SynchronousTestCase):
    """What is known of a client."""

    def test_tcp(self) -> None:
        """
        Its address as the gateway knows it, and the one of ours that it connected to.
        """
        self.assertEqual(describe(StringTransport(HERE), ANN.source, False), ANN)

    def test_behind_a_proxy(self) -> None:
        """
        Where it came through a proxy with a PROXY header, the address that it connected to there; that it
        spoke TLS there is all that is known of it.
        """
        wire: Any = Wire()
        wire.hostAddr = IPv4Address("TCP", "10.0.0.1", 8000)
        wire.introduction = Introduction(IPv4Address("TCP", *ANN.source), True, HERE)
        self.assertEqual(
            describe(wire, ANN.source, True),
            Client(source=ANN.source, destination=ANN.destination, tls=Tls()),
        )
        wire.introduction = Introduction(None)
        self.assertEqual(describe(wire, ANN.source, False).destination, ("10.0.0.1", 8000))

    def test_forwarded(self) -> None:
        """
        Where a listed proxy names it in a header field, that one.
        """
        wire = Wire()
        wire.hostAddr = HERE
        head = peek(
            b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9:4711\r\n"
            b"X-Forwarded-Proto: https\r\n\r\n"
        )
        assert head is not None
        trusted = caller(head, wire, False, (ip_network("192.0.2.0/24"),))
        self.assertEqual(trusted.client(), Client(source=ANN.source, destination=ANN.destination, tls=Tls()))
        self.assertEqual(
            caller(head, wire, False).client(),
            Client(source=("192.0.2.1", 5000), destination=ANN.destination),
        )

    def test_no_address(self) -> None:
        """
        What has no IP address is described without one.
        """
        wire = StringTransport(UNIXAddress(b"/run/socket"))
        self.assertEqual(describe(wire, ("", 0), False), Client(source=("", 0), destination=("", 0)))

    def test_tls(self) -> None:
        """
        Version, cipher, and the name it asked for; with a certificate, which was verified, the common
        name in it.
        """
        for verify, shown, name in (("none", None, ""), ("optional", None, ""), ("required", CLIENT, "ann")):
            server, client = Server(), Caller("localhost", shown)
            accepting = tls_factory(contexts(SERVER, verify_client=verify), False, server)
            calling = tls_factory(client, True, Factory.forProtocol(Peer))
            Cable(accepting.buildProtocol(HERE), calling.buildProtocol(HERE)).pump()
            told = describe(server.made.transport, ANN.source, True).tls
            assert told is not None
            self.assertEqual(
                (told.version, told.server_name, told.certificate, told.common_name, told.alpn),
                ("TLSv1.3", "localhost", shown is not None, name, b""),
            )
            self.assertTrue(told.cipher.startswith("TLS_"))
            self.assertEqual(certificate(server.made.transport), shown and shown.certificate)

    def test_certificate_of_a_proxy(self) -> None:
        """
        What a listed proxy shows proves who the proxy is, not the client whose requests it passes on;
        without TLS nothing is shown.
        """
        server = Server()
        accepting = tls_factory(contexts(SERVER, verify_client="required"), False, server)
        calling = tls_factory(Caller("localhost", CLIENT), True, Factory.forProtocol(Peer))
        Cable(accepting.buildProtocol(HERE), calling.buildProtocol(HERE)).pump()
        head = peek(b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n")
        assert head is not None
        transport, proxies = server.made.transport, (ip_network("192.0.2.0/24"),)
        self.assertEqual(caller(head, transport, True).certificate(), CLIENT.certificate)
        self.assertIsNone(caller(head, transport, True, proxies).certificate())
        self.assertIsNone(caller(head, Wire(), False).certificate())


class Server(Factory):
    """Makes one peer."""

    def __init__(self) -> None:
        self.made = Peer()

    def buildProtocol(self, addr: Any) -> Peer:
        """See L{Factory}."""
        return self.made


class HeaderTests(SynchronousTestCase):
    """What a connection begins with."""

    def test_versions(self) -> None:
        """
        The version asked for; one of the gateway's own says so.
        """
        self.assertEqual(header("v1", ANN, TCP), LINE)
        self.assertEqual(header("v1", None, TCP), b"PROXY UNKNOWN\r\n")
        self.assertEqual(header("v2", None, TCP), b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0")

    def test_round_trip(self) -> None:
        """
        The gateway reads what it writes, so that one may stand behind another.
        """
        told = Introduction(IPv4Address("TCP", *ANN.source), True, HERE)
        for version, client, expected in (
            ("v1", ANN, Introduction(told.address, False, HERE)),
            ("v2", ANN, Introduction(told.address, False, HERE)),
            ("v2", Client(source=ANN.source, destination=ANN.destination, tls=Tls(version="TLSv1.3")), told),
            ("v1", None, Introduction(None)),
            ("v2", None, Introduction(None)),
        ):
            written = header(version, client, TCP)
            self.assertEqual(introduction(written + b"more"), (expected, len(written)))

    def test_unique_id(self) -> None:
        """
        Version 2 names each connection by 32 digits of its own; the log of debugging has them beside the
        client.
        """
        events: list[LogEvent] = []
        observer: Any = events.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        names = []
        for _ in range(2):
            written = header("v2", ANN, TCP)
            self.assertEqual(written[28:31], b"\x05\0\x20")
            names.append(written[31:].decode())
        self.assertNotEqual(*names)
        self.assertEqual(
            [formatEvent(event) for event in events],
            [f"client 203.0.113.9 port 4711 is {name} at tcp://192.0.2.7:7" for name in names],
        )

    def test_alpn(self) -> None:
        """
        What TLS agreed on is told where HTTP follows, and not where the bytes inside a WebSocket do.
        """
        secure = Client(source=ANN.source, destination=ANN.destination, tls=Tls(alpn=b"http/1.1"))
        alpn = b"\x01\0\x08http/1.1"
        self.assertEqual([alpn in header("v2", secure, back) for back in (TCP, WS)], [False, True])


class IntroducingTests(SynchronousTestCase):
    """The header goes first, and then nothing is different."""

    def test_real_transport(self) -> None:
        """
        On a connection of the reactor the header goes out before a byte of the protocol, which has the
        connection then.
        """
        net, server = MemoryNet(), Server()
        transport, far = net.connect(Introducing(server, LINE).buildProtocol(HERE))
        self.assertIs(transport.protocol, server.made)
        transport.write(b"hello")
        far.send(b"welcome")
        net.turn()
        self.assertEqual((bytes(far.got), server.made.heard), (LINE + b"hello", b"welcome"))


class DiallingTests(SynchronousTestCase):
    """All that is dialled."""

    def setUp(self) -> None:
        self.network = Network()
        self.network.names["backend.example"] = ["192.0.2.7"]
        self.dialler = Dialler(self.network, Wheel(self.network), ClientContexts())
        self.backend = Backend()

    def dial(self, scheme: str, host: str = "192.0.2.7", version: str = "v1", **more: Any) -> Any:
        """Dial the backend as ann; return a Deferred of the channel."""
        self.network.listening["192.0.2.7", 7] = Factory.forProtocol(lambda: self.backend)
        options = ConnectOptions(proxy_protocol=version, tls=TlsOptions(verify_server=False))
        uri = Uri(scheme=scheme, host=host, port=7, path="/" if scheme[0] == "w" else "")
        dialled = self.dialler.connect(uri, options, **more)
        self.network.wait(2)
        return dialled

    def test_tcp(self) -> None:
        """
        A TCP backend, by address or by name, hears the header and then the client's bytes.
        """
        for host in ("192.0.2.7", "backend.example"):
            self.backend = Backend()
            channel = self.successResultOf(self.dial("tcp", host, client=ANN))
            channel.send(b"hello", 2)
            self.network.settle()
            self.assertEqual(self.backend.heard, LINE + b"hello", host)

    def test_nobody(self) -> None:
        """
        A connection that is nobody's begins with UNKNOWN; without the option there is no header, whoever
        is known.
        """
        self.successResultOf(self.dial("tcp"))
        self.assertEqual(self.backend.heard, b"PROXY UNKNOWN\r\n")
        self.backend = Backend()
        self.successResultOf(self.dial("tcp", version="", client=ANN))
        self.assertEqual(self.backend.heard, b"")

    def test_before_tls(self) -> None:
        """
        The header goes in clear, before the handshake of TLS, which then succeeds.
        """
        self.backend = Backend(contexts(SERVER))
        channel = self.successResultOf(self.dial("ssl", client=ANN))
        channel.send(b"hello", 2)
        self.network.settle()
        self.assertEqual((self.backend.heard, self.backend.inside), (LINE, b"hello"))

    def test_websocket(self) -> None:
        """
        A WebSocket backend hears it before the handshake, over TLS before that.
        """
        self.dial("ws", client=ANN)
        self.assertEqual(self.backend.heard[: len(LINE) + 14], LINE + b"GET / HTTP/1.1")
        self.backend = Backend(contexts(SERVER))
        self.dial("wss", client=ANN)
        self.assertEqual((self.backend.heard, self.backend.inside[:14]), (LINE, b"GET / HTTP/1.1"))

    def test_not_reached(self) -> None:
        """
        A backend that is not reached is told as one without a header.
        """
        self.network.listening.clear()
        for host in ("192.0.2.8", "nowhere.example"):
            dialled = self.dial("tcp", host, client=ANN)
            self.assertIn(f"tcp://{host}:7: ", str(self.failureResultOf(dialled).value))


class Backend(Peer):
    """A server that takes the line off, and has TLS behind it where there are contexts.

    Attributes:
        heard: all that came, of TLS the line alone.
        inside: what came inside TLS.
    """

    def __init__(self, contexts: ServerContexts | None = None) -> None:
        self._contexts = contexts
        self._peer = Peer()

    @property
    def inside(self) -> bytes:
        """See the class."""
        return self._peer.heard

    def dataReceived(self, data: bytes) -> None:
        """See L{Peer}."""
        before = len(self.heard)
        super().dataReceived(data)
        if self._contexts is None or len(self.heard) < len(LINE):
            return
        self.heard, rest = self.heard[: len(LINE)], data[len(LINE) - before :]
        transport: Any = self.transport
        secured: Any = tls_factory(
            self._contexts, False, Factory.forProtocol(lambda: self._peer)
        ).buildProtocol(HERE)
        transport.protocol = secured
        secured.makeConnection(transport)
        if rest:
            secured.dataReceived(rest)
