# -*- test-case-name: tests.brokers.amqp10.test_kind -*-
"""The sort of broker "amqp10": any JMS broker that speaks AMQP 1.0."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any
from urllib.parse import unquote

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.brokers.amqp10.dialects import JMS
from kaazing.config.model import Uri
from kaazing.errors import BrokerLost
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.brokers import IBrokerType, Post
from kaazing.options import Option

TIMEOUT = 30.0
"""Seconds for a connection, its login included."""


@implementer(IBrokerType)
class Amqp10Type:
    """See L{IBrokerType}."""

    name = "amqp10"
    schemes: Mapping[str, int] = {"amqp10": 5672, "amqp10+ssl": 5671}
    options: tuple[Option, ...] = ()
    features = JMS
    doc = (
        "Any JMS broker that speaks AMQP 1.0: ActiveMQ Artemis and Classic, Qpid and others; RabbitMQ too,"
        " without selectors, durable subscriptions and transactions. The path is the host name that the"
        " broker is told, for RabbitMQ /vhost:NAME. It needs the extra amqp10 (python-qpid-proton)."
    )

    def check(self, uri: Uri) -> Iterator[str]:
        """See L{IBrokerType.check}."""
        if find_spec("proton") is None:
            yield "python-qpid-proton is not installed; pip install 'kaazing-gateway[amqp10]' installs it"
        if "/" in uri.path[1:]:
            yield "the path has more than one segment; it is the host name that the broker is told"
        if uri.query:
            yield "a query means nothing here"

    def connect(self, uri: Uri, login: Login | None, post: Post) -> Deferred[Any]:
        """See L{IBrokerType.connect}."""

        def late(_: Any, seconds: float) -> Failure:
            return Failure(BrokerLost(f"the broker has not answered in {seconds:.0f} seconds"))

        return _connected(uri, login, post).addTimeout(TIMEOUT, post.clock, late)


@inlineCallbacks
def _connected(uri: Uri, login: Login | None, post: Post) -> Generator[Deferred[Any], Any, Any]:
    from kaazing.brokers.amqp10.conversation import Opening
    from kaazing.brokers.amqp10.link import Amqp10Link

    secure = "ssl" if uri.secure else "tcp"
    channel = yield post.dial(replace(uri, scheme=secure, path="", query="", credentials=None))
    opening = Opening(
        container=post.client_id,
        hostname=unquote(uri.path[1:]) or uri.host,
        login=login,
    )
    link = yield Amqp10Link(channel, opening, post).up
    return link
