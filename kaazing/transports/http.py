# -*- test-case-name: tests.transports.test_http -*-
"""Plain HTTP requests, one at a time, through twisted.web; cross-origin answers (Fetch standard)."""

from __future__ import annotations

from typing import Any

from twisted.web.http import HTTPChannel
from twisted.web.resource import IResource, Resource, getChildForRequest
from twisted.web.server import Request
from twisted.web.server import Site as TwistedSite
from twisted.web.static import Data

from kaazing.transports.routes import Route, granted, same_origin
from kaazing.wire.heads import Head


class Channel(HTTPChannel):
    """The part of a kept-alive connection that speaks HTTP/1.1.

    Attributes:
        route, head: of the request being served; set by the doorman before its bytes come.
        congested: whether the client has yet to take much of what was sent.
    """

    transport: Any
    route: Route
    head: Head
    doorman: Any = None
    site: Any
    timeOut = None  # the doorman's wheel has the timeouts
    congested = False

    def requestDone(self, request: Any) -> None:
        """See L{HTTPChannel}."""
        super().requestDone(request)
        if self.doorman is not None:
            self.doorman.answered()

    def loseConnection(self) -> None:
        """See L{HTTPChannel}: the last request is answered, and no other may be served."""
        super().loseConnection()
        doorman, self.doorman = self.doorman, None
        if doorman is not None:
            doorman.left()

    def pauseProducing(self) -> None:
        """The transport's buffer is over its bound; called by the transport."""
        self.congested = True
        super().pauseProducing()

    def resumeProducing(self) -> None:
        """The transport's buffer is empty again; called by the transport."""
        self.congested = False
        super().resumeProducing()
        if self.doorman is not None:
            self.doorman.drained()

    def leave(self) -> None:
        """Have nothing more to do with the connection."""
        self.doorman = None
        self.transport.unregisterProducer()


class _Empty(Resource):
    """The answer to a preflight, which is all in its headers."""

    def render(self, request: Any) -> bytes:
        """See L{IResource}."""
        return b""


class Site(TwistedSite):
    """Finds the resource by the route that the doorman found.

    Attributes:
        keepalive: seconds an idle connection is kept.
        server: value of the Server header where the doorman answers by itself.
        secure: whether TLS carries the connections.
    """

    displayTracebacks = False

    def __init__(self, *, keepalive: float, secure: bool, server: bytes = b"") -> None:
        super().__init__(Data(b"", "text/plain"))
        self.keepalive, self.secure, self.server = keepalive, secure, server

    def log(self, request: Any) -> None:
        """Keep no access log."""

    def channel(self, doorman: Any, transport: Any) -> Channel:
        """Return a channel on C{transport} that tells C{doorman} when a response is done."""
        made = Channel()
        made.site = made.factory = self
        made.requestFactory = Request
        made.doorman = doorman
        made.makeConnection(transport)
        return made

    def getResourceFor(self, request: Any) -> IResource:
        """See L{TwistedSite}."""
        route, head = request.channel.route, request.channel.head
        if route.server:
            request.setHeader(b"server", route.server.encode())
        else:
            request.responseHeaders.removeHeader(b"server")
        if self._share(request, route, head):
            return _Empty()
        request.site = self
        steps = [step for step in route.accept.path.split("/") if step]
        for _ in steps:
            request.prepath.append(request.postpath.pop(0))
        found: IResource = getChildForRequest(route.resource, request)
        return found

    def _share(self, request: Any, route: Route, head: Head) -> bool:
        """Say what a page of another origin may do; return whether that is the whole answer."""
        origin = head.headers.get("origin")
        if origin is not None or route.cross_site:
            request.setHeader(b"vary", b"Origin")
        if origin is None or same_origin(origin, head, self.secure):
            return False
        wanted = head.headers.get("access-control-request-method")
        preflight = head.method == "OPTIONS" and wanted is not None
        constraint = granted(origin, wanted if preflight and wanted else head.method, route)
        if constraint is not None:
            request.setHeader(b"access-control-allow-origin", origin.encode())
            request.setHeader(b"access-control-allow-credentials", b"true")
            if preflight:
                request.setHeader(b"access-control-allow-methods", ",".join(constraint.methods).encode())
                if constraint.headers:
                    request.setHeader(b"access-control-allow-headers", ",".join(constraint.headers).encode())
                if constraint.maximum_age is not None:
                    request.setHeader(b"access-control-max-age", b"%d" % constraint.maximum_age)
        return preflight
