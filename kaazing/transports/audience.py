# -*- test-case-name: tests.transports.test_audience -*-
"""All receivers of one feed: told together while they keep up, each by itself while it does not.

Those that keep up and look alike on the wire are written to in one C loop. No descriptor is kept
between two loops: each is asked for right before, so none can have become a stranger's.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from zope.interface import implementer

from kaazing.closecodes import GOING_AWAY
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.feeds import Counts, Event, IAudience, IForm, IRendered, Slow
from kaazing.transports.backlog import cost
from kaazing.transports.forms import Alike
from kaazing.transports.seats import JoinedSeat, OwnedSeat, Seat
from kaazing.transports.sessions import Sessions
from kaazing.transports.wheel import Wheel
from kaazing.wire.spread import filled, spread

_BATCH = 256 * 1024  # bytes of events that share a write at most


class _Presence:
    """An audience with somebody in it, as a session that the gateway awaits when it stops."""

    def __init__(self, audience: Audience) -> None:
        self._audience, self.service = audience, audience.service

    def leave(self) -> None:
        """See L{kaazing.transports.sessions.Session}."""
        self._audience.close(GOING_AWAY, "the gateway goes away")


@implementer(IAudience)
class Audience(Counts):
    """See L{IAudience}.

    Attributes:
        service: for which it is.
        policy: what is done with those that are slow.
        wheel: for deadlines of those that are slow.
    """

    def __init__(self, sessions: Sessions, service: str, policy: Slow, wheel: Wheel) -> None:
        super().__init__()
        self.service, self.policy, self.wheel = service, policy, wheel
        self._sessions, self._clock = sessions, wheel.clock
        self._presence = _Presence(self)
        self._seats: dict[Any, Seat] = {}
        self._parting: set[Seat] = set()  # finished, but not gone yet
        self._quick: dict[IForm | Alike | None, dict[Seat, None]] = {}
        self._slow: dict[Seat, None] = {}
        self._batch: list[Any] = []  # an L{Event} or an L{IRendered} each
        self._batched = 0  # bytes of the batch
        self._newcomers: dict[Seat, int] = {}  # and how much of the batch came before them
        self._call: Any = None
        self._began = -policy.coalesce  # when the last write began
        self._busy = False

    @property
    def receivers(self) -> int:
        """See L{IAudience}."""
        return len(self._seats)

    # Coming and going

    def join(self, channel: IChannel, missed: Sequence[Event] = ()) -> None:
        """See L{IAudience}."""
        if channel in self._seats or not channel.open:
            return
        self._sessions.opened(self._presence)
        self._seat(JoinedSeat(self, channel), missed)

    def seat(
        self,
        channel: IChannel,
        look: Hashable,
        own: bytes,
        missed: Sequence[Any] = (),
        congested: bool = False,
    ) -> OwnedSeat:
        """See L{IAudience}."""
        place = 0
        key: Hashable = channel
        while key in self._seats:
            place += 1
            key = channel, place
        seat = OwnedSeat(self, channel, key, place, look=look, own=own, congested=congested)
        if channel.open:
            self._seat(seat, missed)
        return seat

    def _seat(self, seat: Seat, missed: Sequence[Any]) -> None:
        self._seats[seat.key] = seat
        if self._batch:
            self._newcomers[seat] = len(self._batch)
        else:
            self._place(seat)
        seat.begin(missed)

    def leave(self, channel: IChannel) -> None:
        """See L{IAudience}."""
        seat = self._seats.get(channel)
        if isinstance(seat, JoinedSeat):
            self.release(seat)

    def release(self, seat: Seat) -> None:
        """Tell a seat's channel no more; nothing happens when it is not there."""
        if self._seats.get(seat.key) is seat:
            self._remove(seat)
            seat.vacate()
            self._check_empty()

    def part(self, seat: Seat, code: int, reason: str) -> None:
        """Finish a seat's channel, and see to it that it goes."""
        self._remove(seat)
        self._parting.add(seat)
        seat.part(code, reason)

    def lost(self, seat: Seat) -> None:
        """A seat's channel is gone; called by the seat."""
        self._parting.discard(seat)
        if self._seats.get(seat.key) is seat:
            self._remove(seat)
        self._check_empty()

    def _remove(self, seat: Seat) -> None:
        del self._seats[seat.key]
        self._newcomers.pop(seat, None)
        self._displace(seat)

    def _displace(self, seat: Seat) -> None:
        self._slow.pop(seat, None)
        alike = self._quick.get(seat.group)
        if alike is not None:
            alike.pop(seat, None)
            if not alike:
                del self._quick[seat.group]

    def _check_empty(self) -> None:
        if not self._seats and not self._parting:
            self._sessions.gone(self._presence)

    def _place(self, seat: Seat) -> None:
        if seat.slow:
            self._slow[seat] = None
        else:
            self._quick.setdefault(seat.group, {})[seat] = None

    def moved(self, seat: Seat) -> None:
        """A seat has become slow, or quick again; called by the seat."""
        if seat in self._newcomers or self._seats.get(seat.key) is not seat:
            return
        self._displace(seat)
        self._place(seat)

    def close(self, code: int, reason: str) -> None:
        """See L{IAudience}."""
        self._flush()
        for seat in list(self._seats.values()):
            if self._seats.get(seat.key) is seat:
                seat.close(code, reason)

    # Telling

    def publish(self, event: Event | IRendered) -> None:
        """See L{IAudience}."""
        if not self._seats:
            return
        self._batch.append(event)
        self._batched += cost(event)
        if not self.policy.coalesce or self._batched >= _BATCH:
            self._flush()
        elif self._call is None:
            due = self._began + self.policy.coalesce - self._clock.seconds()
            self._call = self._clock.callLater(max(due, 0), self._called)

    def _called(self) -> None:
        self._call = None
        self._flush()

    def _flush(self) -> None:
        """Tell everybody what came since the last time, in one write."""
        if self._busy:  # what is published meanwhile is told behind it
            return
        self._busy = True
        try:
            while self._batch:
                self._began = self._clock.seconds()
                self._tell_all()
        finally:
            self._busy = False
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _tell_all(self) -> None:
        batch, self._batch, self._batched = self._batch, [], 0
        newcomers, self._newcomers = self._newcomers, {}
        quick = [(group, list(alike)) for group, alike in self._quick.items()]
        slow = list(self._slow)
        for seat in newcomers:
            self._place(seat)
        for group, seats in quick:
            if group is None:
                for seat in seats:
                    seat.tell(batch)
            elif isinstance(group, Alike):
                self._spread_own(group, seats, batch)
            else:
                self._spread(group, seats, batch)
        for seat in slow:
            seat.tell(batch)
        for seat, before in newcomers.items():
            seat.tell(batch[before:])

    def _spread(self, form: IForm, seats: list[Seat], batch: list[Event]) -> None:
        data = form.encode(batch)
        count = len(batch)
        self.delivered += count * len(seats)
        for index, sent in spread([seat.descriptor() for seat in seats], data):
            if not seats[index].put(data[sent:]):
                self.delivered -= count

    def _spread_own(self, group: Alike, seats: list[Any], batch: list[Any]) -> None:
        if group.place:  # another place of the same channel may have filled it just now
            for seat in seats:
                if seat.slow:
                    seat.tell(batch)
            seats = [seat for seat in seats if not seat.slow]
            if not seats:
                return
        owns = [seat.own for seat in seats]
        data, holes = group.encode(batch, owns[0])
        count = len(batch)
        self.delivered += count * len(seats)
        for index, sent in spread([seat.descriptor() for seat in seats], data, holes, owns):
            if not seats[index].put(filled(data, holes, owns[index])[sent:]):
                self.delivered -= count
