# -*- test-case-name: tests.security.test_inner -*-
"""Logins that clients say inside a service's protocol, decided as those at its door are."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from zope.interface import implementer

from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.security import IInnerLogin, Subject
from kaazing.interfaces.services import Visit
from kaazing.security.guard import Guard
from kaazing.security.lifetime import Lifetimes


@implementer(IInnerLogin)
class InnerLogin:
    """See L{IInnerLogin}."""

    def __init__(self, guard: Guard, lifetimes: Lifetimes, service: str, timeout: float) -> None:
        """
        Args:
            guard: decides; none of its cookies or tickets.
            lifetimes: knows how long a client may stay.
            service: name.
            timeout: longest stay, seconds; 0 for any.
        """
        self._guard, self._lifetimes = guard, lifetimes
        self._service, self._timeout = service, timeout

    def login(self, channel: IChannel, visit: Visit, user: str, secret: str) -> Deferred[Any]:
        """See L{IInnerLogin}."""
        vouched = maybeDeferred(self._guard.vouch, visit, user, secret)
        return vouched.addCallback(self._begin, channel)

    def _begin(self, admitted: Visit, channel: IChannel) -> Subject:
        if channel.open:
            self._lifetimes.begin(channel, admitted, service=self._service, timeout=self._timeout)
        return admitted.subject or Subject()
