# -*- test-case-name: tests.brokers.amqp.test_properties -*-
"""The properties of a message on the wire, in place of pika's, which cut the fraction off a double that
comes, and have none to send.  AMQP 0-9-1 sections 4.2.5.5 and 4.2.6.1."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Field: TypeAlias = "str | int | float | bool | bytes | Sequence[Field] | Mapping[str, Field] | None"
"""Value in a table of headers."""

MOST_TABLES = 8
"""How deep tables and lists may be in each other."""

LONGEST = 255
"""Bytes of a property, and of the name of a header (section 4.2.5.3)."""

_NUMBERS = {
    letter: struct.Struct(form)
    for letter, form in zip(
        b"tbBsUuIilLfdT",
        (">?", ">b", ">B", ">h", ">h", ">H", ">i", ">I", ">q", ">q", ">f", ">d", ">Q"),
        strict=True,
    )
}
"""Letter of a type -> its form; RabbitMQ's letters, which are not all those of the specification."""

_DECIMAL = struct.Struct(">Bi")
_LENGTH = struct.Struct(">I")
_LONG, _SHORT = struct.Struct(">cq"), struct.Struct(">ci")
_DOUBLE = struct.Struct(">cd")
_FLAGS = struct.Struct(">H")

_NAMES = (
    *("content_type", "content_encoding", "headers", "delivery_mode", "priority", "correlation_id"),
    *("reply_to", "expiration", "message_id", "timestamp", "type", "user_id", "app_id"),
)
"""In the order of their flags, from the highest bit on (section 1.8.1.2); the last there is, is reserved."""

_OCTETS = {"delivery_mode", "priority"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """What stands before a body; pika sends it as it does its own.

    Attributes:
        delivery_mode: 2 for what outlives the broker; 0 for not said.
        priority: None for not said.
        timestamp: seconds since the epoch; 0 for not said.
        expiration: milliseconds to live, in digits.
    """

    INDEX = 60  # the class, for pika

    content_type: str = ""
    content_encoding: str = ""
    headers: Mapping[str, Field] = field(default_factory=dict)
    delivery_mode: int = 0
    priority: int | None = None
    correlation_id: str = ""
    reply_to: str = ""
    expiration: str = ""
    message_id: str = ""
    timestamp: int = 0
    type: str = ""
    user_id: str = ""
    app_id: str = ""

    def encode(self) -> list[bytes]:
        """Return the flags and all properties that are said, in pieces.

        Raises:
            ValueError: a text is longer than L{LONGEST} bytes, or a number than 64 bits; a sentence.
        """
        flags, pieces = 0, [b""]
        for bit, name in enumerate(_NAMES):
            value = getattr(self, name)
            if value is None or (not value and name != "priority"):
                continue
            flags |= 0x8000 >> bit
            if name == "headers":
                pieces.append(_table(value))
            elif name in _OCTETS:
                pieces.append(bytes((value,)))
            elif name == "timestamp":
                if not 0 <= value < 2**63:
                    raise ValueError("a time is not between 1970 and what 63 bits can count")
                pieces.append(_NUMBERS[ord("T")].pack(value))
            else:
                pieces.append(_short(value, name))
        pieces[0] = _FLAGS.pack(flags)
        return pieces


def decode(data: bytes) -> Properties:
    """Read what L{Properties.encode} writes.

    A publisher may have sent what is none, which RabbitMQ passes on unseen: what stands before the fault
    counts then, so that such a message can be taken, and does not come again for ever.
    """
    found: dict[str, Any] = {}
    try:
        (flags,) = _FLAGS.unpack_from(data)
        place = _FLAGS.size
        for bit, name in enumerate(_NAMES):
            if flags & 0x8000 >> bit:
                found[name], place = _property(data, place, name)
    except (struct.error, ValueError, IndexError):
        pass
    return Properties(**found)


def _property(data: bytes, place: int, name: str) -> tuple[Any, int]:
    if name == "headers":
        return _read_table(data, place, 0)
    if name in _OCTETS:
        return data[place], place + 1
    if name == "timestamp":
        return _NUMBERS[ord("T")].unpack_from(data, place)[0], place + 8
    return _read_short(data, place)


def _short(text: str, what: str) -> bytes:
    data = text.encode()
    if len(data) > LONGEST:
        raise ValueError(f"{what} has {len(data)} bytes; AMQP 0-9-1 has room for {LONGEST}")
    return bytes((len(data),)) + data


def _table(table: Mapping[str, Field]) -> bytes:
    pieces = []
    for name, value in table.items():
        pieces.append(_short(name, "the name of a property"))
        pieces.append(_value(value))
    inside = b"".join(pieces)
    return _LENGTH.pack(len(inside)) + inside


def _value(value: Field) -> bytes:
    if isinstance(value, str):
        data = value.encode()
        return b"S" + _LENGTH.pack(len(data)) + data
    if isinstance(value, bool):
        return b"t\x01" if value else b"t\x00"
    if isinstance(value, int):
        if -(2**31) <= value < 2**31:
            return _SHORT.pack(b"I", value)
        if -(2**63) <= value < 2**63:
            return _LONG.pack(b"l", value)
        raise ValueError("a number has more than 64 bits")
    if isinstance(value, float):
        return _DOUBLE.pack(b"d", value)
    if value is None:
        return b"V"
    if isinstance(value, bytes):
        return b"x" + _LENGTH.pack(len(value)) + value
    if isinstance(value, Mapping):
        return b"F" + _table(value)
    inside = b"".join(map(_value, value))
    return b"A" + _LENGTH.pack(len(inside)) + inside


def _read_short(data: bytes, place: int) -> tuple[str, int]:
    end = place + 1 + data[place]
    if end > len(data):
        raise ValueError("a text ends before it is whole")
    return data[place + 1 : end].decode(errors="replace"), end


def _span(data: bytes, place: int) -> tuple[int, int]:
    """Return where what has its length before it begins and ends."""
    start = place + _LENGTH.size
    end = start + _LENGTH.unpack_from(data, place)[0]
    if end > len(data):
        raise ValueError("a value ends before it is whole")
    return start, end


def _read_table(data: bytes, place: int, depth: int) -> tuple[dict[str, Field], int]:
    table: dict[str, Field] = {}
    place, end = _span(data, place)
    while place < end:
        name, place = _read_short(data, place)
        table[name], place = _read_value(data, place, depth)
    return table, end


def _read_value(data: bytes, place: int, depth: int) -> tuple[Field, int]:
    letter = data[place]
    place += 1
    if letter == ord("S"):
        place, end = _span(data, place)
        return data[place:end].decode(errors="replace"), end
    if letter in _NUMBERS:
        form = _NUMBERS[letter]
        return form.unpack_from(data, place)[0], place + form.size
    if letter == ord("V"):
        return None, place
    if letter == ord("x"):
        place, end = _span(data, place)
        return data[place:end], end
    if letter == ord("D"):
        scale, number = _DECIMAL.unpack_from(data, place)
        return number / 10**scale, place + _DECIMAL.size
    if depth == MOST_TABLES:
        raise ValueError("too many tables in each other")
    if letter == ord("F"):
        return _read_table(data, place, depth + 1)
    if letter == ord("A"):
        return _read_list(data, place, depth + 1)
    raise ValueError("a value of no known type")


def _read_list(data: bytes, place: int, depth: int) -> tuple[list[Field], int]:
    found = []
    place, end = _span(data, place)
    while place < end:
        value, place = _read_value(data, place, depth)
        found.append(value)
    return found, end
