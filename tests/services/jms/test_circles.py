"""Tests for L{kaazing.services.jms.circles}: who comes late, and listeners that are called."""

from __future__ import annotations

from kaazing.services.jms.settings import TopicSettings
from tests.services.jms.listening import ListeningTestCase


class LateTests(ListeningTestCase):
    settings = (TopicSettings(name="a.>", cache=2),)

    def test_told_once(self) -> None:
        """
        Who comes late is told the last values before anything newer, and nothing twice, wherever between two
        writes it comes.
        """
        for acknowledges in (False, True):
            early = self.listen("a.b", "0", acknowledges=acknowledges)
            late = []
            for number in range(5):
                self.broker.at("a.b").brings(str(number))
                late.append(self.listen("a.b", "1", acknowledges=acknowledges))
                if number % 2:
                    self.turn()
            self.turn()
            start = "" if acknowledges else "v 1: "
            for number, each in enumerate(late):
                wanted = [f"{start}{n}" for n in range(max(number - 1, 0), 5)]
                self.assertEqual(each.heard, wanted)
            for each in (early, *late):
                each.shared.leave()

    def test_selected(self) -> None:
        """
        Only those that its selector wants.
        """
        self.listen("a.b", "0")
        for number in range(2):
            self.broker.at("a.b").brings(str(number), properties={"n": number})
        self.assertEqual(self.listen("a.b", "1", "n = 0").heard, ["v 1: 0"])

    def test_of_a_pattern(self) -> None:
        """
        To a pattern, those of all its topics, in the order in which they came.
        """
        self.listen("a.*", "0")
        for body, name in (("1", "a.y"), ("2", "a.x"), ("3", "a.y"), ("4", "a.y")):
            self.broker.at("a.*").brings(body, name)
        self.assertEqual(self.listen("a.*", "1").heard, ["v 1: 2", "v 1: 3", "v 1: 4"])

    def test_congested(self) -> None:
        """
        To one whose channel is congested, when it has room.
        """
        self.listen("a.b", "0")
        self.broker.at("a.b").brings("x")
        late = self.listen("a.b", "1", congested=True)
        self.broker.at("a.b").brings("y")
        self.turn()
        self.assertEqual(late.heard, [])
        late.shared.drained()
        self.assertEqual(late.heard, ["v 1: x", "v 1: y"])

    def test_comes_meanwhile(self) -> None:
        """
        Who comes because another is told a message is told it once.
        """
        first = self.listen("a.b", "0", "TRUE", acknowledges=True)
        last = self.listen("a.b", "1", acknowledges=True)
        self.turn()
        late = []
        first.answering = lambda: late.append(self.listen("a.b", "2", acknowledges=True))
        self.broker.at("a.b").brings("x")
        self.turn()
        self.assertEqual((first.heard, last.heard, late[0].heard), (["x"], ["x"], ["x"]))


class CallingTests(ListeningTestCase):
    def test_one_fails(self) -> None:
        """
        A listener that fails does not keep the others from their messages.
        """
        fails = self.listen("a", "1", acknowledges=True)
        fine = self.listen("a", "2", acknowledges=True)
        self.turn()
        fails.answering = lambda: 1 // 0
        self.broker.at("a").brings("x")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual((fine.heard, self.counts()), (["x"], (2, 0, 0, 0)))

    def test_leaves_when_told(self) -> None:
        """
        One that leaves because of what it, or another, is told is told no more.
        """
        first, second = (self.listen("a", "1", acknowledges=True) for _ in range(2))
        self.broker.at("a").brings("x")
        self.broker.at("a").brings("y")

        def leave() -> None:
            first.shared.leave()
            second.shared.leave()

        first.answering = leave
        self.turn()
        self.assertEqual((first.heard, second.heard, self.broker.open()), (["x"], [], []))
