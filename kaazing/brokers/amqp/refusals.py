# -*- test-case-name: tests.brokers.amqp.test_refusals -*-
"""What clients are told where RabbitMQ closes a channel. Its own words name users and virtual hosts, and are
for the log."""

from __future__ import annotations

from collections.abc import Callable

from pika.exceptions import AMQPError

from kaazing.brokers.amqp.connection import GONE
from kaazing.errors import BrokerLost, BrokerRefused, GatewayError

NO_ACCESS, NOT_FOUND, LOCKED, PRECONDITION = 403, 404, 405, 406
"""Reply codes (AMQP 0-9-1 section 1.2)."""

FAILURES = (AMQPError, GatewayError)
"""What a step of a conversation with the broker fails with."""

_WORDS = {
    NO_ACCESS: "the broker gives no access to {what}",
    NOT_FOUND: "there is no {what}",
    LOCKED: "{what} belongs to another connection",
    PRECONDITION: "the broker has {what}, but not as it would have to be",
}


def code(why: BaseException) -> int:
    """Return the reply code with which the broker closed a channel; 0 where it did not."""
    return int(getattr(why, "reply_code", 0))


def refusal(why: BaseException, what: str, complain: Callable[[str], None]) -> GatewayError:
    """Return the error for what failed of C{what}, "queue orders"; the broker's words go to the log."""
    if isinstance(why, BrokerRefused | BrokerLost):
        return why
    number = code(why)
    if number < 300:  # closed by us, or with its connection
        return BrokerLost(GONE)
    complain(f"{what}: {number} {getattr(why, 'reply_text', '')}")
    return BrokerRefused(_WORDS.get(number, "the broker refuses {what}").format(what=what))
