# -*- test-case-name: tests.transports.emulation.test_registry -*-
"""Emulated sessions by their ids, which nobody can guess and which name their owner."""

from __future__ import annotations

import secrets
import string
from typing import Any

from kaazing.errors import BadRequest

OWNER = 6
"""Characters at the beginning of an id that name the process which has the session."""

MOST_LONELY = 10_000
"""Sessions that may wait for their first downstream at once: each is memory that no connection pays for."""

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
        self._sessions: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def admit(self) -> None:
        """Let one more session be created.

        Raises:
            BadRequest: 503, too many are waiting for their first downstream.
        """
        if self.lonely >= MOST_LONELY:
            raise BadRequest(
                503, f"{MOST_LONELY} emulated sessions wait for a downstream", rule="RFC 9110 section 15.6.4"
            )

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


def _random(length: int) -> str:
    number = secrets.randbelow(62**length)
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(digits)
