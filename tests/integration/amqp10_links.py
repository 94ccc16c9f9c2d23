"""Links of the sort of broker "amqp10" to a real broker, and what they do with every one."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater

from kaazing.brokers.amqp10.kind import Amqp10Type
from kaazing.config.model import Uri
from kaazing.errors import BrokerRefused
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.brokers import (
    Content,
    Domain,
    Message,
    Outcome,
    Wish,
)
from tests.brokers.listening import Listener, queue, text, topic
from tests.integration import servers
from tests.integration.broker_links import ALICE, BrokerLinks


def uri(port: int, path: str = "", scheme: str = "amqp10") -> Uri:
    """Return where a broker is."""
    return Uri(scheme=scheme, host="127.0.0.1", port=port, path=path)


class Linked(BrokerLinks):
    """Links over AMQP 1.0."""

    def connect(
        self, uri: Uri, login: Login | None = ALICE, *, client_id: str = "gateway", options: Any = None
    ) -> Deferred[Any]:
        """Return a Deferred of a link."""
        post = self.post(client_id=client_id, options=options)

        def up(link: Any) -> Any:
            self.addCleanup(link.close)
            return link

        return Amqp10Type().connect(uri, login, post).addCallback(up)

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
