"""Scenarios: the JavaScript clients load in Node and in a page of the gateway, and failures are told."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.integration import scenarios
from tests.integration.children import free_port
from tests.integration.gateway import Gateway, conf
from tests.integration.scenarios import at, in_chromium, in_node

READY = {
    "@cloudamqp/amqp-client": True,
    "@stomp/stompjs": True,
    "@xmpp/client": True,
    "irc-framework": True,
    "mqtt": True,
    "paho-mqtt": True,
    "rhea": True,
    "strophe.js": True,
}


class ScenarioTests(SynchronousTestCase):
    """What a test of a protocol's clients stands on."""

    def test_node(self) -> None:
        """
        In Node every client can be made.
        """
        self.assertEqual(in_node("packages", "ready"), READY)

    def test_chromium(self) -> None:
        """
        In a page too, where converse.js comes in parts from the gateway.
        """
        port = free_port()
        with Gateway(conf(scenarios.page(port), scenarios.converse(port))):
            self.assertEqual(in_chromium(at(port), "packages", "ready"), READY)
            self.assertEqual(in_chromium(at(port), "packages", "converse"), {"converse.js": True})

    def test_failure(self) -> None:
        """
        An exception in a scenario is the test's failure, with what it said.
        """
        said = "what a scenario says"
        self.assertIn(said, str(self.assertRaises(AssertionError, in_node, "packages", "broken")))
        port = free_port()
        with Gateway(conf(scenarios.page(port))):
            failure = self.assertRaises(AssertionError, in_chromium, at(port), "packages", "broken")
        self.assertIn(said, str(failure))
