"""A login module that knows what its options say, and realms made of it; for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.plugin import getPlugins
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from kaazing import plugins
from kaazing.config.model import ModuleConfig, RealmConfig
from kaazing.errors import Challenged, LoginMissing, LoginRefused, LoginUnavailable
from kaazing.interfaces.security import Attempt, IAttempt, ILoginModule, Subject, Workplace
from kaazing.options import Option
from kaazing.plugins import LoginModulePlugin

JOE = Subject(user="joe", roles=frozenset({"AUTHORIZED"}))
SECRETS: Mapping[str, Subject | Exception] = {
    "welcome": JOE,
    "guest": Subject(user="guest"),
    "half": Challenged("one more", "more"),
    "down": LoginUnavailable("nobody there"),
}
"""What L{Static} says of passwords, tokens and negotiations; anything else is refused."""


class Static:
    """A checker.

    Attributes:
        attempts: what it was asked about.
        calls: "start" and "stop", as they came.
        later: answers that are still to be given, each a function to call; None to give them at once.
    """

    credentialInterfaces = (IAttempt,)

    def __init__(self, secrets: Mapping[str, Any] = SECRETS, later: list[Callable[[], None]] | None = None):
        self._secrets, self.later = secrets, later
        self.attempts: list[Attempt] = []
        self.calls: list[str] = []

    def requestAvatarId(self, attempt: Attempt) -> Any:
        """See ICredentialsChecker."""
        self.attempts.append(attempt)
        if self.later is None:
            return self._answer(attempt)
        answer: Deferred[Subject] = Deferred()
        self.later.append(lambda: answer.callback(attempt))  # type: ignore[arg-type]
        return answer.addCallback(self._answer)

    def _answer(self, attempt: Any) -> Subject:
        said = [*attempt.tokens]
        if attempt.password is not None:
            said.append(attempt.password.password)
        if attempt.negotiation is not None:
            said.append(attempt.negotiation.decode())
        if not said:
            raise LoginMissing("nothing given")
        found = next((self._secrets[each] for each in said if each in self._secrets), None)
        if found is None:
            raise LoginRefused("wrong")
        if isinstance(found, Exception):
            raise found.__class__(*found.args, *([found.data] if isinstance(found, Challenged) else ()))
        assert isinstance(found, Subject)
        return found

    def start(self) -> None:
        """See ILoginModule.checker."""
        self.calls.append("start")

    def stop(self) -> None:
        """See ILoginModule.checker."""
        self.calls.append("stop")


@implementer(ILoginModule)
class StaticModule:
    """Gives the checker that stands in its options."""

    name = "static"
    options: tuple[Option, ...] = ()
    doc = "For tests."

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """See L{ILoginModule}."""
        return ()

    def checker(self, options: Mapping[str, Any], workplace: Workplace) -> Any:
        """See L{ILoginModule}."""
        return options["checker"]


def declare(case: SynchronousTestCase) -> None:
    """Let the module be found, beside all others, while a test runs."""
    plugin = LoginModulePlugin("static", f"{__name__}:StaticModule")
    case.patch(plugins, "getPlugins", lambda interface: [*getPlugins(interface), plugin])
    plugins.forget()
    case.addCleanup(plugins.forget)


def realm(scheme: str = "Basic", *checkers: Any, **more: Any) -> RealmConfig:
    """Return a realm with these checkers, by default one L{Static}, of which each is required."""
    modules = tuple(
        ModuleConfig(type="static", success="required", options={"checker": checker})
        for checker in checkers or (Static(),)
    )
    return RealmConfig(
        **{"name": "demo", "description": "Demo", "scheme": scheme, "modules": modules, **more}
    )


def workplace(clock: Clock | None = None) -> Workplace:
    """Return a workplace where nothing is to be done."""
    clock = clock or Clock()
    return Workplace(folder=Path("/"), reactor=clock, time=clock.seconds, work=print)
