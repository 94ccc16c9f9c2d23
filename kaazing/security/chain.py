# -*- test-case-name: tests.security.test_chain -*-
"""The login modules of a realm, asked in order.  JAAS: javax.security.auth.login.Configuration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import UsernamePassword
from twisted.cred.error import LoginFailed
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TookTooLong
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.errors import Challenged, LoginError, LoginMissing, LoginRefused, LoginStale, LoginUnavailable
from kaazing.interfaces.security import Attempt, IAttempt, Subject

_log = Logger(namespace="kaazing.security")

PATIENCE = 30.0  # seconds for one module to answer

_MOST_FRAMES = 8  # of a traceback in the log
_STRONG = ("required", "requisite")  # whose failure is that of the chain
_RANK_OF_THE_STRONG = (LoginRefused, Challenged, LoginUnavailable)  # nothing else changes a refusal
_RANK = (Challenged, LoginUnavailable, LoginRefused)  # who could not be asked might have said yes


@dataclass(frozen=True, slots=True)
class Link:
    """One login module of a chain.

    Attributes:
        type: as in the configuration, for the log.
        success: "required", "requisite", "sufficient" or "optional".
        ask: takes an L{Attempt}; returns what ICredentialsChecker.requestAvatarId returns.
    """

    type: str
    success: str
    ask: Callable[[Attempt], Any]


def link(type: str, success: str, checker: Any) -> Link:
    """Return a link for a checker; one that knows users and passwords alone is asked about those."""
    if IAttempt in checker.credentialInterfaces:
        return Link(type, success, checker.requestAvatarId)

    def ask(attempt: Attempt) -> Any:
        if attempt.password is None:
            raise LoginMissing("no user and password")
        user, password = attempt.password.user.encode(), attempt.password.password.encode()
        return checker.requestAvatarId(UsernamePassword(user, password))

    return Link(type, success, ask)


@implementer(ICredentialsChecker)
class Chain:
    """Asks the modules; a checker itself, of our one kind of credentials.

    Which of them must say yes, and who is asked after whom, is as in JAAS: required and requisite must,
    and after the failure of a requisite one nobody else is asked; after the success of a sufficient one
    nobody else is, if no required one has failed before. Where none is required or requisite, one at
    least must say yes. A module that was given nothing has failed.
    """

    credentialInterfaces = (IAttempt,)

    def __init__(self, links: Sequence[Link], clock: Any) -> None:
        """C{clock}: an IReactorTime, for modules that do not answer."""
        self.links, self.clock = tuple(links), clock

    def requestAvatarId(self, attempt: Attempt) -> Any:
        """Return, or return a Deferred of, the L{Subject} of an attempt.

        Raises, or fails with:
            LoginError: and with nothing else.
        """
        return _Run(self, attempt).go()


class _Run:
    """One attempt on its way through the modules."""

    __slots__ = ("_at", "_attempt", "_chain", "_strong", "_subjects", "_weak")

    def __init__(self, chain: Chain, attempt: Attempt) -> None:
        self._chain, self._attempt, self._at = chain, attempt, 0
        self._subjects: list[Subject] = []
        self._strong: list[LoginError] = []  # failures of required and requisite modules
        self._weak: list[LoginError] = []

    def go(self) -> Any:
        """Ask one module after the other; return as L{Chain.requestAvatarId} does."""
        links = self._chain.links
        while self._at < len(links):
            each = links[self._at]
            self._at += 1
            try:
                said = each.ask(self._attempt)
            except Exception:
                self._no(Failure(), each)
                continue
            if isinstance(said, Deferred):
                said.addTimeout(PATIENCE, self._chain.clock)
                said.addCallbacks(self._yes, self._failed, callbackArgs=(each,), errbackArgs=(each,))
                return said.addCallback(lambda none: self.go())
            self._yes(said, each)
        return self._outcome()

    def _failed(self, why: Failure, link: Link) -> None:
        if why.check(TookTooLong):
            self._no(LoginUnavailable(f"login module {link.type}: no answer in {PATIENCE:.0f} s"), link)
        else:
            self._no(why, link)

    def _no(self, why: LoginError | Failure, link: Link) -> None:
        """A module has failed."""
        if isinstance(why, Failure):
            why = self._read(why, link)
        if isinstance(why, LoginRefused) and not isinstance(why, LoginStale):
            self._attempt.refusals.append(link.type)
        (self._strong if link.success in _STRONG else self._weak).append(why)
        if link.success == "requisite":
            self._at = len(self._chain.links)

    def _read(self, why: Failure, link: Link) -> LoginError:
        """Return a failure in our words; of one that nobody foresaw the log says where, and not what,
        because there may be a secret in that."""
        error = why.value
        if isinstance(error, LoginError):
            return error
        if isinstance(error, LoginFailed):
            return LoginRefused("wrong user or password")
        where = " < ".join(f"{file}:{line}" for _, file, line, *_ in reversed(why.frames[-_MOST_FRAMES:]))
        kind = type(error).__name__
        _log.error("login module {type} failed: {kind} at {where}", type=link.type, kind=kind, where=where)
        return LoginUnavailable(f"login module {link.type} failed")

    def _yes(self, said: Any, link: Link) -> None:
        """A module has said who the client is."""
        if isinstance(said, bytes):
            said = said.decode(errors="replace")
        if isinstance(said, str) and said:
            said = Subject(user=said)
        if not isinstance(said, Subject):
            self._no(Failure(TypeError("neither a subject nor a name")), link)
            return
        self._subjects.append(said)
        if link.success == "sufficient" and not self._strong:
            self._at = len(self._chain.links)

    def _outcome(self) -> Subject:
        if self._strong:
            raise _weightiest(self._strong, _RANK_OF_THE_STRONG)
        if not self._subjects:
            raise _weightiest(self._weak, _RANK)
        return merged(self._subjects)


def merged(subjects: Sequence[Subject]) -> Subject:
    """Return all that modules said of one client: the first user and the first claim of each name count,
    all roles, and the proof that runs out first."""
    if len(subjects) == 1:
        return subjects[0]
    claims: dict[str, Any] = {}
    for each in reversed(subjects):
        claims.update(each.claims)
    return Subject(
        user=next((each.user for each in subjects if each.user), ""),
        roles=frozenset[str]().union(*(each.roles for each in subjects)),
        claims=claims,
        expires=min((each.expires for each in subjects if each.expires is not None), default=None),
    )


def _weightiest(errors: Sequence[LoginError], rank: Sequence[type[LoginError]]) -> LoginError:
    for kind in rank:
        for each in errors:
            if isinstance(each, kind):
                return each
    return errors[0] if errors else LoginMissing("nobody may come in here")
