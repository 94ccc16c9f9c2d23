# -*- test-case-name: tests.transports.test_seats -*-
"""One receiver of an audience: who it is told with, and what waits for it while it is slow."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger
from zope.interface import implementer

from kaazing.closecodes import POLICY
from kaazing.interfaces.channels import IChannel, IReceiver
from kaazing.interfaces.feeds import Event, IForm, ISeat, ISpreadable
from kaazing.transports.backlog import Backlog
from kaazing.transports.forms import Alike, alike, runs, seen

if TYPE_CHECKING:
    from kaazing.transports.audience import Audience

PATIENCE = 5.0  # seconds to take what waits at the end, to go when finished, and again when dropped
CHUNK = 64 * 1024  # bytes of waiting events that are written at once

_log = Logger(namespace="kaazing.audience")


def _nowhere() -> int:
    """Descriptor of a channel that must be told no more."""
    return -1


class Seat:
    """See the module.

    Attributes:
        channel: whose it is.
        key: under which the audience knows it.
        form: of the channel; None where each has bytes of its own.
        group: those who are written to together; None where there is no form.
        descriptor: of the channel; only where it has a form.
        slow: whether events have to wait for it.
    """

    __slots__ = (
        "_audience", "_backlog", "_congested", "_dropped", "_last", "_parts", "_spreadable",
        "channel", "descriptor", "form", "group", "key", "slow",
    )  # fmt: skip

    def __init__(self, audience: Audience, channel: IChannel, key: Hashable) -> None:
        self._audience, self.channel, self.key = audience, channel, key
        spreadable: Any = ISpreadable(channel, None)
        self.form: IForm | None = None if spreadable is None else spreadable.form
        self.group: IForm | Alike | None = self.form
        self._spreadable = spreadable
        self.descriptor: Any = None if spreadable is None else spreadable.descriptor
        self._backlog: Backlog | None = None
        self.slow = self._congested = self._parts = self._dropped = False
        self._last: tuple[int, str] | None = None  # how to finish once all is taken

    def seen(self, events: list[Any]) -> list[Event]:
        """Return what events look like to it."""
        return events

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
            if self.put(self.form.encode(self.seen(events))):
                audience.delivered += len(events)
        elif self.channel.open:
            try:
                for messages, kind in runs(self.seen(events)):
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
            events = self._backlog.take(CHUNK, self._audience.wheel.now())
            if events:
                self._say(events)
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
        """Tell the channel no more, not even what others are being told just now."""
        self._parts = True
        self._backlog = None
        self.descriptor = _nowhere
        self._audience.wheel.take(self)

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
        if self.channel.open:  # and not finished already, for being slow elsewhere
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

    def lost(self) -> None:
        """The channel is gone."""
        self._parts = True
        self._backlog = None
        self._audience.wheel.take(self)
        self._audience.lost(self)

    def congested(self) -> None:
        """See L{IReceiver}."""
        self._congested = True
        if not self._parts:
            self._slower()

    def drained(self) -> None:
        """See L{IReceiver}."""
        self._congested = False
        if not self._parts:
            self._catch_up()


@implementer(IReceiver)
class JoinedSeat(Seat):
    """In front of its channel's receiver, to hear when it is slow or gone."""

    __slots__ = ("_receiver",)

    def __init__(self, audience: Audience, channel: IChannel) -> None:
        super().__init__(audience, channel, channel)
        self._receiver: IReceiver = channel.receiver
        channel.receiver = self

    def vacate(self) -> None:
        """As L{Seat.vacate}; the channel is given back to its receiver."""
        super().vacate()
        if self.channel.receiver is self:
            self.channel.receiver = self._receiver

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}."""
        self._receiver.received(data, kind)

    def ended(self) -> None:
        """See L{IReceiver}."""
        self._receiver.ended()

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}."""
        self._receiver.failed(why)

    def lost(self, why: Exception | None = None) -> None:
        """See L{IReceiver}."""
        super().lost()
        self._receiver.lost(why)

    def congested(self) -> None:
        """See L{IReceiver}."""
        super().congested()
        self._receiver.congested()

    def drained(self) -> None:
        """See L{IReceiver}."""
        super().drained()
        self._receiver.drained()


@implementer(ISeat)
class OwnedSeat(Seat):
    """One whose channel has an owner, who tells it what the channel says; see L{ISeat}.

    Attributes:
        own: what is put in for it.
    """

    __slots__ = ("_look", "own")

    def __init__(self, audience: Audience, channel: IChannel, key: Hashable, place: int, **told: Any) -> None:
        """C{key}: under which the audience knows it; C{place}: which of its channel's it is there."""
        super().__init__(audience, channel, key)
        self._look: Hashable = told["look"]
        self.own: bytes = told["own"]
        self.group = alike(self.form, self._look, self.own, place)
        self.slow = self._congested = told["congested"]

    def seen(self, events: list[Any]) -> list[Event]:
        """See L{Seat.seen}."""
        return seen(events, self._look, self.own)

    def leave(self) -> None:
        """See L{ISeat}."""
        self._audience.release(self)
