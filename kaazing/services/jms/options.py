# -*- test-case-name: tests.services.jms.test_options -*-
"""The properties of a jms service that are its own, and what its clients are held to by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kaazing.interfaces.brokers import Destination, Domain
from kaazing.literals import Unreadable, bounded, choice, integer, interval, size, text
from kaazing.options import Option
from kaazing.services.jms.durables import durable_form, pattern
from kaazing.wire import destinations


def queue_or_topic(value: str) -> Destination:
    """Return a destination to which messages can be sent for good."""
    try:
        read = destinations.read(value)
    except ValueError as why:
        raise Unreadable(str(why)) from None
    if read.domain not in (Domain.QUEUE, Domain.TOPIC) or destinations.is_pattern(read.name):
        raise Unreadable("expected /queue/NAME or /topic/NAME")
    return read


_MOST = 100_000  # deliveries that may be out, or messages under way, of one subscription or client

CONNECTION = (
    Option(
        name="connection.strategy",
        read=choice("shared", "per-user"),
        default="shared",
        doc="Whose connections to the broker there are: connection.count for all clients (shared), or as many"
        " for each login at the broker (per-user): that of backend.login, or else what the client says in"
        " CONNECT.",
    ),
    Option(
        name="connection.count",
        read=integer(1, 100),
        default=1,
        doc="Connections to the broker.",
    ),
    Option(
        name="connection.security.principal",
        read=text,
        doc="The login at the broker that all clients share, in place of one in the <connect>.",
    ),
    Option(
        name="connection.security.credentials",
        read=text,
        secret=True,
        doc="Its password.",
    ),
    Option(
        name="connection.client.id",
        read=text,
        doc="What the gateway calls itself at the broker, to which durable subscriptions belong there; it"
        " must be another for each gateway. Absent: kaazing- and the name of the service.",
    ),
    Option(
        name="connection.users",
        read=integer(1, 100_000),
        default=1000,
        doc="Most logins at the broker at a time, with connection.strategy per-user.",
    ),
    Option(
        name="connection.linger",
        read=bounded(interval, 0.0, 86_400.0),
        default=30.0,
        doc="How long the connections of a user are kept when the last client has gone, with"
        " connection.strategy per-user.",
    ),
    Option(
        name="reconnect.delay",
        read=bounded(interval, 0.0, 86_400.0),
        default=5.0,
        doc="How long to wait before the broker is connected to again; doubled with each failure, up to a"
        " minute, and varied.",
    ),
    Option(
        name="backend.login",
        read=choice("stored", "sealed", "any"),
        doc="Take the login of each user at the broker from the <keyring>, as NAME.proxy does; for"
        " connection.strategy per-user.",
    ),
    Option(
        name="connect.login",
        read=choice("realm", "ignored"),
        doc="What becomes of login and passcode in CONNECT: the service's realm is asked about them, in place"
        " of the door (realm), or nobody (ignored). Absent: they are passed to the broker with"
        " connection.strategy per-user and without backend.login, and otherwise ignored, which is said once"
        " at the start.",
    ),
)

_PENDING = "Most deliveries of a subscription that are out and not acknowledged; a client that wants to have"

CLIENTS = (
    Option(
        name="prefetch.count",
        read=integer(1, _MOST),
        default=100,
        doc="Deliveries of a queue or a durable subscription that may be out and not acknowledged, where the"
        " client does not say how many.",
    ),
    Option(
        name="maximum.pending.acknowledgments",
        read=integer(1, _MOST),
        default=1000,
        doc=f"{_PENDING} more has so many.",
    ),
    Option(
        name="queue.maximum.pending.acknowledgments",
        read=integer(1, _MOST),
        doc="The same, for queues alone.",
    ),
    Option(
        name="durable.maximum.pending.acknowledgments",
        read=integer(1, _MOST),
        doc="The same, for durable subscriptions alone.",
    ),
    Option(
        name="maximum.pending.bytes",
        read=bounded(size, 64 * 1024, 1024**4),
        default=64 * 1024 * 1024,
        doc="Most bytes of deliveries of a client, on all its subscriptions together, that it has not"
        " acknowledged, or that its connection has not taken; with more than one message and more bytes it is"
        " disconnected, and they go back.",
    ),
    Option(
        name="maximum.pending.sends",
        read=integer(1, _MOST),
        default=100,
        doc="Most messages of a client that the broker has not taken yet; the client is not read until it"
        " has.",
    ),
    Option(
        name="maximum.temporary.destinations",
        read=integer(0, 10_000),
        default=100,
        doc="Most temporary queues and topics of a client.",
    ),
    Option(
        name="maximum.selector.words",
        read=integer(100, 10_000_000),
        default=10_000,
        doc="Most words (names, values, operators and brackets) in the selectors of all subscriptions of a"
        " client together; a LIKE with _ between two % in its pattern counts for 1,000.",
    ),
    Option(
        name="client.durable.name.format",
        read=durable_form,
        doc="What a durable subscription is called at the broker: %s@%s as in the original, client id and"
        " name (%1$s, %2$s), or with $${user}, $${clientid} and $${name} in it. Absent:"
        " $${user}:$${clientid}:$${name} where the client has a user, else $${clientid}:$${name}.",
    ),
    Option(
        name="anonymous.clientid.pattern",
        read=pattern("user"),
        doc="Client id of clients that name none, with $${user} in it. Absent: the user, and without one no"
        " durable subscription.",
    ),
    Option(
        name="maximum.redeliveries",
        read=integer(-1, 1_000_000),
        default=6,
        doc="How often a message that failed is delivered again, until it goes to dead.letter.destination; -1"
        " for any number.",
    ),
    Option(
        name="dead.letter.destination",
        read=queue_or_topic,
        default=Destination(Domain.QUEUE, "DLQ"),
        doc="Where such messages go, if the broker has no place for them itself; with the properties"
        " dead_letter_from and dead_letter_reason.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """What all clients of a service are held to.

    Attributes:
        prefetch: deliveries that may be out where the client does not say.
        queue_pending, durable_pending, topic_pending: most of one subscription.
        pending_bytes: most of all deliveries of one client that are out.
        pending_sends: most messages of a client that the broker has not taken.
        temporaries: most of one client.
        selector_words: most of one client, as L{kaazing.wire.selectors.Selector.cost} counts them.
        durable_form, client_id_form: see L{CLIENTS}; empty for none.
    """

    prefetch: int = 100
    queue_pending: int = 1000
    durable_pending: int = 1000
    topic_pending: int = 1000
    pending_bytes: int = 64 * 1024 * 1024
    pending_sends: int = 100
    temporaries: int = 100
    selector_words: int = 10_000
    durable_form: str = ""
    client_id_form: str = ""

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> ClientOptions:
        """Return those of a service's properties."""
        most = properties["maximum.pending.acknowledgments"]
        return cls(
            prefetch=properties["prefetch.count"],
            queue_pending=properties["queue.maximum.pending.acknowledgments"] or most,
            durable_pending=properties["durable.maximum.pending.acknowledgments"] or most,
            topic_pending=most,
            pending_bytes=properties["maximum.pending.bytes"],
            pending_sends=properties["maximum.pending.sends"],
            temporaries=properties["maximum.temporary.destinations"],
            selector_words=properties["maximum.selector.words"],
            durable_form=properties["client.durable.name.format"] or "",
            client_id_form=properties["anonymous.clientid.pattern"] or "",
        )

    def window(self, wished: int | None, most: int) -> int:
        """Return how many deliveries of a subscription may be out.

        Args:
            wished: by the client; None where it said nothing, 0 for any number.
        """
        return min(self.prefetch if wished is None else wished or most, most)


def faults(properties: Mapping[str, Any], *, realm: bool, credentials: bool) -> Iterable[str]:
    """Return sentences, each a fault that looking at the properties one by one cannot see.

    Args:
        realm: whether the service has one.
        credentials: whether a <connect> has a login.
    """
    each = properties["connection.strategy"] == "per-user"
    principal = properties["connection.security.principal"]
    if properties["connection.security.credentials"] is not None and principal is None:
        yield "connection.security.credentials stands without connection.security.principal"
    if principal is not None and credentials:
        yield "connection.security.principal stands beside a login in <connect>; leave one out"
    if each and (principal is not None or credentials):
        yield "connection.strategy per-user has the login of each user, but one for all stands there"
    if properties["backend.login"] is not None and not each:
        yield "backend.login needs connection.strategy per-user"
    if properties["connect.login"] == "realm" and not realm:
        yield "connect.login realm needs a <realm-name> beside it"
    if each and properties["backend.login"] is None and properties["connect.login"] == "ignored":
        yield "connection.strategy per-user has no logins: write backend.login, or leave connect.login out"
