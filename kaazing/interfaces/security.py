"""The promises of logging in: who a client is, what says so, and where logins at backends are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twisted.cred.credentials import ICredentials
from zope.interface import Attribute, Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who a client has proved to be, or what one login module adds to that.

    Attributes:
        user: empty where nobody is named.
        roles: what the user may be; compared with C{<require-role>} and with the roles of a policy.
        claims: what else was said of the user (of a token, a directory, a certificate), by name.
        expires: seconds since the epoch at which the proof runs out; None for never.
        ties: what its connections are found by again: the session cookie, the ticket that it came by; opaque
            and no secret.
    """

    user: str = ""
    roles: frozenset[str] = frozenset()
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    expires: float | None = None
    ties: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Password:
    """A user's name and password, as Basic carries them (RFC 7617)."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """All that a client gives to prove who it is; the one object that every login module of a realm sees.

    Attributes:
        realm, service: names.
        address: the client's, without the port.
        secure: whether the client came over TLS.
        password: None where none was given.
        tokens: of the Authorization field, of a subprotocol, and of the places that the realm names, in
            that order; opaque.
        negotiation: the bytes of an Authorization field of the scheme Negotiate (RFC 4559); None for none.
        certificate: returns the client's verified certificate (cryptography's x509.Certificate) or None.
        named: the realm's header fields, query parameters and cookies, by name, those that were sent.
        refusals: types of the login modules that have found wrong what was given, whoever came in after all;
            filled by the realm.
    """

    realm: str
    service: str
    address: str
    secure: bool = False
    password: Password | None = None
    tokens: tuple[str, ...] = field(default=(), repr=False)
    negotiation: bytes | None = field(default=None, repr=False)
    certificate: Callable[[], Any] = field(default=lambda: None, repr=False)
    named: Mapping[str, str] = field(default_factory=dict, repr=False)
    refusals: list[str] = field(default_factory=list, repr=False, compare=False)


class IAttempt(ICredentials):
    """What L{Attempt} provides; the credential interface of our own checkers (see twisted.cred)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """What a login module, or a store of a keyring, has around it.

    Attributes:
        folder: where relative file names start; absolute.
        reactor: for what waits or connects.
        time: says the time in seconds since the epoch.
        work: C{work(function, *arguments)} calls a function that blocks or computes for long in a thread of
            a pool that is bounded, as is the queue before it, and returns a Deferred of its result; fails
            with L{kaazing.errors.LoginUnavailable} where the queue is full. It is one pool for all that
            computes; what waits for others, such as a directory, has its own
            (L{kaazing.security.workers.Workers}), so that it keeps nobody else waiting.
    """

    folder: Path
    reactor: Any
    time: Callable[[], float]
    work: Callable[..., Any]


class ILoginModule(Interface):
    """One type of login module, a plugin; what it makes is a checker of twisted.cred."""

    name = Attribute('str: as in <login-module><type>, e.g. "file"')
    options = Attribute("tuple[Option, ...]: what may stand in its <options>")
    doc = Attribute("str: one or two sentences for docs/configuration.md")

    def check(options: Mapping[str, Any]) -> Any:
        """Return an iterable of sentences, each a fault in the options that reading them one by one
        cannot see; empty when all is well."""

    def checker(options: Mapping[str, Any], workplace: Workplace) -> Any:
        """Return an L{twisted.cred.checkers.ICredentialsChecker} for C{<options>} that were checked.

        Its C{requestAvatarId} gets an L{Attempt} where C{credentialInterfaces} has L{IAttempt}, or else
        what twisted.cred's IUsernamePassword is, and returns, or returns a Deferred of, a L{Subject} (a
        plain name, str or bytes, stands for a subject with that user). It raises, or fails with:

            - LoginMissing: there was nothing in the attempt for this module to look at;
            - LoginRefused, or any L{twisted.cred.error.LoginFailed}: it was looked at and is wrong;
            - LoginStale, a LoginRefused: likewise, but whoever has this has not guessed it, and may try again
              at any time;
            - Challenged: the client must say more first;
            - LoginUnavailable: nobody could be asked.

        Where it has C{start()} and C{stop()} (which may return a Deferred), they are called with the
        gateway's.

        Raises:
            ConfigError: a file that the options name is missing or no good.
        """


class IGuard(Interface):
    """Who decides whether a visit comes in; there is one for each service that has a realm."""

    inside = Attribute(
        'bool: whether its challenges are for the original\'s clients alone ("Application ..."), which see'
        " them in an envelope or inside the open WebSocket"
    )

    outer = Attribute(
        "IGuard: that of the same service for plain HTTP requests, whose challenges browsers understand;"
        " itself where it is no other"
    )

    def admit(visit: Any) -> Any:
        """Return, or return a Deferred of, the L{Visit} that the service is to see: C{subject} is set, and
        what carried a credential (a subprotocol, a ticket) is taken out.

        Raises, or fails with, BadRequest: 401 with the challenge; 403 for a role that is missing; 429 after
        too many wrong attempts; 503 where nobody could be asked.
        """


class IInnerLogin(Interface):
    """Who decides about the clients of a service that say their login inside its protocol, in the place of
    the guard at its door."""

    def login(channel: Any, visit: Any, user: str, secret: str) -> Any:
        """Return a Deferred of the L{Subject} of a client, whose time begins with that.

        Args:
            channel: the client's L{IChannel}.
            visit: by which it came in.
            secret: a password, or a token.

        It fails with BadRequest, as L{IGuard.admit}.
        """


class IKeyring(Interface):
    """The logins at backends that the gateway keeps, and the seals of those that browsers keep."""

    def logins(service: str, source: str) -> Any:
        """Return the L{kaazing.interfaces.adapters.ILogins} of a service; C{source} is "stored", "sealed" or
        "any" (sealed where the client gives a sealed token, else stored)."""

    def seal(subject: Subject, service: str, login: Any, lifetime: float) -> str:
        """Return the opaque token that stands for a L{kaazing.interfaces.adapters.Login} of a subject at a
        service, for that many seconds.

        Raises:
            ValueError: the subject has no name, or the token would be too long; a sentence.
        """

    def revoke(token: str, subject: Subject) -> None:
        """Have a sealed token of a subject never be opened again; one that no longer opens is left.

        Raises:
            LoginRefused: it was not made here, or for somebody else.
            LoginUnavailable: there is no room for it.
        """

    def revoke_all(subject: Subject) -> None:
        """Have none of the tokens sealed for a subject until now be opened again; raises LoginUnavailable."""


class IStoreType(Interface):
    """One type of store of a keyring, a plugin."""

    name = Attribute('str: as in <store><type>, e.g. "file"')
    options = Attribute("tuple[Option, ...]: what may stand in its <options>")
    doc = Attribute("str: one or two sentences for docs/configuration.md")

    def check(options: Mapping[str, Any]) -> Any:
        """Return an iterable of sentences, each a fault in the options."""

    def store(options: Mapping[str, Any], workplace: Workplace, keys: Any) -> Any:
        """Return an L{IStore}; C{keys} is the gateway's L{kaazing.security.keys.KeyRing}.

        Raises:
            ConfigError: a file that the options name is missing or no good.
        """


class IStore(Interface):
    """Logins at backends, by whom they are for."""

    def find(service: str, subject: Subject) -> Any:
        """Return, or return a Deferred of, the L{kaazing.interfaces.adapters.Login} that is kept for a
        subject at a service: that of its user before that of a role before that of everybody; None for none.
        """
