# -*- test-case-name: tests.brokers.test_waiting -*-
"""Messages that wait for a connection to the broker, within bounds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred, fail

from kaazing.errors import BrokerLost
from kaazing.interfaces.brokers import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What may wait while there is no connection; 0 messages for none.

    Attributes:
        seconds: each message may wait.
    """

    messages: int = 1000
    bytes: int = 16 * 1024 * 1024
    seconds: float = 10.0


@dataclass(slots=True, eq=False)
class _Letter:
    message: Message
    sender: Hashable
    size: int
    until: float
    taken: Deferred[None]


class WaitingSends:
    """Messages in the order in which they came.

    Attributes:
        bytes: of all that wait.
    """

    def __init__(self, bounds: Waiting, clock: Any, late: Callable[[], None] = lambda: None) -> None:
        """C{late}: told of each that was not taken."""
        self.bytes = 0
        self._bounds, self._clock, self._told = bounds, clock, late
        self._letters: deque[_Letter] = deque()
        self._timer: Any = None

    def __len__(self) -> int:
        return len(self._letters)

    def put(self, message: Message, sender: Hashable) -> Deferred[None]:
        """Let a message wait; return a Deferred for whoever takes it to fire.

        It fails with BrokerLost where there is no room, and when it has waited long enough.
        """
        size = message.size
        if len(self._letters) >= self._bounds.messages or self.bytes + size > self._bounds.bytes:
            self._told()
            return fail(BrokerLost("the broker is away, and too many messages wait for it already"))
        taken: Deferred[None] = Deferred()
        until = self._clock.seconds() + self._bounds.seconds
        self._letters.append(_Letter(message, sender, size, until, taken))
        self.bytes += size
        if self._timer is None:
            self._timer = self._clock.callLater(self._bounds.seconds, self._late)
        return taken

    def next(self) -> tuple[Message, Hashable, Deferred[None]] | None:
        """Take the one that has waited longest: message, sender, and the Deferred; None where none waits."""
        if not self._letters:
            return None
        letter = self._take()
        return letter.message, letter.sender, letter.taken

    def fail(self, why: str) -> None:
        """None of them will be sent."""
        self._fail([self._take() for _ in range(len(self._letters))], why)

    def _take(self) -> _Letter:
        letter = self._letters.popleft()
        self.bytes -= letter.size
        if not self._letters and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return letter

    def _late(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        late = []
        while self._letters and self._letters[0].until <= now:
            late.append(self._take())
        if self._letters:
            self._timer = self._clock.callLater(self._letters[0].until - now, self._late)
        self._fail(late, f"the broker has been away for {self._bounds.seconds:g} seconds; nothing was sent")

    def _fail(self, letters: list[_Letter], why: str) -> None:
        for letter in letters:
            self._told()
            letter.taken.errback(BrokerLost(why))
