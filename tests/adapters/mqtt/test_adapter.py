"""Tests for L{kaazing.adapters.mqtt.adapter}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.adapters.mqtt.adapter import MqttAdapter
from kaazing.interfaces.adapters import Front, IAdapter
from kaazing.plugins import adapter
from kaazing.wire.policy import Policy
from tests.adapters.mqtt.dialogue import DEFAULTS, policy


class AdapterTests(SynchronousTestCase):
    """What the gateway knows of MQTT before anybody connects."""

    def test_found(self) -> None:
        """
        The gateway finds it by its name, with all that is promised of an adapter.
        """
        found = adapter("mqtt")
        verifyObject(IAdapter, found)
        self.assertIsInstance(found, MqttAdapter)
        self.assertEqual((found.front, found.subprotocols), (Front.STREAM, ("mqtt", "mqttv3.1")))

    def test_check(self) -> None:
        """
        Properties that do not go together are told.
        """
        check = MqttAdapter().check
        self.assertEqual(list(check({**DEFAULTS, "backend.username": "a:b"})), [])
        (colon,) = check({**DEFAULTS, "backend.username": "a:b", "virtual.host": "v"})
        self.assertIn("colon", colon)
        (mechanism,) = check({**DEFAULTS, "backend.mechanism": "PLAIN"})
        self.assertIn("backend.mechanism", mechanism)

    def test_readers(self) -> None:
        """
        Values that MQTT could not carry are refused when the file is read.
        """
        readers = {option.name: option.read for option in MqttAdapter.options}
        self.assertEqual(readers["virtual.host"]("/"), "/")
        for name, value in (
            ("virtual.host", "a\0"),
            ("virtual.host", "x" * 1025),
            ("virtual.host", ""),
            ("virtual.host", "\udcff"),
            ("mqtt.client.identifiers", "web-*,"),
            ("mqtt.client.identifiers", "x" * 5000),
            ("mqtt.maximum.topic.length", "65536"),
            ("mqtt.maximum.packet.size", "257M"),
        ):
            self.assertRaises(ValueError, readers[name], value)

    def test_topics(self) -> None:
        """
        Rules of a policy read as topic filters do: # does not stand for what begins with $.
        """
        rules: Policy = policy("publish,subscribe a/#", "subscribe #", deny=["publish a/+/x"])
        self.assertTrue(rules.allows("publish", "a/b"))
        self.assertFalse(rules.allows("publish", "a/b/x"))
        self.assertTrue(rules.allows_all("subscribe", "a/+/b"))
        self.assertFalse(rules.allows_all("subscribe", "$SYS/#"))
