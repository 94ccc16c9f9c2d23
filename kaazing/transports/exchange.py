# -*- test-case-name: tests.transports.test_exchange,tests.transports.test_exchange_answers -*-
"""One HTTP request and its response, streamed both ways, for what twisted.web cannot stream.

twisted.web keeps a request's body until it is whole and takes a fifth of a millisecond for each
request; emulation, server-sent events and http.proxy can afford neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import time
from typing import TYPE_CHECKING, Any

from twisted.web.http import datetimeToString
from zope.interface import implementer

from kaazing.errors import BadRequest, ConnectError
from kaazing.interfaces.exchanges import IExchange, ITaker
from kaazing.interfaces.security import Subject
from kaazing.transports.callers import Caller
from kaazing.transports.routes import Route, sharing
from kaazing.transports.tcp import StreamChannel
from kaazing.wire.heads import Head, page, response_head

if TYPE_CHECKING:
    from kaazing.transports.doorman import Doorman

Fields = Sequence[tuple[bytes, bytes]]

_CLOSE = (b"Connection", b"close")
PRIVATE = (b"Cache-Control", b"private")
"""Of responses to who has logged in: no cache in front knows of a login by cookie (RFC 9111 section 3.5)."""
BODILESS = (204, 304)
"""Statuses, besides 1xx, of responses without a body (RFC 9112 section 6.3)."""


class _Clock:
    """The Date field, made anew once a second."""

    second = -1
    value = b""

    def date(self) -> bytes:
        now = int(time())
        if now != self.second:
            self.second, self.value = now, datetimeToString(now)
        return self.value


date = _Clock().date
"""Return the value of a Date field for now (RFC 9110 section 6.6.1)."""


def _for_ever(channel: Any) -> Any:
    return channel


def refuse(exchange: Any, why: BadRequest) -> None:
    """Answer an L{IExchange} with the page of an error, or abort it where it is too late for that."""
    if exchange.begun:
        exchange.abort()
    else:
        headers = [*why.headers, (b"Content-Type", b"text/html;charset=utf-8")]
        exchange.answer(why.status, headers, page(why.status, why.what))


@implementer(IExchange)
class Exchange:
    """See L{IExchange}; made by the doorman.

    Attributes:
        route: where the request goes.
        body_done: whether the request's body is whole; kept by the doorman.
        held: whether the body is to be read later.
        subject: who the client proved to be before the exchange was handed on; None where nobody asked.
        fields: more header fields of the answer.
        stay: see L{IExchange}.
    """

    __slots__ = (
        "_chunked", "_closes", "_doorman", "_mute", "begun", "body_done", "caller", "fields", "head", "held",
        "most_body", "open", "patient", "rest", "route", "stay", "subject",
        "taker",
    )  # fmt: skip

    def __init__(self, doorman: Doorman, head: Head, caller: Caller, route: Route, rest: str) -> None:
        self._doorman, self.head, self.caller, self.route, self.rest = doorman, head, caller, route, rest
        self.taker: ITaker | None = None
        self.most_body: int | None = None
        self.patient = self.held = self.begun = self.body_done = False
        self.open = True
        self._chunked = self._closes = self._mute = False
        self.subject: Subject | None = None
        self.fields: Fields = ()
        self.stay: Callable[[Any], Any] = _for_ever

    @property
    def transport(self) -> Any:
        """The connection's, for those who write to many at once."""
        return self._doorman.transport

    def hold(self) -> None:
        """See L{IExchange}."""
        if self.open and not self.body_done:
            self.held = True
            self._doorman.transport.pauseProducing()

    def resume(self) -> None:
        """See L{IExchange}."""
        if self.held:
            self.held = False
            if self.open:
                self._doorman.resumed()

    def begin(self, status: int, headers: Fields, length: int | None = None, close: bool = False) -> None:
        """See L{IExchange}."""
        if not self.open or self.begun:
            return
        if 100 <= status < 200:
            if self.head.version == "1.1":  # RFC 9110 section 15.2
                self._doorman.transport.write(response_head(status, headers))
            return
        self.begun = True
        fields = self._fields(headers)
        bodiless = status in BODILESS
        self._mute = bodiless or self.head.method == "HEAD"
        unwanted = self.held and not self.body_done  # the rest of the body
        self._closes = close or unwanted or not self.head.keep_alive
        if length is not None and not bodiless:
            fields.append((b"Content-Length", b"%d" % length))
        elif not bodiless and not close:
            self._chunked = self.head.version == "1.1"
            self._closes = self._closes or not self._chunked
            if self._chunked:
                fields.append((b"Transfer-Encoding", b"chunked"))
        if self._closes or self.head.version == "1.0":
            self._closes = True
            fields.append(_CLOSE)
        self._doorman.transport.write(response_head(status, fields))

    def write(self, data: bytes) -> None:
        """See L{IExchange}."""
        if self.open and data and not self._mute:
            if self._chunked:
                data = b"%x\r\n%b\r\n" % (len(data), data)
            self._doorman.transport.write(data)

    def end(self) -> None:
        """See L{IExchange}."""
        if not self.open:
            return
        if self._chunked and not self._mute:
            self._doorman.transport.write(b"0\r\n\r\n")
        self._over(self._closes or not self.body_done)

    def answer(self, status: int, headers: Fields, body: bytes = b"") -> None:
        """See L{IExchange}."""
        if not self.open or self.begun:
            return
        self.begun = True
        fields = self._fields(headers)
        if status not in BODILESS:
            fields.append((b"Content-Length", b"%d" % len(body)))
        closes = not (self.head.keep_alive and self.body_done and self.head.version == "1.1")
        if closes:
            fields.append(_CLOSE)
        mute = status in BODILESS or self.head.method == "HEAD"
        self._doorman.transport.write(response_head(status, fields) + (b"" if mute else body))
        self._over(closes)

    def refuse(self, why: BadRequest) -> None:
        """See L{IExchange}."""
        refuse(self, why)

    def switch(self, head: bytes) -> StreamChannel:
        """See L{IExchange}."""
        self.open = False
        self.taker = None
        return self._doorman.switch(head)

    def abort(self) -> None:
        """See L{IExchange}."""
        if self.open:
            self._doorman.transport.abortConnection()

    def lost(self, why: Exception | None) -> None:
        """The connection is gone, or the body is no good; called by the doorman."""
        if self.open:
            self.open = False
            taker, self.taker = self.taker, None
            if taker is not None:
                taker.lost(why or ConnectError("the client closed the connection"))

    def _over(self, closes: bool) -> None:
        self.open = self.held = False
        self.taker = None
        self._doorman.exchanged(closes)

    def _fields(self, headers: Fields) -> list[tuple[bytes, bytes]]:
        fields = list(headers)
        said = {name.lower() for name, _ in fields}  # a backend's own stand
        if b"date" not in said:
            fields.append((b"Date", date()))
        if self.route.server and b"server" not in said:
            fields.append((b"Server", self.route.server.encode()))
        fields += sharing(self.head, self.route, self.caller)
        fields += self.fields
        return fields if self.subject is None else _for_one(fields)


def _for_one(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the fields of a response for one client alone: whoever made it may not know that somebody had
    to log in for it."""
    for number, (name, value) in enumerate(fields):
        if name.lower() == b"cache-control":
            if b"private" not in value.lower() and b"no-store" not in value.lower():
                fields[number] = name, value + b", private"
            return fields
    return [*fields, PRIVATE]
