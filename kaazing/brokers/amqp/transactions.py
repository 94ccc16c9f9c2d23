# -*- test-case-name: tests.brokers.amqp.test_transactions -*-
"""Transactions of messages, one after another on a channel of their own (AMQP 0-9-1 class tx)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock, fail, inlineCallbacks

from kaazing.brokers.amqp.connection import Connection
from kaazing.brokers.amqp.publishing import Outgoing, send
from kaazing.brokers.amqp.refusals import FAILURES, refusal
from kaazing.errors import BrokerLost, BrokerRefused

MOST = 1000
"""Transactions that may wait for their turn; more are refused."""


class Transactions:
    """Those of one connection."""

    def __init__(self, connection: Connection, complain: Callable[[str], None]) -> None:
        self._connection, self._complain = connection, complain
        self._lock = DeferredLock()
        self._channel: Any = None
        self._returned: list[str] = []

    def commit(self, messages: Sequence[Outgoing]) -> Deferred[None]:
        """Send all of them, or none; return a Deferred that fires when the broker has taken them.

        It fails with BrokerLost or BrokerRefused, the latter also where one reached no queue: then the others
        were sent all the same.
        """
        if len(self._lock.waiting) >= MOST:
            return fail(BrokerLost("too many transactions wait for the broker"))
        done: Deferred[None] = self._lock.run(self._commit, messages)
        return done

    @inlineCallbacks
    def _commit(self, messages: Sequence[Outgoing]) -> Generator[Deferred[Any], Any, None]:
        try:
            if self._channel is None or self._channel.is_closed:
                self._channel = yield self._connection.open()
                self._channel.add_on_return_callback(lambda it: self._returned.append(it.method.routing_key))
                yield self._channel.tx_select()
            self._returned.clear()
            for message in messages:
                send(self._channel._channel, message)
            yield self._channel.tx_commit()
        except FAILURES as why:
            raise refusal(why, "a message of the transaction", self._complain) from None
        if self._returned:
            raise BrokerRefused(f"there is no queue {self._returned[0]}; the transaction was done without it")
