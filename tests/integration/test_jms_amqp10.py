"""Links of the sort of broker "amqp10", to a real ActiveMQ Artemis and a real RabbitMQ."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from kaazing.brokers.amqp10.broker import Amqp10Type
from kaazing.config.model import ConnectOptions, Uri
from kaazing.errors import BrokerLost, BrokerRefused, ConnectError
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.brokers import (
    Content,
    Destination,
    Domain,
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
from tests.integration.children import free_port

ALICE = Login(username=servers.USER, password=servers.PASSWORD)


def uri(port: int, path: str = "", scheme: str = "amqp10") -> Uri:
    """Return where a broker is."""
    return Uri(scheme=scheme, host="127.0.0.1", port=port, path=path)


class Linked(TestCase):
    """Links that end with their test."""

    timeout = 60

    def setUp(self) -> None:
        """No link was lost yet."""
        self.lost: list[str] = []

    def connect(
        self, uri: Uri, login: Login | None = ALICE, *, client_id: str = "gateway", options: Any = None
    ) -> Deferred[Any]:
        """Return a Deferred of a link."""
        dialler = Dialler(reactor, Wheel(reactor), ClientContexts())
        post = Post(
            service="chat",
            dial=lambda uri: dialler.connect(uri, options or ConnectOptions()),
            clock=reactor,
            client_id=client_id,
            properties={},
            lost=lambda link, why: self.lost.append(str(why)),
            drained=lambda link: None,
            complain=lambda sentence: None,
        )

        def up(link: Any) -> Any:
            self.addCleanup(link.close)
            return link

        return Amqp10Type().connect(uri, login, post).addCallback(up)

    async def until(self, true: Callable[[], object]) -> None:
        """Return once C{true()} is."""
        while not true():
            await deferLater(reactor, 0.01)

    async def listen(self, link: Any, wish: Wish) -> tuple[Any, Listener]:
        """Return a subscription that the broker has, and who is told of it."""
        listener = Listener()
        subscription = link.subscribe(wish, listener)
        await self.until(lambda: listener.said)
        self.assertEqual(listener.said.pop(0), "ready")
        return subscription, listener

    async def heard(self, listener: Listener, count: int) -> list[Any]:
        """Return what a listener was told, once that is so much, and nothing more comes."""
        await self.until(lambda: len(listener.said) >= count)
        await deferLater(reactor, 0.05)
        return listener.taken()


class Common:
    """What every broker does."""

    async def test_queue(self: Any) -> None:
        """
        Messages of a queue come in order, as they were sent, to one consumer each.
        """
        link = await self.link()
        where = queue("common.queue")
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=10))
        sent = Message(
            destination=where,
            body="Grüße".encode(),
            correlation_id="c-1",
            type="greeting",
            reply_to=queue("common.answers"),
            priority=7,
            properties={"colour": "red", "size": 3, "weight": 1.5, "sold": True},
        )
        await gatherResults([link.publish(replace(sent, message_id=f"ID:{n}")) for n in range(3)])
        await self.until(lambda: len(listener.out) == 3)
        subscription.settle(listener.tags, Outcome.ACCEPTED)
        for number, (_, message) in enumerate(listener.out):
            self.assertNotEqual(message.timestamp, 0)
            expected = replace(sent, message_id=f"ID:{number}", deliveries=message.deliveries)
            self.assertEqual(replace(message, timestamp=0), expected)

    async def test_bodies(self: Any) -> None:
        """
        Text, every byte, nothing, and 1 MiB.
        """
        link = await self.link()
        where = topic("common.bodies")
        _, listener = await self.listen(link, Wish(destination=where, automatic=True))
        bodies = [(Content.TEXT, b"text"), (Content.BYTES, bytes(range(256))), (Content.BYTES, b"")]
        bodies += [(Content.TEXT, b""), (Content.BYTES, b"x" * (1 << 20))]
        listener.delivered = lambda message, tag: listener.out.append((tag, message))
        for content, body in bodies:
            await link.publish(Message(destination=where, content=content, body=body))
        await self.until(lambda: len(listener.out) == len(bodies))
        self.assertEqual([(each.content, each.body) for _, each in listener.out], bodies)

    async def test_topic(self: Any) -> None:
        """
        Every subscriber of a topic gets every message, also by patterns; nobody listening is no fault.
        """
        link = await self.link()
        _, one = await self.listen(link, Wish(destination=topic("common.eu.it"), automatic=True))
        _, word = await self.listen(link, Wish(destination=topic("common.*.it"), automatic=True))
        _, rest = await self.listen(link, Wish(destination=topic("common.>"), automatic=True))
        for name in ("common.eu.it", "common.us.it", "common.eu.it.rome", "nobody.there"):
            await link.publish(text(topic(name), name))
        self.assertEqual(await self.heard(rest, 3), ["common.eu.it", "common.us.it", "common.eu.it.rome"])
        self.assertEqual(await self.heard(one, 1), ["common.eu.it"])
        self.assertEqual(await self.heard(word, 2), ["common.eu.it", "common.us.it"])
        names = [message.destination.name for _, message in rest.out]
        self.assertEqual(names, ["common.eu.it", "common.us.it", "common.eu.it.rome"])

    async def test_prefetch(self: Any) -> None:
        """
        No more is out than the prefetch, and what is released comes again first, in its order.
        """
        link = await self.link()
        where = queue("common.prefetch")
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=3))
        await gatherResults([link.publish(text(where, str(n))) for n in range(5)])
        self.assertEqual(await self.heard(listener, 3), ["0", "1", "2"])
        subscription.settle(listener.tags[:1], Outcome.ACCEPTED)
        self.assertEqual(await self.heard(listener, 1), ["3"])
        await subscription.close()
        _, again = await self.listen(link, Wish(destination=where, prefetch=10))
        self.assertEqual(await self.heard(again, 4), ["1+", "2+", "3+", "4"])

    async def test_released(self: Any) -> None:
        """
        Messages given back one after the other come again in their order, redelivered.
        """
        link = await self.link()
        where = queue("common.released")
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=10))
        await gatherResults([link.publish(text(where, str(n))) for n in range(4)])
        self.assertEqual(await self.heard(listener, 4), ["0", "1", "2", "3"])
        subscription.settle(listener.tags[:1], Outcome.ACCEPTED)
        subscription.settle(listener.tags[1:3], Outcome.RELEASED)
        self.assertEqual(await self.heard(listener, 2), ["1+", "2+"])

    async def test_temporary(self: Any) -> None:
        """
        A question with a temporary queue to answer to, which another connection does; then it is gone.
        """
        asking, answering = await self.link(), await self.link(client_id="other")
        home = await asking.temporary(Domain.TEMP_QUEUE)
        _, answers = await self.listen(asking, Wish(destination=home, prefetch=1))
        where = queue("common.questions")
        _, questions = await self.listen(answering, Wish(destination=where, automatic=True))
        await asking.publish(text(where, "how many?", reply_to=home, correlation_id="q1"))
        self.assertEqual(await self.heard(questions, 1), ["how many?"])
        reply_to = questions.out[0][1].reply_to
        self.assertEqual(reply_to, home)
        await answering.publish(text(reply_to, "42", correlation_id="q1"))
        self.assertEqual(await self.heard(answers, 1), ["42"])
        self.assertEqual(answers.out[0][1].correlation_id, "q1")
        asking.discard(home)

    async def test_expired(self: Any) -> None:
        """
        A message that has expired before somebody came is dropped by the broker.
        """
        link = await self.link()
        where = queue("common.expiry")
        soon = self.now() + 200
        await link.publish(text(where, "late", expires=soon))
        await link.publish(text(where, "in time", expires=soon + 60_000))
        await deferLater(reactor, 0.4)
        _, listener = await self.listen(link, Wish(destination=where, automatic=True))
        self.assertEqual(await self.heard(listener, 1), ["in time"])
        self.assertEqual(listener.out[0][1].expires, soon + 60_000)

    async def test_login(self: Any) -> None:
        """
        A wrong password is refused, and a sentence without it says so.
        """
        why = await self.assertFailure(
            self.link(login=Login(username=servers.USER, password="guess")), BrokerRefused
        )
        self.assertIn("refuses the login", str(why))
        self.assertNotIn("guess", str(why))

    def now(self) -> int:
        """Return the milliseconds since the epoch."""
        return time.time_ns() // 1_000_000


class ArtemisTests(Common, Linked):
    """ActiveMQ Artemis, a broker of JMS."""

    def link(self, **options: Any) -> Deferred[Any]:
        """Return a Deferred of a link."""
        return self.connect(uri(servers.artemis().amqp), **options)

    async def test_selectors(self) -> None:
        """
        The broker looks at selectors, of topics and of queues.
        """
        link = await self.link()
        for where in (queue("artemis.selected"), topic("artemis.selected.too")):
            wish = Wish(destination=where, selector="colour = 'red' AND size > 2", prefetch=10)
            subscription, listener = await self.listen(link, wish)
            for colour, size in (("red", 1), ("red", 3), ("blue", 3)):
                sent = text(where, f"{colour} {size}", properties={"colour": colour, "size": size})
                await link.publish(sent)
            self.assertEqual(await self.heard(listener, 1), ["red 3"])
            await subscription.close()

    async def test_selector_faulty(self) -> None:
        """
        A selector that the broker cannot read is refused with its words.
        """
        link = await self.link()
        listener = Listener()
        link.subscribe(Wish(destination=queue("artemis.faulty"), selector="colour = ("), listener)
        await self.until(lambda: listener.said)
        ((word, why),) = listener.taken()
        self.assertEqual((word, why[:46]), ("refused", "/queue/artemis.faulty: the broker has refused "))
        self.assertEqual(self.lost, [])

    async def test_durable(self) -> None:
        """
        A durable subscription gets what was sent while it was away, also after the connection was lost, until
        it is forgotten.
        """
        where, first = topic("artemis.durable"), await self.link()
        wish = Wish(destination=where, durable="news", prefetch=10)
        subscription, listener = await self.listen(first, wish)
        await first.publish(text(where, "1"))
        self.assertEqual(await self.heard(listener, 1), ["1"])
        await subscription.close()
        await first.publish(text(where, "2"))
        await first.close()
        second = await self.link()
        subscription, listener = await self.listen(second, wish)
        self.assertEqual(await self.heard(listener, 2), ["1+", "2"])
        subscription.settle(listener.tags, Outcome.ACCEPTED)
        await subscription.close(forget=True)
        await second.publish(text(where, "3"))
        subscription, listener = await self.listen(second, wish)
        await second.publish(text(where, "4"))
        self.assertEqual(await self.heard(listener, 1), ["4"])

    async def test_durable_again_at_once(self) -> None:
        """
        One that is opened while it is being closed waits for that; one that is open is in use.
        """
        link, where = await self.link(), topic("artemis.again")
        wish = Wish(destination=where, durable="again", prefetch=10)
        subscription, _ = await self.listen(link, wish)
        _, third = None, Listener()
        link.subscribe(wish, third)
        await self.until(lambda: third.said)
        self.assertEqual(third.taken(), [("refused", "the durable subscription 'again' is in use")])
        subscription.close()
        subscription, _ = await self.listen(link, wish)
        await subscription.close(forget=True)

    async def test_forget(self) -> None:
        """
        A durable subscription that nobody has open is forgotten by its name; one that is not there cannot be.
        """
        link, where = await self.link(), topic("artemis.forgotten")
        wish = Wish(destination=where, durable="forgotten", prefetch=10)
        subscription, _ = await self.listen(link, wish)
        await subscription.close()
        await link.publish(text(where, "1"))
        await link.forget(where, "forgotten")
        _, listener = await self.listen(link, wish)
        await link.publish(text(where, "2"))
        self.assertEqual(await self.heard(listener, 1), ["2"])
        await self.assertFailure(link.forget(where, "never"), BrokerRefused)

    async def test_transaction(self) -> None:
        """
        What is sent in a transaction is seen when all is done, and its deliveries are accepted then.
        """
        link, where, done = await self.link(), queue("artemis.work"), queue("artemis.done")
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=10))
        _, results = await self.listen(link, Wish(destination=done, automatic=True))
        await gatherResults([link.publish(text(where, str(n))) for n in range(3)])
        self.assertEqual(await self.heard(listener, 3), ["0", "1", "2"])
        accepted = [(subscription, tag) for tag in listener.tags[:2]]
        await link.perform(Work(sends=[text(done, "a"), text(done, "b")], accepted=accepted))
        self.assertEqual(await self.heard(results, 2), ["a", "b"])
        await subscription.close()
        _, again = await self.listen(link, Wish(destination=where, prefetch=10))
        self.assertEqual(await self.heard(again, 1), ["2+"])

    async def test_transaction_refused(self) -> None:
        """
        A transaction with a message that cannot be sent is undone: nothing of it is seen, and its deliveries
        are out still.
        """
        link, where, done = await self.link(), queue("artemis.work2"), queue("artemis.done2")
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=10))
        _, results = await self.listen(link, Wish(destination=done, automatic=True))
        await link.publish(text(where, "0"))
        self.assertEqual(await self.heard(listener, 1), ["0"])
        sends = [text(done, "a"), Message(destination=done, body=b"\xff", content=Content.TEXT)]
        work = Work(sends=sends, accepted=[(subscription, listener.tags[0])])
        await self.assertFailure(link.perform(work), BrokerRefused)
        self.assertEqual(await self.heard(results, 0), [])
        subscription.settle(listener.tags, Outcome.RELEASED)
        self.assertEqual(await self.heard(listener, 1), ["0+"])

    async def test_rejected(self) -> None:
        """
        What is rejected is in the queue of dead letters.
        """
        link, where = await self.link(), queue("artemis.poison")
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=10))
        await link.publish(text(where, "poison"))
        self.assertEqual(await self.heard(listener, 1), ["poison"])
        subscription.settle(listener.tags, Outcome.REJECTED)
        dead, letters = await self.listen(link, Wish(destination=queue("DLQ"), prefetch=1))
        self.assertEqual((await self.heard(letters, 1))[0].rstrip("+"), "poison")
        dead.settle(letters.tags, Outcome.ACCEPTED)

    async def test_priorities(self) -> None:
        """
        What is more urgent comes first.
        """
        link, where = await self.link(), queue("artemis.priorities")
        for priority in (1, 9, 4):
            await link.publish(text(where, str(priority), priority=priority))
        _, listener = await self.listen(link, Wish(destination=where, automatic=True))
        self.assertEqual(await self.heard(listener, 3), ["9", "4", "1"])

    async def test_map(self) -> None:
        """
        Maps are maps of AMQP on their way.
        """
        link, where = await self.link(), topic("artemis.maps")
        _, listener = await self.listen(link, Wish(destination=where, automatic=True))
        body = b'{"city": "Rome", "age": 2777, "eternal": true, "end": null, "height": 21.5}'
        await link.publish(Message(destination=where, content=Content.MAP, body=body))
        await self.until(lambda: listener.out)
        self.assertEqual((listener.out[0][1].content, listener.out[0][1].body), (Content.MAP, body))

    async def test_killed(self) -> None:
        """
        A broker that is killed loses no message that it has taken, and what was out comes again; of what it
        has not answered to, nobody knows.
        """
        broker = servers.Artemis()
        broker.start()
        self.addCleanup(broker.kill)
        link = await self.connect(uri(broker.amqp))
        where = queue("artemis.kept")
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=1))
        for number in range(3):
            await link.publish(text(where, str(number)))
        self.assertEqual(await self.heard(listener, 1), ["0"])
        open_ended = [link.publish(text(where, "late")) for _ in range(3)]
        broker.kill()
        for each in open_ended:
            await self.assertFailure(each, BrokerLost)
        await self.until(lambda: self.lost)
        self.assertEqual(len(self.lost), 1)
        subscription.settle(listener.tags, Outcome.ACCEPTED)  # of a connection that is gone
        await subscription.close()
        await self.assertFailure(link.publish(text(where, "gone")), BrokerLost)
        broker.start()
        link = await self.connect(uri(broker.amqp))
        _, again = await self.listen(link, Wish(destination=where, prefetch=10))
        heard = await self.heard(again, 3)
        self.assertEqual(heard[:3], ["0+", "1", "2"])


class RabbitTests(Common, Linked):
    """RabbitMQ, which has topics and queues."""

    def link(self, **options: Any) -> Deferred[Any]:
        """Return a Deferred of a link."""
        port = servers.rabbitmq().amqp
        return self.connect(uri(port, f"/vhost:{servers.VHOST}"), **options)

    async def test_durable(self) -> None:
        """
        It has no durable subscriptions over AMQP 1.0, and nothing is disturbed by the question.
        """
        link = await self.link()
        listener = Listener()
        link.subscribe(Wish(destination=topic("rabbit.durable"), durable="news"), listener)
        await self.until(lambda: listener.said)
        refused = "this broker has no durable subscriptions over AMQP 1.0"
        self.assertEqual(listener.taken(), [("refused", refused)])

    async def test_errors_apart(self) -> None:
        """
        An error of one link leaves all others alone: RabbitMQ ends the session it was in.
        """
        link = await self.link()
        _, well = await self.listen(link, Wish(destination=queue("rabbit.well"), automatic=True))
        listener = Listener()
        link.subscribe(Wish(destination=Destination(Domain.QUEUE, ""), prefetch=1), listener)
        await self.until(lambda: listener.said)
        self.assertEqual(listener.taken()[0][0], "refused")
        await link.publish(text(queue("rabbit.well"), "still there"))
        self.assertEqual(await self.heard(well, 1), ["still there"])
        self.assertEqual(self.lost, [])

    async def test_work(self) -> None:
        """
        Without transactions, deliveries are accepted when all messages of the work were taken.
        """
        link, where, done = await self.link(), queue("rabbit.work"), queue("rabbit.done")
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=10))
        _, results = await self.listen(link, Wish(destination=done, automatic=True))
        await link.publish(text(where, "0"))
        self.assertEqual(await self.heard(listener, 1), ["0"])
        await link.perform(Work(sends=[text(done, "a")], accepted=[(subscription, listener.tags[0])]))
        self.assertEqual(await self.heard(results, 1), ["a"])
        await subscription.close()
        _, again = await self.listen(link, Wish(destination=where, prefetch=10))
        self.assertEqual(await self.heard(again, 0), [])

    async def test_nobody_there(self) -> None:
        """
        A broker that does not listen cannot be reached.
        """
        await self.assertFailure(self.connect(uri(free_port())), ConnectError)
