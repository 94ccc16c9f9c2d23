"""Links of the sort of broker "stomp", to a real ActiveMQ Classic, Artemis and RabbitMQ, for tests."""

from __future__ import annotations

from secrets import token_hex
from typing import Any, ClassVar

from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.internet.task import deferLater

from kaazing.brokers.stomp.kind import StompType
from kaazing.config.model import Uri
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.brokers import (
    Destination,
    Features,
)
from tests.brokers.listening import Listener, queue, text, topic
from tests.integration import servers
from tests.integration.broker_links import ALICE, BrokerLinks

COUNT = 200
"""Messages of a burst."""


class Linked(BrokerLinks):
    """Links over STOMP."""

    def setUp(self) -> None:
        """No test sees the destinations of another."""
        super().setUp()
        self.own = token_hex(4)

    async def link(
        self, uri: Uri, login: Login | None = ALICE, options: Any = None, client_id: str = ""
    ) -> Any:
        """Return a link."""
        post = self.post(client_id=client_id or f"gateway-{self.own}", options=options)
        made = await StompType().connect(uri, login, post)
        self.addCleanup(made.close)
        return made

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
    features = Features(queue_selectors=True, transactions=True, dead_letters=True)

    @staticmethod
    def uri() -> Uri:
        """See L{Conversations}."""
        return Uri(scheme="stomp", host="127.0.0.1", port=servers.activemq().stomp)


class Artemis(Conversations):
    """ActiveMQ Artemis."""

    server = "ActiveMQ-Artemis/2."
    features = Features(queue_selectors=True)

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
