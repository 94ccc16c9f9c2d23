# -*- test-case-name: tests.brokers.stomp.test_temporaries -*-
"""Temporary destinations that ActiveMQ makes, on connections of their own.

STOMP cannot remove one: it goes with its connection. So a connection that has made many is left alone, and
closed when all that it made are discarded (decision 0173).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks, succeed

from kaazing.brokers.stomp.connection import Connection, first
from kaazing.errors import BrokerLost
from kaazing.interfaces.brokers import Destination, Domain

MOST = 200
"""Temporary destinations that one connection makes, one after the other."""


class _Maker:
    """A connection that makes some.

    Attributes:
        asked: how many it was asked for.
        made: how many it has made; ActiveMQ counts them too, and names them so.
        used: how many are not discarded.
    """

    def __init__(self, opening: Deferred[Connection]) -> None:
        self.asked = self.made = self.used = 0
        self._connection: Connection | None = None
        self._why: Exception | None = None
        self._waiting: list[Deferred[Connection]] = []
        self._opening = opening
        opening.addCallbacks(self._opened, self._failed)

    def connection(self) -> Deferred[Connection]:
        """Return a Deferred of the connection."""
        if self._connection is not None:
            return succeed(self._connection)
        waiting: Deferred[Connection] = Deferred()
        self._waiting.append(waiting)
        if self._why is not None:
            self._tell()
        return waiting

    def close(self) -> Deferred[Any]:
        """End it."""
        if self._connection is None:
            self._opening.cancel()
            return succeed(None)
        return self._connection.close()

    def _opened(self, connection: Connection) -> None:
        self._connection = connection
        self._tell()

    def _failed(self, failure: Any) -> None:
        self._why = BrokerLost(f"there is no connection for temporary destinations: {failure.value}")
        self._tell()

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if self._connection is not None:
                each.callback(self._connection)
            else:
                each.errback(self._why or BrokerLost("the connection to the broker was lost"))


class Temporaries:
    """Those of one link."""

    def __init__(self, open_one: Callable[[], Deferred[Connection]]) -> None:
        """
        Args:
            open_one: opens a connection without a client id; ActiveMQ gives it a number in its place, with
                which the names of all that it makes begin.
        """
        self._open = open_one
        self._makers: list[_Maker] = []
        self._where: dict[Destination, tuple[_Maker, Connection, str]] = {}

    @inlineCallbacks
    def make(self, domain: Domain) -> Generator[Deferred[Any], Any, Destination]:
        """Return a Deferred of a new one, under the name that everybody has for it.

        It fails with BrokerLost or BrokerRefused.
        """
        maker = self._maker()
        maker.asked += 1
        maker.used += 1
        try:
            connection: Connection = yield maker.connection()
            maker.made += 1
            number, name = maker.made, connection.name()
            written = f"/{domain.value}/{number}"
            begun = connection.ask("SUBSCRIBE", [("id", name), ("destination", written)])
            ended = connection.ask("UNSUBSCRIBE", [("id", name)])
            both: Deferred[Any] = gatherResults([begun, ended], consumeErrors=True)
            yield both.addErrback(first)
        except BaseException:
            self._leave(maker)
            raise
        made = Destination(domain, f"{connection.session}:{number}")
        self._where[made] = maker, connection, written
        return made

    def find(self, destination: Destination) -> tuple[Connection, str] | None:
        """Return the connection that made one, and what that calls it; None where none of these has."""
        found = self._where.get(destination)
        return found and found[1:]

    def discard(self, destination: Destination) -> None:
        """Give one up."""
        if (found := self._where.pop(destination, None)) is not None:
            self._leave(found[0])

    def close(self) -> list[Deferred[Any]]:
        """End all."""
        makers, self._makers = self._makers, []
        self._where.clear()
        return [each.close() for each in makers]

    def _maker(self) -> _Maker:
        if not self._makers or self._makers[-1].asked >= MOST:
            self._makers.append(_Maker(self._open()))
        return self._makers[-1]

    def _leave(self, maker: _Maker) -> None:
        maker.used -= 1
        if not maker.used and maker in self._makers and (maker.asked >= MOST or not maker.made):
            self._makers.remove(maker)
            maker.close()
