"""Links to real brokers, whatever their sort, and what the tests of them have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from kaazing.config.model import ConnectOptions, Uri
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.brokers import Post, Wish
from kaazing.transports.dial import Dialler
from kaazing.transports.trust import ClientContexts
from kaazing.transports.wheel import Wheel
from tests.brokers.listening import Listener
from tests.integration import servers

ALICE = Login(username=servers.USER, password=servers.PASSWORD)


def dial(options: ConnectOptions | None = None) -> Callable[[Uri], Any]:
    """Return what reaches a broker."""
    dialler = Dialler(reactor, Wheel(reactor), ClientContexts())
    return lambda uri: dialler.connect(uri, options or ConnectOptions())


class BrokerLinks(TestCase):
    """Links that end with their test.

    Attributes:
        lost: why links were lost.
        drained: those that have room again.
        log: what was complained of.
    """

    timeout = 60

    def setUp(self) -> None:
        """Nothing was told yet."""
        self.lost: list[str] = []
        self.drained: list[Any] = []
        self.log: list[str] = []

    def post(
        self,
        *,
        client_id: str = "gateway",
        options: ConnectOptions | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> Post:
        """Return what a sort of broker has around it."""
        return Post(
            dial=dial(options),
            clock=reactor,
            client_id=client_id,
            properties=properties or {},
            lost=lambda link, why: self.lost.append(str(why)),
            drained=self.drained.append,
            complain=self.log.append,
        )

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
