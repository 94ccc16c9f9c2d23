# -*- test-case-name: tests.brokers.test_handed -*-
"""Which messages consumers have had, for when a connection is lost and they come again.

A broker that died knows what it holds, but not whom it had given it to: ActiveMQ writes that down only if
told so (persistJMSRedelivered), Artemis too (persist-delivery-count-before-delivery), and neither at once.
docs/decisions/0183-redelivered-after-a-crash.md
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

RECENT = 10_000
"""Messages that were settled last: the broker may have died before it was told."""

SUSPECT = 100_000
"""Messages that may come again; those that were lost longest ago are forgotten first."""

Key = tuple[str, str]
"""A queue or durable subscription, and a message's id there."""


class Handed:
    """The messages of one broker."""

    def __init__(self) -> None:
        self._recent: OrderedDict[Key, None] = OrderedDict()
        self._suspects: OrderedDict[Key, None] = OrderedDict()

    def settled(self, key: Key) -> None:
        """A consumer is done with a message, or has given it back."""
        self._recent[key] = None
        if len(self._recent) > RECENT:
            self._recent.popitem(last=False)

    def lost(self, out: Iterable[Key] = ()) -> None:
        """A connection is lost: what was C{out} comes again, what was settled may."""
        suspects = self._suspects
        suspects.update(self._recent)
        suspects.update(dict.fromkeys(out))
        self._recent.clear()
        while len(suspects) > SUSPECT:
            suspects.popitem(last=False)

    def again(self, key: Key) -> bool:
        """Return whether a message that comes may have been with a consumer when a connection was lost."""
        if key not in self._suspects:
            return False
        del self._suspects[key]
        return True
