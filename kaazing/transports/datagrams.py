# -*- test-case-name: tests.transports.test_datagrams -*-
"""Datagrams for a service: a bound UDP address, or a multicast group, and who may send to it."""

from __future__ import annotations

import errno
import fcntl
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

from twisted.internet import udp
from twisted.internet.defer import DeferredList, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger

from kaazing.config.model import Uri
from kaazing.errors import ListenError
from kaazing.literals import bracketed
from kaazing.wire.addresses import Networks, listed

LONGEST = 65535  # bytes of a datagram, and more: UDP over IPv4 carries 65,507
MOST_AT_ONCE = 256  # datagrams
TURN = 0.01  # seconds after which everybody else has a turn: a datagram may go to thousands of receivers

_NOT_OURS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)  # ::1 may be known to /etc/hosts alone
_MOST_KNOWN = 1024  # senders whose being allowed or not is remembered
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1"))
_RCVBUFFORCE = 33  # SO_RCVBUFFORCE of socket(7): beyond the system's limit, where we may
_MEMINFO, _DROPS = 55, 8  # SO_MEMINFO of Linux, and which of its numbers says what the kernel dropped
_SIOCGIFADDR, _SIOCGIFNETMASK = 0x8915, 0x891B  # netdevice(7)
_V6_ADDRESSES = Path("/proc/net/if_inet6")

_log = Logger(namespace="kaazing.datagrams")


class DatagramPort(udp.MulticastPort):
    """A bound address. In one turn of the reactor only so many datagrams are read, and only for so long,
    however short they are: Twisted's own goes on for as long as empty ones come."""

    def doRead(self) -> None:
        """See L{udp.Port.doRead}."""
        take, read, now = self.protocol.datagramReceived, self.socket.recvfrom, self.reactor.seconds
        end = now() + TURN
        for _ in range(MOST_AT_ONCE):
            try:
                datagram, sender = read(LONGEST)
            except OSError:  # there is no more; or an error that is gone with being told
                return
            try:
                take(datagram, sender)
            except Exception:  # one that fails must not end the port
                _log.failure("a datagram could not be taken")
            if now() >= end:
                return


class _Ear(DatagramProtocol):
    """Hears one address."""

    noisy = False

    def __init__(self, take: Callable[[bytes, Any], None]) -> None:
        self.datagramReceived = take  # type: ignore[assignment]

    def logPrefix(self) -> str:
        """See L{twisted.internet.interfaces.ILoggingContext}."""
        return "Datagrams"


class Datagrams:
    """What comes to the addresses of one host; held nowhere but in the kernel's buffer.

    Attributes:
        received: datagrams from those who may send.
        refused: datagrams from others, thrown away.
    """

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
        port: Callable[..., Any] = DatagramPort,
    ) -> None:
        """Bind nothing yet.

        Args:
            service: its name, for messages.
            uri: udp or mcp; a multicast group is joined.
            take: gets each datagram.
            source: who may send; None for this machine and the networks that the address is in.
            interface: of a group: name or address of a network interface, empty for the system's choice.
            buffer: bytes that the kernel is asked to hold; 0 for its default.
            port: makes a L{DatagramPort}.
        """
        self._reactor, self._uri, self._take, self._make = reactor, uri, take, port
        self._who = f"service {service!r}, connect {uri.shown}"
        self._source, self._interface, self._buffer = source, interface.strip("[]@"), buffer
        self._known: dict[str, bool] = {}
        self._allowed: list[IPv4Network | IPv6Network] = []
        self._ports: list[Any] = []
        self.received = self.refused = 0

    @property
    def overflowed(self) -> int:
        """Datagrams that the kernel had no room for, where it says so."""
        return sum(_overflowed(port.socket) for port in self._ports)

    def start(self) -> None:
        """Bind.

        Raises:
            ListenError: an address is taken, or none is ours, or a group cannot be joined.
        """
        faults: list[ListenError] = []
        for host in self._resolved():
            try:
                self._bind(host)
            except (CannotListenError, OSError) as why:
                error = getattr(why, "socketError", why)
                reason = getattr(error, "strerror", None) or error
                where = f"{bracketed(host)}:{self._uri.port}"
                fault = ListenError(f"{self._who}: cannot listen on {where}: {reason}")
                if getattr(error, "errno", None) not in _NOT_OURS:
                    self.stop()
                    raise fault from why
                faults.append(fault)
        if not self._ports:
            raise faults[0]

    def stop(self) -> Any:
        """Bind no longer. Returns a Deferred."""
        ports, self._ports = self._ports, []
        return DeferredList([maybeDeferred(port.stopListening) for port in ports])

    def _bind(self, host: str) -> None:
        group = ip_address(host).is_multicast
        if self._uri.scheme == "mcp" and not group:
            raise ListenError(f"{self._who}: {host} is no multicast group")
        port = self._make(
            self._uri.port, _Ear(self._datagram), host, LONGEST, self._reactor, listenMultiple=group
        )
        port.startListening()
        self._ports.append(port)
        if self._buffer:
            _enlarge(port.socket, self._buffer)
        if group:
            self._join(port.socket, host)
        self._allowed += self._source if self._source is not None else self._ours(host, group)

    def _datagram(self, datagram: bytes, sender: Any) -> None:
        """A datagram came."""
        address = sender[0]
        allowed = self._known.get(address)
        if allowed is None:
            allowed = self._look(address)
        if allowed:
            self.received += 1
            self._take(datagram)
        else:
            self.refused += 1

    def _look(self, address: str) -> bool:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[address] = allowed = listed(address, tuple(self._allowed))
        return allowed

    def _resolved(self) -> list[str]:
        try:
            found = socket.getaddrinfo(self._uri.host, self._uri.port, type=socket.SOCK_DGRAM)
        except OSError as why:
            raise ListenError(f"{self._who}: no address: {why.strerror}") from why
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    def _join(self, made: Any, group: str) -> None:
        """Become a member of a multicast group.

        Raises:
            OSError: there is no such interface, or it has no multicast.
        """
        at = self._interface
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


def _enlarge(made: Any, size: int) -> None:
    """Have as large a buffer as the system gives."""
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
    with suppress(OSError):
        made.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, size)


def _overflowed(made: Any) -> int:
    try:
        numbers = made.getsockopt(socket.SOL_SOCKET, _MEMINFO, 4 * (_DROPS + 1))
    except OSError:
        return 0
    return int(struct.unpack_from("=I", numbers, 4 * _DROPS)[0]) if len(numbers) > 4 * _DROPS else 0


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
