# -*- test-case-name: tests.brokers.amqp10.test_refusals -*-
"""What clients are told of the errors of a broker of AMQP 1.0; its own words name users and go to the log."""

from __future__ import annotations

from typing import Any

from kaazing.errors import BrokerLost, BrokerRefused, GatewayError

LONGEST = 300
"""Characters of a broker's words that are logged."""

_REFUSALS = {
    "amqp:unauthorized-access": "it is not allowed",
    "amqp:not-allowed": "it is not allowed",
    "amqp:not-found": "it is not there",
    "amqp:not-implemented": "the broker has no such thing",
    "amqp:invalid-field": "the broker does not take what was asked",
    "amqp:precondition-failed": "the broker does not take what was asked",
    "amqp:resource-limit-exceeded": "a limit of the broker is reached",
    "amqp:resource-deleted": "it was deleted",
    "amqp:resource-locked": "somebody else has it",
    "amqp:link:message-size-exceeded": "the message is too long",
    "amqp:transaction:rollback": "the broker has undone it",
    "amqp:transaction:timeout": "it has taken too long",
}
"""Conditions (AMQP 1.0 sections 2.8.15, 2.8.18, 4.5.8) that say no; after others it may be better later."""


def error_of(condition: Any, what: str) -> GatewayError:
    """Return the error that a condition stands for, None for none; C{what} begins its sentence."""
    sentence = _REFUSALS.get(str(condition.name)) if condition else None
    if sentence is None:
        return BrokerLost(f"{what}: an error of the broker")
    return BrokerRefused(f"{what}: {sentence}")


def words_of(condition: Any) -> str:
    """Return the broker's own words, on one line."""
    said = f"{condition.name} {condition.description or ''}"
    return "".join(each if each.isprintable() else " " for each in said)[:LONGEST].rstrip(". ")
