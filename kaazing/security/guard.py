# -*- test-case-name: tests.security.test_guard -*-
"""Decides about each visit at one service: who the client is, and whether its roles suffice.

What a client is told never says whether a user exists, nor which role is missing; the log does, with
neither password nor token in it.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.config.model import RealmConfig, ServiceConfig
from kaazing.errors import (
    BadRequest,
    Challenged,
    LoginError,
    LoginMissing,
    LoginRefused,
    LoginStale,
    LoginUnavailable,
)
from kaazing.interfaces.security import Attempt, IGuard, Subject, Workplace
from kaazing.interfaces.services import Visit
from kaazing.limits import Alarm
from kaazing.literals import shown
from kaazing.metrics import LOGINS
from kaazing.security.attempts import INSIDE, Attempts
from kaazing.security.carriers import unload
from kaazing.security.desk import Desk
from kaazing.wire.addresses import split

_log = Logger(namespace="kaazing.security")

RETRY_AFTER = 5  # seconds, when nobody could be asked


class Logins(Protocol):
    """What a guard wants of a realm: see L{kaazing.security.realms.Realm}."""

    config: RealmConfig

    def login(self, attempt: Attempt) -> Any:
        """Return, or return a Deferred of, the subject of an attempt."""


class _Limited(LoginError):
    """Too many wrong attempts came from there.

    Attributes:
        wait: seconds until the next may come.
    """

    def __init__(self, wait: float) -> None:
        super().__init__(f"too many wrong attempts; the next in {wait:.0f} s")
        self.wait = wait


@implementer(IGuard)
class Guard:
    """See L{IGuard}.

    Attributes:
        outer: the guard of the same service for plain HTTP requests, whose challenges are a browser's;
            itself where there is no difference.
        cookies: the session cookies that the service gives; None where its realm has none.
    """

    def __init__(
        self,
        service: ServiceConfig,
        realm: Logins,
        workplace: Workplace,
        *,
        throttle: Any = None,
        desk: Desk | None = None,
        plain: bool = False,
    ) -> None:
        """
        Args:
            throttle: puts attempts off after wrong ones (L{kaazing.security.throttle.Throttle}).
            desk: knows of tickets and sessions; None where there are none.
            plain: whether challenges are for browsers, whatever the realm says.
        """
        config = realm.config
        self._service, self._realm = service.name, realm
        self._throttle = None if throttle is None else throttle.of(config.name)
        self._roles, self._time, self._timeout = service.roles, workplace.time, config.authorization_timeout
        self._tickets = desk.tickets if desk is not None else None
        self.cookies = desk.cookies(service) if desk is not None else None
        self._attempts = Attempts(config, service.name)
        self._alarm = Alarm(f"service {service.name}, realm {config.name}", workplace.time)
        scheme = config.scheme[len(INSIDE) :] if plain and _inside(config) else config.scheme
        self.inside = _inside(config) and not plain
        self._scheme, self._challenge = scheme, _challenge(scheme, config.description or config.name)
        self._counts = {outcome: LOGINS.labels(config.name, outcome) for outcome in _OUTCOMES}
        self.outer = self
        if self.inside:
            self.outer = Guard(service, realm, workplace, throttle=throttle, desk=desk, plain=True)

    def admit(self, visit: Visit) -> Any:
        """See L{IGuard}."""
        load = unload(visit)
        attempt, visit = None, load.visit
        try:
            if load.ticket is not None:
                return self._welcome(self._redeemed(load.ticket, visit), visit, "")
            attempt = self._attempts.read(visit, load.bearer or "")
            known = None if self.cookies is None or _gives(attempt) else self.cookies.read(visit)
            if known is not None:
                return self._again(known, visit)
            return self._login(attempt, visit)
        except LoginError as why:
            raise self._told(why, visit, attempt) from why

    def vouch(self, visit: Visit, user: str, secret: str) -> Any:
        """As L{admit}, of a client that says its login inside its protocol.

        Args:
            visit: by which it came in; of what is in it, only the certificate counts.
            secret: its password, or a token.
        """
        attempt = None
        try:
            attempt = self._attempts.said(visit, user, secret)
            return self._login(attempt, visit)
        except LoginError as why:
            raise self._told(why, visit, attempt) from why

    def _login(self, attempt: Attempt, visit: Visit) -> Any:
        self._check(attempt)
        said = self._realm.login(attempt)
        if isinstance(said, Deferred):
            self._await(said, attempt)
            said.addCallback(self._logged_in, visit, attempt)
            return said.addErrback(self._failed, visit, attempt)
        return self._logged_in(said, visit, attempt)

    def _check(self, attempt: Attempt) -> None:
        """Put off who has been wrong too often; a visit that gives nothing tries nothing."""
        if self._throttle is None or not _gives(attempt):
            return
        wait = self._throttle.wait(attempt.address, _user(attempt))
        if wait > 0:
            raise _Limited(wait)

    def _await(self, said: Deferred[Any], attempt: Attempt) -> None:
        """Have an attempt count as pending until the login modules have answered."""
        throttle, address, user = self._throttle, attempt.address, _user(attempt)
        if throttle is None or not user:
            return
        throttle.pending(address, user)

        def settled(result: Any) -> Any:
            throttle.settled(address, user)
            return result

        said.addBoth(settled)

    def _redeemed(self, ticket: str, visit: Visit) -> Subject:
        address = split(visit.peer)[0]
        found = None if self._tickets is None else self._tickets.redeem(ticket, self._service, address)
        if found is None:
            raise LoginStale("a ticket that is no good here, or not any more")
        return found

    def _again(self, subject: Subject, visit: Visit) -> Visit:
        """Let in who comes with a session cookie."""
        admitted = self._welcome(subject, visit, "")
        newer = self.cookies.renewed(visit) if self.cookies is not None else None
        return admitted if newer is None else replace(admitted, fields=(*admitted.fields, newer))

    def _logged_in(self, subject: Subject, visit: Visit, attempt: Attempt) -> Visit:
        """Let in whom the login modules know; a session begins where the realm has some."""
        if self._timeout:
            ends = self._time() + self._timeout
            subject = replace(
                subject, expires=ends if subject.expires is None else min(ends, subject.expires)
            )
        user = _user(attempt)
        if user and _otherwise(attempt, subject):
            if self._throttle is not None and attempt.refusals:
                self._throttle.failed(attempt.address, user)
            user = ""
        admitted = self._welcome(subject, visit, user)
        if self.cookies is None or not subject.user:
            return admitted
        before = self.cookies.read(visit)
        if before is not None and (before.user, before.roles) == (subject.user, subject.roles):
            return replace(admitted, subject=replace(subject, ties=before.ties))
        subject, field = self.cookies.issue(subject, visit)
        return (
            admitted if field is None else replace(admitted, subject=subject, fields=(*visit.fields, field))
        )

    def _welcome(self, subject: Subject, visit: Visit, user: str) -> Visit:
        """Let in who is known, if that is enough."""
        address = split(visit.peer)[0]
        if not self._roles <= subject.roles:
            missing = ", ".join(sorted(self._roles - subject.roles))
            self._say(address, subject.user or user, f"no role {missing}")
            self._counts["refused"].inc()
            raise BadRequest(403, "you may not come in here", rule="RFC 9110 section 15.5.4")
        if self._throttle is not None and user:
            self._throttle.succeeded(address, user)
        self._counts["accepted"].inc()
        headers = visit.headers
        if self._scheme and "authorization" in headers:  # nobody behind needs it
            headers = dict(headers)
            del headers["authorization"]
        if self.cookies is not None:
            headers = self.cookies.hide(headers)
        return replace(visit, subject=subject, headers=headers)

    def _failed(self, why: Failure, visit: Visit, attempt: Attempt) -> None:
        error = why.value
        if isinstance(error, LoginError):
            raise self._told(error, visit, attempt)
        why.raiseException()

    def _told(self, why: LoginError, visit: Visit, attempt: Attempt | None) -> BadRequest:
        """Return what a client is told of its failure; count it, and say it in the log."""
        user, address = _user(attempt), split(visit.peer)[0]
        refused = isinstance(why, LoginRefused) and not isinstance(why, LoginStale)
        if self._throttle is not None and (refused or (attempt is not None and attempt.refusals)):
            self._throttle.failed(address, user)  # a guess, though others could not say, or want to hear more
        if isinstance(why, LoginMissing | Challenged):
            self._counts["challenged"].inc()
            return self._asked(why.data if isinstance(why, Challenged) else "")
        if isinstance(why, _Limited):
            self._counts["limited"].inc()
            self._alarm.reached("logins", address, f"user {shown(user)}: {why}")
            retry = (b"Retry-After", b"%d" % ceil(why.wait))
            return BadRequest(429, "too many wrong attempts", rule="RFC 6585 section 4", headers=[retry])
        self._say(address, user, str(why))
        if isinstance(why, LoginUnavailable):
            self._counts["unavailable"].inc()
            retry = (b"Retry-After", b"%d" % RETRY_AFTER)
            return BadRequest(
                503, "nobody can be asked who you are", rule="RFC 9110 section 15.6.4", headers=[retry]
            )
        self._counts["refused"].inc()
        return self._asked()

    def _asked(self, data: str = "") -> BadRequest:
        """Return the challenge; a realm without a scheme has none."""
        if not self._scheme:
            return BadRequest(403, "you may not come in here", rule="RFC 9110 section 15.5.4")
        challenge = f"{self._scheme} {data}" if data else self._challenge
        return BadRequest(
            401,
            "who are you?",
            rule="RFC 9110 section 15.5.2",
            headers=[(b"WWW-Authenticate", challenge.encode())],
        )

    def _say(self, address: str, user: str, why: str) -> None:
        _log.warn(
            "service {service}, realm {realm}: client {address}, user {user}: not let in: {why}",
            service=self._service,
            realm=self._realm.config.name,
            address=address,
            user=shown(user),
            why=why,
        )


_OUTCOMES = ("accepted", "refused", "challenged", "limited", "unavailable")


def _gives(attempt: Attempt) -> bool:
    """Return whether a client shows anything but what its browser sends along."""
    return bool(attempt.tokens or attempt.password or attempt.negotiation)


def _user(attempt: Attempt | None) -> str:
    """Return the user whose password is shown; empty for none."""
    return attempt.password.user if attempt is not None and attempt.password is not None else ""


def _otherwise(attempt: Attempt, subject: Subject) -> bool:
    """Return whether a client may have come in by something else than the password that it shows: a token of
    one's own must neither pay for guesses at others nor have their failures forgotten."""
    if subject.user == _user(attempt):
        return False
    return bool(attempt.tokens) or attempt.certificate() is not None


def _inside(config: RealmConfig) -> bool:
    return config.scheme.lower().startswith(INSIDE)


def _challenge(scheme: str, description: str) -> str:
    """Return the value of WWW-Authenticate.  RFC 9110 section 11.6.1, RFC 7617 section 2."""
    kind = scheme.lower().removeprefix(INSIDE)
    if kind != "basic":
        return scheme
    words = "".join(letter if letter.isprintable() else " " for letter in description)
    quoted = words.replace("\\", "\\\\").replace('"', '\\"')
    charset = "" if scheme.lower().startswith(INSIDE) else ', charset="UTF-8"'
    return f'{scheme} realm="{quoted}"{charset}'
