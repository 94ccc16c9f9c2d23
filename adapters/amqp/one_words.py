# -*- test-case-name: tests.adapters.amqp.test_one_words -*-
"""What the gateway itself says in AMQP 1.0, to clients and to backends: whole frames."""

from __future__ import annotations

from kaazing.adapters.amqp.one_ledger import Refusal
from kaazing.wire.amqp_one import frame
from kaazing.wire.amqp_one_tables import ATTACH, CLOSE, DETACH, ERROR, OPEN
from kaazing.wire.amqp_one_types import NULL, boolean, described, string, symbol, uint

UNAUTHORIZED = "amqp:unauthorized-access"
"""Error condition: what the client may not do (section 2.8.15)."""
FORCED = "amqp:connection:forced"
"""Error condition: the connection is closed from outside (section 2.8.16)."""
INTERNAL = "amqp:internal-error"
"""Error condition: not the client's fault (section 2.8.15)."""

_MAX_TEXT = 250  # bytes of a description, so that a frame stays below 512


def _error(condition: str, text: str) -> bytes:
    short = text.encode()[:_MAX_TEXT].decode(errors="ignore")
    return described(ERROR, (symbol(condition), string(short)))


def open_() -> bytes:
    """Return an open, for a client that is to be told something in a close."""
    return frame(described(OPEN, (string("gateway"),)))


def close(condition: str, text: str) -> bytes:
    """Return a close that says why."""
    return frame(described(CLOSE, (_error(condition, text),)))


def refusal(refused: Refusal, channel: int, handle: int) -> tuple[bytes, bytes]:
    """Return the attach, without source and target, and the detach that refuse a link (section 2.6.3)."""
    answer = (
        string(refused.name),
        uint(handle),
        boolean(refused.sends),  # that is receiver, opposite to a sender
        *(NULL,) * 6,
        NULL if refused.sends else uint(0),  # initial-delivery-count, of senders
    )
    error = _error(UNAUTHORIZED, refused.reason)
    return (
        frame(described(ATTACH, answer), channel),
        frame(described(DETACH, (uint(handle), boolean(True), error)), channel),
    )
