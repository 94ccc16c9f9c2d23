"""Queues of real brokers that speak STOMP, by links of the sort "stomp"."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import stomp
from twisted.internet import reactor
from twisted.internet.defer import DeferredList
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from kaazing.config.model import ConnectOptions, TlsOptions, Uri
from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.brokers import (
    Content,
    Destination,
    Domain,
    Message,
    Outcome,
    Wish,
)
from tests.brokers.listening import Listener, queue, text, topic
from tests.integration import servers
from tests.integration.stomp_links import COUNT, ActiveMq, Artemis, Conversations, Linked, RabbitMq


class QueueConversations(Conversations):
    """Queues."""

    async def test_connected(self: Any) -> None:
        """
        The broker says which it is, and from that follows what it does.
        """
        link = await self.link(self.uri())
        self.assertTrue(link.peer.startswith(self.server), link.peer)
        self.assertEqual(link.features, self.features)
        self.assertTrue(link.room())

    async def test_login(self: Any) -> None:
        """
        A wrong password is refused for good; nothing tells it.
        """
        login = Login(username=servers.USER, password="guessed")
        why = await self.refused(self.link(self.uri(), login), BrokerRefused)
        self.assertEqual(why, "the broker refuses the login")
        self.assertNotIn("guessed", "".join(self.log))

    async def test_message(self: Any) -> None:
        """
        A message comes as it was sent: header fields of JMS, properties, what a frame escapes.
        """
        link = await self.link(self.uri())
        where, soon = self.queue(), int(time.time() * 1000) + 60_000
        sent = Message(
            destination=where,
            body="Grüße".encode(),
            content_type="text/plain",
            correlation_id="c:1",
            type="greeting",
            reply_to=self.queue("answers"),
            priority=7,
            expires=soon,
            properties={"colour": "red: dark\nblue \\ green", "größe": "3"},
        )
        await link.publish(sent)
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=10))
        await self.until(lambda: listener.out)
        ((_, got),) = listener.out
        self.assertTrue(got.message_id)
        self.assertLess(abs(got.timestamp - time.time() * 1000), 10_000)
        self.assertLess(abs(got.expires - soon), 2_000)
        self.assertEqual(replace(got, message_id="", timestamp=0, expires=soon), sent)
        subscription.settle(listener.tags, Outcome.ACCEPTED)
        await subscription.close()
        _, after = await self.listen(link, Wish(destination=where, automatic=True))
        await self.heard(after)

    async def test_bodies(self: Any) -> None:
        """
        Text, every byte, nothing, a map, and 1 MiB.
        """
        link = await self.link(self.uri())
        where = self.queue()
        bodies = [(Content.TEXT, b"text"), (Content.BYTES, bytes(range(256))), (Content.BYTES, b"")]
        bodies += [(Content.TEXT, b""), (Content.MAP, b'{"city": "Rome", "age": 7}')]
        bodies += [(Content.BYTES, b"x\xce" * (1 << 19)), (Content.TEXT, b"y" * (1 << 20))]
        got: list[Message] = []
        listener = Listener()
        listener.delivered = lambda message, tag: got.append(message)  # type: ignore[method-assign]
        link.subscribe(Wish(destination=where, automatic=True), listener)
        for content, body in bodies:
            await link.publish(Message(destination=where, content=content, body=body))
        await self.until(lambda: len(got) == len(bodies))
        self.assertEqual([(each.content, len(each.body)) for each in got], [(c, len(b)) for c, b in bodies])
        self.assertEqual([each.body for each in got], [body for _, body in bodies])

    async def test_prefetch(self: Any) -> None:
        """
        No more is out than was wished for; what is settled makes room.
        """
        link = await self.link(self.uri())
        where = self.queue()
        await self.fill(link, where, *"abcdef")
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=2))
        await self.heard(listener, "a", "b")
        subscription.settle(listener.tags[:1], Outcome.ACCEPTED)
        await self.heard(listener, "c")
        subscription.settle(listener.tags[1:], Outcome.ACCEPTED)
        await self.heard(listener, "d", "e")

    async def test_left(self: Any) -> None:
        """
        What a consumer had and did not settle goes to the next one, in order, and says that it was out;
        what nobody had says nothing.
        """
        link = await self.link(self.uri())
        where = self.queue()
        await self.fill(link, where, *"abcdef")
        first, listener = await self.listen(link, Wish(destination=where, prefetch=3))
        await self.heard(listener, "a", "b", "c")
        first.settle([listener.tags[1]], Outcome.ACCEPTED)
        await self.heard(listener, "d")
        await first.close()
        self.assertEqual(listener.taken(), [])
        second, other = await self.listen(link, Wish(destination=where, prefetch=10))
        await self.until(lambda: len(other.said) == 5)
        self.assertEqual([each.rstrip("+") for each in other.said], list("acdef"))
        self.assertEqual(other.said[:3], ["a+", "c+", "d+"])
        self.assertEqual(other.said[-1], "f")
        second.settle(other.tags, Outcome.ACCEPTED)

    async def test_released(self: Any) -> None:
        """
        What is released is given out again, before what came later, and says so.
        """
        link = await self.link(self.uri())
        where = self.queue()
        await self.fill(link, where, *"abcd")
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=2))
        await self.heard(listener, "a", "b")
        subscription.settle(listener.tags, Outcome.RELEASED)
        await self.heard(listener, "a+", "b+")
        subscription.settle(listener.tags[2:], Outcome.ACCEPTED)
        await self.heard(listener, "c", "d")
        subscription.settle(listener.tags[4:], Outcome.RELEASED)
        await subscription.close()
        _, after = await self.listen(link, Wish(destination=where, prefetch=10))
        await self.heard(after, "c+", "d+")

    async def test_lost_consumer(self: Any) -> None:
        """
        What was out when its connection broke goes to another consumer, in order.
        """
        one, two = await self.link(self.uri()), await self.link(self.uri(), client_id=f"{self.own}-2")
        where = self.queue()
        await self.fill(two, where, *"abc")
        _, listener = await self.listen(one, Wish(destination=where, prefetch=10))
        await self.heard(listener, "a", "b", "c")
        one._main.abort(BrokerLost("pulled"))
        for subscription in tuple(one._subscriptions):
            subscription._connection.abort(BrokerLost("pulled"))
        await self.until(lambda: self.lost)
        _, other = await self.listen(two, Wish(destination=where, prefetch=10))
        await self.until(lambda: len(other.said) == 3)
        self.assertEqual(other.said, ["a+", "b+", "c+"])
        self.assertEqual(self.lost, ["pulled"])

    async def test_carriage_return(self: Any) -> None:
        """
        A property with a carriage return, of a client that speaks 1.2 to the broker itself, breaks nothing.
        """
        link = await self.link(self.uri())
        where = self.queue()
        uri = self.uri()
        client = stomp.Connection12([(uri.host, uri.port)], vhost=uri.path.strip("/") or "/")
        client.connect(servers.USER, servers.PASSWORD, wait=True)
        client.send(str(where), "x", headers={"v": "a\rb"})
        _, listener = await self.listen(link, Wish(destination=where, automatic=True))
        await self.heard(listener, "x")
        self.assertEqual(listener.out[0][1].properties["v"], "a\rb")
        client.disconnect()

    async def test_competing(self: Any) -> None:
        """
        Consumers of one queue share its messages, each goes to one.
        """
        link = await self.link(self.uri())
        where = self.queue()
        both = [await self.listen(link, Wish(destination=where, prefetch=COUNT)) for _ in range(2)]
        await self.fill(link, where, *map(str, range(COUNT)))
        await self.until(lambda: sum(len(listener.said) for _, listener in both) >= COUNT)
        self.assertEqual(sorted(int(each) for _, it in both for each in it.said), list(range(COUNT)))
        for subscription, listener in both:
            self.assertEqual(listener.said, sorted(listener.said, key=int))
            subscription.settle(listener.tags, Outcome.ACCEPTED)

    async def test_expired(self: Any) -> None:
        """
        What expires while nobody is there is not delivered.
        """
        link = await self.link(self.uri())
        where = self.queue()
        await self.fill(link, where, "gone", expires=int(time.time() * 1000) + 200)
        await self.fill(link, where, "kept")
        await deferLater(reactor, 0.5)
        _, listener = await self.listen(link, Wish(destination=where, automatic=True))
        await self.heard(listener, "kept")

    async def test_many_in_flight(self: Any) -> None:
        """
        Messages are taken while others are on their way, and keep their order.
        """
        link = await self.link(self.uri())
        where = self.queue()
        _, listener = await self.listen(link, Wish(destination=where, automatic=True))
        await self.fill(link, where, *map(str, range(COUNT)))
        await self.until(lambda: len(listener.said) == COUNT)
        self.assertEqual(listener.said, list(map(str, range(COUNT))))

    async def test_unsayable(self: Any) -> None:
        """
        What the broker would end the connection for is not sent to it.
        """
        link = await self.link(self.uri())
        for properties in ({"v": "a\rb"}, {"v": ":" * 6000}, {f"v{n}": "" for n in range(501)}):
            message = text(self.queue(), "x", properties=properties)
            await self.refused(link.publish(message), BrokerRefused)
        await self.fill(link, self.queue(), "x", properties={"v": "x" * 9000, "JMSXGroupSeq": "1"})
        self.assertEqual(self.lost, [])

    async def test_temporary(self: Any) -> None:
        """
        Two clients of the link ask and answer by temporary queues, and so does another link.
        """
        one, two = await self.link(self.uri()), await self.link(self.uri(), client_id=f"{self.own}-2")
        where = self.queue("requests")
        mine, others = await one.temporary(Domain.TEMP_QUEUE), await one.temporary(Domain.TEMP_QUEUE)
        self.assertEqual((mine.domain, mine == others), (Domain.TEMP_QUEUE, False))
        _, here = await self.listen(one, Wish(destination=mine, prefetch=10))
        _, there = await self.listen(one, Wish(destination=others, automatic=True))
        for link in (one, two):
            subscription, asked = await self.listen(link, Wish(destination=where, prefetch=10))
            await self.fill(one, where, "question", reply_to=mine)
            await self.until(lambda asked=asked: asked.out)
            ((tag, message),) = asked.out
            self.assertEqual(message.reply_to, mine)
            await self.fill(link, message.reply_to, "answer", reply_to=others)
            subscription.settle([tag], Outcome.ACCEPTED)
            await subscription.close()
        await self.heard(here, "answer", "answer")
        self.assertEqual([message.reply_to for _, message in here.out], [others, others])
        await self.heard(there)
        one.discard(mine)
        one.discard(others)

    async def test_temporary_topic(self: Any) -> None:
        """
        A temporary topic.
        """
        link = await self.link(self.uri())
        where = await link.temporary(Domain.TEMP_TOPIC)
        both = [await self.listen(link, Wish(destination=where, automatic=True)) for _ in range(2)]
        await self.fill(link, where, "news")
        for _, listener in both:
            await self.heard(listener, "news")


class ActiveMqQueueTests(ActiveMq, QueueConversations, Linked):
    """Queues of ActiveMQ."""

    async def test_rejected(self) -> None:
        """
        What nobody wants is in ActiveMQ's dead-letter queue.
        """
        link = await self.link(self.uri())
        _, dead = await self.listen(link, Wish(destination=queue("ActiveMQ.DLQ"), automatic=True))
        await self.fill(link, self.queue(), "poison")
        subscription, listener = await self.listen(link, Wish(destination=self.queue(), prefetch=10))
        await self.heard(listener, "poison")
        subscription.settle(listener.tags, Outcome.REJECTED)
        await self.until(lambda: "poison" in dead.said)

    async def test_priorities(self) -> None:
        """
        Messages keep their priority.
        """
        link = await self.link(self.uri())
        for priority in (0, 9):
            await self.fill(link, self.queue(), str(priority), priority=priority)
        _, listener = await self.listen(link, Wish(destination=self.queue(), automatic=True))
        await self.heard(listener, "0", "9")
        self.assertEqual([message.priority for _, message in listener.out], [0, 9])

    async def test_foreign_temporary(self) -> None:
        """
        A temporary destination of somebody else can be sent to, not subscribed to.
        """
        one, two = await self.link(self.uri()), await self.link(self.uri(), client_id=f"{self.own}-2")
        where = await one.temporary(Domain.TEMP_QUEUE)
        listener = Listener()
        two.subscribe(Wish(destination=where, automatic=True), listener)
        await self.until(lambda: listener.said)
        self.assertEqual(
            listener.said,
            [("refused", f"{where} is not of this connection, which alone can read it")],
        )
        why = await self.refused(
            one.publish(text(Destination(Domain.TEMP_QUEUE, "none"), "x")), BrokerRefused
        )
        self.assertEqual(why, "the broker refuses /temp-queue/none")
        self.assertEqual(self.lost, [])

    async def test_own_topics(self) -> None:
        """
        What ActiveMQ says of itself is for no client: neither by name nor by a pattern.
        """
        link = await self.link(self.uri())
        listener = Listener()
        link.subscribe(Wish(destination=topic("ActiveMQ.Advisory.>"), automatic=True), listener)
        await self.until(lambda: listener.said)
        self.assertEqual(listener.said, [("refused", "/topic/ActiveMQ.Advisory.> is ActiveMQ's own")])
        _, every = await self.listen(link, Wish(destination=topic(">"), automatic=True))
        await self.fill(link, self.topic("x"), "x")
        await self.heard(every, "x")

    async def test_same_client(self) -> None:
        """
        While ActiveMQ still has the client's last connection, a new one is to be tried again.
        """
        await self.link(self.uri())
        why = await self.refused(self.link(self.uri()), BrokerLost)
        self.assertEqual(why, "the broker does not let the gateway in for now")

    async def test_tls(self) -> None:
        """
        Over TLS, the certificate verified.
        """
        active = servers.activemq()
        options = ConnectOptions(tls=TlsOptions(ca_file=active.ca))
        uri = Uri(scheme="stomp+ssl", host="localhost", port=active.stomps)
        link = await self.link(uri, options=options)
        await self.fill(link, self.queue(), "x")


class ArtemisQueueTests(Artemis, QueueConversations, Linked):
    """Queues of Artemis."""


class RabbitMqQueueTests(RabbitMq, QueueConversations, Linked):
    """Queues of RabbitMQ."""

    async def test_host(self) -> None:
        """
        A virtual host that is not there, or not the user's, is refused.
        """
        why = await self.refused(self.link(replace(self.uri(), path="")), BrokerRefused)
        self.assertEqual(why, "the broker refuses the login")
        self.assertIn("Virtual host '/' access denied", self.log[0])

    async def test_refused_alone(self) -> None:
        """
        What RabbitMQ refuses of one subscription is told that one only.
        """
        uri, where = self.uri(), self.queue()
        other = stomp.Connection12([(uri.host, uri.port)], vhost=servers.VHOST)
        other.connect(servers.USER, servers.PASSWORD, wait=True)
        own = {"durable": "false", "auto-delete": "true", "exclusive": "true"}
        other.subscribe(str(where), "1", headers=own)
        link = await self.link(self.uri())
        _, kept = await self.listen(link, Wish(destination=self.queue("kept"), prefetch=1))
        listener = Listener()
        await deferLater(reactor, 0.2)
        link.subscribe(Wish(destination=where, prefetch=1), listener)
        await self.until(lambda: listener.said)
        self.assertEqual(listener.said, [("refused", f"the broker refuses {where}")])
        self.assertIn("resource_locked", self.log[0])
        await self.fill(link, self.queue("kept"), "x")
        await self.heard(kept, "x")
        self.assertEqual(self.lost, [])
        other.disconnect()

    async def test_private_headers(self) -> None:
        """
        A client's properties are no orders to RabbitMQ: they neither change a queue nor send copies.
        """
        link = await self.link(self.uri())
        orders = {"auto-delete": "true", "durable": "false", "x-message-ttl": "1", "CC": "other", "own": "1"}
        await self.fill(link, self.queue(), "x", properties=orders)
        _, listener = await self.listen(link, Wish(destination=self.queue(), prefetch=1))
        await self.heard(listener, "x")
        self.assertEqual(listener.out[0][1].properties, {"own": "1"})

    async def test_rejected(self) -> None:
        """
        What nobody wants is gone, where the queue has no place for such messages.
        """
        link = await self.link(self.uri())
        await self.fill(link, self.queue(), "poison", "next")
        subscription, listener = await self.listen(link, Wish(destination=self.queue(), prefetch=1))
        await self.heard(listener, "poison")
        subscription.settle(listener.tags, Outcome.REJECTED)
        await self.heard(listener, "next")


class KilledTests(Linked):
    """ActiveMQ is killed in the middle of a stream of messages."""

    async def test_killed(self) -> None:
        """
        What it has taken is there when it runs again, each once; what was in flight is told as lost, at once.
        """
        active = servers.ActiveMQ()
        active.start()
        self.addCleanup(active.kill)
        uri = Uri(scheme="stomp", host="127.0.0.1", port=active.stomp)
        link = await self.link(uri)
        sent: dict[int, Any] = {}

        def send(number: int) -> None:
            taken = link.publish(text(queue("stream"), str(number)))
            taken.addBoth(lambda result: sent.__setitem__(number, result))

        for number in range(COUNT):
            send(number)
        await self.until(lambda: len(sent) > COUNT // 2)
        for number in range(COUNT, 5 * COUNT):
            send(number)
        active.kill()
        await self.until(lambda: self.lost)
        self.assertEqual(len(sent), 5 * COUNT)
        failed = [number for number, result in sent.items() if isinstance(result, Failure)]
        self.assertTrue(failed)
        for number in failed:
            self.assertTrue(sent[number].check(BrokerLost))
        late = await self.refused(link.publish(text(queue("stream"), "late")), BrokerLost)
        self.assertEqual([late], self.lost)
        await DeferredList([link.close()])

        active.start()
        link = await self.link(uri)
        _, listener = await self.listen(link, Wish(destination=queue("stream"), automatic=True))
        taken = [number for number in range(5 * COUNT) if number not in failed]
        await self.until(lambda: set(map(str, taken)) <= set(listener.said))
        self.assertEqual(listener.said, sorted(set(listener.said), key=int))
