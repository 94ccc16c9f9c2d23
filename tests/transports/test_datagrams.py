"""Tests for L{kaazing.transports.datagrams}: what is taken, and from whom."""

from __future__ import annotations

import errno
import os
import socket
import struct
from ipaddress import ip_network
from typing import Any
from unittest.mock import patch

from twisted.internet.defer import succeed
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import Uri
from kaazing.errors import ListenError
from kaazing.transports import datagrams
from kaazing.transports.datagrams import (
    LONGEST,
    DatagramPort,
    Datagrams,
    own_networks,
)
from tests.running import uri

NETWORKS = [
    ("lo", "127.0.0.1", ip_network("127.0.0.0/8")),
    ("eth0", "192.0.2.5", ip_network("192.0.2.0/24")),
    ("eth1", "198.51.100.5", ip_network("198.51.100.0/24")),
    ("eth1", "2001:db8::5", ip_network("2001:db8::/64")),
]


class Options:
    """A socket that notes what is asked of it."""

    forced = True

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def setsockopt(self, level: int, option: int, value: Any) -> None:
        """See L{socket.socket}."""
        if option == 33 and not self.forced:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        self.asked.append((level, option, value))

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        """See L{socket.socket}."""
        return struct.pack("=9I", *range(100, 109))[:size]


class Bound:
    """A port that is bound in memory."""

    def __init__(self, ether: Ether, asked: tuple[Any, ...], ear: Any) -> None:
        self._ether, self._asked, self.ear = ether, asked, ear
        self.socket = Options()

    def startListening(self) -> None:
        """See L{twisted.internet.interfaces.IListeningPort}."""
        error = self._ether.faults.get(self._asked[1])
        if error is not None:
            raise CannotListenError(self._asked[1], self._asked[0], OSError(error, os.strerror(error)))
        self._ether.bound.append(self._asked)
        self._ether.ports.append(self)

    def stopListening(self) -> Any:
        """See L{twisted.internet.interfaces.IListeningPort}."""
        self._ether.ports.remove(self)
        return succeed(None)


class Ether:
    """Where ports are bound.

    Attributes:
        bound: (port, interface, longest, whether others may have it too) of each.
        ports: those bound now.
        faults: addresses that cannot be bound, and the errno why.
    """

    def __init__(self) -> None:
        self.bound: list[tuple[Any, ...]] = []
        self.ports: list[Bound] = []
        self.faults: dict[str, int] = {}

    def port(
        self, port: int, ear: Any, interface: str, longest: int, reactor: object, listenMultiple: bool
    ) -> Bound:
        """See L{datagrams.DatagramPort}."""
        return Bound(self, (port, interface, longest, listenMultiple), ear)


def group(written: str, scheme: str = "mcp") -> Uri:
    """A URI of a multicast group."""
    host, _, port = written.rpartition(":")
    return Uri(scheme=scheme, host=host, port=int(port), written=f"{scheme}://{written}")


class DatagramTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.ether = Ether()
        self.took: list[bytes] = []
        self.patch(datagrams, "own_networks", lambda: iter(NETWORKS))

    def made(self, where: Uri, **more: Any) -> Datagrams:
        """Take datagrams for a service."""
        return Datagrams(None, "feed", where, self.took.append, port=self.ether.port, **more)

    def allowed(self, where: Uri, *senders: str, **more: Any) -> list[str]:
        """Return which senders may send."""
        port = self.made(where, **more)
        port.start()
        for sender in senders:
            self.ether.ports[-1].ear.datagramReceived(sender.encode(), (sender, 5000))
        self.assertEqual((port.received, port.refused), (len(self.took), len(senders) - len(self.took)))
        took = [each.decode() for each in self.took]
        self.took.clear()
        return took


class BindTests(DatagramTestCase):
    def test_bound(self) -> None:
        """
        The address of the connect is bound when the service starts, for datagrams of every size, and
        unbound when it stops.
        """
        port = self.made(uri("udp://127.0.0.1:7000"))
        self.successResultOf(port.stop())
        port.start()
        self.assertEqual(self.ether.bound, [(7000, "127.0.0.1", LONGEST, False)])
        self.assertGreaterEqual(LONGEST, 65_507)
        self.assertEqual(self.ether.ports[0].socket.asked, [])
        self.successResultOf(port.stop())
        self.assertEqual(self.ether.ports, [])

    def test_names(self) -> None:
        """
        A name stands for all its addresses that are this machine's.
        """
        found = [(0, 0, 0, "", (address, 7000)) for address in ("::1", "127.0.0.1", "127.0.0.1")]
        self.patch(socket, "getaddrinfo", lambda *asked, **more: found)
        self.made(uri("udp://two.example:7000")).start()
        self.assertEqual([asked[1] for asked in self.ether.bound], ["::1", "127.0.0.1"])
        self.ether = Ether()
        self.ether.faults = {"::1": errno.EADDRNOTAVAIL}
        self.made(uri("udp://two.example:7000")).start()
        self.assertEqual([asked[1] for asked in self.ether.bound], ["127.0.0.1"])
        self.ether.faults["127.0.0.1"] = errno.EADDRINUSE
        self.assertRaises(ListenError, self.made(uri("udp://two.example:7000")).start)
        self.ether.faults["127.0.0.1"] = errno.EADDRNOTAVAIL
        self.assertRaises(ListenError, self.made(uri("udp://two.example:7000")).start)

    def test_buffer(self) -> None:
        """
        The system is asked for as large a buffer as the service wants, beyond its limit where it lets us.
        """
        usual, more = (socket.SOL_SOCKET, socket.SO_RCVBUF, 4096), (socket.SOL_SOCKET, 33, 4096)
        self.made(uri("udp://127.0.0.1:7000"), buffer=4096).start()
        self.assertEqual(self.ether.ports[-1].socket.asked, [usual, more])
        self.patch(Options, "forced", False)
        self.made(uri("udp://127.0.0.1:7000"), buffer=4096).start()
        self.assertEqual(self.ether.ports[-1].socket.asked, [usual])

    def test_overflow(self) -> None:
        """
        What the kernel had no room for is known; before anything is bound, it is nothing.
        """
        port = self.made(uri("udp://127.0.0.1:7000"))
        self.assertEqual(port.overflowed, 0)
        port.start()
        self.assertEqual(port.overflowed, 108)

    def test_taken(self) -> None:
        """
        An address that cannot be bound is an error that names the service, the connect and the reason.
        """
        self.ether.faults = {"127.0.0.1": errno.EADDRINUSE}
        why = self.assertRaises(ListenError, self.made(uri("udp://127.0.0.1:7000")).start)
        self.assertEqual(
            str(why),
            "service 'feed', connect udp://127.0.0.1:7000: cannot listen on 127.0.0.1:7000:"
            " Address already in use",
        )
        with patch.object(socket, "getaddrinfo", side_effect=socket.gaierror(8, "not known")):
            why = self.assertRaises(ListenError, self.made(uri("udp://no.example:7000")).start)
        self.assertEqual(str(why), "service 'feed', connect udp://no.example:7000: no address: not known")

    def test_multicast(self) -> None:
        """
        A group, by udp or mcp, is bound so that others may have it too, and joined: on the interface
        that is said by name or address, or on that of the system's choice.
        """
        index = socket.if_nametoindex("lo")
        v4, v6 = socket.inet_aton("239.1.2.3"), socket.inet_pton(socket.AF_INET6, "ff15::1")
        for where, interface, asked in (
            (group("239.1.2.3:7000"), "", v4 + bytes(8)),
            (group("239.1.2.3:7000", "udp"), "", v4 + bytes(8)),
            (group("239.1.2.3:7000"), "127.0.0.1", v4 + socket.inet_aton("127.0.0.1") + bytes(4)),
            (group("239.1.2.3:7000"), "[@lo]", v4 + bytes(4) + struct.pack("@i", index)),
            (group("ff15::1:7000"), "lo", v6 + struct.pack("@I", index)),
            (group("ff15::1:7000"), "", v6 + bytes(4)),
        ):
            self.ether = Ether()
            self.made(where, interface=interface).start()
            kind = (
                (socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP)
                if ":" in where.host
                else (socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP)
            )
            self.assertEqual(self.ether.ports[0].socket.asked, [(*kind, asked)])
            self.assertEqual(self.ether.bound, [(7000, where.host, LONGEST, True)])

    def test_no_group(self) -> None:
        """
        An mcp connect that names no group, or an interface that is not there, is an error; nothing
        stays bound.
        """
        why = self.assertRaises(ListenError, self.made(group("192.0.2.1:7000")).start)
        self.assertEqual(
            str(why), "service 'feed', connect mcp://192.0.2.1:7000: 192.0.2.1 is no multicast group"
        )
        port = self.made(group("239.1.2.3:7000"), interface="none9")
        self.assertRaisesRegex(ListenError, "^service 'feed', connect mcp://239.1.2.3:7000: ", port.start)
        self.assertEqual(self.ether.ports, [])


class SourceTests(DatagramTestCase):
    """Who may send."""

    def test_default(self) -> None:
        """
        Without a property this machine may, and the networks that the address is in; for every address
        of the machine, all its networks.
        """
        everybody = ("127.0.0.1", "192.0.2.9", "198.51.100.9", "203.0.113.9")
        for host, allowed in (
            ("127.0.0.1", everybody[:1]),
            ("192.0.2.5", everybody[:2]),
            ("0.0.0.0", everybody[:3]),
        ):
            where = uri(f"udp://{host}:7000")
            self.assertEqual(self.allowed(where, *everybody), list(allowed), host)

    def test_multicast(self) -> None:
        """
        Of a group, the networks of its interface may.
        """
        for interface, allowed in (
            ("", ["127.0.0.1", "192.0.2.9", "198.51.100.9"]),
            ("eth0", ["127.0.0.1", "192.0.2.9"]),
            ("198.51.100.5", ["127.0.0.1", "198.51.100.9"]),
        ):
            senders = ("127.0.0.1", "192.0.2.9", "198.51.100.9", "203.0.113.9")
            with patch.object(socket, "if_nametoindex", return_value=2):
                took = self.allowed(group("239.1.2.3:7000"), *senders, interface=interface)
            self.assertEqual(took, allowed, interface)

    def test_listed(self) -> None:
        """
        With the property, those that it lists may, and nobody else, not even this machine.
        """
        source = (ip_network("203.0.113.0/24"), ip_network("2001:db8::/32"))
        took = self.allowed(
            uri("udp://127.0.0.1:7000"),
            *("203.0.113.9", "::ffff:203.0.113.9", "2001:db8::1", "127.0.0.1", "::1", "fe80::1%eth0"),
            source=source,
        )
        self.assertEqual(took, ["203.0.113.9", "::ffff:203.0.113.9", "2001:db8::1"])

    def test_many_senders(self) -> None:
        """
        However many addresses send, only so many are remembered.
        """
        port = self.made(uri("udp://127.0.0.1:7000"))
        port.start()
        take = self.ether.ports[0].ear.datagramReceived
        for number in range(3000):
            take(b"x", (f"203.0.{number // 250}.{number % 250}", 5000))
        take(b"x", ("127.0.0.1", 5000))
        self.assertEqual((port.received, port.refused), (1, 3000))
        self.assertLessEqual(len(port._known), 1024)


class PortTests(SynchronousTestCase):
    """A real socket of this machine, read by hand."""

    def setUp(self) -> None:
        self.took: list[bytes] = []
        ear = DatagramProtocol()
        ear.datagramReceived = self.take  # type: ignore[assignment]
        reactor: Any = MemoryReactorClock()
        self.reactor = reactor
        self.port = DatagramPort(0, ear, "127.0.0.1", LONGEST, reactor)
        self.port.startListening()
        self.addCleanup(self.port.connectionLost, None)
        self.sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sender.bind(("127.0.0.1", 0))
        self.addCleanup(self.sender.close)

    def take(self, datagram: bytes, sender: Any) -> None:
        """Take a datagram, or fail."""
        self.assertEqual(sender, self.sender.getsockname())
        if datagram == b"bad":
            raise ZeroDivisionError
        if datagram == b"slow":
            self.reactor.advance(0.006)
        self.took.append(datagram)

    def say(self, *datagrams: bytes) -> None:
        """Send datagrams."""
        for datagram in datagrams:
            self.sender.sendto(datagram, ("127.0.0.1", self.port.getHost().port))

    def test_read(self) -> None:
        """
        Each datagram is taken whole, the longest and the empty one too; one that makes its taker fail
        keeps none of the others away.
        """
        self.say(b"", b"x" * 65_507, b"bad", b"y")
        self.port.doRead()
        self.assertEqual(self.took, [b"", b"x" * 65_507, b"y"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_turns(self) -> None:
        """
        In one turn only so many are read, even where they are empty.
        """
        self.patch(datagrams, "MOST_AT_ONCE", 10)
        self.say(*[b""] * 15)
        for taken in (10, 15, 15):
            self.port.doRead()
            self.assertEqual(len(self.took), taken)

    def test_slow_turns(self) -> None:
        """
        Where each takes long, because many are told, a turn ends after a hundredth of a second: others
        on the same reactor do not wait for all of a flood.
        """
        self.say(*[b"slow"] * 5)
        for taken in (2, 4, 5):
            self.port.doRead()
            self.assertEqual(len(self.took), taken)


class NetworkTests(SynchronousTestCase):
    def test_own(self) -> None:
        """
        This machine has a loopback interface.
        """
        self.assertIn(("lo", "127.0.0.1", ip_network("127.0.0.0/8")), list(own_networks()))
