# -*- test-case-name: tests.transports.test_http -*-
"""Plain HTTP requests, one at a time, through twisted.web; cross-origin answers (Fetch standard)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.web.http import HTTPChannel
from twisted.web.resource import IResource, getChildForRequest
from twisted.web.server import Request
from twisted.web.server import Site as TwistedSite
from twisted.web.static import Data

from kaazing.transports.callers import Caller
from kaazing.transports.routes import Route, sharing
from kaazing.wire.heads import Head


class Channel(HTTPChannel):
    """The part of a kept-alive connection that speaks HTTP/1.1.

    Attributes:
        route, head, caller: of the request being served; set by the doorman before its bytes come.
        fields: more header fields of its answer, likewise.
        congested: whether the client has yet to take much of what was sent.
    """

    transport: Any
    route: Route
    head: Head
    caller: Caller
    fields: Sequence[tuple[bytes, bytes]] = ()
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
        for name, value in sharing(head, route, request.channel.caller):
            request.setHeader(name.lower(), value)
        for name, value in request.channel.fields:
            request.responseHeaders.addRawHeader(name, value)
        request.site = self
        steps = [step for step in route.accept.path.split("/") if step]
        for _ in steps:
            request.prepath.append(request.postpath.pop(0))
        found: IResource = getChildForRequest(route.resource, request)
        return found
