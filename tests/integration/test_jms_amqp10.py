"""Links of the sort of broker "amqp10" to a real RabbitMQ, and what they do with every broker."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from kaazing.config.model import ConnectOptions, TlsOptions
from kaazing.errors import ConnectError
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.brokers import (
    Destination,
    Domain,
    Wish,
    Work,
)
from tests.brokers.listening import Listener, queue, text, topic
from tests.integration import servers
from tests.integration.amqp10_links import Common, Linked, uri
from tests.integration.children import free_port


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

    async def test_certificate(self) -> None:
        """
        Over TLS, with a certificate in place of a password.
        """
        rabbit = servers.rabbitmq()
        tls = TlsOptions(ca_file=rabbit.ca, certificate=rabbit.client)
        where = uri(rabbit.amqps, f"/vhost:{servers.VHOST}", "amqp10+ssl")
        login = Login(username="", mechanism="EXTERNAL")
        link = await self.connect(where, login, options=ConnectOptions(tls=tls))
        await link.publish(text(queue("rabbit.secured"), "1"))

    async def test_nobody_there(self) -> None:
        """
        A broker that does not listen cannot be reached.
        """
        await self.assertFailure(self.connect(uri(free_port())), ConnectError)
