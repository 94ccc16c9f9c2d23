"""Links of the sort of broker "stomp", to a real ActiveMQ Classic, Artemis and RabbitMQ."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from secrets import token_hex
from typing import Any, ClassVar

import stomp
from twisted.internet import reactor
from twisted.internet.defer import DeferredList, gatherResults
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from kaazing.brokers.stomp.kind import StompType
from kaazing.config.model import ConnectOptions, TlsOptions, Uri
from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.brokers import (
    Content,
    Destination,
    Domain,
    Features,
    Message,
    Outcome,
    Post,
    Wish,
    Work,
)
from kaazing.transports.dial import Dialler
from kaazing.transports.trust import ClientContexts
from kaazing.transports.wheel import Wheel
from tests.brokers.listening import Listener, queue, text, topic
from tests.integration import servers

ALICE = Login(username=servers.USER, password=servers.PASSWORD)
COUNT = 200
"""Messages of a burst."""


class Linked(TestCase):
    """Links that end with their test."""

    timeout = 60

    def setUp(self) -> None:
        """Nothing was told yet; no test sees the destinations of another."""
        self.lost: list[str] = []
        self.log: list[str] = []
        self.own = token_hex(4)

    async def link(
        self, uri: Uri, login: Login | None = ALICE, options: Any = None, client_id: str = ""
    ) -> Any:
        """Return a link."""
        dialler = Dialler(reactor, Wheel(reactor), ClientContexts())
        post = Post(
            service="chat",
            dial=lambda uri: dialler.connect(uri, options or ConnectOptions()),
            clock=reactor,
            client_id=client_id or f"gateway-{self.own}",
            properties={},
            lost=lambda link, why: self.lost.append(str(why)),
            drained=lambda link: None,
            complain=self.log.append,
        )
        made = await StompType().connect(uri, login, post)
        self.addCleanup(made.close)
        return made

    async def until(self, true: Callable[[], object]) -> None:
        """Return once C{true()} is."""
        while not true():
            await deferLater(reactor, 0.01)

    async def listen(self, link: Any, wish: Wish) -> tuple[Any, Listener]:
        """Return a subscription that the broker has, and who is told of it."""
        listener = Listener()
        subscription = link.subscribe(wish, listener)
        await self.until(lambda: "ready" in listener.said)
        listener.said.remove("ready")
        return subscription, listener

    async def heard(self, listener: Listener, *said: Any) -> None:
        """Return when a listener was told just that, and nothing else comes."""
        await self.until(lambda: len(listener.said) >= len(said))
        await deferLater(reactor, 0.1)
        self.assertEqual(listener.taken(), list(said))

    async def refused(self, asked: Any, error: type[Exception]) -> str:
        """Return the sentence with which something was refused."""
        with self.assertRaises(error) as refused:
            await asked
        return str(refused.exception)

    def queue(self, name: str = "q") -> Destination:
        """Return a queue of this test alone."""
        return queue(f"jms.{self.own}.{name}")

    def topic(self, name: str) -> Destination:
        """Return a topic, or a pattern of some, of this test alone."""
        return topic(f"jms.{self.own}.{name}")

    async def fill(self, link: Any, where: Destination, *bodies: str, **more: Any) -> None:
        """Send messages, one after the other."""
        await gatherResults([link.publish(text(where, each, **more)) for each in bodies])


class Conversations:
    """What is the same with every broker.

    Attributes:
        server: what CONNECTED says, its beginning.
        features: what the broker does.
        nacked: whether a message that is rejected is kept in a place for such ones.
    """

    server: ClassVar[str]
    features: ClassVar[Features]

    @staticmethod
    def uri() -> Uri:
        """Return where the broker is."""
        raise NotImplementedError


class ActiveMq(Conversations):
    """ActiveMQ Classic."""

    server = "ActiveMQ/5."
    features = Features(topic_selectors=True, queue_selectors=True, transactions=True, dead_letters=True)

    @staticmethod
    def uri() -> Uri:
        """See L{Conversations}."""
        return Uri(scheme="stomp", host="127.0.0.1", port=servers.activemq().stomp)


class Artemis(Conversations):
    """ActiveMQ Artemis."""

    server = "ActiveMQ-Artemis/2."
    features = Features(topic_selectors=True, queue_selectors=True)

    @staticmethod
    def uri() -> Uri:
        """See L{Conversations}."""
        return Uri(scheme="stomp", host="127.0.0.1", port=servers.artemis().stomp)


class RabbitMq(Conversations):
    """RabbitMQ."""

    server = "RabbitMQ/"
    features = Features()

    @staticmethod
    def uri() -> Uri:
        """See L{Conversations}."""
        return Uri(scheme="stomp", host="127.0.0.1", port=servers.rabbitmq().stomp, path=f"/{servers.VHOST}")


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
        self.assertIn("the broker does not let the gateway in: ", why)
        self.assertNotIn("guessed", why)

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


class TopicConversations(Conversations):
    """Topics."""

    async def test_topics(self: Any) -> None:
        """
        Every subscriber of a topic gets every message, also by patterns; nobody listening is no fault.
        """
        link = await self.link(self.uri())
        listeners = []
        for pattern in ("a.b", "*.b", ">", "c"):
            wish = Wish(destination=self.topic(pattern), automatic=True)
            listeners.append((await self.listen(link, wish))[1])
        await self.fill(link, self.topic("a.b"), "one")
        await self.fill(link, self.topic("nobody"), "two")
        await self.heard(listeners[2], "one", "two")
        for listener, said in zip(listeners[:2], (["one"], ["one"]), strict=True):
            await self.heard(listener, *said)
            self.assertEqual(listener.out[0][1].destination, self.topic("a.b"))
        await self.heard(listeners[3])
        self.assertEqual(
            [each.destination for _, each in listeners[2].out], [self.topic("a.b"), self.topic("nobody")]
        )

    async def test_durable(self: Any) -> None:
        """
        A durable subscription gets what was sent while its client was away, by another link too, until it
        is forgotten.
        """
        link = await self.link(self.uri())
        wish = Wish(destination=self.topic("d.>"), durable=f"cart-{self.own}", prefetch=10)
        subscription, listener = await self.listen(link, wish)
        await self.fill(link, self.topic("d.x"), "one")
        await self.heard(listener, "one")
        subscription.settle(listener.tags, Outcome.ACCEPTED)
        await subscription.close()
        await self.fill(link, self.topic("d.x"), "two")
        await link.close()
        link = await self.link(self.uri())
        await self.fill(link, self.topic("d.x"), "three")
        subscription, listener = await self.listen(link, wish)
        await self.heard(listener, "two", "three")
        subscription.settle(listener.tags[:1], Outcome.ACCEPTED)
        await subscription.close(forget=True)
        await self.fill(link, self.topic("d.x"), "nobody's")
        subscription, listener = await self.listen(link, wish)
        await self.heard(listener)
        await subscription.close()
        await self.fill(link, self.topic("d.x"), "away")
        await link.forget(wish.destination, wish.durable)
        subscription, listener = await self.listen(link, wish)
        await self.heard(listener)
        await subscription.close(forget=True)
        self.assertEqual(self.lost, [])

    async def test_transaction(self: Any) -> None:
        """
        What is sent and accepted in a transaction is; a delivery of another connection's spoils it.
        """
        link = await self.link(self.uri())
        source, target = self.queue("source"), self.queue("target")
        await self.fill(link, source, *"abc")
        subscription, listener = await self.listen(link, Wish(destination=source, prefetch=2))
        await self.heard(listener, "a", "b")
        work = Work(
            sends=[text(target, "A"), text(target, "B")],
            accepted=[(subscription, tag) for tag in listener.tags],
        )
        await link.perform(work)
        await self.heard(listener, "c")
        _, moved = await self.listen(link, Wish(destination=target, automatic=True))
        await self.heard(moved, "A", "B")
        await self.refused(link.perform(work), BrokerLost)
        await self.heard(moved)
        await subscription.close()
        _, rest = await self.listen(link, Wish(destination=source, prefetch=10))
        await self.heard(rest, "c+")

    async def test_transaction_refused(self: Any) -> None:
        """
        A transaction with a message that cannot be sent does nothing.
        """
        link = await self.link(self.uri())
        target = self.queue("target")
        work = Work(sends=[text(target, "A"), text(target, "B", properties={"v": "a\rb"})])
        await self.refused(link.perform(work), BrokerRefused)
        _, moved = await self.listen(link, Wish(destination=target, automatic=True))
        if self.features.transactions:
            await self.heard(moved)


class SelectorConversations(Conversations):
    """Selectors that the broker looks at."""

    async def test_selectors(self: Any) -> None:
        """
        Of queues and topics.
        """
        link = await self.link(self.uri())
        for where in (self.queue(), self.topic("t")):
            wish = Wish(destination=where, selector="colour = 'red' AND size > 2", automatic=True)
            _, listener = await self.listen(link, wish)
            await self.fill(link, where, "no", properties={"colour": "red", "size": "1"})
            await self.fill(link, where, "yes", properties={"colour": "red", "size": "10"})
            await self.heard(listener, *(["yes"] if self.numbers else []))

    async def test_bad_selector(self: Any) -> None:
        """
        One that the broker does not read is refused; the link goes on.
        """
        link = await self.link(self.uri())
        listener = Listener()
        link.subscribe(Wish(destination=self.topic("t"), selector="a b c", automatic=True), listener)
        self.assertEqual(listener.said, [])
        await self.until(lambda: listener.said)
        ((what, why),) = listener.said
        self.assertEqual(what, "refused")
        self.assertIn("the broker refused it: ", why)
        await self.fill(link, self.queue(), "x")
        self.assertEqual(self.lost, [])


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
        self.assertEqual(why, "the broker refused it: temp-queue://none")
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
        self.assertIn("already connected", why)

    async def test_tls(self) -> None:
        """
        Over TLS, the certificate verified.
        """
        active = servers.activemq()
        options = ConnectOptions(tls=TlsOptions(ca_file=active.ca))
        uri = Uri(scheme="stomp+ssl", host="localhost", port=active.stomps)
        link = await self.link(uri, options=options)
        await self.fill(link, self.queue(), "x")


class ActiveMqTopicTests(ActiveMq, TopicConversations, SelectorConversations, Linked):
    """Topics, transactions and selectors of ActiveMQ."""

    numbers = True

    async def test_aborted(self) -> None:
        """
        A transaction that ActiveMQ refuses a part of does nothing; what was to be accepted still can be.
        """
        link = await self.link(self.uri())
        source, target = self.queue("source"), self.queue("target")
        await self.fill(link, source, "a")
        subscription, listener = await self.listen(link, Wish(destination=source, prefetch=2))
        await self.heard(listener, "a")
        nowhere = Destination(Domain.TEMP_QUEUE, "none")
        work = Work(
            sends=[text(target, "A"), text(nowhere, "B")], accepted=[(subscription, listener.tags[0])]
        )
        await self.refused(link.perform(work), BrokerRefused)
        _, moved = await self.listen(link, Wish(destination=target, automatic=True))
        await self.heard(moved)
        await link.perform(Work(accepted=work.accepted))
        await subscription.close()
        _, rest = await self.listen(link, Wish(destination=source, prefetch=10))
        await self.heard(rest)


class ArtemisQueueTests(Artemis, QueueConversations, Linked):
    """Queues of Artemis."""


class ArtemisTopicTests(Artemis, TopicConversations, SelectorConversations, Linked):
    """Topics, transactions and selectors of Artemis, to which properties of STOMP are texts."""

    numbers = False


class RabbitMqQueueTests(RabbitMq, QueueConversations, Linked):
    """Queues of RabbitMQ."""

    async def test_host(self) -> None:
        """
        A virtual host that is not there, or not the user's, is refused.
        """
        why = await self.refused(self.link(replace(self.uri(), path="")), BrokerRefused)
        self.assertEqual(
            why, "the broker does not let the gateway in: Bad CONNECT Virtual host '/' access denied"
        )

    async def test_refused_alone(self) -> None:
        """
        What RabbitMQ refuses of one subscription is told that one only.
        """
        link = await self.link(self.uri())
        await self.fill(link, queue(f"kaazing.temp.{self.own}"), "x")  # durable; a temporary queue is not
        listener = Listener()
        link.subscribe(Wish(destination=queue("amq.taken"), prefetch=1), listener)
        await self.until(lambda: listener.said)
        self.assertEqual(listener.said, [("refused", "/queue/amq.taken is RabbitMQ's own")])
        self.assertEqual(self.lost, [])

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


class RabbitMqTopicTests(RabbitMq, TopicConversations, Linked):
    """Topics and transactions of RabbitMQ."""


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
