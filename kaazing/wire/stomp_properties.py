# -*- test-case-name: tests.wire.test_stomp_properties -*-
"""What a configuration says of STOMP clients: limits, and how a policy reads their destinations."""

from __future__ import annotations

from kaazing.literals import bounded, integer, size
from kaazing.options import Option
from kaazing.wire.policy import Grammar, Levels

SEND, SUBSCRIBE = "send", "subscribe"

DESTINATIONS = Levels("/.", one=frozenset("*"), many=frozenset(("#", ">", "**")))
"""How brokers divide destinations: "/topic/stock.AAPL" has the levels "", "topic", "stock", "AAPL"."""

OPERATIONS: dict[str, Grammar] = dict.fromkeys((SEND, SUBSCRIBE), DESTINATIONS)

MOST = 2**31
"""Of any limit in bytes."""

MAX_FRAME = Option(
    name="stomp.maximum.frame.size",
    read=bounded(size, 1024, MOST),
    default=128 * 1024,
    doc="Longest frame taken from a client, bytes, headers and body together.",
)
MAX_HEADERS = Option(
    name="stomp.maximum.headers",
    read=integer(1, 10_000),
    default=128,
    doc="Most headers in a frame, of either side.",
)
MAX_LINE = Option(
    name="stomp.maximum.header.length",
    read=bounded(size, 64, 1024 * 1024),
    default=8 * 1024,
    doc="Longest header, bytes, its name and the colon counted, of either side.",
)
MAX_SUBSCRIPTIONS = Option(
    name="stomp.maximum.subscriptions",
    read=integer(1, 100_000),
    default=1000,
    doc="Most subscriptions that a client may have open at a time.",
)
MAX_TRANSACTIONS = Option(
    name="stomp.maximum.transactions",
    read=integer(1, 100_000),
    default=100,
    doc="Most transactions that a client may have open at a time.",
)
