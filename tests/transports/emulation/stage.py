"""An emulated service behind a doorman in memory, and clients made of bytes."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import CrossSite, Uri
from kaazing.transports.arrivals import not_found
from kaazing.transports.emulation.entry import Emulation
from kaazing.transports.emulation.registry import Registry
from kaazing.transports.emulation.session import EmulatedChannel
from kaazing.transports.emulation.terms import Terms
from kaazing.transports.routes import Route
from kaazing.wire.wse import RECONNECT
from tests.transports.doors import Answer, Ear, House, Wire, answers, get

NUMBERED = b"X-Sequence-No: 0"
PINGS = b"X-Accept-Commands: ping"
JAVASCRIPT = (b"Content-Type: text/plain;charset=utf-8",)
STREAM = {
    "content-type": "application/octet-stream",
    "x-content-type-options": "nosniff",
    "x-idle-timeout": "60",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
    "server": "Kaazing",
    "connection": "close",
}
"""Fields of a streaming downstream of binary encoding."""

DONE = ("200 OK", {"server": "Kaazing", "content-length": "0"}, b"")
BAD = ("400 Bad Request", {"server": "Kaazing", "content-length": "0"}, b"")
LOST = ("404 Not Found", {"server": "Kaazing", "content-length": "0", "connection": "close"}, b"")


def closing(answer: Answer) -> Answer:
    """Return the answer after which the connection is closed."""
    status, fields, body = answer
    return status, {**fields, "connection": "close"}, body


def polled(body: bytes, **fields: str) -> Answer:
    """Return the answer to a poll, of binary encoding."""
    kept = {name: value for name, value in STREAM.items() if name not in ("x-accel-buffering", "connection")}
    return "200 OK", {**kept, "content-length": str(len(body)), **fields}, body


def post(path: bytes, body: bytes, *fields: bytes) -> bytes:
    """Return a POST with its body."""
    return get(path, b"Content-Length: %d" % len(body), *fields, method=b"POST") + body


class Elsewhere:
    """Stands for the pages beside emulation."""

    def serve(self, exchange: Any) -> None:
        """Have none."""
        raise not_found()


class Stage:
    """A listener at http://example.com:8000 with an emulated service at /chat.

    Attributes:
        house: the listener, its clock and the service.
        registry: of the sessions.
    """

    def __init__(
        self,
        *,
        welcome: Any = None,
        cross_site: tuple[CrossSite, ...] = (),
        max_message: int = 1000,
        inactivity: float = 0.0,
        specification: bool = False,
        twin: str = "",
        secure: bool = False,
    ) -> None:
        """C{twin} is the scheme of another accept for the same sessions."""
        self.house = House(welcome=welcome, cross_site=cross_site, secure=secure)
        self.registry = Registry()
        terms = Terms(
            registry=self.registry,
            wheel=self.house.wheel,
            max_message=max_message,
            inactivity=inactivity,
            specification=specification,
        )
        host = self.house.host
        scheme, port = ("wss", 8443) if secure else ("ws", 8000)
        other = None
        if twin:
            accept = Uri(scheme=twin, host="example.com", port=8443, path="/chat")
            other = Route(accept, host, None, None, cross_site)
        emulation = Emulation(host, "/chat", terms, Elsewhere(), other)
        accept = Uri(scheme=scheme, host="example.com", port=port, path="/chat")
        self.house.routes.add(Route(accept, host, None, None, cross_site, "Kaazing", emulation))

    def create(self, code: str = "bm", *fields: bytes, query: bytes = b"", number: int | None = 0) -> Client:
        """Create a session; the service has its channel, held."""
        counted = () if number is None else (b"X-Sequence-No: %d" % number,)
        path = b"/chat/;e/c" + code.encode() + (b"?" + query if query else b"")
        host = b"example.com:8443" if self.house.secure else b"example.com:8000"
        answer = self.house.ask(get(path, *counted, *fields, host=host))
        assert answer[0] == "201 Created", answer
        return Client(self, answer, number)


class Client:
    """One emulated session, as its client has it.

    Attributes:
        answer: to the create request.
        up, down: targets of its requests.
        channel: what the service got.
        wire: the connection of its upstream requests.
    """

    def __init__(self, stage: Stage, answer: Answer, number: int | None) -> None:
        self.stage, self.answer = stage, answer
        urls = answer[2].decode().splitlines()
        self.up, self.down = ("/" + url.split("/", 3)[3] for url in urls)
        self._up = self._down = number
        channel = stage.house.host.guests[-1]
        assert isinstance(channel, EmulatedChannel)
        self.channel = channel
        self.wire = stage.house.visitor()

    def listen(self, *, whole: bool = True, bound: int = 64_000) -> Ear:
        """Let the service resume the channel; return what hears it."""
        ear = Ear()
        self.channel.whole, self.channel.bound, self.channel.receiver = whole, bound, ear
        self.channel.resume()
        return ear

    def request(self, body: bytes, *fields: bytes) -> bytes:
        """Return the bytes of the next upstream request; C{body} is encoded already."""
        if self._up is not None:
            self._up += 1
            fields = (b"X-Sequence-No: %d" % self._up, *fields)
        return post(self.up.encode(), body, *fields)

    def post(self, frames: bytes, *fields: bytes) -> Answer:
        """Send frames and RECONNECT; return the answer. Where the type is text, so is RECONNECT."""
        if self.wire.fate != "open":  # idle for long
            self.wire = self.stage.house.visitor()
        self.wire.clear()
        end = RECONNECT.decode("latin-1").encode() if fields == JAVASCRIPT else RECONNECT
        self.wire.say(self.request(frames + end, *fields))
        (answer,) = answers(self.wire.value())
        return answer

    def attach(
        self, query: str = "", *fields: bytes, method: bytes = b"GET", wire: Wire | None = None
    ) -> Wire:
        """Ask for the next downstream; return its connection."""
        if self._down is not None:
            self._down += 1
            fields = (b"X-Sequence-No: %d" % self._down, *fields)
        found = self.stage.house.visitor() if wire is None else wire
        found.say(get(f"{self.down}{'?' + query if query else ''}".encode(), *fields, method=method))
        return found


def streamed(wire: Wire) -> Answer:
    """Return what a streaming downstream said so far."""
    head, _, body = wire.value().partition(b"\r\n\r\n")
    ((status, fields, _),) = answers(head + b"\r\n\r\n")
    return status, fields, body


def body(wire: Wire) -> bytes:
    """Return the frames that a streaming downstream said so far, without the first NOP."""
    status, _, said = streamed(wire)
    assert status == "200 OK" and said.startswith(b"\x0100\xff"), wire.value()
    return said[4:]


class StageTestCase(SynchronousTestCase):
    """A test with one session."""

    def play(self, code: str = "bm", *fields: bytes, number: int | None = 0, **options: Any) -> Client:
        """Open a stage with one client, whose channel is resumed; C{self.ear} hears it."""
        self.stage = Stage(**options)
        self.client = self.stage.create(code, *fields, number=number)
        self.ear = self.client.listen()
        return self.client

    def wait(self, seconds: float) -> None:
        """Let time pass, every tick of it."""
        self.stage.house.wait(seconds)
