# -*- test-case-name: tests.security.test_guarded -*-
"""A service behind a guard: the guard decides about each visit before the service hears of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.services import IService, Visit, Welcome
from kaazing.security.carriers import Load, unload
from kaazing.security.lifetime import Lifetimes


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known of a client that is let in, until its channel is there.

    Attributes:
        visit: as the service saw it.
        welcome: the service's own.
        renews: whether it renews its login in the connection.
    """

    visit: Visit
    welcome: Welcome
    renews: bool


@implementer(IService)
class Guarded:
    """See L{IService}; starts and stops with the service that is behind.

    Attributes:
        service: the one behind.
        guard: an L{IGuard}; asked first, but about clients that have logged in at the door
            (L{Visit.subject}).
    """

    def __init__(
        self, service: Any, guard: Any, lifetimes: Lifetimes | None = None, timeout: float = 0.0
    ) -> None:
        """
        Args:
            lifetimes: knows how long a client may stay; None where all may stay for ever.
            timeout: longest stay, seconds; 0 for any.
        """
        self.service, self.guard, self.name = service, guard, service.name
        self._lifetimes, self._timeout = lifetimes, timeout

    def startService(self) -> None:
        """See L{IService}."""
        self.service.startService()

    def stopService(self) -> Any:
        """See L{IService}."""
        return self.service.stopService()

    def invite(self, visit: Visit) -> Any:
        """See L{IService}; raises, or fails with, what L{IGuard.admit} does too."""
        load = unload(visit)
        if visit.subject is not None:
            return self._invite(load.visit, load)
        admitted = self.guard.admit(visit)
        if isinstance(admitted, Deferred):
            return admitted.addCallback(self._invite, load)
        return self._invite(admitted, load)

    def _invite(self, visit: Visit, load: Load) -> Any:
        welcome = self.service.invite(visit)
        if isinstance(welcome, Deferred):
            return welcome.addCallback(_kept, visit, load)
        return _kept(welcome, visit, load)

    def accepted(self, channel: IChannel, welcome: Welcome) -> None:
        """See L{IService}."""
        kept = welcome.keep
        self.service.accepted(self.stay(channel, kept.visit, kept.renews), kept.welcome)

    def stay(self, channel: IChannel, visit: Visit, renews: bool = False) -> IChannel:
        """Begin the time of a client that was let in; return the channel that the service is to have.

        Args:
            renews: whether it renews its login in the connection.
        """
        if self._lifetimes is None:
            return channel
        begun: IChannel = self._lifetimes.begin(
            channel,
            visit,
            service=self.name,
            guard=self.guard,
            timeout=self._timeout,
            renews=renews,
        )
        return begun

    def declined(self, welcome: Welcome) -> None:
        """See L{IService}."""
        self.service.declined(welcome.keep.welcome)

    def resource(self, accept: Any) -> Any:
        """See L{IService}."""
        return self.service.resource(accept)

    def entry(self, accept: Any) -> Any:
        """See L{IService}."""
        return self.service.entry(accept)


def _kept(welcome: Welcome, visit: Visit, load: Load) -> Welcome:
    """Return the welcome that the door sees; a browser wants some subprotocol echoed that it offered."""
    return Welcome(
        load.echo if welcome.subprotocol is None else welcome.subprotocol,
        _Kept(visit, welcome, load.renews),
        welcome.at,
        (*visit.fields, *welcome.fields),
    )
