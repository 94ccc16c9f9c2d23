# -*- test-case-name: tests.transports.test_eventdoor -*-
"""Where event streams are asked for: a request is checked, the service is asked, the response begins.

docs/protocols/sse.md; WHATWG HTML standard, section "Server-sent events".
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from twisted.logger import Logger
from zope.interface import implementer

from kaazing.config.model import ServiceConfig, Uri
from kaazing.errors import BadRequest
from kaazing.interfaces.exchanges import IExchange, ITaker
from kaazing.interfaces.services import Visit, Welcome
from kaazing.transports.arrivals import ask, not_found, visit
from kaazing.transports.callers import Caller
from kaazing.transports.emulation.downstream import MOST_BODY
from kaazing.transports.emulation.entry import over_tls
from kaazing.transports.emulation.pages import Pages
from kaazing.transports.emulation.parameters import others, read
from kaazing.transports.emulation.registry import Registry
from kaazing.transports.envelopes import wrap
from kaazing.transports.events import EventChannel
from kaazing.transports.exchange import Exchange
from kaazing.transports.lasting import LastingChannel, Stay
from kaazing.transports.routes import Route, public
from kaazing.transports.tcp import StreamChannel, hand_over
from kaazing.transports.wheel import Wheel
from kaazing.wire.eventstream import CONTENT_TYPE, RECONNECT, location, opening
from kaazing.wire.heads import Head

MOST_LASTING = 10_000  # channels of clients of the original, each of which may be without a connection

_MOST_PARAMETERS = 100
_HEAD = (
    (b"Content-Type", CONTENT_TYPE),
    (b"Cache-Control", b"no-cache, no-transform"),
    (b"X-Accel-Buffering", b"no"),  # nginx
    (b"X-Content-Type-Options", b"nosniff"),
)
_ORIGINAL = re.compile(r"(?:^|&)\.k(?:bp?|cc?|d|f|i|kt|p|v)=")  # what only clients of the original send
_SEEN = re.compile(r"(?:\.kat?|lastEventId)=")  # and a ticket, which is used up
_AGAIN = ";s/"
_UNSAID = "undefined"  # what the original's JavaScript client says for any id: it misreads its own

# Made anew each time: an error object that is raised again keeps every traceback it ever had.
_only_get = partial(
    BadRequest,
    405,
    "a stream of events is asked for with GET",
    rule="RFC 9110 section 15.5.6",
    headers=((b"Allow", b"GET"),),
)
_only_events = partial(
    BadRequest, 406, "only text/event-stream is served here", rule="RFC 9110 section 15.5.7"
)
_too_many = partial(
    BadRequest, 400, f"more than {_MOST_PARAMETERS} query parameters", rule="a limit of the gateway"
)
_full = partial(
    BadRequest, 503, f"more than {MOST_LASTING} clients of event streams", rule="RFC 9110 section 15.6.4"
)

_log = Logger(namespace="kaazing.events")


class EventDoor:
    """Takes the requests of one accept; see L{kaazing.interfaces.services.IService.entry}.

    Attributes:
        asks: the service is asked about each stream (L{Route.asks}).
    """

    asks = True

    def __init__(self, accept: Uri, config: ServiceConfig, wheel: Wheel) -> None:
        self.wheel, self.options = wheel, config.accept_options.events
        self._strict = accept.scheme.startswith("http")
        self._registry, self._pages = Registry(), Pages()
        twin = None
        if not accept.secure:
            secure = (other for other in config.accepts if other.scheme == accept.scheme + "+ssl")
            twin = next((other for other in secure if other.path == accept.path), None)
        self._twin = None if twin is None else Route(twin, None, None, None, config.cross_site)

    def serve(self, exchange: Exchange) -> None:
        """Take a request for events, in an envelope or not.

        Raises:
            BadRequest: it is none.
        """
        wrap(exchange, self._serve)

    def _serve(self, exchange: Any) -> None:
        head = exchange.head
        if public(exchange.route, exchange.rest):
            self._pages.serve(exchange)
            return
        known = self._known(exchange.rest)
        theirs = not self._strict and (known is not None or _is_original(head))
        if head.method != "GET" and not (theirs and head.method == "POST"):
            raise _only_get()
        if self._strict and not _wants_events(head):
            raise _only_events()
        after = last_event(head)
        if not theirs:
            exchange.most_body = MOST_BODY
            exchange.taker = _Visitor(self, exchange, after)
            return
        asked = read(head)
        if known is not None and not after:
            Stay(exchange, asked, known.attach)
            return
        stay = Stay(exchange, asked, partial(self._arrived, after))
        if stay.polls and not asked.stays and self._twin is not None:
            stay.elsewhere = over_tls(head, exchange.caller, self._twin)
        if known is not None:  # what it missed is told by the service
            known.abort()

    def _known(self, rest: str) -> LastingChannel | None:
        """Return the channel that a client comes again for, None where it comes first.

        Raises:
            BadRequest: nothing is there, or not any more.
        """
        if not rest:
            return None
        name = rest[len(_AGAIN) :].partition("&")[0] if rest.startswith(_AGAIN) else ""
        known: LastingChannel | None = self._registry.find(name)
        if known is None:
            raise not_found()
        return known

    def asked(self, exchange: IExchange, after: str) -> Visit:
        """Return what a request says to the service."""
        said = visit(exchange.head, exchange.caller)
        return replace(said, query=others(said.query), after=after, subject=exchange.subject)

    def let_in(self, exchange: IExchange, channel: Any, welcome: Welcome) -> None:
        """Give a channel to the service."""
        try:
            exchange.route.service.accepted(channel, welcome)
        except Exception:
            _log.failure("a service failed with a client that was let in")
            channel.abort()

    # Clients of the original

    def _arrived(self, after: str, stay: Stay) -> None:
        exchange = stay.exchange
        if stay.elsewhere:
            stay.redirect(location(stay.elsewhere) + RECONNECT)
            return
        ask(
            exchange.route.service,
            self.asked(exchange, after),
            partial(self._begin, stay),
            exchange.refuse,
            exchange.abort,
        )

    def _begin(self, stay: Stay, welcome: Welcome) -> None:
        exchange = stay.exchange
        if len(self._registry) >= MOST_LASTING:
            exchange.route.service.declined(welcome)
            exchange.refuse(_full())
            return
        if not exchange.open:
            exchange.route.service.declined(welcome)
            return
        channel = LastingChannel(self.wheel, self._registry, self.options.heartbeat, exchange.caller.peer)
        stay.fields = welcome.fields
        channel.write(location(_again(exchange.head, exchange.caller, channel.id)))
        channel.write(opening(self.options.retry, welcome.at))
        channel.attach(stay)
        self.let_in(exchange, channel, welcome)


@implementer(ITaker)
class _Visitor:
    """A request of a browser, until the service has said what becomes of it."""

    def __init__(self, door: EventDoor, exchange: IExchange, after: str) -> None:
        self._door, self._exchange, self._after = door, exchange, after

    def body(self, data: bytes) -> None:
        """See L{ITaker}; nobody wants it."""

    def body_ended(self) -> None:
        """See L{ITaker}: the request is whole."""
        door, exchange = self._door, self._exchange
        said, service = door.asked(exchange, self._after), exchange.route.service
        ask(service, said, self._let_in, exchange.refuse, exchange.abort)

    def congested(self) -> None:
        """See L{ITaker}; what was written before is of earlier requests."""

    def drained(self) -> None:
        """See L{ITaker}."""

    def lost(self, why: Exception | None) -> None:
        """See L{ITaker}; the welcome finds the exchange closed."""

    def _let_in(self, welcome: Welcome) -> None:
        door, exchange = self._door, self._exchange
        if not exchange.open:
            exchange.route.service.declined(welcome)
            return
        channel = EventChannel(door.wheel, door.options.heartbeat)
        exchange.begin(200, (*_HEAD, *welcome.fields), close=True)
        _take_over(exchange.switch(b""), channel)
        channel.put(opening(door.options.retry, welcome.at, door.options.padding))
        door.let_in(exchange, channel, welcome)


def last_event(head: Head) -> str:
    """Return the id of the last event that the client has, empty for none.

    A browser says it in a field when it comes again, and cannot when it comes first; then, or where
    it cannot set fields at all, it stands in the query.

    Raises:
        BadRequest: too many query parameters.
    """
    said = head.headers.get("last-event-id", "")
    if said or not _SEEN.search(head.query):
        return said
    try:
        query = dict(parse_qsl(head.query, max_num_fields=_MOST_PARAMETERS))
    except ValueError as why:
        raise _too_many() from why
    theirs = query.get(".ka", "")
    return query.get("lastEventId", "") or ("" if theirs == _UNSAID else theirs)


def _wants_events(head: Head) -> bool:
    """Return whether Accept names event streams, with any quality but 0 (RFC 9110 section 12.5.1)."""
    for part in head.headers.get("accept", "").lower().split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        if kind == "text/event-stream":
            return not any(piece.startswith("q=0") and not piece.strip("q=0.") for piece in parameters)
    return False


def _is_original(head: Head) -> bool:
    """Return whether a client shows that it is one of the original's."""
    return "x-origin" in head.headers or _ORIGINAL.search(head.query) is not None


def _again(head: Head, caller: Caller, name: str) -> str:
    """Return where a client of the original comes again."""
    query = "&".join(part for part in others(head.query).split("&") if not _SEEN.match(part))
    path = head.path.partition(_AGAIN)[0]  # who came again, and is let in anew, asks for the old place
    return f"{caller.site}{path}{_AGAIN}{name}{'?' if query else ''}{query}"


def _take_over(given: StreamChannel, channel: EventChannel) -> None:
    """Let C{channel} have the connection of another."""
    transport = given.transport
    transport.unregisterProducer()
    hand_over(transport, channel)
    channel.makeConnection(transport)
