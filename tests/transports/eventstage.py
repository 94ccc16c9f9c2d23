"""A listener in memory with event streams at /feed, over HTTP at /http, and a service behind them."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import AcceptOptions, CrossSite, EventOptions, ServiceConfig, Uri
from kaazing.transports.eventdoor import EventDoor
from kaazing.transports.routes import Route
from tests.transports.doors import Ear, House, Wire, get
from tests.wire.eventsource import Source, listen

FIELDS = {
    "content-type": "text/event-stream",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
    "server": "Kaazing",
    "connection": "close",
}
"""Header fields of every stream for a browser, without Date."""

THEIRS = {**FIELDS, "cache-control": "no-cache"}
"""Header fields of a stream for a client of the original."""

OPENING = b":\nretry:3000\n\n"


class EventTestCase(SynchronousTestCase):
    """At http://example.com:8000, and over TLS in front at https://example.com:8443.

    Attributes:
        house: the listener; its C{host} is the service.
    """

    def setUp(self) -> None:
        self.open()

    def open(self, *cross_site: CrossSite, **more: Any) -> None:
        """Have doors with these EventOptions."""
        self.house = House(cross_site=cross_site)
        options = AcceptOptions(events=EventOptions(**more))
        accepts = tuple(
            Uri(scheme=scheme, host="example.com", port=port, path=path)
            for scheme, port, path in (
                ("sse", 8000, "/feed"),
                ("http", 8000, "/http"),
                ("sse", 8000, "/twin"),
                ("sse+ssl", 8443, "/twin"),
            )
        )
        config = ServiceConfig(
            name="feed", type="x", accepts=accepts, accept_options=options, cross_site=cross_site
        )
        self.doors = {accept.path: self._door(accept, config) for accept in accepts[:3]}

    def _door(self, accept: Uri, config: ServiceConfig) -> EventDoor:
        door = EventDoor(accept, config, self.house.wheel)
        route = Route(accept, self.house.host, None, None, config.cross_site, "Kaazing", door)
        self.house.routes.add(route)
        return door

    def ask(self, target: bytes = b"/feed", *fields: bytes, method: bytes = b"GET") -> Wire:
        """Send a request; return the wire, on which the answer is."""
        wire = self.house.visitor()
        wire.say(get(target, *fields, method=method))
        return wire

    def attend(self, target: bytes = b"/feed", *fields: bytes) -> tuple[Wire, Any, Ear]:
        """Ask for events; return the wire, the channel that the service got, and what hears it."""
        wire = self.ask(target, *fields)
        return wire, *self.guest()

    def guest(self) -> tuple[Any, Ear]:
        """Resume the last channel that the service got; return it, and what hears it."""
        channel, ear = self.house.host.guests[-1], Ear()
        channel.receiver = ear
        channel.resume()
        return channel, ear


def response(wire: Wire) -> tuple[str, dict[str, str], bytes]:
    """Return the status line, the fields without Date, and the body so far, of a wire's only response."""
    head, _, body = wire.value().partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    fields = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
    fields.pop("date", None)
    return line.removeprefix("HTTP/1.1 "), fields, body


def body(wire: Wire) -> bytes:
    """Return the body so far."""
    return response(wire)[2]


def heard(wire: Wire) -> Source:
    """Return what a client hears."""
    return listen(body(wire))
