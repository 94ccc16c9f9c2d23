# -*- test-case-name: tests.config.test_original -*-
"""The one table of the original's language; the reader and docs/migrating-from-kaazing.md are led by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kaazing.config.elements import ELEMENTS
from kaazing.config.fates import Entry, Fate
from kaazing.config.names import domain
from kaazing.config.sides import ACCEPT_OPTIONS, CONNECT_OPTIONS
from kaazing.literals import choice, integer, interval, text

NAMESPACES: Mapping[str, str] = {
    "http://xmlns.kaazing.org/2016/06/gateway": "2016/06",
    "http://xmlns.kaazing.org/2015/11/gateway": "2015/11",
    "http://xmlns.kaazing.org/2014/09/gateway": "2014/09",
    "http://xmlns.kaazing.com/2012/09/gateway": "2012/09",
    "http://xmlns.kaazing.com/2012/08/gateway": "2012/08",
    "http://xmlns.kaazing.com/2012/03/gateway": "2012/03",
    "http://xmlns.kaazing.com/gateway-config/excalibur": "excalibur",
    "http://xmlns.kaazing.com/gateway-config/dragonfire": "dragonfire",
}
"""Namespace of a file -> its short name, newest first."""

_SINCE_2015 = frozenset(("2016/06", "2015/11"))
_RENAMED = {"auth-constraint": "authorization-constraint"}

_NOT_YET = "This type is not there yet."


def today(name: str, version: str) -> str:
    """Return an element's name of today: C{tls.*} is C{ssl.*}, and files before 2015 have older names."""
    if name.startswith("tls."):
        return "ssl." + name[4:]
    return name if version in _SINCE_2015 else _RENAMED.get(name, name)


def _types(fate: Fate, *pairs: tuple[str, str]) -> tuple[Entry, ...]:
    return tuple(Entry(place="type", name=name, fate=fate, note=note, read=text) for name, note in pairs)


TYPES = (
    *_types(
        Fate.KEPT,
        ("echo", "Sends every message back."),
        ("proxy", "Passes everything on, both ways."),
        ("directory", "Serves files."),
        ("http.proxy", "Passes HTTP requests on."),
        ("http.redirect", "Sends requests elsewhere."),
        ("broadcast", "Tells every client what one backend says."),
        ("amqp.proxy", "Passes AMQP on, checked; 1.0 as well as 0-9-1."),
        (
            "jms",
            "Is a STOMP server in front of a message broker; its connect names the broker, as"
            " amqp://broker.example, in place of JNDI.",
        ),
    ),
    *_types(
        Fate.REFUSED,
        ("balancer", _NOT_YET),
        (
            "jms.proxy",
            "Write jms with connection.strategy per-user: its clients have connections of their own.",
        ),
        ("ibmmq", "Not planned; reach the queue manager through its STOMP or AMQP listener."),
        ("redis", _NOT_YET),
        ("turn.rest", "Not planned; use the REST interface of a TURN server such as coturn."),
        ("turn.proxy", "Not planned; run a TURN server such as coturn."),
        ("kerberos5.proxy", "Not planned; a proxy that connects to tcp://kdc:88 does the same."),
        ("management.jmx", f"{_NOT_YET} It will be management, without Java."),
        ("management.snmp", "Removed from the original as well. It will be management, over HTTP."),
        ("session", "Removed from the original as well; remove the service."),
        ("update.check", "This gateway calls nobody; remove the service."),
        (
            "class:...",
            "Classes of Java cannot be loaded; write a type or an adapter in Python (docs/adapters.md).",
        ),
    ),
)


def _property(
    place: str,
    name: str,
    fate: Fate,
    note: str,
    read: Callable[[str], Any] = text,
    quiet: tuple[Any, ...] = (),
) -> Entry:
    return Entry(place=place, name=name, fate=fate, note=note, read=read, many=True, quiet=quiet)


_OF_JAVA = "What it sets belongs to Java and JNDI, or is done by itself."
_WITHOUT_JAVA = (
    *("connection.factory.name", "context.lookup.topic.format", "context.lookup.queue.format"),
    "env.*",  # java.naming.factory.initial, java.naming.provider.url, and whatever a provider's factory reads
    *("destination.strategy", "send.session.count", "send.transaction.size"),
    *("topic.session.count", "queue.session.count", "consumer.strategy"),
    *("conflation.strategy", "conflation.threshold", "maximum.conflation.cache.size"),
    *("message.delivery.strategy", "message.header.expiration", "message.header.timestamp"),
    *("message.header.messageID", "jmsx.defined.properties", "provider.specific.properties"),
    *("wildcard.separator", "wildcard.any.child", "wildcard.any.descendent"),
    *("application.id", "user.id.resolver"),
    *("durable.retry.timeout", "durable.redelivery.scope", "queue.redelivery.scope"),
    *(f"{kind}.session.acknowledge.{what}" for kind in ("durable", "queue") for what in ("mode", "scope")),
)

EVERY = "every type"
PROPERTIES = (
    _property(
        EVERY,
        "service.domain",
        Fate.KEPT,
        "Domain whose hosts share the session cookie of a realm with authorization-mode recycle; an address,"
        " or one word as localhost: the cookie is for the host alone.",
        domain,
    ),
    _property(
        EVERY,
        "encryption.key.alias",
        Fate.WARNED,
        "Session cookies are sealed under the gateway's own keys, those of <keyring>.",
    ),
    *(
        _property(
            EVERY,
            name,
            Fate.REFUSED,
            "Nobody logs in there for a client; write the login module gss, or callback, in the realm that"
            " <realm-name> names.",
        )
        for name in ("authentication.connect", "authentication.identifier")
    ),
    _property(EVERY, "accept", Fate.KEPT, "As `<accept>` of the service, in files of old."),
    _property(EVERY, "connect", Fate.KEPT, "As `<connect>` of the service, in files of old."),
    _property(
        "proxy",
        "maximum.recovery.interval",
        Fate.WARNED,
        "An unreachable backend is not looked after; each client is told when its own connect fails.",
        interval,
        (0.0,),
    ),
    _property(
        "proxy",
        "prepared.connection.count",
        Fate.WARNED,
        "The backend is connected to when a client comes.",
        integer(0),
        (0,),
    ),
    _property(
        "proxy",
        "connect.strategy",
        Fate.WARNED,
        "The backend is connected to when a client comes.",
        choice("immediate", "prepared", "deferred"),
        ("immediate",),
    ),
    _property(
        "proxy",
        "internal.maximum.transferred.bytes",
        Fate.WARNED,
        "A test aid of the original; nothing stops after so many bytes.",
        integer(-1),
        (-1,),
    ),
    *(
        Entry(place="jms", name=name, fate=Fate.WARNED, note=_OF_JAVA, read=text, many=True, together=True)
        for name in _WITHOUT_JAVA
    ),
    _property(
        "jms",
        "connection.security.credentials.key",
        Fate.REFUSED,
        "Only the original decrypts what it has encrypted; write the password itself, or ${NAME} for it.",
    ),
    _property(
        "jms",
        "authorization.factory",
        Fate.REFUSED,
        "Classes of Java cannot be loaded; write <policy> for what clients may send to and subscribe to.",
    ),
    _property(
        "jms",
        "authentication.realm",
        Fate.REFUSED,
        "Write <realm-name> in the service, and connect.login realm where STOMP's CONNECT carries the login.",
    ),
)

TABLE: tuple[Entry, ...] = (*ELEMENTS, *ACCEPT_OPTIONS, *CONNECT_OPTIONS, *TYPES, *PROPERTIES)
"""All of it."""


def entries(place: str) -> dict[str, Entry]:
    """Return what may stand in a place, by name."""
    return _BY_PLACE.get(place, {})


_BY_PLACE: dict[str, dict[str, Entry]] = {}
for _entry in TABLE:
    _BY_PLACE.setdefault(_entry.place, {})[_entry.name] = _entry
