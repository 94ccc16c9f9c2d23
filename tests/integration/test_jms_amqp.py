"""Links of the sort of broker "amqp", to a real RabbitMQ: destinations, consumers, transactions."""

from __future__ import annotations

from dataclasses import replace

from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.internet.task import deferLater

from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.brokers import Content, Domain, Message, Outcome, Wish, Work
from tests.brokers.listening import Listener, queue, text, topic
from tests.integration import servers
from tests.integration.rabbit_links import Linked


class DestinationTests(Linked):
    """What messages are sent to."""

    async def test_queue(self) -> None:
        """
        Messages of a queue come in order, as they were sent; who consumes them settles them.
        """
        link = await self.link()
        where = await self.fresh(link, "jms.queue")
        sent = Message(
            destination=where,
            body="Grüße".encode(),
            correlation_id="c-1",
            type="greeting",
            reply_to=queue("jms.answers"),
            priority=7,
            persistent=False,
            properties={"colour": "red", "size": 3, "weight": 1.5, "sold": True},
        )
        await gatherResults([link.publish(replace(sent, message_id=f"ID:{n}")) for n in range(3)])
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=10))
        await self.until(lambda: len(listener.out) == 3)
        for number, (_, message) in enumerate(listener.out):
            self.assertEqual(replace(message, timestamp=0), replace(sent, message_id=f"ID:{number}"))
            self.assertNotEqual(message.timestamp, 0)
        subscription.settle(listener.tags, Outcome.ACCEPTED)
        await subscription.close()
        _, after = await self.listen(link, Wish(destination=where, automatic=True))
        await self.heard(after)

    async def test_bodies(self) -> None:
        """
        Text, every byte, nothing, and 1 MiB.
        """
        link = await self.link()
        where = await self.fresh(link, "jms.bodies")
        bodies = [(Content.TEXT, b"text"), (Content.BYTES, bytes(range(256))), (Content.BYTES, b"")]
        bodies += [(Content.TEXT, b""), (Content.BYTES, b"x\xce" * (1 << 19))]
        got: list[Message] = []
        listener = Listener()
        listener.delivered = lambda message, tag: got.append(message)  # type: ignore[method-assign]
        link.subscribe(Wish(destination=where, automatic=True), listener)
        for content, body in bodies:
            await link.publish(Message(destination=where, content=content, body=body))
        await self.until(lambda: len(got) == len(bodies))
        self.assertEqual([(each.content, each.body) for each in got], bodies)

    async def test_topic(self) -> None:
        """
        Every subscriber of a topic gets every message, also by patterns; nobody listening is no fault.
        """
        link = await self.link()
        heard = []
        for pattern in ("jms.a.b", "jms.*.b", "jms.>", "jms.c"):
            heard.append((await self.listen(link, Wish(destination=topic(pattern), automatic=True)))[1])
        await link.publish(text(topic("jms.a.b"), "one"))
        await link.publish(text(topic("jms"), "two"))
        await link.publish(text(topic("jms.nobody.at.all"), "three"))
        for listener, said in zip(heard, (["one"], ["one"], ["one", "two", "three"], []), strict=True):
            await self.heard(listener, *said)
        self.assertEqual(heard[2].out[0][1].destination, topic("jms.a.b"))

    async def test_where_rabbitmq_has_them(self) -> None:
        """
        /topic and /queue are where the STOMP plugin of RabbitMQ has them, so that its clients meet ours.
        """
        link = await self.link()
        where = await self.fresh(link, "jms.meeting")
        await link.publish(text(where, "hello"))
        listed = servers.rabbitmq().control("-p", servers.VHOST, "list_queues", "name", "durable", "messages")
        self.assertIn("jms.meeting\ttrue\t1", listed)
        await self.listen(link, Wish(destination=topic("jms.x.>"), automatic=True))
        bound = servers.rabbitmq().control("-p", servers.VHOST, "list_bindings", "source_name", "routing_key")
        self.assertIn("amq.topic\tjms.x.#", bound)

    async def test_temporary_queue(self) -> None:
        """
        Others send to a temporary queue, nobody else reads it, and it is gone when it is discarded.
        """
        link, other = await self.link(), await self.link()
        where = await link.temporary(Domain.TEMP_QUEUE)
        _, listener = await self.listen(link, Wish(destination=where, prefetch=1))
        await other.publish(text(where, "answer"))
        await self.heard(listener, "answer")
        self.assertEqual(listener.out[0][1].destination, where)
        thief = Listener()
        other.subscribe(Wish(destination=where), thief)
        await self.heard(thief, ("refused", f"queue {where.name} belongs to another connection"))
        link.discard(where)
        await self.heard(listener, ("refused", f"there is no queue {where.name}"))
        await self.refused(
            other.publish(text(where, "late")), BrokerRefused, f"there is no queue {where.name}"
        )

    async def test_temporary_topic(self) -> None:
        """
        A temporary topic is one that nobody can guess.
        """
        link, other = await self.link(), await self.link()
        where = await link.temporary(Domain.TEMP_TOPIC)
        _, listener = await self.listen(link, Wish(destination=where, automatic=True))
        await other.publish(text(where, "news"))
        await self.heard(listener, "news")
        self.assertEqual(listener.out[0][1].destination, where)
        link.discard(where)

    async def test_queues_of_others(self) -> None:
        """
        A queue that another client has declared with other arguments serves all the same.
        """
        link = await self.link()
        await self.fresh(link, "jms.theirs")
        await link._declarations._try(
            lambda it: it.queue_declare(queue="jms.theirs", durable=True, arguments={"x-max-length": 10})
        )
        link._declarations.missing("jms.theirs")
        _, listener = await self.listen(link, Wish(destination=queue("jms.theirs"), automatic=True))
        await link.publish(text(queue("jms.theirs"), "hello"))
        await self.heard(listener, "hello")

    async def test_answers_to_a_queue_of_one_connection(self) -> None:
        """
        A message reaches the exclusive queue of another client of AMQP that asked for an answer there.
        """
        link, other = await self.link(), await self.link()
        await other._declarations._try(lambda it: it.queue_declare(queue="jms.only", exclusive=True))
        await link.publish(text(queue("jms.only"), "answer"))
        _, listener = await self.listen(other, Wish(destination=queue("jms.only"), automatic=True))
        await self.heard(listener, "answer")

    async def test_no_declaring(self) -> None:
        """
        Where queues are not to be made, one that is not there is refused to senders and subscribers.
        """
        link = await self.link(properties={"amqp.queue.declare": False})
        where, why = await self.fresh(link, "jms.none"), "there is no queue jms.none"
        await self.refused(link.publish(text(where, "x")), BrokerRefused, why)
        listener = Listener()
        link.subscribe(Wish(destination=where), listener)
        await self.heard(listener, ("refused", why))

    async def test_a_queue_that_goes(self) -> None:
        """
        A queue that somebody removes: what is sent then is refused, and the next message finds it made anew.
        """
        link, other = await self.link(), await self.link()
        where = await self.fresh(link, "jms.going")
        await link.publish(text(where, "one"))
        await other._declarations.remove("jms.going")
        await self.refused(link.publish(text(where, "two")), BrokerRefused, "there is no queue jms.going")
        await link.publish(text(where, "three"))
        _, listener = await self.listen(link, Wish(destination=where, prefetch=1))
        await self.heard(listener, "three")
        await other._declarations.remove("jms.going")
        await self.heard(listener, "ready")
        await link.publish(text(where, "four"))
        await self.heard(listener, "four")

    async def test_priorities(self) -> None:
        """
        A queue that is made to tell priorities apart gives the highest first.
        """
        link = await self.link(properties={"amqp.queue.priorities": 9})
        where = await self.fresh(link, "jms.urgent")
        for priority in (1, 9, 4):
            await link.publish(text(where, str(priority), priority=priority))
        _, listener = await self.listen(link, Wish(destination=where, automatic=True))
        await self.heard(listener, "9", "4", "1")

    async def test_expiry(self) -> None:
        """
        A message that has expired is not delivered.
        """
        link = await self.link()
        where = await self.fresh(link, "jms.old")
        await link.publish(text(where, "old", expires=1))
        await link.publish(text(where, "new"))
        _, listener = await self.listen(link, Wish(destination=where, automatic=True))
        await self.heard(listener, "new")

    async def test_refused_messages(self) -> None:
        """
        A message that AMQP has no room for is refused, and hurts no other.
        """
        link = await self.link()
        where = topic("jms.refused")
        await self.refused(
            link.publish(text(where, "x", properties={"large": "x" * 131_072})),
            BrokerRefused,
            "the message has more than 131052 bytes of properties",
        )
        await self.refused(
            link.publish(text(topic("jms.*"), "x")),
            BrokerRefused,
            "messages are sent to a destination, not to a pattern of some",
        )
        await link.publish(text(where, "x", properties={"large": "x" * 130_000}))


class ConsumerTests(Linked):
    """Who messages go to."""

    async def test_competing(self) -> None:
        """
        A message of a queue goes to one consumer, each of which has as many as its prefetch allows.
        """
        link = await self.link()
        where = await self.fresh(link, "jms.work")
        _, one = await self.listen(link, Wish(destination=where, prefetch=2))
        second, two = await self.listen(link, Wish(destination=where, prefetch=1))
        for number in range(6):
            await link.publish(text(where, str(number)))
        await deferLater(reactor, 0.1)
        self.assertEqual(sorted(one.said + two.said), ["0", "1", "2"])
        self.assertEqual((len(one.said), len(two.said)), (2, 1))
        second.settle(two.tags, Outcome.ACCEPTED)
        await self.until(lambda: len(two.out) == 2)
        self.assertEqual(two.said[1:], ["3"])

    async def test_back_in_order(self) -> None:
        """
        What a consumer leaves goes back in order, and comes again, redelivered.
        """
        link = await self.link()
        where = await self.fresh(link, "jms.back")
        for number in range(10):
            await link.publish(text(where, str(number)))
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=5))
        await self.until(lambda: len(listener.out) == 5)
        subscription.settle(listener.tags[1:2], Outcome.ACCEPTED)
        subscription.settle(listener.tags[3:4], Outcome.ACCEPTED)
        await subscription.close()
        _, after = await self.listen(link, Wish(destination=where, prefetch=20))
        await self.until(lambda: len(after.out) == 8)
        self.assertEqual([each.rstrip("+") for each in after.said], ["0", "2", "4", "5", "6", "7", "8", "9"])
        self.assertEqual(after.said[:3], ["0+", "2+", "4+"])

    async def test_back_in_order_from_a_shared_channel(self) -> None:
        """
        So does what a consumer leaves that shares its channel, also while messages are on their way to it.
        """
        from kaazing.brokers.amqp import homes

        self.patch(homes, "MOST", 1)
        link = await self.link()
        where, other = await self.fresh(link, "jms.shared"), await self.fresh(link, "jms.other")
        _, neighbour = await self.listen(link, Wish(destination=other, prefetch=5))
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=200))
        sent = [link.publish(text(where, f"{number:03}")) for number in range(300)]
        await self.until(lambda: len(listener.out) > 10)
        subscription.settle(listener.tags[:5], Outcome.ACCEPTED)
        await subscription.close()
        await gatherResults(sent)
        _, after = await self.listen(link, Wish(destination=where, prefetch=1000))
        await self.until(lambda: len(after.out) == 295)
        self.assertEqual([each.rstrip("+") for each in after.said], [f"{n:03}" for n in range(5, 300)])
        await link.publish(text(other, "still here"))
        await self.heard(neighbour, "still here")

    async def test_released(self) -> None:
        """
        What is released comes again, where it was, redelivered.
        """
        link = await self.link()
        where = await self.fresh(link, "jms.released")
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=3))
        for number in range(4):
            await link.publish(text(where, str(number)))
        await self.until(lambda: len(listener.out) == 3)
        subscription.settle(listener.tags, Outcome.RELEASED)
        await self.heard(listener, "0", "1", "2", "0+", "1+", "2+")
        subscription.settle(listener.tags[3:], Outcome.ACCEPTED)
        await self.heard(listener, "3")

    async def test_rejected(self) -> None:
        """
        What is rejected goes where the queue has a place for it, or nowhere.
        """
        link = await self.link()
        dead = await self.fresh(link, "jms.dead")
        await link.publish(text(dead, "first"))
        await self.fresh(link, "jms.mortal")
        arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "jms.dead"}
        await link._declarations._try(
            lambda it: it.queue_declare(queue="jms.mortal", durable=True, arguments=arguments)
        )
        subscription, listener = await self.listen(link, Wish(destination=queue("jms.mortal"), prefetch=3))
        await link.publish(text(queue("jms.mortal"), "poison", properties={"a": "b"}))
        await self.heard(listener, "poison")
        subscription.settle(listener.tags, Outcome.REJECTED)
        _, buried = await self.listen(link, Wish(destination=dead, automatic=True))
        await self.heard(buried, "first", "poison")
        self.assertEqual(buried.out[1][1].properties["a"], "b")

    async def test_counted_without_an_id(self) -> None:
        """
        Of a message of another client that has no id, it is counted how often it was given back.
        """
        link = await self.link()
        where = await self.fresh(link, "jms.nameless")
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=1))
        await link._declarations._try(
            lambda it: it.basic_publish(exchange="", routing_key="jms.nameless", body=b"x")
        )
        for expected in (0, 2, 3):
            await self.until(lambda: listener.out)
            tag, message = listener.out.pop()
            self.assertEqual(message.deliveries, expected)
            subscription.settle([tag], Outcome.RELEASED)

    async def test_refused_alone(self) -> None:
        """
        A subscription that is refused disturbs no other, nor messages under way.
        """
        link, other = await self.link(), await self.link()
        where = await self.fresh(link, "jms.calm")
        _, listener = await self.listen(link, Wish(destination=where, prefetch=10))
        theirs = await other.temporary(Domain.TEMP_QUEUE)
        thief = Listener()
        link.subscribe(Wish(destination=theirs), thief)
        await gatherResults([link.publish(text(where, str(n))) for n in range(5)])
        await self.heard(thief, ("refused", f"queue {theirs.name} belongs to another connection"))
        await self.heard(listener, *"01234")
        self.assertEqual(self.lost, [])

    async def test_neighbours_of_a_refused_one(self) -> None:
        """
        Where channels are shared, the neighbours of one that is refused are made anew, and lose nothing.
        """
        from kaazing.brokers.amqp import homes

        self.patch(homes, "MOST", 1)
        link, other = await self.link(), await self.link()
        where = await self.fresh(link, "jms.neighbour")
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=10))
        await link.publish(text(where, "one"))
        await self.heard(listener, "one")
        theirs = await other.temporary(Domain.TEMP_QUEUE)
        thief = Listener()
        link.subscribe(Wish(destination=theirs), thief)
        await self.heard(thief, ("refused", f"queue {theirs.name} belongs to another connection"))
        await self.until(lambda: len(listener.said) == 2)
        self.assertEqual(listener.taken(), ["ready", "one+"])
        subscription.settle(listener.tags[:1], Outcome.ACCEPTED)
        subscription.settle(listener.tags[1:], Outcome.ACCEPTED)
        await subscription.close()
        _, after = await self.listen(link, Wish(destination=where, automatic=True))
        await self.heard(after)


class DurableTests(Linked):
    """Subscriptions that outlive their clients."""

    async def test_away_and_back(self) -> None:
        """
        What is sent while the subscriber is away comes when it is back, over another connection too.
        """
        link, other = await self.link(), await self.link()
        wish = Wish(destination=topic("jms.d.>"), durable="ann.news", prefetch=10)
        await link.forget(wish.destination, wish.durable)
        subscription, listener = await self.listen(link, wish)
        await link.publish(text(topic("jms.d.a"), "one"))
        await self.heard(listener, "one")
        subscription.settle(listener.tags, Outcome.ACCEPTED)
        await subscription.close()
        await link.publish(text(topic("jms.d.b"), "two"))
        subscription, listener = await self.listen(other, wish)
        await self.heard(listener, "two")
        self.assertEqual(listener.out[0][1].destination, topic("jms.d.b"))
        await subscription.close(forget=True)
        await link.publish(text(topic("jms.d.b"), "three"))
        subscription, listener = await self.listen(link, wish)
        await self.heard(listener)
        await subscription.close(forget=True)

    async def test_another_topic(self) -> None:
        """
        With another topic it is a new one: nothing of the old comes any more.
        """
        link = await self.link()
        old, new = (
            Wish(destination=topic(name), durable="bob.news", prefetch=10) for name in ("jms.old", "jms.new")
        )
        subscription, _ = await self.listen(link, old)
        await subscription.close()
        await link.publish(text(topic("jms.old"), "before"))
        subscription, listener = await self.listen(link, new)
        await link.publish(text(topic("jms.old"), "old"))
        await link.publish(text(topic("jms.new"), "new"))
        await self.heard(listener, "new")
        await subscription.close(forget=True)
        listed = servers.rabbitmq().control("-p", servers.VHOST, "list_exchanges", "name")
        self.assertNotIn("bob.news", listed)


class TransactionTests(Linked):
    """All or nothing."""

    async def test_commit(self) -> None:
        """
        The messages of a transaction are sent, then its deliveries accepted.
        """
        link = await self.link()
        source, target = await self.fresh(link, "jms.source"), await self.fresh(link, "jms.target")
        await link.publish(text(source, "order"))
        subscription, listener = await self.listen(link, Wish(destination=source, prefetch=5))
        await self.heard(listener, "order")
        for round_ in "12":
            sends = [text(target, f"a{round_}"), text(topic("jms.done"), "b"), text(target, f"c{round_}")]
            accepted = [(subscription, listener.tags[0])] if round_ == "1" else []
            await link.perform(Work(sends=sends, accepted=accepted))
        _, got = await self.listen(link, Wish(destination=target, automatic=True))
        await self.heard(got, "a1", "c1", "a2", "c2")
        await self.refused(
            link.perform(Work(accepted=[(subscription, listener.tags[0])])),
            BrokerLost,
            "a delivery of the transaction came over a connection that is lost",
        )

    async def test_nothing_of_one_that_is_refused(self) -> None:
        """
        Nothing of a transaction is done of which the broker refuses a message.
        """
        link = await self.link(properties={"amqp.queue.declare": False})
        target = await self.fresh(link, "jms.nothing")
        await link._declarations._try(lambda it: it.queue_declare(queue="jms.nothing", durable=True))
        work = Work(sends=[text(target, "one"), text(queue("jms.missing"), "two")])
        await self.refused(link.perform(work), BrokerRefused, "there is no queue jms.missing")
        _, got = await self.listen(link, Wish(destination=target, automatic=True))
        await self.heard(got)
        await link.perform(Work(sends=[text(target, "three")]))
        await self.heard(got, "three")
