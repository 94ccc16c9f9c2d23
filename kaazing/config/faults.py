# -*- test-case-name: tests.config.test_faults -*-
"""Collects what is wrong in a file, and what is read without effect; never shows a replaced value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from kaazing.errors import ConfigError, ConfigErrors, suggest
from kaazing.literals import Unreadable

UNREAD: Final = object()
"""Stands for a value that could not be read; an error says why."""

SHOWN = 80  # characters of the file that a message repeats at most
SUGGESTIONS = 200  # suggestions are looked for in so many messages at most: each costs a millisecond

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_QUERY = re.compile(r"\?.*")


@dataclass(frozen=True, slots=True)
class Node:
    """One element.

    Attributes:
        name: by its name of today.
        tag: as in the file.
        line: of its start tag.
        written: its text as in the file, without the blanks at the ends.
        value: the text with every C{${...}} replaced; None where that failed, which an error says.
        children: the elements in it.
    """

    name: str
    tag: str
    line: int
    written: str
    value: str | None
    children: tuple[Node, ...] = ()

    @property
    def replaced(self) -> bool:
        """Whether part of the value does not stand in the file, and so must not be shown."""
        return self.value != self.written


def shown(written: str) -> str:
    """Return text of the file for people: credentials and query of a URI left out, cut when long."""
    text = " ".join(written.split())
    scheme = found[0] if (found := _SCHEME.match(text)) else ""
    userinfo, _, place = text[len(scheme) :].rpartition("@")
    if userinfo not in ("", "["):  # @eth0 and [@eth0] are network interfaces
        text = f"{scheme}...@{place}"
    text = _QUERY.sub("?...", text)
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."


class Faults:
    """The errors and warnings of one file.

    Attributes:
        file: its name, as given.
        count: grows with whatever is wrong, also where an error says so already: who compares it before and
            after knows whether all could be read.
    """

    def __init__(self, file: str) -> None:
        self.file, self.count = file, 0
        self._errors: list[ConfigError] = []
        self._known: set[tuple[int, str]] = set()
        self._warnings: dict[str, list[int]] = {}
        self._suggestions = SUGGESTIONS

    def add(self, line: int, what: str) -> None:
        """Note an error at a line, 0 for the whole file; the same one twice is one."""
        self.count += 1
        if (line, what) in self._known:
            return
        self._known.add((line, what))
        self._errors.append(ConfigError(what, file=self.file, line=line))

    def at(self, node: Node, sentence: str) -> None:
        """Note an error at an element."""
        self.add(node.line, f"<{shown(node.tag)}>: {sentence}")

    def warn(self, node: Node, sentence: str) -> None:
        """Note something without effect; the same sentence from several lines is one warning."""
        self._warnings.setdefault(f"<{shown(node.tag)}>: {sentence}", []).append(node.line)

    def near(self, name: str, known: Iterable[str]) -> str:
        """Return a suggestion (see L{suggest}), or nothing in a file with very many errors."""
        if self._suggestions <= 0 or len(name) > SHOWN:
            return ""
        self._suggestions -= 1
        return suggest(name, known)

    def read(self, node: Node, reader: Callable[[str], Any], *, secret: bool = False) -> Any:
        """Return the value of an element's text, or L{UNREAD} after noting why."""
        if node.children:
            self.at(node.children[0], f"no element may stand in <{node.tag}>")
            return UNREAD
        if node.value is None:
            self.count += 1
            return UNREAD
        try:
            return reader(node.value)
        except ValueError as why:
            self.at(node, f"{'' if secret else quoted(node)}{_reason(why, secret or node.replaced)}")
            return UNREAD

    def warnings(self) -> tuple[str, ...]:
        """Return the warnings, in line order."""
        found = sorted((sorted(lines), what) for what, lines in self._warnings.items())
        return tuple(f"{self.file}:{lines[0]}: {what}{_more(lines[1:])}" for lines, what in found)

    def settle(self) -> None:
        """Raise ConfigErrors if there is any error."""
        if self._errors:
            raise ConfigErrors(self._errors)


def quoted(node: Node) -> str:
    """Return C{"'text': "}, the text as the file has it, or nothing for an empty one."""
    return f"{shown(node.written)!r}: " if node.written else ""


def _reason(why: ValueError, hidden: bool) -> str:
    if isinstance(why, Unreadable):
        return why.expected if hidden else str(why)
    return "is not what may stand here" if hidden else str(why)


def _more(lines: list[int]) -> str:
    return f" (also line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))})" if lines else ""
