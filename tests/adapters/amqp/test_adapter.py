"""Tests for L{kaazing.adapters.amqp.adapter}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.adapters.amqp.adapter import AmqpAdapter, short_string
from kaazing.interfaces.adapters import Front, IAdapter, IAdapterSession, Link
from kaazing.plugins import adapter
from tests.adapters.amqp.dialogue import DEFAULTS, policy


class AdapterTests(SynchronousTestCase):
    def test_promises(self) -> None:
        """
        The adapter and its sessions keep what their interfaces promise; no subprotocol is required.
        """
        made = AmqpAdapter()
        verifyObject(IAdapter, made)
        verifyObject(IAdapterSession, made.session(Link(peer="192.0.2.1:5000", options=DEFAULTS)))
        self.assertEqual((made.name, made.front), ("amqp", Front.STREAM))
        self.assertEqual(made.subprotocols, ("amqp", "AMQPWSB10"))
        self.assertEqual(set(made.operations), {"publish", "consume", "bind", "declare"})

    def test_declared(self) -> None:
        """
        It is found by its name.
        """
        self.assertIsInstance(adapter("amqp"), AmqpAdapter)

    def test_options(self) -> None:
        """
        Every property has words for the documentation, and limits of its own.
        """
        options = {option.name: option for option in AmqpAdapter.options}
        self.assertTrue(all(option.doc.endswith(".") for option in options.values()))
        self.assertEqual(options["amqp.maximum.frame.size"].read("1M"), 1024 * 1024)
        for name, bad in (
            ("amqp.maximum.frame.size", "4095"),
            ("amqp.maximum.channels", "0"),
            ("amqp.maximum.channels", "65536"),
            ("amqp.maximum.depth", "101"),
        ):
            self.assertRaises(ValueError, options[name].read, bad)

    def test_virtual_host(self) -> None:
        """
        A virtual host fits a short string.
        """
        self.assertEqual(short_string("ü" * 127), "ü" * 127)
        for bad in ("ü" * 128, "", "\udcff"):
            self.assertRaises(ValueError, short_string, bad)

    def test_versions(self) -> None:
        """
        Versions are known ones, each once; a policy is for one of them, because a client that may choose
        between two goes around rules in the words of the other.
        """
        read = {option.name: option for option in AmqpAdapter.options}["amqp.versions"].read
        self.assertEqual(read("1.0, 0-9-1,1.0"), ("1.0", "0-9-1"))
        for bad in ("", "0-9", "1.0,"):
            self.assertRaises(ValueError, read, bad)
        check = AmqpAdapter().check
        policed = {**DEFAULTS, "policy": (policy("consume mine"),)}
        (said,) = check(policed)
        self.assertIn("set amqp.versions to 0-9-1 or to 1.0", said)
        for versions in (("0-9-1",), ("1.0",)):
            self.assertEqual(list(check({**policed, "amqp.versions": versions})), [])
        self.assertEqual(list(check({**DEFAULTS, "policy": ()})), [])

    def test_sizes_together(self) -> None:
        """
        A limit for the opening that is above that for all is a fault of the configuration.
        """
        self.assertEqual(list(AmqpAdapter().check(DEFAULTS)), [])
        high = {**DEFAULTS, "amqp.maximum.opening.frame.size": 1024 * 1024}
        said = ["amqp.maximum.opening.frame.size is more than amqp.maximum.frame.size"]
        self.assertEqual(list(AmqpAdapter().check(high)), said)
