# -*- test-case-name: tests.transports.test_house -*-
"""What services are handed: ways to dial, and to let channels flow into each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from kaazing.config.model import ConnectOptions, Uri
from kaazing.interfaces.adapters import Front, IAdapterSession, Kind
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.feeds import Slow
from kaazing.interfaces.services import IHouse
from kaazing.transports.adapted import Adapted
from kaazing.transports.audience import Audience
from kaazing.transports.bridge import Bridge, Loop
from kaazing.transports.dial import Dialler
from kaazing.transports.sessions import Sessions
from kaazing.transports.wheel import Wheel


@implementer(IHouse)
class House:
    """See L{IHouse}."""

    def __init__(self, folder: Path, dialler: Dialler, sessions: Sessions, wheel: Wheel) -> None:
        self.folder = folder
        self._dialler, self._sessions, self._wheel = dialler, sessions, wheel

    def connect(self, uri: Uri, options: ConnectOptions, **more: Any) -> Deferred[Any]:
        """See L{IHouse}."""
        return self._dialler.connect(uri, options, **more)

    def join(self, service: str, front: IChannel, back: IChannel, kind: Kind) -> None:
        """See L{IHouse}."""
        if _still_there(front, back):
            Bridge(self._sessions, service, front, back).start(kind)

    def adapt(
        self, service: str, front: IChannel, back: IChannel, session: IAdapterSession, wants: Front
    ) -> None:
        """See L{IHouse}."""
        if _still_there(front, back):
            Adapted(self._sessions, service, front, back, session, self._wheel).start(wants)

    def loop(self, service: str, channel: IChannel, repeat: int) -> None:
        """See L{IHouse}."""
        Loop(self._sessions, service, channel, repeat).start()

    def audience(self, service: str, policy: Slow) -> Audience:
        """See L{IHouse}."""
        return Audience(self._sessions, service, policy, self._wheel)

    def complain(self, service: str, peer: str, why: Exception) -> None:
        """See L{IHouse}."""
        self._sessions.complain(service, peer, why)


def _still_there(front: IChannel, back: IChannel) -> bool:
    """Return whether there is something to join; drop what is left of it otherwise."""
    if not front.open:
        back.drop()
        return False
    return True
