# -*- test-case-name: tests.adapters.amqp.test_adapter -*-
"""The AMQP adapter and the properties of the service type amqp.proxy; both versions have them in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zope.interface import implementer

from kaazing.adapters.amqp.session import VERSIONS, AmqpSession
from kaazing.adapters.base import login_timeout
from kaazing.interfaces.adapters import Front, IAdapter, IAdapterSession, Link
from kaazing.literals import Unreadable, bounded, choice, comma_list, integer, size, text
from kaazing.options import Option
from kaazing.wire.policy import Levels

_HIGHEST = 2**31 - 1  # of a frame size


def short_string(value: str) -> str:
    """Return text that fits a short string (AMQP 0-9-1 section 4.2.5.3): at most 255 bytes."""
    if len(text(value).encode()) > 255:
        raise Unreadable("expected at most 255 bytes")
    return value


def spoken(value: str) -> tuple[str, ...]:
    """Return the versions of a comma list, each once."""
    return tuple(dict.fromkeys(choice(*VERSIONS)(each) for each in comma_list(value)))


OPTIONS = (
    Option(
        name="amqp.versions",
        read=spoken,
        default=VERSIONS,
        doc="The versions that clients may speak, 0-9-1 and 1.0; commas in between. Where any policy stands,"
        " it has to be one of them, since each has names of its own.",
    ),
    Option(
        name="virtual.host",
        read=short_string,
        doc="The virtual host of the backend, in place of the client's (connection.open of 0-9-1; in 1.0"
        " hostname of open becomes vhost:NAME, as RabbitMQ reads it).",
    ),
    login_timeout("the backend's consent to it (open-ok of 0-9-1, open of 1.0)"),
    Option(
        name="amqp.maximum.frame.size",
        read=bounded(size, 4096, _HIGHEST),
        default=128 * 1024,
        doc="Longest frame of either side, bytes, its head counted: client and backend are made to agree on"
        " no more (frame-max of tune, max-frame-size of open).",
    ),
    Option(
        name="amqp.maximum.opening.frame.size",
        read=bounded(size, 512, 1024 * 1024),
        default=4096,
        doc="Longest frame of either side before they have agreed on a size, bytes; more where clients"
        " log in with long tokens.",
    ),
    Option(
        name="amqp.maximum.channels",
        read=integer(1, 65535),
        default=2047,
        doc="Highest channel number: client and backend are made to agree on no more.",
    ),
    Option(
        name="amqp.maximum.depth",
        read=integer(1, 100),
        default=16,
        doc="Deepest nesting of tables, arrays, lists and maps in each other, of either side.",
    ),
    Option(
        name="amqp.maximum.entries",
        read=integer(1, 1_000_000),
        default=4096,
        doc="Most values in the tables, arrays, lists and maps of one frame, those within others counted.",
    ),
    Option(
        name="amqp.maximum.links",
        read=integer(1, 65535),
        default=1024,
        doc="AMQP 1.0: most links that either end may have attached, in all sessions together; client and"
        " backend are made to agree on no more in each (handle-max of begin).",
    ),
    Option(
        name="amqp.hostname",
        read=short_string,
        doc="AMQP 1.0: hostname of open, in place of the client's, for backends that do not read it as"
        " RabbitMQ does; virtual.host gives vhost:NAME.",
    ),
)


@implementer(IAdapter)
class AmqpAdapter:
    """See L{IAdapter}."""

    name = "amqp"
    front = Front.STREAM
    subprotocols = ("amqp", "AMQPWSB10")
    options = OPTIONS
    operations = dict.fromkeys(
        ("publish", "consume", "bind", "declare"), Levels("/.", one=frozenset("*"), many=frozenset("#"))
    )

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """See L{IAdapter.check}."""
        if options["amqp.maximum.opening.frame.size"] > options["amqp.maximum.frame.size"]:
            yield "amqp.maximum.opening.frame.size is more than amqp.maximum.frame.size"
        if options.get("policy") and len(options["amqp.versions"]) > 1:
            yield (
                "a policy is for one version of AMQP, and clients may choose between two with names of their"
                " own; set amqp.versions to 0-9-1 or to 1.0, and have another service for the other"
            )

    def session(self, link: Link) -> IAdapterSession:
        """See L{IAdapter.session}."""
        return AmqpSession(link)
