"""The broker of a service: connections lost and made again, and what becomes of what stands on them."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.brokers.broker import FLUSHING, Broker, Waiting
from kaazing.brokers.counting import BOOKS
from kaazing.brokers.memory.kind import MemoryType
from kaazing.brokers.memory.link import WINDOW
from kaazing.brokers.memory.store import Bounds, Store, replace_store
from kaazing.config.model import Uri
from kaazing.errors import BrokerLost, BrokerRefused, ConnectError
from kaazing.interfaces.brokers import Destination, IBroker, Wish
from tests.brokers.listening import Listener, queue, text, topic

AWAY = "the broker is away; nothing was sent"


class BrokerTestCase(SynchronousTestCase):
    """A broker over one store, or two."""

    def setUp(self) -> None:
        """Make the stores, not the broker."""
        self.clock = Clock()
        self.stores = [Store(f"store.{name}", self.clock.seconds, Bounds(messages=3)) for name in "ab"]
        for each in self.stores:
            replace_store(each)
        self.store = self.stores[0]
        self.said: list[str] = []

    def broker(self, count: int = 1, *, begin: bool = True, **more: Any) -> Broker:
        """Return a broker that has been started; it goes to the first store where it can."""
        made = Broker(
            MemoryType(),
            [Uri(scheme="memory", host=store.name, port=0) for store in self.stores],
            None,
            service=self.id(),
            dial=lambda uri: None,
            clock=self.clock,
            client_id="gateway",
            properties={"reconnect.delay": 1.0},
            complain=self.said.append,
            count=count,
            random=lambda: 1.0,
            **more,
        )
        if begin:
            made.start()
            self.addCleanup(BOOKS.running.pop, made, None)
        return made

    def away(self) -> None:
        """Have no store to be connected to."""
        for each in self.stores:
            each.refusing = ConnectError("nobody is there")
            each.cut()

    def back(self, seconds: float = 60) -> None:
        """Have the stores back, and time pass until that is known."""
        for each in self.stores:
            each.refusing = None
        self.clock.advance(seconds)
        self.clock.advance(0)

    def turn(self) -> None:
        """Let everybody be told."""
        self.clock.advance(0)

    def why(self, failed: Deferred[Any], kind: type[Exception] = BrokerLost) -> str:
        """Return the sentence that somebody is told."""
        return str(self.failureResultOf(failed, kind).value)

    def listen(self, broker: Broker, destination: Destination, **more: Any) -> tuple[Listener, Any]:
        """Subscribe, and let the consumer be told."""
        listener, sender = Listener(), more.pop("sender", None)
        made = broker.subscribe(Wish(destination=destination, **more), listener, sender=sender)
        self.turn()
        return listener, made


class ConnectionTests(BrokerTestCase):
    """Connections."""

    def test_promises(self) -> None:
        """
        It keeps its promises.
        """
        verifyObject(IBroker, self.broker(begin=False))

    def test_start(self) -> None:
        """
        It is available when there is a connection; whoever watches is told of each change.
        """
        broker = self.broker(begin=False)
        seen: list[tuple[bool, int]] = []
        broker.watch(lambda: seen.append((broker.available, broker.connections)))
        self.assertEqual(
            (broker.available, broker.room(), broker.features), (False, True, MemoryType.features)
        )
        broker.start()
        self.store.cut()
        self.clock.advance(1)
        self.assertEqual(seen, [(True, 1), (False, 0), (True, 1)])
        self.assertEqual((broker.counts.reconnects, len(self.store.links)), (1, 1))

    def test_failover(self) -> None:
        """
        Where the first place is not there, the second one serves, until it is lost.
        """
        self.store.refusing = ConnectError("nobody is there")
        broker = self.broker()
        self.store.refusing = None
        self.assertEqual([len(each.links) for each in self.stores], [0, 1])
        self.stores[1].cut("restarted")
        self.clock.advance(1)
        self.assertEqual([len(each.links) for each in self.stores], [1, 0])
        self.assertTrue(broker.available)
        self.assertEqual(
            self.said,
            [
                "the broker at memory://store.a is not there: nobody is there",
                "the broker at memory://store.b: connected",
                "the broker at memory://store.b: lost: restarted",
                "the broker at memory://store.a: connected again",
            ],
        )

    def test_refused(self) -> None:
        """
        A login that the broker refuses can be told to whoever asks, until it is taken.
        """
        for each in self.stores:
            each.refusing = BrokerRefused("the login is wrong")
        broker = self.broker(begin=False)
        seen: list[str] = []
        broker.watch(lambda: seen.append(broker.refusal))
        broker.start()
        self.back()
        self.assertEqual(seen, ["the login is wrong", ""])

    def test_several(self) -> None:
        """
        Several connections all lead to one place.
        """
        self.store.refusing = ConnectError("nobody is there")
        broker = self.broker(3)
        self.store.refusing = None
        self.assertEqual([len(each.links) for each in self.stores], [0, 3])
        next(iter(self.stores[1].links)).drop("one of three")
        self.assertEqual((broker.available, broker.connections), (True, 2))
        self.clock.advance(1)
        self.assertEqual([len(each.links) for each in self.stores], [0, 3])
        self.stores[1].cut()
        self.clock.advance(2)
        self.assertEqual([len(each.links) for each in self.stores], [3, 0])

    def test_room(self) -> None:
        """
        Where the broker does not take messages as fast as they come, that can be seen, and when it does.
        """
        broker = self.broker()
        seen: list[bool] = []
        broker.watch(lambda: seen.append(broker.room()))
        for _ in range(WINDOW):
            broker.publish(text(topic("t"), "a"), waits=False)
        self.assertFalse(broker.room())
        self.turn()
        self.assertEqual(seen, [True])
        self.away()
        self.assertTrue(broker.room())


class PublishTests(BrokerTestCase):
    """Messages to the broker."""

    def test_taken(self) -> None:
        """
        A message is taken when the broker says so, or refused.
        """
        broker = self.broker()
        taken = broker.publish(text(queue("q"), "a"), waits=False)
        refused = broker.publish(text(topic("*"), "b"), waits=False)
        self.assertNoResult(taken)
        self.turn()
        self.assertIsNone(self.successResultOf(taken))
        self.why(refused, BrokerRefused)
        counts = broker.counts
        self.assertEqual((counts.published, counts.confirmed, counts.refused), (2, 1, 1))

    def test_away(self) -> None:
        """
        While the broker is away, who does not wait is told at once; who waits is served in order.
        """
        self.away()
        broker = self.broker(waiting=Waiting(seconds=100))
        self.assertEqual(self.why(broker.publish(text(queue("q"), "x"), waits=False)), AWAY)
        waiting = [broker.publish(text(queue("q"), body), waits=True) for body in "abc"]
        self.assertEqual(broker.waiting, 3)
        self.back()
        self.assertEqual([self.successResultOf(each) for each in waiting], [None] * 3)
        self.assertEqual(self.listen(broker, queue("q"))[0].said, ["ready", "a", "b", "c"])
        self.assertEqual((broker.waiting, broker.counts.late, broker.counts.confirmed), (0, 1, 3))

    def test_away_too_long(self) -> None:
        """
        Nobody waits longer, and no more wait, than was said.
        """
        self.away()
        broker = self.broker(waiting=Waiting(messages=1, seconds=5))
        one, two = (broker.publish(text(queue("q"), body), waits=True) for body in "ab")
        self.assertEqual(self.why(two), "the broker is away, and too many messages wait for it already")
        self.clock.advance(5)
        self.assertEqual(self.why(one), "the broker has been away for 5 seconds; nothing was sent")
        self.assertEqual((broker.counts.late, broker.counts.published), (2, 0))

    def test_waited_and_refused(self) -> None:
        """
        Who has waited may be refused like anybody else.
        """
        self.away()
        broker = self.broker(waiting=Waiting(seconds=100))
        refused = broker.publish(text(topic("*"), "a"), waits=True)
        self.back()
        self.why(refused, BrokerRefused)
        self.assertEqual((broker.counts.refused, broker.counts.late), (1, 0))

    def test_lost(self) -> None:
        """
        A message whose connection is lost before the broker has answered fails: nobody knows.
        """
        broker = self.broker()
        unknown = broker.publish(text(queue("q"), "a"), waits=True)
        self.store.cut("the cable was pulled")
        self.assertEqual(self.why(unknown), "the cable was pulled")
        self.assertEqual((broker.counts.lost, broker.counts.confirmed), (1, 0))

    def test_order_of_a_sender(self) -> None:
        """
        With several connections, a sender's messages go over one as long as some are unanswered, also when
        its own is back meanwhile.
        """
        broker = self.broker(2)
        first, second = self.store.links
        sender = next(number for number in range(99) if hash((number,)) % 2 == 0)  # its own is the first
        used: list[str] = []
        held: list[Deferred[Any]] = []

        def noting(name: str) -> Any:
            """Return a link's publish that is answered when the test wants."""

            def noted(message: Any) -> Deferred[Any]:
                used.append(name)
                held.append(Deferred())
                return held[-1]

            return noted

        def publish() -> None:
            broker.publish(text(topic("t"), "a"), waits=False, sender=sender).addErrback(lambda why: None)

        self.patch(first, "publish", noting("first"))
        self.patch(second, "publish", noting("second"))
        publish()
        first.drop("gone")
        publish()
        self.clock.advance(1)
        (again,) = (link for link in self.store.links if link is not second)
        self.patch(again, "publish", noting("first again"))
        publish()
        held.pop(1).callback(None)
        publish()
        for each in held:
            each.errback(BrokerLost("gone")) if each is held[0] else each.callback(None)
        publish()
        self.assertEqual(used, ["first", "second", "second", "second", "first again"])
        held[-1].callback(None)
        self.assertEqual(broker._busy, {})


class StopTests(BrokerTestCase):
    """The end."""

    def test_flushes(self) -> None:
        """
        What was published is taken before the connection ends.
        """
        broker = self.broker()
        taken = broker.publish(text(queue("q"), "a"), waits=False)
        stopping = broker.stop()
        self.assertNoResult(stopping)
        self.turn()
        self.turn()
        self.assertIsNone(self.successResultOf(taken))
        self.assertIsNone(self.successResultOf(stopping))
        self.assertEqual((len(self.store.links), broker.available), (0, False))
        self.assertNotIn(broker, BOOKS.running)

    def test_bounded(self) -> None:
        """
        A broker that does not answer is waited for a few seconds.
        """
        broker = self.broker()
        (link,) = self.store.links
        silent: Deferred[None] = Deferred()
        self.patch(link, "publish", lambda message: silent)
        broker.publish(text(queue("q"), "a"), waits=False)
        stopping = broker.stop()
        self.clock.advance(FLUSHING - 0.1)
        self.assertNoResult(stopping)
        self.clock.advance(0.1)
        self.turn()
        self.assertIsNone(self.successResultOf(stopping))

    def test_nothing_more(self) -> None:
        """
        What waits for a connection fails, nothing is taken any more, and nobody dials.
        """
        self.away()
        broker = self.broker()
        waiting = broker.publish(text(queue("q"), "a"), waits=True)
        self.assertIs(broker.stop(), broker.stop())
        stopped = "the gateway is stopping; nothing was sent"
        self.assertEqual(self.why(waiting), stopped)
        self.assertEqual(self.why(broker.publish(text(queue("q"), "b"), waits=True)), stopped)
        self.successResultOf(broker.stop())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_before_the_start(self) -> None:
        """
        One that was never started can be stopped.
        """
        self.assertIsNone(self.successResultOf(self.broker(begin=False).stop()))
