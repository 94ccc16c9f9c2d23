# -*- test-case-name: tests.wire.test_names -*-
"""Patterns of names: what matches a name, what one pattern has of another, decided in bounded time.

A name is a row of letters: in L{Levels} each level with the separator before it, in L{Glob} each
character. A pattern is an automaton over them whose states are the bits of a number, so that a letter
costs a few operations on numbers however many wildcards there are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from kaazing.literals import Unreadable

MAX_PATTERN = 1024
"""Characters of a pattern in a configuration."""
MAX_NAME = 4096
"""Letters of a name; a longer one matches nothing."""
MAX_FILTER = 512
"""Letters of a client's pattern; whatever a longer one has of another pattern is in doubt."""
MAX_WORK = 20_000
"""Letters and states looked at to compare two patterns, then the answer is in doubt: about 10 ms."""

Letter = tuple[str, str]
"""The separator before a level, empty before the first; and the level. ("", character) in a L{Glob}."""

_ONE, _MANY = object(), object()
Part = tuple[str, object]
"""Of a pattern: separator; and the level as text, C{_ONE} or C{_MANY}."""


class Pattern:
    """A pattern, ready to be compared.

    State i means that the parts before i are matched. A part for many letters has two states: before
    its first letter, which still needs the part's own separator, and behind it. Several in a row are one,
    whose first letter may have any of their separators.
    """

    __slots__ = ("_begins", "_exact", "_hidden", "_letters", "_loops", "_wild", "end", "start")

    def __init__(self, parts: Sequence[Part], hidden: str = "") -> None:
        """C{hidden} begins the names that no wildcard in first place stands for; empty for none."""
        self._begins = self._loops = 0
        self._exact: dict[Letter, int] = {}
        self._wild: dict[str, int] = {"": 0}
        self._letters: dict[int, Letter] = {}
        at, before = 0, None
        for separator, level in parts:
            again = level is _MANY and before is _MANY
            before = level
            bit = 1 << (at - 2 if again else at)
            if isinstance(level, str):
                self._letters[at] = (separator, level)
                for letter in {(separator, level), ("", level)}:
                    self._exact[letter] = self._exact.get(letter, 0) | bit
            else:
                for each in {separator, ""}:
                    self._wild[each] = self._wild.get(each, 0) | bit
            if again:
                continue
            if level is _MANY:
                self._begins |= bit
                self._loops |= bit << 1
                at += 1
            at += 1
        self._hidden = hidden if parts and not isinstance(parts[0][1], str) else ""
        self.start = self._closed(1)
        self.end = 1 << at

    def _closed(self, states: int) -> int:
        """Return the states with those that are reached without a letter."""
        return states | (states & self._begins) << 2 | (states & self._loops) << 1

    def after(self, states: int, letter: Letter) -> int:
        """Return the states behind one more letter; 0 when nothing can match any more.

        Only the first letter of a name has no separator before it, and it needs none: in C{#.a} the
        dot goes where C{#} stands for nothing.
        """
        separator, level = letter
        if self._hidden and not separator and level.startswith(self._hidden):
            return 0
        taken = states & (self._wild.get(separator, 0) | self._exact.get(letter, 0))
        return self._closed(taken << 1 | states & self._loops)

    def matches(self, name: Sequence[Letter] | None) -> bool:
        """Return whether a name matches; None, a name too long, does not."""
        if name is None:
            return False
        states = self.start
        for letter in name:
            states = self.after(states, letter)
            if not states:
                return False
        return bool(states & self.end)

    def letters(self, states: int) -> Iterator[Letter]:
        """Yield the letters that lead on from some state, those that stand for any left out."""
        while states:
            bit = states & -states
            states ^= bit
            if (letter := self._letters.get(bit.bit_length() - 1)) is not None:
                yield letter

    def holds(self, level: str) -> bool:
        """Return whether C{level} stands in the pattern."""
        return ("", level) in self._exact


class Grammar(Protocol):
    """How the names of an operation look, and the patterns of them."""

    @property
    def separators(self) -> Sequence[str]:
        """What may stand before the second letter of a name and the following; of names that may be empty
        and have none, C{""}."""

    @property
    def hidden(self) -> str:
        """What begins the names that a wildcard in first place does not stand for; empty for none."""

    def letters(self, name: str) -> list[Letter] | None:
        """Return a name's letters, no character a wildcard; None when there are more than L{MAX_NAME}."""

    def rule(self, text: str, *, deny: bool) -> Pattern:
        """Return a pattern of a configuration; where it denies, wildcards stand for hidden names too.

        Raises:
            Unreadable: it is none.
        """

    def filter(self, text: str) -> Pattern | None:
        """Return a client's pattern; None for one that is too long or of doubtful meaning."""


@dataclass(frozen=True)
class Levels:
    """Names in levels with separators in between, which must agree: MQTT topics, AMQP routing keys.

    Attributes:
        separators: the characters that separate; none for names of one level.
        one: what stands for exactly one level ("+").
        many: what stands for any number of levels, also none ("#": "a/#" matches "a" too, MQTT 5.0
            section 4.7.1.2).
        hidden: what begins the names that a wildcard in first place does not stand for ("$": MQTT 5.0
            section 4.7.2).
    """

    separators: str
    one: frozenset[str]
    many: frozenset[str]
    hidden: str = ""

    def letters(self, name: str) -> list[Letter] | None:
        """See L{Grammar}."""
        return self._split(name) if self._count(name) <= MAX_NAME else None

    def rule(self, text: str, *, deny: bool) -> Pattern:
        """See L{Grammar}."""
        _measure(text)
        parts = self._parts(text)
        if parts is None:
            raise Unreadable(f"expected a wildcard ({self._wildcards()}) to be a whole level of a name")
        return Pattern(parts, "" if deny else self.hidden)

    def filter(self, text: str) -> Pattern | None:
        """See L{Grammar}."""
        parts = self._parts(text) if self._count(text) <= MAX_FILTER else None
        return None if parts is None else Pattern(parts, self.hidden)

    def _wildcards(self) -> str:
        return " ".join(sorted(self.one | self.many))

    def _count(self, name: str) -> int:
        return 1 + sum(map(name.count, self.separators))

    def _split(self, name: str) -> list[Letter]:
        if not self.separators:
            return [("", name)]
        found = ["", *re.split(f"([{re.escape(self.separators)}])", name)]
        return list(zip(found[::2], found[1::2], strict=True))

    def _parts(self, text: str) -> list[Part] | None:
        """Return the parts of a pattern; None when a wildcard is not a whole level."""
        parts: list[Part] = []
        for separator, level in self._split(text):
            if level in self.many:
                parts.append((separator, _MANY))
            elif level in self.one:
                parts.append((separator, _ONE))
            elif any(wildcard in level for wildcard in self.one | self.many):
                return None
            else:
                parts.append((separator, level))
        return parts


@dataclass(frozen=True)
class Glob:
    """Names in which C{*} is any run of characters and C{?} one: IRC masks, JIDs.

    Attributes:
        fold: makes names and patterns equal that mean the same; wildcards stay what they are.
    """

    fold: Callable[[str], str]
    separators = ("",)
    hidden = ""

    def letters(self, name: str) -> list[Letter] | None:
        """See L{Grammar}."""
        return [("", each) for each in self.fold(name)] if len(name) <= MAX_NAME else None

    def rule(self, text: str, *, deny: bool) -> Pattern:
        """See L{Grammar}."""
        _measure(text)
        return self._pattern(text)

    def filter(self, text: str) -> Pattern | None:
        """See L{Grammar}."""
        return self._pattern(text) if len(text) <= MAX_FILTER else None

    def _pattern(self, text: str) -> Pattern:
        wildcards = {"*": _MANY, "?": _ONE}
        return Pattern([("", wildcards.get(each, each)) for each in self.fold(text)])


EVERYTHING = Pattern([("", _MANY)])
"""Matches every name of every grammar, hidden ones too."""


def covers(pattern: Pattern, narrow: Pattern, grammar: Grammar) -> bool:
    """Return whether C{pattern} matches all that C{narrow} matches; False when in doubt."""
    return not _search(narrow, pattern, grammar, matched=False)


def meets(pattern: Pattern, other: Pattern, grammar: Grammar) -> bool:
    """Return whether some name matches both; True when in doubt."""
    return _search(other, pattern, grammar, matched=True)


def _search(first: Pattern, second: Pattern, grammar: Grammar, *, matched: bool) -> bool:
    """Return whether there is a name that C{first} matches, and that C{second} matches or not, as
    C{matched} has it; True when that is too much work to find out."""
    others = {fresh := "\0", grammar.hidden + fresh}
    while any(pattern.holds(other) for pattern in (first, second) for other in others):
        others = {fresh := fresh + "\0", grammar.hidden + fresh}
    may_be_empty = "" in tuple(grammar.separators)
    if may_be_empty and first.start & first.end and bool(second.start & second.end) == matched:
        return True
    todo = [(first.start, second.start, True)]
    seen = {(first.start, second.start)}
    work = 0
    while todo:
        one, two, begins = todo.pop()
        separators = ("",) if begins else grammar.separators
        letters = {(each, level) for each in separators for level in others}
        for letter in (*first.letters(one), *second.letters(two)):
            if begins or letter[0] in separators:
                letters.add(("" if begins else letter[0], letter[1]))
        work += one.bit_count() + two.bit_count() + len(letters)
        if work > MAX_WORK:
            return True
        for letter in letters:
            reached = first.after(one, letter), second.after(two, letter)
            if not reached[0] or (matched and not reached[1]) or reached in seen:
                continue
            if reached[0] & first.end and bool(reached[1] & second.end) == matched:
                return True
            seen.add(reached)
            todo.append((*reached, False))
    return False


def _measure(text: str) -> None:
    if not 0 < len(text) <= MAX_PATTERN:
        raise Unreadable(f"expected a name or a pattern of 1 to {MAX_PATTERN} characters")
