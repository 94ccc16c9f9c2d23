# -*- test-case-name: tests.brokers.amqp10.test_dialects -*-
"""What brokers do differently that all speak AMQP 1.0; told apart by what they say in their open frame.

Addresses and capabilities are those of the JMS mapping of AMQP (AMQP JMS Mapping 1.0, working draft, sections
2 and 4), but for RabbitMQ, which has a grammar of addresses instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, unquote

from kaazing.brokers.selecting import for_artemis
from kaazing.interfaces.brokers import Destination, Domain, Features
from kaazing.wire.selector_values import CONVERTING, STRICTLY

CAPABILITIES = {
    Domain.QUEUE: "queue",
    Domain.TOPIC: "topic",
    Domain.TEMP_QUEUE: "temporary-queue",
    Domain.TEMP_TOPIC: "temporary-topic",
}
"""Symbols that say which sort of node an address names."""

KINDS = (Domain.QUEUE, Domain.TOPIC, Domain.TEMP_QUEUE, Domain.TEMP_TOPIC)
"""In the order of the numbers that annotations of messages have for them."""

JMS = Features(queue_selectors=True, transactions=True, dead_letters=True)
"""What a broker of JMS does; selectors of topics are asked in the gateway (decision 0181)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one product is spoken to.

    Attributes:
        features: see L{Features}.
        prefixes: what stands before a name in an address.
        many: the word of a pattern for any number of words.
        escaped: whether names are percent-encoded in addresses.
        capabilities: whether a terminus says what sort of node it is.
        apart: whether each link has a session of its own, because an error of one ends its session.
        counts: whether the header of a message says how often it was given out (AMQP 1.0 section 3.2.1); else
            it says only whether we are the first.
        durables: whether it has durable subscriptions of topics.
        dynamic: whether it makes temporary nodes; else topics stand for them that nobody can guess, and which
            are gone with their only subscriber.
        lasting: whether a queue outlives the broker only if the terminus asks for that (section 3.5.5).
        plain: whether text is sent as bytes, which clients of other protocols can read there.
        converts: whether it reads text as a number where L{CONVERTING} stands before a selector; others know
            no such words, and keep to JMS.
        renames: whether header fields have Artemis' own names in selectors.
    """

    features: Features = JMS
    prefixes: Mapping[Domain, str] = field(default_factory=dict)
    many: str = ">"
    escaped: bool = False
    capabilities: bool = True
    apart: bool = False
    counts: bool = True
    durables: bool = True
    dynamic: bool = True
    lasting: bool = False
    plain: bool = False
    converts: bool = False
    renames: bool = False

    def address(self, destination: Destination) -> str:
        """Return the address of a destination; of a temporary one, its name is all of it, or nearly."""
        name = destination.name
        if destination.domain is Domain.TOPIC and self.many != ">":
            name = ".".join(self.many if word == ">" else word for word in name.split("."))
        if self.escaped and destination.domain in (Domain.QUEUE, Domain.TOPIC):
            name = quote(name, safe="*#:@!$&'()+=~")
        return self.prefixes.get(destination.domain, "") + name

    def selector(self, text: str) -> str:
        """Return a selector as the broker is to read it."""
        if self.renames:
            text = for_artemis(text)
        if not self.converts:
            return text.removeprefix(STRICTLY)
        return text if text.startswith(STRICTLY) else CONVERTING + text

    def keeps(self, destination: Destination) -> bool:
        """Return whether the terminus of a link is to ask that a destination, and what is in it, lasts."""
        return self.lasting and destination.domain is Domain.QUEUE

    def destination(self, address: str, kind: Domain) -> Destination:
        """Return what an address names; C{kind}: what sort of node, where the address does not say so."""
        for domain in (kind, *KINDS):
            prefix = self.prefixes.get(domain)
            if prefix and address.startswith(prefix) and len(address) > len(prefix):
                rest = address[len(prefix) :]
                return Destination(domain, unquote(rest) if self.escaped else rest)
        return Destination(kind, address)


PLAIN = Dialect()
"""Of a broker nobody knows: names as they are, patterns as ActiveMQ has them."""

_RABBITMQ = Dialect(
    features=Features(),
    prefixes={
        Domain.QUEUE: "/queue/",
        Domain.TOPIC: "/topic/",
        Domain.TEMP_QUEUE: "/topic/",
        Domain.TEMP_TOPIC: "/topic/",
    },
    many="#",
    escaped=True,
    capabilities=False,
    apart=True,
    counts=False,
    durables=False,
    dynamic=False,
    lasting=True,
    plain=True,
)
_ARTEMIS = ("apache-activemq-artemis", "artemis")
_HASH = (*_ARTEMIS, "qpid")
_CONVERTS = (*_ARTEMIS, "activemq")


def dialect_of(properties: Mapping[Any, Any]) -> Dialect:
    """Return how to speak to the broker that has these properties in its open frame (AMQP 1.0 section 2.7.1).

    The prefixes C{queue-prefix} and C{topic-prefix} are ActiveMQ Classic's, which thereby writes what sort of
    node it is into every address.
    """
    told = {str(name): str(value) for name, value in properties.items()}
    product = told.get("product", "").lower()
    if product == "rabbitmq":
        return _RABBITMQ
    many = "#" if product.startswith(_HASH) else PLAIN.many
    converts, renames = product.startswith(_CONVERTS), product.startswith(_ARTEMIS)
    made = replace(PLAIN, many=many, converts=converts, renames=renames)
    queue, topic = told.get("queue-prefix", ""), told.get("topic-prefix", "")
    if not queue and not topic:
        return made
    prefixes = {Domain.QUEUE: queue, Domain.TOPIC: topic}
    prefixes |= {Domain.TEMP_QUEUE: f"temp-{queue}" if queue else ""}
    prefixes |= {Domain.TEMP_TOPIC: f"temp-{topic}" if topic else ""}
    return replace(made, prefixes=prefixes)


def product_of(properties: Mapping[Any, Any]) -> str:
    """Return the product and version of that broker, for the log; empty where it says nothing."""
    told = {str(name): str(value) for name, value in properties.items()}
    said = f"{told.get('product', '')} {told.get('version', '')}".strip()
    return "".join(each for each in said if each.isprintable())[:100]
