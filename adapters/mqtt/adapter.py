# -*- test-case-name: tests.adapters.mqtt.test_adapter -*-
"""The MQTT adapter and the properties of the service type mqtt.proxy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zope.interface import implementer

from kaazing.adapters.base import login_timeout, mechanism_faults
from kaazing.adapters.mqtt.opening import IDENTIFIERS
from kaazing.adapters.mqtt.session import MqttSession
from kaazing.interfaces.adapters import Front, IAdapter, IAdapterSession, Link
from kaazing.literals import Unreadable, bounded, choice, comma_list, integer, size, text
from kaazing.options import Option
from kaazing.wire.names import Pattern
from kaazing.wire.policy import Levels

_HIGHEST = 2**28 + 4  # bytes of a packet (MQTT 5 section 2.1.4)
_TOPICS = Levels("/", one=frozenset("+"), many=frozenset("#"), hidden="$")


def virtual_host(value: str) -> str:
    """Return text that fits before a user name (MQTT 5 section 1.5.4)."""
    if "\0" in value or len(text(value).encode()) > 1024:
        raise Unreadable("expected text of no more than 1024 bytes, without NUL")
    return value


def identifiers(value: str) -> tuple[Pattern, ...]:
    """Return the patterns of a comma list, with * for any run of characters and ? for one."""
    return tuple(IDENTIFIERS.rule(each, deny=False) for each in comma_list(value))


OPTIONS = (
    Option(
        name="virtual.host",
        read=virtual_host,
        doc="The virtual host of a RabbitMQ backend, put before the user name, a colon in between. A client"
        " without a user name, or with a colon in it, is refused then.",
    ),
    login_timeout("the backend's consent to the login (CONNACK)"),
    Option(
        name="mqtt.client.identifiers",
        read=identifiers,
        doc="Patterns, one of which a client's identifier has to match; commas in between, * for any run of"
        " characters, ? for one. Absent, any will do; without an identifier, so that the backend assigns one,"
        " a client is always let in.",
    ),
    Option(
        name="mqtt.maximum.packet.size",
        read=bounded(size, 1024, _HIGHEST),
        default=128 * 1024,
        doc="Longest packet taken from a client, bytes, its fixed header counted.",
    ),
    Option(
        name="mqtt.maximum.backend.packet.size",
        read=bounded(size, 1024, _HIGHEST),
        default=4 * 1024 * 1024,
        doc="Longest packet taken from the backend, bytes, its fixed header counted.",
    ),
    Option(
        name="mqtt.maximum.topic.length",
        read=bounded(size, 1, 65535),
        default=4 * 1024,
        doc="Longest topic name or topic filter, bytes, of either side.",
    ),
    Option(
        name="mqtt.maximum.properties",
        read=integer(1, 100_000),
        default=128,
        doc="Most properties of a packet of MQTT 5, of either side; those of a will are counted apart.",
    ),
    Option(
        name="mqtt.maximum.filters",
        read=integer(1, 100_000),
        default=1000,
        doc="Most topic filters in a SUBSCRIBE or UNSUBSCRIBE.",
    ),
    Option(
        name="mqtt.maximum.requests",
        read=integer(1, 65535),
        default=1000,
        doc="Most SUBSCRIBE and UNSUBSCRIBE of a client that the backend has not answered.",
    ),
    Option(
        name="mqtt.maximum.topic.aliases",
        read=integer(0, 65535),
        default=100,
        doc="Most topic aliases of a client of MQTT 5 where a policy restricts what it publishes; a higher"
        " Topic Alias Maximum of the backend is lowered.",
    ),
    Option(
        name="mqtt.amqp.topics",
        read=choice("refused", "allowed"),
        default="refused",
        doc="Under a policy, topics with a full stop, and filters with a full stop or an asterisk, which"
        " RabbitMQ takes for / and +: refused; or allowed, and judged as they stand, for brokers to which"
        " they mean nothing.",
    ),
)


@implementer(IAdapter)
class MqttAdapter:
    """See L{IAdapter}."""

    name = "mqtt"
    front = Front.STREAM
    subprotocols = ("mqtt", "mqttv3.1")
    options = OPTIONS
    operations: Mapping[str, Any] = {"publish": _TOPICS, "subscribe": _TOPICS}

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """See L{IAdapter.check}."""
        yield from mechanism_faults(options, "MQTT")
        if options["virtual.host"] is not None and ":" in (options.get("backend.username") or ""):
            yield "backend.username has a colon, which would end the virtual.host"

    def session(self, link: Link) -> IAdapterSession:
        """See L{IAdapter.session}."""
        return MqttSession(link)
