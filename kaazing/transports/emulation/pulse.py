# -*- test-case-name: tests.transports.emulation.test_pulse -*-
"""Whether a client is still there: PINGs where nothing comes, and how long their answers take."""

from __future__ import annotations

NEVER = float("inf")


class Pulse:
    """Looked at each half of the time that a client may be silent.

    Attributes:
        latency: seconds that the last PING took to be answered; None for never.
        look: when L{beat} wants to be called next; L{NEVER} where nothing is looked at.
    """

    __slots__ = ("_half", "_heard", "_ping_at", "_silent", "latency", "look")

    def __init__(self, now: float, inactivity: float) -> None:
        """C{inactivity} is what the client may be silent, seconds; 0 for ever."""
        self._half = inactivity / 2 or NEVER
        self.look = now + self._half
        self.latency: float | None = None
        self._heard = self._silent = False
        self._ping_at: float | None = None

    def hear(self) -> None:
        """Something came."""
        self._heard = True

    def ponged(self, now: float) -> None:
        """PONG came; one that nobody asked for says nothing."""
        if self._ping_at is not None:
            self.latency = now - self._ping_at
            self._ping_at = None

    def beat(self, now: float, deaf: bool) -> bool | None:
        """Look for silence.

        Args:
            deaf: nothing can be heard, because it is not read or nothing is there to answer.

        Returns:
            Whether to send PING; None where one was sent and nothing came: the client is gone.
        """
        if now < self.look:
            return False
        self.look = now + self._half
        if self._heard or deaf:
            self._heard = self._silent = False
            return False
        if self._silent:
            return None
        self._silent = True
        self._ping_at = now
        return True
