# -*- test-case-name: tests.transports.test_introducing -*-
"""Connections to backends that begin with a PROXY header, and what is known of a client for it."""

from __future__ import annotations

from dataclasses import replace
from secrets import token_hex
from typing import Any

from cryptography.x509.oid import NameOID
from twisted.internet.protocol import Protocol
from twisted.logger import Logger
from twisted.protocols.policies import WrappingFactory
from twisted.protocols.tls import TLSMemoryBIOProtocol

from kaazing.config.model import Uri
from kaazing.wire.proxy_header import Address, Client, Tls, version_1, version_2

_log = Logger(namespace="kaazing.connections")


def describe(transport: Any, source: Address, secure: bool) -> Client:
    """Return what is known of a client's connection.

    Args:
        transport: of the connection, which may come from a proxy in front.
        source: the client's address and port.
        secure: whether the client speaks TLS, here or to a proxy in front.
    """
    introduction = getattr(transport, "introduction", None)
    here = getattr(introduction, "destination", None) or transport.getHost()
    tls = None
    if isinstance(transport, TLSMemoryBIOProtocol):
        tls = _tls(transport)
    elif secure:
        tls = Tls()
    return Client(source=source, destination=(getattr(here, "host", ""), getattr(here, "port", 0)), tls=tls)


def certificate(transport: Any) -> Any:
    """Return the verified certificate (cryptography's) of a connection's other end; None for none."""
    if not isinstance(transport, TLSMemoryBIOProtocol):
        return None
    shown = transport.getHandle().get_peer_certificate()  # taken in the handshake only if verified
    return None if shown is None else shown.to_cryptography()


def _tls(transport: Any) -> Tls:
    connection = transport.getHandle()
    shown = connection.get_peer_certificate()  # taken in the handshake only if verified
    name = ""
    if shown is not None:
        names = shown.to_cryptography().subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        name = str(names[0].value) if names else ""
    return Tls(
        version=connection.get_protocol_version_name(),
        cipher=connection.get_cipher_name() or "",
        server_name=(connection.get_servername() or b"").decode("ascii", "replace"),
        alpn=connection.get_alpn_proto_negotiated(),
        certificate=shown is not None,
        common_name=name,
    )


def header(version: str, client: Client | None, back: Uri) -> bytes:
    """Return what a connection to C{back} begins with.

    Args:
        version: "v1" or "v2".
        client: whose connection it is; None for one of the gateway's own.
    """
    if version == "v1":
        return version_1(client)
    if client is None:
        return version_2(None)
    if client.tls is not None and back.scheme not in ("ws", "wss"):  # no HTTP follows
        client = replace(client, tls=replace(client.tls, alpn=b""))
    name = token_hex(16)
    _log.debug(
        "client {host} port {port} is {name} at {back}",
        host=client.source[0],
        port=client.source[1],
        name=name,
        back=back.shown,
    )
    return version_2(client, name.encode())


class Introducing(WrappingFactory):
    """Begins each connection with a header, before everything else, and leaves it to the protocols of
    another factory."""

    noisy = False

    def __init__(self, factory: Any, header: bytes) -> None:
        super().__init__(factory)
        self._header = header

    def buildProtocol(self, addr: Any) -> Any:
        """See L{WrappingFactory}."""
        return _Introduced(self.wrappedFactory.buildProtocol(addr), self._header)


class _Introduced(Protocol):
    """A connection until the header is written."""

    transport: Any

    def __init__(self, protocol: Any, header: bytes) -> None:
        self._protocol, self._header = protocol, header

    def connectionMade(self) -> None:
        """See L{Protocol}."""
        transport, protocol = self.transport, self._protocol
        transport.write(self._header)
        transport.protocol = protocol
        protocol.makeConnection(transport)
