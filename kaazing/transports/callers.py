# -*- test-case-name: tests.transports.test_callers -*-
"""Who sent a request, and by which name the client calls us."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address

from kaazing.literals import bracketed
from kaazing.transports.introducing import certificate, describe
from kaazing.transports.tcp import address
from kaazing.wire.addresses import Networks, listed, split
from kaazing.wire.forwarded import read
from kaazing.wire.heads import Head
from kaazing.wire.proxy_header import Client


@dataclass(frozen=True, slots=True)
class Caller:
    """The client's view of a connection.

    Attributes:
        peer: the client's address, "192.0.2.1:5000"; port 0 where a proxy in front does not say it.
        secure: whether the client speaks TLS.
        host: the name that the client used for us, as L{Head.host} has it.
        port: the port that the client named; None for none.
        transport: of the connection.
        relayed: whether the other end of it is a proxy in front, not the client.
    """

    peer: str
    secure: bool
    host: str
    port: int | None
    transport: Any = field(default=None, repr=False, compare=False)
    relayed: bool = field(default=False, repr=False, compare=False)

    @property
    def authority(self) -> str:
        """Host and port as they stand in a URL of ours."""
        host = bracketed(self.host)
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def site(self) -> str:
        """What URLs of ours begin with: scheme, host and port."""
        return f"{'https' if self.secure else 'http'}://{self.authority}"

    def client(self) -> Client:
        """Return what a backend may be told of the client."""
        return describe(self.transport, split(self.peer), self.secure)

    def certificate(self) -> Any:
        """Return the client's verified certificate (cryptography's); None for none. What a proxy in front
        shows proves the proxy."""
        return None if self.relayed else certificate(self.transport)


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a PROXY header said of a connection; an attribute C{introduction} of its transport.

    Attributes:
        address: the client's; None where the proxy does not say it.
        secure: whether the client spoke TLS to the proxy.
        destination: where the client connected to; None as above.
    """

    address: IPv4Address | IPv6Address | None
    secure: bool = False
    destination: IPv4Address | IPv6Address | None = None


def caller(head: Head, transport: Any, secure: bool, trusted: Networks = ()) -> Caller:
    """Return who sent a request.

    Args:
        head: of the request.
        transport: of the connection.
        secure: whether TLS is ended here, or the accept says that it was ended in front.
        trusted: the proxies whose word about the client is taken; from anybody else it is not even read.

    Raises:
        BadRequest: a listed proxy sent what cannot be read.
    """
    peer = transport.getPeer()
    if not trusted or not _may_tell(transport, peer, trusted):
        return Caller(address(peer), came_securely(transport, secure), head.host, head.port, transport)
    told = read(head.headers, trusted)
    if told.host is not None:
        peer = _address(told.host, told.port)
    secure = came_securely(transport, secure) if told.secure is None else told.secure
    host, port = told.named or (head.host, head.port)
    if port is None and told.named_port != (443 if secure else 80):
        port = told.named_port
    return Caller(address(peer), secure, host, port, transport, relayed=True)


def came_securely(transport: Any, secure: bool) -> bool:
    """Return whether the client of a connection spoke TLS, here (C{secure}) or to the proxy in front."""
    introduction: Introduction | None = getattr(transport, "introduction", None)
    return secure or (introduction is not None and introduction.secure)


def belongs_to(transport: Any, who: Caller) -> None:
    """Have a transport that carries one client's bytes alone from now on name that client's address."""
    if address(transport.getPeer()) != who.peer:
        rename(transport, _address(*split(who.peer)))


def rename(transport: Any, peer: IPv4Address | IPv6Address) -> None:
    """Have a transport name another address as that of its peer."""
    transport.getPeer = lambda: peer


def _address(host: str, port: int) -> IPv4Address | IPv6Address:
    return (IPv6Address if ":" in host else IPv4Address)("TCP", host, port)


def _may_tell(transport: Any, peer: Any, trusted: Networks) -> bool:
    """Return whether the word of a connection's other end is taken.

    A proxy that began with a PROXY header and did not say whose bytes follow does not vouch for
    the header fields in them.
    """
    introduction: Introduction | None = getattr(transport, "introduction", None)
    if introduction is not None and introduction.address is None:
        return False
    return listed(getattr(peer, "host", ""), trusted)
