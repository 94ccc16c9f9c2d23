# -*- test-case-name: tests.config.test_ours -*-
"""The <accept-options> that the original does not have: compression, emulation, events, proxies in front."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kaazing.config.fates import Entry, Fate
from kaazing.literals import bounded, integer, interval, networks, rate, size, switch

_MOST = 10_000_000


def _excepted(value: str) -> Any:
    """Return networks; none where the text says "none"."""
    return () if value == "none" else networks(value)


def _ours(name: str, note: str, read: Callable[[str], Any], default: str) -> Entry:
    return Entry(
        place="accept-options", name=name, fate=Fate.KEPT, note=note, read=read, default=default, ours=True
    )


OURS: tuple[Entry, ...] = (
    _ours(
        "ws.compression",
        "Whether permessage-deflate (RFC 7692) is agreed to where the client offers it.",
        switch,
        default="disabled",
    ),
    _ours(
        "ws.compression.context.takeover",
        "Whether a message may refer to those before it: smaller messages, but a window is kept for each"
        " connection and direction.",
        switch,
        default="disabled",
    ),
    _ours(
        "ws.compression.window.bits",
        "Largest window: 2 to the power of this in bytes, from 9 to 15.",
        integer(9, 15),
        default="11",
    ),
    _ours(
        "ws.compression.maximum.ratio",
        "How many times its compressed size a message of more than 64 KiB may have (close code 1009).",
        integer(1, 1100),
        default="100",
    ),
    _ours(
        "wse.specification",
        "Enabled: emulation keeps to its specification, sequence numbers wanted; disabled: old clients come"
        " in too.",
        switch,
        default="disabled",
    ),
    _ours(
        "sse.retry",
        "How long a browser waits before it comes again for events.",
        bounded(interval, 0.001, 86400.0),
        default="3 s",
    ),
    _ours(
        "sse.heartbeat",
        "Silence after which a comment is sent to those who wait for events; 0 for never.",
        interval,
        default="30 s",
    ),
    _ours(
        "sse.padding",
        "Bytes of comment that an event stream begins with, for what buffers the first bytes.",
        bounded(size, 0, 65536),
        default="0",
    ),
    _ours(
        "proxy.trusted",
        "Addresses and networks of proxies in front, with commas in between; what they say of the client in"
        " X-Forwarded-For, -Proto, -Host and -Port, in Forwarded where none of those stands, or in a PROXY"
        " header, is believed.",
        networks,
        default="none",
    ),
    _ours(
        "proxy.protocol",
        "Enabled: the proxies of proxy.trusted begin each connection with a PROXY header, version 1 or 2.",
        switch,
        default="disabled",
    ),
    _ours(
        "maximum.connections",
        "Connections that the address of the accept has at once; 0: as many as there are descriptors for."
        " One more is answered with 503, or closed.",
        integer(0, _MOST),
        default="0",
    ),
    _ours(
        "maximum.connections.per.address",
        "Those of one client address, or one /64 network of IPv6; 0 for any number. One more is answered with"
        " 429, or closed.",
        integer(0, _MOST),
        default="1000",
    ),
    _ours(
        "maximum.connections.per.user",
        "WebSockets, event streams and TCP connections of one user of the realm at the service; 0 for any"
        " number. One more is answered with 429, or closed.",
        integer(0, _MOST),
        default="1000",
    ),
    _ours(
        "maximum.connection.rate",
        "New connections that the address of the accept takes in a second; 0 for any number. Others wait.",
        integer(0, _MOST),
        default="0",
    ),
    _ours(
        "maximum.connection.rate.per.address",
        "Those of one client address, or one /64 network of IPv6; 0 for any number. One more is answered with"
        " 429, or closed.",
        integer(0, _MOST),
        default="100",
    ),
    _ours(
        "unlimited.addresses",
        "Addresses and networks, with commas in between, that the two limits of one address are not for;"
        " none for nobody.",
        _excepted,
        default="127.0.0.0/8,::1",
    ),
    _ours(
        "client.message.rate",
        "Messages a second that a client may send, after a first second's worth at once; 0: any number. One"
        " that sends more is not read until it may.",
        integer(0, _MOST),
        default="0",
    ),
    _ours(
        "client.byte.rate",
        "Bytes of messages a second that a client may send, as 64KiB/s; likewise.",
        rate,
        default="0B/s",
    ),
)
