"""Connections to a real RabbitMQ: let in and refused, blocked, lost and made again."""

from __future__ import annotations

from dataclasses import replace

from twisted.internet import reactor
from twisted.internet.task import deferLater

from kaazing.brokers.amqp.kind import AmqpType
from kaazing.brokers.broker import Broker
from kaazing.config.model import ConnectOptions, TlsOptions, Uri
from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.brokers import Domain, Outcome, Wish, Work
from tests.brokers.listening import Listener, queue, text, topic
from tests.integration import servers
from tests.integration.broker_links import ALICE, dial
from tests.integration.rabbit_links import DEFAULTS, Linked


class ConnectionTests(Linked):
    """Getting in, and losing it."""

    async def test_who_it_is(self) -> None:
        """
        A link knows the broker's product; the broker knows the gateway's name.
        """
        link = await self.link()
        self.assertRegex(link.peer, r"^RabbitMQ \d")
        listed = servers.rabbitmq().control("list_connections", "client_properties")
        self.assertIn('{"connection_name","gateway"}', listed)

    async def test_default_virtual_host(self) -> None:
        """
        Without a path it is the virtual host "/", and without a login it is guest.
        """
        for path in ("", "/", "/%2F"):
            link = await self.link(self.uri(path), login=None)
            await link.publish(text(topic("jms.default"), "x"))

    async def test_refused(self) -> None:
        """
        A wrong login, and a virtual host that is not there or is others', are told apart from a broker that
        is not there.
        """
        wrong = replace(ALICE, password="guess")
        host = "the broker does not let this login into the virtual host, or has none such"
        await self.refused(self.link(login=wrong), BrokerRefused, "the broker refuses the login")
        await self.refused(self.link(self.uri("/none")), BrokerRefused, host)
        await self.refused(self.link(self.uri("/")), BrokerRefused, host)
        external = Login(username="", mechanism="EXTERNAL")
        mechanism = "the broker does not know the mechanism of the login"
        await self.refused(self.link(login=external), BrokerRefused, mechanism)
        missing = {"amqp.topic.exchange": "none"}
        await self.refused(self.link(properties=missing), BrokerRefused, "there is no exchange none")
        self.assertEqual(self.lost, [])

    async def test_tls(self) -> None:
        """
        Over TLS, the broker's certificate verified, the gateway may log in by its own.
        """
        broker = servers.rabbitmq()
        uri = Uri(scheme="amqps", host="127.0.0.1", port=broker.amqps, path=f"/{servers.VHOST}")
        tls = TlsOptions(ca_file=broker.ca, certificate=broker.client)
        for login in (ALICE, None):
            link = await self.link(uri, login, ConnectOptions(tls=tls))
            _, listener = await self.listen(link, Wish(destination=topic("jms.tls"), automatic=True))
            await link.publish(text(topic("jms.tls"), "x" * 1_000_000))
            await self.heard(listener, "x" * 1_000_000)

    async def test_blocked(self) -> None:
        """
        While the broker has no memory there is no room; then there is again, and nothing was lost.
        """
        link, broker = await self.link(), servers.rabbitmq()
        where = await self.fresh(link, "jms.blocked")
        await link.publish(text(where, "before"))
        broker.control("set_vm_memory_high_watermark", "absolute", "1MB")
        try:
            while link.room():  # the broker looks at its memory every few seconds
                sent = link.publish(text(where, "meanwhile"))
                await deferLater(reactor, 0.2)
            self.assertEqual((sent.called, self.drained), (False, []))
        finally:
            broker.control("set_vm_memory_high_watermark", "absolute", "512MB")
        await sent
        await self.until(lambda: self.drained == [link])
        self.assertTrue(link.room())

    async def test_no_access(self) -> None:
        """
        What the login has no access to is refused alone.
        """
        broker = servers.rabbitmq()
        broker.control("add_user", "carol", "secret")
        broker.control(
            "set_permissions", "-p", servers.VHOST, "carol", "^(kaazing|open)", ".*", "^(kaazing|open|amq)"
        )
        broker.control("set_topic_permissions", "-p", servers.VHOST, "carol", "amq.topic", "^open", ".*")
        self.addCleanup(broker.control, "delete_user", "carol")
        await (await self.link()).publish(text(queue("secret"), "x"))
        link = await self.link(login=Login(username="carol", password="secret"))
        _, listener = await self.listen(link, Wish(destination=queue("open"), automatic=True))
        thief = Listener()
        link.subscribe(Wish(destination=queue("secret")), thief)
        await self.heard(thief, ("refused", "the broker gives no access to queue secret"))
        why = "the broker gives no access to topic secret"
        for _ in range(2):
            await self.refused(link.publish(text(topic("secret"), "x")), BrokerRefused, why)
        await link.publish(text(topic("open.a"), "x"))
        await link.publish(text(queue("open"), "x"))
        await self.heard(listener, "x")
        self.assertEqual([line.partition(":")[0] for line in self.log], ["queue secret", "messages"])

    async def test_killed_and_started_again(self) -> None:
        """
        When the broker dies, what waits fails, the link is lost once; when it is back, what it had on disk
        is there, redelivered where somebody had it.
        """
        link, broker = await self.link(), servers.rabbitmq()
        where = await self.fresh(link, "jms.power")
        for number in range(3):
            await link.publish(text(where, str(number)))
        subscription, listener = await self.listen(link, Wish(destination=where, prefetch=2))
        await self.heard(listener, "0", "1")
        subscription.settle(listener.tags[:1], Outcome.ACCEPTED)
        await deferLater(reactor, 0.5)
        broker.kill()
        try:
            await self.until(lambda: self.lost)
            lost = "the connection to the broker is lost"
            await self.refused(link.publish(text(where, "3")), BrokerLost, lost)
            await self.refused(link.perform(Work(sends=[text(where, "3")])), BrokerLost, lost)
            await self.refused(link.temporary(Domain.TEMP_QUEUE), BrokerLost, lost)
            await self.refused(link.forget(topic("x"), "d"), BrokerLost, lost)
            subscription.settle(listener.tags[1:], Outcome.ACCEPTED)
            await subscription.close()
            self.assertEqual((self.lost, listener.taken()), ([lost], ["2"]))
        finally:
            broker.start()
        link = await self.link()
        _, listener = await self.listen(link, Wish(destination=where, prefetch=9))
        await self.until(lambda: len(listener.said) == 2)
        self.assertEqual([each.rstrip("+") for each in listener.said], ["1", "2"])

    async def test_close(self) -> None:
        """
        A link that is closed is not lost; closing again does nothing.
        """
        link = await self.link()
        await self.listen(link, Wish(destination=topic("jms.close"), automatic=True))
        await link.close()
        await link.close()
        await deferLater(reactor, 0.05)
        self.assertEqual(self.lost, [])


class BrokerTests(Linked):
    """The broker of a service, over links to RabbitMQ."""

    async def test_killed_and_started_again(self) -> None:
        """
        When RabbitMQ is back, subscriptions are made anew, and messages that waited are sent.
        """
        rabbit = servers.rabbitmq()
        broker = Broker(
            AmqpType(),
            [self.uri()],
            ALICE,
            service="chat",
            dial=dial(),
            clock=reactor,
            client_id="gateway",
            properties={**DEFAULTS, "reconnect.delay": 0.2},
            complain=self.log.append,
        )
        broker.start()
        self.addCleanup(broker.stop)
        queued, news = Listener(), Listener()
        subscription = broker.subscribe(Wish(destination=queue("jms.again"), prefetch=10), queued)
        broker.subscribe(Wish(destination=topic("jms.again.>"), automatic=True), news)
        await self.until(lambda: queued.said and news.said)
        await broker.publish(text(queue("jms.again"), "one"), waits=False)
        await self.heard(queued, "ready", "one")
        rabbit.kill()
        await self.until(lambda: not broker.available)
        rabbit.start()
        sent = broker.publish(text(queue("jms.again"), "two"), waits=True)
        await self.until(lambda: len(queued.said) == 3)
        await sent
        self.assertEqual([each.rstrip("+") for each in queued.taken()], ["ready", "one", "two"])
        await self.until(lambda: len(news.said) == 2)
        await broker.publish(text(topic("jms.again.a"), "three"), waits=False)
        await self.heard(news, "ready", "ready", "three")
        subscription.settle(queued.tags, Outcome.ACCEPTED)
        await subscription.close(forget=False)
