"""Tests for L{kaazing.wire.stomp_properties}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import stomp_properties
from kaazing.wire.policy import Block, Policy, read_rule


class PropertyTests(SynchronousTestCase):
    def test_limits(self) -> None:
        """
        Without a word in the configuration: frames of 128 KiB with 128 headers of 8 KiB, 1,000
        subscriptions, 100 transactions.
        """
        limits = (
            stomp_properties.MAX_FRAME,
            stomp_properties.MAX_HEADERS,
            stomp_properties.MAX_LINE,
            stomp_properties.MAX_SUBSCRIPTIONS,
            stomp_properties.MAX_TRANSACTIONS,
        )
        self.assertEqual(
            {option.name: option.default for option in limits},
            {
                "stomp.maximum.frame.size": 131072,
                "stomp.maximum.headers": 128,
                "stomp.maximum.header.length": 8192,
                "stomp.maximum.subscriptions": 1000,
                "stomp.maximum.transactions": 100,
            },
        )

    def test_destinations(self) -> None:
        """
        A policy reads /topic/a.b as levels between slashes and dots, with the wildcards of all brokers.
        """
        operations = stomp_properties.OPERATIONS
        rule = read_rule("subscribe /topic/a.#", operations)
        policy = Policy([Block(allow=(rule,))], frozenset(), operations)
        for name, allowed in (("/topic/a.b.>", True), ("/topic/a.*", True), ("/topic/>", False)):
            self.assertEqual(policy.allows_all("subscribe", name), allowed, name)
        self.assertFalse(policy.allows("send", "/topic/a.b"))
