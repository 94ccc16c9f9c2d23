"""Links from the broker: credit, deliveries, and what is said of them."""

from __future__ import annotations

from proton import Condition, Delivery, Message, Terminus
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.amqp10 import subscriptions
from kaazing.interfaces.brokers import Destination, Domain, Outcome, Wish
from tests.brokers.amqp10.peer import RABBITMQ, Linked, Peer
from tests.brokers.listening import Listener, queue, topic

ACCEPTED, REJECTED = int(Delivery.ACCEPTED), int(Delivery.REJECTED)
RELEASED, MODIFIED = int(Delivery.RELEASED), int(Delivery.MODIFIED)
WHERE = queue("orders")


class SubscriptionTests(SynchronousTestCase):
    """Against proton's engine at the other end."""

    def setUp(self) -> None:
        """A link is up."""
        self.peer = Peer()
        self.linked = Linked(self.peer)

    def deliver(self, *bodies: str) -> None:
        """Have the broker send messages."""
        for body in bodies:
            self.peer.deliver(self.peer.only, Message(body=body))
        self.peer.talk()

    def test_source(self) -> None:
        """
        What the broker is asked for: the address, the sort of node, the selector, the name that lasts.
        """
        wish = Wish(destination=topic("a.>"), durable="news", selector="a = 1", prefetch=7)
        _, listener = self.linked.listen(wish)
        link = self.peer.links["news"]
        source = link.remote_source
        self.assertEqual((source.address, link.credit, listener.said), ("a.#", 7, ["ready"]))
        self.assertEqual(
            (source.durability, source.expiry_policy), (Terminus.DELIVERIES, Terminus.EXPIRE_NEVER)
        )
        source.filter.rewind()
        source.filter.next()
        selector = source.filter.get_object()["jms-selector"]
        self.assertEqual(
            (selector.descriptor, selector.value),
            (0x0000468C00000004, "convert_string_expressions:a = 1"),
        )

    def test_prefetch(self) -> None:
        """
        The broker may send as many as the prefetch, and one more for each that is settled.
        """
        subscription, listener = self.linked.listen(Wish(destination=WHERE, prefetch=2))
        link = self.peer.links[self.peer.only]
        self.deliver("1", "2")
        self.assertEqual((listener.taken(), link.credit), (["ready", "1", "2"], 0))
        subscription.settle(listener.tags[:1], Outcome.ACCEPTED)
        self.peer.talk()
        self.assertEqual((self.peer.settled, link.credit), ([("1", ACCEPTED, True)], 1))

    def test_outcomes(self) -> None:
        """
        What is given back counts as tried; what is rejected is dead; unknown tags are passed over.
        """
        subscription, listener = self.linked.listen(Wish(destination=WHERE, prefetch=9))
        self.deliver("1", "2")
        subscription.settle([listener.tags[1], 77, listener.tags[1]], Outcome.RELEASED)
        subscription.settle(listener.tags[:1], Outcome.REJECTED)
        self.peer.talk()
        self.assertEqual(sorted(self.peer.settled), [("1", REJECTED, True), ("2", MODIFIED, True)])

    def test_released_plainly(self) -> None:
        """
        RabbitMQ knows no outcome "modified".
        """
        self.peer = Peer(RABBITMQ)
        self.linked = Linked(self.peer)
        subscription, listener = self.linked.listen(Wish(destination=WHERE, prefetch=9))
        self.deliver("1")
        subscription.settle(listener.tags, Outcome.RELEASED)
        self.peer.talk()
        self.assertEqual(self.peer.settled, [("1", RELEASED, True)])

    def test_lasting(self) -> None:
        """
        RabbitMQ makes queues that outlive it only when that is asked for; nobody asks for topics to.
        """
        for properties, where, asked in (
            (RABBITMQ, WHERE, Terminus.CONFIGURATION),
            (RABBITMQ, topic("t"), Terminus.NONDURABLE),
            ({}, WHERE, Terminus.NONDURABLE),
        ):
            peer = Peer(properties)
            Linked(peer).listen(Wish(destination=where, prefetch=1))
            self.assertEqual(peer.links[peer.only].remote_source.durability, asked, f"{properties} {where}")

    def test_automatic(self) -> None:
        """
        Where nobody settles, deliveries are settled when they are sent, and credit comes in good time.
        """
        _, listener = self.linked.listen(Wish(destination=WHERE, automatic=True))
        link = self.peer.links[self.peer.only]
        self.deliver(*map(str, range(subscriptions.WINDOW + 100)))
        self.assertEqual(len(listener.out), subscriptions.WINDOW + 100)
        self.assertEqual({tag for tag, _ in listener.out}, {None})
        self.assertTrue(subscriptions.WINDOW / 2 <= link.credit <= subscriptions.WINDOW, link.credit)

    def test_unbounded(self) -> None:
        """
        Without a prefetch, any number may be out.
        """
        _, listener = self.linked.listen(Wish(destination=WHERE))
        for _ in range(5):
            self.deliver(*map(str, range(subscriptions.WINDOW)))
        self.assertEqual(len(set(listener.tags)), 5 * subscriptions.WINDOW)

    def test_close(self) -> None:
        """
        What was not settled goes back in its order, and no more is delivered.
        """
        subscription, listener = self.linked.listen(Wish(destination=WHERE, prefetch=9))
        self.deliver("1", "2", "3")
        name, done = self.peer.only, list[None]()
        self.peer.deliver(name, Message(body="4"))
        subscription.close().addCallback(done.append)
        self.peer.talk()
        self.assertEqual(listener.taken(), ["ready", "1", "2", "3"])
        self.assertEqual(self.peer.settled[:3], [(each, MODIFIED, True) for each in "123"])
        self.assertEqual((done, self.peer.closed), ([None], [(name, False)]))
        subscription.close().addCallback(done.append)
        subscription.settle(listener.tags, Outcome.ACCEPTED)
        self.assertEqual(done, [None, None])

    def test_durable(self) -> None:
        """
        A durable one is left by detaching, and ends by closing; a client that asks for it while it is being
        left waits for that.
        """
        wish = Wish(destination=topic("a"), durable="news", prefetch=9)
        first, _ = self.linked.listen(wish)
        first.close()
        second, listener = self.linked.listen(wish)
        self.assertEqual((self.peer.closed, listener.said), ([("news", True)], ["ready"]))
        second.close(forget=True)
        self.peer.talk()
        self.assertEqual(self.peer.closed[1:], [("news", False)])

    def test_durable_left_early(self) -> None:
        """
        One that waits for its name and is closed before it has it is never asked for.
        """
        wish = Wish(destination=topic("a"), durable="news", prefetch=9)
        first, _ = self.linked.listen(wish)
        first.close()
        second = self.linked.link.subscribe(wish, Listener())
        second.close()
        _, third = self.linked.listen(wish)
        self.assertEqual((third.said, list(self.peer.links)), (["ready"], ["news"]))

    def test_in_use(self) -> None:
        """
        A durable one that is open cannot be opened, nor forgotten.
        """
        wish = Wish(destination=topic("a"), durable="news", prefetch=9)
        self.linked.listen(wish)
        _, second = self.linked.listen(wish)
        self.assertEqual(second.said, [("refused", "the durable subscription 'news' is in use")])
        outcome = self.linked.became(self.linked.link.forget(topic("a"), "news"))
        self.assertEqual(outcome[1], "the durable subscription 'news' is in use")

    def test_refused(self) -> None:
        """
        A client hears that there is no subscription; the broker's own words go to the log.
        """
        self.peer.refusing["secret"] = Condition("amqp:unauthorized-access", "not for alice")
        _, listener = self.linked.listen(Wish(destination=queue("secret")))
        why = "/queue/secret: the broker has refused it: it is not allowed"
        self.assertEqual(listener.said, [("refused", why)])
        words = "amqp:unauthorized-access not for alice"
        self.assertEqual(self.linked.log, [f"the broker has refused it: {words}"])

    def test_closed_by_the_broker(self) -> None:
        """
        A queue that is deleted ends its subscriptions; tags mean nothing then.
        """
        subscription, listener = self.linked.listen(Wish(destination=WHERE, prefetch=9))
        self.deliver("1")
        self.peer.hang_up(self.peer.only, Condition("amqp:resource-deleted", "queue\nis gone."))
        self.peer.talk()
        why = "/queue/orders: the broker has refused it: it was deleted"
        self.assertEqual(listener.taken()[2:], [("refused", why)])
        subscription.settle(listener.tags, Outcome.ACCEPTED)
        subscription.close()
        self.peer.talk()
        self.assertEqual(self.linked.told, [])

    def test_no_selectors(self) -> None:
        """
        A broker that passes over the selector would send everything: there is no subscription.
        """
        self.peer.ignoring_filters = True
        _, listener = self.linked.listen(Wish(destination=WHERE, selector="a = 1"))
        self.assertEqual(listener.said, [("refused", "/queue/orders: this broker has no selectors here")])

    def test_unreadable(self) -> None:
        """
        A message that is none is rejected, and the next one comes.
        """
        _, listener = self.linked.listen(Wish(destination=WHERE, prefetch=9))
        no_utf8, list_as_key = b"\x00\x53\x77\xa1\x01\xff", b"\x00\x53\x77\xc1\x03\x02\x45\x41"
        properties_no_map = b"\x00\x53\x74\x98" + bytes(16)
        for data in (no_utf8, list_as_key, properties_no_map):
            self.peer.deliver(self.peer.only, data)
        self.deliver("2")
        self.assertEqual(listener.taken(), ["ready", "2"])
        self.assertEqual(self.peer.settled, [(tag, REJECTED, True) for tag in "123"])

    def test_without_id(self) -> None:
        """
        Messages whose senders gave them no id get one each, so that nobody takes them for one another.
        """
        _, listener = self.linked.listen(Wish(destination=WHERE, prefetch=9))
        self.deliver("1", "2")
        ids = [message.message_id for _, message in listener.out]
        self.assertEqual((len(set(ids)), [each[:3] for each in ids]), (2, ["ID:", "ID:"]))

    def test_too_long(self) -> None:
        """
        A message that is too long is read to its end, but not kept, and rejected.
        """
        self.patch(subscriptions, "MAX_MESSAGE", 100_000)
        _, listener = self.linked.listen(Wish(destination=WHERE, prefetch=9))
        self.deliver("x" * 300_000, "2")
        self.assertEqual((listener.taken(), self.peer.settled), (["ready", "2"], [("1", REJECTED, True)]))

    def test_temporary(self) -> None:
        """
        A temporary queue is consumed under its name.
        """
        self.linked.listen(Wish(destination=Destination(Domain.TEMP_QUEUE, "made-1"), prefetch=1))
        self.assertEqual(self.peer.links[self.peer.only].remote_source.address, "made-1")
