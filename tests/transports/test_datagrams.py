"""Tests for L{kaazing.transports.datagrams}: what is taken, and from whom."""

from __future__ import annotations

import errno
import socket
import struct
from ipaddress import ip_network
from typing import Any
from unittest.mock import patch

from twisted.internet.defer import succeed
from twisted.internet.error import CannotListenError
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import Uri
from kaazing.errors import ListenError
from kaazing.transports import datagrams
from kaazing.transports.datagrams import LONGEST, Datagrams, is_within, own_networks
from tests.running import uri

NETWORKS = [
    ("lo", "127.0.0.1", ip_network("127.0.0.0/8")),
    ("eth0", "192.0.2.5", ip_network("192.0.2.0/24")),
    ("eth1", "198.51.100.5", ip_network("198.51.100.0/24")),
    ("eth1", "2001:db8::5", ip_network("2001:db8::/64")),
]


class Options:
    """A socket that notes what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.forced = True

    def setsockopt(self, level: int, option: int, value: Any) -> None:
        """See L{socket.socket}."""
        if option == 33 and not self.forced:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        self.asked.append((level, option, value))

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        """See L{socket.socket}."""
        return struct.pack("=9I", *range(100, 109))[:size]


class Ether:
    """A reactor whose ports are bound in memory.

    Attributes:
        bound: (kind, port, interface, longest, more) of each.
        taken: addresses that cannot be bound.
    """

    def __init__(self) -> None:
        self.bound: list[tuple[Any, ...]] = []
        self.taken: set[str] = set()
        self.socket = Options()
        self.stopped = 0

    def listenUDP(self, port: int, protocol: Any, interface: str, longest: int, **more: Any) -> Ether:
        """See L{twisted.internet.interfaces.IReactorUDP}."""
        return self._bind("udp", port, interface, longest, more)

    def listenMulticast(self, port: int, protocol: Any, interface: str, longest: int, **more: Any) -> Ether:
        """See L{twisted.internet.interfaces.IReactorMulticast}."""
        return self._bind("multicast", port, interface, longest, more)

    def _bind(self, kind: str, port: int, interface: str, longest: int, more: dict[str, Any]) -> Ether:
        if interface in self.taken:
            raise CannotListenError(interface, port, OSError(errno.EADDRINUSE, "Address already in use"))
        self.bound.append((kind, port, interface, longest, more))
        return self

    def stopListening(self) -> Any:
        """See L{twisted.internet.interfaces.IListeningPort}."""
        self.stopped += 1
        return succeed(None)


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
        return Datagrams(self.ether, "feed", where, self.took.append, **more)

    def allowed(self, where: Uri, *senders: str, **more: Any) -> list[str]:
        """Return which senders may send."""
        port = self.made(where, **more)
        port.start()
        for sender in senders:
            port.datagramReceived(sender.encode(), (sender, 5000))
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
        self.assertIsNone(port.stop())
        port.start()
        self.assertEqual(self.ether.bound, [("udp", 7000, "127.0.0.1", LONGEST, {})])
        self.assertGreaterEqual(LONGEST, 65_507)
        self.assertEqual(self.ether.socket.asked, [])
        self.successResultOf(port.stop())
        self.assertIsNone(port.stop())

    def test_buffer(self) -> None:
        """
        The system is asked for as large a buffer as the service wants, beyond its limit where it lets us.
        """
        self.made(uri("udp://127.0.0.1:7000"), buffer=4096).start()
        usual = (socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.assertEqual(self.ether.socket.asked, [usual, (socket.SOL_SOCKET, 33, 4096)])
        self.ether.socket = Options()
        self.ether.socket.forced = False
        self.made(uri("udp://127.0.0.1:7000"), buffer=4096).start()
        self.assertEqual(self.ether.socket.asked, [usual])

    def test_overflow(self) -> None:
        """
        What the kernel had no room for is known; of a port that is not bound, nothing.
        """
        port = self.made(uri("udp://127.0.0.1:7000"))
        self.assertEqual(port.overflowed, 0)
        port.start()
        self.assertEqual(port.overflowed, 108)

    def test_taken(self) -> None:
        """
        An address that cannot be bound is an error that names the service, the connect and the reason.
        """
        self.ether.taken = {"127.0.0.1"}
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
            self.assertEqual(self.ether.socket.asked, [(*kind, asked)])
            self.assertEqual(
                self.ether.bound, [("multicast", 7000, where.host, LONGEST, {"listenMultiple": True})]
            )

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
        self.assertEqual(self.ether.stopped, 1)


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
        for number in range(3000):
            port.datagramReceived(b"x", (f"203.0.{number // 250}.{number % 250}", 5000))
        port.datagramReceived(b"x", ("127.0.0.1", 5000))
        self.assertEqual((port.received, port.refused), (1, 3000))
        self.assertLessEqual(len(port._known), 1024)


class NetworkTests(SynchronousTestCase):
    def test_within(self) -> None:
        """
        An address of IPv4 that is written as one of IPv6 is what it is.
        """
        near = (ip_network("192.0.2.0/24"),)
        self.assertTrue(is_within("::ffff:192.0.2.1", near))
        self.assertFalse(is_within("::ffff:192.0.3.1", near))

    def test_own(self) -> None:
        """
        This machine has a loopback interface.
        """
        self.assertIn(("lo", "127.0.0.1", ip_network("127.0.0.0/8")), list(own_networks()))
