"""Tests for L{kaazing.services.jms.feeds}: feeds with wildcards, and those they take over."""

from __future__ import annotations

from collections import deque
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from kaazing.interfaces.brokers import Features, IConsumer
from kaazing.services.jms.settings import TopicSettings
from tests.services.jms.listening import ListeningTestCase


class WildcardTestCase(ListeningTestCase):
    settings = (TopicSettings(name=">", joins=True, cache=3),)


class JoiningTests(WildcardTestCase):
    def test_joins(self) -> None:
        """
        Who wants less than is open already is told by that, which stays until nobody wants any of it.
        """
        wide = self.listen("a.>", "w")
        self.broker.at("a.>").consumer.ready()
        self.assertTrue(verifyObject(IConsumer, self.broker.at("a.>").consumer))
        narrow = [self.listen("a.b", "1"), self.listen("a.*", "2"), self.listen("a.b", "3", "n = 1")]
        self.listen("b", "4")
        self.turn()
        self.assertEqual(self.broker.open(), [("a.>", ""), ("b", "")])
        for name in ("a.b", "a.c", "a.b.c"):
            self.broker.at("a.>").brings(name, name)
        self.turn()
        self.assertEqual(wide.heard, ["ready", "v w: a.b", "v w: a.c", "v w: a.b.c"])
        self.assertEqual(narrow[0].heard, ["ready", "v 1: a.b"])
        self.assertEqual(narrow[1].heard, ["ready", "v 2: a.b", "v 2: a.c"])
        self.assertEqual(narrow[2].heard, ["ready"])
        self.assertEqual(self.listen("a.b", "5").heard, ["v 5: a.b"])
        wide.shared.leave()
        self.assertEqual(len(self.broker.open()), 2)

    def test_refused(self) -> None:
        """
        Where the broker does not want the wide one, those who want less have subscriptions of their own.
        """
        wide, narrow = self.listen("a.>", "w"), self.listen("a.b", "1")
        self.turn()
        self.broker.at("a.>").refuses("not you")
        self.assertEqual((wide.heard, self.broker.open()), (["refused: not you"], [("a.b", "")]))
        self.broker.at("a.b").consumer.ready()
        self.broker.at("a.b").brings("x")
        self.turn()
        self.assertEqual(narrow.heard, ["ready", "v 1: x"])


class SelectingTests(WildcardTestCase):
    features = Features(topic_selectors=True)
    settings = (TopicSettings(name=">", joins=True),)

    def test_same_selector(self) -> None:
        """
        Where the broker selects, only those who want the same of it share a subscription, whoever comes
        first.
        """
        for name, selector in (("a.b", "n = 1"), ("a.c", ""), ("a.>", ""), ("a.d", "n = 1"), ("a.e", "")):
            self.listen(name, "1", selector)
        self.assertEqual(self.broker.open(), [("a.b", "n = 1"), ("a.c", ""), ("a.>", ""), ("a.d", "n = 1")])
        for name, selector in (("a.>", ""), ("a.b", "n = 1"), ("a.c", "")):
            self.broker.at(name, selector).brings("x", "a.c" if name == "a.>" else name)
        self.assertEqual(self.broker.open(), [("a.b", "n = 1"), ("a.>", ""), ("a.d", "n = 1")])
        self.broker.at("a.>").brings("y", "a.b")
        self.broker.at("a.b", "n = 1").brings("y")
        self.assertIn(("a.b", "n = 1"), self.broker.open())


class ExactTests(ListeningTestCase):
    settings = (TopicSettings(name="a.>"), TopicSettings(name="*.c", joins=True))

    def test_not_asked_for(self) -> None:
        """
        Without subscription.sharing wildcard, each topic and each pattern is a subscription.
        """
        for name in ("a.b", "a.>", "a.*", "a.c"):
            self.listen(name, "1")
        self.assertEqual([name for name, _ in self.broker.open()], ["a.b", "a.>", "a.*", "a.c"])
        for name in ("a.b", "a.>"):
            self.broker.at(name).brings("x", "a.b")
        self.assertEqual(len(self.broker.open()), 4)


class TakingOverTests(WildcardTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.narrow = self.listen("a.b", "n")
        self.thin: Any = self.broker.at("a.b")
        self.thin.consumer.ready()
        self.turn()
        self.wide = self.listen("a.>", "w")
        self.fat: Any = self.broker.at("a.>")
        self.fat.consumer.ready()
        self.turn()
        del self.narrow.heard[:], self.wide.heard[:]

    def test_taken_over(self) -> None:
        """
        The narrow one ends where both have brought the same message last, and those who came by it are told
        all, once; so are those who come late.
        """
        self.thin.brings("1")
        for number in ("2", "3"):
            self.fat.brings(number, "a.b")
        self.thin.brings("2")
        self.assertFalse(self.thin.closed)
        self.thin.brings("3")
        self.assertTrue(self.thin.closed)
        late = self.listen("a.b", "l")
        self.thin.brings("4")
        self.fat.brings("4", "a.b")
        self.turn()
        self.assertEqual(self.narrow.heard, [f"v n: {number}" for number in "1234"])
        self.assertEqual(self.wide.heard, [f"v w: {number}" for number in "234"])
        self.assertEqual(late.heard, [*(f"v l: {number}" for number in "1234"), "ready"])
        self.assertEqual(self.broker.open(), [("a.>", "")])

    def test_two_wide_ones(self) -> None:
        """
        Of two that cover it, one takes it over.
        """
        other = self.listen("*.b", "o")
        for body in "12":
            for feed in (self.thin, self.fat, self.broker.at("*.b")):
                if not feed.closed:
                    feed.brings(body, "a.b")
            self.turn()
        self.assertEqual([told.heard for told in (self.narrow, self.wide, other)], [
            ["v n: 1", "v n: 2"], ["v w: 1", "v w: 2"], ["v o: 1", "v o: 2"],
        ])  # fmt: skip
        self.assertEqual(self.broker.open(), [("a.>", ""), ("*.b", "")])

    def test_taken_over_before_it_was_ready(self) -> None:
        """
        Who has not heard yet that the broker has the narrow one hears that it has the wide one.
        """
        early = self.listen("c.b", "e")
        self.listen("c.>", "f")
        self.turn()
        self.broker.at("c.>").consumer.ready()
        self.broker.at("c.>").brings("1", "c.b")
        self.broker.at("c.b").brings("1")
        self.turn()
        self.assertEqual(early.heard, ["ready", "v e: 1"])

    def test_ids_used_again(self) -> None:
        """
        A message that has the id of another one, or none, says nothing of how far the two have come.
        """
        for message_id in ("same", ""):
            self.fat.brings("1", "a.b", message_id=message_id)
            self.thin.brings("0", message_id=message_id)
            self.assertFalse(self.thin.closed)
        self.thin.brings("", message_id="")
        self.fat.brings("", "a.b", message_id="")
        self.assertFalse(self.thin.closed)

    def test_connection_lost(self) -> None:
        """
        What one of them brought before its connection was lost says nothing of the next.
        """
        self.thin.brings("1")
        self.thin.consumer.ready()
        self.fat.brings("1", "a.b")
        self.assertFalse(self.thin.closed)

    def test_wide_ends_before(self) -> None:
        """
        Where the wide one ends before that, the narrow one goes on as if there had been none.
        """
        self.fat.brings("1", "a.b")
        self.wide.shared.leave()
        self.thin.brings("1")
        self.turn()
        self.assertEqual((self.narrow.heard, self.broker.open()), (["v n: 1"], [("a.b", "")]))

    def test_narrow_ends_before(self) -> None:
        """
        Where the narrow one does, the wide one; who wants the topic then is told by that.
        """
        self.thin.brings("1")
        self.narrow.shared.leave()
        again = self.listen("a.b", "n")
        self.fat.brings("1", "a.b")
        self.turn()
        heard = [told.heard for told in (self.wide, again)]
        self.assertEqual(heard, [["v w: 1"], ["ready", "v n: 1"]])
        self.assertEqual(self.broker.open(), [("a.>", "")])

    def test_wide_refused(self) -> None:
        """
        A wide one that the broker takes away leaves the narrow one.
        """
        self.fat.refuses("not any more")
        self.thin.brings("x")
        self.turn()
        self.assertEqual(self.narrow.heard, ["v n: x"])

    @given(st.integers(0, 6), st.integers(0, 3), st.lists(st.booleans(), max_size=24))
    def test_any_order(self, before: int, patience: int, order: list[bool]) -> None:
        """
        However the deliveries of the two interleave, and wherever the wide one begins, everybody is told
        everything once and in order.
        """
        self.setUp()
        both = [str(number) for number in range(before, 10)]
        thin, fat = deque(map(str, range(10))), deque(both)
        while thin or fat:
            first = order.pop() if order else len(thin) >= len(fat)
            if first and thin:
                body = thin.popleft()
                if not self.thin.closed:
                    self.thin.brings(body)
            elif fat:
                self.fat.brings(fat.popleft(), "a.b")
            if patience and len(fat) % patience == 0:
                self.turn()
        self.turn()
        self.assertEqual(self.narrow.heard, [f"v n: {number}" for number in range(10)])
        self.assertEqual(self.wide.heard, [f"v w: {number}" for number in both])
        self.assertTrue(self.thin.closed)
