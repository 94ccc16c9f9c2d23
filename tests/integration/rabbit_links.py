"""What the tests of links to a real RabbitMQ have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from kaazing.brokers.amqp.kind import AmqpType
from kaazing.config.model import ConnectOptions, Uri
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.brokers import Destination, Post, Wish
from kaazing.transports.dial import Dialler
from kaazing.transports.trust import ClientContexts
from kaazing.transports.wheel import Wheel
from tests.brokers.listening import Listener, queue
from tests.integration import servers

ALICE = Login(username=servers.USER, password=servers.PASSWORD)
DEFAULTS = {option.name: option.default for option in AmqpType.options}


def dial(options: ConnectOptions | None = None) -> Callable[[Uri], Any]:
    """Return what reaches a broker."""
    dialler = Dialler(reactor, Wheel(reactor), ClientContexts())
    return lambda uri: dialler.connect(uri, options or ConnectOptions())


class Linked(TestCase):
    """Links that end with their test."""

    timeout = 90

    def setUp(self) -> None:
        """Nothing was told yet."""
        self.lost: list[str] = []
        self.drained: list[Any] = []
        self.log: list[str] = []

    def uri(self, path: str = f"/{servers.VHOST}") -> Uri:
        """Return where RabbitMQ is."""
        return Uri(scheme="amqp", host="127.0.0.1", port=servers.rabbitmq().amqp, path=path)

    async def link(
        self, uri: Uri | None = None, login: Login | None = ALICE, options: Any = None, properties: Any = None
    ) -> Any:
        """Return a link."""
        post = Post(
            dial=dial(options),
            clock=reactor,
            client_id="gateway",
            properties={**DEFAULTS, **(properties or {})},
            lost=lambda link, why: self.lost.append(str(why)),
            drained=self.drained.append,
            complain=self.log.append,
        )
        made = await AmqpType().connect(uri or self.uri(), login, post)
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
        await self.until(lambda: listener.said)
        self.assertEqual(listener.said.pop(0), "ready")
        return subscription, listener

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
