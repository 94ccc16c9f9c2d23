# -*- test-case-name: tests.config.test_sides -*-
"""Every option of <accept-options> and <connect-options>: its reader, its default, what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kaazing.config.elements import UNGUARDED
from kaazing.config.fates import Entry, Fate
from kaazing.config.ours import OURS
from kaazing.config.tls import ciphers, pins, protocols
from kaazing.literals import (
    blank_list,
    bounded,
    choice,
    comma_list,
    host,
    host_port,
    integer,
    interval,
    rate,
    size,
    switch,
    text,
    uri,
)

_BINDS = {
    "ws": " (and wse, wsn and wsx)",
    "wss": " (and wse+ssl, wsn+ssl and wsx+ssl)",
    "http": " (and ws and sse, where the service has no http accept)",
    "https": " (and wss and sse+ssl, where the service has no https accept)",
    "ssl": " (and https, wss and sse+ssl, where the service has no ssl accept)",
    "tcp": " (and all others, where the service has no tcp accept)",
}
"""Layer that an accept can be bound by -> what else it is for."""

_FOREIGN_BINDS = ("wsn", "wsx", "httpxe", "udp", "socks")
_TRANSPORTS = ("http", "tcp", "ssl", "pipe", "udp", "socks")
_VERIFY = choice("none", "optional", "required")
_TIME = bounded(interval, 0.1, 86400.0)

_NO_UDP = "Accepts are not over UDP, and connects send no datagrams."
_NO_SOCKS = "SOCKS is not there yet."


def _entry(
    place: str,
    name: str,
    fate: Fate,
    note: str,
    read: Callable[[str], Any],
    quiet: tuple[Any, ...] = (),
    **more: Any,
) -> Entry:
    return Entry(place=place, name=name, fate=fate, note=note, read=read, quiet=quiet, **more)


def _both(place: str) -> tuple[Entry, ...]:
    """What both sides have."""
    return (
        _entry(
            place,
            "ws.inactivity.timeout",
            Fate.KEPT,
            "Silence after which the other end is pinged and, when it stays silent, dropped; 0 for never.",
            interval,
            default="0",
        ),
        _entry(
            place,
            "ssl.ciphers",
            Fate.KEPT,
            "OpenSSL cipher string, or suites by OpenSSL or Java name, with commas in between; those of a"
            " TLS version that are not named stay as they are.",
            ciphers,
            default="those of OpenSSL",
        ),
        _entry(
            place,
            "ssl.protocols",
            Fate.KEPT,
            "TLSv1.2, TLSv1.3 or both; older ones are read and not spoken.",
            protocols,
            default="TLSv1.2,TLSv1.3",
        ),
        _entry(
            place,
            "ssl.encryption",
            Fate.KEPT,
            "Disabled: wss, https and ssl go in clear, because something in front does the TLS.",
            switch,
            default="enabled",
        ),
        *(
            _entry(
                place,
                f"{layer}.transport",
                Fate.REFUSED,
                "Transports cannot be replaced yet, and the bytes would take another way than the file says.",
                uri,
            )
            for layer in _TRANSPORTS
        ),
        _entry(
            place,
            "http.maximum.redirects",
            Fate.WARNED,
            "Redirects are not followed.",
            integer(0),
            (0,),
            default="0",
        ),
        _entry(place, "udp.padding.alignment", Fate.WARNED, _NO_UDP, integer(0), (0,), default="0"),
        _entry(
            place,
            "socks.mode",
            Fate.REFUSED,
            f"{_NO_SOCKS} In reverse mode an accept would be a connect.",
            choice("forward", "reverse"),
            ("forward",),
            default="forward",
        ),
        _entry(place, "socks.ssl.ciphers", Fate.WARNED, _NO_SOCKS, comma_list),
        _entry(place, "socks.ssl.protocols", Fate.WARNED, _NO_SOCKS, comma_list),
        _entry(
            place,
            "socks.ssl.verify-client",
            Fate.REFUSED,
            f"Verifying SOCKS peers {UNGUARDED}.",
            _VERIFY,
            ("none",),
            default="none",
        ),
    )


_A = "accept-options"
ACCEPT_OPTIONS: tuple[Entry, ...] = (
    *(
        _entry(
            _A,
            f"{layer}.bind",
            Fate.KEPT,
            f"Address really listened on for {layer} accepts{over}: `host:port`, `[IPv6]:port`,"
            " `@interface:port`, or `port`.",
            host_port,
            default="that of the accept",
        )
        for layer, over in _BINDS.items()
    ),
    *(
        _entry(
            _A,
            f"{layer}.bind",
            Fate.REFUSED,
            "This layer cannot be bound apart, and the port would be open elsewhere; write ws.bind, http.bind"
            " or tcp.bind.",
            host_port,
        )
        for layer in _FOREIGN_BINDS
    ),
    _entry(
        _A,
        "ws.maximum.message.size",
        Fate.KEPT,
        "Longest WebSocket message taken from a client (close code 1009); 0 for no limit.",
        size,
        default="128k",
    ),
    _entry(
        _A,
        "http.keepalive.timeout",
        Fate.KEPT,
        "Idle time before an HTTP connection is closed; ws.inactivity.timeout where only that is set.",
        _TIME,
        default="30 s",
    ),
    _entry(
        _A,
        "http.server.header",
        Fate.KEPT,
        "Whether responses carry a Server header.",
        switch,
        default="enabled",
    ),
    *OURS,
    _entry(
        _A, "http.realm", Fate.KEPT, "As `<realm-name>`; several are refused: one alone is asked.", blank_list
    ),
    _entry(_A, "tcp.realm", Fate.KEPT, "The name that stands in `<realm-name>`, or nothing.", text),
    _entry(
        _A,
        "ssl.verify-client",
        Fate.KEPT,
        "Whether clients are asked for a certificate: none, optional or required; needs a truststore or"
        " ssl.ca-file.",
        _VERIFY,
        default="none",
    ),
    _entry(
        _A,
        "ssl.ca-file",
        Fate.KEPT,
        "PEM file of the authorities that clients' certificates must come from, in place of the truststore.",
        text,
        ours=True,
    ),
    _entry(
        _A,
        "ssl.crl-file",
        Fate.KEPT,
        "PEM file of lists of revoked client certificates, one of each authority; a client whose authority's"
        " list is missing or overdue is refused.",
        text,
        ours=True,
    ),
    _entry(
        _A,
        "ssl.certificate-file",
        Fate.KEPT,
        "PEM file with the certificate and its chain, in place of the keystore.",
        text,
        ours=True,
    ),
    _entry(
        _A,
        "ssl.key-file",
        Fate.KEPT,
        "PEM file with the private key, where it is not in ssl.certificate-file.",
        text,
        ours=True,
    ),
    _entry(
        _A,
        "tcp.maximum.outbound.rate",
        Fate.REFUSED,
        f"Limiting rates {UNGUARDED}.",
        rate,
        (0,),
        default="unlimited",
    ),
    _entry(_A, "udp.interface", Fate.WARNED, _NO_UDP, text),
    _entry(_A, "socks.retry.maximum.interval", Fate.WARNED, _NO_SOCKS, interval),
    *_both(_A),
)

_C = "connect-options"
CONNECT_OPTIONS: tuple[Entry, ...] = (
    _entry(
        _C,
        "connect.timeout",
        Fate.KEPT,
        "Longest time a connect may take, handshakes included.",
        _TIME,
        default="10 s",
        ours=True,
    ),
    _entry(
        _C,
        "ssl.verify-server",
        Fate.KEPT,
        "Whether a server's certificate must be trusted and name the host; disabled is a warning at start,"
        " unless ssl.pin says whom to trust.",
        switch,
        default="enabled",
        ours=True,
    ),
    _entry(
        _C,
        "ssl.pin",
        Fate.KEPT,
        "`sha256/BASE64` of the server's public key (RFC 7469), several with commas in between: one of them"
        " must be the server's, besides what ssl.verify-server asks.",
        pins,
        default="any key",
        ours=True,
    ),
    _entry(
        _C,
        "ssl.ca-file",
        Fate.KEPT,
        "PEM file of the authorities to trust in place of the system's.",
        text,
        default="those of the system",
        ours=True,
    ),
    _entry(
        _C,
        "ssl.certificate-file",
        Fate.KEPT,
        "PEM file with the certificate and its chain that is shown to a backend which asks for one.",
        text,
        ours=True,
    ),
    _entry(
        _C,
        "ssl.key-file",
        Fate.KEPT,
        "PEM file with the private key, where it is not in ssl.certificate-file.",
        text,
        ours=True,
    ),
    _entry(
        _C,
        "ssl.server-name",
        Fate.KEPT,
        "Name to ask for (SNI) and to verify in place of the host of the connect.",
        host,
        default="the host of the connect",
        ours=True,
    ),
    _entry(
        _C,
        "proxy.protocol",
        Fate.KEPT,
        "PROXY header that connections to a TCP, TLS or WebSocket backend begin with, before TLS: v1, or v2,"
        " which says more of the client's TLS; none for none.",
        choice("none", "v1", "v2"),
        default="none",
        ours=True,
    ),
    _entry(
        _C,
        "starttls",
        Fate.KEPT,
        "Protocol in which a tcp backend of type proxy is asked for TLS before the client hears of it: imap,"
        " pop3 or smtp; a backend that does not consent is not used. none for no TLS.",
        choice("none", "imap", "pop3", "smtp"),
        default="none",
        ours=True,
    ),
    _entry(
        _C,
        "ssl.verify-client",
        Fate.WARNED,
        "A connect has no clients; ssl.verify-server is what you may look for.",
        _VERIFY,
        ("none",),
        default="none",
    ),
    _entry(
        _C,
        "ws.version",
        Fate.REFUSED,
        "Only RFC 6455 is spoken; draft-75 is gone from every server in use.",
        choice("rfc6455", "draft-75"),
        ("rfc6455",),
        default="rfc6455",
    ),
    _entry(
        _C,
        "http.keepalive",
        Fate.KEPT,
        "Whether connections to an HTTP backend are kept for further requests.",
        switch,
        default="enabled",
    ),
    _entry(
        _C,
        "http.keepalive.timeout",
        Fate.KEPT,
        "How long an idle connection to an HTTP backend is kept.",
        _TIME,
        default="30 s",
    ),
    _entry(
        _C,
        "http.keepalive.connections",
        Fate.KEPT,
        "How many idle connections to an HTTP backend are kept.",
        integer(1, 10_000),
        default="2",
    ),
    _entry(
        _C,
        "udp.interface",
        Fate.KEPT,
        "Network interface, by name or address, on which a multicast group is joined.",
        text,
        default="the system's choice",
    ),
    _entry(
        _C,
        "http.max.authentication.attempts",
        Fate.WARNED,
        "Nobody answers a 401 of a backend but the client; it passes.",
        integer(0),
        (0,),
        default="0",
    ),
    _entry(_C, "socks.timeout", Fate.WARNED, _NO_SOCKS, interval),
    *_both(_C),
)
