"""Tests for L{kaazing.adapters.mqtt.permits}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.mqtt.permits import Permits, refused_filters
from kaazing.wire.mqtt import Publish
from tests.adapters.mqtt.dialogue import policy

RULES = policy("publish,subscribe a/#", deny=["publish,subscribe a/secret"])


class PermitsTests(SynchronousTestCase):
    """PUBLISH under a policy."""

    def test_topics(self) -> None:
        """
        A topic is allowed or not, in any script.
        """
        allowed = Permits(RULES, 4, amqp=True).allows
        for topic, answer in (("a/b", True), ("a/grüße", True), ("a/secret", False), ("b", False)):
            self.assertEqual(allowed(Publish(topic.encode(), 0, 0, 0)), answer, topic)

    def test_aliases(self) -> None:
        """
        An alias stands for the topic it was last given, also where that was refused.
        """
        permits = Permits(RULES, 5, amqp=True)
        said = [
            permits.allows(Publish(topic, 0, 0, 1)) for topic in (b"a/b", b"", b"a/secret", b"", b"a/c", b"")
        ]
        self.assertEqual(said, [True, True, False, False, True, True])

    def test_mqtt_5(self) -> None:
        """
        A refusal has a reason code; QoS 0 has no answer.
        """
        permits = Permits(RULES, 5, amqp=True)
        answers = [permits.refuse(Publish(b"b", qos, 7, 0)) for qos in range(3)]
        self.assertEqual(answers, [None, b"\x40\3\0\7\x87", b"\x50\3\0\7\x87"])
        self.assertIsNone(permits.released(7))

    def test_older(self) -> None:
        """
        Before MQTT 5 a message that goes nowhere is acknowledged, QoS 2 to its end.
        """
        permits = Permits(RULES, 4, amqp=True)
        answers = [permits.refuse(Publish(b"b", qos, 7, 0)) for qos in range(3)]
        self.assertEqual(answers, [None, b"\x40\2\0\7", b"\x50\2\0\7"])
        self.assertEqual((permits.released(7), permits.released(7)), (b"\x70\2\0\7", None))
        permits.refuse(Publish(b"b", 2, 7, 0))
        permits.allows(Publish(b"a/b", 2, 7, 0))
        self.assertIsNone(permits.released(7), "the identifier has been used for another message")


class FilterTests(SynchronousTestCase):
    """SUBSCRIBE under a policy."""

    def test_filters(self) -> None:
        """
        A filter is refused when it could match what is not allowed; a shared subscription by its filter.
        """
        filters = (
            b"a/b",
            b"a/+",
            b"#",
            b"a/b/#",
            b"$share/g/a/b",
            b"$share/g/b",
            b"$share/g/a/+",
            b"$share/x",
        )
        self.assertEqual(refused_filters(RULES, filters, amqp=True), {1, 2, 5, 6, 7})


class AmqpTests(SynchronousTestCase):
    """RabbitMQ takes a full stop for a slash, and an asterisk for a plus."""

    def test_ways_around(self) -> None:
        """
        Names that would lead around a rule there are refused, unless the operator knows better.
        """
        rules = policy("publish,subscribe #", deny=["publish,subscribe secret/#"])
        filters = (b"secret.x", b"*/x", b"$share/g.1/a", b"a/b")
        self.assertEqual(refused_filters(rules, filters, amqp=True), {0, 1})
        self.assertEqual(refused_filters(rules, filters, amqp=False), frozenset())
        for amqp, allowed in ((True, [False, True]), (False, [True, True])):
            permits = Permits(rules, 4, amqp=amqp)
            self.assertEqual([permits.allows_topic(topic) for topic in (b"secret.x", b"a*")], allowed)
