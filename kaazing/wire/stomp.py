# -*- test-case-name: tests.wire.test_stomp -*-
"""STOMP 1.0, 1.1 and 1.2: a frame as an object, to bytes and back, and the scanner that finds frames.

A version is a number: 10, 11, 12; 0 stands for the time before CONNECTED, whose frames have no escapes.
What a L{Scanner} promises stands in C{kaazing/_speedups.pyi}, under StompScanner; C and Python are one
to the eye.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kaazing.wire.native import SPEEDUPS
from kaazing.wire.stomp_faults import Code, Fault, rule, violation

if TYPE_CHECKING or SPEEDUPS:
    from kaazing._speedups import StompScanner as Scanner
else:
    from kaazing.wire.pure_stomp import StompScanner as Scanner

__all__ = [
    "OPENING",
    "VERSIONS",
    "Code",
    "Fault",
    "Frame",
    "Scanner",
    "encode",
    "parse",
    "rule",
    "unescaped",
    "violation",
]

OPENING = 0
VERSIONS = {"1.0": 10, "1.1": 11, "1.2": 12}

_RETURNS = frozenset((OPENING, 12))  # where lines may end in CR LF (STOMP 1.2, Augmented BNF)
_BLANK = {True: re.compile(rb"\n\r?\n"), False: re.compile(rb"\n\n")}
_UNESCAPED = frozenset(("CONNECT", "STOMP", "CONNECTED"))  # STOMP 1.2, Value Encoding
_BODIED = frozenset(("SEND", "MESSAGE", "ERROR"))  # STOMP 1.2, Body
_ESCAPES: dict[int, dict[str, str]] = {
    OPENING: {},
    10: {},
    11: {"\\": "\\\\", "\n": "\\n", ":": "\\c"},
    12: {"\\": "\\\\", "\n": "\\n", ":": "\\c", "\r": "\\r"},
}
_MEANINGS = {"\\\\": "\\", "\\n": "\n", "\\c": ":", "\\r": "\r"}
_ESCAPE = re.compile(r"\\[\\ncr]")
_UNSPEAKABLE = {OPENING: "\0\n\r", 10: "\0\n", 11: "\0\n", 12: "\0\n\r"}  # in what has been escaped


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame.

    Attributes:
        command: e.g. "SEND".
        headers: (name, value) in the order of the wire, escapes undone; bytes that are not UTF-8
            are lone surrogates (PEP 383).
        body: without the NUL.
    """

    command: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def get(self, name: str) -> str | None:
        """Return the header's value; of repeated ones the first (STOMP 1.2, Repeated Header Entries)."""
        return next((value for known, value in self.headers if known == name), None)


def encode(frame: Frame, version: int) -> bytes:
    """Return the frame as bytes; its lines end in LF.

    A content-length is added only where the body contains NUL, because some brokers take a message
    with a content-length for binary and one without for text.

    Raises:
        ValueError: the frame cannot be said in this version: a header with a character that only an
            escape could carry, an empty name, a body where none may be, a false content-length.
    """
    version = OPENING if frame.command in _UNESCAPED else version
    escapes, unspeakable = _ESCAPES[version], _UNSPEAKABLE[version]
    lines = [frame.command]
    for name, value in _measured(frame):
        written = "".join(escapes.get(c, c) for c in name), "".join(escapes.get(c, c) for c in value)
        if not name or ":" in written[0] or any(c in unspeakable for c in "".join(written)):
            raise ValueError(f"header {name!r} cannot be said in this version of STOMP")
        lines.append(":".join(written))
    return "\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + frame.body + b"\0"


def parse(wire: bytes, version: int) -> Frame:
    """Return the object for bytes that a L{Scanner} of C{version} has passed: one whole frame, or the
    lines of one that a L{Fault} carries, which have no body."""
    returns = version in _RETURNS
    end, at = _head(wire, _BLANK[returns])
    head = wire[:end].decode("utf-8", "surrogateescape")
    lines = head.split("\n")
    if returns and "\r" in head:
        lines = [line.removesuffix("\r") for line in lines]
    command = lines[0]
    headers = [(name, value) for line in lines[1:] for name, _, value in (line.partition(":"),)]
    if "\\" in head and version > 10 and command not in _UNESCAPED:
        headers = [(unescaped(name), unescaped(value)) for name, value in headers]
    return Frame(command, tuple(headers), wire[at:-1])


def _head(wire: bytes, blank: re.Pattern[bytes]) -> tuple[int, int]:
    """Return where the lines end, without the last line feed, and where the body begins."""
    if (first := blank.match(b"\n" + wire[:2])) is not None:
        return 0, first.end() - 1
    found = blank.search(wire)
    if found is not None:
        return found.span()
    at = wire.rfind(b"\n") + 1
    return max(at - 1, 0), at


def unescaped(written: str) -> str:
    """Return what is meant by text with escapes (STOMP 1.2, Value Encoding)."""
    return _ESCAPE.sub(lambda found: _MEANINGS[found[0]], written) if "\\" in written else written


def _measured(frame: Frame) -> tuple[tuple[str, str], ...]:
    size = str(len(frame.body))
    given = frame.get("content-length")
    if frame.body and frame.command not in _BODIED:
        raise ValueError(f"a {frame.command} frame has no body")
    if given is not None and given != size:
        raise ValueError(f"content-length {given} for a body of {size} bytes")
    if given is None and b"\0" in frame.body:
        return (*frame.headers, ("content-length", size))
    return frame.headers
