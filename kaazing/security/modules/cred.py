# -*- test-case-name: tests.security.modules.test_cred -*-
"""Login module twisted: any credentials checker that twistd --help-auth lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twisted.cred.checkers import (
    ANONYMOUS,
    ICredentialsChecker,
    InMemoryUsernamePasswordDatabaseDontUse,
)
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.strcred import StrcredException, makeChecker
from twisted.internet.defer import Deferred, maybeDeferred
from zope.interface import implementer

from kaazing.errors import ConfigError, LoginRefused
from kaazing.interfaces.security import ILoginModule, Subject, Workplace
from kaazing.literals import comma_list, text
from kaazing.options import Option


@implementer(ILoginModule)
class TwistedType:
    """See L{ILoginModule}."""

    name = "twisted"
    doc = (
        "A credentials checker of Twisted, or of a plugin for it, that takes a user and a password: what"
        " twistd --help-auth lists. It is asked on the reactor's thread."
    )
    options = (
        Option(
            name="checker",
            read=text,
            required=True,
            secret=True,
            doc="Which, with its arguments behind a colon, as twistd --help-auth-type explains.",
        ),
        Option(
            name="roles",
            read=comma_list,
            default=(),
            doc="Roles of all its users, with commas in between.",
        ),
    )

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """See L{ILoginModule}."""
        try:
            _make(options["checker"])
        except ConfigError as why:
            yield why.what

    def checker(self, options: Mapping[str, Any], workplace: Workplace) -> TwistedChecker:
        """See L{ILoginModule}."""
        return TwistedChecker(_make(options["checker"]), frozenset(options["roles"]))


@implementer(ICredentialsChecker)
class TwistedChecker:
    """Asks another checker; gives its users roles."""

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, checker: Any, roles: frozenset[str]) -> None:
        self._checker, self._roles = checker, roles

    def requestAvatarId(self, credentials: Any) -> Any:
        """Return a Deferred of the subject; see L{ILoginModule.checker}."""
        asked: Deferred[Any] = maybeDeferred(self._checker.requestAvatarId, credentials)
        return asked.addCallback(self._subject)

    def _subject(self, said: object) -> Subject:
        if said is ANONYMOUS or not isinstance(said, str | bytes) or not said:
            raise LoginRefused("the checker names nobody")
        user = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        return Subject(user=user, roles=self._roles)


def _make(description: str) -> Any:
    """Return a checker.

    Raises:
        ConfigError: there is none, its arguments are wrong, or it wants something else than a password; the
            arguments, which may hold passwords, are not repeated.
    """
    kind = description.partition(":")[0]
    try:
        made = makeChecker(description)
    except (StrcredException, OSError, ValueError, TypeError) as why:
        raise ConfigError(
            f"checker {kind!r}: {type(why).__name__}; see twistd --help-auth, --help-auth-type {kind}"
        ) from None
    if not any(IUsernamePassword.isEqualOrExtendedBy(each) for each in made.credentialInterfaces):
        raise ConfigError(f"checker {kind!r}: it takes no user and password")
    if isinstance(made, InMemoryUsernamePasswordDatabaseDontUse):  # filled with text, asked for bytes
        made.users = {_bytes(user): _bytes(password) for user, password in made.users.items()}
    return made


def _bytes(said: str | bytes) -> bytes:
    return said.encode() if isinstance(said, str) else said
