# -*- test-case-name: tests.security.modules.test_pam -*-
"""Login module pam: users of the machine, or of whatever its PAM asks."""

from __future__ import annotations

import grp
import os
import pwd
import re
from collections.abc import Iterable, Mapping
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.internet.defer import Deferred
from zope.interface import implementer

from kaazing.errors import ConfigError, LoginMissing, LoginRefused, LoginUnavailable
from kaazing.interfaces.security import Attempt, IAttempt, ILoginModule, Password, Subject, Workplace
from kaazing.literals import choice, integer
from kaazing.options import Option
from kaazing.security.workers import Workers

_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_REFUSED = {
    6: "permission denied",
    7: "wrong user or password",
    8: "permission denied",
    10: "wrong user or password",  # PAM_USER_UNKNOWN
    11: "too many attempts",
    12: "the password has to be changed",
    13: "the account has expired",
}
"""Codes of Linux-PAM (security/_pam_types.h) that are a no; with any other but 0 nobody could say."""


def read_service(value: str) -> str:
    """Read the name of a service of PAM, never a path."""
    if not _SERVICE.fullmatch(value):
        raise ValueError("expected a name of a file in /etc/pam.d")
    return value


@implementer(ILoginModule)
class PamType:
    """See L{ILoginModule}."""

    name = "pam"
    doc = (
        "Users and passwords that the machine's PAM knows; needs python-pam, the extra `pam`. What PAM itself"
        " asks may want root, as /etc/shadow does."
    )
    options = (
        Option(
            name="service",
            read=read_service,
            default="kaazing",
            doc="Which file in /etc/pam.d says what is asked; write one, or `other` holds, which on some"
            " systems lets every account in.",
        ),
        Option(
            name="roles",
            read=choice("none", "groups"),
            default="none",
            doc="Whether the user's groups on the machine are roles.",
        ),
        Option(
            name="threads",
            read=integer(1, 64),
            default=4,
            doc="Logins at a time: a wrong password holds one for as long as PAM delays, often two seconds.",
        ),
    )

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """See L{ILoginModule}."""
        return ()

    def checker(self, options: Mapping[str, Any], workplace: Workplace) -> PamChecker:
        """See L{ILoginModule}."""
        try:
            import pam
        except ImportError:
            raise ConfigError("python-pam is not installed: pip install kaazing-gateway[pam]") from None
        return PamChecker(options, workplace, pam.PamAuthenticator)


@implementer(ICredentialsChecker)
class PamChecker:
    """Asks PAM, in threads of its own: it may delay, or wait for others."""

    credentialInterfaces = (IAttempt,)

    def __init__(self, options: Mapping[str, Any], workplace: Workplace, authenticator: Any) -> None:
        """Args:
        authenticator: makes, for each login, what has C{authenticate()}, C{code} and C{reason}.
        """
        self._service: str = options["service"]
        self._groups = options["roles"] == "groups"
        self._authenticator = authenticator
        self._workers = Workers(workplace.reactor, "logins by PAM", threads=options["threads"])

    def start(self) -> None:
        """Have threads."""
        self._workers.start()

    def stop(self) -> Deferred[None]:
        """Have none."""
        return self._workers.stop()

    def requestAvatarId(self, credentials: Attempt) -> Any:
        """Return a Deferred of the subject; see L{ILoginModule.checker}."""
        said = credentials.password
        if said is None:
            raise LoginMissing("no user and password")
        if not said.user or not said.user.isprintable() or "\0" in said.password or not _utf8(said.password):
            raise LoginRefused("a user or password that PAM cannot have")
        return self._workers.work(self._ask, said)

    def _ask(self, said: Password) -> Subject:
        """In a thread."""
        asked = self._authenticator()
        asked.authenticate(said.user, said.password, service=self._service, resetcreds=False)
        if asked.code in _REFUSED:
            raise LoginRefused(_REFUSED[asked.code])
        if asked.code != 0:
            raise LoginUnavailable(f"PAM, service {self._service!r}: {asked.reason} ({asked.code})")
        return Subject(user=said.user, roles=groups_of(said.user) if self._groups else frozenset())


def groups_of(user: str) -> frozenset[str]:
    """Return the names of a user's groups on this machine; none for a user who has no account there."""
    try:
        numbers = os.getgrouplist(user, pwd.getpwnam(user).pw_gid)
    except KeyError:
        return frozenset()
    return frozenset(filter(None, map(_group, numbers)))


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return ""


def _utf8(said: str) -> bool:
    try:
        said.encode()
    except UnicodeEncodeError:
        return False
    return True
