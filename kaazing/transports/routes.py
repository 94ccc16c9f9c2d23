# -*- test-case-name: tests.transports.test_routes -*-
"""Host and path to service, and which pages of other origins may come in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from kaazing.config.model import CrossSite, Uri
from kaazing.transports.handshakes import ServerFactory
from kaazing.wire.heads import Head

WILDCARDS = ("0.0.0.0", "::")  # accepts on these, and on a network interface, answer to any Host

_DEFAULT_PORTS = {"http": 80, "https": 443}
_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[^:/?#\[\]@]+)(?::([0-9]{1,5}))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Route:
    """Where the requests of one accept go.

    Attributes:
        accept: its URI.
        service: the IService behind it.
        sockets: makes its WebSockets, None for an accept that takes none.
        resource: the twisted.web resource of its plain HTTP requests, None for none.
        cross_site: the service's constraints.
        server: value of the Server header, empty for none.
    """

    accept: Uri
    service: Any
    sockets: ServerFactory | None
    resource: Any
    cross_site: tuple[CrossSite, ...]
    server: str = ""


class Routes:
    """All routes of one listener."""

    def __init__(self, secure: bool) -> None:
        self._secure = secure
        self._routes: dict[tuple[str, int, str], Route] = {}

    def add(self, route: Route) -> None:
        """Let requests for C{route.accept} go its way."""
        host, port = route.accept.host, route.accept.port
        if host in WILDCARDS or host.startswith("@"):
            host, port = "", 0
        kind = "ws" if route.sockets is not None else "http"
        path = route.accept.path if kind == "ws" else route.accept.path.rstrip("/") or "/"
        self._routes[host, port, f"{kind} {path}"] = route

    def websocket(self, head: Head) -> Route | None:
        """Return the route of a WebSocket handshake: host and whole path must fit."""
        return self._find(head, f"ws {head.path}")

    def http(self, head: Head) -> Route | None:
        """Return the route of a plain request: the longest accept path it lies under, by segments."""
        path = head.path
        while path:
            found = self._find(head, f"http {path}")
            if found is not None:
                return found
            path = path.rpartition("/")[0]
        return self._find(head, "http /")

    def _find(self, head: Head, what: str) -> Route | None:
        port = head.port or (443 if self._secure else 80)
        if not head.host:  # HTTP/1.0 without Host: whoever has the path
            return next((route for key, route in self._routes.items() if key[2] == what), None)
        return self._routes.get((head.host, port, what)) or self._routes.get(("", 0, what))


def origin_allowed(head: Head, route: Route, secure: bool) -> bool:
    """Return whether the page that sent the request may use the service (RFC 6454).

    Requests without an Origin do not come from another origin's page.
    """
    origin = head.headers.get("origin")
    return (
        origin is None or same_origin(origin, head, secure) or granted(origin, head.method, route) is not None
    )


def same_origin(origin: str, head: Head, secure: bool) -> bool:
    """Return whether the page came from the host and port that the request goes to."""
    parts = _taken_apart(origin)
    if parts is None:
        return False
    scheme, host, port = parts
    if secure and scheme != "https":
        return False
    return (host, port) == (head.host, head.port or _DEFAULT_PORTS[scheme])


def granted(origin: str, method: str, route: Route) -> CrossSite | None:
    """Return the cross-site constraint that lets C{origin} use C{method}, None for none."""
    parts = _taken_apart(origin)
    normal = (
        "{}://{}:{}".format(parts[0], f"[{parts[1]}]" if ":" in parts[1] else parts[1], parts[2])
        if parts
        else ""
    )
    for constraint in route.cross_site:
        if constraint.origin in ("*", normal) and method in constraint.methods:
            return constraint
    return None


def _taken_apart(origin: str) -> tuple[str, str, int] | None:
    match = _ORIGIN.fullmatch(origin)
    if match is None:
        return None
    scheme, host, port = match.groups()
    return scheme.lower(), host.lower().strip("[]"), int(port or _DEFAULT_PORTS[scheme.lower()])
