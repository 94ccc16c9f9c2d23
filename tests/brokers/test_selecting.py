"""Tests for L{kaazing.brokers.selecting}: selectors as ActiveMQ and Artemis are to read them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.selecting import calculates, for_artemis
from kaazing.wire.selectors import compiled


class SelectingTests(SynchronousTestCase):
    def test_artemis(self) -> None:
        """
        Header fields of JMS have Artemis' names, text in quotes is left as it is.
        """
        asked = {
            "JMSPriority > 4 AND JMSTimestamp > 0": "AMQPriority > 4 AND AMQTimestamp > 0",
            "JMSDeliveryMode <> 'PERSISTENT'": "AMQDurable <> 'DURABLE'",
            "JMSDeliveryMode IN ('NON_PERSISTENT')": "AMQDurable IN ( 'NON_DURABLE' )",
            "a = 'JMSPriority' OR \"JMSPriority\" = 1": "a = 'JMSPriority' OR \"JMSPriority\" = 1",
            "a = 'PERSISTENT' OR b = 'it''s  JMSPriority'": "a = 'PERSISTENT' OR b = 'it''s  JMSPriority'",
            "no_convert_string_expressions:JMSPriority = 4": "no_convert_string_expressions:AMQPriority = 4",
        }
        self.assertEqual({each: for_artemis(compiled(each).text) for each in asked}, asked)

    def test_calculates(self) -> None:
        """
        Arithmetic has two operands; a sign alone, and what stands in quotes, is none.
        """
        none = ("a > -2", "-a < 3", "a BETWEEN -1 AND +2", "a IN ('b * c', 'd')", "NOT -a = 1", "a = 'b - c'")
        some = ("a*2 > 3", "a/2 = 1", "a+b = 3", "a - -1 = 2", "(a)-(b) > 0", "2-a = 1", '"a"-1 = 0')
        self.assertEqual([calculates(compiled(each).text) for each in none + some], [False] * 6 + [True] * 7)
