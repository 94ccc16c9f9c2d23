# -*- test-case-name: tests.transports.emulation.test_creation -*-
"""The request that makes an emulated session.  docs/protocols/wse.md, Create."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from twisted.logger import Logger
from zope.interface import implementer

from kaazing.errors import BadRequest
from kaazing.interfaces.exchanges import IExchange, ITaker
from kaazing.interfaces.services import Welcome
from kaazing.transports.arrivals import ask, visit
from kaazing.transports.emulation.formats import Format
from kaazing.transports.emulation.parameters import others, repeated, sequence
from kaazing.transports.emulation.session import EmulatedChannel
from kaazing.transports.emulation.terms import Terms
from kaazing.wire.heads import TOKEN, Head

MOST_BODY = 64 * 1024  # bytes; nobody reads them
RULE = "WSE create"

_TOKENS = re.compile(rf"{TOKEN}++")
_VERSION = "wseb-1.0"
_IDLE_TIMEOUT = "x-kaazing-idle-timeout"
_CONTENT = (b"Content-Type", b"text/plain;charset=UTF-8")

_log = Logger(namespace="kaazing.emulation")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a create request asks for.

    Attributes:
        number: its sequence number; None where the client counts nothing.
        subprotocols: in the client's order.
        pings: whether the client understands PING.
        idle: whether it wants to know how long a downstream may be silent.
    """

    number: int | None
    subprotocols: tuple[str, ...]
    pings: bool
    idle: bool


def wanted(head: Head, specification: bool) -> Wanted:
    """Return what a create request asks for.

    Raises:
        BadRequest: it is not what emulation wants.
    """
    headers = head.headers
    if head.method not in ("GET", "POST"):
        raise _bad("method other than GET and POST")
    version = headers.get("x-websocket-version", "" if specification else _VERSION)
    if version != _VERSION:
        raise _bad(f"X-WebSocket-Version other than {_VERSION}")
    number = sequence(head)
    if number is None and specification:
        raise _bad("no sequence number")
    commands = headers.get("x-accept-commands")
    if commands not in (None, "ping"):
        raise _bad("X-Accept-Commands other than ping")
    extensions = _listed(headers.get("x-websocket-extensions", ""))
    return Wanted(
        number,
        _subprotocols(headers.get("x-websocket-protocol", "")),
        commands is not None,
        any(name.partition(";")[0].strip().lower() == _IDLE_TIMEOUT for name in extensions),
    )


@implementer(ITaker)
class Creation:
    """Waits for a request's body, asks the service, and answers with the URLs of a session."""

    def __init__(
        self,
        exchange: IExchange,
        terms: Terms,
        form: Format,
        *,
        service: Any,
        place: object,
        path: str,
        origin: str | None,
    ) -> None:
        """Read a request.

        Args:
            place: see L{EmulatedChannel}.
            path: of the accept, which the service is told in place of the request's own.
            origin: of the page that asks; None for no browser's.

        Raises:
            BadRequest: it is no good, or there are too many sessions.
        """
        if not exchange.caller.host:
            raise _bad("no Host, so that the session would have no URL")
        terms.registry.admit(exchange.caller.peer)
        self._wanted = wanted(exchange.head, terms.specification)
        self._exchange, self._terms, self._format = exchange, terms, form
        self._service, self._place, self._path, self._origin = service, place, path, origin
        exchange.most_body = MOST_BODY
        exchange.taker = self

    def body(self, data: bytes) -> None:
        """See L{ITaker}; nobody wants it."""

    def body_ended(self) -> None:
        """See L{ITaker}."""
        exchange = self._exchange
        asked = visit(exchange.head, exchange.caller)
        headers = dict(asked.headers)
        if self._origin is not None:
            headers["origin"] = self._origin
        asked = replace(
            asked,
            path=self._path,
            query=others(asked.query),
            headers=headers,
            subprotocols=self._wanted.subprotocols,
        )
        ask(self._service, asked, self._let_in, exchange.refuse, exchange.abort)

    def congested(self) -> None:
        """See L{ITaker}."""

    def drained(self) -> None:
        """See L{ITaker}."""

    def lost(self, why: Exception | None) -> None:
        """See L{ITaker}; C{exchange.open} says it to L{_let_in}."""

    def _let_in(self, welcome: Welcome) -> None:
        exchange, wants = self._exchange, self._wanted
        if not exchange.open:
            self._service.declined(welcome)
            return
        channel = EmulatedChannel(
            self._terms,
            self._format,
            place=self._place,
            peer=exchange.caller.peer,
            subprotocol=welcome.subprotocol,
            number=wants.number,
            pings=wants.pings,
        )
        fields = [_CONTENT, (b"Cache-Control", b"no-cache")]
        if welcome.subprotocol is not None:
            fields.append((b"X-WebSocket-Protocol", welcome.subprotocol.encode()))
        if wants.idle and self._terms.inactivity:
            timeout = f"{_IDLE_TIMEOUT};timeout={self._terms.idle * 1000:.0f}"
            fields.append((b"X-WebSocket-Extensions", timeout.encode()))
        fields += welcome.fields
        exchange.answer(201, fields, _urls(exchange, channel))
        try:
            self._service.accepted(channel, welcome)
        except Exception:
            _log.failure("a service failed with a client that was let in")
            channel.abort()


def _urls(exchange: IExchange, channel: EmulatedChannel) -> bytes:
    """Return the URLs of both directions, as the client has to write them."""
    head = exchange.head
    before = head.path.rpartition(";e/")[0]
    query = repeated(head.query)
    lines = [
        f"{exchange.caller.site}{before};e/{way}{channel.format.code}"
        f"/{channel.id}{'?' + query if query else ''}\n"
        for way in "ud"
    ]
    return "".join(lines).encode()


def _subprotocols(value: str) -> tuple[str, ...]:
    names = _listed(value)
    if len(set(names)) != len(names) or not all(map(_TOKENS.fullmatch, names)):
        raise _bad("X-WebSocket-Protocol that is not a list of different tokens")
    return tuple(names)


def _listed(value: str) -> list[str]:
    return [name for item in value.split(",") if (name := item.strip())]


def _bad(what: str) -> BadRequest:
    return BadRequest(400, what, rule=RULE)
