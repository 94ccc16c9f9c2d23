"""A subscription over several links."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from twisted.internet.defer import succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.brokers.counting import Counts
from kaazing.brokers.handed import Handed
from kaazing.brokers.memory.link import MemoryLink
from kaazing.brokers.memory.store import Store
from kaazing.brokers.remaking import Remade, Temporary
from kaazing.errors import BrokerLost
from kaazing.interfaces.brokers import Destination, Domain, IBrokerSubscription, Outcome, Wish
from tests.brokers.listening import Listener, post, queue, text, topic


class Forgetful:
    """A link to a broker that has died, and does not know what it had given out."""

    def subscribe(self, wish: Wish, consumer: Any) -> Any:
        """As L{kaazing.interfaces.brokers.IBrokerLink.subscribe}."""
        self._consumer, self._count = consumer, 0
        return self

    def deliver(self, id: str) -> None:
        """Deliver a message whose body is its id."""
        self._count += 1
        self._consumer.delivered(text(queue("q"), id, message_id=id), self._count)

    def settle(self, tags: Sequence[Hashable], outcome: Outcome) -> None:
        """As L{kaazing.interfaces.brokers.IBrokerSubscription.settle}."""

    def close(self, forget: bool = False) -> Any:
        """As L{kaazing.interfaces.brokers.IBrokerSubscription.close}."""
        return succeed(None)


class RemadeTestCase(SynchronousTestCase):
    """A subscription of a queue, on links to a store."""

    def setUp(self) -> None:
        """Make a subscription that is on no link yet."""
        self.clock = Clock()
        self.store = Store("s", self.clock.seconds)
        self.listener, self.counts, self.handed = Listener(), Counts(), Handed()
        self.over: list[Remade] = []
        self.made = self.remade(queue("q"), prefetch=2)

    def remade(self, destination: Destination, **more: Any) -> Remade:
        """Return a subscription."""
        wish, line = Wish(destination=destination, **more), object()
        common = self.listener, self.counts, self.handed, self.over.append
        return Remade(line, wish, *common)  # type: ignore[arg-type]

    def link(self) -> MemoryLink:
        """Return a new link."""
        return MemoryLink(self.store, post(self.clock, []))

    def publish(self, *bodies: str, to: Destination = queue("q")) -> None:  # noqa: B008
        """Publish, and let everybody be told."""
        self.store.publish([text(to, body) for body in bodies])
        self.clock.advance(0)


class RemadeTests(RemadeTestCase):
    """What lasts."""

    def test_promises(self) -> None:
        """
        It keeps the promises of a subscription.
        """
        verifyObject(IBrokerSubscription, self.made)

    def test_anew(self) -> None:
        """
        On each link it is made anew, ready again, and what was out comes again.
        """
        for _ in range(2):
            link = self.link()
            self.made.attach(link)
            self.publish("a" if len(self.listener.tags) == 0 else "b")
            link.drop("gone")
            self.made.detach()
        self.assertEqual(self.listener.said, ["ready", "a", "ready", "a+", "b"])
        self.assertEqual(self.counts.delivered, 3)

    def test_old_tags(self) -> None:
        """
        Tags of a lost link settle nothing, though the new one uses the same.
        """
        first, second = self.link(), self.link()
        self.made.attach(first)
        self.publish("a")
        first.drop("gone")
        self.made.detach()
        self.made.settle(self.listener.tags, Outcome.ACCEPTED)
        self.made.attach(second)
        self.clock.advance(0)
        old, new = self.listener.tags
        self.made.settle([old], Outcome.ACCEPTED)
        self.assertEqual(self.store.queue("q").messages, 1)
        self.made.settle([old, new], Outcome.ACCEPTED)
        self.assertEqual(self.store.queue("q").messages, 0)

    def test_broker_died(self) -> None:
        """
        What comes again after a loss says so, though the broker, which died, does not know: what was out, and
        what was settled or given back last, of which it may not have heard.
        """
        first: Any = Forgetful()
        second: Any = Forgetful()
        self.made.attach(first)
        for number in range(4):
            first.deliver(f"{number}")
        taken = self.listener.tags
        self.made.settle(taken[:1], Outcome.ACCEPTED)
        self.made.settle(taken[1:2], Outcome.RELEASED)
        self.made.detach()
        self.made.attach(second)
        for number in range(5):
            second.deliver(f"{number}")
        self.assertEqual(self.listener.said, ["0", "1", "2", "3", "0+", "1+", "2+", "3+", "4"])

    def test_made_anew_on_its_link(self) -> None:
        """
        Where the broker has ended it, and the link has made it again, what was out is not forgotten to have
        been so, and is not counted as out for ever.
        """
        broker = Forgetful()
        self.made.attach(broker)  # type: ignore[arg-type]
        ear = broker._consumer
        ear.ready()
        for id in "12":
            broker.deliver(id)
        ear.ready()
        for id in "123":
            broker.deliver(id)
        self.assertEqual(self.listener.said, ["ready", "1", "2", "ready", "1+", "2+", "3"])

    def test_broker_died_elsewhere(self) -> None:
        """
        Whoever gets it says so, but not another durable subscription, which has messages of its own.
        """
        first: Any = Forgetful()
        second: Any = Forgetful()
        self.made.attach(first)
        first.deliver("a")
        self.made.close()
        self.handed.lost()
        for each in (self.remade(topic("t"), durable="d"), self.remade(queue("q")), self.remade(queue("q"))):
            each.attach(second)
            second.deliver("a")
        self.assertEqual(self.listener.said, ["a", "a", "a+", "a"])

    def test_old_link_speaks(self) -> None:
        """
        A link that was left and still speaks is not heard.
        """
        first = self.link()
        self.made.attach(first)
        self.made.detach()
        self.publish("a")
        self.assertEqual((self.listener.said, self.counts.delivered), ([], 0))

    def test_automatic(self) -> None:
        """
        Where nobody settles there are no tags.
        """
        self.remade(queue("q"), automatic=True).attach(self.link())
        self.publish("a")
        self.assertEqual(self.listener.tags, [None])

    def test_refused(self) -> None:
        """
        One that the broker refuses is over, and is told so.
        """
        self.remade(topic("t"), durable="d").attach(self.link())
        other = self.remade(topic("t"), durable="d")
        other.attach(self.link())
        self.clock.advance(0)
        said = ("refused", "the durable subscription 'd' is in use")
        self.assertEqual((self.listener.said, self.over), (["ready", said], [other]))
        self.assertIsNone(self.successResultOf(other.close()))

    def test_close(self) -> None:
        """
        One that is closed gives back what it had, once, and says nothing more.
        """
        self.made.attach(self.link())
        self.publish("a", "b", "c")
        closing = self.made.close()
        self.made.settle(self.listener.tags, Outcome.ACCEPTED)
        self.clock.advance(0)
        self.assertIsNone(self.successResultOf(closing))
        self.assertIsNone(self.successResultOf(self.made.close()))
        self.assertEqual((self.listener.said, self.over), (["ready", "a", "b"], [self.made]))
        self.assertEqual(self.store.queue("q").messages, 3)

    def test_close_without_link(self) -> None:
        """
        Without a link there is nothing to give back; but nobody can be made to forget.
        """
        self.assertIsNone(self.successResultOf(self.remade(queue("q")).close()))
        why = self.failureResultOf(self.remade(topic("t"), durable="d").close(forget=True), BrokerLost)
        self.assertEqual(why.getErrorMessage(), "the broker is away; it remembers the subscription")
        self.assertEqual(len(self.over), 2)

    def test_close_while_lost(self) -> None:
        """
        A link that is lost before it has answered has given back all the same, and not forgotten.
        """
        link = self.link()
        plain, durable = self.remade(queue("q")), self.remade(topic("t"), durable="d")
        for each in (plain, durable):
            each.attach(link)
        closing, forgetting = plain.close(), durable.close(forget=True)
        link.drop("gone")
        self.assertIsNone(self.successResultOf(closing))
        self.failureResultOf(forgetting, BrokerLost)

    def test_forget(self) -> None:
        """
        A durable subscription ends for good when that is said, and only then.
        """
        link = self.link()
        for forget in (False, True, False):
            made = self.remade(topic("t"), durable="d")
            made.attach(link)
            self.clock.advance(0)
            made.close(forget=forget)
            self.publish("forgotten" if forget else "kept", to=topic("t"))
        self.assertEqual(self.listener.said, ["ready", "ready", "kept", "ready"])


class TemporaryTests(RemadeTestCase):
    """A temporary destination's subscription."""

    def remade(self, destination: Destination, **more: Any) -> Remade:
        """Return a subscription."""
        self.discarded: list[str] = []
        wish, line = Wish(destination=destination, **more), object()
        return Temporary(
            line,
            wish,
            self.listener,
            self.counts,
            self.handed,
            self.over.append,
            discard=lambda: self.discarded.append("x"),
        )

    def test_discards(self) -> None:
        """
        The destination is removed when the subscription closes, once, or is refused.
        """
        link = self.link()
        self.made.attach(link)
        self.made.close()
        self.made.close()
        self.assertEqual(self.discarded, ["x"])
        refused = self.remade(Destination(Domain.TEMP_QUEUE, "never"))
        refused.attach(link)
        self.clock.advance(0)
        self.assertEqual((self.discarded, self.over), (["x"], [self.made, refused]))

    def test_lost(self) -> None:
        """
        Nothing is removed on a link that is lost: the destination went with it.
        """
        self.made.attach(self.link())
        self.made.detach()
        self.made.end("gone")
        self.assertEqual((self.discarded, self.listener.said), ([], [("refused", "gone")]))
