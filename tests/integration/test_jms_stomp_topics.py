"""Topics, transactions and selectors of real brokers that speak STOMP, by links of the sort "stomp"."""

from __future__ import annotations

from typing import Any

from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.brokers import (
    Destination,
    Domain,
    Outcome,
    Wish,
    Work,
)
from tests.brokers.listening import Listener, text
from tests.integration.stomp_links import ActiveMq, Artemis, Conversations, Linked, RabbitMq


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
            await self.heard(listener, "yes")

    async def test_bad_selector(self: Any) -> None:
        """
        One that the broker does not read is refused; the link goes on.
        """
        link = await self.link(self.uri())
        listener = Listener()
        link.subscribe(Wish(destination=self.topic("t"), selector="a b c", automatic=True), listener)
        self.assertEqual(listener.said, [])
        await self.until(lambda: listener.said)
        self.assertEqual(listener.said, [("refused", f"the broker refuses {self.topic('t')}")])
        await self.fill(link, self.queue(), "x")
        self.assertEqual(self.lost, [])


class ActiveMqTopicTests(ActiveMq, TopicConversations, SelectorConversations, Linked):
    """Topics, transactions and selectors of ActiveMQ."""

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


class ArtemisTopicTests(Artemis, TopicConversations, SelectorConversations, Linked):
    """Topics, transactions and selectors of Artemis, to which properties of STOMP are texts."""


class RabbitMqTopicTests(RabbitMq, TopicConversations, Linked):
    """Topics and transactions of RabbitMQ."""
