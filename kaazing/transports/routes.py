# -*- test-case-name: tests.transports.test_routes -*-
"""Host and path to service, and which pages of other origins may come in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote

from kaazing.config.model import CrossSite, Uri
from kaazing.literals import DEFAULT_PORTS, bracketed
from kaazing.transports.callers import Caller
from kaazing.transports.handshakes import ServerFactory
from kaazing.wire.addresses import Networks
from kaazing.wire.heads import Head

LOGIN = "/;auth/"
WILDCARDS = ("0.0.0.0", "::")  # accepts on these, and on a network interface, answer to any Host

_RESOURCE = re.compile(r"(?:^|&)\.kr=([a-z]{1,16})(?:&|$)")
_ORIGIN_NAMED = re.compile(r"(?:^|&)\.ko=([^&]*)")
_NAME = r"[0-9a-z.!$&'()*+,;=_~-]+"  # none of what ends a header field or a line: origins are repeated
_ORIGIN = re.compile(rf"(https?)://(\[[0-9a-f:.]+\]|{_NAME})(?::([0-9]{{1,5}}))?", re.IGNORECASE | re.ASCII)
_NO_PAGE = "privileged://"  # what the original's Java client puts in front of the gateway's own host


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
        entry: takes its plain requests as exchanges (L{Entry}) in place of C{resource}; None for none.
        upgrades: whether C{entry} takes WebSocket handshakes too, to pass them on.
        trusted: the proxies in front whose word about the client is taken.
        guard: the L{IGuard} of the service, None where nobody is asked. The service asks it about channels;
            about plain requests that become none (L{asks}) the doorman does.
        login: takes the requests for what stands at C{;auth/} below the accept; None for none.
    """

    accept: Uri
    service: Any
    sockets: ServerFactory | None
    resource: Any
    cross_site: tuple[CrossSite, ...]
    server: str = ""
    entry: Entry | None = None
    upgrades: bool = False
    trusted: Networks = ()
    guard: Any = None
    login: Entry | None = None

    @property
    def asks(self) -> bool:
        """Whether plain requests go where the service is asked about the client, and it asks the guard;
        about all others the doorman asks the guard."""
        return self.kind != "http" and bool(getattr(self.entry, "asks", False))

    @property
    def kind(self) -> str:
        """Which of the accepts at one host and path it is: "ws", "sse" or "http"."""
        scheme = self.accept.scheme.removesuffix("+ssl")
        return "ws" if scheme.startswith("ws") else "sse" if scheme == "sse" else "http"


class Entry(Protocol):
    """Takes the plain requests of an accept."""

    def serve(self, exchange: Any) -> None:
        """Answer an L{IExchange}, or set its taker; called before any of its body comes."""


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
        kind = route.kind
        path = route.accept.path if kind == "ws" else route.accept.path.rstrip("/") or "/"
        self._routes[host, port, f"{kind} {path}"] = route
        if route.entry is not None and kind != "http":
            self._routes.setdefault((host, port, "pages"), route)

    def websocket(self, head: Head) -> Route | None:
        """Return the route of a WebSocket handshake: host and whole path must fit.

        Where no WebSocket is accepted, a service that passes requests on takes them with their upgrade.
        """
        route = self._find(head, f"ws {head.path}")
        if route is not None:
            return route if route.sockets is not None else None
        found = self.plain(head)
        return found[0] if found is not None and found[0].upgrades else None

    def plain(self, head: Head) -> tuple[Route, str] | None:
        """Return the route of a plain request, and what stands in its path behind that of the accept.

        The resources below C{/;resource/}, which a page also asks for as C{/?.kr=NAME}, belong to all
        WebSocket and event accepts of a host; what logs in stands at C{;auth/} below any accept; what
        else begins with C{;} behind a path of theirs belongs
        to them; other requests go to the longest path of an accept for HTTP, by segments.
        """
        path, named = head.path, _RESOURCE.search(head.query)
        found = self._login(path, head) if LOGIN in path else None
        if found is not None:
            return found, path[path.index(LOGIN) + 1 :]
        if named is not None or path.startswith("/;resource/"):
            found = self._find(head, "pages")
            if found is not None:
                return found, f";resource/{named[1]}" if named else path[1:]
        before, mark, rest = path.partition(";")
        if mark:
            for kind, at in (
                ("ws", before[:-1] if len(before) > 1 else before),
                ("ws", before),
                ("sse", before),
            ):
                found = self._find(head, f"{kind} {at}")
                if found is not None and found.entry is not None:
                    return found, mark + rest
        return self._events(head) or self._below(head)

    def only_websocket(self, head: Head) -> bool:
        """Return whether a WebSocket is accepted at the path of a plain request."""
        found = self._find(head, f"ws {head.path}")
        return found is not None and found.sockets is not None

    def _login(self, path: str, head: Head) -> Route | None:
        before = path[: path.index(LOGIN)]
        places = (f"{kind} {at}" for kind in ("ws", "sse", "http") for at in (before or "/", before + "/"))
        routes = (self._find(head, place) for place in places)
        return next((route for route in routes if route is not None and route.login is not None), None)

    def _events(self, head: Head) -> tuple[Route, str] | None:
        found = self._find(head, "sse " + (head.path.rstrip("/") or "/"))
        return None if found is None else (found, "")

    def _below(self, head: Head) -> tuple[Route, str] | None:
        path = head.path
        while path:
            found = self._find(head, f"http {path}")
            if found is not None:
                return found, head.path[len(path) :].removeprefix("/")
            path = path.rpartition("/")[0]
        found = self._find(head, "http /")
        return None if found is None else (found, head.path.removeprefix("/"))

    def _find(self, head: Head, what: str) -> Route | None:
        port = head.port or (443 if self._secure else 80)
        if not head.host:  # HTTP/1.0 without Host: whoever has the path
            return next((route for key, route in self._routes.items() if key[2] == what), None)
        return self._routes.get((head.host, port, what)) or self._routes.get(("", 0, what))


def origin_of(head: Head, route: Route, caller: Caller) -> str | None:
    """Return the origin of the page that sent the request, None where no page of another origin did.

    The bridge page of emulation sends requests of its own origin for pages of others, and names
    theirs in C{X-Origin}, or C{.ko} of the query; it may send them anywhere on this host. What a page
    of another site sends without an Origin (an image, a frame) is nothing that emulation or an event
    stream is for: it counts as of a page whose origin nobody knows.
    """
    fields = head.headers
    origin = fields.get("origin")
    if origin is not None and route.kind != "http" and origin.startswith(_NO_PAGE):
        origin = None
    if origin is not None and not same_origin(origin, caller):
        return origin
    named = fields.get("x-origin")
    if named is None and route.kind != "http":
        if origin is None and fields.get("sec-fetch-site") in ("cross-site", "same-site"):
            return "null"
        if ".ko=" in head.query and (match := _ORIGIN_NAMED.search(head.query)):
            named = unquote(match[1])
    if named is None:
        return origin
    return named if _ORIGIN.fullmatch(named) else "null"


def origin_allowed(head: Head, route: Route, caller: Caller) -> bool:
    """Return whether the page that sent the request may use the service (RFC 6454).

    Requests without an Origin do not come from another origin's page.
    """
    origin = origin_of(head, route, caller)
    return origin is None or same_origin(origin, caller) or granted(origin, head.method, route) is not None


def public(route: Route, rest: str) -> bool:
    """Return whether pages of every origin may ask for what stands at C{rest}: the bridge page, which
    says of whom each of its requests is."""
    return route.kind != "http" and rest.startswith(";resource/")


def same_origin(origin: str, caller: Caller) -> bool:
    """Return whether the page came from the host and port that the request goes to."""
    parts = _taken_apart(origin)
    if parts is None:
        return False
    scheme, host, port = parts
    if caller.secure and scheme != "https":
        return False
    return (host, port) == (caller.host, caller.port or DEFAULT_PORTS[scheme])


def preflight(head: Head) -> bool:
    """Return whether a browser asks what a page of another origin may do (Fetch standard)."""
    headers = head.headers
    if head.method != "OPTIONS" or "access-control-request-method" not in headers:
        return False
    return "origin" in headers or "x-origin" in headers


def sharing(head: Head, route: Route, caller: Caller) -> list[tuple[bytes, bytes]]:
    """Return the header fields that say what a page of another origin may do (Fetch standard)."""
    origin = origin_of(head, route, caller)
    fields = [(b"Vary", b"Origin")] if origin is not None or route.cross_site else []
    if origin is None:
        return fields
    if same_origin(origin, caller):
        if ".kac=ex" in head.query:  # Internet Explorer's XDomainRequest wants it said even so
            fields.append((b"Access-Control-Allow-Origin", origin.encode()))
            fields.append((b"Access-Control-Allow-Credentials", b"true"))
        return fields
    asks = preflight(head)
    constraint = granted(
        origin, head.headers["access-control-request-method"] if asks else head.method, route
    )
    if constraint is None:
        return fields
    fields += [
        (b"Access-Control-Allow-Origin", origin.encode()),
        (b"Access-Control-Allow-Credentials", b"true"),
    ]
    if not asks and constraint.exposed:
        fields.append((b"Access-Control-Expose-Headers", ",".join(constraint.exposed).encode()))
    if asks:
        fields.append((b"Access-Control-Allow-Methods", ",".join(constraint.methods).encode()))
        headers = ",".join(constraint.headers)
        if headers == "*":  # where cookies are allowed, * is a name like any other to browsers
            headers = head.headers.get("access-control-request-headers", "")
        if headers:
            fields.append((b"Access-Control-Allow-Headers", headers.encode()))
        if constraint.maximum_age is not None:
            fields.append((b"Access-Control-Max-Age", b"%d" % constraint.maximum_age))
    return fields


def granted(origin: str, method: str, route: Route) -> CrossSite | None:
    """Return the cross-site constraint that lets C{origin} use C{method}, None for none."""
    parts = _taken_apart(origin)
    normal = f"{parts[0]}://{bracketed(parts[1])}:{parts[2]}" if parts else ""
    for constraint in route.cross_site:
        if constraint.origin in ("*", normal) and method in constraint.methods:
            return constraint
    return None


def _taken_apart(origin: str) -> tuple[str, str, int] | None:
    match = _ORIGIN.fullmatch(origin)
    if match is None:
        return None
    scheme, host, port = match.groups()
    return scheme.lower(), host.lower().strip("[]"), int(port or DEFAULT_PORTS[scheme.lower()])
