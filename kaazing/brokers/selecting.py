# -*- test-case-name: tests.brokers.test_selecting -*-
"""Selectors that a broker asks itself, of queues: what ActiveMQ's family reads otherwise than JMS has it.

The text is that of L{kaazing.wire.selectors.Selector}: words with single blanks in between.
"""

from __future__ import annotations

import re

from kaazing.wire.selector_values import STRICTLY

_WORDS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\S+")
_NAMES = {"JMSPriority": "AMQPriority", "JMSTimestamp": "AMQTimestamp", "JMSDeliveryMode": "AMQDurable"}
_VALUES = {"'PERSISTENT'": "'DURABLE'", "'NON_PERSISTENT'": "'NON_DURABLE'"}
_NO_OPERANDS = frozenset(
    ("(", ",", "=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "AND", "OR", "NOT", "BETWEEN")
)  # what a sign may follow, which is then one of a number


def for_artemis(text: str) -> str:
    """Return a selector with the header fields of JMS as Artemis calls them, which takes those of JMS for
    properties that are not there."""
    strictly = STRICTLY if text.startswith(STRICTLY) else ""
    words = _WORDS.findall(text.removeprefix(strictly))
    values = _VALUES if "JMSDeliveryMode" in words else {}
    return strictly + " ".join(_NAMES.get(word) or values.get(word, word) for word in words)


def calculates(text: str) -> bool:
    """Return whether a selector adds, subtracts, multiplies or divides."""
    before = "("
    for word in _WORDS.findall(text):
        if word in ("*", "/") or (word in ("+", "-") and before.upper() not in _NO_OPERANDS):
            return True
        before = word
    return False
