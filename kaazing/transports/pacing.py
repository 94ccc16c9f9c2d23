# -*- test-case-name: tests.transports.test_pacing,tests.transports.test_adapted_rates -*-
"""Rates: what a client sends to its backend waits until it may pass, in order.

A token bucket for messages and one for bytes, each of one second's worth. A message passes when each
holds its cost, or all that it can hold, and may leave a debt behind; so the longest message passes
at last, and the rate is kept however long they are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from kaazing.errors import Side
from kaazing.interfaces.adapters import Kind
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.services import Rates
from kaazing.transports.wheel import Wheel

LINGER = 30.0  # seconds in which the last messages of a session that is over keep their pace

_BINARY = int(Kind.BINARY)
_JOT = 1e-9  # of rounding
_LOOK = 1.0  # seconds after which it is seen that a channel has gone


class Bucket:
    """Fills with C{rate} tokens a second.

    Attributes:
        rate: tokens a second, at least 1; what it holds at most.
    """

    __slots__ = ("_at", "_level", "rate")

    def __init__(self, rate: int, now: float) -> None:
        self.rate, self._level, self._at = rate, float(rate), now

    def fill(self, now: float, *, brim: bool) -> None:
        """Add what has come since the last time; with C{brim}, what it cannot hold is lost."""
        self._level += self.rate * (now - self._at)
        self._at = now
        if brim and self._level > self.rate:
            self._level = float(self.rate)

    def lacks(self, cost: int) -> float:
        """Return the seconds until something of that cost may pass; 0 for now."""
        missing = min(cost, self.rate) - self._level
        return missing / self.rate if missing > _JOT else 0.0

    def take(self, cost: int) -> None:
        """Something passes."""
        self._level -= cost


class Paces(Protocol):
    """Who is told that an end must not be read."""

    def paced(self, side: Side, yes: bool) -> None:
        """Messages wait; or none do any longer."""


class Pacer:
    """Stands before the channel to a backend; takes what is sent to it, and its end.

    Nothing waits but the rest of one read of the client's, and what the gateway says behind that: the
    client is not read meanwhile, nor the backend once that is more than the channel's C{bound}.
    """

    def __init__(self, channel: IChannel, rates: Rates, wheel: Wheel, owner: Paces) -> None:
        self._channel, self._wheel, self._owner = channel, wheel, owner
        now = wheel.now()
        self._messages = Bucket(rates.messages, now) if rates.messages else None
        self._bytes = Bucket(rates.bytes, now) if rates.bytes else None
        self._waiting: deque[tuple[bytes, bool]] = deque()  # and whether it counts
        self._own = 0  # bytes of what waits and does not count
        self._last: Callable[[], None] | None = None  # to do when nothing waits any longer
        self._until: float | None = None  # no longer than this, once the session is over

    def send(self, data: bytes, kind: int) -> None:
        """Send what the gateway says itself: it does not count, but overtakes nothing."""
        if not self._waiting:
            self._channel.send(data, kind)
            return
        self._waiting.append((data, False))
        self._own += len(data)
        if self._own > self._channel.bound:
            self._owner.paced(Side.BACK, True)

    def send_all(self, messages: list[bytes], kind: int = _BINARY) -> None:
        """Send the client's messages as soon as they may pass."""
        brim = not self._waiting
        self._waiting.extend((message, True) for message in messages)
        self._go_on(self._wheel.now(), brim=brim)
        if self._waiting:
            self._owner.paced(Side.FRONT, True)

    def finish(self) -> None:
        """See L{IChannel}, when nothing waits any longer."""
        self._end(self._channel.finish)

    def drop(self) -> None:
        """See L{IChannel}, when nothing waits any longer, or after L{LINGER}; the rest is lost then."""
        if self._until is None:
            self._until = self._wheel.now() + LINGER
        self._end(self._channel.drop)

    def _end(self, last: Callable[[], None]) -> None:
        if self._waiting and self._channel.open:
            self._last = last
        else:
            last()

    def due(self, now: float) -> None:
        """Something may pass; called by the wheel."""
        self._go_on(now, brim=False)
        if not self._waiting:
            for side in Side:
                self._owner.paced(side, False)
            if self._last is not None:
                self._last()

    def _go_on(self, now: float, *, brim: bool) -> None:
        buckets = [bucket for bucket in (self._messages, self._bytes) if bucket is not None]
        for bucket in buckets:
            bucket.fill(now, brim=brim)
        going = self._passing(now)
        if going:
            self._channel.send_all(going, _BINARY)
        if self._waiting:
            self._wheel.put(self, now + min(self._lacking(), _LOOK))

    def _passing(self, now: float) -> list[bytes]:
        """Take out what may pass; all that waits is lost where nobody is there to take it."""
        going: list[bytes] = []
        waiting = self._waiting
        if not self._channel.open or (self._until is not None and now >= self._until):
            waiting.clear()
        while waiting:
            data, counts = waiting[0]
            if counts:
                if self._lacking():
                    break
                self._take(len(data))
            else:
                self._own -= len(data)
            waiting.popleft()
            going.append(data)
        return going

    def _lacking(self) -> float:
        """Return the seconds until the first message that waits may pass."""
        size = len(self._waiting[0][0])
        return max(
            self._messages.lacks(1) if self._messages is not None else 0.0,
            self._bytes.lacks(size) if self._bytes is not None else 0.0,
        )

    def _take(self, size: int) -> None:
        if self._messages is not None:
            self._messages.take(1)
        if self._bytes is not None:
            self._bytes.take(size)
