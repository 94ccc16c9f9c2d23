# -*- test-case-name: tests.transports.test_origins -*-
"""HTTP servers that are asked, and the idle connections to them.  RFC 9112 section 9."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from kaazing.config.model import ConnectOptions, Uri
from kaazing.interfaces.channels import IReceiver
from kaazing.interfaces.origins import IAsker, IOrigin, Request
from kaazing.literals import DEFAULT_PORTS, bracketed
from kaazing.transports.dial import Dialler
from kaazing.transports.questions import Question
from kaazing.transports.tcp import StreamChannel
from kaazing.transports.wheel import Wheel

MARGIN = 1.0  # seconds by which an idle connection is given up before the origin does


@implementer(IOrigin)
class Origin:
    """See L{IOrigin}.

    Attributes:
        wheel: of all deadlines.
    """

    def __init__(self, uri: Uri, options: ConnectOptions, dialler: Dialler, wheel: Wheel) -> None:
        self._uri, self._options, self._dialler, self.wheel = uri, options, dialler, wheel
        host = bracketed(uri.host)
        self.host = (host if uri.port == DEFAULT_PORTS[uri.scheme] else f"{host}:{uri.port}").encode()
        self._idle: list[_Idle] = []  # the one used last at the end
        self.kept = options.http_keepalive

    def question(self, request: Request, asker: IAsker) -> Question:
        """See L{IOrigin}."""
        return Question(self, request, asker)

    def close(self) -> None:
        """See L{IOrigin}."""
        self.kept = False
        for idle in list(self._idle):
            idle.give_up()

    def taken(self) -> StreamChannel | None:
        """Return an idle connection, None where there is none."""
        while self._idle:
            channel = self._idle.pop().leave()
            if channel.open:
                return channel
        return None

    def dial(self) -> Any:
        """Return a Deferred of a new connection."""
        return self._dialler.connect(self._uri, self._options)

    def keep(self, channel: StreamChannel, most: float | None = None) -> None:
        """Keep a connection on which nothing is under way, as long as that is allowed.

        Args:
            most: how long the origin says that it keeps it, seconds; None where it does not.
        """
        spell = self._options.http_keepalive_timeout
        if most is not None:
            spell = min(spell, most - MARGIN)
        if not self.kept or spell <= 0:
            channel.drop()
            return
        if len(self._idle) >= self._options.http_keepalive_connections:
            self._idle[0].give_up()
        self._idle.append(_Idle(self, channel))
        self.wheel.put(self._idle[-1], self.wheel.now() + spell)

    def forget(self, idle: _Idle) -> None:
        """An idle connection is gone."""
        self._idle.remove(idle)

    def __str__(self) -> str:
        return self._uri.shown


@implementer(IReceiver)
class _Idle:
    """A connection that waits for the next request. Whatever it hears is its end."""

    def __init__(self, origin: Origin, channel: StreamChannel) -> None:
        self._origin, self._channel = origin, channel
        channel.receiver = self
        channel.resume()

    def leave(self) -> StreamChannel:
        """Give the connection away."""
        self._origin.wheel.take(self)
        return self._channel

    def give_up(self) -> None:
        """Close it."""
        self._origin.forget(self)
        channel = self.leave()
        channel.receiver = None
        channel.drop()

    def due(self, now: float) -> None:
        """It was idle for too long; called by the wheel."""
        self.give_up()

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}; nothing was asked."""
        self.give_up()

    def ended(self) -> None:
        """See L{IReceiver}."""
        self.give_up()

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""
        self.leave()
        self._origin.forget(self)

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}; TCP has no rules to break."""

    def congested(self) -> None:
        """See L{IReceiver}; nothing is sent."""

    def drained(self) -> None:
        """See L{IReceiver}."""
