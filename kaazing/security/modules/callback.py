# -*- test-case-name: tests.security.modules.test_callback -*-
"""Login module callback: an HTTP endpoint decides who comes in."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from zope.interface import implementer

from kaazing.errors import Challenged, LoginMissing, LoginRefused, LoginUnavailable
from kaazing.interfaces.security import Attempt, IAttempt, ILoginModule, Subject, Workplace
from kaazing.security.endpoints import OPTIONS, Answer, Endpoint
from kaazing.security.modules.certificate import claims_of

_KEPT = 8  # connections without a question
_LONGEST = 366 * 86400.0  # seconds of expires_in
_CHALLENGE = re.compile(r"[ -~]{0,2048}")


@implementer(ILoginModule)
class CallbackType:
    """See L{ILoginModule}."""

    name = "callback"
    doc = (
        "POSTs what the client gave as JSON to a URL, which answers 200 with user, roles and claims, or 401;"
        " docs/security.md has the fields. Any other answer lets nobody in."
    )
    options = OPTIONS

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
        self._time = workplace.time
        self._endpoint = Endpoint(options, workplace, _KEPT)

    def stop(self) -> Any:
        """Close the connections that are kept."""
        return self._endpoint.stop()

    def requestAvatarId(self, credentials: Attempt) -> Any:
        """Return a Deferred of the subject; see L{ILoginModule.checker}."""
        return self._endpoint.ask(question_of(credentials)).addCallback(self._understood)

    def _understood(self, answer: Answer) -> Subject:
        return subject_of(answer.status, answer.body, self._time())


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
