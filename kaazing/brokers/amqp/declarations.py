# -*- test-case-name: tests.brokers.amqp.test_declarations -*-
"""Queues and what they are bound to, made on a channel of their own, one after another: RabbitMQ closes the
channel on which something is refused, and nothing else is to go with it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock, fail, inlineCallbacks, succeed

from kaazing.brokers.amqp import names
from kaazing.brokers.amqp.refusals import FAILURES, LOCKED, NO_ACCESS, NOT_FOUND, PRECONDITION, code, refusal
from kaazing.brokers.names import temporary_name
from kaazing.errors import BrokerRefused
from kaazing.interfaces.brokers import Domain, Wish

MOST_KNOWN = 10_000
"""Queues that are remembered to be there; the one used longest ago is asked for anew."""

_Steps = Generator[Deferred[Any], Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How queues are declared.

    Attributes:
        exchange: that topics are routing keys of.
        declare: whether a queue that is not there is made.
        priorities: C{x-max-priority} of one that is made; 0 for none.
    """

    exchange: str = "amq.topic"
    declare: bool = True
    priorities: int = 0


class Declarations:
    """Those of one connection."""

    def __init__(
        self, open_channel: Callable[[], Deferred[Any]], rules: Rules, complain: Callable[[str], None]
    ) -> None:
        self._open, self._rules, self._complain = open_channel, rules, complain
        self._channel: Any = None
        self._lock = DeferredLock()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._asked: dict[str, list[Deferred[None]]] = {}

    def exchange(self) -> Deferred[None]:
        """Fail with BrokerRefused where there is no exchange for topics."""
        exchange = self._rules.exchange
        return self._run(
            lambda it: it.exchange_declare(exchange=exchange, passive=True), f"exchange {exchange}"
        )

    def known(self, name: str) -> bool:
        """Return whether a queue is there, as far as is known."""
        if name not in self._known:
            return False
        self._known.move_to_end(name)
        return True

    def queue(self, name: str) -> Deferred[None]:
        """Return a Deferred that fires when a durable queue is there; those for one queue fire in order."""
        if self.known(name):
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        asked = self._asked.setdefault(name, [])
        asked.append(waiting)
        if len(asked) == 1:
            self._declare(name).addBoth(self._answer, name)
        return waiting

    def missing(self, name: str) -> None:
        """A queue is not there any more: declare it at the next chance."""
        self._known.pop(name, None)

    def source(self, wish: Wish) -> Deferred[str]:
        """Return a Deferred of the queue to consume from, which is made where it is one of the gateway's."""
        name = wish.destination.name
        if wish.durable:
            return self._durable(wish.durable, name)
        if wish.destination.domain is Domain.QUEUE:
            return self.queue(name).addCallback(lambda _: name)
        if wish.destination.domain is Domain.TEMP_QUEUE:
            return succeed(name)
        return self._private(name)

    def temporary(self) -> Deferred[str]:
        """Return a Deferred of a new queue that goes with the connection."""
        name = temporary_name()
        made = self._run(lambda it: it.queue_declare(queue=name, exclusive=True), "temporary queue")
        return made.addCallback(lambda _: name)

    def remove(self, queue: str) -> Deferred[None]:
        """Remove a queue, if it is there."""
        self.missing(queue)
        return self._run(lambda it: it.queue_delete(queue=queue), f"queue {queue}")

    def forget(self, durable: str) -> Deferred[None]:
        """Remove the queue of a durable subscription."""
        try:
            return self.remove(names.durable_queue(durable))
        except BrokerRefused as why:
            return fail(why)

    def _answer(self, result: Any, name: str) -> None:
        if result is None:
            self._known[name] = None
            if len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
        for waiting in self._asked.pop(name):
            waiting.callback(result)  # a Failure fails it

    @inlineCallbacks
    def _declare(self, name: str) -> _Steps:
        """One that others have made otherwise, or for themselves, is there too; so is one that we may not
        make, if it is."""
        what, rules = f"queue {name}", self._rules
        arguments = {"x-max-priority": rules.priorities} if rules.priorities else None
        if rules.declare:
            try:
                yield self._try(lambda it: it.queue_declare(queue=name, durable=True, arguments=arguments))
            except FAILURES as why:
                if code(why) in (LOCKED, PRECONDITION):
                    return
                if code(why) != NO_ACCESS:
                    raise refusal(why, what, self._complain) from None
            else:
                return
        try:
            yield self._try(lambda it: it.queue_declare(queue=name, passive=True))
        except FAILURES as why:
            if code(why) != LOCKED:
                raise refusal(why, what, self._complain) from None

    @inlineCallbacks
    def _private(self, topic: str) -> _Steps:
        queue, what = names.private_queue(), f"topic {topic}"
        exchange, key = self._rules.exchange, names.binding(topic)
        yield self._run(lambda it: it.queue_declare(queue=queue, exclusive=True, auto_delete=True), what)
        yield self._run(lambda it: it.queue_bind(queue=queue, exchange=exchange, routing_key=key), what)
        return queue

    @inlineCallbacks
    def _durable(self, name: str, topic: str) -> _Steps:
        """A mark says of which topic the queue is; where that of this topic is not there, the subscription is
        new, or of another topic till now, whose messages are not wanted (JMS 2.0 section 8.3.3)."""
        queue, what = names.durable_queue(name), f"durable subscription of topic {topic}"
        mark, exchange = names.mark(queue, topic), self._rules.exchange
        try:
            yield self._try(lambda it: it.exchange_declare(exchange=mark, passive=True))
        except FAILURES as why:
            if code(why) != NOT_FOUND:
                raise refusal(why, what, self._complain) from None
            yield self._run(lambda it: it.queue_delete(queue=queue), what)
        key = names.binding(topic)
        for step in (
            lambda it: it.queue_declare(queue=queue, durable=True),
            lambda it: it.queue_bind(queue=queue, exchange=exchange, routing_key=key),
            lambda it: it.exchange_declare(
                exchange=mark, exchange_type="fanout", durable=True, auto_delete=True, internal=True
            ),
            lambda it: it.queue_bind(queue=queue, exchange=mark),  # so that the mark goes with the queue
        ):
            yield self._run(step, what)
        return queue

    def _run(self, job: Callable[[Any], Deferred[Any]], what: str) -> Deferred[None]:
        """Return a Deferred that fires when C{job}, which gets a channel, is done; fails as L{refusal}
        says."""

        def failed(why: Any) -> None:
            raise refusal(why.value, what, self._complain) from None

        return self._try(job).addCallbacks(lambda _: None, failed)

    def _try(self, job: Callable[[Any], Deferred[Any]]) -> Deferred[Any]:
        return self._lock.run(self._on_channel, job)

    @inlineCallbacks
    def _on_channel(self, job: Callable[[Any], Deferred[Any]]) -> _Steps:
        if self._channel is None or self._channel.is_closed:
            self._channel = yield self._open()
        return (yield job(self._channel))
