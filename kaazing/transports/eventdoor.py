# -*- test-case-name: tests.transports.test_eventdoor -*-
"""Where event streams are asked for: a request is checked, the service is asked, the response begins."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from twisted.logger import Logger
from zope.interface import implementer

from kaazing.config.model import EventOptions
from kaazing.errors import BadRequest
from kaazing.interfaces.exchanges import IExchange, ITaker
from kaazing.interfaces.services import Welcome
from kaazing.transports.arrivals import ask, visit
from kaazing.transports.events import EventChannel
from kaazing.transports.tcp import StreamChannel, hand_over
from kaazing.transports.wheel import Wheel
from kaazing.wire.eventstream import CONTENT_TYPE, opening
from kaazing.wire.heads import Head

MOST_BODY = 64 * 1024  # bytes of a request's body, which nobody reads

_MOST_PARAMETERS = 100
_HEAD = (
    (b"Content-Type", CONTENT_TYPE),
    (b"Cache-Control", b"no-cache, no-transform"),
    (b"X-Accel-Buffering", b"no"),  # nginx
    (b"X-Content-Type-Options", b"nosniff"),
)

# Made anew each time: an error object that is raised again keeps every traceback it ever had.
_not_found = partial(BadRequest, 404, "no service here", rule="no accept has this host and path")
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
    BadRequest, 400, f"more than {_MOST_PARAMETERS} query parameters", rule="limit of the gateway"
)


class EventDoor:
    """Takes the requests of one accept; see L{kaazing.interfaces.services.IService.entry}."""

    log = Logger()

    def __init__(self, service: Any, wheel: Wheel, options: EventOptions, strict: bool) -> None:
        """C{strict}: whether the request must name text/event-stream in Accept."""
        self.service, self._wheel, self._options, self._strict = service, wheel, options, strict

    def serve(self, exchange: IExchange) -> None:
        """Take a request for events.

        Raises:
            BadRequest: it is none.
        """
        head = exchange.head
        if exchange.rest:
            raise _not_found()
        if head.method != "GET":
            raise _only_get()
        if self._strict and not _wants_events(head):
            raise _only_events()
        exchange.most_body = MOST_BODY
        exchange.taker = _Opening(self, exchange, last_event(head))

    def open(self, exchange: IExchange, position: str) -> EventChannel:
        """Begin the response; return the channel, held."""
        channel = EventChannel(self._wheel, self._options.heartbeat)
        exchange.begin(200, _HEAD, close=True)
        _take_over(exchange.switch(b""), channel)
        channel.put(opening(self._options.retry, position, self._options.padding))
        return channel


@implementer(ITaker)
class _Opening:
    """A request, until the service has said what becomes of it."""

    def __init__(self, door: EventDoor, exchange: IExchange, after: str) -> None:
        self._door, self._exchange, self._after = door, exchange, after

    def body(self, data: bytes) -> None:
        """See L{ITaker}; nobody reads it."""

    def body_ended(self) -> None:
        """See L{ITaker}: the request is whole."""
        exchange = self._exchange
        asked = replace(visit(exchange.head, exchange.caller), after=self._after)
        ask(self._door.service, asked, self._let_in, exchange.refuse, exchange.abort)

    def congested(self) -> None:
        """See L{ITaker}; what was written before is of earlier requests."""

    def drained(self) -> None:
        """See L{ITaker}."""

    def lost(self, why: Exception | None) -> None:
        """See L{ITaker}; the welcome finds the exchange closed."""

    def _let_in(self, welcome: Welcome) -> None:
        service = self._door.service
        if not self._exchange.open:
            service.declined(welcome)
            return
        channel = self._door.open(self._exchange, welcome.at)
        try:
            service.accepted(channel, welcome)
        except Exception:
            self._door.log.failure("a service failed with a client that was let in")
            channel.abort()


def last_event(head: Head) -> str:
    """Return the id of the last event that the client has, empty for none.

    A browser says it in a field when it comes again, and cannot when it comes first; then, or where
    it cannot set fields at all, it stands in the query.

    Raises:
        BadRequest: too many query parameters.
    """
    said = head.headers.get("last-event-id", "")
    if said or not head.query:
        return said
    try:
        query = dict(parse_qsl(head.query, max_num_fields=_MOST_PARAMETERS))
    except ValueError as why:
        raise _too_many() from why
    return query.get("lastEventId", "") or query.get(".ka", "")


def _wants_events(head: Head) -> bool:
    """Return whether Accept names event streams, with any quality but 0 (RFC 9110 section 12.5.1)."""
    for part in head.headers.get("accept", "").lower().split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        if kind == "text/event-stream":
            return not any(piece.startswith("q=0") and not piece.strip("q=0.") for piece in parameters)
    return False


def _take_over(given: StreamChannel, channel: EventChannel) -> None:
    """Let C{channel} have the connection of another."""
    transport = given.transport
    transport.unregisterProducer()
    hand_over(transport, channel)
    channel.makeConnection(transport)
