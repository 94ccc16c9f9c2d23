# -*- test-case-name: tests.services.jms.test_bulletins -*-
"""A message of a topic as an event of audiences: made once for each way in which it is told."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from zope.interface import implementer

from kaazing.interfaces.brokers import Message
from kaazing.interfaces.feeds import IRendered
from kaazing.wire.frames import AUTO

Rendered = tuple[bytes, tuple[int, ...]]
Render = Callable[[Message, Hashable], Rendered]
"""As L{kaazing.interfaces.servers.IServerProtocol.render}."""


@implementer(IRendered)
class Bulletin:
    """See L{IRendered}.

    Attributes:
        message: what it tells.
        looks: what was made of it, by look.
    """

    __slots__ = ("_render", "key", "looks", "message", "size", "until")

    kind = AUTO

    def __init__(self, message: Message, render: Render, key: bytes | None, until: float) -> None:
        """C{key} and C{until}: as of L{kaazing.interfaces.feeds.Event}."""
        self.message, self._render, self.key, self.until = message, render, key, until
        self.size = message.size
        self.looks: dict[Hashable, Rendered] = {}

    def render(self, look: Hashable) -> Rendered:
        """See L{IRendered}."""
        made = self.looks.get(look)
        if made is None:
            made = self.looks[look] = self._render(self.message, look)
        return made


def key_of(message: Message, name: str | None) -> bytes | None:
    """Return what a message is about, for those who miss some: its topic, and the value of the property
    C{name}; None where it has none."""
    topic = message.destination.name
    if name is None:
        return topic.encode()
    if name == "JMSCorrelationID":
        value: object = message.correlation_id or None
    elif name == "JMSType":
        value = message.type or None
    else:
        value = message.properties.get(name)
    return None if value is None else f"{topic} {value}".encode("utf-8", "surrogateescape")
