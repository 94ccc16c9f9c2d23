# -*- test-case-name: tests.wire.test_irc -*-
"""IRC: a line as an object, to bytes and back, and the scanner that finds lines.

RFC 2812 section 2.3; IRCv3 Message Tags. What a L{Scanner} promises stands in
C{kaazing/_speedups.pyi}, under IrcScanner; C and Python are one to the eye.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kaazing.wire.irc_faults import WEBSOCKET, Code, Fault, violation
from kaazing.wire.native import SPEEDUPS

if TYPE_CHECKING or SPEEDUPS:
    from kaazing._speedups import IrcScanner as Scanner
else:
    from kaazing.wire.pure_irc import IrcScanner as Scanner

__all__ = ["WEBSOCKET", "Code", "Fault", "Line", "Scanner", "encode", "folded", "parse", "violation"]

_CASES = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ[]\\~", b"abcdefghijklmnopqrstuvwxyz{}|^")
_NOT_IN_LINE = ("\0", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Line:
    """One line; bytes that are not UTF-8 are lone surrogates (PEP 383).

    Attributes:
        command: upper case, or three digits.
        parameters: the last may hold blanks, begin with a colon or be empty.
        prefix: who sent it, without the colon; empty for nobody.
        tags: as they stand between "@" and the blank, escapes and all.
    """

    command: str
    parameters: tuple[str, ...] = ()
    prefix: str = ""
    tags: str = ""

    def parameter(self, at: int) -> str:
        """Return a parameter, empty where there are not so many."""
        return self.parameters[at] if at < len(self.parameters) else ""


def parse(wire: bytes) -> Line:
    """Return the object for a line that a L{Scanner} has passed, its end left out."""
    rest = wire.decode("utf-8", "surrogateescape")
    tags = prefix = ""
    if rest.startswith("@"):
        tags, _, rest = rest[1:].partition(" ")
        rest = rest.lstrip(" ")
    if rest.startswith(":"):
        prefix, _, rest = rest[1:].partition(" ")
        rest = rest.lstrip(" ")
    words, colon, trailing = f" {rest}".partition(" :")
    command, *parameters = [word for word in words.split(" ") if word]
    if colon:
        parameters.append(trailing)
    return Line(command.upper(), tuple(parameters), prefix, tags)


def encode(line: Line) -> bytes:
    """Return the line as bytes, its end left out.

    Raises:
        ValueError: it cannot be said: NUL, CR or LF; a blank, nothing or a leading colon where only
            the last parameter may have one.
    """
    *middle, last = line.parameters or ("",)
    if any(not word or " " in word or word.startswith(":") for word in middle):
        raise ValueError("a parameter before the last is empty, has a blank or begins with a colon")
    words = [f"@{line.tags}"] if line.tags else []
    words += [f":{line.prefix}"] if line.prefix else []
    words += [line.command, *middle]
    if line.parameters:
        words.append(f":{last}" if not last or " " in last or last.startswith(":") else last)
    written = " ".join(words)
    if any(byte in written for byte in _NOT_IN_LINE):
        raise ValueError("NUL, carriage return or line feed in a line")
    return written.encode("utf-8", "surrogateescape")


def folded(name: str) -> str:
    """Return a nickname or channel in the case in which all its spellings are one: C{{}|^} are the lower
    case of C{[]\\~} (RFC 2812 section 2.2; CASEMAPPING=rfc1459). Letters beyond ASCII stay."""
    written = name.encode("utf-8", "surrogateescape")
    return written.translate(_CASES).decode("utf-8", "surrogateescape")
