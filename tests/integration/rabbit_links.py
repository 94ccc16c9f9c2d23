"""What the tests of links to a real RabbitMQ have in common."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater

from kaazing.brokers.amqp.kind import AmqpType
from kaazing.config.model import Uri
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.brokers import Destination
from tests.brokers.listening import Listener, queue
from tests.integration import servers
from tests.integration.broker_links import ALICE, BrokerLinks

DEFAULTS = {option.name: option.default for option in AmqpType.options}


class Linked(BrokerLinks):
    """Links over AMQP 0-9-1."""

    timeout = 90

    def uri(self, path: str = f"/{servers.VHOST}") -> Uri:
        """Return where RabbitMQ is."""
        return Uri(scheme="amqp", host="127.0.0.1", port=servers.rabbitmq().amqp, path=path)

    async def link(
        self, uri: Uri | None = None, login: Login | None = ALICE, options: Any = None, properties: Any = None
    ) -> Any:
        """Return a link."""
        post = self.post(options=options, properties={**DEFAULTS, **(properties or {})})
        made = await AmqpType().connect(uri or self.uri(), login, post)
        self.addCleanup(made.close)
        return made

    async def heard(self, listener: Listener, *said: Any) -> None:
        """Return when a listener was told just that, and nothing else comes."""
        await self.until(lambda: len(listener.said) >= len(said))
        await deferLater(reactor, 0.05)
        self.assertEqual(listener.taken(), list(said))

    async def refused(self, asked: Any, error: type[Exception], why: str) -> None:
        """Return when something was refused with a sentence."""
        with self.assertRaises(error) as refused:
            await asked
        self.assertEqual(str(refused.exception), why)

    async def fresh(self, link: Any, name: str) -> Destination:
        """Return a queue that is there and empty."""
        await link._declarations.remove(name)
        return queue(name)
