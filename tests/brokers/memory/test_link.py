"""A link to the broker inside the gateway, and two."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.brokers.memory.link import WINDOW, MemoryLink, MemorySubscription
from kaazing.brokers.memory.store import Bounds, Store
from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.brokers import (
    Destination,
    Domain,
    IBrokerLink,
    IBrokerSubscription,
    Outcome,
    Wish,
    Work,
)
from tests.brokers.listening import Listener, post, queue, text, topic


class LinkTestCase(SynchronousTestCase):
    """A store with two links."""

    def setUp(self) -> None:
        """Make both."""
        self.clock = Clock()
        self.store = Store("s", self.clock.seconds, Bounds(messages=5000))
        self.told: list[Any] = []
        self.link, self.other = (MemoryLink(self.store, post(self.clock, self.told)) for _ in "ab")

    def publish(self, destination: Destination, *bodies: str, **more: Any) -> None:
        """Publish, and let everybody be told."""
        for body in bodies:
            self.link.publish(text(destination, body, **more))
        self.clock.advance(0)

    def subscribe(
        self, destination: Destination, link: MemoryLink | None = None, **more: Any
    ) -> tuple[Listener, MemorySubscription]:
        """Subscribe, and let the consumer be told."""
        listener = Listener()
        made = (link or self.link).subscribe(Wish(destination=destination, **more), listener)
        self.clock.advance(0)
        return listener, made


class LinkTests(LinkTestCase):
    """What one link does."""

    def test_promises(self) -> None:
        """
        Links and subscriptions keep their promises.
        """
        verifyObject(IBrokerLink, self.link)
        verifyObject(IBrokerSubscription, self.subscribe(queue("q"))[1])

    def test_answers_later(self) -> None:
        """
        Nobody is told anything before the next turn; then everything, in order.
        """
        listener = Listener()
        self.link.subscribe(Wish(destination=queue("q")), listener)
        taken = self.link.publish(text(queue("q"), "a"))
        self.assertNoResult(taken)
        self.assertEqual(listener.said, [])
        self.clock.advance(0)
        self.assertIsNone(self.successResultOf(taken))
        self.assertEqual(listener.said, ["ready", "a"])

    def test_prefetch(self) -> None:
        """
        No more is out than was asked for, and the next comes when one is settled.
        """
        listener, subscription = self.subscribe(queue("q"), prefetch=2)
        self.publish(queue("q"), "a", "b", "c", "d")
        self.assertEqual(listener.taken(), ["ready", "a", "b"])
        subscription.settle(listener.tags, Outcome.ACCEPTED)
        self.clock.advance(0)
        self.assertEqual(listener.said, ["c", "d"])

    def test_competing(self) -> None:
        """
        Consumers of one queue share its messages, over any links.
        """
        one, two = self.subscribe(queue("q"))[0], self.subscribe(queue("q"), self.other)[0]
        self.publish(queue("q"), "a", "b", "c", "d")
        self.assertEqual((one.said, two.said), (["ready", "a", "c"], ["ready", "b", "d"]))

    def test_automatic(self) -> None:
        """
        Where nobody settles, a message is accepted when it was given.
        """
        listener, subscription = self.subscribe(queue("q"), automatic=True, prefetch=1)
        self.publish(queue("q"), "a", "b")
        self.clock.advance(0)
        subscription.close()
        self.clock.advance(0)
        self.assertEqual((listener.said, listener.tags), (["ready", "a", "b"], [None, None]))
        self.assertEqual(self.store.bytes, 0)

    def test_released(self) -> None:
        """
        What is released comes again, redelivered and counted.
        """
        listener, subscription = self.subscribe(queue("q"), prefetch=1)
        self.publish(queue("q"), "a", "b")
        subscription.settle(listener.tags, Outcome.RELEASED)
        self.clock.advance(0)
        self.assertEqual(listener.said, ["ready", "a", "a+"])
        self.assertEqual([message.deliveries for _, message in listener.out], [1, 2])
        self.assertEqual(len({message.message_id for _, message in listener.out}), 1)

    def test_rejected(self) -> None:
        """
        What is rejected is gone: it is the service that keeps dead letters.
        """
        listener, subscription = self.subscribe(queue("q"), prefetch=1)
        self.publish(queue("q"), "a", "b")
        subscription.settle(listener.tags, Outcome.REJECTED)
        self.clock.advance(0)
        self.assertEqual((listener.said, self.link.features.dead_letters), (["ready", "a", "b"], False))

    def test_settled_twice(self) -> None:
        """
        A tag counts once, and one that never was does not.
        """
        listener, subscription = self.subscribe(queue("q"))
        self.publish(queue("q"), "a")
        subscription.settle([*listener.tags, "?"], Outcome.ACCEPTED)
        subscription.settle(listener.tags, Outcome.RELEASED)
        self.clock.advance(0)
        self.assertEqual((listener.said, self.store.bytes), (["ready", "a"], 0))

    def test_close(self) -> None:
        """
        When a subscription closes, nothing more is delivered, and what was not settled goes back in order:
        redelivered what was delivered, and only that.
        """
        listener, subscription = self.subscribe(queue("q"), prefetch=2)
        self.publish(queue("q"), "a", "b", "c")
        subscription.settle(listener.tags[:1], Outcome.ACCEPTED)
        done = subscription.close()
        self.clock.advance(0)
        self.successResultOf(done)
        self.assertEqual(listener.said, ["ready", "a", "b"])
        self.assertEqual(self.subscribe(queue("q"))[0].said, ["ready", "b+", "c"])
        subscription.settle(listener.tags, Outcome.ACCEPTED)

    def test_durable(self) -> None:
        """
        A durable subscription waits until it is opened again, and ends when it is forgotten.
        """
        _, subscription = self.subscribe(topic("a"), durable="d")
        subscription.close()
        self.publish(topic("a"), "1")
        listener, subscription = self.subscribe(topic("a"), durable="d")
        self.assertEqual(listener.said, ["ready", "1"])
        subscription.close(forget=True)
        self.publish(topic("a"), "2")
        listener, subscription = self.subscribe(topic("a"), durable="d")
        self.assertEqual(listener.said, ["ready"])
        subscription.close()
        done = self.link.forget(topic("a"), "d")
        self.clock.advance(0)
        self.assertIsNone(self.successResultOf(done))

    def test_refused(self) -> None:
        """
        A subscription that cannot be is refused with a sentence, and nothing else follows.
        """
        self.subscribe(topic("a"), durable="d")
        listener, subscription = self.subscribe(topic("a"), durable="d")
        subscription.settle([1], Outcome.ACCEPTED)
        subscription.close()
        self.publish(topic("a"), "1")
        self.assertEqual(listener.said, [("refused", "the durable subscription 'd' is in use")])

    def test_selectors(self) -> None:
        """
        A selector chooses from a queue and from a topic.
        """
        chosen = self.subscribe(queue("q"), selector="color = 'red'")[0]
        told = self.subscribe(topic("t"), selector="color = 'red'")[0]
        for color in ("red", "blue"):
            self.publish(queue("q"), color, properties={"color": color})
            self.publish(topic("t"), color, properties={"color": color})
        self.assertEqual((chosen.said, told.said), (["ready", "red"], ["ready", "red"]))
        rest = self.subscribe(queue("q"))[0]
        self.assertEqual(rest.said, ["ready", "blue"])

    def test_selected_by_what_the_store_says(self) -> None:
        """
        A selector may ask what only the store says: when a message came, and its id.
        """
        asked = "JMSTimestamp > 0 AND JMSMessageID LIKE 'memory:%'"
        self.clock.advance(1)
        chosen = [self.subscribe(where, selector=asked)[0] for where in (queue("q"), topic("t"))]
        for where in (queue("q"), topic("t")):
            self.publish(where, "x")
        self.assertEqual([one.said for one in chosen], [["ready", "x"], ["ready", "x"]])

    def test_expired_on_the_way(self) -> None:
        """
        A message that expires on its way to a consumer does not arrive.
        """
        listener, _ = self.subscribe(queue("q"), prefetch=1)
        self.link.publish(text(queue("q"), "a", expires=1000))
        self.link.publish(text(queue("q"), "b"))
        self.clock.advance(1)
        self.clock.advance(0)
        self.assertEqual(listener.said, ["ready", "b"])

    def test_publish_refused(self) -> None:
        """
        What the store does not take is refused with its sentence.
        """
        refused = self.link.publish(text(topic("*"), "a"))
        self.clock.advance(0)
        self.failureResultOf(refused, BrokerRefused)

    def test_raising(self) -> None:
        """
        Others are told though a consumer raises.
        """
        faulty, listener = Listener(), Listener()
        faulty.ready = lambda: 1 // 0  # type: ignore[assignment, method-assign]
        self.link.subscribe(Wish(destination=queue("q")), faulty)
        self.link.subscribe(Wish(destination=queue("r")), listener)
        self.assertRaises(ZeroDivisionError, self.clock.advance, 0)
        self.clock.advance(0)
        self.assertEqual(listener.said, ["ready"])

    def test_room(self) -> None:
        """
        Where very much is to be said, nobody should publish more until it was.
        """
        for _ in range(WINDOW):
            self.assertTrue(self.link.room())
            self.link.publish(text(topic("t"), "a"))
        self.assertEqual((self.link.room(), self.told), (False, []))
        self.clock.advance(0)
        self.assertEqual((self.link.room(), self.told), (True, [("drained", self.link)]))

    def test_window(self) -> None:
        """
        A consumer of any number gets all, though not all are on their way at once.
        """
        listener, subscription = self.subscribe(topic("t"), automatic=True)
        for _ in range(WINDOW + 5):
            self.link.publish(text(topic("t"), "a"))
        self.assertFalse(subscription.has_room())
        self.clock.advance(0)
        self.assertEqual(len(listener.tags), WINDOW + 5)


class TransactionTests(LinkTestCase):
    """All or nothing."""

    def setUp(self) -> None:
        """Have one message out."""
        super().setUp()
        self.listener, self.subscription = self.subscribe(queue("in"))
        self.publish(queue("in"), "a")

    def perform(self, *sends: Any) -> Deferred[None]:
        """Accept what is out, and send."""
        accepted = [(self.subscription, tag) for tag in self.listener.tags]
        done = self.link.perform(Work(sends, accepted))
        self.clock.advance(0)
        return done

    def test_all(self) -> None:
        """
        Everything is sent, and every delivery accepted.
        """
        self.assertIsNone(
            self.successResultOf(self.perform(text(queue("out"), "b"), text(queue("out"), "c")))
        )
        self.subscription.close()
        self.assertEqual(self.subscribe(queue("in"))[0].said, ["ready"])
        self.assertEqual(self.subscribe(queue("out"))[0].said, ["ready", "b", "c"])

    def test_nothing(self) -> None:
        """
        Where one message is refused, none is sent, and no delivery accepted.
        """
        self.failureResultOf(self.perform(text(queue("out"), "b"), text(topic("*"), "c")), BrokerRefused)
        self.subscription.close()
        self.assertEqual(self.subscribe(queue("in"))[0].said, ["ready", "a+"])
        self.assertEqual(self.subscribe(queue("out"))[0].said, ["ready"])

    def test_no_delivery(self) -> None:
        """
        Where a delivery is settled already, or another link's, likewise.
        """
        self.subscription.settle(self.listener.tags, Outcome.ACCEPTED)
        why = self.failureResultOf(self.perform(text(queue("out"), "b")), BrokerRefused)
        self.assertEqual(
            why.getErrorMessage(), "a delivery of the transaction is not this connection's to accept"
        )
        self.assertEqual(self.subscribe(queue("out"))[0].said, ["ready"])


class LossTests(LinkTestCase):
    """When a link is cut, or closed."""

    def test_cut(self) -> None:
        """
        Both links are told once; what was asked fails, for nobody knows; what is asked later fails too.
        """
        taken = self.link.publish(text(queue("q"), "a"))
        self.store.cut("the cable was pulled")
        self.store.cut("again")
        why = "the cable was pulled"
        self.assertEqual(self.told, [("lost", self.link, why), ("lost", self.other, why)])
        for failed in (
            taken,
            self.link.publish(text(queue("q"), "b")),
            self.link.temporary(Domain.TEMP_QUEUE),
            self.link.forget(topic("t"), "d"),
            self.link.perform(Work()),
        ):
            self.assertEqual(self.failureResultOf(failed, BrokerLost).getErrorMessage(), why)
        listener, _ = self.subscribe(queue("q"))
        self.assertEqual(listener.said, [("refused", why)])

    def test_given_back(self) -> None:
        """
        What a cut link had goes to others: redelivered what was delivered.
        """
        gone = self.subscribe(queue("q"), prefetch=2)[0]
        self.publish(queue("q"), "a", "b", "c")
        self.link.drop("gone")
        self.assertEqual(gone.said, ["ready", "a", "b"])
        self.assertEqual(self.subscribe(queue("q"), self.other)[0].said, ["ready", "a+", "b+", "c"])

    def test_silence(self) -> None:
        """
        Nothing is said on a link after it was cut.
        """
        listener, _ = self.subscribe(queue("q"))
        self.other.publish(text(queue("q"), "a"))
        self.link.drop("gone")
        self.clock.advance(0)
        self.assertEqual(listener.said, ["ready"])

    def test_temporary(self) -> None:
        """
        A temporary destination is gone with its link, and with its maker's word.
        """
        made = [self.link.temporary(Domain.TEMP_QUEUE) for _ in "ab"]
        self.clock.advance(0)
        one, two = (self.successResultOf(each) for each in made)
        listener, _ = self.subscribe(one)
        self.other.publish(text(one, "a"))
        self.clock.advance(0)
        self.assertEqual(listener.said, ["ready", "a"])
        self.link.discard(one)
        refused = self.other.publish(text(one, "b"))
        self.link.drop("gone")
        lost = self.other.publish(text(two, "c"))
        self.clock.advance(0)
        self.failureResultOf(refused, BrokerRefused)
        self.failureResultOf(lost, BrokerRefused)

    def test_close(self) -> None:
        """
        A link that closes gives everything back, says what was to be said, and is not lost.
        """
        self.subscribe(queue("q"))
        taken = self.link.publish(text(queue("q"), "a"))
        closed = [self.link.close(), self.link.close()]
        self.clock.advance(0)
        for each in (taken, *closed):
            self.assertIsNone(self.successResultOf(each))
        self.assertEqual(self.subscribe(queue("q"), self.other)[0].said, ["ready", "a"])
        self.link.drop("late")
        self.assertEqual((self.told, list(self.store.links)), ([], [self.other]))
