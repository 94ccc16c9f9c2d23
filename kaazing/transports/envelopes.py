# -*- test-case-name: tests.transports.test_envelopes,tests.transports.test_envelopes_opened -*-
"""Exchanges in envelopes: a service sees the request and gives the response that are inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from twisted.logger import Logger
from zope.interface import implementer

from kaazing.errors import BadRequest
from kaazing.interfaces.exchanges import IExchange, ITaker
from kaazing.transports.arrivals import failed
from kaazing.transports.exchange import BODILESS, Exchange, Fields, refuse
from kaazing.transports.routes import origin_allowed, preflight, sharing
from kaazing.wire.envelope import UNCHANGED, emulated_method, enveloped, put_in, take_out
from kaazing.wire.heads import Head

MOST_ENVELOPE = 1024 * 1024  # bytes of an enveloped request, framing included

Serve = Callable[[Any], None]

_log = Logger(namespace="kaazing.envelopes")

_EVERY = frozenset(range(200, 600)).difference(UNCHANGED)
_NONE: frozenset[int] = frozenset()
_CHALLENGE = frozenset({401})
_CHALLENGE_STRICTLY = frozenset({201, 302, 400, 401})

# Made anew each time: an error object that is raised again keeps every traceback it ever had.
_forbidden = partial(
    BadRequest, 403, "pages of that origin may not do that", rule="no cross-site-constraint allows it"
)
_too_large = partial(BadRequest, 413, "enveloped body that is too long", rule="RFC 9110 section 15.5.14")


def wrap(exchange: Exchange, serve: Serve, *, specification: bool = False) -> None:
    """Call C{serve} with an exchange, or with the one that is inside it, once that is known.

    Args:
        exchange: as the doorman made it.
        serve: an Entry's; may raise BadRequest.
        specification: whether the client is taken to keep to the specification, as C{AcceptOptions} says.

    Raises:
        BadRequest: of C{serve}; or the request stands for another that is no good.
    """
    head = exchange.head
    if enveloped(head):
        exchange.most_body = MOST_ENVELOPE
        exchange.taker = _Envelope(exchange, serve)
        return
    statuses = _EVERY if "x-origin" in head.headers else _for_old_clients(exchange, specification)
    method = emulated_method(head)
    if method == head.method:
        serve(Enveloped(exchange, head, statuses) if statuses else exchange)
        return
    inside = Enveloped(exchange, replace(head, method=method), statuses)
    if preflight(inside.head):
        said = sharing(head, exchange.route, exchange.caller)  # by the exchange itself
        asked = sharing(inside.head, exchange.route, exchange.caller)
        inside.answer(200, [field for field in asked if field not in said])
    elif origin_allowed(inside.head, exchange.route, exchange.caller):
        serve(inside)
    else:
        inside.refuse(_forbidden())


def _for_old_clients(exchange: Exchange, specification: bool) -> frozenset[int]:
    """Return the statuses that come in an envelope to clients which cannot say that they want one.

    Their browser or runtime would show a dialog of its own for a 401.
    """
    query = exchange.head.query
    if not exchange.rest.startswith(";e/") or ".kac=ex" in query:
        return _NONE
    says = "x-next-protocol" in exchange.head.headers or ".knp=" in query
    if says and ".kl=" not in query and ".kv=10.05" not in query:
        return _NONE
    return _CHALLENGE_STRICTLY if specification else _CHALLENGE


@implementer(IExchange)
class Enveloped:
    """See L{IExchange}; responses of some statuses go out in a 200.

    Attributes:
        head: of the request that is inside.
    """

    __slots__ = ("_exchange", "_mute", "_statuses", "head")

    def __init__(self, exchange: Exchange, head: Head, statuses: frozenset[int] = _EVERY) -> None:
        self._exchange, self.head, self._statuses = exchange, head, statuses
        self._mute = False

    caller = property(lambda self: self._exchange.caller)
    rest = property(lambda self: self._exchange.rest)
    route = property(lambda self: self._exchange.route)
    transport = property(lambda self: self._exchange.transport)
    subject = property(lambda self: self._exchange.subject)
    stay = property(lambda self: self._exchange.stay)
    open = property(lambda self: self._exchange.open)
    begun = property(lambda self: self._exchange.begun)

    @property
    def taker(self) -> ITaker | None:
        """See L{IExchange}."""
        return self._exchange.taker

    @taker.setter
    def taker(self, taker: ITaker | None) -> None:
        self._exchange.taker = taker

    @property
    def patient(self) -> bool:
        """See L{IExchange}."""
        return self._exchange.patient

    @patient.setter
    def patient(self, patient: bool) -> None:
        self._exchange.patient = patient

    @property
    def most_body(self) -> int | None:
        """See L{IExchange}."""
        return self._exchange.most_body

    @most_body.setter
    def most_body(self, most: int | None) -> None:
        self._exchange.most_body = most

    def hold(self) -> None:
        """See L{IExchange}."""
        self._exchange.hold()

    def resume(self) -> None:
        """See L{IExchange}."""
        self._exchange.resume()

    def begin(self, status: int, headers: Fields, length: int | None = None, close: bool = False) -> None:
        """See L{IExchange}."""
        if status >= 200:
            self._mute = status in BODILESS or self.head.method == "HEAD"
        if status not in self._statuses:
            self._exchange.begin(status, headers, length, close)
            return
        outside, first = put_in(status, headers)
        if self._mute:
            length = 0
        self._exchange.begin(200, outside, None if length is None else len(first) + length, close)
        self._exchange.write(first)

    def write(self, data: bytes) -> None:
        """See L{IExchange}."""
        if not self._mute:
            self._exchange.write(data)

    def end(self) -> None:
        """See L{IExchange}."""
        self._exchange.end()

    def answer(self, status: int, headers: Fields, body: bytes = b"") -> None:
        """See L{IExchange}."""
        if status in BODILESS or self.head.method == "HEAD":
            body = b""
        if status in self._statuses:
            headers, first = put_in(status, headers)
            status, body = 200, first + body
        self._exchange.answer(status, headers, body)

    def refuse(self, why: BadRequest) -> None:
        """See L{IExchange}."""
        refuse(self, why)

    def switch(self, head: bytes) -> Any:
        """See L{IExchange}."""
        return self._exchange.switch(head)

    def abort(self) -> None:
        """See L{IExchange}."""
        self._exchange.abort()


class _Opened(Enveloped):
    """The exchange of a request that came in an envelope; its body is here already."""

    __slots__ = ("_body", "_held", "_most")

    def __init__(self, exchange: Exchange, head: Head, body: bytes) -> None:
        super().__init__(exchange, head)
        self._body: bytes | None = body
        self._held = False
        self._most: int | None = None

    @property
    def most_body(self) -> int | None:
        """See L{IExchange}."""
        return self._most

    @most_body.setter
    def most_body(self, most: int | None) -> None:
        self._most = most

    def hold(self) -> None:
        """See L{IExchange}."""
        self._held = self._body is not None

    def resume(self) -> None:
        """See L{IExchange}."""
        if self._held:
            self._held = False
            self.deliver()

    def deliver(self) -> None:
        """Let the taker have the body, if it wants it now."""
        body = self._body
        if self._held or body is None or not self.open:
            return
        if self._most is not None and len(body) > self._most:
            why = _too_large()
            taker, self.taker = self.taker, None
            self.refuse(why)
            if taker is not None:
                taker.lost(why)
            return
        self._body = None
        if body and self.taker is not None:
            self.taker.body(body)
        if self.taker is not None:
            self.taker.body_ended()


@implementer(ITaker)
class _Envelope:
    """Takes an envelope until it is whole."""

    def __init__(self, exchange: Exchange, serve: Serve) -> None:
        self._exchange, self._serve = exchange, serve
        self._data = bytearray()

    def body(self, data: bytes) -> None:
        """See L{ITaker}."""
        self._data += data

    def body_ended(self) -> None:
        """See L{ITaker}."""
        exchange = self._exchange
        exchange.taker = None
        try:
            head, body = take_out(exchange.head, bytes(self._data))
            if not origin_allowed(head, exchange.route, exchange.caller):
                raise _forbidden()
        except BadRequest as why:
            Enveloped(exchange, exchange.head).refuse(why)
            return
        inside = _Opened(exchange, head, body)
        try:
            self._serve(inside)
        except BadRequest as why:
            inside.refuse(why)
        except Exception:
            _log.failure("a service failed to serve a request in an envelope")
            inside.refuse(failed())
        inside.deliver()

    def congested(self) -> None:
        """See L{ITaker}."""

    def drained(self) -> None:
        """See L{ITaker}."""

    def lost(self, why: Exception | None) -> None:
        """See L{ITaker}."""
