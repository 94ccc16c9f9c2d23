# -*- test-case-name: tests.adapters.stompjms.test_adapter -*-
"""The protocol "stompjms", as the service type jms finds it, and its properties."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, cast

from zope.interface import implementer

from kaazing.adapters.base import login_timeout
from kaazing.adapters.stompjms.frames import OWN, Latest, rendered
from kaazing.adapters.stompjms.session import StompServerSession
from kaazing.interfaces.adapters import Link
from kaazing.interfaces.brokers import Message
from kaazing.interfaces.servers import IServerProtocol, IServerSession
from kaazing.literals import bounded, integer, interval, size
from kaazing.options import Option
from kaazing.wire.destinations import GRAMMAR
from kaazing.wire.policy import Grammar
from kaazing.wire.stomp_properties import (
    MAX_FRAME,
    MAX_HEADERS,
    MAX_LINE,
    MAX_SUBSCRIPTIONS,
    MAX_TRANSACTIONS,
    MOST,
    SEND,
    SUBSCRIBE,
)

OPTIONS = (
    login_timeout("the answer to the client's CONNECT"),
    Option(
        name="stomp.heart.beat",
        read=bounded(interval, 0, 3600),
        default=10.0,
        doc="Heart-beats that the gateway offers to clients and wants from them: longest time between two, as"
        " the client wants and can; a client that misses two of its own is disconnected. 0 for none.",
    ),
    MAX_FRAME,
    MAX_HEADERS,
    MAX_LINE,
    MAX_SUBSCRIPTIONS,
    Option(
        name="stomp.maximum.unsettled",
        read=integer(1, 1_000_000),
        default=10_000,
        doc="Most deliveries that a client may ask to have before it acknowledges any, on all subscriptions"
        " together; one that asks for more gets so many.",
    ),
    MAX_TRANSACTIONS,
    Option(
        name="stomp.maximum.transaction.size",
        read=bounded(size, 1024, MOST),
        default=1024 * 1024,
        doc="Most bytes of the frames in all open transactions of a client together.",
    ),
)


@implementer(IServerProtocol)
class StompJms:
    """See L{IServerProtocol}."""

    name = "stompjms"
    subprotocols = ("v12.stomp", "v11.stomp", "v10.stomp")
    options = OPTIONS
    operations: Mapping[str, Grammar] = dict.fromkeys((SEND, SUBSCRIBE), GRAMMAR)

    def __init__(self) -> None:
        self._latest = Latest()

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """See L{IServerProtocol.check}."""
        return ()

    def session(self, link: Link) -> IServerSession:
        """See L{IServerProtocol.session}."""
        return StompServerSession(link, self._latest)

    def render(self, message: Message, look: Hashable) -> tuple[bytes, tuple[int, ...]]:
        """See L{IServerProtocol.render}; the look is the version."""
        return rendered(message, cast(int, look)), (OWN,)
