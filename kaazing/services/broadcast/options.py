# -*- test-case-name: tests.services.broadcast.test_options -*-
"""The properties of a broadcast service."""

from __future__ import annotations

from kaazing.literals import Unreadable, bounded, choice, integer, interval, networks, size, text, uri
from kaazing.options import Option


def milliseconds(value: str) -> float:
    """Return seconds, of an interval; a bare number is milliseconds, as in the original."""
    if value.isascii() and value.isdigit():
        return integer(0, 86_400_000)(value) / 1000
    return bounded(interval, 0.0, 86_400.0)(value)


def address(value: str) -> tuple[str, int]:
    """Return host and port of a tcp URI."""
    parts = uri(value)
    if (
        parts.scheme != "tcp"
        or not parts.host
        or parts.port is None
        or parts.path not in (None, "", "/")
        or parts.query is not None
        or parts.userinfo is not None
    ):
        raise Unreadable("expected tcp://host:port")
    return parts.host, parts.port


_FROM = "A JSON pointer (RFC 6901) for json, or for lines a regular expression, its first group if it has one"

OPTIONS = (
    Option(
        name="accept",
        read=address,
        doc="tcp://host:port to listen at for the backend, in place of a `<connect>`; it may connect several"
        " times.",
    ),
    Option(
        name="format",
        read=choice("opaque", "lines", "json"),
        default="opaque",
        doc="What one event is: a datagram, or what is read of a stream at once (opaque); a line of text that"
        " is not empty (lines); a JSON object (json).",
    ),
    Option(
        name="event.maximum.size",
        read=bounded(size, 1, 16 * 1024 * 1024),
        default=64 * 1024,
        doc="Longest line or JSON object, bytes; longer ones are dropped and counted, and the log says so.",
    ),
    Option(name="event.name", read=text, doc=f"Where in a payload the event's name stands. {_FROM}."),
    Option(
        name="event.id",
        read=text,
        doc=f"Where in a payload its id stands, in place of one of the gateway's. {_FROM}.",
    ),
    Option(
        name="event.key",
        read=text,
        doc=f"Where in a payload it stands what the event is about, for slow.receiver conflate. {_FROM}.",
    ),
    Option(
        name="source",
        read=networks,
        doc="Who may send datagrams: addresses and networks, with commas in between. Without it, this machine"
        " and the networks of the interface that the address is of.",
    ),
    Option(
        name="receive.buffer",
        read=bounded(size, 4096, 1024 * 1024 * 1024),
        default=8 * 1024 * 1024,
        doc="Bytes of datagrams that the system is asked to hold; it may give less (net.core.rmem_max).",
    ),
    Option(
        name="reconnect.delay",
        read=milliseconds,
        default=3.0,
        doc="How long to wait before the backend is connected to again, a bare number in milliseconds;"
        " doubled with each failure, up to a minute, and varied by a quarter. A connection that ends at"
        " once without a word is a failure too.",
    ),
    Option(
        name="on.client.message",
        read=choice("noop", "broadcast"),
        default="noop",
        doc="What becomes of a message of a client: nothing, or it is an event for all of them.",
    ),
    Option(
        name="log.events",
        read=integer(0, 10_000_000),
        default=1000,
        doc="Events kept for clients that come again.",
    ),
    Option(
        name="log.bytes",
        read=bounded(size, 0, 1024 * 1024 * 1024),
        default=1024 * 1024,
        doc="Bytes of them, about 200 for each counted besides its payload.",
    ),
    Option(name="log.age", read=interval, default=300.0, doc="How long they are kept; 0 for any time."),
    Option(
        name="slow.receiver",
        read=choice("drop-oldest", "conflate", "disconnect"),
        default="drop-oldest",
        doc="What is done with a client that takes less than comes: its oldest events are dropped; or a later"
        " event replaces a waiting one of the same event.key; or it is disconnected (1008).",
    ),
    Option(
        name="slow.bytes",
        read=bounded(size, 1024, 1024 * 1024 * 1024),
        default=1024 * 1024,
        doc="Bytes of events that may wait for one client, about 100 for each counted besides its payload.",
    ),
    Option(
        name="slow.age",
        read=interval,
        default=0.0,
        doc="How long an event may wait for a client; 0 for any time.",
    ),
    Option(
        name="coalesce",
        read=bounded(interval, 0.0, 10.0),
        default=0.001,
        doc="Time between two writes at least; events that come in between share the next one. 0: every event"
        " is written by itself.",
    ),
)
