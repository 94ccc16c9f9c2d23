# -*- test-case-name: tests.transports.test_bounded -*-
"""A service with limits for its clients: connections of one user, and what one client may send."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing import tenure
from kaazing.config.model import LimitOptions
from kaazing.errors import BadRequest
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.services import IService, Rates, Visit, Welcome
from kaazing.limits import Alarm
from kaazing.literals import shown
from kaazing.transports.paced import PacedChannel
from kaazing.transports.wheel import Wheel

OF_USER = "maximum.connections.per.user"


def bounds(limits: LimitOptions, logs_in: bool) -> bool:
    """Return whether a service needs L{Bounded}; C{logs_in}: whether its clients have users."""
    return bool(limits.message_rate or limits.byte_rate or (logs_in and limits.connections_per_user))


class Places:
    """Connections of users; each user that has one is known here."""

    def __init__(self) -> None:
        self._of: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._of)

    def taken(self, user: str) -> int:
        """Return how many a user has."""
        return self._of.get(user, 0)

    def take(self, user: str) -> Place:
        """Give a user one more."""
        self._of[user] = self._of.get(user, 0) + 1
        return Place(self, user)

    def give_back(self, user: str) -> None:
        """A user has one less."""
        self._of[user] -= 1
        if not self._of[user]:
            del self._of[user]


class Place:
    """One connection of a user, from the invitation until it is gone; a L{tenure.Tenure}."""

    __slots__ = ("_places", "_user")

    def __init__(self, places: Places, user: str) -> None:
        self._places, self._user = places, user

    def gone(self) -> None:
        """See L{tenure.Tenure}."""
        self._places.give_back(self._user)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known of an invited client until its channel is there."""

    place: Place | None
    welcome: Welcome


@implementer(IService)
class Bounded:
    """See L{IService}; starts and stops with the service that is behind.

    Attributes:
        service: the one behind.
    """

    def __init__(self, service: Any, limits: LimitOptions, wheel: Wheel) -> None:
        self.service, self.name = service, service.name
        self._most, self._wheel = limits.connections_per_user, wheel
        self._rates = Rates(messages=limits.message_rate, bytes=limits.byte_rate)
        self._paces = bool(limits.message_rate or limits.byte_rate)
        self._places = Places()
        self._alarm = Alarm(f"service {service.name!r}", wheel.now)

    def startService(self) -> None:
        """See L{IService}."""
        self.service.startService()

    def stopService(self) -> Any:
        """See L{IService}."""
        return self.service.stopService()

    def invite(self, visit: Visit) -> Any:
        """See L{IService}.

        Raises:
            BadRequest: 429, the user has as many connections as one may have.
        """
        place = self._place(visit)
        try:
            welcome = self.service.invite(visit)
        except Exception:
            if place is not None:
                place.gone()
            raise
        if isinstance(welcome, Deferred):
            return welcome.addCallbacks(
                _kept, _given_back, callbackArgs=(place,), errbackArgs=(place,)
            )  # fmt: skip
        return _kept(welcome, place)

    def _place(self, visit: Visit) -> Place | None:
        user = visit.subject.user if visit.subject is not None else ""
        if not self._most or not user:
            return None
        if self._places.taken(user) >= self._most:
            self._alarm.reached(OF_USER, visit.peer, f"(user {shown(user)}) turned away")
            raise BadRequest(
                429, "too many connections of this user", rule=OF_USER, headers=((b"Retry-After", b"1"),)
            )
        return self._places.take(user)

    def accepted(self, channel: IChannel, welcome: Welcome) -> None:
        """See L{IService}."""
        kept = welcome.keep
        if kept.place is not None:
            tenure.begin(channel, kept.place)
        if self._paces:
            channel = PacedChannel(channel, self._rates, self._wheel, self._alarm)
        self.service.accepted(channel, kept.welcome)

    def declined(self, welcome: Welcome) -> None:
        """See L{IService}."""
        kept = welcome.keep
        if kept.place is not None:
            kept.place.gone()
        self.service.declined(kept.welcome)

    def resource(self, accept: Any) -> Any:
        """See L{IService}."""
        return self.service.resource(accept)

    def entry(self, accept: Any) -> Any:
        """See L{IService}."""
        return self.service.entry(accept)


def _kept(welcome: Welcome, place: Place | None) -> Welcome:
    return replace(welcome, keep=_Kept(place, welcome))


def _given_back(why: Failure, place: Place | None) -> Failure:
    if place is not None:
        place.gone()
    return why
