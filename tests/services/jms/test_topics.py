"""Tests for L{kaazing.services.jms.topics}: clients who want the same are one subscription at the broker."""

from __future__ import annotations

from kaazing.interfaces.brokers import Features
from kaazing.interfaces.feeds import Slow
from kaazing.services.jms import topics
from kaazing.services.jms.settings import TopicSettings
from tests.services.jms.listening import WALL, ListeningTestCase


class SharingTests(ListeningTestCase):
    def test_one_subscription(self) -> None:
        """
        Clients of one topic share a subscription, which ends with the last of them; each is told with its
        own bytes, and hears when the broker has the subscription, also if it had it before.
        """
        first, second = self.listen("a.b", "1"), self.listen("a.b", "2", acknowledges=True)
        self.turn()
        broker = self.broker.at("a.b")
        self.assertTrue(broker.wish.automatic)
        self.assertEqual((first.heard, self.topics.subscriptions, self.topics.subscribers), ([], 1, 2))
        broker.consumer.ready()
        late = self.listen("a.b", "3")
        self.assertEqual(late.heard, [])
        self.turn()
        broker.brings("x")
        self.turn()
        self.assertEqual(first.heard, ["ready", "v 1: x"])
        self.assertEqual(second.heard, ["ready", "x"])
        self.assertEqual(late.heard, ["ready", "v 3: x"])
        for told in (first, second, late):
            self.assertFalse(broker.closed)
            told.shared.leave()
            told.shared.leave()
        self.assertEqual((broker.closed, self.counts()), (True, (3, 0, 0, 0)))
        self.assertEqual((self.topics.subscriptions, self.topics.subscribers), (0, 0))

    def test_made_anew(self) -> None:
        """
        When the broker's connection was lost and is there again, all hear so, and it goes on.
        """
        told = self.listen("a", "1")
        self.turn()
        for body in "xy":
            self.broker.at("a").consumer.ready()
            self.broker.at("a").brings(body)
            self.turn()
        self.assertEqual(told.heard, ["ready", "v 1: x", "ready", "v 1: y"])

    def test_refused(self) -> None:
        """
        What the broker does not want is refused to all; who asks again asks the broker again.
        """
        told = [self.listen("a", "1"), self.listen("a", "2", acknowledges=True)]
        self.turn()
        self.broker.at("a").refuses("no such topic")
        self.assertEqual([each.heard for each in told], [["refused: no such topic"]] * 2)
        told[0].shared.leave()
        self.listen("a", "3")
        self.assertEqual((len(self.broker.made), self.topics.subscribers), (2, 1))

    def test_asks_again_when_refused(self) -> None:
        """
        Who asks again on hearing so is not put to those who are being refused.
        """
        first, second = self.listen("a", "1"), self.listen("a", "2")
        again = []
        first.answering = lambda: again.append(self.listen("a", "3"))
        self.broker.at("a").refuses("no")
        self.turn()
        self.broker.at("a").consumer.ready()
        self.assertEqual((second.heard, again[0].heard), (["refused: no"], ["ready"]))

    def test_overlapping(self) -> None:
        """
        A client that subscribes to a topic twice, or to patterns that overlap, is told by each.
        """
        names = ("a.b", "a.b", "a.*")
        told = [self.listen(name, str(number)) for number, name in enumerate(names)]
        self.assertEqual(self.broker.open(), [("a.b", ""), ("a.*", "")])
        for name in ("a.b", "a.*"):
            self.broker.at(name).brings("x", "a.b")
        self.turn()
        self.assertEqual([each.heard for each in told], [["v 0: x"], ["v 1: x"], ["v 2: x"]])

    def test_left_at_once(self) -> None:
        """
        Who leaves, or is gone, before the broker has answered hears nothing more.
        """
        told = [self.listen("a", "1"), self.listen("a", "2"), self.listen("a", "3", acknowledges=True)]
        stays = self.listen("a", "4")
        broker = self.broker.at("a")
        broker.brings("x")
        told[0].shared.leave()
        told[1].shared.lost()
        told[2].shared.leave()
        self.turn()
        broker.consumer.ready()
        self.assertEqual([each.heard for each in told], [[], [], []])
        self.assertEqual(stays.heard, ["v 4: x", "ready"])

    def test_stop(self) -> None:
        """
        Stopping ends all subscriptions at the broker.
        """
        told = self.listen("a", "1")
        self.listen("b", "2")
        self.successResultOf(self.topics.stop())
        self.assertEqual(self.broker.open(), [])
        self.broker.made[0].brings("x")
        self.broker.made[0].consumer.ready()
        self.broker.made[0].consumer.refused("stopped")
        told.shared.leave()
        self.turn()
        self.assertEqual((told.heard, self.topics.subscriptions), ([], 0))


class SelectorTests(ListeningTestCase):
    def test_in_the_gateway(self) -> None:
        """
        Where the broker has no selectors there is one subscription, whatever is selected of it.
        """
        told = [
            self.listen("a", str(n), selector) for n, selector in enumerate(("", "n > 1", "n  >  1", "n = 1"))
        ]
        self.assertEqual((self.broker.open(), self.topics.subscribers), ([("a", "")], 4))
        for n in (1, 2):
            self.broker.at("a").brings(str(n), properties={"n": n})
        self.turn()
        self.assertEqual(
            [each.heard for each in told], [["v 0: 1", "v 0: 2"], ["v 1: 2"], ["v 2: 2"], ["v 3: 1"]]
        )


class BrokerSelectorTests(ListeningTestCase):
    features = Features(topic_selectors=True)

    def test_at_the_broker(self) -> None:
        """
        Where it has, each selector is a subscription, and what it brings is not asked again.
        """
        told = self.listen("a", "1", "n > 1")
        self.listen("a", "2", "n  > 1")
        self.listen("a", "3")
        self.assertEqual(self.broker.open(), [("a", "n > 1"), ("a", "")])
        self.broker.at("a", "n > 1").brings("x", properties={})
        self.turn()
        self.assertEqual(told.heard, ["v 1: x"])


class ExpiryTests(ListeningTestCase):
    settings = (TopicSettings(name="a", cache=5),)

    def test_expired(self) -> None:
        """
        A message that has expired is not told: when it comes, after it waited, nor to one who comes late.
        """
        told, slow = self.listen("a", "1"), self.listen("a", "2", congested=True)
        broker = self.broker.at("a")
        now = int(WALL * 1000)
        broker.brings("late", expires=now)
        broker.brings("short", expires=now + 2000)
        broker.brings("long", expires=now + 9000)
        self.turn()
        self.clock.advance(2)
        slow.shared.drained()
        after = self.listen("a", "3")
        self.assertEqual(told.heard, ["v 1: short", "v 1: long"])
        self.assertEqual((slow.heard, after.heard), (["v 2: long"], ["v 3: long"]))
        self.assertEqual((self.topics.expired, self.counts()), (1, (4, 1, 0, 0)))


class LifetimeTests(ListeningTestCase):
    settings = (TopicSettings(name="w.>", keeps=True, cache=1),)

    def test_stays(self) -> None:
        """
        A subscription that is to stay does when its last client goes, and goes on filling the cache.
        """
        self.listen("w.a", "1").shared.leave()
        self.listen("a", "2").shared.leave()
        self.assertEqual(self.broker.open(), [("w.a", "")])
        self.broker.at("w.a").consumer.ready()
        self.broker.at("w.a").brings("x")
        late = self.listen("w.a", "3")
        self.turn()
        self.assertEqual((late.heard, len(self.broker.made)), (["v 3: x", "ready"], 2))

    def test_not_too_many(self) -> None:
        """
        Of too many that nobody has, the one that is so for longest ends.
        """
        self.patch(topics, "MOST_IDLE", 2)
        for name in ("w.a", "w.b", "w.a", "w.c"):
            self.listen(name, "1").shared.leave()
        self.assertEqual([name for name, _ in self.broker.open()], ["w.a", "w.c"])


class StartTests(ListeningTestCase):
    settings = (TopicSettings(name="w.>", keeps=True, cache=1), TopicSettings(name=">", keeps=True))

    def test_from_the_start(self) -> None:
        """
        That of the name itself is there before the first client, and after the last, however many others
        nobody has; but for everything the broker has, somebody must ask.
        """
        self.patch(topics, "MOST_IDLE", 0)
        self.topics.open()
        self.assertEqual(self.broker.open(), [("w.>", "")])
        self.broker.at("w.>").brings("x", "w.a")
        early = self.listen("w.>", "1")
        early.shared.leave()
        self.listen("w.b", "2").shared.leave()
        self.assertEqual((early.heard, self.broker.open()), (["v 1: x"], [("w.>", "")]))


class SharedTests(ListeningTestCase):
    settings = (
        TopicSettings(name="w.>", keeps=True, joins=True, cache=1),
        TopicSettings(name="n.*", joins=True),
    )

    def test_one_for_all(self) -> None:
        """
        With subscription.sharing wildcard, the pattern in the settings is the one subscription of all who
        want less, and its values are there for the first of them.
        """
        self.topics.open()
        self.broker.at("w.>").brings("x", "w.a")
        first, second = self.listen("w.a", "1"), self.listen("w.*", "2", "n IS NULL")
        self.listen("n.a", "3")
        other = self.listen("n.b", "4")
        self.assertEqual(self.broker.open(), [("w.>", ""), ("n.*", "")])
        self.assertEqual((first.heard, second.heard), (["v 1: x"], ["v 2: x"]))
        self.broker.at("n.*").brings("y", "n.b")
        self.turn()
        self.assertEqual(other.heard, ["v 4: y"])

    def test_refused(self) -> None:
        """
        Where the broker does not want that one, which the log says, each topic has its own, and nobody asks
        for the pattern again.
        """
        self.listen("n.a", "1")
        self.broker.at("n.*").refuses("not you")
        self.listen("n.b", "2")
        self.assertEqual(self.broker.open(), [("n.a", ""), ("n.b", "")])


class SharedSelectedTests(ListeningTestCase):
    features = Features(topic_selectors=True)
    settings = (TopicSettings(name="w.>", joins=True), TopicSettings(name="c", cache=1))

    def test_selected(self) -> None:
        """
        Where the broker selects, what is selected has a subscription of its own.
        """
        for selector in ("n = 1", ""):
            self.listen("w.a", "1", selector)
        self.assertEqual(self.broker.open(), [("w.a", "n = 1"), ("w.>", "")])

    def test_kept(self) -> None:
        """
        But the gateway selects where it keeps values, so that who comes late is told those that match.
        """
        self.listen("c", "1")
        self.broker.at("c").brings("x", properties={"n": 1})
        self.assertEqual(self.listen("c", "2", "n = 1").heard, ["v 2: x"])
        self.assertEqual((self.listen("c", "3", "n = 2").heard, self.broker.open()), ([], [("c", "")]))


class SlowTests(ListeningTestCase):
    settings = (
        TopicSettings(name="kept", slow=Slow(kind="conflate", coalesce=0), key="id"),
        TopicSettings(name="gone", slow=Slow(kind="disconnect", bytes=1024, coalesce=0)),
    )

    def test_conflated(self) -> None:
        """
        One that is slow is told the last message of each key, and those that have none.
        """
        told = self.listen("kept", "1", congested=True)
        for body, properties in (
            ("a1", {"id": "a"}),
            ("b1", {"id": "b"}),
            ("a2", {"id": "a"}),
            ("x", {}),
            ("y", {}),
        ):
            self.broker.at("kept").brings(body, properties=properties)
        told.shared.drained()
        self.assertEqual(told.heard, ["v 1: b1", "v 1: a2", "v 1: x", "v 1: y"])
        self.assertEqual(self.counts(), (4, 0, 1, 0))
        told.shared.lost()
        self.assertEqual(self.counts(), (4, 0, 1, 0))

    def test_disconnected(self) -> None:
        """
        One for whom too much waits is disconnected; a client that acknowledges is not this one's concern.
        """
        told = self.listen("gone", "1")
        told.shared.congested()
        other = self.listen("gone", "2", acknowledges=True)
        other.shared.congested()
        self.turn()
        for _ in range(3):
            self.broker.at("gone").brings("x" * 400)
        other.shared.drained()
        assert told.channel is not None
        self.assertEqual(told.channel.done, [("finish", 1008, "too slow: more than 1024 bytes wait")])
        self.assertEqual((other.heard, self.counts()), (["x" * 400] * 3, (3, 2, 0, 1)))
