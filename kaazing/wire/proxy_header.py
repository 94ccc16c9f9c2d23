# -*- test-case-name: tests.wire.test_proxy_header -*-
"""The PROXY header that a connection to a backend begins with: whose bytes follow.

By "section" the document of HAProxy is meant, "The PROXY protocol, versions 1 & 2". What reads such a
header is L{kaazing.transports.proxied}.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

V1 = b"PROXY "
"""What version 1 begins with (section 2.1)."""
V2 = b"\r\n\r\n\0\r\nQUIT\n"
"""What version 2 begins with (section 2.2)."""
V2_HEAD = 16
"""Bytes of version 2 before the addresses."""
V2_ADDRESSES = {0x10: 12, 0x20: 36, 0x30: 216}
"""Family -> bytes of its addresses (section 2.2)."""
SSL = 0x20
"""PP2_TYPE_SSL (section 2.2.6)."""
CLIENT_SSL = 0x01
"""PP2_CLIENT_SSL, of the first byte of L{SSL}: the client spoke TLS."""

_LOCAL, _PROXY = 0x20, 0x21  # version 2 with its command (section 2.2)
_UNSPECIFIED, _TCP4, _TCP6 = 0x00, 0x11, 0x21
_ALPN, _AUTHORITY, _UNIQUE_ID = 0x01, 0x02, 0x05  # PP2_TYPE_... (sections 2.2.1, 2.2.2, 2.2.5)
_SSL_VERSION, _SSL_CN, _SSL_CIPHER = 0x21, 0x22, 0x23  # PP2_SUBTYPE_... (section 2.2.6)
_CLIENT_CERTIFICATE = 0x06  # PP2_CLIENT_CERT_CONN and _SESS; sessions are not resumed
_MOST = 256  # bytes of a value; receivers set aside little for a header

Address = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """What is known of the TLS of a client's connection; of what ended in front, nothing.

    Attributes:
        version: "TLSv1.3"; empty for not known.
        cipher: OpenSSL's name; empty for not known.
        server_name: what the client asked for (SNI); empty for none.
        alpn: what was agreed on (RFC 7301); empty for nothing.
        certificate: whether the client showed a certificate, which was verified.
        common_name: of the certificate's subject; empty for none.
    """

    version: str = ""
    cipher: str = ""
    server_name: str = ""
    alpn: bytes = b""
    certificate: bool = False
    common_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Whose bytes follow.

    Attributes:
        source: the client's address and port.
        destination: those it connected to.
        tls: None where it came in clear.
    """

    source: Address
    destination: Address
    tls: Tls | None = None


def version_1(client: Client | None) -> bytes:
    """Return the header of section 2.1; None for a connection of the gateway's own."""
    addresses = _addresses(client)
    if addresses is None:
        return V1 + b"UNKNOWN\r\n"
    (source, port), (destination, port_there) = addresses
    family = "TCP4" if isinstance(source, IPv4Address) else "TCP6"
    return V1 + f"{family} {_written(source)} {_written(destination)} {port} {port_there}\r\n".encode()


def version_2(client: Client | None, unique_id: bytes = b"") -> bytes:
    """Return the header of section 2.2; None for a connection of the gateway's own.

    Args:
        unique_id: names the client's connection, 128 bytes at most; empty for no name.
    """
    addresses = _addresses(client)
    if client is None:
        command, family, rest = _LOCAL, _UNSPECIFIED, b""
    elif addresses is None:
        command, family, rest = _PROXY, _UNSPECIFIED, _more(client, unique_id)
    else:
        (source, port), (destination, port_there) = addresses
        command, family = _PROXY, _TCP4 if isinstance(source, IPv4Address) else _TCP6
        rest = source.packed + destination.packed + port.to_bytes(2, "big") + port_there.to_bytes(2, "big")
        rest += _more(client, unique_id)
    return V2 + bytes((command, family)) + len(rest).to_bytes(2, "big") + rest


_Place = tuple[IPv4Address | IPv6Address, int]


def _addresses(client: Client | None) -> tuple[_Place, _Place] | None:
    """Return source and destination in one family: where one is of IPv4, and the other is not, as IPv6
    writes it (RFC 4291 section 2.5.5.2)."""
    if client is None:
        return None
    try:
        source, destination = _address(client.source[0]), _address(client.destination[0])
    except ValueError:  # a socket file
        return None
    if source.version != destination.version:
        source, destination = _mapped(source), _mapped(destination)
    return (source, client.source[1]), (destination, client.destination[1])


def _address(host: str) -> IPv4Address | IPv6Address:
    """Return an address, of IPv4 in IPv6 that of IPv4, its zone left out.

    Raises:
        ValueError: it is none.
    """
    found = ip_address(host)
    return found if isinstance(found, IPv4Address) else found.ipv4_mapped or IPv6Address(found.packed)


def _mapped(address: IPv4Address | IPv6Address) -> IPv6Address:
    packed = address.packed
    return IPv6Address(packed if len(packed) == 16 else bytes(10) + b"\xff\xff" + packed)


def _written(address: IPv4Address | IPv6Address) -> str:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return f"::ffff:{mapped}" if mapped else address.compressed


def _more(client: Client, unique_id: bytes) -> bytes:
    """Return what follows the addresses (section 2.2)."""
    tls = client.tls
    more = _field(_UNIQUE_ID, unique_id)
    if tls is None:
        return more
    told = CLIENT_SSL | (_CLIENT_CERTIFICATE if tls.certificate else 0)
    verified = 0 if tls.certificate else 1
    about = bytes((told,)) + verified.to_bytes(4, "big")
    about += _field(_SSL_VERSION, tls.version.encode()) + _field(_SSL_CIPHER, tls.cipher.encode())
    about += _field(_SSL_CN, tls.common_name.encode())
    more = _field(_ALPN, tls.alpn) + _field(_AUTHORITY, tls.server_name.encode()) + more
    return more + bytes((SSL,)) + len(about).to_bytes(2, "big") + about


def _field(kind: int, value: bytes) -> bytes:
    """Return type, length and value; nothing for an empty value, or for one too long to be sent whole."""
    return bytes((kind,)) + len(value).to_bytes(2, "big") + value if 0 < len(value) <= _MOST else b""
