# -*- test-case-name: tests.services.jms.test_redelivery -*-
"""Messages that nobody manages: how often that was, and where they go in the end.

docs/decisions/0160-what-counts-as-a-failed-delivery.md
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from kaazing.errors import Side
from kaazing.interfaces.adapters import IMeter
from kaazing.interfaces.brokers import Destination, IBroker, IBrokerSubscription, Message, Outcome

KEPT = 10_000
"""Messages whose failures are remembered; those that failed longest ago are forgotten first."""

DEAD = "dead letter"
"""What a meter counts them as."""

FROM, WHY = "dead_letter_from", "dead_letter_reason"
"""Properties of a dead message: where it was, and a sentence."""


class Redeliveries:
    """How often the delivery of each message has failed."""

    def __init__(self, most: int) -> None:
        """C{most}: redeliveries of a message; -1 for any number."""
        self._most = most
        self._failures: OrderedDict[tuple[str, str], int] = OrderedDict()

    def failed(self, where: str, message: Message) -> bool:
        """One more delivery has; return whether there is to be no other.

        Args:
            where: name of the queue or of the durable subscription.
        """
        if self._most < 0:
            return False
        key = where, message.message_id
        failures = max(self._failures.pop(key, 0) + 1, message.deliveries)
        if failures > self._most:
            return True
        self._failures[key] = failures
        if len(self._failures) > KEPT:
            self._failures.popitem(last=False)
        return False

    def settled(self, where: str, message: Message) -> None:
        """A message is done with."""
        if self._failures:
            self._failures.pop((where, message.message_id), None)


class DeadLetters:
    """Takes the messages that nobody manages."""

    def __init__(
        self, broker: IBroker, destination: Destination, meter: IMeter, complain: Callable[[str], None]
    ) -> None:
        """
        Args:
            destination: where they go if the broker has no place of its own.
            meter: counts them.
            complain: told in a sentence what could not be put there.
        """
        self._broker, self._destination = broker, destination
        self._meter, self._complain = meter, complain

    def takes(self, where: Destination) -> bool:
        """Return whether messages of a destination may go there: those that are there already stay."""
        return where != self._destination

    def bury(self, message: Message, tag: Hashable, subscription: IBrokerSubscription, why: str) -> Any:
        """Take a delivery; return a Deferred that fires when it is settled, either way."""
        if self._broker.features.dead_letters:
            self._meter.add(Side.BACK, DEAD, 1)
            subscription.settle([tag], Outcome.REJECTED)
            return succeed(None)
        told = {**message.properties, FROM: str(message.destination), WHY: why}
        dead = replace(
            message, destination=self._destination, expires=0, redelivered=False, deliveries=0,
            message_id="", persistent=True, properties=told,
        )  # fmt: skip
        published: Deferred[Any] = self._broker.publish(dead, waits=True)
        more = tag, subscription
        return published.addCallbacks(self._gone, self._stays, callbackArgs=more, errbackArgs=more)

    def _gone(self, result: Any, tag: Hashable, subscription: IBrokerSubscription) -> None:
        self._meter.add(Side.BACK, DEAD, 1)
        subscription.settle([tag], Outcome.ACCEPTED)

    def _stays(self, why: Failure, tag: Hashable, subscription: IBrokerSubscription) -> None:
        """It could not be put there, and stays where it was."""
        self._complain(f"a dead message stays where it was: {self._destination}: {why.getErrorMessage()}")
        subscription.settle([tag], Outcome.RELEASED)
