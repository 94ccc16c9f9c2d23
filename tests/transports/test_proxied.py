"""PROXY headers in front of HTTP, TLS and plain TCP, from listed proxies alone."""

from __future__ import annotations

from ipaddress import ip_network
from struct import pack
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactor
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import Uri
from kaazing.errors import ProtocolViolation
from kaazing.interfaces.services import Visit
from kaazing.transports.callers import Introduction
from kaazing.transports.handshakes import ServerFactory
from kaazing.transports.leantls import tls_factory
from kaazing.transports.listener import Doors, Listener, Streams
from kaazing.transports.proxied import HEADER_TIMEOUT, MAX_HEADER, MAX_LINE, Proxied, introduction
from kaazing.transports.routes import Route
from kaazing.transports.wheel import Wheel
from kaazing.wire.addresses import Networks
from tests.transports.cables import Cable
from tests.transports.doors import HANDSHAKE, Host, Page, Wire, answers, get
from tests.transports.test_listener import contexts, tls_client
from tests.transports.test_tcp import Peer
from tests.transports.wires import MemoryNet

PROXY = IPv4Address("TCP", "192.0.2.1", 5000)  # a wire's other end
LISTED: Networks = (ip_network("192.0.2.0/24"),)
ANN = IPv4Address("TCP", "203.0.113.9", 4711)
BEN = IPv6Address("TCP", "2001:db8::1", 4711)
HERE = IPv4Address("TCP", "198.51.100.1", 443)
THERE = IPv6Address("TCP", "2001:db8::2", 443)

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def v1(text: str) -> bytes:
    """A header of version 1."""
    return f"PROXY {text}\r\n".encode()


def v2(command: int, family: int, rest: bytes = b"", size: int | None = None) -> bytes:
    """A header of version 2."""
    return SIGNATURE + pack("!BBH", command, family, len(rest) if size is None else size) + rest


V4 = bytes([203, 0, 113, 9, 198, 51, 100, 1]) + pack("!HH", 4711, 443)
V6 = bytes.fromhex("20010db800000000000000000000000120010db8000000000000000000000002") + pack(
    "!HH", 4711, 443
)
TLS = pack("!BHBI", 0x20, 5, 1, 0)  # PP2_TYPE_SSL: the client spoke TLS
CLEAR = pack("!BHBI", 0x20, 5, 0, 0)
AUTHORITY = pack("!BH", 2, 3) + b"abc"

GOOD = (
    (v1("TCP4 203.0.113.9 198.51.100.1 4711 443"), Introduction(ANN, destination=HERE)),
    (v1("TCP6 2001:DB8:0::1 2001:db8::2 4711 443"), Introduction(BEN, destination=THERE)),
    (v1("UNKNOWN"), Introduction(None)),
    (v1("UNKNOWN ffff:f::f ffff::1 65535 65535"), Introduction(None)),
    (v2(0x21, 0x11, V4), Introduction(ANN, destination=HERE)),
    (v2(0x21, 0x21, V6), Introduction(BEN, destination=THERE)),
    (v2(0x21, 0x11, V4 + AUTHORITY), Introduction(ANN, destination=HERE)),
    (v2(0x21, 0x11, V4 + AUTHORITY + TLS), Introduction(ANN, True, HERE)),
    (v2(0x21, 0x21, V6 + TLS), Introduction(BEN, True, THERE)),
    (v2(0x21, 0x11, V4 + CLEAR), Introduction(ANN, destination=HERE)),
    (v2(0x21, 0x31, b"/a".ljust(108, b"\0") + b"/b".ljust(108, b"\0") + TLS), Introduction(None)),
    (v2(0x21, 0x00, TLS), Introduction(None)),
    (v2(0x20, 0x00), Introduction(None)),
    (v2(0x20, 0x11, V4), Introduction(None)),
)
"""Headers, and what they say."""

LINE = "client byte 0: PROXY line that cannot be read (PROXY protocol section 2.1)"
BINARY = "client byte 0: PROXY header that cannot be read (PROXY protocol section 2.2)"
NONE = "client byte 0: no PROXY header (PROXY protocol section 2)"

BAD = (
    (b"GET / HTTP/1.1\r\n", NONE),
    (b"PROXI", NONE),
    (b"\r\n\r\nX", NONE),
    (v1("TCP4 203.0.113.9 198.51.100.1 4711"), LINE),
    (v1("TCP4 203.0.113.9 198.51.100.1 x 443"), LINE),
    (v1("TCP4 203.0.113.9 198.51.100.1 65536 443"), LINE),
    (v1("TCP4 203.0.113.9 198.51.100.256 4711 443"), LINE),
    (v1("TCP4 203.0.113.9 198.51.100.1 4711 65536"), LINE),
    (v1("TCP4 203.0.113.999 198.51.100.1 4711 443"), LINE),
    (v1("TCP4 2001:db8::1 198.51.100.1 4711 443"), LINE),
    (v1("TCP4 203.0.113.é 198.51.100.1 4711 443"), LINE),
    (v1("UDP4 203.0.113.9 198.51.100.1 4711 443"), LINE),
    (
        b"PROXY " + b"x" * MAX_LINE,
        f"client byte 0: PROXY line of more than {MAX_LINE} bytes (PROXY protocol section 2.1)",
    ),
    (v2(0x11, 0x11, V4), BINARY),
    (v2(0x22, 0x11, V4), BINARY),
    (v2(0x21, 0x41, V4), BINARY),
    (v2(0x21, 0x13, V4), BINARY),
    (v2(0x21, 0x21, V4), BINARY),
    (
        v2(0x21, 0x11, size=MAX_HEADER),
        f"client byte 0: PROXY header of more than {MAX_HEADER} bytes (PROXY protocol section 2.2)",
    ),
)
"""What is no header, and what is said of it."""


def outcome(data: bytes, cut: int) -> Any:
    """What is learnt of bytes that come in pieces of C{cut}; None while more is to come."""
    for end in range(cut, len(data) + cut, cut):
        try:
            if found := introduction(data[:end]):
                return found
        except ProtocolViolation as why:
            return str(why)
    return None


class HeaderTests(SynchronousTestCase):
    """The header itself."""

    def test_good(self) -> None:
        """
        Both versions say who the client is; LOCAL, UNKNOWN and socket files say nothing. Version 2
        may say that TLS was ended in front.
        """
        for header, expected in GOOD:
            for behind in (b"", b"GET / HTTP/1.1\r\n\r\n"):
                self.assertEqual(introduction(header + behind), (expected, len(header)), header)

    def test_bad(self) -> None:
        """
        What is no header is said so, whatever follows.
        """
        for header, expected in BAD:
            self.assertEqual(outcome(header, len(header)), expected, header)

    def test_cuts(self) -> None:
        """
        What is learnt does not depend on where the stream is cut.
        """
        for header, expected in (*GOOD, *BAD):
            said = expected if isinstance(expected, str) else (expected, len(header))
            for cut in range(1, len(header) + 1):
                self.assertEqual(outcome(header, cut), said, (header, cut))

    @given(
        st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21"]),
        st.binary(max_size=60),
    )
    def test_anything(self, start: bytes, rest: bytes) -> None:
        """
        Any bytes are a header, the beginning of one, or a violation: in one piece and byte by byte.
        """
        data = start + rest
        whole, bytewise = outcome(data, max(len(data), 1)), outcome(data, 1)
        if not isinstance(whole, str) or bytewise is not None:
            self.assertEqual(whole, bytewise)


class ProxiedTests(SynchronousTestCase):
    """Connections to an address whose proxies begin with a header."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.wheel = Wheel(self.clock)
        self.said: list[str] = []

        def note(event: LogEvent) -> None:
            self.said.append(formatEvent(event))

        observer: Any = note
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def proxied(self, factory: Any, proxies: Networks = LISTED) -> Any:
        """Put the header in front of what a factory makes; return who meets a connection."""
        return Proxied(factory, proxies, self.wheel, "service 'x', accept y").buildProtocol(PROXY)

    def streams(self, tls: bool = False) -> tuple[Host, Streams]:
        """A service with a tcp accept, or an ssl accept."""
        host = Host()
        return host, Streams(host, self.wheel, secure=tls, tls=tls)

    def doors(self) -> tuple[Host, Doors]:
        """A service with a WebSocket at /chat and pages elsewhere."""
        host, doors = Host(), Doors(self.wheel, keepalive=30.0, server="", secure=False)
        sockets = ServerFactory(self.wheel, max_message=1000, inactivity=0.0)
        chat = Uri(scheme="ws", host="example.com", port=8000, path="/chat")
        pages = Uri(scheme="http", host="example.com", port=8000, path="/")
        doors.add(Route(chat, host, sockets, None, (), trusted=LISTED))
        doors.add(Route(pages, host, None, Page(), (), trusted=LISTED))
        return host, doors

    def call(self, factory: Any, proxies: Networks = LISTED) -> Wire:
        """The wire of a new connection."""
        wire = Wire()
        wire.protocol = self.proxied(factory, proxies)
        wire.protocol.makeConnection(wire)
        return wire

    def test_tcp(self) -> None:
        """
        A tcp service is visited by the client when the header is whole, and hears every byte behind
        it, wherever the stream is cut.
        """
        stream = v1("TCP4 203.0.113.9 198.51.100.1 4711 443") + b"hello"
        for cut in range(1, len(stream) + 1):
            host, factory = self.streams()
            wire = self.call(factory)
            for at in range(0, len(stream), cut):
                wire.protocol.dataReceived(stream[at : at + cut])
            self.assertEqual(host.visits, [Visit(peer="203.0.113.9:4711")], cut)
            ear = host.listen()
            self.assertEqual((b"".join(ear.heard), host.guests[0].peer), (b"hello", "203.0.113.9:4711"), cut)

    def test_real_transport(self) -> None:
        """
        A connection of the reactor itself names the client from then on, and its own end as before.
        """
        net = MemoryNet()
        for header, peer in (
            (v2(0x21, 0x11, V4), "203.0.113.9:4711"),
            (v2(0x21, 0x21, V6), "[2001:db8::1]:4711"),
        ):
            host, factory = self.streams()
            transport, far = net.connect(self.proxied(factory))
            far.send(header + b"hello")
            net.turn()
            self.assertEqual((host.visits, host.guests[0].peer), ([Visit(peer=peer)], peer))
            self.assertIs(transport.protocol, host.guests[0])
            ear = host.listen()
            far.send(b" world")
            net.turn()
            self.assertEqual(b"".join(ear.heard), b"hello world")

    def test_http(self) -> None:
        """
        Requests and WebSockets behind a header come from the client; TLS that was ended in front
        counts.
        """
        for tail, secure in ((b"", False), (TLS, True)):
            host, doors = self.doors()
            wire = self.call(doors)
            wire.say(v2(0x21, 0x11, V4 + tail) + HANDSHAKE)
            (visit,) = host.visits
            self.assertEqual((visit.peer, visit.secure), ("203.0.113.9:4711", secure))
            self.assertEqual(host.guests[0].peer, "203.0.113.9:4711")
        wire = self.call(self.doors()[1])
        wire.say(v1("UNKNOWN") + get(b"/page"))
        ((status, _, body),) = answers(wire.value())
        self.assertEqual((status, body), ("200 OK", b"GET /|page "))

    def test_tls(self) -> None:
        """
        The header comes before TLS: the handshake behind it succeeds, and the client is who it names.
        """
        host, factory = self.streams(tls=True)
        client = tls_client()
        wire: Any = self.proxied(tls_factory(contexts(), False, factory))

        class Sender(Peer):
            """A proxy: the header, then what its client says."""

            def connectionMade(self) -> None:
                assert self.transport is not None
                transport: Any = self.transport
                transport.write(v1("TCP6 2001:db8::1 2001:db8::2 4711 443"))
                transport.protocol = client
                client.makeConnection(transport)

        cable = Cable(wire, Sender())
        cable.pump()
        self.assertEqual(host.visits, [Visit(peer="[2001:db8::1]:4711", secure=True)])
        ear = host.listen()
        client.write(b"hello")
        cable.pump()
        self.assertEqual(ear.heard, [b"hello"])

    def test_stranger(self) -> None:
        """
        Who is not a listed proxy comes in without a header; one that it sends is taken for what it is.
        """
        host, factory = self.streams()
        wire = self.call(factory, (ip_network("198.51.100.0/24"),))
        self.assertEqual(host.visits, [Visit(peer="192.0.2.1:5000")])
        ear = host.listen()
        lie = v1("TCP4 203.0.113.9 198.51.100.1 4711 443")
        wire.say(lie)
        self.assertEqual(b"".join(ear.heard), lie)

    def test_no_header(self) -> None:
        """
        A listed proxy that begins with anything else is dropped at once, and the log says who and why;
        the service never hears of it.
        """
        host, factory = self.streams()
        wire = self.call(factory)
        wire.protocol.dataReceived(b"GET")
        wire.protocol.dataReceived(b" / HTTP/1.1\r\n")
        self.assertEqual((wire.fate, host.visits), ("aborted", []))
        self.assertEqual(self.said, [f"service 'x', accept y: proxy 192.0.2.1:5000 is not let in: {NONE}"])
        self.clock.pump([1] * 10)
        self.assertEqual(len(self.said), 1)

    def test_too_slow(self) -> None:
        """
        A listed proxy that does not finish its header in time is dropped, however often it sends a byte.
        """
        host, factory = self.streams()
        wire = self.call(factory)
        for byte in b"PROXY"[: int(HEADER_TIMEOUT)]:
            self.assertEqual(wire.fate, "open")
            wire.protocol.dataReceived(bytes([byte]))
            self.clock.advance(1)
        self.clock.advance(0.5)
        self.assertEqual((wire.fate, host.visits), ("aborted", []))
        slow = "client byte 0: no whole PROXY header in 5 s (PROXY protocol section 2)"
        self.assertEqual(self.said, [f"service 'x', accept y: proxy 192.0.2.1:5000 is not let in: {slow}"])

    def test_look(self) -> None:
        """
        A connection that a proxy opens and closes to see whether we are there leaves no trace.
        """
        host, factory = self.streams()
        wire = self.call(factory)
        wire.hang_up()
        self.clock.pump([1] * 10)
        self.assertEqual((host.visits, self.said), ([], []))

    def test_in_time(self) -> None:
        """
        Behind its header a connection has no deadline of the header.
        """
        host, factory = self.streams()
        wire = self.call(factory)
        wire.say(v1("UNKNOWN"))
        self.clock.pump([1] * 10)
        self.assertEqual((wire.fate, host.visits), ("open", [Visit(peer="192.0.2.1:5000")]))

    def test_listener(self) -> None:
        """
        A listener with proxies takes their headers off below everything else; without any, nothing is.
        """
        for proxies, visits in ((LISTED, []), ((), [Visit(peer="192.0.2.1:5000")])):
            host, factory = self.streams()
            reactor = MemoryReactor()
            listener = Listener(reactor, "127.0.0.1", 8000, factory, None, "service 'x'", proxies)
            listener.start()
            made: Any = reactor.tcpServers[0][1]
            made.doStart()
            wire = Wire()
            protocol: Any = made.buildProtocol(PROXY)
            wire.protocol = protocol
            protocol.makeConnection(wire)
            self.assertEqual(host.visits, visits)
            made.doStop()
