# -*- test-case-name: tests.transports.emulation.test_registry -*-
"""Emulated sessions by their ids, which nobody can guess and which name their owner."""

from __future__ import annotations

import secrets
import string
from collections import Counter
from typing import Any

from kaazing.errors import BadRequest
from kaazing.metrics import LIMITED
from kaazing.wire.addresses import place, split

OWNER = 6
"""Characters at the beginning of an id that name the process which has the session."""

MOST_LONELY = 10_000
"""Sessions that may wait for their first downstream at once: each is memory that no connection pays for."""

MOST_OF_ONE = 1000
"""The same for one address, or one /64 network of IPv6, so that nobody keeps all others out."""

WAITING, WAITING_OF_ONE = "emulated.sessions", "emulated.sessions.per.address"  # as counters have them

_DIGITS = string.digits + string.ascii_letters
_LENGTH = 32  # characters of an id


class Registry:
    """All emulated sessions of this process.

    Attributes:
        owner: what this process's ids begin with.
        lonely: how many sessions wait for their first downstream.
    """

    def __init__(self) -> None:
        self.owner = _random(OWNER)
        self.lonely = 0
        self._lonely_of: Counter[str | bytes] = Counter()
        self._sessions: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def admit(self, peer: str) -> None:
        """Let a client at C{peer} create one more session.

        Raises:
            BadRequest: 503, too many are waiting for their first downstream; 429, too many of that address.
        """
        if self.lonely >= MOST_LONELY:
            LIMITED.labels(limit=WAITING).inc()
            raise BadRequest(
                503, f"{MOST_LONELY} emulated sessions wait for a downstream", rule="RFC 9110 section 15.6.4"
            )
        if self._lonely_of[_place(peer)] >= MOST_OF_ONE:
            LIMITED.labels(limit=WAITING_OF_ONE).inc()
            raise BadRequest(
                429,
                f"{MOST_OF_ONE} emulated sessions of one address wait for a downstream",
                rule="RFC 6585 section 4",
            )

    def waits(self, peer: str) -> None:
        """A session of a client at C{peer} begins to wait for its first downstream."""
        self.lonely += 1
        self._lonely_of[_place(peer)] += 1

    def waits_no_more(self, peer: str) -> None:
        """It has one, or is over without."""
        self.lonely -= 1
        place = _place(peer)
        self._lonely_of[place] -= 1
        if not self._lonely_of[place]:
            del self._lonely_of[place]

    def add(self, session: Any) -> str:
        """Keep a session; return its id."""
        name = self.owner + _random(_LENGTH - OWNER)
        self._sessions[name] = session
        return name

    def find(self, name: str) -> Any:
        """Return the session of that very id, None for none."""
        return self._sessions.get(name)

    def remove(self, name: str) -> None:
        """Forget a session; nothing happens when it is not there."""
        self._sessions.pop(name, None)


def _place(peer: str) -> str | bytes:
    """Return what stands for all addresses that one client may have."""
    return place(split(peer)[0])


def _random(length: int) -> str:
    number = secrets.randbelow(62**length)
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(digits)
