# -*- test-case-name: tests.wire.test_irc_faults -*-
"""What IRC forbids of a line: the faults by number, their words, the section that says so."""

from __future__ import annotations

from enum import IntEnum

from kaazing.errors import ProtocolViolation, Side

Fault = tuple[int, int, int]
"""Code (L{Code}), offset in the stream, and the limit that was passed, 0 where it is none."""

LINE, TAGS, WEBSOCKET = "RFC 2812 section 2.3.1", "IRCv3 Message Tags", "IRCv3 WebSocket"


class Code(IntEnum):
    """A fault; the C scanner has the same numbers (kaazing/native/irc.h)."""

    LINE_TOO_LONG = 1
    TAGS_TOO_LONG = 2
    NUL_IN_LINE = 3
    STRAY_CR = 4
    BAD_TAG = 5
    NO_PREFIX = 6
    NO_COMMAND = 7
    BAD_COMMAND = 8
    NUMERIC_OF_CLIENT = 9
    TOO_MANY_PARAMETERS = 10


_WORDS = {
    Code.LINE_TOO_LONG: ("line of more than {limit} bytes", "RFC 2812 section 2.3"),
    Code.TAGS_TOO_LONG: ("tags of more than {limit} bytes", TAGS),
    Code.NUL_IN_LINE: ("NUL in a line", LINE),
    Code.STRAY_CR: ("carriage return that ends no line", LINE),
    Code.BAD_TAG: ("tag without a proper key", TAGS),
    Code.NO_PREFIX: ("prefix without a name", LINE),
    Code.NO_COMMAND: ("line without a command", LINE),
    Code.BAD_COMMAND: ("command that is neither letters nor three digits", LINE),
    Code.NUMERIC_OF_CLIENT: ("numeric reply of a client", "RFC 2812 section 2.4"),
    Code.TOO_MANY_PARAMETERS: ("more than {limit} parameters", "RFC 2812 section 2.3"),
}


def violation(fault: Fault, side: Side) -> ProtocolViolation:
    """Return the error for a scanner's fault."""
    code, offset, limit = fault
    words, section = _WORDS[Code(code)]
    return ProtocolViolation(words.format(limit=limit), side=side, offset=offset, rule=section)
