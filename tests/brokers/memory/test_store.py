"""What a store takes, and where it goes."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.memory.store import Bounds, Store, replace_store, store
from kaazing.errors import BrokerRefused
from kaazing.interfaces.brokers import OVERHEAD, Destination, Domain, Message, Wish
from tests.brokers.listening import queue, text, topic
from tests.brokers.memory.test_backlog import Taker


class StoreTests(SynchronousTestCase):
    """A store, consumed from without links."""

    def setUp(self) -> None:
        """Begin at second 1000, with room for little."""
        self.now = 1000.0
        self.store = Store("s", lambda: self.now, Bounds(messages=3, bytes=4 * OVERHEAD, places=3))

    def open(self, destination: Destination, **more: Any) -> Taker:
        """Return a consumer of a destination; C{feed} and C{backlog} are where it is subscribed."""
        made: Any = Taker()
        wish = Wish(destination=destination, **more)
        made.backlog, made.feed = self.store.open(wish, None, made, self)
        made.backlog.join(made)
        return made  # type: ignore[no-any-return]

    def close(self, taker: Any) -> None:
        """End a subscription; what it had is back."""
        taker.backlog.leave(taker)
        self.store.close(taker.feed)
        taker.backlog.release(taker.out)

    def publish(self, *messages: Message) -> str:
        """Publish all or none; return why none was."""
        try:
            self.store.publish(messages)
        except BrokerRefused as why:
            return str(why)
        return ""

    def test_message(self) -> None:
        """
        A message gets an id of its own, and the time where it has none.
        """
        self.publish(text(queue("q"), "a", redelivered=True, timestamp=5), text(queue("q"), "b"))
        one, two = (each.message for each in self.open(queue("q")).out)
        self.assertEqual([one.timestamp, two.timestamp], [5, 1_000_000])
        self.assertEqual([one.redelivered, one.deliveries], [False, 1])
        self.assertTrue(one.message_id.startswith("memory:") and one.message_id != two.message_id)

    def test_topic(self) -> None:
        """
        All that subscribe to a topic then get what comes, once, patterns or not; nobody later.
        """
        early = [self.open(topic(name)) for name in ("a.b", ">", "b.*")]
        self.assertEqual(self.publish(text(topic("a.b"), "1")), "")
        self.assertEqual([each.names() for each in early], [["1"], ["1"], []])

    def test_no_queue_for_a_topic(self) -> None:
        """
        A queue and a topic of one name have nothing in common, and temporary ones neither.
        """
        here = self.open(topic(">"))
        self.publish(text(queue("a"), "1"))
        made = self.store.temporary(Domain.TEMP_TOPIC, self)
        self.publish(text(made, "2"))
        self.assertEqual(here.names(), [])

    def test_pattern(self) -> None:
        """
        No message goes to a pattern.
        """
        self.assertEqual(
            self.publish(text(topic("a.*"), "1")),
            "/topic/a.* stands for many destinations; a message has one",
        )

    def test_durable(self) -> None:
        """
        What comes while nobody has a durable subscription open waits for it.
        """
        self.close(self.open(topic("a"), durable="d"))
        self.publish(text(topic("a"), "1"))
        self.assertEqual(self.open(topic("a"), durable="d").names(), ["1"])

    def test_durable_in_use(self) -> None:
        """
        One has it open at a time, and it is not forgotten meanwhile.
        """
        open_one = self.open(topic("a"), durable="d")
        for ask in (lambda: self.open(topic("a"), durable="d"), lambda: self.store.forget("d")):
            why = self.assertRaises(BrokerRefused, ask)
            self.assertEqual(str(why), "the durable subscription 'd' is in use")
        self.close(open_one)
        self.store.forget("d")
        self.publish(text(topic("a"), "1"))
        self.assertEqual(self.open(topic("a"), durable="d").names(), [])
        self.store.forget("never there")

    def test_durable_of_another_topic(self) -> None:
        """
        A durable subscription that is opened with another topic or selector begins anew.
        """
        self.close(self.open(topic("a"), durable="d"))
        self.publish(text(topic("a"), "1"))
        other = self.open(topic("b"), durable="d")
        self.publish(text(topic("b"), "2"), text(topic("a"), "3"))
        self.assertEqual(other.names(), ["2"])
        self.close(other)
        chosen = self.open(topic("b"), durable="d", selector="x = 1")
        self.assertEqual((chosen.names(), self.store.bytes), ([], 0))

    def test_temporary(self) -> None:
        """
        Anybody may send to a temporary destination, only its maker consumes, and only he removes it.
        """
        made = self.store.temporary(Domain.TEMP_QUEUE, self)
        self.assertEqual(self.publish(text(made, "1")), "")
        other: Any = Taker()
        why = self.assertRaises(BrokerRefused, self.store.open, Wish(destination=made), None, other, object())
        self.assertEqual(str(why), f"there is no {made} that could be subscribed to from here")
        self.store.discard(made, object())
        mine = self.open(made)
        self.assertEqual(mine.names(), ["1"])
        self.store.discard(made, self)
        self.assertEqual(self.publish(text(made, "2")), f"there is no {made}")
        self.close(mine)
        self.assertEqual(self.store.bytes, 0)

    def test_temporary_topic(self) -> None:
        """
        A temporary topic likewise.
        """
        made = self.store.temporary(Domain.TEMP_TOPIC, self)
        mine = self.open(made)
        self.publish(text(made, "1"))
        self.store.discard(made, self)
        self.assertEqual(mine.names(), ["1"])
        self.assertEqual(self.publish(text(made, "2")), f"there is no {made}")

    def test_full(self) -> None:
        """
        A queue is full by number or by bytes; then nothing of what is published together is taken.
        """
        full = "/queue/q is full: too much waits there to be consumed"
        small, big = text(queue("q"), "x"), text(queue("q"), "x" * 3 * OVERHEAD)
        self.assertEqual(self.publish(text(topic("t"), "1"), *[small] * 4), full)
        self.assertEqual(self.publish(big, small), full)
        self.assertEqual(self.publish(small, small, small), "")
        self.assertEqual(self.publish(small), full)
        self.assertEqual(self.publish(text(queue("other"), "x")), "")

    def test_full_when_out(self) -> None:
        """
        What is out and not settled still takes its place, or it could not come back.
        """
        taker: Any = self.open(queue("q"))
        self.publish(*[text(queue("q"), "x")] * 3)
        self.assertEqual(len(taker.out), 3)
        self.assertTrue(self.publish(text(queue("q"), "x")))
        taker.backlog.gone(taker.out.pop())
        self.assertEqual(self.publish(text(queue("q"), "x")), "")

    def test_full_durable(self) -> None:
        """
        A durable subscription that has no room keeps its topic from taking more: nothing is lost in silence.
        """
        self.close(self.open(topic("a"), durable="d"))
        self.assertEqual(self.publish(*[text(topic("a"), "x")] * 3), "")
        self.assertEqual(
            self.publish(text(topic("a"), "x")), "/topic/a is full: too much waits there to be consumed"
        )

    def test_total(self) -> None:
        """
        All together have a bound too.
        """
        store = Store("t", bounds=Bounds(total=2 * OVERHEAD + 10))
        store.publish([text(queue("a"), "x", properties={"key": 5}), text(queue("b"), "x")])
        self.assertEqual(store.bytes, 2 * OVERHEAD + 8)
        why = self.assertRaises(BrokerRefused, store.publish, [text(queue("c"), "x")])
        self.assertEqual(str(why), "/queue/c is full: too much waits there to be consumed")

    def test_expired(self) -> None:
        """
        What has expired when it comes goes nowhere, and what expires makes room.
        """
        self.assertEqual(self.publish(text(queue("q"), "x", expires=1_000_000)), "")
        self.assertEqual(self.publish(*[text(queue("q"), "x", expires=1_000_001)] * 3), "")
        self.now = 1000.001
        self.assertEqual(self.publish(text(queue("q"), "y")), "")
        self.assertEqual(self.open(queue("q")).names(), ["y"])

    def test_places(self) -> None:
        """
        There are so many of everything, and one more is refused; an empty queue is none.
        """
        takers: list[Any] = [self.open(topic("a"), durable=each) for each in "abc"]
        why = self.assertRaises(BrokerRefused, self.open, topic("a"))
        self.assertEqual(str(why), "there are 3 subscriptions, and no more can be had")
        self.close(takers[0])
        why = self.assertRaises(BrokerRefused, self.open, topic("a"), durable="d")
        self.assertEqual(str(why), "there are 3 durable subscriptions, and no more can be had")
        for _ in range(3):
            self.store.temporary(Domain.TEMP_QUEUE, self)
        self.assertRaises(BrokerRefused, self.store.temporary, Domain.TEMP_QUEUE, self)
        big = "x" * 5 * OVERHEAD
        self.assertTrue(all(self.publish(text(queue(each), big)) for each in "abcdef"))
        self.assertEqual([self.publish(text(queue(each), "x")) for each in "abc"], [""] * 3)
        self.assertEqual(self.publish(text(queue("d"), "x")), "there are 3 queues, and no more can be had")
        taker: Any = self.open(queue("a"))
        taker.backlog.gone(taker.out.pop())
        self.close(taker)
        self.assertEqual(self.publish(text(queue("d"), "x")), "")

    def test_by_name(self) -> None:
        """
        A name has one store in the process.
        """
        self.assertIs(store("by.name"), store("by.name"))
        replace_store(self.store)
        self.assertIs(store("s"), self.store)
