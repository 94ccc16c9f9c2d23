# -*- test-case-name: tests.security.test_attempts -*-
"""What a visit gives to prove who its client is.  RFC 9110 section 11, RFC 7617, RFC 6750, RFC 4559."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from urllib.parse import parse_qsl

from zope.interface import classImplements

from kaazing.config.model import RealmConfig
from kaazing.errors import LoginMissing, LoginRefused
from kaazing.interfaces.security import Attempt, IAttempt, Password
from kaazing.interfaces.services import Visit
from kaazing.wire.addresses import split

MOST = 16 * 1024  # characters of one value; more do not come in a request head either
MOST_PARAMETERS = 100

INSIDE = "application "  # what schemes begin with whose challenges are for the original's clients alone

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

classImplements(Attempt, IAttempt)


class Attempts:
    """Reads the visits at one service, as its realm says.

    Attributes:
        scheme: of the realm, lower case, "application" taken off; empty for none.
    """

    def __init__(self, realm: RealmConfig, service: str) -> None:
        self._realm, self._service = realm, service
        self.scheme = realm.scheme.lower().removeprefix(INSIDE)
        self._schemes = ("token", "bearer") if self.scheme == "token" else (self.scheme,)

    def read(self, visit: Visit, bearer: str = "") -> Attempt:
        """Return what a visit gives.

        Args:
            bearer: a token that came in place of a subprotocol; empty for none.

        Raises:
            LoginMissing: the credentials are of another scheme than the realm's.
            LoginRefused: they are none.
        """
        password: Password | None = None
        negotiation: bytes | None = None
        tokens: list[str] = []
        said = visit.headers.get("authorization") if self.scheme else None
        if said:
            given = self._of_scheme(said)
            if self.scheme == "basic":
                password = basic(given)
            elif self.scheme == "negotiate":
                negotiation = _decoded(given)
            else:
                tokens.append(given)
        if bearer:
            tokens.append(bearer)
        named = self._named(visit)
        return Attempt(
            realm=self._realm.name,
            service=self._service,
            address=split(visit.peer)[0],
            secure=visit.secure,
            password=password,
            tokens=(*tokens, *named.values()),
            negotiation=negotiation,
            certificate=visit.certificate,
            named=named,
        )

    def said(self, visit: Visit, user: str, secret: str) -> Attempt:
        """Return what a client gives inside its protocol; nothing of its request counts but its certificate.

        Args:
            secret: a password; where the scheme of the realm is one of tokens, it may be one.

        Raises:
            LoginRefused: it is no good.
        """
        if max(len(user), len(secret)) > MOST or _CONTROL.search(user + secret):
            raise LoginRefused("control characters in a user or a password, or too many characters")
        return Attempt(
            realm=self._realm.name,
            service=self._service,
            address=split(visit.peer)[0],
            secure=visit.secure,
            password=Password(user, secret) if user else None,
            tokens=(secret,) if secret and self.scheme in ("token", "bearer") else (),
            certificate=visit.certificate,
        )

    def _of_scheme(self, said: str) -> str:
        """Return what stands behind the scheme."""
        if said[: len(INSIDE)].lower() == INSIDE:
            said = said[len(INSIDE) :]
        scheme, _, given = said.partition(" ")
        given = given.strip()
        if scheme.lower() not in self._schemes:
            raise LoginMissing("credentials of another scheme")
        if not given or len(given) > MOST or _CONTROL.search(given):
            raise LoginRefused("credentials that are empty, or no good")
        return given

    def _named(self, visit: Visit) -> Mapping[str, str]:
        """Return what stands in the places that the realm names, by their names."""
        realm = self._realm
        found: dict[str, str] = {}
        for name in realm.headers:
            _put(found, name, visit.headers.get(name.lower()))
        if realm.parameters and visit.query:
            query = _parameters(visit.query)
            for name in realm.parameters:
                _put(found, name, query.get(name))
        if realm.cookies and "cookie" in visit.headers:
            cookies = _cookies(visit.headers["cookie"])
            for name in realm.cookies:
                _put(found, name, cookies.get(name))
        return found


def basic(given: str) -> Password:
    """Return the user and password that Basic carries, in UTF-8.  RFC 7617 section 2.

    Raises:
        LoginRefused: it carries none.
    """
    try:
        text = _decoded(given).decode()
    except UnicodeDecodeError as why:
        raise LoginRefused("a user and password that are no UTF-8") from why
    user, colon, password = text.partition(":")
    if not colon or not user:
        raise LoginRefused("no user and password with a colon in between")
    if _CONTROL.search(text):
        raise LoginRefused("control characters in a user or a password")
    return Password(user, password)


def _decoded(given: str) -> bytes:
    try:
        return b64decode(given, validate=True)
    except ValueError as why:
        raise LoginRefused("credentials that are no base64") from why


def _put(found: dict[str, str], name: str, value: str | None) -> None:
    if value and len(value) <= MOST and name not in found:
        found[name] = value


def _parameters(query: str) -> dict[str, str]:
    """Return the parameters of a query, the first of each name."""
    try:
        pairs = parse_qsl(query, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise LoginRefused(f"more than {MOST_PARAMETERS} query parameters") from None
    return dict(reversed(pairs))


def _cookies(field: str) -> dict[str, str]:
    """Return the cookies of a request, the first of each name.  RFC 6265 section 4.2."""
    found: dict[str, str] = {}
    for each in field.split(";"):
        name, _, value = each.partition("=")
        found.setdefault(name.strip(), value.strip().strip('"'))
    return found
