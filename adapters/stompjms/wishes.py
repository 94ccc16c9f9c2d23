# -*- test-case-name: tests.adapters.stompjms.test_wishes -*-
"""What SUBSCRIBE and UNSUBSCRIBE ask for, in the words of the brokers that clients know.

docs/protocols/stomp-jms.md has the tables. What would change which messages a client gets and cannot be done
is refused, never passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from kaazing.adapters.stompjms.faults import Broken, Unserved, shown
from kaazing.interfaces.brokers import Destination, Domain
from kaazing.interfaces.servers import Subscribe
from kaazing.wire import destinations

ACKS = ("auto", "client", "client-individual")

Fields = Mapping[str, str]

_NUMBER = re.compile(r"[0-9]{1,9}")
_DURABLE_NAMES = (
    "activemq.subscriptionName",
    "activemq.subcriptionName",  # ActiveMQ's own misspelling of old, which it still takes
    "durable-subscription-name",
    "durable-subscriber-name",
)
_DURABLE_SWITCHES = ("persistent", "durable")
_REFUSED_SWITCHES = {
    "no-local": "all clients share the gateway's connection, so that a broker cannot tell a client's own"
    " messages from others; leave it out, and tell them apart by a property",
    "browser": "messages can be consumed only; leave it out",
    "exclusive": "the others of a queue are not the gateway's to turn away; leave it out",
}
_REFUSED = {
    "x-queue-name": "a queue is named by its destination: subscribe to /queue/NAME",
}
_ELSEWHERE = (
    ("/exchange/", "write /topic/ROUTING.KEY, or /queue/NAME for a queue that is bound to the exchange"),
    ("/amq/queue/", "write /queue/NAME"),
    ("/reply-queue/", "write the destination that was in the message's header reply-to"),
)
_KIBIBYTE = 1024


def destination(text: str) -> Destination:
    """Return what a destination means.

    Raises:
        Unserved: nothing here.
    """
    try:
        return _read(text)
    except ValueError as why:
        for start, remedy in _ELSEWHERE:
            if text.startswith(start):
                raise Unserved(f"{start} names something of RabbitMQ alone; {remedy}") from why
        raise Unserved(str(why)) from why


_read = lru_cache(1024)(destinations.read)


def one_destination(text: str) -> Destination:
    """Return what a destination without wildcards means; raises as L{destination}."""
    found = destination(text)
    if found.domain is Domain.TOPIC and destinations.is_pattern(found.name):
        raise Unserved(f"{shown(text)} has a wildcard; a message is sent to one destination")
    return found


def subscription(id: str, fields: Fields, most: int) -> Subscribe:
    """Return what a SUBSCRIBE frame asks for.

    Args:
        most: deliveries, where the client wants any number.

    Raises:
        Broken: a header is not as STOMP says.
        Unserved: it asks for what is not done here.
    """
    ack = fields.get("ack", "auto")
    if ack not in ACKS:
        raise Broken(f"ack is none of {', '.join(ACKS)}", "SUBSCRIBE ack Header")
    where = destination(fields["destination"])
    _refuse(fields, where.domain)
    prefetch = _prefetch(fields)
    return Subscribe(
        id=id,
        destination=where,
        selector=fields.get("selector", "").strip(),
        durable=durable_name(id, fields) if where.domain is Domain.TOPIC else "",
        acknowledges=ack != "auto",
        prefetch=most if prefetch == 0 else prefetch,
        receipt=fields.get("receipt"),
    )


def durable_name(id: str, fields: Fields) -> str:
    """Return the name of the durable subscription that is meant, empty where none is."""
    for name in _DURABLE_NAMES:
        if name in fields:
            return _durable(fields[name], name)
    if any(_on(fields.get(name)) for name in _DURABLE_SWITCHES):
        return _durable(id, "id")
    return ""


def _durable(value: str, header: str) -> str:
    if not value.strip():
        raise Unserved(f"header {header}: a durable subscription needs a name")
    return value


def _refuse(fields: Fields, domain: Domain) -> None:
    for name, why in _REFUSED_SWITCHES.items():
        if name == "exclusive" and domain is not Domain.QUEUE:  # of RabbitMQ's own queue for it, or no matter
            continue
        for spelling in (name, f"activemq.{'noLocal' if name == 'no-local' else name}"):
            if _on(fields.get(spelling)):
                raise Unserved(f"header {spelling}: {why}")
    for name, why in _REFUSED.items():
        if name in fields:
            raise Unserved(f"header {name}: {why}")


def _on(value: str | None) -> bool:
    return value is not None and value.strip().lower() == "true"


def _prefetch(fields: Fields) -> int | None:
    """Return how many deliveries may be out; 0 for any number, None where nothing is said."""
    if (value := fields.get("prefetch-count")) is not None:  # RabbitMQ
        return _number("prefetch-count", value)
    if (value := fields.get("activemq.prefetchSize")) is not None:  # ActiveMQ
        return _number("activemq.prefetchSize", value, least=1)
    if (value := fields.get("credit")) is not None:  # Apollo: messages, and bytes behind a comma
        messages, comma, size = value.partition(",")
        if comma:
            _number("credit", size)
        return _number("credit", messages, least=1)
    if (value := fields.get("consumer-window-size")) is not None:  # Artemis: bytes; -1 any, 0 one message
        if value.strip() == "-1":
            return 0
        return _number("consumer-window-size", value) // _KIBIBYTE or 1
    return None


def _number(name: str, value: str, least: int = 0) -> int:
    digits = value.strip()
    if not _NUMBER.fullmatch(digits) or int(digits) < least:
        raise Unserved(f"header {name}: expected a whole number from {least} on, not {shown(value)}")
    return int(digits)
