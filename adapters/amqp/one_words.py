# -*- test-case-name: tests.adapters.amqp.test_one_words -*-
"""What the gateway itself says in AMQP 1.0, to clients and to backends: whole frames."""

from __future__ import annotations

from collections.abc import Iterable

from kaazing.adapters.amqp.one_ledger import Refusal
from kaazing.wire.amqp_one import SASL_TYPE, frame
from kaazing.wire.amqp_one_tables import (
    ATTACH,
    CLOSE,
    DETACH,
    ERROR,
    INIT,
    MECHANISMS,
    OPEN,
    OUTCOME,
    RESPONSE,
)
from kaazing.wire.amqp_one_types import (
    NULL,
    binary,
    boolean,
    described,
    string,
    symbol,
    symbol_array,
    ubyte,
    uint,
)

OK, AUTH, SYS, SYS_PERM, SYS_TEMP = range(5)
"""Codes of sasl-outcome (section 5.3.3.6)."""

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


def mechanisms(names: Iterable[str]) -> bytes:
    """Return the sasl-mechanisms of a server that has these."""
    return frame(described(MECHANISMS, (symbol_array(names),)), kind=SASL_TYPE)


def init(mechanism: str, response: bytes | None) -> bytes:
    """Return the sasl-init of a client."""
    first = NULL if response is None else binary(response)
    return frame(described(INIT, (symbol(mechanism), first)), kind=SASL_TYPE)


def response(answer: bytes) -> bytes:
    """Return a sasl-response."""
    return frame(described(RESPONSE, (binary(answer),)), kind=SASL_TYPE)


def outcome(code: int) -> bytes:
    """Return a sasl-outcome."""
    return frame(described(OUTCOME, (ubyte(code),)), kind=SASL_TYPE)
