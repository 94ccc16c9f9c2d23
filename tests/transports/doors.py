"""A doorman with everything around it in memory: a transport, a clock, a service, routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from kaazing.config.model import CrossSite, Uri
from kaazing.errors import BadRequest
from kaazing.interfaces.channels import IChannel, IReceiver
from kaazing.interfaces.security import IGuard, Subject
from kaazing.interfaces.services import IService, Visit, Welcome
from kaazing.security.guarded import Guarded
from kaazing.transports.doorman import Doorman
from kaazing.transports.handshakes import ServerFactory
from kaazing.transports.http import Site
from kaazing.transports.routes import Route, Routes
from kaazing.transports.wheel import Wheel
from kaazing.wire.heads import page

HANDSHAKE = (
    b"GET /chat HTTP/1.1\r\n"
    b"Host: example.com:8000\r\n"
    b"Connection: Upgrade\r\n"
    b"Upgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"\r\n"
)
SWITCHED = {
    "server": "Kaazing",
    "upgrade": "WebSocket",
    "connection": "Upgrade",
    "sec-websocket-accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
}


def with_fields(head: bytes, *fields: bytes) -> bytes:
    """Return a request head with more header fields."""
    return head[:-2] + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def get(path: bytes, *fields: bytes, method: bytes = b"GET", host: bytes = b"example.com:8000") -> bytes:
    """Return the head of a plain request."""
    return with_fields(b"%b %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (method, path, host), *fields)


HELLO = b"\x81\x85\0\0\0\0hello"  # a text message of a client, masked with zeros
PAGE_FIELDS = {"server": "Kaazing", "content-type": "text/html"}

Answer = tuple[str, dict[str, str], bytes]  # status line without the version, fields without Date, body


def answers(data: bytes) -> list[Answer]:
    """Take a stream of responses, each with a Content-Length or without a body, apart."""
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        line, *fields = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
        length = int(headers.get("content-length", 0))
        headers.pop("date", None)
        found.append((line.removeprefix("HTTP/1.1 "), headers, data[:length]))
        data = data[length:]
    return found


def refused(status: str, what: str, **fields: str) -> Answer:
    """The answer that C{what} is refused with."""
    body = page(int(status[:3]), what)
    more = {name.replace("_", "-"): value for name, value in fields.items()}
    connection = "Upgrade, close" if "upgrade" in fields else "close"
    length = str(len(body))
    return (
        status,
        {
            "server": "Kaazing",
            **more,
            "content-type": "text/html;charset=utf-8",
            "content-length": length,
            "connection": connection,
        },
        body,
    )


def served(body: bytes, **fields: str) -> Answer:
    """The answer of a L{Page}."""
    return "200 OK", {**PAGE_FIELDS, "content-length": str(len(body)), **fields}, body


SWITCH = ("101 Switching Protocols", SWITCHED, b"")
TOO_SLOW = refused("408 Request Timeout", "no whole request in time")
UNKNOWN = refused("404 Not Found", "no service here")
ONLY_WEBSOCKET = refused(
    "426 Upgrade Required",
    "only a WebSocket is served here",
    upgrade="websocket",
    sec_websocket_version="13",
)


class Wire(StringTransport):
    """A TCP transport in memory.

    Attributes:
        protocol: who hears what the other end says; may be exchanged, as in Twisted's own.
        finished: whether our FIN went out.
        bufferSize: bytes that may wait before the producer is paused.
        dataBuffer, offset: what waits to be sent: never anything.
    """

    protocol: Any
    bufferSize = 0
    dataBuffer, offset, _tempDataLen, _tempDataBuffer = b"", 0, 0, ()
    finished = False

    def __init__(self) -> None:
        super().__init__(peerAddress=IPv4Address("TCP", "192.0.2.1", 5000), lenient=True)

    def fileno(self) -> int:
        """No file is behind it."""
        return -1

    def setTcpNoDelay(self, enabled: bool) -> None:
        """See ITCPTransport."""

    def loseWriteConnection(self) -> None:
        """See ITCPTransport."""
        self.finished = True

    def write(self, data: bytes) -> None:
        """Nothing goes out after FIN."""
        if not self.finished:
            super().write(data)

    def unregisterProducer(self) -> None:
        """As tolerant as Twisted's own."""
        self.producer = None

    def say(self, data: bytes, cut: int = 0) -> None:
        """Let the other end send C{data}, in pieces of C{cut} bytes."""
        for at in range(0, len(data), cut or len(data) or 1):
            self.protocol.dataReceived(data[at : at + (cut or len(data))])

    def hang_up(self) -> None:
        """Let the connection be gone."""
        self.protocol.connectionLost(Failure(ConnectionDone()))

    def overflow(self) -> None:
        """Tell the producer that too much waits to be sent, as Twisted does at 64 KiB."""
        assert self.producer is not None
        self.producer.pauseProducing()

    def drain(self) -> None:
        """Tell the producer that all is sent."""
        assert self.producer is not None
        self.producer.resumeProducing()

    @property
    def fate(self) -> str:
        """What we have done with the connection."""
        if self.disconnected:
            return "aborted"
        return "closed" if self.disconnecting else "finished" if self.finished else "open"


@implementer(IReceiver)
class Ear:
    """Keeps what it hears on a channel."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}."""
        self.heard.append(data)

    def ended(self) -> None:
        """See L{IReceiver}."""
        self.heard.append("ended")

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}."""
        self.heard.append(str(why))

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""
        self.heard.append(("lost", None if why is None else str(why)))

    def congested(self) -> None:
        """See L{IReceiver}."""
        self.heard.append("congested")

    def drained(self) -> None:
        """See L{IReceiver}."""
        self.heard.append("drained")


@implementer(IService)
class Host:
    """A service that answers every visit with C{welcome}: a Welcome, a Deferred, or an error to raise."""

    name = "host"
    page: IResource | None = None
    running = False

    def __init__(self, welcome: Any = None) -> None:
        self.welcome = welcome or Welcome()
        self.visits: list[Visit] = []
        self.guests: list[IChannel] = []
        self.missed: list[Welcome] = []

    def startService(self) -> None:
        """See L{IService}."""
        self.running = True

    def stopService(self) -> None:
        """See L{IService}."""
        self.running = False

    def invite(self, visit: Visit) -> Any:
        """See L{IService}."""
        self.visits.append(visit)
        if isinstance(self.welcome, Exception):
            raise self.welcome
        return self.welcome

    def accepted(self, channel: IChannel, welcome: Welcome) -> None:
        """See L{IService}."""
        self.guests.append(channel)

    def declined(self, welcome: Welcome) -> None:
        """See L{IService}."""
        self.missed.append(welcome)

    def resource(self, accept: Uri) -> IResource | None:
        """See L{IService}."""
        return self.page

    def entry(self, accept: Uri) -> Any:
        """See L{IService}."""
        return None

    def listen(self) -> Ear:
        """Resume the only guest; return what hears it."""
        (channel,) = self.guests
        ear = Ear()
        channel.receiver = ear
        channel.resume()
        return ear


@implementer(IGuard)
class Usher:
    """A guard that does with each visit as it is told.

    Attributes:
        verdict: called with each visit; returns, or returns a Deferred of, what the client is told
            (a BadRequest), or None for one who may come in, and is joe then.
        asked: the visits.
    """

    def __init__(self, verdict: Callable[[Visit], Any] = lambda visit: None, inside: bool = True) -> None:
        self.verdict, self.inside, self.outer = verdict, inside, self
        self.fields: tuple[tuple[bytes, bytes], ...] = ()
        self.asked: list[Visit] = []

    def admit(self, visit: Visit) -> Any:
        """See L{IGuard}."""
        self.asked.append(visit)
        judged = self.verdict(visit)
        if isinstance(judged, Deferred):
            return judged.addCallback(self._judged, visit)
        return self._judged(judged, visit)

    def _judged(self, why: BadRequest | None, visit: Visit) -> Visit:
        if why is not None:
            raise why
        headers = {name: value for name, value in visit.headers.items() if name != "authorization"}
        return replace(visit, subject=Subject(user="joe"), headers=headers, fields=self.fields)


class Page(Resource):
    """Says which request it serves, with the body that came."""

    isLeaf = True

    def render(self, request: Any) -> bytes:
        """See L{IResource}."""
        above, below = b"/".join(request.prepath), b"/".join(request.postpath)
        return b"%b /%b|%b %b" % (request.method, above, below, request.content.read())


class Slow(Resource):
    """Answers when told to."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Any] = []
        self.gone: list[str] = []

    def render(self, request: Any) -> int:
        """See L{IResource}."""
        request.notifyFinish().addErrback(lambda why: self.gone.append(request.uri.decode()))
        self.waiting.append(request)
        return NOT_DONE_YET

    def answer(self, body: bytes) -> None:
        """Answer the oldest request."""
        request = self.waiting.pop(0)
        request.setHeader(b"content-length", b"%d" % len(body))
        request.write(body)
        request.finish()


class House:
    """One listener at http://example.com:8000 with a WebSocket service at /chat and pages elsewhere."""

    def __init__(
        self,
        pages: Mapping[str, IResource] | None = None,
        *,
        welcome: Any = None,
        cross_site: tuple[CrossSite, ...] = (),
        secure: bool = False,
        guard: Any = None,
        **sockets_options: Any,
    ) -> None:
        """C{guard}: an IGuard that is asked about each visit; None where nobody is."""
        self.clock = Clock()
        self.wheel = Wheel(self.clock)
        self.host = Host(welcome)
        self.routes = Routes(secure)
        self.site = Site(keepalive=30.0, secure=secure, server=b"Kaazing")
        self.secure = secure
        limits = {"max_message": 1000, "inactivity": 0.0, **sockets_options}
        sockets = ServerFactory(self.wheel, server="Kaazing", **limits)
        chat = Uri(scheme="ws", host="example.com", port=8000, path="/chat")
        self.service: Any = self.host if guard is None else Guarded(self.host, guard)
        self.routes.add(Route(chat, self.service, sockets, None, cross_site, "Kaazing", guard=guard))
        for path, served_there in (pages or {}).items():
            accept = Uri(scheme="http", host="example.com", port=8000, path=path)
            route = Route(accept, self.service, None, served_there, cross_site, "Kaazing", guard=guard)
            self.routes.add(route)

    def visitor(self) -> Wire:
        """Return the wire of a new connection; what the doorman writes is in it."""
        wire = Wire()
        wire.protocol = Doorman(self.routes, self.site, self.wheel, self.secure)
        wire.protocol.makeConnection(wire)
        return wire

    def ask(self, request: bytes) -> Answer:
        """Return the only answer to one request on a connection of its own."""
        wire = self.visitor()
        wire.say(request)
        (answer,) = answers(wire.value())
        return answer

    def wait(self, seconds: float) -> None:
        """Let time pass, every tick of it."""
        self.clock.pump([0.5] * int(seconds * 2))
