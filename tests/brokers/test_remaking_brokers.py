"""What stands on the connections of a broker: subscriptions, temporary destinations, transactions."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from kaazing.brokers.broker import Broker
from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.brokers import Destination, Domain, Outcome, Work
from tests.brokers.listening import Listener, queue, text, topic
from tests.brokers.test_broker import AWAY, BrokerTestCase


class SubscriptionTests(BrokerTestCase):
    """Messages from the broker."""

    def test_before_connection(self) -> None:
        """
        A client may come before there is a connection.
        """
        self.away()
        broker = self.broker()
        listener, _ = self.listen(broker, queue("q"))
        self.assertEqual(listener.said, [])
        self.back()
        broker.publish(text(queue("q"), "a"), waits=False)
        self.turn()
        self.assertEqual(listener.said, ["ready", "a"])

    def test_anew(self) -> None:
        """
        Subscriptions are made anew on the next connection, what was not settled comes again, and what is
        settled late counts for nothing.
        """
        broker = self.broker()
        listener, made = self.listen(broker, queue("q"), prefetch=2)
        for body in "abc":
            broker.publish(text(queue("q"), body), waits=False)
        self.turn()
        made.settle(listener.tags[:1], Outcome.ACCEPTED)
        self.turn()
        self.store.cut()
        made.settle(listener.tags, Outcome.ACCEPTED)
        self.back()
        self.assertEqual(listener.said, ["ready", "a", "b", "c", "ready", "b+", "c+"])
        self.assertEqual(broker.counts.delivered, 5)

    def test_closed_while_away(self) -> None:
        """
        One that is closed while the broker is away is not made again.
        """
        broker = self.broker()
        listener, made = self.listen(broker, queue("q"))
        self.away()
        self.assertIsNone(self.successResultOf(made.close()))
        self.back()
        self.assertEqual((listener.said, broker.available), (["ready"], True))

    def test_durable(self) -> None:
        """
        Durable subscriptions are on the connection of their name, whoever opens them; they are forgotten
        there, and only while it is there.
        """
        broker = self.broker(3)
        names = [f"client.{number}" for number in range(9)]
        made = [self.listen(broker, topic("t"), durable=name, sender=object())[1] for name in names]
        lines = [each.line.number for each in made]
        self.assertEqual(lines, [2, 2, 0, 0, 2, 0, 2, 0, 0])
        why = self.why(self.forget(broker, names[0]), BrokerRefused)
        self.assertEqual(why, "the durable subscription 'client.0' is in use")
        made[0].close()
        self.assertIsNone(self.successResultOf(self.forget(broker, names[0])))
        self.away()
        self.assertEqual(
            self.why(self.forget(broker, names[1])), "the broker is away; it remembers the subscription"
        )

    def forget(self, broker: Broker, name: str) -> Deferred[Any]:
        """Forget a durable subscription."""
        done = broker.forget(topic("t"), name)
        self.turn()
        return done

    def test_spread(self) -> None:
        """
        Subscriptions of nobody in particular are spread over the connections, those of one sender are not.
        """
        broker = self.broker(2)
        anybody = [self.listen(broker, queue("q"))[1].line.number for _ in range(4)]
        somebody = {self.listen(broker, queue("q"), sender="ann")[1].line.number for _ in range(4)}
        self.assertEqual((anybody, len(somebody)), ([0, 1, 0, 1], 1))

    def test_temporary(self) -> None:
        """
        A temporary destination is there until its subscription is closed.
        """
        broker = self.broker()
        listener = Listener()
        making = broker.temporary(Domain.TEMP_QUEUE, listener, 5)
        self.turn()
        destination, made = self.successResultOf(making)
        broker.publish(text(destination, "a"), waits=False)
        self.turn()
        made.settle(listener.tags, Outcome.ACCEPTED)
        self.assertEqual((destination.domain, listener.said), (Domain.TEMP_QUEUE, ["ready", "a"]))
        made.close()
        refused = broker.publish(text(destination, "b"), waits=False)
        self.turn()
        self.assertEqual(self.why(refused, BrokerRefused), f"there is no {destination}")

    def test_temporary_lost(self) -> None:
        """
        It is lost with its connection, for good; without one there is none.
        """
        broker = self.broker()
        listener = Listener()
        making = broker.temporary(Domain.TEMP_TOPIC, listener, 0)
        self.turn()
        self.successResultOf(making)
        unknown = broker.temporary(Domain.TEMP_QUEUE, Listener(), 0)
        self.away()
        self.failureResultOf(unknown, BrokerLost)
        self.assertEqual(self.why(broker.temporary(Domain.TEMP_QUEUE, listener, 0)), "the broker is away")
        self.back()
        why = "the connection to the broker was lost, and the destination with it"
        self.assertEqual(listener.said, ["ready", ("refused", why)])

    def test_temporary_too_late(self) -> None:
        """
        One that is made on a connection that is lost meanwhile is none.
        """
        broker = self.broker()
        (link,) = self.store.links
        made: Deferred[Destination] = Deferred()
        self.patch(link, "temporary", lambda domain: made)
        making = broker.temporary(Domain.TEMP_QUEUE, Listener(), 0)
        self.store.cut()
        made.callback(Destination(Domain.TEMP_QUEUE, "x"))
        why = "the connection to the broker was lost, and the destination with it"
        self.assertEqual(self.why(making), why)


class TransactionTests(BrokerTestCase):
    """All of it, or nothing."""

    def test_all(self) -> None:
        """
        Messages are sent and deliveries accepted together.
        """
        broker = self.broker()
        listener, made = self.listen(broker, queue("in"))
        broker.publish(text(queue("in"), "a"), waits=False)
        self.turn()
        done = broker.perform(Work([text(queue("out"), "b")], [(made, listener.tags[0])]))
        self.turn()
        self.assertIsNone(self.successResultOf(done))
        made.close()
        self.assertEqual(self.listen(broker, queue("in"))[0].said, ["ready"])
        self.assertEqual(self.listen(broker, queue("out"))[0].said, ["ready", "b"])
        self.assertEqual((broker.counts.published, broker.counts.confirmed), (2, 2))

    def test_sends_alone(self) -> None:
        """
        A transaction may have no deliveries in it; while the broker is away there is none.
        """
        broker = self.broker()
        done = broker.perform(Work([text(queue("q"), "a")]))
        self.turn()
        self.assertIsNone(self.successResultOf(done))
        self.away()
        self.assertEqual(self.why(broker.perform(Work([text(queue("q"), "b")]))), AWAY)

    def test_lost_delivery(self) -> None:
        """
        A delivery of a connection that was lost meanwhile is in no transaction; nothing is sent then.
        """
        broker = self.broker()
        listener, made = self.listen(broker, queue("in"))
        broker.publish(text(queue("in"), "a"), waits=False)
        self.turn()
        self.store.cut()
        work = Work([text(queue("out"), "b")], [(made, listener.tags[0])])
        self.assertEqual(self.why(broker.perform(work)), AWAY)
        self.back()
        gone = "the transaction has deliveries that went back to the broker meanwhile"
        self.assertEqual(self.why(broker.perform(work)), gone)
        work = Work((), [(made, listener.tags[1])])
        made.close()
        self.assertEqual(self.why(broker.perform(work)), gone)
        self.assertEqual(self.listen(broker, queue("out"))[0].said, ["ready"])

    def test_two_connections(self) -> None:
        """
        Deliveries of two connections do not go into one transaction; those of one sender always do, since
        it has one connection.
        """
        broker = self.broker(2)
        accepted: list[tuple[Any, Any]] = []
        for sender in (None, None, "ann", "ann"):
            name = f"q{len(accepted)}"
            listener, made = self.listen(broker, queue(name), sender=sender)
            broker.publish(text(queue(name), "a"), waits=False)
            self.turn()
            accepted.append((made, listener.tags[0]))
        refused = broker.perform(Work((), accepted[:2]))
        self.assertEqual(
            self.why(refused, BrokerRefused),
            "a transaction is done on one connection to the broker; these deliveries came over two",
        )
        done = broker.perform(Work((), accepted[2:]), sender="ann")
        self.turn()
        self.assertIsNone(self.successResultOf(done))
