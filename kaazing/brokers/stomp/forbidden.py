# -*- test-case-name: tests.brokers.stomp.test_forbidden -*-
"""What a broker has given no access to, remembered over the connection that it ended for that.

RabbitMQ hangs up on whoever asks for what its login may not have; a client that asks again and again would
keep all others from the broker.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

SECONDS = 60.0
"""For which it is not asked again."""

MOST = 1000
"""Destinations that are remembered, of one login at one broker, and such logins; the oldest go first."""

_REFUSAL = "access_refused"
"""RabbitMQ's word, at the beginning of an ERROR."""


class Forbidden:
    """What one login may not have: commands with their destinations."""

    def __init__(self) -> None:
        self._until: OrderedDict[tuple[str, str], float] = OrderedDict()

    def refused(self, command: str, what: str, said: str, now: float) -> None:
        """The broker has refused something, with the text C{said}."""
        if said.startswith(_REFUSAL):
            self._until[command, what] = now + SECONDS
            self._until.move_to_end((command, what))
            if len(self._until) > MOST:
                self._until.popitem(last=False)

    def forbids(self, command: str, what: str, now: float) -> bool:
        """Return whether the broker is not to be asked."""
        return self._until.get((command, what), 0.0) > now


class Memory:
    """Of all logins."""

    def __init__(self) -> None:
        self._of: OrderedDict[Hashable, Forbidden] = OrderedDict()

    def of(self, who: Hashable) -> Forbidden:
        """Return what somebody may not have, the same as before."""
        found = self._of.setdefault(who, Forbidden())
        self._of.move_to_end(who)
        if len(self._of) > MOST:
            self._of.popitem(last=False)
        return found
