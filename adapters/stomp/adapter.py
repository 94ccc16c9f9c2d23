# -*- test-case-name: tests.adapters.stomp.test_adapter -*-
"""The STOMP adapter and the properties of the service type stomp.proxy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from zope.interface import implementer

from kaazing.adapters.base import login_timeout, mechanism_faults
from kaazing.adapters.stomp.permits import SEND, SUBSCRIBE
from kaazing.adapters.stomp.session import StompSession
from kaazing.interfaces.adapters import Front, IAdapter, IAdapterSession, Link
from kaazing.literals import Unreadable, bounded, integer, size, text
from kaazing.options import Option
from kaazing.wire.policy import Grammar, Levels

UNSPEAKABLE = "[\0\n\r]"
"""What no header of a CONNECT frame can contain, which knows no escapes (STOMP 1.2, Value Encoding)."""

DESTINATIONS = Levels("/.", one=frozenset("*"), many=frozenset(("#", ">", "**")))
"""How brokers divide destinations: "/topic/stock.AAPL" has the levels "", "topic", "stock", "AAPL"."""

_HIGHEST = 2**31  # of any limit


def header_value(value: str) -> str:
    """Return text that a CONNECT frame can carry."""
    if re.search(UNSPEAKABLE, value):
        raise Unreadable("expected text without line feed, carriage return and NUL")
    return text(value)


OPTIONS = (
    Option(
        name="virtual.host",
        read=header_value,
        doc="The virtual host of the backend (header host), in place of the client's.",
    ),
    login_timeout("the backend's consent to the login (CONNECTED)"),
    Option(
        name="stomp.maximum.frame.size",
        read=bounded(size, 1024, _HIGHEST),
        default=128 * 1024,
        doc="Longest frame taken from a client, bytes, headers and body together.",
    ),
    Option(
        name="stomp.maximum.backend.frame.size",
        read=bounded(size, 1024, _HIGHEST),
        default=4 * 1024 * 1024,
        doc="Longest frame taken from the backend, bytes, headers and body together.",
    ),
    Option(
        name="stomp.maximum.headers",
        read=integer(1, 10_000),
        default=128,
        doc="Most headers in a frame, of either side.",
    ),
    Option(
        name="stomp.maximum.header.length",
        read=bounded(size, 64, 1024 * 1024),
        default=8 * 1024,
        doc="Longest header, bytes, its name and the colon counted, of either side.",
    ),
    Option(
        name="stomp.maximum.subscriptions",
        read=integer(1, 100_000),
        default=1000,
        doc="Most subscriptions that a client may have open at a time.",
    ),
    Option(
        name="stomp.maximum.transactions",
        read=integer(1, 100_000),
        default=100,
        doc="Most transactions that a client may have open at a time.",
    ),
)


@implementer(IAdapter)
class StompAdapter:
    """See L{IAdapter}."""

    name = "stomp"
    front = Front.STREAM
    subprotocols = ("v12.stomp", "v11.stomp", "v10.stomp")
    options = OPTIONS
    operations: Mapping[str, Grammar] = dict.fromkeys((SEND, SUBSCRIBE), DESTINATIONS)

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """See L{IAdapter.check}."""
        yield from mechanism_faults(options, "STOMP")
        for name in ("backend.username", "backend.password"):
            if re.search(UNSPEAKABLE, options[name] or ""):
                yield f"{name}: a CONNECT frame cannot carry line feed, carriage return and NUL"

    def session(self, link: Link) -> IAdapterSession:
        """See L{IAdapter.session}."""
        return StompSession(link)
