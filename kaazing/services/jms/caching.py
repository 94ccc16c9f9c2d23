# -*- test-case-name: tests.services.jms.test_caching -*-
"""The last values of topics, for clients that come late; bounded in number for each, in bytes for all."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from kaazing.services.jms.bulletins import Bulletin
from kaazing.wire.destinations import is_pattern, matches

_OVERHEAD = 500  # bytes that a value takes besides the message, about


def _cost(bulletin: Bulletin) -> int:
    return 2 * bulletin.size + _OVERHEAD  # what it is made into is kept too


class _Line:
    """The values of one topic of a shelf, oldest first, by what replaces them."""

    __slots__ = ("shelf", "topic", "values")

    def __init__(self, shelf: Shelf, topic: str) -> None:
        self.shelf, self.topic = shelf, topic
        self.values: OrderedDict[bytes | int, int] = OrderedDict()  # and under which number each is kept


class Cache:
    """All values that a service keeps.

    Attributes:
        bytes: that they take, about.
    """

    def __init__(self, most: int, now: Callable[[], float]) -> None:
        """C{most}: bytes; C{now}: says the time in which a L{Bulletin}'s C{until} is."""
        self._most, self.now = most, now
        self._kept: OrderedDict[int, tuple[Bulletin, _Line, bytes | int]] = OrderedDict()  # by age
        self._number = self.bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def number(self) -> int:
        """Return the next number: later values have greater ones."""
        self._number += 1
        return self._number

    def keep(self, number: int, bulletin: Bulletin, line: _Line, key: bytes | int) -> None:
        """Keep a value; forget the oldest of all where there is no room."""
        self._kept[number] = bulletin, line, key
        self.bytes += _cost(bulletin)
        while self.bytes > self._most:
            _, line, key = next(iter(self._kept.values()))
            line.shelf.forget(line, key)

    def take(self, number: int) -> Bulletin:
        """Return a value and keep it no longer."""
        bulletin, _, _ = self._kept.pop(number)
        self.bytes -= _cost(bulletin)
        return bulletin

    def look(self, number: int) -> Bulletin:
        """Return a value."""
        return self._kept[number][0]


class Shelf:
    """The values that came by one subscription at the broker."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._lines: dict[str, _Line] = {}

    def add(self, bulletin: Bulletin, most: int, key: bytes | None) -> None:
        """Keep a value, at most so many of its topic.

        Args:
            key: whose earlier value it replaces; None for nothing.
        """
        topic = bulletin.message.destination.name
        line = self._lines.get(topic)
        if line is None:
            line = self._lines[topic] = _Line(self, topic)
        number = self._cache.number()
        mark: bytes | int = number if key is None else key
        if mark in line.values:
            self._cache.take(line.values.pop(mark))
        elif len(line.values) == most:
            _, oldest = line.values.popitem(last=False)
            self._cache.take(oldest)
        line.values[mark] = number
        self._cache.keep(number, bulletin, line, mark)

    def forget(self, line: _Line, key: bytes | int) -> None:
        """Keep a value no longer."""
        self._cache.take(line.values.pop(key))
        if not line.values:
            del self._lines[line.topic]

    def values(self, pattern: str) -> list[Bulletin]:
        """Return the values of the topics that a pattern, or a name, stands for, oldest first; those that
        mean nothing any more are forgotten."""
        if is_pattern(pattern):
            lines = [line for topic, line in self._lines.items() if matches(pattern, topic)]
        else:
            lines = [self._lines[pattern]] if pattern in self._lines else []
        found: list[tuple[int, Bulletin]] = []
        now = self._cache.now()
        for line in lines:
            for key, number in list(line.values.items()):
                bulletin = self._cache.look(number)
                if bulletin.until <= now:
                    self.forget(line, key)
                else:
                    found.append((number, bulletin))
        return [bulletin for _, bulletin in sorted(found, key=lambda each: each[0])]

    def inherit(self, other: Shelf, topic: str) -> None:
        """Take another shelf's values of a topic in the place of its own."""
        own, line = self._lines.pop(topic, None), other._lines.pop(topic, None)
        if own is not None:
            for number in own.values.values():
                self._cache.take(number)
        if line is not None:
            line.shelf = self
            self._lines[topic] = line

    def clear(self) -> None:
        """Forget everything."""
        for line in self._lines.values():
            for number in line.values.values():
                self._cache.take(number)
        self._lines.clear()
