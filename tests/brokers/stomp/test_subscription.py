"""One subscription at a STOMP broker."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.brokers import Outcome, Wish
from tests.brokers.listening import Listener, queue, topic
from tests.brokers.stomp.far import ACTIVEMQ, ARTEMIS, RABBITMQ, Far, Scene


class Subscribed(SynchronousTestCase):
    """A subscription of the queue "q", and who is told of it."""

    def subscribed(self, server: str, prefetch: int = 10, version: str = "1.1", **more: Any) -> Far:
        """Subscribe; return the other end of the connection of it, which says that it is."""
        self.scene, self.listener = Scene(), Listener()
        self.link, far = self.scene.link(server, version)
        wish = Wish(**{"destination": queue("q"), "prefetch": prefetch, **more})
        self.subscription = self.link.subscribe(wish, self.listener)
        if len(self.scene.fars) > 1:
            far = self.scene.fars[-1]
            far.lets_in(server)
            far.taken()
        self.assertEqual(self.listener.taken(), [])
        far.receipt(2)
        self.assertEqual(self.listener.taken(), ["ready"])
        far.taken()
        return far

    def later(self) -> list[Any]:
        """Return what the listener is told when the reactor has turned."""
        self.scene.clock.advance(0)
        return self.listener.taken()


class DeliveryTests(Subscribed):
    """What is delivered."""

    def test_prefetch(self) -> None:
        """
        Of a broker that sends more than was wished for, no more is out; what is settled makes room.
        """
        far = self.subscribed(ARTEMIS, prefetch=2)
        for number, body in enumerate("abcde"):
            far.delivers(body, number, "1")
        self.assertEqual(self.listener.taken(), ["a", "b"])
        self.subscription.settle(self.listener.tags[:1], Outcome.ACCEPTED)
        self.assertEqual(far.taken(), ["ACK message-id:m0 subscription:1"])
        self.assertEqual(self.listener.taken(), [])  # never from inside of a call
        self.assertEqual(self.later(), ["c"])
        self.subscription.settle(self.listener.tags[1:], Outcome.ACCEPTED)
        self.assertEqual(self.later(), ["d", "e"])

    def test_any_number(self) -> None:
        """
        A prefetch of 0 is none.
        """
        far = self.subscribed(ACTIVEMQ, prefetch=0)
        for number in range(50):
            far.delivers("x", number, "1")
        self.assertEqual(len(self.listener.out), 50)

    def test_automatic(self) -> None:
        """
        Nobody settles: there is no tag.
        """
        far = self.subscribed(ACTIVEMQ, automatic=True)
        far.delivers("x", 1, "1")
        self.assertEqual(self.listener.tags, [None])

    def test_pattern(self) -> None:
        """
        With wildcards each message says where it was sent to; the broker's own are kept back.
        """
        far = self.subscribed(ACTIVEMQ, destination=topic(">"), automatic=True)
        far.delivers("x", 1, "1", destination="/topic/a.b")
        far.delivers("x", 2, "1", destination="/topic/ActiveMQ.Advisory.Connection")
        far.delivers("x", 3, "1", destination="not to be read")
        self.assertEqual([each.destination for _, each in self.listener.out], [topic("a.b"), topic(">")])

    def test_own_acknowledged(self) -> None:
        """
        What is kept back of a durable subscription is acknowledged.
        """
        far = self.subscribed(ACTIVEMQ, destination=topic(">"), durable="all")
        far.delivers("x", 2, "1", destination="/topic/ActiveMQ.Advisory.Connection")
        self.assertEqual((self.listener.out, far.taken()), ([], ["ACK message-id:m2 subscription:1"]))

    def test_other_topic(self) -> None:
        """
        A durable subscription that was one of another topic: what RabbitMQ still puts there for it is not
        given out.
        """
        far = self.subscribed(RABBITMQ, destination=topic("b.>"), durable="cart")
        for number, where in enumerate(("a.x", "b.x", "b")):
            far.delivers(where, number, "1", destination=f"/topic/{where}")
        self.assertEqual(self.listener.taken(), ["b.x", "b"])
        self.assertEqual(far.taken(), ["ACK message-id:m0 subscription:1"])

    def test_in_a_call(self) -> None:
        """
        A consumer that closes in the middle of a delivery is told no more.
        """
        far = self.subscribed(ARTEMIS, prefetch=1)
        for number, body in enumerate("abc"):
            far.delivers(body, number, "1")
        self.listener.delivered = lambda message, tag: self.subscription.close()  # type: ignore[method-assign]
        self.subscription.settle(self.listener.tags, Outcome.ACCEPTED)
        self.assertEqual(self.later(), ["a"])
        self.assertEqual(far.taken(), ["ACK message-id:m0 subscription:1", "UNSUBSCRIBE id:1 receipt:3"])


class SettlingTests(Subscribed):
    """What becomes of deliveries."""

    def outcome(self, server: str, outcome: Outcome, version: str = "1.1") -> tuple[list[str], list[Any]]:
        """Deliver a, b, c; settle b and c; return what the broker and the consumer hear."""
        far = self.subscribed(server, version=version)
        for number, body in enumerate("abc"):
            far.delivers(body, number, "1")
        self.listener.taken()
        tags = self.listener.tags[1:]
        self.subscription.settle(tags, outcome)
        self.subscription.settle([*tags, 99, None], outcome)  # known no more
        return far.taken(), self.later()

    def test_accepted(self) -> None:
        """
        ACK for each.
        """
        acks = ["ACK message-id:m1 subscription:1", "ACK message-id:m2 subscription:1"]
        for server in (ACTIVEMQ, ARTEMIS, RABBITMQ, ""):
            self.assertEqual(self.outcome(server, Outcome.ACCEPTED), (acks, []))

    def test_released(self) -> None:
        """
        RabbitMQ puts back what it is told NACK of; with the others they are given out again from here.
        """
        for server in (ACTIVEMQ, ARTEMIS, ""):
            self.assertEqual(self.outcome(server, Outcome.RELEASED), ([], ["b+", "c+"]))
        self.assertEqual(
            self.outcome(RABBITMQ, Outcome.RELEASED),
            (
                [
                    "NACK message-id:m1 subscription:1 requeue:true",
                    "NACK message-id:m2 subscription:1 requeue:true",
                ],
                [],
            ),
        )

    def test_released_first(self) -> None:
        """
        What is released comes before what waits, in its order, and counts for the prefetch.
        """
        far = self.subscribed(ARTEMIS, prefetch=2)
        for number, body in enumerate("abcd"):
            far.delivers(body, number, "1")
        self.listener.taken()
        self.subscription.settle(self.listener.tags, Outcome.RELEASED)
        self.assertEqual(self.later(), ["a+", "b+"])
        self.subscription.settle(self.listener.tags[2:], Outcome.ACCEPTED)
        self.assertEqual(self.later(), ["c", "d"])

    def test_rejected(self) -> None:
        """
        NACK, each in its way.
        """
        nacks = ["NACK message-id:m1 subscription:1", "NACK message-id:m2 subscription:1"]
        self.assertEqual(self.outcome(ACTIVEMQ, Outcome.REJECTED), (nacks, []))
        self.assertEqual(
            self.outcome(RABBITMQ, Outcome.REJECTED), ([f"{each} requeue:false" for each in nacks], [])
        )

    def test_old(self) -> None:
        """
        STOMP 1.0 has no NACK: what is released is given out from here, what is rejected is acknowledged.
        """
        acks = ["ACK message-id:m1 subscription:1", "ACK message-id:m2 subscription:1"]
        self.assertEqual(self.outcome("", Outcome.RELEASED, "1.0"), ([], ["b+", "c+"]))
        self.assertEqual(self.outcome("", Outcome.REJECTED, "1.0"), (acks, []))


class EndingTests(Subscribed):
    """The end."""

    def test_close(self) -> None:
        """
        What is out goes back by itself; nothing more is delivered, and old tags mean nothing.
        """
        far = self.subscribed(ACTIVEMQ)
        far.delivers("x", 1, "1")
        self.listener.taken()
        closed = self.subscription.close()
        far.delivers("y", 2, "1")
        self.subscription.settle(self.listener.tags, Outcome.ACCEPTED)
        self.assertEqual(far.taken(), ["UNSUBSCRIBE id:1 receipt:3"])
        self.assertNoResult(closed)
        far.receipt(3)
        self.successResultOf(closed)
        self.successResultOf(self.subscription.close())
        self.assertEqual((far.taken(), self.later()), ([], []))

    def test_close_apart(self) -> None:
        """
        With RabbitMQ the connection goes with it: that gives back what is out; the link stays.
        """
        far = self.subscribed(RABBITMQ)
        closed = self.subscription.close()
        self.assertEqual(far.taken(), ["DISCONNECT receipt:3"])
        far.receipt(3)
        self.successResultOf(closed)
        self.assertEqual((far.done[-1], self.scene.told, self.scene.fars[0].open), ("drop", [], True))

    def test_forget(self) -> None:
        """
        The end of a durable subscription, which only RabbitMQ ends while it is open.
        """
        for server, said in (
            (
                ACTIVEMQ,
                [
                    "UNSUBSCRIBE id:1 receipt:3",
                    "UNSUBSCRIBE id:1 destination:/topic/t activemq.subscriptionName:cart receipt:4",
                ],
            ),
            (
                ARTEMIS,
                [
                    "UNSUBSCRIBE id:1 receipt:3",
                    "UNSUBSCRIBE id:1 destination:/topic/t durable-subscription-name:cart receipt:4",
                ],
            ),
            (
                RABBITMQ,
                ["UNSUBSCRIBE id:1 durable:true x-queue-name:kaazing.durable.cart receipt:3"],
            ),
        ):
            far = self.subscribed(server, destination=topic("t"), durable="cart")
            closed = self.subscription.close(forget=True)
            self.assertEqual(far.taken(), said)
            far.receipt(3, 4)
            if server == RABBITMQ:
                self.assertEqual(far.taken(), ["DISCONNECT receipt:4"])
                far.receipt(4)
            self.successResultOf(closed)

    def test_refused(self) -> None:
        """
        What the broker refuses is told the consumer, in the next turn of the reactor, and not ended.
        """
        scene, listener = Scene(), Listener()
        link, far = scene.link(ACTIVEMQ)
        subscription = link.subscribe(Wish(destination=queue("q")), listener)
        far.says("ERROR", message="no", receipt_id="2")
        self.assertEqual(listener.taken(), [])
        scene.clock.advance(0)
        self.assertEqual(listener.taken(), [("refused", "the broker refuses /queue/q")])
        self.successResultOf(subscription.close())
        self.assertEqual(far.taken()[1:], [])

    def test_refused_selector(self) -> None:
        """
        Artemis names no receipt when it cannot read a selector, but quotes it, as it was written there.
        """
        scene, listener = Scene(), Listener()
        link, far = scene.link(ARTEMIS)
        link.subscribe(Wish(destination=queue("q"), selector="a b c", automatic=True), listener)
        far.says("ERROR", b"a b c", message='Invalid selector "convert_string_expressionsa b c"')
        scene.clock.advance(0)
        self.assertEqual(listener.taken(), [("refused", "the broker refuses /queue/q")])

    def test_refused_apart(self) -> None:
        """
        So it is with a connection of its own that RabbitMQ ends then: the link does not suffer.
        """
        scene, listener = Scene(), Listener()
        link, _ = scene.link(RABBITMQ)
        link.subscribe(Wish(destination=queue("q")), listener)
        far = scene.fars[1]
        far.lets_in(RABBITMQ)
        far.says("ERROR", b"queue 'q' in vhost", message="precondition_failed")
        far.drop()
        scene.clock.advance(0)
        why = "the broker refuses /queue/q"
        self.assertEqual(listener.taken(), [("refused", why)])
        self.assertEqual(scene.told, [f"{why}: precondition_failed queue 'q' in vhost"])

    def test_unsayable(self) -> None:
        """
        What cannot be subscribed to is refused without asking the broker.
        """
        scene, listener = Scene(), Listener()
        link, far = scene.link("Apollo/1.7")
        link.subscribe(Wish(destination=topic("t"), durable="cart"), listener)
        self.assertEqual(listener.taken(), [])
        scene.clock.advance(0)
        why = "the broker has no durable subscriptions that are known of"
        self.assertEqual((listener.taken(), far.taken()), ([("refused", why)], []))

    def test_closed_early(self) -> None:
        """
        Closed before its own connection is there: that is let go.
        """
        scene, listener = Scene(), Listener()
        link, _ = scene.link(RABBITMQ)
        self.successResultOf(link.subscribe(Wish(destination=queue("q")), listener).close())
        self.assertEqual(scene.fars[1].done, ["resume", "abort"])
        scene.clock.advance(0)
        self.assertEqual((listener.taken(), scene.told), ([], []))

    def test_lost(self) -> None:
        """
        With the link it is gone: what waited to be given out is not.
        """
        far = self.subscribed(ARTEMIS, prefetch=1)
        for number, body in enumerate("ab"):
            far.delivers(body, number, "1")
        self.subscription.settle(self.listener.tags, Outcome.ACCEPTED)
        far.abort()
        self.assertEqual(self.later(), ["a"])
        self.successResultOf(self.subscription.close())
