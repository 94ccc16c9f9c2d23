# -*- test-case-name: tests.brokers.amqp.test_link,tests.integration.test_jms_amqp -*-
"""One connection to RabbitMQ, logged in."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable
from itertools import groupby
from secrets import token_hex
from typing import Any

from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks, succeed
from zope.interface import implementer

from kaazing.brokers.amqp.connection import GONE, Connection
from kaazing.brokers.amqp.declarations import Declarations, Rules
from kaazing.brokers.amqp.homes import Homes
from kaazing.brokers.amqp.names import is_queue
from kaazing.brokers.amqp.publishing import Outgoing, Publisher, outgoing
from kaazing.brokers.amqp.redeliveries import Redeliveries
from kaazing.brokers.amqp.refusals import FAILURES
from kaazing.brokers.amqp.subscriptions import Around, Subscription
from kaazing.brokers.amqp.transactions import Transactions
from kaazing.brokers.names import temporary_name
from kaazing.errors import BrokerLost, BrokerRefused
from kaazing.interfaces.brokers import (
    Destination,
    Domain,
    Features,
    IBrokerLink,
    Message,
    Outcome,
    Post,
    Wish,
    Work,
)

CLOSING = 5.0
"""Seconds in which the broker may answer that the connection is closed."""

FEATURES = Features()
"""RabbitMQ selects nothing; its transactions are of messages alone."""


@implementer(IBrokerLink)
class Link:
    """See L{IBrokerLink}.

    Messages to queues and to topics have a channel each, so that a topic that is refused disturbs no queue.
    """

    features = FEATURES

    def __init__(self, connection: Connection, rules: Rules, post: Post) -> None:
        self.peer = connection.peer
        self._connection, self._rules, self._post = connection, rules, post
        self._ids, self._sent = token_hex(8), 0
        self._told_no_room = False
        self._declarations = declarations = Declarations(connection.open, rules, post.complain)
        self._around = Around(
            connection, declarations, Homes(connection), Redeliveries(), post.clock, post.complain
        )
        self._queues, self._topics = (
            Publisher(connection, post.clock, post.complain, declarations.missing, self._drained)
            for _ in range(2)
        )
        self._transactions = Transactions(connection, post.complain)
        connection.roomy = self._drained
        connection.gone = lambda why: post.lost(self, why)

    @inlineCallbacks
    def open(self) -> Generator[Deferred[Any], Any, None]:
        """Make it ready; fails with BrokerRefused or BrokerLost."""
        yield self._declarations.exchange()
        yield self._queues.open()
        yield self._topics.open()

    def publish(self, message: Message) -> Deferred[None]:
        """See L{IBrokerLink.publish}."""
        try:
            sent = self._outgoing(message)
        except BrokerRefused as why:
            return _failed(why)
        if not is_queue(message.destination):
            return self._topics.publish(sent)
        return self._queues.publish(sent, *self._there(message.destination))

    def perform(self, work: Work) -> Deferred[None]:
        """See L{IBrokerLink.perform}."""
        runs = [(one, [tag for _, tag in many]) for one, many in groupby(work.accepted, lambda each: each[0])]
        if not all(subscription.holds(tags) for subscription, tags in runs):
            return _failed(BrokerLost("a delivery of the transaction came over a connection that is lost"))
        try:
            sends = [self._outgoing(message) for message in work.sends]
        except BrokerRefused as why:
            return _failed(why)
        queues = dict.fromkeys(each.destination for each in work.sends if is_queue(each.destination))
        return self._perform(sends, [there for each in queues for there in self._there(each)], runs)

    def subscribe(self, wish: Wish, consumer: Any) -> Subscription:
        """See L{IBrokerLink.subscribe}."""
        return Subscription(wish, consumer, self._around)

    def temporary(self, domain: Domain) -> Deferred[Destination]:
        """See L{IBrokerLink.temporary}."""
        if domain is Domain.TEMP_TOPIC:
            return succeed(Destination(domain, temporary_name()))
        return self._declarations.temporary().addCallback(lambda name: Destination(domain, name))

    def discard(self, destination: Destination) -> None:
        """See L{IBrokerLink.discard}."""
        if destination.domain is Domain.TEMP_QUEUE:
            self._declarations.remove(destination.name).addErrback(lambda why: why.trap(*FAILURES))

    def forget(self, destination: Destination, durable: str) -> Deferred[None]:
        """See L{IBrokerLink.forget}."""
        return self._declarations.forget(durable)

    def room(self) -> bool:
        """See L{IBrokerLink.room}."""
        room = self._connection.room() and self._queues.room() and self._topics.room()
        self._told_no_room = self._told_no_room or not room
        return room

    def close(self) -> Deferred[None]:
        """See L{IBrokerLink.close}."""
        closed = self._connection.close()
        if not closed.called:
            late = self._post.clock.callLater(CLOSING, self._connection.abort)
            closed.addBoth(lambda _: late.active() and late.cancel())
        return closed

    @inlineCallbacks
    def _perform(
        self, sends: list[Outgoing], there: Iterable[Deferred[None]], runs: list[Any]
    ) -> Generator[Deferred[Any], Any, None]:
        """A delivery is accepted when the messages are taken: if the connection is lost in between, it comes
        again, and no message is lost."""
        try:
            yield gatherResults(there, consumeErrors=True)
        except Exception as why:
            raise why.subFailure.value from None  # type: ignore[attr-defined]
        if sends:
            yield self._transactions.commit(sends)
        if not self._connection.connected:
            raise BrokerLost(GONE)
        for subscription, tags in runs:
            subscription.settle(tags, Outcome.ACCEPTED)

    def _there(self, destination: Destination) -> tuple[Deferred[None], ...]:
        """Return a Deferred that fires when a queue is there; nothing where it is."""
        if destination.domain is Domain.TEMP_QUEUE or self._declarations.known(destination.name):
            return ()
        return (self._declarations.queue(destination.name),)

    def _outgoing(self, message: Message) -> Outgoing:
        self._sent += 1
        message_id = f"{self._ids}-{self._sent:x}"
        return outgoing(message, self._rules.exchange, message_id, int(time.time() * 1000))

    def _drained(self) -> None:
        if self._told_no_room and self.room():
            self._told_no_room = False
            self._post.drained(self)


def _failed(why: Exception) -> Deferred[None]:
    failed: Deferred[None] = Deferred()
    failed.errback(why)
    return failed
