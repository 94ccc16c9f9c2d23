"""Tests for L{kaazing.adapters.irc.adapter}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.adapters.irc.adapter import IrcAdapter, last_parameter, word
from kaazing.interfaces.adapters import Front, IAdapter, IAdapterSession
from kaazing.plugins import adapter
from tests.adapters.irc.dialogue import DEFAULTS, LINK, policy


class AdapterTests(SynchronousTestCase):
    def test_promises(self) -> None:
        """
        The adapter and its sessions keep what their interfaces promise.
        """
        made = IrcAdapter()
        verifyObject(IAdapter, made)
        verifyObject(IAdapterSession, made.session(LINK))
        self.assertEqual((made.name, made.front), ("irc", Front.MESSAGES))
        self.assertEqual(made.subprotocols, ("text.ircv3.net", "binary.ircv3.net"))

    def test_declared(self) -> None:
        """
        It is found by its name.
        """
        self.assertIsInstance(adapter("irc"), IrcAdapter)

    def test_options(self) -> None:
        """
        Every property has words for the documentation; only passwords are secret.
        """
        options = {option.name: option for option in IrcAdapter.options}
        self.assertTrue(all(option.doc.endswith(".") for option in options.values()))
        secrets = [name for name in options if options[name].secret]
        self.assertEqual(secrets, ["server.password", "webirc.password"])
        for name, bad in (("irc.maximum.line", "10"), ("irc.login", "nickserv"), ("irc.starttls", "yes")):
            self.assertRaises(ValueError, options[name].read, bad)

    def test_nobody_injects(self) -> None:
        """
        A value that would end a line, or be more than one word of it, is a fault of the configuration, and
        not repeated.
        """
        self.assertEqual((last_parameter("a: b ü"), word("a:b")), ("a: b ü", "a:b"))
        for bad in ("a\r\nOPER x", "a\n", "\0", "", "ü" * 151):
            error = self.assertRaises(ValueError, last_parameter, bad)
            self.assertNotIn("OPER", str(error))
        for bad in ("a b", ":a", "a\r", ""):
            self.assertRaises(ValueError, word, bad)

    def test_one_pass(self) -> None:
        """
        A server takes one PASS: its own password or the user's.
        """
        both = {**DEFAULTS, "irc.login": "pass", "server.password": "x"}
        check = IrcAdapter().check
        self.assertEqual(list(check(DEFAULTS)), [])
        said = ["server.password stands beside irc.login pass: a server takes one PASS"]
        self.assertEqual(list(check(both)), said)

    def test_login(self) -> None:
        """
        What PASS and USER cannot carry is told, and not repeated; SASL carries it, but not every mechanism.
        """
        check = IrcAdapter().check
        login = {"backend.username": "a b", "backend.password": "p\n", "backend.mechanism": "AMQPLAIN"}
        (mechanism,) = check({**DEFAULTS, **login})
        known = "SCRAM-SHA-256, SCRAM-SHA-1, PLAIN, EXTERNAL"
        self.assertEqual(mechanism, f"backend.mechanism AMQPLAIN: IRC logs in with {known}")
        said = list(check({**DEFAULTS, **login, "irc.login": "pass"}))
        self.assertEqual(
            said,
            [
                "backend.mechanism AMQPLAIN:"
                " irc.login pass logs in with a user and a password alone; remove it",
                "backend.username, which irc.login pass sends as it is:"
                " expected text without blanks that does not begin with a colon",
                "backend.password, which irc.login pass sends as it is:"
                " expected text of at most 300 bytes without line feed, carriage return and NUL",
            ],
        )

    def test_operations(self) -> None:
        """
        Rules name channels in any case, braces and brackets alike, and commands in any case.
        """
        rules = policy("join #Chat[*]", "message #c", "command oper")
        asked = (
            ("join", "#chat{a}"),
            ("join", "#d"),
            ("message", "#C"),
            ("command", "OPER"),
            ("command", "K"),
        )
        answers = [rules.allows(operation, name) for operation, name in asked]
        self.assertEqual(answers, [True, False, True, True, False])
