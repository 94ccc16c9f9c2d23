"""Tests for L{kaazing.transports.gate}: how many connections a listener takes, and who is told no."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from hypothesis import given, settings
from hypothesis.strategies import integers, lists
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.protocol import connectionDone
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import LimitOptions, Uri
from kaazing.transports.descriptors import Crowd
from kaazing.transports.gate import MOST_TOLD, WINDOW, Gate
from kaazing.transports.handshakes import ServerFactory
from kaazing.transports.listener import Doors, Streams
from kaazing.transports.proxied import Proxied
from kaazing.transports.routes import Route
from tests.transports.doors import HANDSHAKE, SWITCH, House, Wire, answers, refused, with_fields

FULL = refused("503 Service Unavailable", "too many connections", retry_after="1")
OF_ONE = refused("429 Too Many Requests", "too many connections from your address", retry_after="1")
TOO_FAST = refused("429 Too Many Requests", "too many new connections from your address", retry_after="1")
PROXY = "10.0.0.1"
OF_PROXY = (ip_network("10.0.0.0/8"),)


class Accepted(Wire):
    """A transport as a port makes it."""

    def __init__(self, port: Port, protocol: Any, host: str) -> None:
        super().__init__()
        kind = IPv6Address if ":" in host else IPv4Address
        self.peerAddr = kind("TCP", host, 5000)
        self.server, self.protocol, self.client, self.socket = port, protocol, (host, 5000), "there"

    def connectionLost(self, reason: Any) -> None:
        """As Twisted's own, which is called twice now and then."""
        if self.__dict__.pop("socket", None):
            self.protocol.connectionLost(reason)


class Port:
    """A port, as far as a gate sees it.

    Attributes:
        reads: whether it accepts.
    """

    transport: Any = Accepted
    reads = True

    def __init__(self, gate: Gate) -> None:
        self.factory = gate
        gate.bound(self)

    def stopReading(self) -> None:
        """See L{twisted.internet.tcp.Port}."""
        self.reads = False

    def startReading(self) -> None:
        """See L{twisted.internet.tcp.Port}."""
        self.reads = True

    def accept(self, host: str = "192.0.2.1") -> Any:
        """Let a client come; return its transport, None where it was closed at once."""
        kind = IPv6Address if ":" in host else IPv4Address
        protocol = self.factory.buildProtocol(kind("TCP", host, 5000))
        if protocol is None:
            return None
        made = self.transport(self, protocol, host)
        protocol.makeConnection(made)
        return made


class GateTestCase(SynchronousTestCase):
    """A listener at http://example.com:8000 with a WebSocket service at /chat."""

    def gate(
        self, *, most: int = 1000, streams: bool = False, proxies: Any = (), trusted: Any = (), **limits: Any
    ) -> Port:
        """Return its port."""
        house = self.house = House()
        sockets = ServerFactory(house.wheel, server="Kaazing", max_message=1000, inactivity=0.0)
        chat = Uri(scheme="ws", host="example.com", port=8000, path="/chat")
        house.routes.add(Route(chat, house.host, sockets, None, (), "Kaazing", trusted=trusted))
        doors: Any = Doors(house.wheel, keepalive=30.0, server="Kaazing", secure=False)
        doors.routes = house.routes
        if streams:
            doors = Streams(house.host, house.wheel, secure=False, tls=False)
        self.crowd = Crowd(most, house.clock)
        made = self.counts = Gate(
            LimitOptions(**limits),
            self.crowd,
            house.clock.seconds,
            "service 'chat'",
            trusted=proxies or trusted,
            tells=not streams,
        )
        if not streams:
            doors.gate = made
        made.before(Proxied(doors, proxies, house.wheel, "chat", made) if proxies else doors)
        return Port(made)

    def ask(self, wire: Any, *fields: bytes) -> Any:
        """Open a WebSocket; return the answer."""
        wire.say(with_fields(HANDSHAKE, *fields))
        (answer,) = answers(wire.value())
        return answer


class AddressTests(GateTestCase):
    """Limits of one address."""

    def test_address(self) -> None:
        """
        One more of an address than may be is told 429 and when to come again; another address comes in, and
        the same when one of its own has gone.
        """
        port = self.gate(connections_per_address=2)
        first, second = port.accept(), port.accept()
        self.assertEqual([self.ask(first), self.ask(second)], [SWITCH, SWITCH])
        self.assertEqual(self.ask(port.accept()), OF_ONE)
        self.assertEqual(self.ask(port.accept("192.0.2.2")), SWITCH)
        first.connectionLost(connectionDone)
        self.assertEqual(self.ask(port.accept()), SWITCH)
        self.assertEqual(self.ask(port.accept()), OF_ONE)

    def test_networks(self) -> None:
        """
        All addresses of a /64 network are one client's, and one of IPv4 is the same however it is written.
        """
        port = self.gate(connections_per_address=1)
        for first, second, answer in (
            ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", OF_ONE),
            ("2001:db8:0:2::1", "2001:db8:0:3::1", SWITCH),
            ("192.0.2.7", "::ffff:192.0.2.7", OF_ONE),
        ):
            self.assertEqual(self.ask(port.accept(first)), SWITCH)
            self.assertEqual(self.ask(port.accept(second)), answer, second)

    def test_unlimited(self) -> None:
        """
        Who is on this machine is not counted by address, nor whom the file excepts.
        """
        port = self.gate(connections_per_address=1, connection_rate_per_address=1)
        for host in ("127.0.0.1", "127.0.0.1", "::1", "::1"):
            self.assertEqual(self.ask(port.accept(host)), SWITCH)
        port = self.gate(connections_per_address=1, unlimited=(ip_network("192.0.2.0/24"),))
        self.assertEqual([self.ask(port.accept()) for _ in range(3)], [SWITCH] * 3)
        self.assertEqual([self.ask(port.accept("127.0.0.1")) for _ in range(2)], [SWITCH, OF_ONE])

    def test_rate(self) -> None:
        """
        So many a second, however soon they go again; the next second begins anew.
        """
        port = self.gate(connection_rate_per_address=3)
        for _ in range(3):
            wire = port.accept()
            self.assertEqual(self.ask(wire), SWITCH)
            wire.connectionLost(connectionDone)
        self.assertEqual(self.ask(port.accept()), TOO_FAST)
        self.assertEqual(self.ask(port.accept("192.0.2.2")), SWITCH)
        self.house.clock.advance(WINDOW)
        self.assertEqual(self.ask(port.accept()), SWITCH)

    def test_any_number(self) -> None:
        """
        0 is no limit.
        """
        port = self.gate(connections_per_address=0, connection_rate_per_address=0)
        self.assertEqual({str(self.ask(port.accept())) for _ in range(1500)}, {str(SWITCH)})


class ListenerTests(GateTestCase):
    """Limits of all together."""

    def test_full(self) -> None:
        """
        One more than the listener may have is told 503, whoever it is.
        """
        port = self.gate(connections=2)
        first = port.accept("192.0.2.1")
        port.accept("127.0.0.1")
        self.assertEqual(self.ask(port.accept("192.0.2.3")), FULL)
        first.connectionLost(connectionDone)
        self.assertEqual(self.ask(port.accept("192.0.2.4")), SWITCH)
        self.assertEqual(self.counts.count, 2)

    def test_many_more(self) -> None:
        """
        Only so many are told at once; more are closed without a word, and cost nothing.
        """
        port = self.gate(connections_per_address=1)
        port.accept()
        told = [port.accept() for _ in range(MOST_TOLD)]
        self.assertEqual([port.accept() for _ in range(1000)], [None] * 1000)
        self.assertEqual((self.counts.count, self.crowd.count), (1, 1 + MOST_TOLD))
        for wire in told:
            self.assertEqual(self.ask(wire), OF_ONE)
            wire.connectionLost(connectionDone)
        self.assertEqual((self.counts.count, self.crowd.count), (1, 1))
        self.assertEqual(self.ask(port.accept()), OF_ONE)

    def test_silent(self) -> None:
        """
        One that is to be told and asks nothing goes when any other would: it keeps nobody's place for long.
        """
        port = self.gate(connections_per_address=1)
        port.accept()
        wire = port.accept()
        self.house.wait(11)
        self.assertTrue(wire.value().startswith(b"HTTP/1.1 408 "))

    def test_streams(self) -> None:
        """
        At a tcp accept nothing can be said: the connection is closed.
        """
        port = self.gate(streams=True, connections_per_address=1)
        self.assertIsNotNone(port.accept())
        self.assertIsNone(port.accept())
        self.assertEqual((self.counts.count, len(self.house.host.visits)), (1, 1))

    def test_rate(self) -> None:
        """
        When as many came in a second as may, the others wait in the kernel until the next one.
        """
        port = self.gate(connection_rate=3)
        for reads in (True, True, False):
            port.accept()
            self.assertEqual(port.reads, reads)
        self.house.clock.advance(WINDOW - 0.01)
        self.assertFalse(port.reads)
        self.house.clock.advance(0.01)
        self.assertTrue(port.reads)
        port.accept()
        self.assertTrue(port.reads)

    def test_crowd(self) -> None:
        """
        When the process has no more descriptors for clients, they wait in the kernel until one has gone; a
        new second does not let them in.
        """
        port = self.gate(most=2, connection_rate=2)
        first = port.accept()
        port.accept()
        self.assertFalse(port.reads)
        self.house.clock.advance(WINDOW)
        self.assertFalse(port.reads)
        first.connectionLost(connectionDone)
        self.assertTrue(port.reads)

    def test_unbound(self) -> None:
        """
        A listener that has stopped counts what it still has, and never takes anybody in again.
        """
        port = self.gate(most=1, connection_rate=1)
        wire = port.accept()
        self.counts.unbound()
        self.house.clock.advance(WINDOW)
        wire.connectionLost(connectionDone)
        self.assertEqual((port.reads, self.counts.count, self.crowd.count), (False, 0, 0))

    def test_log(self) -> None:
        """
        The log says which limit, of whom, and against whom, once a second.
        """
        port = self.gate(connections_per_address=1)
        port.accept()
        with capturedLogs() as events:
            for _ in range(100):
                port.accept()
        self.assertEqual(
            [formatEvent(event) for event in events],
            ["service 'chat': maximum.connections.per.address: 192.0.2.1 turned away"],
        )

    def test_twice(self) -> None:
        """
        A connection that is said to be lost twice is counted once.
        """
        port = self.gate()
        wire = port.accept()
        port.accept()
        wire.connectionLost(connectionDone)
        wire.connectionLost(connectionDone)
        self.assertEqual((self.counts.count, self.crowd.count), (1, 1))

    def test_failed(self) -> None:
        """
        A connection that nothing could be made for is not counted.
        """
        port = self.gate()
        self.counts.before(Broken())
        self.assertRaises(ZeroDivisionError, port.accept)
        self.assertEqual((self.counts.count, self.crowd.count), (0, 0))


class Broken:
    """A factory that fails."""

    def buildProtocol(self, addr: Any) -> Any:
        """See L{twisted.internet.interfaces.IProtocolFactory}."""
        raise ZeroDivisionError


class AnyOrderTests(GateTestCase):
    """Clients that come and go as they like."""

    @settings(max_examples=60, deadline=None)
    @given(lists(integers(-9, 8), max_size=80))
    def test_exact(self, steps: list[int]) -> None:
        """
        Nobody has more than he may, whoever is over a limit takes nobody's place, and when all are gone
        nothing is counted.
        """
        port = self.gate(proxies=OF_PROXY, connections=6, connections_per_address=2, connection_rate=0,
                         connection_rate_per_address=0)  # fmt: skip
        there: list[Any] = []
        for step in steps:
            if step < 0 and there:
                there.pop(step % len(there)).connectionLost(connectionDone)
            elif step >= 4:
                wire = port.accept(PROXY)
                there.append(wire)
                wire.say(b"PROXY TCP4 192.0.2.%d 198.51.100.1 40000 8000\r\n" % (step // 2))
            elif step >= 0:
                there.append(port.accept(f"192.0.2.{step}"))
            welcome = [wire for wire in there if getattr(wire.protocol, "unwelcome", None) is None]
            self.assertEqual((self.counts.count, self.crowd.count), (len(welcome), len(there)))
            self.assertLessEqual(len(welcome), 6)
            peers = [wire.getPeer().host for wire in welcome]
            self.assertLessEqual(max(map(peers.count, peers), default=0), 2)
        for wire in there:
            wire.connectionLost(connectionDone)
        self.assertEqual((self.counts.count, self.crowd.count, self.counts._of), (0, 0, {}))
        self.assertEqual(self.counts._told, 0)


class ProxyTests(GateTestCase):
    """Connections that come from proxies in front."""

    def test_header(self) -> None:
        """
        A proxy with a PROXY header may have any number; each counts for the client that it names.
        """
        port = self.gate(proxies=OF_PROXY, connections_per_address=1)

        def arrive(client: bytes) -> Any:
            wire = port.accept(PROXY)
            wire.say(b"PROXY TCP4 %b 198.51.100.1 40000 8000\r\n" % client)
            return wire

        first = arrive(b"192.0.2.1")
        self.assertEqual(self.ask(first), SWITCH)
        self.assertEqual(self.ask(arrive(b"192.0.2.2")), SWITCH)
        self.assertEqual(self.ask(arrive(b"192.0.2.1")), OF_ONE)
        first.connectionLost(connectionDone)
        self.assertEqual(self.ask(arrive(b"192.0.2.1")), SWITCH)

    def test_header_many_more(self) -> None:
        """
        Of those that are over a limit only so many are told at once.
        """
        port = self.gate(proxies=OF_PROXY, connections_per_address=1)
        fates = []
        for _ in range(MOST_TOLD + 3):
            wire = port.accept(PROXY)
            wire.say(b"PROXY TCP4 192.0.2.1 198.51.100.1 40000 8000\r\n")
            fates.append(wire.fate)
        self.assertEqual(fates, ["open"] * (MOST_TOLD + 1) + ["aborted"] * 2)

    def test_header_full(self) -> None:
        """
        One that comes from a proxy when the listener is full is told so behind its PROXY header, and takes
        neither a place there nor one of its client's; so is one whose header never comes.
        """
        port = self.gate(proxies=OF_PROXY, connections=1, connections_per_address=2)
        first, late = port.accept("192.0.2.9"), port.accept(PROXY)
        for _ in range(3):
            wire = port.accept(PROXY)
            wire.say(b"PROXY TCP4 192.0.2.1 198.51.100.1 40000 8000\r\n")
            self.assertEqual(self.ask(wire), FULL)
            wire.connectionLost(connectionDone)
        for wire in (first, late):
            wire.connectionLost(connectionDone)
        counts = self.counts
        self.assertEqual((counts.count, counts._told, counts._of, self.crowd.count), (0, 0, {}, 0))

    def test_fields(self) -> None:
        """
        A WebSocket that a proxy passes on counts for the client of X-Forwarded-For, from its handshake on;
        what the proxy keeps open besides counts for nobody.
        """
        port = self.gate(trusted=OF_PROXY, connections_per_address=1)
        idle = [port.accept(PROXY) for _ in range(5)]
        said = b"X-Forwarded-For: 192.0.2.1"
        self.assertEqual(self.ask(idle[0], said), SWITCH)
        self.assertEqual(self.ask(idle[1], said), OF_ONE)
        self.assertEqual(self.ask(idle[2], b"X-Forwarded-For: 192.0.2.2"), SWITCH)
        idle[0].connectionLost(connectionDone)
        self.assertEqual(self.ask(idle[3], said), SWITCH)
