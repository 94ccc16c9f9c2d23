# -*- test-case-name: tests.security.modules.test_callback -*-
"""Login module callback: an HTTP endpoint decides who comes in."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS, FileBodyProducer
from twisted.web.http_headers import Headers
from twisted.web.iweb import IResponse
from zope.interface import implementer

from kaazing.errors import Challenged, ConfigError, GatewayError, LoginMissing, LoginRefused, LoginUnavailable
from kaazing.interfaces.security import Attempt, IAttempt, ILoginModule, Subject, Workplace
from kaazing.literals import bounded, interval, text
from kaazing.options import Option
from kaazing.security.bodies import read_body
from kaazing.security.keys import read_private
from kaazing.security.modules.certificate import claims_of
from kaazing.security.modules.documents import read_url, trusted_of
from kaazing.security.modules.named_files import read_named
from kaazing.security.pools import Pool

LARGEST = 64 * 1024  # bytes of an answer
MOST = 200  # questions at a time
_KEPT = 8  # connections without a question
_LONGEST = 366 * 86400.0  # seconds of expires_in
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,4096}")  # RFC 6750 section 2.1
_CHALLENGE = re.compile(r"[ -~]{0,2048}")


@implementer(ILoginModule)
class CallbackType:
    """See L{ILoginModule}."""

    name = "callback"
    doc = (
        "POSTs what the client gave as JSON to a URL, which answers 200 with user, roles and claims, or 401;"
        " docs/security.md has the fields. Any other answer lets nobody in."
    )
    options = (
        Option(
            name="url",
            read=read_url,
            required=True,
            doc="Whom to ask: https, or http for this machine. Redirects are not followed.",
        ),
        Option(
            name="token-file",
            read=text,
            doc="A file, mode 0600, with the token to send as Authorization: Bearer; read at the start.",
        ),
        Option(
            name="ca-file",
            read=text,
            doc="PEM file with the authorities to trust in place of the system's.",
        ),
        Option(
            name="timeout",
            read=bounded(interval, 0.1, 60.0),
            default=5.0,
            doc="Longest time until the whole answer is there, 60 seconds at most.",
        ),
    )

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """See L{ILoginModule}."""
        return ()

    def checker(self, options: Mapping[str, Any], workplace: Workplace) -> CallbackChecker:
        """See L{ILoginModule}."""
        return CallbackChecker(options, workplace)


@implementer(ICredentialsChecker)
class CallbackChecker:
    """Asks an endpoint, over connections that are kept."""

    credentialInterfaces = (IAttempt,)

    def __init__(self, options: Mapping[str, Any], workplace: Workplace) -> None:
        self._url: bytes = options["url"].encode("ascii")
        self._timeout: float = options["timeout"]
        self._reactor, self._time = workplace.reactor, workplace.time
        self._fields = {b"Content-Type": [b"application/json"], b"User-Agent": [b"kaazing-gateway"]}
        if options["token-file"] is not None:
            token = read_private(workplace.folder / options["token-file"], 8192).strip()
            if not _TOKEN.fullmatch(token):
                raise ConfigError("is no token", file=options["token-file"])
            self._fields[b"Authorization"] = [b"Bearer " + token.encode("ascii")]
        file = options["ca-file"]
        trusted = None if file is None else read_named(file, workplace, trusted_of)
        self._pool = Pool(self._reactor)
        self._pool.maxPersistentPerHost = _KEPT
        self._agent = Agent(
            self._reactor, BrowserLikePolicyForHTTPS(trusted), connectTimeout=self._timeout, pool=self._pool
        )
        self._asked = 0

    def stop(self) -> Any:
        """Close the connections that are kept."""
        return self._pool.closeCachedConnections()

    def requestAvatarId(self, credentials: Attempt) -> Any:
        """Return a Deferred of the subject; see L{ILoginModule.checker}."""
        question = question_of(credentials)
        if self._asked >= MOST:
            raise LoginUnavailable(f"{MOST} questions to the callback are open")
        self._asked += 1
        fields = Headers(dict(self._fields))
        asked: Deferred[Any] = self._agent.request(
            b"POST", self._url, fields, FileBodyProducer(BytesIO(question))
        )
        asked.addCallback(_read).addTimeout(self._timeout, self._reactor, onTimeoutCancel=_late)
        asked.addBoth(self._answered)
        return asked.addCallback(self._understood)

    def _understood(self, answer: tuple[int, bytes]) -> Subject:
        return subject_of(*answer, self._time())

    def _answered(self, result: Any) -> Any:
        self._asked -= 1
        if isinstance(result, Failure) and not isinstance(result.value, GatewayError):
            raise LoginUnavailable(f"the callback does not answer: {_innermost(result.value)}")
        return result


def _late(result: Any, seconds: float) -> Any:
    if isinstance(result, Failure):
        raise LoginUnavailable(f"the callback does not answer within {seconds:g} s")
    return result


def _innermost(why: Any) -> str:
    """Return the error that twisted.web wraps, e.g. one of TLS."""
    while reasons := getattr(why, "reasons", None):
        why = reasons[0].value
    return f"{type(why).__name__}: {why}"


def question_of(attempt: Attempt) -> bytes:
    """Return the JSON that asks about an attempt.

    Raises:
        LoginMissing: the client gave nothing.
    """
    certificate, password = attempt.certificate(), attempt.password
    if not (certificate or password or attempt.tokens or attempt.named):
        raise LoginMissing("neither password nor token nor certificate")
    said = {
        "realm": attempt.realm,
        "service": attempt.service,
        "address": attempt.address,
        "secure": attempt.secure,
        "user": password.user if password else None,
        "password": password.password if password else None,
        "tokens": list(attempt.tokens),
        "named": dict(attempt.named),
        "certificate": claims_of(certificate) if certificate else None,
    }
    return json.dumps(said).encode("ascii")


def subject_of(status: int, body: bytes, now: float) -> Subject:
    """Return who an answer says the client is.

    Args:
        now: seconds since the epoch.

    Raises:
        LoginRefused: 403, or 401.
        Challenged: 401 with a challenge.
        LoginUnavailable: another status, or a body that says something else than it should.
    """
    if status == 403:
        raise LoginRefused("the callback refuses")
    if status == 401:
        challenge = _object(body).get("challenge") if body.strip() else None
        if challenge is None:
            raise LoginRefused("the callback refuses")
        if not isinstance(challenge, str) or not _CHALLENGE.fullmatch(challenge):
            raise LoginUnavailable("the callback's challenge is not printable ASCII, 2048 characters at most")
        raise Challenged("the callback wants more", challenge)
    if status != 200:
        raise LoginUnavailable(f"the callback answers with status {status}")
    return _subject(_object(body), now)


def _subject(said: dict[str, Any], now: float) -> Subject:
    user, roles, claims = said.get("user"), said.get("roles", []), said.get("claims", {})
    if not isinstance(user, str) or not user or not user.isprintable():
        raise LoginUnavailable("the callback names no user")
    if not isinstance(roles, list) or not all(isinstance(role, str) and role for role in roles):
        raise LoginUnavailable("the callback's roles are no list of names")
    if not isinstance(claims, dict):
        raise LoginUnavailable("the callback's claims are no object")
    lasts = said.get("expires_in")
    if lasts is None:
        return Subject(user=user, roles=frozenset(roles), claims=claims)
    if isinstance(lasts, bool) or not isinstance(lasts, int | float) or not 0 < lasts < math.inf:
        raise LoginUnavailable("the callback's expires_in is no number of seconds")
    return Subject(user=user, roles=frozenset(roles), claims=claims, expires=now + min(lasts, _LONGEST))


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise LoginUnavailable("the callback's answer is no JSON object")
    return said


def _read(response: IResponse) -> Deferred[tuple[int, bytes]]:
    return read_body(response, LARGEST, "the callback").addCallback(lambda body: (response.code, body))
