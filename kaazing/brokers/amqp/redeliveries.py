# -*- test-case-name: tests.brokers.amqp.test_redeliveries -*-
"""How often messages were given back that have no id by which others could count: those of other clients of
AMQP, out of queues that do not count."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b

MOST = 10_000
"""Messages that are remembered, those given back longest ago are not."""


def digest(queue: str, properties: bytes, body: bytes) -> bytes:
    """Return what a message is known by when it comes again."""
    of = blake2b(queue.encode() + b"\0" + len(properties).to_bytes(4, "big") + properties, digest_size=16)
    of.update(body)
    return of.digest()


class Redeliveries:
    """Those of one connection. Messages that are alike in all are one here, which makes them dead sooner at
    worst, and never one of them lost."""

    def __init__(self) -> None:
        self._counts: OrderedDict[bytes, int] = OrderedDict()

    def released(self, known_by: bytes) -> None:
        """A message was given back."""
        self._counts[known_by] = self._counts.pop(known_by, 0) + 1
        if len(self._counts) > MOST:
            self._counts.popitem(last=False)

    def settled(self, known_by: bytes) -> None:
        """A message does not come again."""
        self._counts.pop(known_by, None)

    def deliveries(self, known_by: bytes) -> int:
        """Return how often a message was given out, this time included; 0 where that is not known."""
        count = self._counts.get(known_by, 0)
        return count + 1 if count else 0
