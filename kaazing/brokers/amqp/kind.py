# -*- test-case-name: tests.brokers.amqp.test_kind -*-
"""The sort of broker C{amqp}: RabbitMQ, and others that speak AMQP 0-9-1 with its extensions."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks
from zope.interface import implementer

from kaazing.brokers import names
from kaazing.config.model import Uri
from kaazing.errors import BrokerLost
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.brokers import Features, IBrokerType, Post
from kaazing.literals import integer, switch, text
from kaazing.options import Option

TIMEOUT = 30.0
"""Seconds until there is a connection, or none."""

MECHANISMS = (None, "PLAIN", "EXTERNAL")


@implementer(IBrokerType)
class AmqpType:
    """See L{IBrokerType}."""

    name = "amqp"
    schemes: Mapping[str, int] = MappingProxyType({"amqp": 5672, "amqps": 5671})
    features = Features()
    doc = (
        "RabbitMQ over AMQP 0-9-1. The path of the URI is the virtual host, as in amqp://host/%2Fshop; none"
        ' is "/". Without a login amqp:// is guest, and amqps:// who the certificate says (EXTERNAL).'
    )
    options = (
        Option(
            name="amqp.topic.exchange",
            read=text,
            default="amq.topic",
            doc="The exchange, of type topic, of whose routing keys topics are the names.",
        ),
        Option(
            name="amqp.queue.declare",
            read=switch,
            default=True,
            doc="Whether a queue that is sent or subscribed to, and is not there, is made, durable; otherwise"
            " the client gets an error.",
        ),
        Option(
            name="amqp.queue.priorities",
            read=integer(0, 9),
            default=0,
            doc="Priorities that a queue which is made tells apart (x-max-priority), 0 for none: each costs"
            " memory.",
        ),
    )

    def check(self, uri: Uri) -> Iterator[str]:
        """See L{IBrokerType}."""
        yield from names.faults(uri)
        if len((names.virtual_host(uri) or "").encode()) > 255:
            yield "a virtual host has 255 bytes at most"
        if uri.query:
            yield "the URI of an AMQP broker has no query; there are properties for what is to be set"

    @inlineCallbacks
    def connect(self, uri: Uri, login: Login | None, post: Post) -> Generator[Deferred[Any], Any, Any]:
        """See L{IBrokerType}."""
        from kaazing.brokers.amqp.connection import Connection, parameters
        from kaazing.brokers.amqp.declarations import Rules
        from kaazing.brokers.amqp.link import Link

        secure, started = uri.scheme == "amqps", post.clock.seconds()
        way = replace(uri, scheme="ssl" if secure else "tcp", path="", query="", credentials=None)
        channel = yield post.dial(way)
        properties = post.properties
        params = parameters(names.virtual_host(uri) or "/", login, secure, post.client_id)
        connection = Connection(channel, params, post.clock, post.complain)
        left = max(0.0, TIMEOUT - (post.clock.seconds() - started))
        late = post.clock.callLater(left, connection.abort)
        try:
            yield connection.ready
            rules = Rules(
                exchange=properties["amqp.topic.exchange"],
                declare=properties["amqp.queue.declare"],
                priorities=properties["amqp.queue.priorities"],
            )
            link = Link(connection, rules, post)
            yield link.open()
        except BaseException:
            connection.abort()
            if not late.active():
                raise BrokerLost(f"the broker has not answered in {TIMEOUT:g} seconds") from None
            raise
        finally:
            if late.active():
                late.cancel()
        return link
