# -*- test-case-name: tests.security.test_guarded -*-
"""A service behind a guard: the guard decides about each visit before the service hears of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.services import IService, Visit, Welcome


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known of a client that is let in, until its channel is there.

    Attributes:
        visit: as the service saw it.
        welcome: the service's own.
    """

    visit: Visit
    welcome: Welcome


@implementer(IService)
class Guarded:
    """See L{IService}; starts and stops with the service that is behind.

    Attributes:
        service: the one behind.
        guard: an L{IGuard}; asked first, but about clients that have logged in at the door
            (L{Visit.subject}).
    """

    def __init__(self, service: Any, guard: Any) -> None:
        self.service, self.guard, self.name = service, guard, service.name

    def startService(self) -> None:
        """See L{IService}."""
        self.service.startService()

    def stopService(self) -> Any:
        """See L{IService}."""
        return self.service.stopService()

    def invite(self, visit: Visit) -> Any:
        """See L{IService}; raises, or fails with, what L{IGuard.admit} does too."""
        if visit.subject is not None:
            return self._invite(visit)
        admitted = self.guard.admit(visit)
        if isinstance(admitted, Deferred):
            return admitted.addCallback(self._invite)
        return self._invite(admitted)

    def _invite(self, visit: Visit) -> Any:
        welcome = self.service.invite(visit)
        if isinstance(welcome, Deferred):
            return welcome.addCallback(_kept, visit)
        return _kept(welcome, visit)

    def accepted(self, channel: IChannel, welcome: Welcome) -> None:
        """See L{IService}."""
        self.service.accepted(channel, welcome.keep.welcome)

    def declined(self, welcome: Welcome) -> None:
        """See L{IService}."""
        self.service.declined(welcome.keep.welcome)

    def resource(self, accept: Any) -> Any:
        """See L{IService}."""
        return self.service.resource(accept)

    def entry(self, accept: Any) -> Any:
        """See L{IService}."""
        return self.service.entry(accept)


def _kept(welcome: Welcome, visit: Visit) -> Welcome:
    return replace(welcome, keep=_Kept(visit, welcome), fields=(*visit.fields, *welcome.fields))
