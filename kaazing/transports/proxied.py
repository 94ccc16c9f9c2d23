# -*- test-case-name: tests.transports.test_proxied -*-
"""The PROXY header that a proxy in front begins a connection with, versions 1 and 2.

It comes before everything else, TLS too. By "section" the document of HAProxy is meant, "The PROXY
protocol, versions 1 & 2".
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.protocols.haproxy._exceptions import InvalidProxyHeader
from twisted.protocols.haproxy._v1parser import V1Parser
from twisted.protocols.haproxy._v2parser import V2Parser
from twisted.python.failure import Failure

from kaazing.errors import BadRequest, ProtocolViolation, Side
from kaazing.transports.callers import Introduction, rename
from kaazing.transports.gate import Gate
from kaazing.transports.tcp import address
from kaazing.transports.wheel import Wheel
from kaazing.wire.addresses import Networks, listed
from kaazing.wire.proxy_header import CLIENT_SSL, SSL, V1, V2, V2_ADDRESSES, V2_HEAD

HEADER_TIMEOUT = 5.0  # seconds from the connection to a whole header; a proxy has it ready
MAX_LINE = 107  # bytes of version 1, its CR LF counted (section 2.1)
MAX_HEADER = 4096  # bytes of version 2, what a proxy adds behind the addresses counted


def introduction(data: bytes) -> tuple[Introduction, int] | None:
    """Read the PROXY header that C{data} begins with; None while it is not whole.

    Args:
        data: all that came, of any length.

    Returns:
        what it says, and its length in bytes.

    Raises:
        ProtocolViolation: it is none; the same error wherever the data is cut.
    """
    if data.startswith(V1):
        return _version_1(data)
    if data.startswith(V2):
        return _version_2(data)
    if V1.startswith(data) or V2.startswith(data):
        return None
    raise _violation("no PROXY header", "section 2")


def _version_1(data: bytes) -> tuple[Introduction, int] | None:
    end = data.find(b"\r\n", 0, MAX_LINE)
    if end < 0:
        if len(data) < MAX_LINE:
            return None
        raise _violation(f"PROXY line of more than {MAX_LINE} bytes", "section 2.1")
    if data[len(V1) : end].partition(b" ")[0] == b"UNKNOWN":  # the rest of the line is to be ignored
        return Introduction(None), end + 2
    try:
        said = V1Parser.parse(data[:end])
        found, destination = _checked(said.source), _checked(said.destination)
    except (InvalidProxyHeader, ValueError) as why:
        raise _violation("PROXY line that cannot be read", "section 2.1") from why
    return Introduction(found, destination=destination), end + 2


def _version_2(data: bytes) -> tuple[Introduction, int] | None:
    if len(data) < V2_HEAD:
        return None
    size = V2_HEAD + int.from_bytes(data[14:16], "big")
    if size > MAX_HEADER:
        raise _violation(f"PROXY header of more than {MAX_HEADER} bytes", "section 2.2")
    if len(data) < size:
        return None
    header = data[:size]
    try:
        said = V2Parser.parse(header)
        found, destination = _checked(said.source), _checked(said.destination)
    except (InvalidProxyHeader, ValueError) as why:
        raise _violation("PROXY header that cannot be read", "section 2.2") from why
    return Introduction(found, found is not None and _spoke_tls(header), destination), size


def _checked(source: Any) -> IPv4Address | IPv6Address | None:
    """Return an address in its shortest form; None for a socket file, and where there is none.

    Raises:
        ValueError: what the parser took for an address is none.
    """
    if not isinstance(source, IPv4Address | IPv6Address):
        return None
    found = ip_address(source.host)
    if found.version != (4 if isinstance(source, IPv4Address) else 6) or not 0 <= source.port < 65536:
        raise ValueError("an address of another family, or no port")
    return type(source)("TCP", found.compressed, source.port)


def _spoke_tls(header: bytes) -> bool:
    """Return whether a proxy that ended TLS says so, in what follows the addresses (section 2.2)."""
    at = V2_HEAD + V2_ADDRESSES[header[13] & 0xF0]
    while at + 3 < len(header):
        if header[at] == SSL:
            return bool(header[at + 3] & CLIENT_SSL)
        at += 3 + int.from_bytes(header[at + 1 : at + 3], "big")
    return False


def _violation(what: str, where: str) -> ProtocolViolation:
    return ProtocolViolation(what, side=Side.FRONT, offset=0, rule=f"PROXY protocol {where}")


class Proxied(Factory):
    """Takes the PROXY header off the connections of listed proxies; everybody else comes in without one."""

    noisy = False
    log = Logger()

    def __init__(
        self, factory: Any, proxies: Networks, wheel: Wheel, who: str, gate: Gate | None = None
    ) -> None:
        """
        Args:
            factory: makes what speaks behind the header.
            who: the listener's, for the log.
            gate: counts the connections; None where nobody does.
        """
        self.factory, self.wheel, self.who, self.gate = factory, wheel, who, gate
        self._proxies = proxies

    def startFactory(self) -> None:
        """See L{Factory}."""
        self.factory.doStart()

    def stopFactory(self) -> None:
        """See L{Factory}."""
        self.factory.doStop()

    def buildProtocol(self, addr: Any) -> Any:
        """See L{Factory}."""
        if not listed(getattr(addr, "host", ""), self._proxies):
            return self.factory.buildProtocol(addr)
        made = _Unintroduced()
        made.factory = self
        return made


class _Unintroduced(Protocol):
    """A connection until its header is whole."""

    transport: Any
    factory: Proxied
    unwelcome: BadRequest | None = None  # as a Doorstep's
    _data = b""
    _closed = False

    def connectionMade(self) -> None:
        wheel = self.factory.wheel
        wheel.put(self, wheel.now() + HEADER_TIMEOUT)

    def dataReceived(self, data: bytes) -> None:
        if self._closed:
            return
        self._data += data
        try:
            found = introduction(self._data)
        except ProtocolViolation as why:
            self._close(why)
            return
        if found is not None:
            self._give_away(*found)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.wheel.take(self)

    def due(self, now: float) -> None:
        """The header took too long; called by the wheel."""
        self._close(_violation(f"no whole PROXY header in {HEADER_TIMEOUT:g} s", "section 2"))

    def _close(self, why: ProtocolViolation) -> None:
        self._closed = True
        factory, peer = self.factory, address(self.transport.getPeer())
        factory.wheel.take(self)
        factory.log.warn("{who}: proxy {peer} is not let in: {why}", who=factory.who, peer=peer, why=why)
        self.transport.abortConnection()

    def _give_away(self, told: Introduction, size: int) -> None:
        """Let who speaks behind the header have the connection."""
        transport, rest = self.transport, self._data[size:]
        self.factory.wheel.take(self)
        transport.introduction = told
        gate, why = self.factory.gate, None
        if told.address is not None:
            rename(transport, told.address)
            if gate is not None and self.unwelcome is None:
                why = gate.introduce(transport, told.address.host)
        protocol = self.factory.factory.buildProtocol(transport.getPeer())
        if gate is not None and self.unwelcome is not None:
            gate.pass_on(self, protocol)
        elif gate is not None and why is not None and not gate.turn_away(protocol, why):
            transport.abortConnection()
            return
        transport.protocol = protocol
        protocol.makeConnection(transport)
        if rest:
            protocol.dataReceived(rest)
