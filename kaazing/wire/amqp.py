# -*- test-case-name: tests.wire.test_amqp -*-
"""AMQP 0-9-1: methods to bytes and back, and the scanner that finds and checks frames.

What a L{Scanner} promises stands in C{kaazing/_speedups.pyi}, under AmqpScanner; C and Python are one
to the eye. AMQP 1.0 is another protocol (kaazing.wire.amqp_one).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from kaazing.wire.amqp_faults import Code, Fault, reply_code, rule, violation
from kaazing.wire.amqp_methods import BY_KEY, COMPACT, METHODS, ROWS
from kaazing.wire.native import SPEEDUPS

if TYPE_CHECKING or SPEEDUPS:
    from kaazing._speedups import AmqpScanner as Scanner
else:
    from kaazing.wire.pure_amqp import AmqpScanner as Scanner

__all__ = [
    "COMPACT",
    "HEARTBEAT",
    "PREAMBLE",
    "ROWS",
    "Code",
    "Fault",
    "Scanner",
    "channel_of",
    "content_headers",
    "decode",
    "encode",
    "key_of",
    "name_of",
    "reply_code",
    "rule",
    "string_field",
    "texts",
    "violation",
]

PREAMBLE = b"AMQP\0\0\x09\x01"
"""What a client begins with (section 4.2.2)."""

HEARTBEAT = b"\x08\0\0\0\0\0\0\xce"
"""A whole frame (section 4.2.7)."""

_ARGUMENTS = 11  # where they begin in a method frame
_NUMBERS = {letter: struct.Struct(f">{code}") for letter, code in zip("oslq", "BHIQ", strict=True)}
_HEAD = struct.Struct(">BHII")
_LONG = _NUMBERS["l"]
_CONTENT = 19  # where the property flags are in a content header frame
_FIELD_SIZES = dict(zip("VtbBsuUIifDlLdT", (0, 1, 1, 1, 2, 2, 2, 4, 4, 4, 5, 8, 8, 8, 8), strict=True))
_HEADERS_FLAG, _BEFORE_HEADERS = 0x2000, (0x8000, 0x4000)  # content-type and content-encoding


def encode(channel: int, name: str, *arguments: Any) -> bytes:
    """Return a method frame.

    Args:
        channel: its number.
        name: e.g. "channel.close".
        arguments: one for each letter of its signature: int (bits: the octet), str or bytes for strings
            (a short one is cut off at 255 bytes), bytes for tables, without their length.

    Raises:
        ValueError: there are too few arguments or too many.
    """
    method = METHODS[ROWS[name]]
    written = b"".join(_written(*pair) for pair in zip(method.arguments, arguments, strict=True))
    return _HEAD.pack(1, channel, len(written) + 4, method.key) + written + b"\xce"


def _written(letter: str, value: Any) -> bytes:
    if letter in _NUMBERS:
        return _NUMBERS[letter].pack(value)
    if letter.isdigit():
        return bytes((value,))
    raw = value.encode() if isinstance(value, str) else value
    if letter == "z":
        short = raw[:255]
        if len(short) < len(raw):
            short = short.decode("utf-8", "ignore").encode()  # no character in parts
        return bytes((len(short),)) + short
    return _LONG.pack(len(raw)) + bytes(raw)


def decode(wire: bytes) -> list[Any]:
    """Return the arguments of a method frame that a scanner has passed, as L{encode} takes them; short
    strings as str, bytes that are not UTF-8 as lone surrogates (PEP 383), long ones and tables as bytes."""
    values: list[Any] = []
    at = _ARGUMENTS
    for letter in BY_KEY[key_of(wire)].arguments:
        if letter in _NUMBERS:
            values.append(_NUMBERS[letter].unpack_from(wire, at)[0])
            at += _NUMBERS[letter].size
        elif letter.isdigit():
            values.append(wire[at])
            at += 1
        elif letter == "z":
            end = at + 1 + wire[at]
            values.append(wire[at + 1 : end].decode("utf-8", "surrogateescape"))
            at = end
        else:
            end = at + 4 + _LONG.unpack_from(wire, at)[0]
            values.append(wire[at + 4 : end])
            at = end
    return values


def channel_of(wire: bytes) -> int:
    """Return the channel of a frame."""
    return wire[1] << 8 | wire[2]


def key_of(wire: bytes) -> int:
    """Return class and method of a method frame, the class in the upper 16 bits; 0 of any other frame."""
    return int.from_bytes(wire[7:11], "big") if wire[0] == 1 else 0


def name_of(wire: bytes) -> str:
    """Return the name of a method frame's method, "heartbeat" for a heart-beat."""
    return BY_KEY[key_of(wire)].name if wire[0] == 1 else "heartbeat"


def string_field(name: str, value: str) -> bytes:
    """Return an entry of a field table: a long string (section 4.2.5.5)."""
    raw = value.encode()
    return _written("z", name) + b"S" + _LONG.pack(len(raw)) + raw


def content_headers(wire: bytes) -> bytes:
    """Return the table C{headers} of a content header frame that a scanner has passed, without its
    length; empty where there is none."""
    flags = wire[_CONTENT] << 8 | wire[_CONTENT + 1]
    if not flags & _HEADERS_FLAG:
        return b""
    at = _CONTENT + 2
    for flag in _BEFORE_HEADERS:
        if flags & flag:
            at += 1 + wire[at]
    return wire[at + 4 : at + 4 + _LONG.unpack_from(wire, at)[0]]


def texts(table: bytes) -> dict[str, list[str]]:
    """Return the strings in a field table that a scanner has passed, by the names of its fields: one for
    a string, those in an array, none for any other value. A name that is there twice has all of both."""
    found: dict[str, list[str]] = {}
    at = 0
    while at < len(table):
        end = at + 1 + table[at]
        name = table[at + 1 : end].decode("utf-8", "surrogateescape")
        value, at = _field(table, end)
        found.setdefault(name, []).extend(value)
    return found


def _field(table: bytes, at: int) -> tuple[list[str], int]:
    kind = chr(table[at])
    at += 1
    if kind in _FIELD_SIZES:
        return [], at + _FIELD_SIZES[kind]
    end = at + 4 + _LONG.unpack_from(table, at)[0]
    at += 4
    if kind == "S":
        return [table[at:end].decode("utf-8", "surrogateescape")], end
    found: list[str] = []
    while kind == "A" and at < end:
        if table[at] in b"AF":  # what is in there is not looked for
            at += 5 + _LONG.unpack_from(table, at + 1)[0]
        else:
            value, at = _field(table, at)
            found.extend(value)
    return found, end
