# -*- test-case-name: tests.adapters.stomp.test_adapter -*-
"""The STOMP adapter and the properties of the service type stomp.proxy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from zope.interface import implementer

from kaazing.adapters.base import login_timeout, mechanism_faults
from kaazing.adapters.stomp.session import StompSession
from kaazing.interfaces.adapters import Front, IAdapter, IAdapterSession, Link
from kaazing.literals import Unreadable, bounded, size, text
from kaazing.options import Option
from kaazing.wire.policy import Grammar
from kaazing.wire.stomp_properties import (
    MAX_FRAME,
    MAX_HEADERS,
    MAX_LINE,
    MAX_SUBSCRIPTIONS,
    MAX_TRANSACTIONS,
    MOST,
    OPERATIONS,
)

UNSPEAKABLE = "[\0\n\r]"
"""What no header of a CONNECT frame can contain, which knows no escapes (STOMP 1.2, Value Encoding)."""


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
    MAX_FRAME,
    Option(
        name="stomp.maximum.backend.frame.size",
        read=bounded(size, 1024, MOST),
        default=4 * 1024 * 1024,
        doc="Longest frame taken from the backend, bytes, headers and body together.",
    ),
    MAX_HEADERS,
    MAX_LINE,
    MAX_SUBSCRIPTIONS,
    MAX_TRANSACTIONS,
)


@implementer(IAdapter)
class StompAdapter:
    """See L{IAdapter}."""

    name = "stomp"
    front = Front.STREAM
    subprotocols = ("v12.stomp", "v11.stomp", "v10.stomp")
    options = OPTIONS
    operations: Mapping[str, Grammar] = OPERATIONS

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """See L{IAdapter.check}."""
        yield from mechanism_faults(options, "STOMP")
        for name in ("backend.username", "backend.password"):
            if re.search(UNSPEAKABLE, options[name] or ""):
                yield f"{name}: a CONNECT frame cannot carry line feed, carriage return and NUL"

    def session(self, link: Link) -> IAdapterSession:
        """See L{IAdapter.session}."""
        return StompSession(link)
