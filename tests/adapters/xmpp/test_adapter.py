"""Tests for L{kaazing.adapters.xmpp.adapter}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.adapters.xmpp.adapter import XmppAdapter, domain, template
from kaazing.interfaces.adapters import Front, IAdapter, IAdapterSession, Link
from kaazing.plugins import adapter
from tests.adapters.xmpp.dialogue import DEFAULTS


class AdapterTests(SynchronousTestCase):
    def test_promises(self) -> None:
        """
        The adapter and its sessions keep what their interfaces promise.
        """
        made = XmppAdapter()
        verifyObject(IAdapter, made)
        verifyObject(IAdapterSession, made.session(Link(peer="192.0.2.1:5000", options=DEFAULTS)))
        self.assertEqual((made.name, made.front, made.subprotocols), ("xmpp", Front.MESSAGES, ("xmpp",)))
        self.assertEqual(list(made.check(DEFAULTS)), [])
        (fault,) = made.check({**DEFAULTS, "backend.mechanism": "AMQPLAIN"})
        known = "SCRAM-SHA-256, SCRAM-SHA-1, PLAIN, EXTERNAL"
        self.assertEqual(fault, f"backend.mechanism AMQPLAIN: XMPP logs in with {known}")

    def test_declared(self) -> None:
        """
        It is found by its name.
        """
        self.assertIsInstance(adapter("xmpp"), XmppAdapter)

    def test_options(self) -> None:
        """
        Every property has words for the documentation, and a reader that refuses nonsense.
        """
        options = {option.name: option for option in XmppAdapter.options}
        self.assertTrue(all(option.doc.endswith(".") for option in options.values()))
        for name, good, value in (
            ("xmpp.starttls", "required", "required"),
            ("xmpp.maximum.stanza.size", "1M", 1024 * 1024),
            ("login.timeout", "5 s", 5.0),
        ):
            self.assertEqual(options[name].read(good), value)
        for name, bad in (("xmpp.starttls", "yes"), ("xmpp.maximum.depth", "1")):
            self.assertRaises(ValueError, options[name].read, bad)

    def test_domains(self) -> None:
        """
        A domain is no JID.
        """
        self.assertEqual(domain("example.com"), "example.com")
        for bad in ("a@b", "a/b", "a b", ""):
            self.assertRaises(ValueError, domain, bad)

    def test_templates(self) -> None:
        """
        Clients are sent to WebSockets, or to BOSH.
        """
        self.assertEqual(template("wss://{host}/x"), "wss://{host}/x")
        self.assertEqual(template("https://gw.example/bosh"), "https://gw.example/bosh")
        for bad in ("tcp://{host}:1", "{host}"):
            self.assertRaises(ValueError, template, bad)
