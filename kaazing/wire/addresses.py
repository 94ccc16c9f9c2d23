# -*- test-case-name: tests.wire.test_addresses -*-
"""Addresses of clients as texts: with a port, in a network, and what counts as one client."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Networks = tuple[IPv4Network | IPv6Network, ...]


def split(written: str) -> tuple[str, int]:
    """Return the parts of C{192.0.2.1:5000} or C{[2001:db8::1]:5000}; no port where it is no IP address."""
    host, _, port = written.rpartition(":")
    return (host.strip("[]"), int(port)) if port.isdecimal() else (written, 0)


def place(host: str) -> str | bytes:
    """Return what stands for all addresses that one client may have: of IPv6 the /64 network, as 8 bytes; of
    IPv4 the address, also as IPv6 has it; anything else as it is."""
    try:
        found = address(host)
    except ValueError:
        return host
    return found.packed[:8] if isinstance(found, IPv6Address) else str(found)


@lru_cache(4096)
def listed(host: str, networks: Networks) -> bool:
    """Return whether an address is in one of the networks, also one of IPv4 as IPv6 has it; False for what
    is no address."""
    try:
        found = address(host)
    except ValueError:
        return False
    return any(found in network for network in networks)


@lru_cache(maxsize=1024)
def address(written: str) -> IPv4Address | IPv6Address:
    """Return an address; of one of IPv4 as IPv6 has it, that of IPv4.

    Raises:
        ValueError: it is none.
    """
    found = ip_address(written)
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
