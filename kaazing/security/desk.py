# -*- test-case-name: tests.security.test_desk -*-
"""What the guards of all services share: tickets, sessions, and how long who was let in may stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kaazing.config.model import ServiceConfig
from kaazing.security.cookies import Revoked, SessionCookies
from kaazing.security.keys import KeyRing
from kaazing.security.lifetime import Lifetimes, Wheel
from kaazing.security.tickets import Tickets


class Desk:
    """One for a gateway.

    Attributes:
        tickets: those that wait to be redeemed.
        lifetimes: of the connections that are open.
        time: says the seconds since the epoch.
    """

    def __init__(
        self,
        keys: KeyRing,
        wheel: Wheel,
        time: Callable[[], float],
        renewing: Callable[[Any, Callable[[Any], None]], Any],
    ) -> None:
        """C{keys} seal session cookies; C{wheel} and C{renewing}: see L{Lifetimes}."""
        self._keys, self.time = keys, time
        self._revoked = Revoked(time)
        self.tickets = Tickets(time)
        self.lifetimes = Lifetimes(wheel, time, renewing, self._revoked.tied)

    def cookies(self, service: ServiceConfig) -> SessionCookies | None:
        """Return the session cookies that a service gives; None where its realm has none."""
        realm = service.realm
        if realm is None or realm.mode != "recycle":
            return None
        return SessionCookies(
            realm.name,
            self._keys,
            self._revoked,
            self.time,
            timeout=realm.authorization_timeout,
            domain=service.cookie_domain,
            origins=tuple(constraint.origin for constraint in service.cross_site),
        )
