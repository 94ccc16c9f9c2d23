# -*- test-case-name: tests.brokers.amqp10.test_ids -*-
"""Ids of messages: four types in AMQP 1.0 (section 3.2.11), text with a prefix in JMS, and back.

As the JMS mapping of AMQP has it (AMQP JMS Mapping 1.0, section 3.2.1.1): an id that a JMS client puts into
the correlation id of its answer has there the type again that it came with.
"""

from __future__ import annotations

from uuid import UUID

from proton import ulong

Id = str | int | UUID | bytes
"""An int is an ulong of AMQP."""

PREFIX = "ID:"
_UUID, _ULONG, _BINARY = "ID:AMQP_UUID:", "ID:AMQP_ULONG:", "ID:AMQP_BINARY:"
_STRING, _BARE = "ID:AMQP_STRING:", "ID:AMQP_NO_PREFIX:"
_MARK = "ID:AMQP_"


def text_of(value: Id | None, *, correlation: bool = False) -> str:
    """Return the text of an id, empty for none.

    Args:
        correlation: whether it is a correlation id, which may be any text of an application's.
    """
    match value:
        case None:
            return ""
        case UUID():
            return f"{_UUID}{value}"
        case int():
            return f"{_ULONG}{int(value)}"
        case str():
            if value.startswith(_MARK):
                return _STRING + value
            return value if correlation or value.startswith(PREFIX) else _BARE + value
        case _:
            return _BINARY + bytes(value).hex().upper()


def value_of(text: str) -> Id | None:
    """Return the id that L{text_of} has made a text of, any other text as it is, and None for none."""
    if not text:
        return None
    if not text.startswith(_MARK):
        return text
    try:
        return _typed(text)
    except ValueError:
        return text


def _typed(text: str) -> Id:
    """Return an id of a text that says its type.

    Raises:
        ValueError: it is no such id.
    """
    for mark in (_STRING, _BARE):
        if text.startswith(mark) and text != mark:
            return text[len(mark) :]
    if text.startswith(_UUID):
        return UUID(text[len(_UUID) :])
    if text.startswith(_BINARY):
        return bytes.fromhex(text[len(_BINARY) :])
    digits = text.removeprefix(_ULONG)
    if digits.isdecimal() and digits.isascii() and len(digits) <= 20 and int(digits) < 2**64:
        return ulong(int(digits))
    raise ValueError(text)
