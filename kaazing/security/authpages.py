# -*- test-case-name: tests.security.test_authpages -*-
"""The URLs below each accept of a service with a realm: C{;auth/ticket}, C{renew}, C{session}, C{logout}.

They answer in JSON. Which pages may ask, the doorman has decided before. docs/protocols/login.md, "URLs".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.errors import BadRequest
from kaazing.interfaces.exchanges import IExchange, ITaker
from kaazing.interfaces.security import IGuard, Subject
from kaazing.interfaces.services import Visit
from kaazing.security.carriers import unload
from kaazing.security.cookies import SessionCookies
from kaazing.security.desk import Desk
from kaazing.security.tickets import sum_of
from kaazing.wire.addresses import split

PLACE = ";auth/"
MOST_BODY = 4096  # bytes

_METHODS = {"ticket": "POST", "renew": "POST", "session": "GET", "logout": "POST"}
_FIELDS = (
    (b"Content-Type", b"application/json"),
    (b"Cache-Control", b"no-store"),
    (b"X-Content-Type-Options", b"nosniff"),
)
_RULE = "docs/protocols/login.md"

_log = Logger(namespace="kaazing.security")


class AuthPages:
    """Takes the requests for them below one accept; see L{kaazing.interfaces.services.IService.entry}."""

    def __init__(
        self,
        service: str,
        guard: IGuard,
        desk: Desk,
        cookies: SessionCookies | None,
        visit: Callable[[Any, Any], Visit],
    ) -> None:
        """
        Args:
            service: its name.
            guard: decides who may have a ticket.
            cookies: None where the realm has no sessions.
            visit: makes a visit of a request's head and caller.
        """
        self._service, self._guard, self._desk, self._cookies = service, guard, desk, cookies
        self._visit = visit

    def serve(self, exchange: IExchange) -> None:
        """See L{kaazing.interfaces.services.IService.entry}."""
        name, method = exchange.rest[len(PLACE) :], exchange.head.method
        wanted = _METHODS.get(name)
        if wanted is None:
            _refuse(exchange, BadRequest(404, "no such page", rule=_RULE))
        elif method != wanted:
            allow = [(b"Allow", wanted.encode())]
            _refuse(
                exchange, BadRequest(405, f"only {wanted}", rule="RFC 9110 section 15.5.6", headers=allow)
            )
        else:
            exchange.most_body = MOST_BODY
            exchange.taker = _Request(self, exchange, name)

    def asked(self, exchange: IExchange, name: str, body: bytes) -> None:
        """Answer a request that is whole."""
        visit = self._visit(exchange.head, exchange.caller)
        try:
            if name == "logout":
                self._logout(exchange, visit)
                return
            opened_by = _opened_by(body) if name == "renew" else None
            if unload(visit).ticket is not None:  # else a ticket could be made to last for ever
                raise BadRequest(400, "a ticket opens a connection, and nothing else", rule=_RULE)
        except BadRequest as why:
            _refuse(exchange, why)
            return
        answer = {"ticket": self._ticket, "renew": self._renew, "session": self._session}[name]
        admitted = maybeDeferred(self._guard.admit, visit)
        admitted.addCallback(lambda let_in: _answer(exchange, answer(let_in, opened_by), let_in.fields))
        admitted.addErrback(_turn_away, exchange)

    def _ticket(self, visit: Visit, opened_by: str | None) -> dict[str, Any]:
        tickets, subject = self._desk.tickets, _of(visit)
        ticket = tickets.issue(subject, self._service, split(visit.peer)[0])
        return {"ticket": ticket, "expires_in": int(tickets.life), **self._known(subject)}

    def _renew(self, visit: Visit, opened_by: str | None) -> dict[str, Any]:
        subject = _of(visit)
        ties = subject.ties if opened_by is None else (sum_of(opened_by),)
        return {"renewed": self._desk.lifetimes.renew(self._service, ties, subject), **self._known(subject)}

    def _session(self, visit: Visit, opened_by: str | None) -> dict[str, Any]:
        return self._known(_of(visit))

    def _known(self, subject: Subject) -> dict[str, Any]:
        left = None if subject.expires is None else max(int(subject.expires - self._desk.time()), 0)
        return {"user": subject.user, "roles": sorted(subject.roles), "login_expires_in": left}

    def _logout(self, exchange: IExchange, visit: Visit) -> None:
        """End the session of a browser, and its connections; who has none is logged out too."""
        if self._cookies is None:
            _answer(exchange, {"closed": 0}, ())
            return
        field, tie = self._cookies.forget(visit)
        _answer(exchange, {"closed": self._desk.lifetimes.end(tie) if tie else 0}, (field,))


@implementer(ITaker)
class _Request:
    """One request, until its body is there."""

    def __init__(self, pages: AuthPages, exchange: IExchange, name: str) -> None:
        self._pages, self._exchange, self._name = pages, exchange, name
        self._body = b""

    def body(self, data: bytes) -> None:
        """See L{ITaker}; the exchange bounds it."""
        self._body += data

    def body_ended(self) -> None:
        """See L{ITaker}."""
        self._pages.asked(self._exchange, self._name, self._body)

    def congested(self) -> None:
        """See L{ITaker}; the answers are small."""

    def drained(self) -> None:
        """See L{ITaker}."""

    def lost(self, why: Exception | None) -> None:
        """See L{ITaker}; the answer finds the exchange closed."""


def _opened_by(body: bytes) -> str | None:
    """Return the ticket that opened the connection to renew, as the body says; None for that of a session."""
    if not body.strip():
        return None
    try:
        said = json.loads(body)
        ticket = said["ticket"]
    except (ValueError, RecursionError, LookupError, TypeError):
        raise BadRequest(400, 'a body other than {"ticket": "..."}', rule=_RULE) from None
    if not isinstance(ticket, str):
        raise BadRequest(400, "a ticket that is no text", rule=_RULE)
    return ticket


def _of(visit: Visit) -> Subject:
    subject = visit.subject
    assert subject is not None  # a guard has let it in
    return subject


def _answer(exchange: IExchange, said: dict[str, Any], fields: tuple[tuple[bytes, bytes], ...]) -> None:
    exchange.answer(200, [*_FIELDS, *fields], json.dumps(said).encode() + b"\n")


def _refuse(exchange: IExchange, why: BadRequest) -> None:
    said = {"error": why.status, "what": why.what}
    exchange.answer(why.status, [*_FIELDS, *why.headers], json.dumps(said).encode() + b"\n")


def _turn_away(why: Failure, exchange: IExchange) -> None:
    if isinstance(why.value, BadRequest):
        _refuse(exchange, why.value)
        return
    _log.failure("nobody could say whether a client may log in", why)
    _refuse(exchange, BadRequest(500, "the service failed", rule="RFC 9110 section 15.6.1"))
