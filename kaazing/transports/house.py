# -*- test-case-name: tests.transports.test_house -*-
"""What services are handed: ways to dial, and to let channels flow into each other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from kaazing.config.model import ConnectOptions, ServiceConfig, Uri
from kaazing.interfaces.adapters import IAdapterSession, Kind, Link
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.feeds import Slow
from kaazing.interfaces.servers import IClient, IServerSession
from kaazing.interfaces.services import IHouse, Terms, Visit, Welcome
from kaazing.transports.adapted import Adapted
from kaazing.transports.answers import Answers
from kaazing.transports.audience import Audience
from kaazing.transports.bridge import Bridge, Loop
from kaazing.transports.census import Census
from kaazing.transports.datagrams import Datagrams
from kaazing.transports.dial import Dialler
from kaazing.transports.eventdoor import EventDoor
from kaazing.transports.listener import Listener, Streams
from kaazing.transports.origins import Origin
from kaazing.transports.served import Served
from kaazing.transports.sessions import Sessions
from kaazing.transports.tally import Tally
from kaazing.transports.wheel import Wheel


@implementer(IHouse)
class House:
    """See L{IHouse}."""

    def __init__(
        self, folder: Path, dialler: Dialler, sessions: Sessions, wheel: Wheel, network: Any = None
    ) -> None:
        """C{network}: the reactor, for those who listen, and for what is computed in its threads."""
        self.folder, self.clock = folder, wheel.clock
        self.keyring: Any = None
        self.login: Callable[[ServiceConfig], Any] = lambda config: None
        self._network = network
        self._dialler, self._sessions, self._wheel = dialler, sessions, wheel
        self._answers = Answers(sessions, wheel, dialler, network)
        self._tallies: dict[str, Tally] = {}
        self.census = Census(sessions, self._tallies)

    def connect(self, uri: Uri, options: ConnectOptions, **more: Any) -> Deferred[Any]:
        """See L{IHouse}."""
        return self._dialler.connect(uri, options, **more)

    def origin(self, uri: Uri, options: ConnectOptions) -> Origin:
        """See L{IHouse}."""
        return Origin(uri, options, self._dialler, self._wheel)

    def join(self, service: str, front: IChannel, back: IChannel, kind: Kind) -> None:
        """See L{IHouse}."""
        if _still_there(front, back):
            Bridge(self._sessions, service, front, back).start(kind)

    def adapt(
        self, front: IChannel, back: IChannel, session: IAdapterSession, link: Link, terms: Terms
    ) -> None:
        """See L{IHouse}."""
        if _still_there(front, back):
            Adapted(front, back, session, link, terms, self._answers).start()

    def serve(self, service: str, channel: IChannel, session: IServerSession, client: IClient) -> Served:
        """See L{IHouse}."""
        return Served(service, channel, session, client, self._sessions, self._wheel)

    def tally(self, service: str) -> Tally:
        """See L{IHouse}."""
        return self._tallies.setdefault(service, Tally())

    def loop(self, service: str, channel: IChannel, repeat: int) -> None:
        """See L{IHouse}."""
        Loop(self._sessions, service, channel, repeat).start()

    def audience(self, service: str, policy: Slow) -> Audience:
        """See L{IHouse}."""
        return Audience(self._sessions, service, policy, self._wheel)

    def events(self, accept: Uri, config: ServiceConfig) -> EventDoor:
        """See L{IHouse}."""
        return EventDoor(accept, config, self._wheel)

    def listen(self, service: str, host: str, port: int, arrived: Callable[[IChannel], None]) -> Listener:
        """See L{IHouse}."""
        door = Streams(_Arrivals(arrived), self._wheel, secure=False, tls=False)
        who = f"service {service!r}, property accept"
        return Listener(self._network, host, port, door, None, who)

    def datagrams(self, service: str, uri: Uri, received: Callable[[bytes], None], **more: Any) -> Datagrams:
        """See L{IHouse}."""
        return Datagrams(self._network, service, uri, received, **more)

    def complain(self, service: str, peer: str, why: Exception) -> None:
        """See L{IHouse}."""
        self._sessions.complain(service, peer, why)


class _Arrivals:
    """Lets every backend in that connects to a service."""

    def __init__(self, arrived: Callable[[IChannel], None]) -> None:
        self._arrived = arrived

    def invite(self, visit: Visit) -> Welcome:
        """See L{kaazing.interfaces.services.IService}."""
        return Welcome()

    def accepted(self, channel: IChannel, welcome: Welcome) -> None:
        """See L{kaazing.interfaces.services.IService}."""
        self._arrived(channel)

    def declined(self, welcome: Welcome) -> None:
        """See L{kaazing.interfaces.services.IService}."""


def _still_there(front: IChannel, back: IChannel) -> bool:
    """Return whether there is something to join; drop what is left of it otherwise."""
    if not front.open:
        back.drop()
        return False
    return True
