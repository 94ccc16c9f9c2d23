# -*- test-case-name: tests.adapters.stompjms.test_transactions -*-
"""A client's transaction: what it has sent and settled since BEGIN.  STOMP 1.2, BEGIN, COMMIT and ABORT."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from kaazing.adapters.stompjms.deliveries import Subscription
from kaazing.interfaces.brokers import Message, Outcome
from kaazing.interfaces.servers import Commit, Settle

COST = 200
"""Bytes that a frame in a transaction counts for, besides its own, and a delivery that is settled."""


class Transaction:
    """Kept here until COMMIT; the broker hears nothing of it before.

    Attributes:
        size: bytes that it holds, about.
        broken: why it cannot be committed, a sentence; empty where it can.
    """

    __slots__ = ("_sends", "_settled", "broken", "size")

    def __init__(self) -> None:
        self._sends: list[Message] = []
        self._settled: list[tuple[Subscription, Sequence[Hashable], Outcome]] = []
        self.size = COST
        self.broken = ""

    def send(self, message: Message, size: int) -> None:
        """Take a message; C{size}: bytes of its frame."""
        self._sends.append(message)
        self.size += size + COST

    def settle(self, subscription: Subscription, keys: Sequence[Hashable], outcome: Outcome) -> None:
        """Take deliveries, which are open."""
        subscription.take(keys)
        self._settled.append((subscription, keys, outcome))
        self.size += COST * (1 + len(keys))

    def lose(self, subscription: Subscription, why: str) -> None:
        """What was delivered on a subscription is not to be settled any more."""
        if any(each is subscription for each, _, _ in self._settled):
            self._settled = [entry for entry in self._settled if entry[0] is not subscription]
            self.broken = self.broken or why

    def commit(self, receipt: str | None) -> Commit:
        """Return the request; the deliveries in it are not open any more."""
        settles = [
            Settle(id=subscription.id, tags=subscription.settle(keys), outcome=outcome)
            for subscription, keys, outcome in self._settled
        ]
        return Commit(sends=self._sends, settles=settles, receipt=receipt)

    def abort(self) -> None:
        """Drop the messages; the deliveries are to be settled again."""
        for subscription, keys, _ in self._settled:
            subscription.give_back(keys)
