"""Tests for L{kaazing.adapters.stomp.adapter}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.adapters.stomp.adapter import StompAdapter, header_value
from kaazing.interfaces.adapters import Front, IAdapter, IAdapterSession, Link
from kaazing.plugins import adapter
from tests.adapters.stomp.dialogue import DEFAULTS


class AdapterTests(SynchronousTestCase):
    def test_promises(self) -> None:
        """
        The adapter and its sessions keep what their interfaces promise.
        """
        made = StompAdapter()
        verifyObject(IAdapter, made)
        verifyObject(IAdapterSession, made.session(Link(peer="192.0.2.1:5000", options=DEFAULTS)))
        self.assertEqual((made.name, made.front), ("stomp", Front.STREAM))
        self.assertEqual(made.subprotocols, ("v12.stomp", "v11.stomp", "v10.stomp"))

    def test_declared(self) -> None:
        """
        It is found by its name.
        """
        self.assertIsInstance(adapter("stomp"), StompAdapter)

    def test_options(self) -> None:
        """
        Every property has words for the documentation.
        """
        options = {option.name: option for option in StompAdapter.options}
        self.assertTrue(all(option.doc.endswith(".") for option in options.values()))
        self.assertEqual(options["stomp.maximum.frame.size"].read("1M"), 1024 * 1024)
        self.assertEqual(options["login.timeout"].read("5 s"), 5.0)
        for name, bad in (("stomp.maximum.headers", "0"), ("stomp.maximum.frame.size", "10")):
            self.assertRaises(ValueError, options[name].read, bad)

    def test_values_of_connect(self) -> None:
        """
        A virtual host that a CONNECT frame could not carry is a fault of the configuration.
        """
        self.assertEqual(header_value("a:b\\n ü"), "a:b\\n ü")
        for bad in ("a\nhost:b", "a\r", "\0", ""):
            error = self.assertRaises(ValueError, header_value, bad)
            self.assertNotIn("host", str(error))

    def test_logins(self) -> None:
        """
        So is a login that it could not carry, which is not repeated, and a mechanism.
        """
        for name, value, faults in (
            ("backend.username", "gw", []),
            ("backend.password", "a:b\\n", []),
            (
                "backend.password",
                "a\nhost:b",
                ["backend.password: a CONNECT frame cannot carry line feed, carriage return and NUL"],
            ),
            (
                "backend.mechanism",
                "PLAIN",
                ["backend.mechanism PLAIN: STOMP logs in with a user and a password alone; remove it"],
            ),
        ):
            login = dict.fromkeys(("backend.username", "backend.password", "backend.mechanism"))
            options = {**DEFAULTS, **login, name: value}
            self.assertEqual(list(StompAdapter().check(options)), faults, name)
