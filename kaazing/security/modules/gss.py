# -*- test-case-name: tests.security.modules.test_gss -*-
"""Login module gss: Kerberos tickets by the scheme Negotiate (extra kerberos).  RFC 4559, RFC 4178."""

from __future__ import annotations

import importlib
import re
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.internet.defer import Deferred
from zope.interface import implementer

from kaazing.errors import Challenged, ConfigError, LoginMissing, LoginRefused
from kaazing.interfaces.security import Attempt, IAttempt, ILoginModule, Subject, Workplace
from kaazing.literals import Unreadable, comma_list, switch, text
from kaazing.options import Option
from kaazing.security.modules.claims import is_name

MOST_BEGUN = 256
"""Negotiations that wait for the client's next word."""

TIME = 30.0
"""Seconds that one waits."""

LARGEST = 64 * 1024
"""Most bytes of a client's word; tickets of directories with many groups are long."""

_GOES_ON = 0xA1  # first byte of a client's later words (RFC 4178 section 4.2.2)
_PRINCIPAL = re.compile(r"[A-Za-z0-9_-]+[/@][A-Za-z0-9.-]+(?:@[A-Za-z0-9.-]+)?")


def read_principal(value: str) -> str:
    """Read C{HTTP/host@REALM}, C{HTTP/host} or C{HTTP@host}."""
    if not _PRINCIPAL.fullmatch(value):
        raise Unreadable("expected HTTP/host@REALM")
    return value


@implementer(ICredentialsChecker)
class NegotiateChecker:
    """Takes a client's words to the Kerberos library, in threads; keeps negotiations that go on, some."""

    credentialInterfaces = (IAttempt,)

    def __init__(self, acceptor: Any, workplace: Workplace, roles: frozenset[str] = frozenset()) -> None:
        """C{acceptor} is an L{Acceptor}, or what begins and steps as it does."""
        self._acceptor, self._work, self._time = acceptor, workplace.work, workplace.time
        self._roles = roles
        self._begun: OrderedDict[tuple[str, str, str], tuple[float, Any]] = OrderedDict()

    def requestAvatarId(self, attempt: Attempt) -> Any:
        """Return a Deferred of the subject; it fails with L{Challenged} where the client has to go on."""
        said = attempt.negotiation
        if said is None:
            raise LoginMissing("no word of Negotiate")
        if not 0 < len(said) <= LARGEST:
            raise LoginRefused(f"a word of Negotiate that is empty, or longer than {LARGEST} bytes")
        whose = (attempt.realm, attempt.service, attempt.address)
        since, context = self._begun.pop(whose, (0.0, None))
        if said[0] != _GOES_ON or self._time() - since > TIME:
            context = None
        stepped: Deferred[tuple[Any, bytes, Subject | None]] = self._work(self._acceptor.step, context, said)
        return stepped.addCallback(self._stepped, whose)

    def _stepped(self, result: tuple[Any, bytes, Subject | None], whose: tuple[str, str, str]) -> Subject:
        context, answer, subject = result
        if subject is None:
            self._begun[whose] = (self._time(), context)
            if len(self._begun) > MOST_BEGUN:
                self._begun.popitem(last=False)
            raise Challenged("the negotiation goes on", b64encode(answer).decode())
        expires = None if subject.expires is None else self._time() + subject.expires
        return Subject(user=subject.user, roles=self._roles, claims=subject.claims, expires=expires)


class Acceptor:
    """The service's side, with its key; called in threads."""

    def __init__(
        self, principal: str, keytab: Path, realms: tuple[str, ...] = (), *, strip: bool = True
    ) -> None:
        """C{realms}: of Kerberos, whose users come in; none: the principal's own.

        Raises:
            ConfigError: python-gssapi is not installed, or there is no such key.
        """
        try:
            self._gssapi = importlib.import_module("gssapi")
        except (ImportError, OSError) as why:
            raise ConfigError(
                f"the extra kerberos is not installed (pip install kaazing-gateway[kerberos]): {why}"
            ) from why
        if not keytab.is_file():
            raise ConfigError("cannot be read: no such file", file=str(keytab))
        try:
            self._own = self._credentials(principal, keytab)
            own = str(self._own.name).rpartition("@")[2]
        except self._gssapi.exceptions.GSSError as why:
            raise ConfigError(f"there is no key of {principal} in it", file=str(keytab)) from why
        self._realms, self._strip = realms or (own,), strip

    def _credentials(self, principal: str, keytab: Path) -> Any:
        kinds = self._gssapi.NameType
        kind = kinds.kerberos_principal if "/" in principal else kinds.hostbased_service
        name = self._gssapi.Name(principal, kind)
        made = self._gssapi.Credentials(
            name=name, usage="accept", store={b"keytab": f"FILE:{keytab}".encode()}
        )
        self._gssapi.SecurityContext(creds=made, usage="accept")
        return made

    def step(self, context: Any, said: bytes) -> tuple[Any, bytes, Subject | None]:
        """Take a word of the client; blocks.

        Returns:
            the context, the answer, and the client once it is known; C{expires} counts from now.

        Raises:
            LoginRefused: it does not prove anybody, or nobody of these realms.
        """
        context = context or self._gssapi.SecurityContext(creds=self._own, usage="accept")
        try:
            answer = context.step(said) or b""
            if not context.complete:
                return context, answer, None
            name, lifetime = str(context.initiator_name), float(context.lifetime)
            kerberos = context.mech == self._gssapi.MechType.kerberos
        except self._gssapi.exceptions.GSSError as why:
            raise LoginRefused(f"a ticket that does not serve ({type(why).__name__})") from why
        if not kerberos:
            raise LoginRefused("a negotiation that has come to something else than Kerberos")
        return context, answer, self._subject(name, lifetime)

    def _subject(self, name: str, lifetime: float) -> Subject:
        user, _, realm = name.rpartition("@")
        if "\\" in name or not is_name(name) or not user or realm not in self._realms:
            raise LoginRefused("a ticket of a user of another realm of Kerberos")
        return Subject(user=user if self._strip else name, claims={"principal": name}, expires=lifetime)


@implementer(ILoginModule)
class GssType:
    """See L{ILoginModule}."""

    name = "gss"
    doc = (
        "Kerberos tickets, by http-challenge-scheme Negotiate; wants the extra kerberos. All who come in have"
        " the same roles."
    )
    options = (
        Option(
            name="principal",
            read=read_principal,
            required=True,
            doc="The gateway's name in Kerberos, HTTP/host@REALM, where host is what clients connect to.",
        ),
        Option(name="keytab", read=text, required=True, doc="File with the keys of principal."),
        Option(
            name="realms",
            read=comma_list,
            default=(),
            doc="Kerberos realms whose users come in, with commas in between; by default that of principal.",
        ),
        Option(
            name="strip.realm",
            read=switch,
            default=True,
            doc="Whether joe@EXAMPLE.ORG is the user joe; for one realm alone.",
        ),
        Option(
            name="roles", read=comma_list, default=(), doc="Roles of all who come in, with commas in between."
        ),
        Option(name="tryFirstToken", read=text, doc="Of the original; has no effect."),
        Option(name="debug", read=text, doc="Of the original; has no effect."),
    )

    def check(self, options: Mapping[str, Any]) -> Iterator[str]:
        """See L{ILoginModule.check}."""
        if options["strip.realm"] and len(options["realms"]) > 1:
            yield "strip.realm: expected disabled with several realms, whose users would be mixed up"

    def checker(self, options: Mapping[str, Any], workplace: Workplace) -> NegotiateChecker:
        """See L{ILoginModule.checker}."""
        acceptor = Acceptor(
            options["principal"],
            workplace.folder / options["keytab"],
            tuple(options["realms"]),
            strip=options["strip.realm"],
        )
        return NegotiateChecker(acceptor, workplace, frozenset(options["roles"]))
