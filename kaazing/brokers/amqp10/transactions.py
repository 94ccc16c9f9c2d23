# -*- test-case-name: tests.brokers.amqp10.test_transactions -*-
"""Transactions at the broker: declared and discharged on a link to its coordinator (AMQP 1.0 section 4)."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from proton import Described, Message, Terminus, symbol, ulong
from twisted.internet.defer import Deferred, inlineCallbacks

from kaazing.brokers.amqp10.conversation import Conversation
from kaazing.brokers.amqp10.links import Load, Outgoing
from kaazing.errors import BrokerRefused, GatewayError

DECLARE, DISCHARGE = 0x31, 0x32
"""Descriptors of what a coordinator is told (sections 4.5.2, 4.5.3)."""

LONGEST_ID = 256


class Coordinator:
    """The one link to the coordinator, opened when it is first needed."""

    def __init__(self, conversation: Conversation, load: Load, *, apart: bool) -> None:
        self._conversation, self._load, self._apart = conversation, load, apart
        self._link: Outgoing | None = None
        self._links = 0

    def declare(self) -> Deferred[bytes]:
        """Begin a transaction; return a Deferred of its id.

        It fails with BrokerRefused where the broker has no transactions.
        """
        return self._tell(Described(ulong(DECLARE), [None])).addCallback(_declared)

    def discharge(self, transaction: bytes, *, failed: bool) -> Deferred[Any]:
        """End one: all of it is done, or where C{failed}, nothing.

        The Deferred fails with BrokerRefused where nothing is done that should be.
        """
        return self._tell(Described(ulong(DISCHARGE), [transaction, failed]))

    def _tell(self, what: Described) -> Deferred[Any]:
        if self._link is None:
            self._links += 1
            self._link = Outgoing(
                self._conversation,
                f"transactions-{self._links}",
                "the transaction",
                _prepare,
                apart=self._apart,
                gone=self._gone,
                load=self._load,
            )
        return self._link.send(bytes(Message(body=what).encode()))

    def _gone(self, link: Outgoing) -> None:
        self._link = None


def _prepare(link: Any) -> None:
    link.target.type = Terminus.COORDINATOR
    link.target.capabilities.put_object(symbol("amqp:local-transactions"))


def _declared(said: Any) -> bytes:
    if isinstance(said, list) and said and isinstance(said[0], bytes | memoryview):
        return bytes(said[0])[:LONGEST_ID]
    raise BrokerRefused("the broker has begun a transaction without a name")


@inlineCallbacks
def within(
    coordinator: Coordinator, send: Callable[[bytes], Deferred[Any]], accept: Callable[[bytes], None]
) -> Generator[Deferred[Any], Any, None]:
    """Do something in a transaction: all of it or nothing.

    Args:
        send: sends all messages; its Deferred fails where one is not taken: then no delivery is touched.
        accept: accepts all deliveries; raises BrokerRefused where one is not out any more.
    """
    transaction: bytes = yield coordinator.declare()
    try:
        yield send(transaction)
        accept(transaction)
    except GatewayError:
        yield coordinator.discharge(transaction, failed=True).addErrback(lambda _: None)
        raise
    yield coordinator.discharge(transaction, failed=False)
