# -*- test-case-name: tests.wire.test_forwarded -*-
"""What proxies in front say of a client: X-Forwarded-For and its like, and Forwarded (RFC 7239).

Each proxy adds whom it saw to the right of a list. The list is read from the right, through the
proxies that are listed, to the first address that is not: what stands left of that one is what the
client made up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kaazing.errors import BadRequest
from kaazing.wire.addresses import Networks, address, listed
from kaazing.wire.heads import TOKEN, authority

FIELDS = frozenset(
    {"forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"}
)
"""The header fields read here, by lower-case name."""

_NODE = re.compile(
    r"([0-9.]{7,15}+|\[[0-9A-Fa-f:.]{2,45}+\])(?::([0-9]{1,5}+))?|([0-9A-Fa-f:.]{2,45}+)"
)  # an address with or without a port, or a bare IPv6 address
_STEP = re.compile(
    rf'[ \t]*+(?:({TOKEN}++)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]++)))?[ \t]*+([,;]|\Z)'
)  # a pair of an element, or nothing, and what ends it (RFC 7239 section 4)
_PORT = re.compile("[1-9][0-9]{0,4}")
_SECURE = {"https": True, "wss": True, "http": False, "ws": False}
_RULE = "RFC 7239 section 4"


@dataclass(frozen=True, slots=True)
class Told:
    """What the listed proxies say of a client.

    Attributes:
        host: its address in the shortest form; None where they do not say it.
        port: of that address; 0 for not said.
        secure: whether it speaks TLS; None for not said.
        named: host and port by which it called us, as L{kaazing.wire.heads.Head} has them; None for not said.
        named_port: the port it came to, where it is said apart; None for not said.
    """

    host: str | None = None
    port: int = 0
    secure: bool | None = None
    named: tuple[str, int | None] | None = None
    named_port: int | None = None


def read(headers: Mapping[str, str], trusted: Networks) -> Told:
    """Return what a request that came from a listed proxy says of the client.

    Forwarded is read only where none of the X-Forwarded fields stands: a proxy that writes those
    passes on whatever Forwarded a client made up.

    Args:
        headers: by lower-case name; values of equal names joined by ", ".
        trusted: the listed proxies.

    Raises:
        BadRequest: Forwarded cannot be read, or the host named is none.
    """
    if any(name.startswith("x-") and name in headers for name in FIELDS):
        return _by_x_forwarded(headers, trusted)
    if "forwarded" in headers:
        return _by_forwarded(headers["forwarded"], trusted)
    return Told()


def _by_x_forwarded(headers: Mapping[str, str], trusted: Networks) -> Told:
    nodes = _list(headers, "x-forwarded-for")
    at, host, port = _client(nodes, trusted)

    def said(name: str) -> str:
        """The value beside the client's address where each proxy added one, else the nearest proxy's."""
        values = _list(headers, name) or [""]
        return values[at if len(values) == len(nodes) else -1]

    named_port = said("x-forwarded-port")
    return Told(
        host,
        port,
        _SECURE.get(said("x-forwarded-proto").lower()),
        _named(said("x-forwarded-host")),
        int(named_port) if _PORT.fullmatch(named_port) and int(named_port) < 65536 else None,
    )


def _by_forwarded(value: str, trusted: Networks) -> Told:
    elements = _elements(value)
    at, host, port = _client([element.get("for", "") for element in elements], trusted)
    client = elements[at] if elements else {}
    return Told(host, port, _SECURE.get(client.get("proto", "").lower()), _named(client.get("host", "")))


def _client(nodes: Sequence[str], trusted: Networks) -> tuple[int, str | None, int]:
    """Return the place in the list, the address and the port of the client.

    Where a listed proxy did not know whom it served, it is itself the last one known.
    """
    client: tuple[int, str | None, int] = (-1, None, 0)
    for at in range(len(nodes) - 1, -1, -1):
        node = _node(nodes[at])
        if node is None:
            break
        client = at, *node
        if not listed(node[0], trusted):
            break
    return client


def _node(written: str) -> tuple[str, int] | None:
    """Return address and port of C{192.0.2.1}, C{192.0.2.1:80}, C{2001:db8::1} or C{[2001:db8::1]:80}."""
    match = _NODE.fullmatch(written)
    if match is None:
        return None
    try:
        found = address((match[1] or match[3]).strip("[]"))
    except ValueError:
        return None
    port = int(match[2] or 0)
    return found.compressed, port if port < 65536 else 0


def _named(written: str) -> tuple[str, int | None] | None:
    if not written:
        return None
    named = authority(written)
    if named is None:
        raise BadRequest(400, "a forwarded host that is not a name or address", rule="RFC 7239 section 5.3")
    return named


def _list(headers: Mapping[str, str], name: str) -> list[str]:
    return [item for written in headers.get(name, "").split(",") if (item := written.strip())]


def _elements(value: str) -> list[dict[str, str]]:
    """Take the value of Forwarded apart: one element for each proxy, names in lower case."""
    elements: list[dict[str, str]] = [{}]
    at, end = 0, ","
    while end:
        step = _STEP.match(value, at)
        if step is None:
            raise BadRequest(400, "Forwarded that cannot be read", rule=_RULE)
        name, quoted, plain, end = step.groups()
        if name is not None:
            name = name.lower()
            if name in elements[-1]:
                raise BadRequest(400, "Forwarded with a parameter twice in one element", rule=_RULE)
            elements[-1][name] = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        if end == ",":
            elements.append({})
        at = step.end()
    return [element for element in elements if element]
