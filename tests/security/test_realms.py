"""Tests for L{kaazing.security.realms}: realms as portals of twisted.cred."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.cred.portal import IRealm
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.config.model import ModuleConfig, RealmConfig, ServiceConfig
from kaazing.errors import ConfigError, LoginMissing, LoginRefused
from kaazing.interfaces.security import Attempt, Subject
from kaazing.interfaces.services import Visit
from kaazing.security.realms import Realm, Realms
from tests.security.static import JOE, Static, declare, realm, workplace


def attempt(*tokens: str) -> Attempt:
    """Return an attempt with these tokens."""
    return Attempt(realm="demo", service="echo", address="192.0.2.1", tokens=tokens)


class RealmTests(SynchronousTestCase):
    """One realm."""

    def setUp(self) -> None:
        declare(self)

    def made(self, config: RealmConfig) -> Realm:
        """Return a realm."""
        return Realm(config, workplace())

    def test_portal(self) -> None:
        """
        A realm is one of twisted.cred, and its portal gives the subject that the login modules say.
        """
        made = self.made(realm())
        verifyObject(IRealm, made)
        self.assertEqual(made.login(attempt("welcome")), JOE)
        self.assertRaises(LoginRefused, made.login, attempt("wrong"))
        self.assertRaises(LoginMissing, made.login, attempt())

    def test_later(self) -> None:
        """
        Where a module takes its time, so does the realm.
        """
        later: list[Any] = []
        made = self.made(realm("Basic", Static(later=later)))
        good, bad = made.login(attempt("welcome")), made.login(attempt("wrong"))
        self.assertIsInstance(good, Deferred)
        self.assertNoResult(good)
        for answer in later:
            answer()
        self.assertEqual(self.successResultOf(good), JOE)
        self.failureResultOf(bad, LoginRefused)

    def test_nobody(self) -> None:
        """
        Without login modules nobody comes in, but where there is no authentication at all: everybody, as
        nobody.
        """
        empty = realm(modules=())
        self.assertRaises(LoginMissing, self.made(empty).login, attempt("welcome"))
        self.assertEqual(self.made(replace(empty, scheme="")).login(attempt()), Subject())
        named = replace(empty, scheme="", headers=("X-Key",))
        self.assertRaises(LoginMissing, self.made(named).login, attempt("welcome"))


class RealmsTests(SynchronousTestCase):
    """All realms of a gateway."""

    def setUp(self) -> None:
        declare(self)
        self.realms = Realms(workplace())

    def guard(self, config: RealmConfig | None, line: int = 0) -> Any:
        """Return the guard of a service."""
        return self.realms.guard(ServiceConfig(name="echo", type="echo", realm=config, line=line))

    def test_no_realm(self) -> None:
        """
        A service without a realm has no guard.
        """
        self.assertIsNone(self.guard(None))
        self.assertIsNone(self.realms.inner(ServiceConfig(name="echo", type="echo")))

    def test_inner(self) -> None:
        """
        The guard for those who log in inside a protocol asks the same login modules, and knows no cookie.
        """
        checker = Static()
        config = ServiceConfig(name="jms", type="jms", realm=realm("Basic", checker))
        inner = self.realms.inner(config)
        assert inner is not None
        self.assertIsNone(inner.cookies)
        self.assertEqual(inner.vouch(Visit(peer="192.0.2.1:5000"), "joe", "welcome").subject, JOE)
        self.realms.guard(config)
        self.realms.startService()
        self.assertEqual(checker.calls, ["start"])

    def test_shared(self) -> None:
        """
        Services that name one realm share its login modules, which start and stop with the gateway.
        """
        checker, other = Static(), Static()
        config = realm("Basic", checker, other)
        self.assertIsNot(self.guard(config), self.guard(config))
        self.realms.startService()
        stopped = self.realms.stopService()
        self.successResultOf(stopped)
        self.assertEqual((checker.calls, other.calls), (["start", "stop"], ["start", "stop"]))

    def test_plain_checkers(self) -> None:
        """
        A login module need not know of starting and stopping.
        """

        class Plain:
            credentialInterfaces = ()

            def requestAvatarId(self, attempt: Any) -> Any:
                """See ICredentialsChecker."""

        self.guard(realm("Basic", Plain()))
        self.realms.startService()
        self.successResultOf(self.realms.stopService())

    def test_slow_stop(self) -> None:
        """
        The gateway waits for login modules that take their time to stop; one that fails to holds up nobody.
        """
        ending: Deferred[None] = Deferred()
        slow, broken = Static(), Static()
        self.patch(slow, "stop", lambda: ending)
        self.patch(broken, "stop", lambda: 1 / 0)
        self.guard(realm("Basic", slow, broken))
        self.realms.startService()
        stopped = self.realms.stopService()
        self.assertNoResult(stopped)
        ending.callback(None)
        self.successResultOf(stopped)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_faults(self) -> None:
        """
        A login module that cannot be made is an error of its line.
        """
        unknown = realm(modules=(ModuleConfig(type="statik", success="required", line=7),))
        why = self.assertRaises(ConfigError, self.guard, unknown)
        self.assertEqual(why.line, 7)
        self.assertRegex(why.what, "^no login module is called 'statik'; ")

        class Faulty(dict[str, Any]):
            def __getitem__(self, name: str) -> Any:
                raise ConfigError("file is missing")

        faulty = realm(modules=(ModuleConfig(type="static", success="required", options=Faulty(), line=8),))
        why = self.assertRaises(ConfigError, self.guard, faulty)
        self.assertEqual((why.line, why.what), (8, "file is missing"))
