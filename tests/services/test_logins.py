"""Tests for L{kaazing.services.logins}: who the gateway is at a backend."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.errors import ConfigError
from kaazing.interfaces.adapters import AskLogin, ILogins, Link, Login
from kaazing.services.logins import OPTIONS, StaticLogins, faults, logins


def properties(*values: str | None) -> dict[str, Any]:
    """A user, a password, a mechanism."""
    return {
        option.name: value for option, value in zip(OPTIONS, (*values, None, None, None, None), strict=False)
    }


class LoginTests(SynchronousTestCase):
    def test_login(self) -> None:
        """
        The login of the properties is that of every client; without one there is none to put in.
        """
        for values, login in (
            (("gw", "pw"), Login(username="gw", password="pw")),
            (("gw",), Login(username="gw")),
            (("gw", "pw", "SCRAM-SHA-1"), Login(username="gw", password="pw", mechanism="SCRAM-SHA-1")),
            ((None, None, "EXTERNAL"), Login(username="", mechanism="EXTERNAL")),
        ):
            made = StaticLogins.of(properties(*values))
            assert made is not None
            verifyObject(ILogins, made)
            self.assertEqual(self.successResultOf(made.login(Link(peer="192.0.2.1:5000"), AskLogin())), login)
            self.assertEqual(list(faults(properties(*values))), [])
        self.assertIsNone(StaticLogins.of(properties()))
        self.assertEqual(list(faults(properties())), [])

    def test_faults(self) -> None:
        """
        A password or a mechanism without a user is a fault, and so is a password that nobody would use.
        """
        for values, fault in (
            ((None, "pw"), "backend.password stands without backend.username"),
            ((None, None, "PLAIN"), "backend.mechanism PLAIN stands without backend.username"),
            (
                ("gw", "pw", "EXTERNAL"),
                "backend.mechanism EXTERNAL proves the gateway without a password, but backend.password"
                " stands",
            ),
        ):
            self.assertEqual(list(faults(properties(*values))), [fault])

    def test_keyring(self) -> None:
        """
        backend.login takes the logins from the keyring, which must be there; no login may stand beside it.
        """

        class Keyring:
            def logins(self, service: str, source: str) -> Any:
                return service, source

        said = properties(None, None, None, "any")
        self.assertEqual(list(faults(said)), [])
        self.assertEqual(logins("stomp", said, Keyring()), ("stomp", "any"))
        why = self.assertRaises(ConfigError, logins, "stomp", said, None)
        self.assertEqual(str(why), "backend.login any wants a <keyring> in <security>, and there is none")
        beside = "stands beside backend.login, which says where the login comes from"
        said = properties("gw", "pw", None, "stored")
        self.assertEqual(list(faults(said)), [f"backend.username {beside}", f"backend.password {beside}"])
        self.assertIsNone(logins("stomp", properties(), Keyring()))
        static = logins("stomp", properties("gw"), None)
        self.assertIsInstance(static, StaticLogins)

    def test_secret(self) -> None:
        """
        The password is marked as secret, and no other; it is in no repr.
        """
        self.assertEqual([option.name for option in OPTIONS if option.secret], ["backend.password"])
        self.assertNotIn("hidden", repr(Login(username="gw", password="hidden")))
