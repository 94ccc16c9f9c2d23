# -*- test-case-name: tests.wire.test_destinations -*-
"""Destinations of messages as STOMP clients write them, and patterns of topics.

A name has exactly one reading, here and in every broker: what some broker would take for an option, for
several destinations in one or for an escape is refused, so that a policy cannot be passed by.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from kaazing.interfaces.brokers import Destination, Domain
from kaazing.literals import Unreadable
from kaazing.wire import names

__all__ = ["GRAMMAR", "MAX_NAME", "MAX_STEPS", "Patterns", "covers", "is_pattern", "matches", "read"]

MAX_NAME = 255
"""Bytes of a name in UTF-8, as much as AMQP 0-9-1 has for one (section 4.2.5.3)."""

MAX_STEPS = 20_000
"""Words and places in a pattern looked at to find names for it: about 10 ms."""

ONE, MANY = "*", ">"
"""Words of a pattern: C{*} stands for one word, C{>} for any number of words, none included."""

_WORDS = names.Levels(".", one=frozenset(ONE), many=frozenset(MANY))
_DESTINATION = re.compile(r"/(queue|topic|temp-queue|temp-topic)/(.+)", re.DOTALL)
_AMBIGUOUS = re.compile(r"[\s\x00-\x20\x7f-\x9f\\%?,\ud800-\udfff]|//")
_WILDCARDS = re.compile(r"[*>#]")

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True)
class _Grammar(names.Levels):
    """Whole destinations, "/topic/a.b", in a policy: levels "/topic", "a", "b".

    A slash in a name separates nothing, else C{/topic/*} would be less for the policy than for the broker.
    """

    def rule(self, text: str, *, deny: bool) -> names.Pattern:
        """See L{names.Grammar}."""
        if _DESTINATION.fullmatch(text) is None and text not in self.many:
            raise Unreadable(
                "expected a destination or a pattern of some: /topic/a.*, /queue/a, /temp-queue/>, "
                "/temp-topic/>, or > for all"
            )
        return super().rule(text, deny=deny)

    def _split(self, name: str) -> list[names.Letter]:
        found = _DESTINATION.fullmatch(name)
        if found is None:
            return [("", name)]
        return [("", f"/{found[1]}"), *((".", each) for each in found[2].split("."))]


GRAMMAR = _Grammar(".", one=frozenset(ONE), many=frozenset((MANY, "#", "**")))
"""How a policy reads what L{read} has made of destinations."""


def read(text: str) -> Destination:
    """Read C{/topic/a.b}; C{#}, AMQP's word for many, is read as C{>}.

    Raises:
        ValueError: it is none, or has more than one meaning; a sentence with the remedy.
    """
    found = _DESTINATION.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{_shown(text)} is no destination; write /topic/NAME, /queue/NAME, /temp-topic/NAME or "
            "/temp-queue/NAME"
        )
    domain, name = Domain(found[1]), found[2]
    if doubtful := _AMBIGUOUS.search(f"/{name}"):
        raise ValueError(
            f"destination {_shown(text)} contains {_shown(doubtful[0])}, which not all brokers read alike; "
            "write a name without blanks, control characters, // and any of \\ % ? ,"
        )
    if len(name.encode()) > MAX_NAME:
        raise ValueError(f"the name of destination {_shown(text)} is longer than {MAX_NAME} bytes")
    words = name.split(".")
    if "" in words:
        raise ValueError(f"destination {_shown(text)} has an empty word; write one dot between two words")
    if _WILDCARDS.search(name) is None:
        return Destination(domain, name)
    if domain is not Domain.TOPIC:
        raise ValueError(f"destination {_shown(text)} has a wildcard; only names of topics may have some")
    return Destination(domain, ".".join(_word(each, text) for each in words))


def _word(word: str, text: str) -> str:
    if word in (ONE, MANY, "#"):
        return word.replace("#", MANY)
    if _WILDCARDS.search(word):
        raise ValueError(
            f"destination {_shown(text)} has a wildcard inside of a word; write * for a whole word, and > "
            "for any number of words"
        )
    return word


def _shown(text: str) -> str:
    return ascii(text) if len(text) <= 100 else f"{text[:100]!a}..."


def is_pattern(name: str) -> bool:
    """Return whether the name of a topic, as L{read} gives it, has wildcards."""
    return ONE in name or MANY in name


def matches(pattern: str, name: str) -> bool:
    """Return whether C{pattern}, as L{read} gives it, stands for C{name}, a name without wildcards."""
    read = _pattern(pattern)
    return read is not None and read.matches(_WORDS.letters(name))


def covers(wide: str, narrow: str) -> bool:
    """Return whether whatever C{narrow} stands for C{wide} stands for too; a name stands for itself. False
    where that is too much work to find out."""
    if wide == narrow:
        return True
    if not is_pattern(wide):
        return False
    one, other = _pattern(wide), _pattern(narrow)
    return one is not None and other is not None and names.covers(one, other, _WORDS)


@lru_cache(1024)
def _pattern(text: str) -> names.Pattern | None:
    return _WORDS.filter(text)


class _Node(Generic[T]):
    """What patterns that begin alike have in common: the values of the one that ends here, and the rest of
    the others by their next word."""

    __slots__ = ("loops", "nodes", "values")

    def __init__(self, loops: bool) -> None:
        self.loops = loops
        self.nodes: dict[str, _Node[T]] = {}
        self.values: dict[T, None] = {}


class Patterns(Generic[T]):
    """Values under patterns, found by a name: a trie. Each pair of a pattern and a value is in it once.

    To find costs, for each word of a name, what patterns still match so far; not what there are.
    """

    def __init__(self) -> None:
        self._root = _Node[T](loops=False)

    @property
    def empty(self) -> bool:
        """Whether there is no value."""
        return not self._root.nodes

    def add(self, pattern: str, value: T) -> None:
        """Put a value under a pattern, or a name."""
        node = self._root
        for word in pattern.split("."):
            known = node.nodes.get(word)
            if known is None:
                known = node.nodes[word] = _Node(loops=word == MANY)
            node = known
        node.values[value] = None

    def remove(self, pattern: str, value: T) -> None:
        """Take it away again.

        Raises:
            KeyError: it is not there.
        """
        words = pattern.split(".")
        way = [self._root]
        for word in words:
            way.append(way[-1].nodes[word])
        del way[-1].values[value]
        for word, node in zip(reversed(words), reversed(way[:-1]), strict=True):
            below = node.nodes[word]
            if below.values or below.nodes:
                return
            del node.nodes[word]

    def find(self, name: str) -> list[T]:
        """Return the values under all patterns that stand for a name; one that is under several of them is
        there as often."""
        reached = _closed([self._root])
        for word in name.split("."):
            after = []
            for node in reached:
                if node.loops:
                    after.append(node)
                for each in (word, ONE):
                    if (next_node := node.nodes.get(each)) is not None:
                        after.append(next_node)
            reached = _closed(after)
        return [value for node in reached for value in node.values]

    def under(self, pattern: str) -> list[T]:
        """Return the values under names, none of them a pattern, for which a pattern stands; only some where
        it is too much work to find all."""
        words = pattern.split(".")
        found: dict[T, None] = {}
        begun = [(self._root, 0)]
        seen = set(begun)
        while begun:
            node, at = begun.pop()
            if at == len(words):
                found.update(node.values)
                continue
            after = [(node, at + 1)] if words[at] == MANY else []
            next_at = at if words[at] == MANY else at + 1
            if words[at] in (ONE, MANY):
                after += [(below, next_at) for below in node.nodes.values()]
            elif (below := node.nodes.get(words[at])) is not None:
                after.append((below, next_at))
            if len(seen) + len(after) > MAX_STEPS:
                break
            begun += [each for each in after if each not in seen]
            seen.update(after)
        return list(found)


def _closed(nodes: list[_Node[T]]) -> list[_Node[T]]:
    """Return the nodes, each once, with those that are reached without a word."""
    found = dict.fromkeys(nodes)
    for node in nodes:
        while (below := node.nodes.get(MANY)) is not None and below not in found:
            found[below] = None
            node = below
    return list(found)
