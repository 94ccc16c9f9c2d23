"""One connection as the gateway sees it."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.brokers.amqp10 import link
from kaazing.brokers.amqp10.dialects import JMS
from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.brokers import Domain, Features, IBrokerLink, IBrokerSubscription, Wish, Work
from tests.brokers.amqp10.peer import RABBITMQ, Linked, Peer
from tests.brokers.listening import Listener, queue, text, topic

GONE = "the broker has closed the connection"


class LinkTests(SynchronousTestCase):
    """With proton's engine at the other end."""

    def setUp(self) -> None:
        """A link is up."""
        self.peer = Peer()
        self.linked = Linked(self.peer)
        self.link = self.linked.link

    def test_up(self) -> None:
        """
        It keeps its promises, and says what the broker is.
        """
        verifyObject(IBrokerLink, self.link)
        verifyObject(IBrokerSubscription, self.link.subscribe(Wish(destination=queue("a")), Listener()))
        self.assertEqual(self.linked.up, [self.link])
        self.assertEqual((self.link.features, self.link.peer), (JMS, "apache-activemq-artemis 2.44.0"))

    def test_room(self) -> None:
        """
        There is no room while much waits for the broker, or to be written; then it says so.
        """
        self.patch(link, "MANY", 1000)
        self.peer.outcome = None
        self.assertTrue(self.link.room())
        self.linked.publish(text(queue("a"), "x" * 1000))
        self.assertFalse(self.link.room())
        self.peer.answer(self.peer.deliveries[0], 0x24)
        self.peer.talk()
        self.assertEqual((self.linked.told, self.link.room()), ([("drained", self.link)], True))
        self.peer.channel.receiver.congested()
        self.assertFalse(self.link.room())
        self.peer.channel.receiver.drained()
        self.assertEqual((self.linked.told[1:], self.link.room()), ([("drained", self.link)], True))

    def test_too_much(self) -> None:
        """
        Where nobody asks for room, there is an end to what waits.
        """
        self.patch(link, "MOST", 1000)
        self.peer.outcome = None
        self.linked.publish(text(queue("a"), "x" * 1000))
        why = "the broker takes no messages just now"
        self.assertEqual(self.linked.publish(text(queue("a"), "x")), [BrokerLost, why])

    def test_idle_links(self) -> None:
        """
        Links to destinations are kept for the next message, up to a number; those that are busy are kept.
        """
        self.patch(link, "MAX_IDLE", 2)
        for name in ("a", "b", "a", "c"):
            self.linked.publish(text(queue(name), name))
        addresses = [each.remote_target.address for each in self.peer.links.values()]
        self.assertEqual(addresses, ["a", "c"])
        self.peer.outcome = None
        for name in ("a", "c", "d"):
            self.linked.publish(text(queue(name), name))
        self.assertEqual(len(self.peer.links), 3)

    def test_lost(self) -> None:
        """
        A connection that is lost fails what is on its way and what is asked later, and says so once.
        """
        self.peer.outcome = None
        _, listener = self.linked.listen(Wish(destination=queue("a"), prefetch=1))
        said = self.linked.publish(text(queue("a"), "1"))
        self.peer.channel.receiver.lost(None)
        self.peer.channel.receiver.lost(None)
        self.assertEqual(said, [BrokerLost, f"/queue/a: {GONE}"])
        self.assertEqual((self.linked.told, listener.said), ([("lost", self.link, GONE)], ["ready"]))
        late = (
            self.link.publish(text(queue("a"), "2")),
            self.link.perform(Work()),
            self.link.temporary(Domain.TEMP_QUEUE),
            self.link.forget(topic("a"), "news"),
        )
        for each in late:
            self.assertEqual(str(self.failureResultOf(each, BrokerLost).value), GONE)
        self.link.subscribe(Wish(destination=queue("a")), listener).close()
        self.successResultOf(self.link.close())
        self.assertFalse(self.link.room())

    def test_close(self) -> None:
        """
        In good order: the broker is told, and nobody else.
        """
        closed = self.linked.became(self.link.close())
        self.assertEqual((closed, self.linked.told), (["taken"], []))
        self.assertEqual(self.peer.channel.ended, "dropped")
        self.assertEqual(self.peer.clock.getDelayedCalls(), [])

    def test_close_unanswered(self) -> None:
        """
        A broker that does not answer is left after 5 seconds.
        """
        self.peer.channel.sent.clear()
        closed = self.link.close()
        self.assertNoResult(closed)
        self.peer.clock.advance(5)
        self.successResultOf(closed)
        self.assertEqual(self.peer.channel.ended, "aborted")

    def test_unready(self) -> None:
        """
        One that is given up before the broker has answered is closed.
        """
        peer = Peer(None)
        linked = Linked(peer)
        linked.link.up.cancel()
        (why,) = linked.up
        self.assertEqual(str(why.value), "the connection to the broker was given up")
        self.assertEqual((peer.channel.ended, linked.told), ("aborted", []))

    def test_rabbitmq(self) -> None:
        """
        Temporary destinations are topics that nobody can guess; transactions are messages and then
        deliveries; of durable subscriptions there are none.
        """
        peer = Peer(RABBITMQ)
        linked = Linked(peer)
        self.assertEqual(linked.link.features, Features())
        (one,), (two,) = (linked.became(linked.link.temporary(Domain.TEMP_QUEUE)) for _ in range(2))
        self.assertEqual((one.domain, len(one.name)), (Domain.TEMP_QUEUE, len("kaazing.temp.") + 32))
        self.assertNotEqual(one, two)
        self.assertEqual(linked.publish(text(one, "1")), ["taken"])
        self.assertEqual(peer.received[0][0], f"/topic/{one.name}")
        done = linked.became(linked.link.perform(Work(sends=[text(queue("a"), "2")])))
        self.assertEqual((done, peer.received[1][0]), (["taken"], "/queue/a"))
        _, listener = linked.listen(Wish(destination=topic("a"), durable="news"))
        why = "this broker has no durable subscriptions over AMQP 1.0"
        self.assertEqual(listener.said, [("refused", why)])
        self.assertEqual(linked.became(linked.link.forget(topic("a"), "news")), [BrokerRefused, why])
