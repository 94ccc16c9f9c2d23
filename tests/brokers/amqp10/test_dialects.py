"""What is said to which broker."""

from __future__ import annotations

from typing import Any

from proton import symbol
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.amqp10.dialects import JMS, PLAIN, dialect_of, product_of
from kaazing.interfaces.brokers import Destination, Domain, Features
from tests.brokers.amqp10.peer import ARTEMIS, RABBITMQ
from tests.brokers.listening import queue, topic

CLASSIC = {"product": "ActiveMQ", "queue-prefix": "queue://", "topic-prefix": "topic://"}
TEMPORARY = Destination(Domain.TEMP_QUEUE, "kaazing.temp.1")


class DialectTests(SynchronousTestCase):
    """Addresses and features."""

    def test_addresses(self) -> None:
        """
        Artemis has names and its own word for many, RabbitMQ a grammar, ActiveMQ Classic prefixes.
        """
        where = (queue("a b"), topic("a.*.>"), TEMPORARY)
        known: tuple[tuple[Any, list[str]], ...] = (
            (ARTEMIS, ["a b", "a.*.#", "kaazing.temp.1"]),
            (RABBITMQ, ["/queue/a%20b", "/topic/a.*.#", "/topic/kaazing.temp.1"]),
            (CLASSIC, ["queue://a b", "topic://a.*.>", "temp-queue://kaazing.temp.1"]),
            ({}, ["a b", "a.*.>", "kaazing.temp.1"]),
        )
        for properties, addresses in known:
            self.assertEqual([dialect_of(properties).address(each) for each in where], addresses)

    def test_read(self) -> None:
        """
        An address says what it is the address of, or what the message says of it counts.
        """
        for properties in (ARTEMIS, RABBITMQ, CLASSIC):
            dialect = dialect_of(properties)
            for each in (queue("a/ü"), topic("a.b"), TEMPORARY):
                self.assertEqual(dialect.destination(dialect.address(each), each.domain), each)
        rabbit = dialect_of(RABBITMQ)
        self.assertEqual(rabbit.destination("/queue/answers", Domain.TOPIC), queue("answers"))
        self.assertEqual(rabbit.destination("bare", Domain.QUEUE), queue("bare"))
        self.assertEqual(rabbit.destination("/queue/", Domain.QUEUE), queue("/queue/"))

    def test_features(self) -> None:
        """
        Of brokers nobody knows, all of JMS is expected; RabbitMQ has nothing of it.
        """
        self.assertEqual((PLAIN.features, dialect_of(ARTEMIS).features), (JMS, JMS))
        self.assertEqual(dialect_of(RABBITMQ).features, Features())

    def test_selectors(self) -> None:
        """
        ActiveMQ and Artemis are told to read text as numbers, as the gateway does; others would not
        understand, and need not be told not to.
        """
        for properties, said in (
            (ARTEMIS, ["convert_string_expressions:a > 1", "no_convert_string_expressions:a > 1"]),
            (CLASSIC, ["convert_string_expressions:a > 1", "no_convert_string_expressions:a > 1"]),
            ({symbol("product"): "qpid-broker-j"}, ["a > 1", "a > 1"]),
        ):
            dialect = dialect_of(properties)
            asked = ("a > 1", "no_convert_string_expressions:a > 1")
            self.assertEqual([dialect.selector(each) for each in asked], said)
        priority = "convert_string_expressions:AMQPriority > 4"
        self.assertEqual(dialect_of(ARTEMIS).selector("JMSPriority > 4"), priority)

    def test_product(self) -> None:
        """
        The log names the product, and nothing that breaks its lines.
        """
        self.assertEqual(product_of(ARTEMIS), "apache-activemq-artemis 2.44.0")
        self.assertEqual(product_of({}), "")
        self.assertEqual(product_of({symbol("product"): "a\nb" + "x" * 200}), "ab" + "x" * 98)
