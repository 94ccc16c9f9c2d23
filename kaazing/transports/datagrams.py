# -*- test-case-name: tests.transports.test_datagrams -*-
"""Datagrams for a service: a bound UDP address, or a multicast group, and who may send to it."""

from __future__ import annotations

import fcntl
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

from twisted.internet.error import CannotListenError
from twisted.internet.protocol import DatagramProtocol

from kaazing.config.model import Uri
from kaazing.errors import ListenError

Networks = Iterable[IPv4Network | IPv6Network]

LONGEST = 65535  # bytes of a datagram, and more: UDP over IPv4 carries 65,507

_MOST_KNOWN = 1024  # senders whose being allowed or not is remembered
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1"))
_RCVBUFFORCE = 33  # SO_RCVBUFFORCE of socket(7): beyond the system's limit, where we may
_MEMINFO, _DROPS = 55, 8  # SO_MEMINFO of Linux, and which of its numbers says what the kernel dropped
_SIOCGIFADDR, _SIOCGIFNETMASK = 0x8915, 0x891B  # netdevice(7)
_V6_ADDRESSES = Path("/proc/net/if_inet6")


class Datagrams(DatagramProtocol):
    """What comes to one address; held nowhere but in the kernel's buffer.

    Attributes:
        received: datagrams from those who may send.
        refused: datagrams from others, thrown away.
    """

    noisy = False
    transport: Any

    def __init__(
        self,
        reactor: Any,
        service: str,
        uri: Uri,
        take: Callable[[bytes], None],
        *,
        source: Networks | None = None,
        interface: str = "",
        buffer: int = 0,
    ) -> None:
        """Bind nothing yet.

        Args:
            service: its name, for messages.
            uri: udp or mcp; a multicast group is joined.
            take: gets each datagram.
            source: who may send; None for this machine and the networks that the address is in.
            interface: of a group: name or address of a network interface, empty for the system's choice.
            buffer: bytes that the kernel is asked to hold; 0 for its default.
        """
        self._reactor, self._uri, self._take = reactor, uri, take
        self._who = f"service {service!r}, connect {uri.shown}"
        self._source, self._interface, self._buffer = source, interface.strip("[]@"), buffer
        self._known: dict[str, bool] = {}
        self._allowed: tuple[IPv4Network | IPv6Network, ...] = ()
        self._port: Any = None
        self.received = self.refused = 0

    @property
    def overflowed(self) -> int:
        """Datagrams that the kernel had no room for, where it says so."""
        try:
            numbers = self._port.socket.getsockopt(socket.SOL_SOCKET, _MEMINFO, 4 * (_DROPS + 1))
        except (AttributeError, OSError):
            return 0
        return int(struct.unpack_from("=I", numbers, 4 * _DROPS)[0]) if len(numbers) > 4 * _DROPS else 0

    def start(self) -> None:
        """Bind.

        Raises:
            ListenError: the address is taken, or not ours, or the group cannot be joined.
        """
        host = self._resolved()
        group = ip_address(host).is_multicast
        if self._uri.scheme == "mcp" and not group:
            raise ListenError(f"{self._who}: {host} is no multicast group")
        try:
            listen = self._reactor.listenMulticast if group else self._reactor.listenUDP
            more = {"listenMultiple": True} if group else {}
            self._port = listen(self._uri.port, self, host, LONGEST, **more)
            self._enlarge()
            if group:
                self._join(host)
        except (CannotListenError, OSError) as why:
            error = getattr(why, "socketError", why)
            reason = getattr(error, "strerror", None) or error
            self.stop()
            raise ListenError(f"{self._who}: cannot listen on {host}:{self._uri.port}: {reason}") from why
        self._allowed = tuple(self._source) if self._source is not None else self._ours(host, group)

    def stop(self) -> Any:
        """Bind no longer. Returns a Deferred, or None."""
        port, self._port = self._port, None
        return port.stopListening() if port is not None else None

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """See L{DatagramProtocol}."""
        sender = addr[0]
        allowed = self._known.get(sender)
        if allowed is None:
            allowed = self._look(sender)
        if allowed:
            self.received += 1
            self._take(datagram)
        else:
            self.refused += 1

    def _look(self, sender: str) -> bool:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[sender] = allowed = is_within(sender, self._allowed)
        return allowed

    def _resolved(self) -> str:
        try:
            found = socket.getaddrinfo(self._uri.host, self._uri.port, type=socket.SOCK_DGRAM)
        except OSError as why:
            raise ListenError(f"{self._who}: no address: {why.strerror}") from why
        return str(found[0][4][0])

    def _enlarge(self) -> None:
        """Have as large a buffer as the system gives."""
        if self._buffer:
            made = self._port.socket
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer)
            with suppress(OSError):
                made.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, self._buffer)

    def _join(self, group: str) -> None:
        """Become a member of a multicast group.

        Raises:
            OSError: there is no such interface, or it has no multicast.
        """
        made, at = self._port.socket, self._interface
        if ":" in group:
            index = socket.if_nametoindex(at) if at else 0
            asked = socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", index)
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, asked)
            return
        named = at and not _is_address(at)
        asked = socket.inet_aton(group) + socket.inet_aton(at if at and not named else "0.0.0.0")
        asked += struct.pack("@i", socket.if_nametoindex(at) if named else 0)  # ip_mreqn of ip(7)
        made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, asked)

    def _ours(self, host: str, group: bool) -> tuple[IPv4Network | IPv6Network, ...]:
        """Return the loopback networks, and those of the interface that the address is of."""
        at = self._interface if group else host
        anywhere = not at or (_is_address(at) and ip_address(at).is_unspecified)
        near = [
            network
            for name, address, network in own_networks()
            if anywhere or at in (name, address) or (_is_address(at) and ip_address(at) in network)
        ]
        return (*_LOOPBACK, *near)


def is_within(address: str, networks: Networks) -> bool:
    """Return whether an address is in one of C{networks}; one of IPv4 also as IPv6 has it."""
    where = ip_address(address)
    mapped: IPv4Address | None = getattr(where, "ipv4_mapped", None)
    where = mapped or where
    return any(where in network for network in networks)


def own_networks() -> Iterator[tuple[str, str, IPv4Network | IPv6Network]]:
    """Yield name and address of this machine's network interfaces, with the network each is in.

    Of IPv4, the first address of each interface.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            asked = struct.pack("256s", name.encode()[:15])
            try:
                address, mask = (
                    socket.inet_ntoa(fcntl.ioctl(probe.fileno(), what, asked)[20:24])
                    for what in (_SIOCGIFADDR, _SIOCGIFNETMASK)
                )
            except OSError:  # it has none
                continue
            yield name, address, ip_network(f"{address}/{mask}", strict=False)
    with suppress(OSError):
        for line in _V6_ADDRESSES.read_text().splitlines():
            digits, _, length, _, _, name = line.split()
            address = str(ip_address(bytes.fromhex(digits)))
            yield name, address, ip_network(f"{address}/{int(length, 16)}", strict=False)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
