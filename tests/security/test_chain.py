"""Tests for L{kaazing.security.chain}: which login modules must say yes, and what comes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.cred.checkers import ICredentialsChecker, InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.credentials import IUsernamePassword
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.errors import Challenged, LoginError, LoginMissing, LoginRefused, LoginStale, LoginUnavailable
from kaazing.interfaces.security import Attempt, IAttempt, Password, Subject
from kaazing.security.chain import PATIENCE, Chain, Link, link, merged

ATTEMPT = Attempt(realm="demo", service="echo", address="192.0.2.1", password=Password("joe", "welcome"))

ERRORS = {
    "refused": LoginRefused,
    "missing": LoginMissing,
    "challenged": Challenged,
    "unavailable": LoginUnavailable,
}


def run(flags: str, late: bool = False) -> tuple[str, str]:
    """Ask modules, each written "flag:what it says"; return who was asked and what came of it."""
    asked: list[str] = []
    waiting: list[Deferred[Any]] = []

    def module(number: int, said: str) -> Any:
        def ask(attempt: Attempt) -> Any:
            asked.append(str(number))
            if late:
                waiting.append(Deferred())
                return waiting[-1].addCallback(lambda none: answer())
            return answer()

        def answer() -> Subject:
            if said in ERRORS:
                raise ERRORS[said](f"{number} {said}")
            return Subject(user=said)

        return ask

    links = []
    for number, each in enumerate(flags.split(), 1):
        flag, _, said = each.partition(":")
        links.append(Link("test", flag, module(number, said)))
    results: list[Any] = []
    try:
        said = Chain(links, Clock()).requestAvatarId(ATTEMPT)
    except LoginError as why:
        results.append(why)
    else:
        if isinstance(said, Deferred):
            said.addCallbacks(results.append, lambda why: results.append(why.value))
            while waiting:
                waiting.pop().callback(None)
        else:
            results.append(said)
    (result,) = results
    return " ".join(asked), result.user if isinstance(result, Subject) else str(result)


TABLE = {
    # required: must say yes, and the others are asked all the same
    "required:joe": ("1", "joe"),
    "required:refused": ("1", "1 refused"),
    "required:refused required:joe": ("1 2", "1 refused"),
    "required:joe required:refused": ("1 2", "2 refused"),
    "required:joe required:ann": ("1 2", "joe"),
    # requisite: must say yes, and nobody else is asked where it says no
    "requisite:refused required:joe": ("1", "1 refused"),
    "requisite:joe required:ann": ("1 2", "joe"),
    "required:refused requisite:refused optional:joe": ("1 2", "1 refused"),
    # sufficient: nobody else is asked where it says yes, unless a required one has failed before
    "sufficient:joe required:refused": ("1", "joe"),
    "sufficient:refused required:joe": ("1 2", "joe"),
    "sufficient:refused required:refused": ("1 2", "2 refused"),
    "required:joe sufficient:ann required:refused": ("1 2", "joe"),
    "required:refused sufficient:joe required:ann": ("1 2 3", "1 refused"),
    "sufficient:refused sufficient:joe sufficient:ann": ("1 2", "joe"),
    # optional: does not count where another must
    "optional:refused required:joe": ("1 2", "joe"),
    "optional:joe required:refused": ("1 2", "2 refused"),
    # where none must, one has to
    "optional:refused optional:joe": ("1 2", "joe"),
    "optional:refused sufficient:refused": ("1 2", "1 refused"),
    "sufficient:refused optional:joe": ("1 2", "joe"),
    "optional:missing optional:missing": ("1 2", "1 missing"),
    # a module that was given nothing has failed
    "required:missing required:joe": ("1 2", "1 missing"),
    "requisite:missing required:joe": ("1", "1 missing"),
    "sufficient:missing sufficient:joe": ("1 2", "joe"),
    # of several failures the weightiest counts
    "sufficient:missing sufficient:refused": ("1 2", "2 refused"),
    "sufficient:refused sufficient:unavailable": ("1 2", "2 unavailable"),
    "sufficient:unavailable sufficient:challenged": ("1 2", "2 challenged"),
    "required:unavailable required:refused": ("1 2", "2 refused"),
    "required:missing required:unavailable": ("1 2", "2 unavailable"),
    "required:missing sufficient:refused": ("1 2", "1 missing"),
    "required:challenged optional:refused": ("1 2", "1 challenged"),
    # none at all
    "": ("", "nobody may come in here"),
}
"""Modules with what each says -> who was asked, and whose user or error is the answer."""


class FlagTests(SynchronousTestCase):
    """The flags of JAAS (javax.security.auth.login.Configuration)."""

    def test_refusals(self) -> None:
        """
        The modules that found wrong what was given are noted, whoever else lets the client in: those are
        guesses. A token or ticket that has run out is none, nor is what could not be looked at.
        """

        def fails(kind: type[LoginError]) -> Any:
            def ask(attempt: Attempt) -> Any:
                raise kind("no")

            return ask

        kinds = (LoginRefused, LoginStale, LoginMissing, LoginUnavailable)
        links = [Link(kind.__name__, "optional", fails(kind)) for kind in kinds]
        attempt = replace(ATTEMPT, refusals=[])
        links.append(Link("sure", "sufficient", lambda attempt: Subject(user="joe")))
        self.assertEqual(Chain(links, Clock()).requestAvatarId(attempt), Subject(user="joe"))
        self.assertEqual(attempt.refusals, ["LoginRefused"])

    def test_at_once(self) -> None:
        """
        Modules that answer at once decide at once, with no Deferred.
        """
        self.assertEqual({flags: run(flags) for flags in TABLE}, TABLE)

    def test_later(self) -> None:
        """
        It is all the same when each takes its time.
        """
        self.assertEqual({flags: run(flags, late=True) for flags in TABLE}, TABLE)


class MergingTests(SynchronousTestCase):
    """What several modules say of one client."""

    def test_merged(self) -> None:
        """
        The first user and the first claim of a name count, all roles, and the earliest end.
        """
        said = [
            Subject(roles=frozenset("a"), claims={"x": 1}),
            Subject(user="joe", roles=frozenset("b"), claims={"x": 2, "y": 3}, expires=20.0),
            Subject(user="ann", expires=10.0),
        ]
        both = Subject(user="joe", roles=frozenset("ab"), claims={"x": 1, "y": 3}, expires=10.0)
        self.assertEqual(merged(said), both)

    def test_alone(self) -> None:
        """
        What one module alone says is what counts.
        """
        self.assertIs(merged([JOE]), JOE)


JOE = Subject(user="joe")


class CheckerTests(SynchronousTestCase):
    """What a login module may be, and do."""

    def ask(self, ask: Any, clock: Clock | None = None) -> Any:
        """Return what a chain of one module answers."""
        return Chain([Link("test", "required", ask)], clock or Clock()).requestAvatarId(ATTEMPT)

    def test_checker(self) -> None:
        """
        A chain is a checker of twisted.cred itself.
        """
        chain = Chain([], Clock())
        verifyObject(ICredentialsChecker, chain)
        self.assertEqual(chain.credentialInterfaces, (IAttempt,))

    def test_names(self) -> None:
        """
        A checker may return a name alone, as twisted.cred's do; anything else is a failure of its own.
        """
        self.assertEqual((self.ask(lambda attempt: b"joe"), self.ask(lambda attempt: "joe")), (JOE, JOE))
        for said in ("", b"", None, 7, ()):
            with capturedLogs():
                self.assertRaises(LoginUnavailable, self.ask, lambda attempt, said=said: said)

    def test_of_twisted(self) -> None:
        """
        Checkers that know users and passwords alone are asked about those.
        """
        checker = InMemoryUsernamePasswordDatabaseDontUse(joe=b"welcome")
        self.assertNotIn(IAttempt, checker.credentialInterfaces)
        self.assertIn(IUsernamePassword, checker.credentialInterfaces)
        chain = Chain([link("twisted", "required", checker)], Clock())
        self.assertEqual(self.successResultOf(chain.requestAvatarId(ATTEMPT)), JOE)
        wrong = Attempt(realm="", service="", address="", password=Password("joe", "wrong"))
        self.failureResultOf(chain.requestAvatarId(wrong), LoginRefused)
        nothing = Attempt(realm="", service="", address="")
        self.assertRaises(LoginMissing, chain.requestAvatarId, nothing)

    def test_broken(self) -> None:
        """
        A module that fails says nothing about the client; the log says where it failed, and not with what.
        """

        def broken(attempt: Attempt) -> None:
            raise ValueError("s3cret")

        with capturedLogs() as events:
            why = self.assertRaises(LoginUnavailable, self.ask, broken)
        (said,) = map(formatEvent, events)
        self.assertRegex(
            said, r"login module test failed: ValueError at .*test_chain.py:\d+ < .*chain.py:\d+"
        )
        self.assertNotIn("s3cret", said + str(why))
        failing: Deferred[Any] = Deferred()
        failing.addCallback(broken)
        answer = self.ask(lambda attempt: failing)
        with capturedLogs() as events:
            failing.callback(ATTEMPT)
        self.failureResultOf(answer, LoginUnavailable)
        self.assertEqual(len(events), 1)

    def test_silent(self) -> None:
        """
        A module that does not answer is waited for half a minute.
        """
        clock, cancelled = Clock(), list[Any]()
        answer = self.ask(lambda attempt: Deferred(cancelled.append), clock)
        clock.advance(PATIENCE - 1)
        self.assertNoResult(answer)
        clock.advance(1)
        why = self.failureResultOf(answer, LoginUnavailable)
        self.assertEqual(why.getErrorMessage(), "login module test: no answer in 30 s")
        self.assertEqual((len(cancelled), clock.getDelayedCalls()), (1, []))
