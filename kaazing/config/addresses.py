# -*- test-case-name: tests.config.test_addresses -*-
"""What no two accepts may have in common: a route, or an address in two languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kaazing.config.faults import Faults
from kaazing.config.model import ServiceConfig, TlsOptions, Uri
from kaazing.config.uris import OVER_HTTP


@dataclass(frozen=True, slots=True)
class _Place:
    """One accept of one service, and where it is listened on."""

    service: ServiceConfig
    accept: Uri
    address: tuple[str, int]

    @property
    def over_http(self) -> bool:
        return self.accept.scheme in OVER_HTTP

    @property
    def tls(self) -> bool:
        return self.accept.secure and self.service.accept_options.tls.encryption

    def __str__(self) -> str:
        return f"{self.accept.shown!r} of line {self.accept.line}"


def check_addresses(services: Iterable[ServiceConfig], faults: Faults) -> None:
    """Note every accept that collides with an earlier one, at its line and naming the other's."""
    first: dict[tuple[str, int], _Place] = {}
    routes: dict[tuple[object, ...], _Place] = {}
    for place in _places(services):
        other = routes.setdefault(_route(place), place)
        if other is not place:
            _note(place, f"has the same scheme, host, port and path as {other}", faults)
            continue
        other = first.setdefault(place.address, place)
        fault = "" if other is place else _fault(place, other)
        if fault:
            _note(place, f"{fault} {other}", faults)


def _places(services: Iterable[ServiceConfig]) -> Iterator[_Place]:
    for service in services:
        for accept in service.accepts:
            if accept.scheme != "pipe":
                yield _Place(service, accept, service.accept_options.bound(accept))


def _route(place: _Place) -> tuple[object, ...]:
    """Return what a request is told apart by; ws and http at the same path are told apart by the upgrade."""
    accept = place.accept
    family = "ws" if accept.scheme.startswith("ws") else "http" if place.over_http else accept.scheme
    return place.address, family, accept.secure, accept.host, accept.port, accept.path


def _fault(place: _Place, other: _Place) -> str:
    """Return why two accepts cannot be served by one listener; empty when they can."""
    if "udp" in (place.accept.scheme, other.accept.scheme) and place.accept.scheme != other.accept.scheme:
        return ""
    if not place.over_http or not other.over_http:
        return "is listened on at the same address as"
    if place.tls != other.tls:
        return "is listened on with and without TLS at the same address as"
    if place.tls and _settled(place) != _settled(other):
        return (
            "has other ssl.ciphers, ssl.protocols, ssl.verify-client, ssl.ca-file or ssl.crl-file, at the"
            " same address, than"
        )
    return ""


def _settled(place: _Place) -> tuple[object, ...]:
    """Return what is settled in a TLS handshake before the host is known for sure."""
    tls: TlsOptions = place.service.accept_options.tls
    return tls.ciphers, tls.suites, tls.protocols, tls.verify_client, tls.ca_file, tls.crl_file


def _note(place: _Place, what: str, faults: Faults) -> None:
    faults.add(place.accept.line, f"<accept>: {place.accept.shown!r} {what}")
