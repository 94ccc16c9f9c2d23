# -*- test-case-name: tests.wire.test_amqp_faults -*-
"""What AMQP 0-9-1 forbids: the faults by number, their words, the section that says so, the reply code."""

from __future__ import annotations

from enum import IntEnum

from kaazing.errors import ProtocolViolation, Side
from kaazing.wire.amqp_methods import BY_KEY

Fault = tuple[int, int, int, int]
"""Code (L{Code}), offset in the stream, a number to tell, class and method of the frame or 0."""

FRAME_ERROR, SYNTAX_ERROR, COMMAND_INVALID, CHANNEL_ERROR, UNEXPECTED_FRAME = 501, 502, 503, 504, 505
RESOURCE_ERROR, NOT_ALLOWED, NOT_IMPLEMENTED, INTERNAL = 506, 530, 540, 541


class Code(IntEnum):
    """A fault; the C scanner has the same numbers (kaazing/native/amqp.h)."""

    BAD_TYPE = 1
    TOO_BIG = 2
    BAD_HEARTBEAT = 3
    BAD_END = 4
    CHANNEL_TOO_HIGH = 5
    NOT_YET = 6
    NO_METHOD = 7
    UNKNOWN_METHOD = 8
    WRONG_SIDE = 9
    WRONG_CHANNEL = 10
    NOT_OPEN = 11
    OPEN_ALREADY = 12
    UNASKED = 13
    BEFORE_OPEN_OK = 14
    CONTENT_MISSING = 15
    UNEXPECTED_HEADER = 16
    UNEXPECTED_BODY = 17
    HEADER_CLASS = 18
    HEADER_FLAGS = 19
    BODY_TOO_LONG = 20
    CUT_SHORT = 21
    LEFT_OVER = 22
    BAD_STRING = 23
    BAD_BITS = 24
    BAD_FIELD = 25
    TOO_DEEP = 26
    TOO_MANY = 27


_WORDS = {
    Code.BAD_TYPE: ("frame of the unknown type {number}", "2.3.5", FRAME_ERROR),
    Code.TOO_BIG: ("frame of more than {number} bytes", "2.3.5", FRAME_ERROR),
    Code.BAD_HEARTBEAT: ("heart-beat that is not empty, or not on channel 0", "4.2.7", FRAME_ERROR),
    Code.BAD_END: ("frame that does not end with CE", "2.3.5", FRAME_ERROR),
    Code.CHANNEL_TOO_HIGH: ("channel higher than {number}", "4.9", CHANNEL_ERROR),
    Code.NOT_YET: ("frame for a channel before the connection is open", "2.2.4", UNEXPECTED_FRAME),
    Code.NO_METHOD: ("method frame without a method", "4.2.4", SYNTAX_ERROR),
    Code.UNKNOWN_METHOD: ("unknown method", "4.2.4", NOT_IMPLEMENTED),
    Code.WRONG_SIDE: ("{method} is not sent by this side", "2.2.1", COMMAND_INVALID),
    Code.WRONG_CHANNEL: ("{method} on channel {number}", "4.2.3", COMMAND_INVALID),
    Code.NOT_OPEN: ("frame on channel {number}, which is not open", "2.2.5", CHANNEL_ERROR),
    Code.OPEN_ALREADY: ("channel {number} is open already", "2.2.5", CHANNEL_ERROR),
    Code.UNASKED: ("{method} that nobody asked for", "2.2.1", COMMAND_INVALID),
    Code.BEFORE_OPEN_OK: ("{method} before channel.open-ok", "2.2.5", COMMAND_INVALID),
    Code.CONTENT_MISSING: ("{method} where a content has to go on", "2.3.5.2", UNEXPECTED_FRAME),
    Code.UNEXPECTED_HEADER: ("content header that no method announced", "4.2.6", UNEXPECTED_FRAME),
    Code.UNEXPECTED_BODY: ("content body that no header announced", "4.2.6", UNEXPECTED_FRAME),
    Code.HEADER_CLASS: ("content header not of class basic, or of weight not 0", "4.2.6.1", FRAME_ERROR),
    Code.HEADER_FLAGS: ("property flags that class basic does not have", "4.2.6.1", SYNTAX_ERROR),
    Code.BODY_TOO_LONG: ("content body longer than its header says", "4.2.6.2", FRAME_ERROR),
    Code.CUT_SHORT: ("value longer than what it is in", "4.2.5", SYNTAX_ERROR),
    Code.LEFT_OVER: ("bytes behind the last value", "4.2.4", SYNTAX_ERROR),
    Code.BAD_STRING: ("short string that has NUL or is not UTF-8", "4.2.5.3", SYNTAX_ERROR),
    Code.BAD_BITS: ("bits set that have no meaning", "4.2.5.2", SYNTAX_ERROR),
    Code.BAD_FIELD: ("field value of an unknown type", "4.2.5.5", SYNTAX_ERROR),
    Code.TOO_DEEP: ("tables and arrays nested too deep", "amqp.maximum.depth", RESOURCE_ERROR),
    Code.TOO_MANY: ("too many values in tables and arrays", "amqp.maximum.entries", RESOURCE_ERROR),
}


def violation(fault: Fault, side: Side) -> ProtocolViolation:
    """Return the error for a scanner's fault."""
    code, offset, number, key = fault
    words, where, _ = _WORDS[Code(code)]
    what = words.format(number=number, method=BY_KEY[key].name if key in BY_KEY else "method")
    return ProtocolViolation(what, side=side, offset=offset, rule=rule(where))


def reply_code(fault: Fault) -> int:
    """Return the reply code that connection.close tells the fault with (AMQP 0-9-1 section 1.2)."""
    return _WORDS[Code(fault[0])][2]


def rule(where: str) -> str:
    """Return C{"AMQP 0-9-1 section 4.2.3"} for a section's number; an option's name as it is."""
    return f"AMQP 0-9-1 section {where}" if where[0].isdigit() else where
