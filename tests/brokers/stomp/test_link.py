"""Links to brokers that speak STOMP, the broker played."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.brokers.stomp import link as module
from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.brokers import (
    Domain,
    IBrokerLink,
    IBrokerSubscription,
    Outcome,
    Wish,
    Work,
)
from tests.brokers.listening import Listener, queue, text, topic
from tests.brokers.stomp.far import ACTIVEMQ, ARTEMIS, RABBITMQ, Far, Scene


class Linked(SynchronousTestCase):
    """A link, and the other end of its connection."""

    def linked(self, server: str = ACTIVEMQ) -> Far:
        """Make them."""
        self.scene = Scene()
        self.link, far = self.scene.link(server)
        return far

    def why(self, asked: Deferred[Any], error: type[Exception]) -> str:
        """Return the sentence that something failed with."""
        return str(self.failureResultOf(asked, error).value)

    def delivered(self, far: Far, *bodies: str, prefetch: int = 10) -> tuple[Any, Listener]:
        """Return a subscription on that connection, which is the link's, with deliveries out."""
        listener = Listener()
        subscription = self.link.subscribe(Wish(destination=queue("q"), prefetch=prefetch), listener)
        name = far.taken()[-1].split()[1].removeprefix("id:")
        for number, body in enumerate(bodies):
            far.delivers(body, number, name)
        return subscription, listener


class PublishTests(Linked):
    """Messages that are sent."""

    def test_promises(self) -> None:
        """
        Links and subscriptions keep their promises.
        """
        far = self.linked()
        verifyObject(IBrokerLink, self.link)
        verifyObject(IBrokerSubscription, self.delivered(far)[0])
        self.assertEqual(self.link.peer, ACTIVEMQ)
        self.assertTrue(self.link.features.queue_selectors)

    def test_publish(self) -> None:
        """
        A message is taken when the broker says so.
        """
        far = self.linked()
        taken = self.link.publish(text(queue("q"), "x"))
        sent = "SEND destination:/queue/q priority:4 persistent:true receipt:1 | x"
        self.assertEqual(far.taken(), [sent])
        self.assertNoResult(taken)
        far.receipt(1)
        self.successResultOf(taken)

    def test_refused(self) -> None:
        """
        What cannot be sent is not.
        """
        far = self.linked()
        sent = self.link.publish(text(topic("ActiveMQ.Advisory.x"), "x"))
        self.assertEqual(self.why(sent, BrokerRefused), "/topic/ActiveMQ.Advisory.x is ActiveMQ's own")
        self.assertEqual(far.taken(), [])

    def test_lost(self) -> None:
        """
        What was in flight fails, and all that comes later; the owner hears of it once.
        """
        far = self.linked()
        sent = self.link.publish(text(queue("q"), "x"))
        far.abort()
        lost = "the connection to the broker was lost"
        for asked in (
            sent,
            self.link.publish(text(queue("q"), "x")),
            self.link.perform(Work(sends=[text(queue("q"), "x")])),
            self.link.temporary(Domain.TEMP_QUEUE),
            self.link.forget(topic("t"), "cart"),
        ):
            self.assertEqual(self.why(asked, BrokerLost), lost)
        listener = Listener()
        self.link.subscribe(Wish(destination=queue("q")), listener)
        self.scene.clock.advance(0)
        self.assertEqual((listener.said, self.scene.told), ([], [("lost", lost)]))


class WorkTests(Linked):
    """Transactions."""

    def test_everything(self) -> None:
        """
        ActiveMQ does all at once, after it has taken each part.
        """
        far = self.linked()
        subscription, listener = self.delivered(far, "a", "b", prefetch=2)
        accepted = [(subscription, tag) for tag in listener.tags]
        done = self.link.perform(Work(sends=[text(queue("r"), "x")], accepted=accepted))
        self.assertEqual(
            far.taken(),
            [
                "BEGIN transaction:3",
                "SEND destination:/queue/r priority:4 persistent:true transaction:3 receipt:4 | x",
                "ACK message-id:m0 subscription:1 transaction:3 receipt:5",
                "ACK message-id:m1 subscription:1 transaction:3 receipt:6",
            ],
        )
        far.receipt(4, 5, 6)
        self.assertEqual(far.taken(), ["COMMIT transaction:3 receipt:7"])
        self.assertNoResult(done)
        far.receipt(7)
        self.successResultOf(done)
        subscription.settle(listener.tags, Outcome.ACCEPTED)
        self.assertEqual(far.taken(), [])

    def test_aborted(self) -> None:
        """
        What ActiveMQ refuses a part of is not done; deliveries are out as before.
        """
        far = self.linked()
        subscription, listener = self.delivered(far, "a")
        accepted = [(subscription, tag) for tag in listener.tags]
        done = self.link.perform(Work(sends=[text(queue("r"), "x")], accepted=accepted))
        far.taken()
        far.says("ERROR", message="no", receipt_id="4")
        self.assertEqual(self.why(done, BrokerRefused), "the broker refuses /queue/r")
        self.assertEqual(far.taken(), ["ABORT transaction:3"])
        subscription.settle(listener.tags, Outcome.ACCEPTED)
        self.assertEqual(far.taken(), ["ACK message-id:m0 subscription:1"])

    def test_unsayable(self) -> None:
        """
        A transaction with a message that cannot be sent is not begun, or not committed.
        """
        far = self.linked()
        good, bad = text(queue("r"), "x"), text(topic("ActiveMQ.Advisory.x"), "x")
        self.failureResultOf(self.link.perform(Work(sends=[good, bad])), BrokerRefused)
        self.assertEqual(far.taken(), [])
        bad = text(queue("r"), "x", properties={"v": "\r"})
        self.failureResultOf(self.link.perform(Work(sends=[good, bad])), BrokerRefused)
        self.assertEqual([each.split()[0] for each in far.taken()], ["BEGIN", "SEND", "ABORT"])

    def test_stale(self) -> None:
        """
        A delivery that is settled, or of a subscription that ended, spoils it.
        """
        far = self.linked()
        subscription, listener = self.delivered(far, "a")
        subscription.settle(listener.tags, Outcome.ACCEPTED)
        far.taken()
        work = Work(sends=[text(queue("r"), "x")], accepted=[(subscription, listener.tags[0])])
        self.assertEqual(
            self.why(self.link.perform(work), BrokerLost),
            "a message in the transaction was given to somebody else meanwhile",
        )
        self.assertEqual(far.taken(), [])

    def test_sends(self) -> None:
        """
        Artemis sends all messages at once; the deliveries are accepted after that.
        """
        far = self.linked(ARTEMIS)
        subscription, listener = self.delivered(far, "a")
        done = self.link.perform(
            Work(sends=[text(queue("r"), "x")], accepted=[(subscription, listener.tags[0])])
        )
        self.assertEqual([each.split()[0] for each in far.taken()], ["BEGIN", "SEND"])
        far.receipt(4)
        self.assertEqual(far.taken(), ["COMMIT transaction:3 receipt:5"])
        far.receipt(5)
        self.successResultOf(done)
        self.assertEqual(far.taken(), ["ACK message-id:m0 subscription:1"])

    def test_nothing(self) -> None:
        """
        RabbitMQ takes the messages one by one; the deliveries are accepted when it has all.
        """
        far = self.linked(RABBITMQ)
        listener = Listener()
        subscription = self.link.subscribe(Wish(destination=queue("q"), prefetch=1), listener)
        own = self.scene.fars[1]
        own.lets_in(RABBITMQ)
        own.delivers("a", 0, "1")
        own.taken()
        work = Work(
            sends=[text(queue("r"), "x"), text(queue("s"), "y")], accepted=[(subscription, listener.tags[0])]
        )
        done = self.link.perform(work)
        self.assertEqual(
            [each.split()[1] for each in far.taken()], ["destination:/queue/r", "destination:/queue/s"]
        )
        far.receipt(2)
        self.assertEqual(own.taken(), [])
        far.receipt(1)
        self.successResultOf(done)
        self.assertEqual(own.taken(), ["ACK message-id:m0 subscription:1"])


class SubscribeTests(Linked):
    """Which connection a subscription is on."""

    def test_shared(self) -> None:
        """
        ActiveMQ and Artemis have all on one; RabbitMQ what nobody settles, and temporary queues.
        """
        for server in (ACTIVEMQ, ARTEMIS):
            far = self.linked(server)
            self.link.subscribe(Wish(destination=queue("q"), prefetch=1), Listener())
            self.assertEqual((len(self.scene.fars), len(far.taken())), (1, 1))
        far = self.linked(RABBITMQ)
        self.link.subscribe(Wish(destination=topic("t.>"), automatic=True), Listener())
        temporary = self.successResultOf(self.link.temporary(Domain.TEMP_QUEUE))
        self.link.subscribe(Wish(destination=temporary, prefetch=5), Listener())
        self.assertEqual(
            far.taken(),
            [
                "SUBSCRIBE id:1 destination:/topic/t.# ack:auto receipt:2",
                f"SUBSCRIBE id:3 destination:/queue/{temporary.name} ack:client-individual prefetch-count:5"
                " durable:false auto-delete:true exclusive:true receipt:4",
            ],
        )
        self.assertEqual(len(self.scene.fars), 1)

    def test_apart(self) -> None:
        """
        With RabbitMQ a queue has a connection of its own, without the client id; some are made at a time.
        """
        self.patch(module, "_AT_ONCE", 2)
        self.linked(RABBITMQ)
        for _ in range(3):
            self.link.subscribe(Wish(destination=queue("q"), prefetch=5), Listener())
        main, first, second = self.scene.fars
        self.assertEqual(main.taken(), [])
        first.lets_in(RABBITMQ)
        self.assertEqual(
            first.taken(),
            [
                "CONNECT accept-version:1.0,1.1 host:/ heart-beat:10000,10000",
                "SUBSCRIBE id:1 destination:/queue/q ack:client-individual prefetch-count:5 receipt:2",
            ],
        )
        self.assertEqual(len(self.scene.fars), 4)
        second.says("ERROR", message="Bad CONNECT")
        self.scene.clock.advance(0)
        self.assertEqual(self.scene.told, ["the broker does not let the gateway in: Bad CONNECT"])

    def test_lost_apart(self) -> None:
        """
        A connection of one subscription that is lost takes the link with it, and everything is made anew.
        """
        main = self.linked(RABBITMQ)
        for _ in "ab":
            self.link.subscribe(Wish(destination=queue("q"), prefetch=5), Listener())
        _, first, second = self.scene.fars
        first.lets_in(RABBITMQ)
        first.abort()
        self.assertEqual(self.scene.told, [("lost", "the connection to the broker was lost")])
        self.assertEqual((main.done[-1], second.done[-1]), ("abort", "abort"))

    def test_back(self) -> None:
        """
        Artemis does not say that a message was out before; the link remembers.
        """
        far = self.linked(ARTEMIS)
        first, _ = self.delivered(far, "a", "b", "c", prefetch=2)
        first.close()
        _, listener = self.delivered(far, "a", "b", "c")
        self.assertEqual(listener.said, ["a+", "b+", "c"])
        _, listener = self.delivered(far, "a")
        self.assertEqual(listener.said, ["a"])

    def test_remembered(self) -> None:
        """
        Of very many that went back the oldest are forgotten.
        """
        self.patch(module, "_REMEMBERED", 2)
        far = self.linked(ARTEMIS)
        first, _ = self.delivered(far, "a", "b", "c")
        first.close()
        _, listener = self.delivered(far, "a", "b", "c")
        self.assertEqual(listener.said, ["a", "b+", "c+"])


class MoreTests(Linked):
    """Temporary destinations, durable subscriptions, the end."""

    def test_temporary(self) -> None:
        """
        ActiveMQ makes them on a connection of their own, where they are subscribed to.
        """
        main = self.linked()
        made = self.link.temporary(Domain.TEMP_QUEUE)
        own = self.scene.fars[1]
        own.lets_in(ACTIVEMQ, session="ID:vm-1")
        own.receipt(2, 3)
        where = self.successResultOf(made)
        listener = Listener()
        subscription = self.link.subscribe(Wish(destination=where, prefetch=3), listener)
        self.assertEqual(
            own.taken()[-1],
            "SUBSCRIBE id:4 destination:/temp-queue/1 ack:client-individual activemq.prefetchSize:3"
            " receipt:5",
        )
        own.receipt(5)
        own.delivers("x", 1, "4", destination="/temp-queue/1", reply_to="/temp-queue/1")
        ((tag, message),) = listener.out
        self.assertEqual((message.destination, message.reply_to), (where, where))
        self.link.publish(text(queue("q"), "x", reply_to=where))
        self.assertIn(" reply-to:/remote-temp-queue/ID:vm-1:1 ", main.taken()[0])
        done = self.link.perform(Work(accepted=[(subscription, tag)]))
        self.assertEqual((main.taken(), own.taken()), ([], ["ACK message-id:m1 subscription:4"]))
        self.successResultOf(done)
        self.link.discard(where)
        self.link.subscribe(Wish(destination=where), listener)
        self.scene.clock.advance(0)
        self.assertEqual(
            listener.taken()[-1], ("refused", f"{where} is not of this connection, which alone can read it")
        )

    def test_forget(self) -> None:
        """
        The end of a durable subscription that nobody has open; RabbitMQ's has to be opened for that.
        """
        for server, said in (
            (ACTIVEMQ, ["UNSUBSCRIBE id:1 destination:/topic/t activemq.subscriptionName:cart receipt:2"]),
            (
                RABBITMQ,
                [
                    "SUBSCRIBE id:1 destination:/topic/t ack:client-individual prefetch-count:1 durable:true"
                    " x-queue-name:kaazing.durable.cart auto-delete:false receipt:2",
                    "UNSUBSCRIBE id:1 destination:/topic/t durable:true x-queue-name:kaazing.durable.cart"
                    " receipt:3",
                ],
            ),
        ):
            far = self.linked(server)
            done = self.link.forget(topic("t"), "cart")
            far.receipt(2, 3)
            self.assertEqual(far.taken(), said)
            self.successResultOf(done)
        self.linked("Apollo/1.7")
        self.failureResultOf(self.link.forget(topic("t"), "cart"), BrokerRefused)

    def test_close(self) -> None:
        """
        Subscriptions end, then the connection; that is no loss.
        """
        far = self.linked()
        subscription, _ = self.delivered(far, "a")
        closed = self.link.close()
        self.assertEqual(far.taken(), ["UNSUBSCRIBE id:1 receipt:3", "DISCONNECT receipt:4"])
        far.receipt(3, 4)
        self.successResultOf(closed)
        self.successResultOf(subscription.close())
        self.assertEqual((far.done[-1], self.scene.told), ("drop", []))
