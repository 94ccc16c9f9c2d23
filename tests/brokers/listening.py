"""What the tests of brokers share: consumers that write down what they are told, and messages."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from twisted.internet.task import Clock
from zope.interface import implementer

from kaazing.interfaces.brokers import Destination, Domain, IConsumer, Message, Post


@implementer(IConsumer)
class Listener:
    """Writes down what it is told.

    Attributes:
        said: "ready", ("refused", why), and for each delivery its body, a "+" behind it where it is
            redelivered.
        out: (tag, message) of deliveries, in order.
    """

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.out: list[tuple[Hashable, Message]] = []

    def delivered(self, message: Message, tag: Hashable) -> None:
        """See L{IConsumer}."""
        self.said.append(message.body.decode() + "+" * message.redelivered)
        self.out.append((tag, message))

    def ready(self) -> None:
        """See L{IConsumer}."""
        self.said.append("ready")

    def refused(self, why: str) -> None:
        """See L{IConsumer}."""
        self.said.append(("refused", why))

    @property
    def tags(self) -> list[Hashable]:
        """All tags, in order."""
        return [tag for tag, _ in self.out]

    def taken(self) -> list[Any]:
        """Return what was said since the last call."""
        said, self.said = self.said, []
        return said


def queue(name: str) -> Destination:
    """Return a queue."""
    return Destination(Domain.QUEUE, name)


def topic(name: str) -> Destination:
    """Return a topic."""
    return Destination(Domain.TOPIC, name)


def text(destination: Destination, body: str, **more: Any) -> Message:
    """Return a message of a few characters."""
    return Message(destination=destination, body=body.encode(), **more)


def post(clock: Clock, told: list[Any]) -> Post:
    """Return what a sort of broker is given; C{told} gets ("lost", link, why) and ("drained", link)."""
    return Post(
        dial=lambda uri: None,
        clock=clock,
        client_id="gateway",
        properties={},
        lost=lambda link, why: told.append(("lost", link, str(why))),
        drained=lambda link: told.append(("drained", link)),
        complain=told.append,
    )
