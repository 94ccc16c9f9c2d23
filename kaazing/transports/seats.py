# -*- test-case-name: tests.transports.test_seats -*-
"""One receiver of an audience: in front of its channel's receiver, to hear when it is slow or gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger
from zope.interface import implementer

from kaazing.closecodes import POLICY
from kaazing.interfaces.channels import IChannel, IReceiver
from kaazing.interfaces.feeds import Event, IForm
from kaazing.transports.backlog import Backlog
from kaazing.transports.forms import runs

if TYPE_CHECKING:
    from kaazing.transports.audience import Audience

PATIENCE = 5.0  # seconds to take what waits at the end, to go when finished, and again when dropped
CHUNK = 64 * 1024  # bytes of waiting events that are written at once

_log = Logger(namespace="kaazing.audience")


@implementer(IReceiver)
class Seat:
    """See the module.

    Attributes:
        channel: whose it is.
        form: of the channel; None where each has bytes of its own.
        descriptor: of the channel; only where it has a form.
        slow: whether events have to wait for it.
    """

    __slots__ = (
        "_audience", "_backlog", "_congested", "_dropped", "_last", "_parts", "_receiver", "_spreadable",
        "channel", "descriptor", "form", "slow",
    )  # fmt: skip

    def __init__(self, audience: Audience, channel: IChannel, spreadable: Any) -> None:
        self._audience, self.channel = audience, channel
        self.form: IForm | None = None if spreadable is None else spreadable.form
        self._spreadable = spreadable
        self.descriptor: Any = None if spreadable is None else spreadable.descriptor
        self._receiver: IReceiver = channel.receiver
        self._backlog: Backlog | None = None
        self.slow = self._congested = self._parts = self._dropped = False
        self._last: tuple[int, str] | None = None  # how to finish once all is taken
        channel.receiver = self

    # Telling

    def begin(self, missed: Sequence[Event]) -> None:
        """Tell what the channel missed, and what comes meanwhile behind it."""
        if missed:
            audience = self._audience
            self._backlog = Backlog(audience.policy, audience, missed, audience.wheel.now())
            self._watch_age()
            self._slower()
            self._catch_up()

    def tell(self, events: list[Event]) -> None:
        """Tell events now, or when the channel has taken what is before them; not once it was finished."""
        if self._parts:
            return
        if not self.slow:
            self._say(events)
            return
        audience = self._audience
        now = audience.wheel.now()
        if self._backlog is None:
            self._backlog = Backlog(audience.policy, audience, (), now)
        fresh = not self._backlog
        fault = self._backlog.add(events, now)
        if fault:
            self._disconnect(fault)
        elif fresh:
            self._watch_age()

    def put(self, data: bytes) -> bool:
        """Write encoded bytes; return whether the channel was there for them."""
        if self._parts or not self.channel.open:
            return False
        try:
            self._spreadable.put(data)
        except Exception:
            self._failed()
            return False
        return True

    def _say(self, events: list[Event]) -> None:
        audience = self._audience
        if self.form is not None:
            if self.put(self.form.encode(events)):
                audience.delivered += len(events)
        elif self.channel.open:
            try:
                for messages, kind in runs(events):
                    self.channel.send_all(messages, kind)
                audience.delivered += len(events)
            except Exception:
                self._failed()

    def _failed(self) -> None:
        """One that fails must not keep the others from their events."""
        _log.failure("{peer} could not be told", peer=self.channel.peer)
        self._parts = True
        self.channel.abort()

    def _catch_up(self) -> None:
        while self._backlog and not self._congested:
            self._say(self._backlog.take(CHUNK))
        if self.slow and not self._congested and not self._parts:
            self._backlog = None
            if self._last is not None:
                self._audience.part(self, *self._last)
                return
            self.slow = False
            self._audience.moved(self)

    def _slower(self) -> None:
        if not self.slow:
            self.slow = True
            self._audience.moved(self)

    # Parting

    def vacate(self) -> None:
        """Give the channel back to its receiver."""
        self._parts = True
        self._backlog = None
        self._audience.wheel.take(self)
        if self.channel.receiver is self:
            self.channel.receiver = self._receiver

    def close(self, code: int, reason: str) -> None:
        """Finish the channel when it has taken what waits for it, which is written as it takes it, or
        when its time for that is over."""
        if not self._backlog:
            self._audience.part(self, code, reason)
        elif self._last is None:
            self._last = code, reason
            wheel = self._audience.wheel
            wheel.put(self, wheel.now() + PATIENCE)

    def part(self, code: int, reason: str) -> None:
        """Finish the channel; drop it, then abort it, when it stays."""
        self._parts = True
        self._backlog = None
        wheel = self._audience.wheel
        wheel.put(self, wheel.now() + PATIENCE)
        self.channel.finish(code, reason)

    def _disconnect(self, why: str) -> None:
        audience = self._audience
        if self._backlog is not None:
            audience.dropped += len(self._backlog)
        audience.disconnected += 1
        audience.part(self, POLICY, f"too slow: {why}")

    def _watch_age(self) -> None:
        age = self._audience.policy.age
        if age and self._backlog:
            self._audience.wheel.put(self, self._backlog.oldest() + age)

    def due(self, now: float) -> float | None:
        """Called by the wheel: events are too old, or the channel should be gone."""
        if not self._parts:
            return self._expire(now)
        if self._dropped:
            self.channel.abort()
            return None
        self._dropped = True
        self.channel.drop()
        return now + PATIENCE

    def _expire(self, now: float) -> float | None:
        backlog = self._backlog
        if not backlog:
            return None
        if self._last is not None:
            self._audience.dropped += len(backlog)
            self._audience.part(self, *self._last)
            return now + PATIENCE
        fault = backlog.expire(now)
        if fault:
            self._disconnect(fault)
            return now + PATIENCE
        return backlog.oldest() + self._audience.policy.age if backlog else None

    # What the channel says

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}."""
        self._receiver.received(data, kind)

    def ended(self) -> None:
        """See L{IReceiver}."""
        self._receiver.ended()

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}."""
        self._receiver.failed(why)

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""
        self._parts = True
        self._backlog = None
        self._audience.wheel.take(self)
        self._audience.lost(self)
        self._receiver.lost(why)

    def congested(self) -> None:
        """See L{IReceiver}."""
        self._congested = True
        if not self._parts:
            self._slower()
        self._receiver.congested()

    def drained(self) -> None:
        """See L{IReceiver}."""
        self._congested = False
        if not self._parts:
            self._catch_up()
        self._receiver.drained()
