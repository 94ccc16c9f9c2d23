# -*- test-case-name: tests.wire.test_stomp_faults -*-
"""What STOMP 1.0, 1.1 and 1.2 forbid: the faults by number, their words, the section that says so."""

from __future__ import annotations

from enum import IntEnum

from kaazing.errors import ProtocolViolation, Side

Fault = tuple[int, int, bytes, bytes]
"""Code (L{Code}), offset in the stream, detail, and the lines of the frame that are in order."""


class Code(IntEnum):
    """A fault; the C scanner has the same numbers (kaazing/native/stomp.h)."""

    UNKNOWN_COMMAND = 1
    WRONG_SIDE = 2
    NOT_FIRST = 3
    TWICE = 4
    NOT_IN_VERSION = 5
    AFTER_DISCONNECT = 6
    LINE_TOO_LONG = 7
    TOO_MANY_HEADERS = 8
    NO_COLON = 9
    EMPTY_NAME = 10
    NUL_IN_HEAD = 11
    STRAY_CR = 12
    BAD_ESCAPE = 13
    BAD_UTF8 = 14
    LENGTH_SYNTAX = 15
    LENGTH_DIFFERS = 16
    FRAME_TOO_BIG = 17
    NO_NUL = 18
    BODY_FORBIDDEN = 19
    MISSING_HEADER = 20


_WORDS = {
    Code.UNKNOWN_COMMAND: ("unknown command{detail}", "Augmented BNF"),
    Code.WRONG_SIDE: ("{detail} is not a command of this side", "Augmented BNF"),
    Code.NOT_FIRST: ("{detail} before the connection is made", "Connecting"),
    Code.TWICE: ("{detail} on a connection that is made", "Connecting"),
    Code.NOT_IN_VERSION: ("{detail} is not in this version", "Augmented BNF"),
    Code.AFTER_DISCONNECT: ("frame after DISCONNECT", "DISCONNECT"),
    Code.LINE_TOO_LONG: ("header line of more than {detail} bytes", "Size Limits"),
    Code.TOO_MANY_HEADERS: ("more than {detail} headers", "Size Limits"),
    Code.NO_COLON: ("header line without a colon", "Augmented BNF"),
    Code.EMPTY_NAME: ("header without a name", "Augmented BNF"),
    Code.NUL_IN_HEAD: ("NUL before the blank line that ends the headers", "STOMP Frames"),
    Code.STRAY_CR: ("carriage return that ends no line", "Augmented BNF"),
    Code.BAD_ESCAPE: ("undefined escape {detail}", "Value Encoding"),
    Code.BAD_UTF8: ("header that is not UTF-8", "Value Encoding"),
    Code.LENGTH_SYNTAX: ("content-length is not a number", "Header content-length"),
    Code.LENGTH_DIFFERS: ("content-length twice with different values", "Header content-length"),
    Code.FRAME_TOO_BIG: ("frame of more than {detail} bytes", "Size Limits"),
    Code.NO_NUL: ("no NUL where content-length says the body ends", "Header content-length"),
    Code.BODY_FORBIDDEN: ("{detail} with a body", "Body"),
    Code.MISSING_HEADER: ("{command} without the header {header}", "Frames and Headers"),
}


def violation(fault: Fault, side: Side, version: int) -> ProtocolViolation:
    """Return the error for a scanner's fault; C{version} is 10, 11, 12, or 0 before there is one."""
    code, offset, detail, _ = fault
    words, section = _WORDS[Code(code)]
    command, _, header = detail.decode("ascii", "replace").partition(" ")
    what = words.format(detail=_shown(code, detail), command=command, header=header)
    return ProtocolViolation(what, side=side, offset=offset, rule=rule(section, version))


def rule(section: str, version: int) -> str:
    """Return C{"STOMP 1.2, Size Limits"}; before there is a version, 1.2 speaks."""
    return f"STOMP {(version or 12) / 10}, {section}"


def _shown(code: int, detail: bytes) -> str:
    if code != Code.UNKNOWN_COMMAND:
        return "".join(chr(byte) if 32 <= byte < 127 else f"<{byte:02x}>" for byte in detail)
    # A lost frame boundary makes message bodies look like commands: only words are shown.
    return f" {detail.decode()}" if detail.isalpha() and len(detail) <= 20 else ""
