"""Tests for L{kaazing.services.jms.caching}: the last values of topics, within bounds."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.brokers import Message
from kaazing.services.jms.bulletins import Bulletin
from kaazing.services.jms.caching import Cache, Shelf
from tests.services.jms.listening import render, topic


def bulletin(name: str, body: str, until: float = math.inf) -> Bulletin:
    """Return a message of a topic."""
    return Bulletin(Message(destination=topic(name), body=body.encode()), render, None, until)


ONE = 2 * bulletin("a", "x").size + 500  # bytes that a value of a letter counts for


class CacheTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.now = 100.0
        self.cache = Cache(10 * ONE, lambda: self.now)
        self.shelf = Shelf(self.cache)

    def add(self, name: str, text: str, most: int = 3, keys: str = "") -> None:
        """Add a value for each letter."""
        for index, letter in enumerate(text):
            self.shelf.add(bulletin(name, letter), most, keys[index].encode() if keys else None)

    def values(self, pattern: str, shelf: Shelf | None = None) -> str:
        """Return the bodies of what is kept."""
        return b"".join(each.message.body for each in (shelf or self.shelf).values(pattern)).decode()

    def test_last(self) -> None:
        """
        So many of each topic are kept as are asked for; of one key, the last.
        """
        self.add("a.b", "vwxyz")
        self.add("a.c", "12345", keys="kkmnk")
        kept = [self.values(pattern) for pattern in ("a.b", "a.c", "a.*", "other", "b.>")]
        self.assertEqual(kept, ["xyz", "345", "xyz345", "", ""])
        self.assertEqual((len(self.cache), self.cache.bytes), (6, 6 * ONE))

    def test_too_many_bytes(self) -> None:
        """
        Beyond the bytes for all, the oldest of all are forgotten; what is larger than that is not kept.
        """
        for name in "abcd":
            self.add(name, "xyz")
        self.assertEqual((self.values("a"), self.values("*"), len(self.cache)), ("z", "z" + "xyz" * 3, 10))
        self.add("e", ["x" * 10 * ONE])  # type: ignore[arg-type]
        self.assertEqual((self.values("*"), len(self.cache), self.cache.bytes), ("", 0, 0))

    def test_expired(self) -> None:
        """
        What means nothing any more is forgotten when somebody asks.
        """
        self.shelf.add(bulletin("a", "x", until=101), 3, None)
        self.add("a", "y")
        self.assertEqual(self.values("a"), "xy")
        self.now = 101
        self.assertEqual((self.values("a"), len(self.cache)), ("y", 1))

    def test_inherited(self) -> None:
        """
        A shelf that takes over a topic has the other's values of it, in place of its own.
        """
        wide = Shelf(self.cache)
        for letter in "pq":
            wide.add(bulletin("a", letter), 3, None)
        self.add("a", "xyz")
        self.add("b", "1")
        wide.inherit(self.shelf, "a")
        wide.inherit(self.shelf, "other")
        self.assertEqual((self.values("a"), self.values("*"), self.values("*", wide)), ("", "1", "xyz"))
        wide.add(bulletin("a", "!"), 3, None)
        self.shelf.clear()
        self.assertEqual((self.values("*", wide), self.cache.bytes), ("yz!", 3 * ONE))
        wide.clear()
        self.assertEqual((len(self.cache), self.cache.bytes), (0, 0))

    @given(
        st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("kl ")), max_size=40), st.integers(1, 4)
    )
    def test_any(self, added: list[tuple[str, str]], most: int) -> None:
        """
        Whatever comes, what is kept is the last of each key and topic, in order, and counted exactly.
        """
        self.setUp()
        model: list[tuple[str, str, int]] = []
        for number, (name, key) in enumerate(added):
            self.shelf.add(bulletin(name, chr(0x21 + number)), most, key.encode() if key != " " else None)
            model = [each for each in model if key == " " or each[:2] != (name, key)]
            of_topic = [each for each in model if each[0] == name]
            if len(of_topic) == most:
                model.remove(of_topic[0])
            model = [*model, (name, key, number)][-10:]
        self.assertEqual(self.values("*"), "".join(chr(0x21 + number) for _, _, number in model))
        self.assertEqual((len(self.cache), self.cache.bytes), (len(model), len(model) * ONE))
