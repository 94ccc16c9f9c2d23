# -*- test-case-name: tests.brokers.stomp.test_kind -*-
"""stomp:// and stomp+ssl://: the sort of broker that speaks STOMP."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks
from zope.interface import implementer

from kaazing.brokers import names
from kaazing.brokers.stomp.connection import Connection
from kaazing.brokers.stomp.forbidden import Forbidden, Memory
from kaazing.brokers.stomp.link import Link
from kaazing.brokers.stomp.session import Session
from kaazing.config.model import Uri
from kaazing.errors import BrokerLost
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.brokers import Features, IBrokerType, Post
from kaazing.options import Option

TIMEOUT = 30.0
"""Seconds until there is a connection, or none."""

BEAT = 10.0
"""Seconds between heart-beats, both ways, unless the broker wants fewer."""


@implementer(IBrokerType)
class StompType:
    """See L{IBrokerType}."""

    name = "stomp"
    schemes: Mapping[str, int] = MappingProxyType({"stomp": 61613, "stomp+ssl": 61614})
    features = Features()
    options: tuple[Option, ...] = ()
    doc = (
        "Brokers that speak STOMP: ActiveMQ Classic, ActiveMQ Artemis, RabbitMQ. The path of the URI is the"
        ' virtual host, as in stomp://host/shop; none is "/". What each of them does differently stands in'
        " protocols/brokers.md."
    )

    def __init__(self) -> None:
        self._memory = Memory()

    def check(self, uri: Uri) -> Iterable[str]:
        """See L{IBrokerType}."""
        yield from names.faults(uri)
        if uri.query:
            yield "the URI of a STOMP broker has no query"

    @inlineCallbacks
    def connect(self, uri: Uri, login: Login | None, post: Post) -> Generator[Deferred[Any], Any, Link]:
        """See L{IBrokerType}."""
        way = Way(uri, login, post, self._memory.of((uri, login)))
        told = Told()
        main: Connection = yield way.open(told.lost, told.drained, client_id=True)
        told.link = Link(main, way.open, post)
        return told.link


class Told:
    """Passes on what becomes of the main connection to its link, which is made when that is there."""

    link: Link

    def lost(self, connection: Connection, why: Exception) -> None:
        """The connection is gone."""
        self.link.lost(why)

    def drained(self) -> None:
        """It has room again."""
        self.link.drained()


class Way:
    """How connections to one broker are made."""

    def __init__(self, uri: Uri, login: Login | None, post: Post, forbidden: Forbidden) -> None:
        self._forbidden = forbidden
        scheme = "ssl" if uri.scheme == "stomp+ssl" else "tcp"
        self._uri = replace(uri, scheme=scheme, path="", query="", credentials=None)
        self._host, self._login, self._post = names.virtual_host(uri) or "/", login, post

    @inlineCallbacks
    def open(
        self,
        lost: Callable[[Connection, Exception], None],
        drained: Callable[[], None] = lambda: None,
        *,
        client_id: bool = False,
    ) -> Generator[Deferred[Any], Any, Connection]:
        """Return a Deferred of a connection, as L{IBrokerType.connect}; only one has the client id."""
        post = self._post
        began = post.clock.seconds()
        channel = yield post.dial(self._uri)
        session = Session(self._login, self._host, post.client_id if client_id else "", BEAT)
        connection = Connection(
            session, post.clock, lost=lost, drained=drained, complain=post.complain, forbidden=self._forbidden
        )
        left = max(0.0, TIMEOUT - (post.clock.seconds() - began))
        silence = BrokerLost(f"the broker has not answered in {TIMEOUT:g} seconds")
        late = post.clock.callLater(left, connection.abort, silence)
        try:
            yield connection.begin(channel)
        finally:
            if late.active():
                late.cancel()
        return connection
