"""What a service is handed, as a double that notes what it is asked for."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from kaazing.config.model import ConnectOptions, ServiceConfig, Uri
from kaazing.interfaces.adapters import Kind, Link
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.feeds import Counts, Event, IAudience, IRendered, ISeat, Slow
from kaazing.interfaces.services import IHouse, Terms
from kaazing.transports.census import Census
from kaazing.transports.served import Served
from kaazing.transports.sessions import Sessions
from kaazing.transports.tally import Tally
from kaazing.transports.wheel import Wheel


@implementer(IChannel)
class Line:
    """A channel that notes what is done with it.

    Attributes:
        done: what, in order.
    """

    receiver: Any = None
    open = True
    closed_with = 1000, ""
    whole = False
    bound = 64_000
    latency = None
    tenure: Any = None

    def __init__(
        self, peer: str = "192.0.2.1:5000", subprotocol: str | None = None, messages: bool = True
    ) -> None:
        self.peer, self.subprotocol, self.messages = peer, subprotocol, messages
        self.done: list[Any] = []

    def send(self, data: bytes, kind: int) -> None:
        """See L{IChannel}."""
        self.done.append(("send", data, kind))

    def send_all(self, messages: list[bytes], kind: int) -> None:
        """See L{IChannel}."""
        self.done.append(("send_all", messages, kind))

    def hold(self) -> None:
        """See L{IChannel}."""
        self.done.append("hold")

    def resume(self) -> None:
        """See L{IChannel}."""
        self.done.append("resume")

    def finish(self, code: int = 1000, reason: str = "") -> None:
        """See L{IChannel}."""
        self.done.append(("finish", code, reason))

    def drop(self) -> None:
        """See L{IChannel}."""
        self.done.append("drop")

    def abort(self) -> None:
        """See L{IChannel}."""
        self.done.append("abort")


@implementer(ISeat)
class NotedSeat:
    """See L{ISeat}.

    Attributes:
        channel, look, own, missed: with which it was asked for.
        done: what, in order.
    """

    def __init__(
        self, channel: Any, look: Hashable, own: bytes, missed: Sequence[Any], congested: bool
    ) -> None:
        self.channel, self.look, self.own, self.missed = channel, look, own, list(missed)
        self.slow = congested
        self.done: list[str] = []

    def leave(self) -> None:
        """See L{ISeat}."""
        self.done.append("leave")

    def congested(self) -> None:
        """See L{ISeat}."""
        self.done.append("congested")

    def drained(self) -> None:
        """See L{ISeat}."""
        self.done.append("drained")

    def lost(self) -> None:
        """See L{ISeat}."""
        self.done.append("lost")


@implementer(IAudience)
class NotedAudience(Counts):
    """See L{IAudience}.

    Attributes:
        policy: with which it was asked for.
        told: (channel, missed) of each that joined and is still there.
        seats: those that were asked for.
        published: all events.
        closed: code and reason, None before.
    """

    def __init__(self, service: str, policy: Slow) -> None:
        super().__init__()
        self.service, self.policy = service, policy
        self.told: list[tuple[Any, list[Event]]] = []
        self.seats: list[NotedSeat] = []
        self.published: list[Any] = []
        self.closed: tuple[int, str] | None = None

    @property
    def receivers(self) -> int:
        """See L{IAudience}."""
        return len(self.told)

    def join(self, channel: Any, missed: Sequence[Event] = ()) -> None:
        """See L{IAudience}."""
        self.told.append((channel, list(missed)))

    def seat(
        self, channel: Any, look: Hashable, own: bytes, missed: Sequence[Any] = (), congested: bool = False
    ) -> NotedSeat:
        """See L{IAudience}."""
        self.seats.append(NotedSeat(channel, look, own, missed, congested))
        return self.seats[-1]

    def leave(self, channel: Any) -> None:
        """See L{IAudience}."""
        self.told = [(there, missed) for there, missed in self.told if there is not channel]

    def publish(self, event: Event | IRendered) -> None:
        """See L{IAudience}."""
        self.published.append(event)

    def close(self, code: int, reason: str) -> None:
        """See L{IAudience}."""
        self.closed = code, reason


class NotedPort:
    """An address that a service listens at.

    Attributes:
        where: the address.
        arrived: to be called with what comes there.
        more: what else was asked for.
        running: whether it is bound.
    """

    running = False

    def __init__(self, where: Any, arrived: Any, more: dict[str, Any]) -> None:
        self.where, self.arrived, self.more = where, arrived, more

    def start(self) -> None:
        """Bind."""
        self.running = True

    def stop(self) -> None:
        """Bind no longer."""
        self.running = False


@implementer(IHouse)
class NotedHouse:
    """See L{IHouse}.

    Attributes:
        dialled: (uri, options, more) of each dial.
        dialling: what the dials return, in order; the test fires them.
        origins, joined, adapted, looped: the arguments of each call.
        audiences: those that were asked for.
        complaints: (service, peer, what was wrong).
        streamed: name of the service, accept of each entry for event streams.
        bound: addresses that services listen at.
        tallies: of services.
        sessions, wheel: of those that are served.
        inner: what L{login} returns.
    """

    folder = Path()
    keyring: Any = None
    inner: Any = None

    def __init__(self) -> None:
        self.dialled: list[tuple[Uri, ConnectOptions, dict[str, Any]]] = []
        self.dialling: list[Deferred[Any]] = []
        self.origins: list[Any] = []
        self.joined: list[Any] = []
        self.adapted: list[Any] = []
        self.looped: list[Any] = []
        self.audiences: list[NotedAudience] = []
        self.complaints: list[tuple[str, str, str]] = []
        self.clock = Clock()
        self.streamed: list[tuple[str, Uri]] = []
        self.bound: list[NotedPort] = []
        self.tallies: dict[str, Tally] = {}
        self.sessions, self.wheel = Sessions(), Wheel(self.clock)
        self.census = Census(self.sessions, self.tallies)

    def connect(self, uri: Uri, options: ConnectOptions, **more: Any) -> Deferred[Any]:
        """See L{IHouse}."""
        self.dialled.append((uri, options, more))
        self.dialling.append(Deferred())
        return self.dialling[-1]

    def origin(self, uri: Uri, options: ConnectOptions) -> Any:
        """See L{IHouse}; nobody is asked."""
        self.origins.append((uri, options))

    def login(self, config: ServiceConfig) -> Any:
        """See L{IHouse}."""
        return self.inner

    def join(self, service: str, front: IChannel, back: IChannel, kind: Kind) -> None:
        """See L{IHouse}."""
        self.joined.append((service, front, back, kind))

    def adapt(self, front: IChannel, back: IChannel, session: Any, link: Link, terms: Terms) -> None:
        """See L{IHouse}."""
        self.adapted.append((front, back, session, link, terms))

    def serve(self, service: str, channel: Any, session: Any, client: Any) -> Served:
        """See L{IHouse}."""
        return Served(service, channel, session, client, self.sessions, self.wheel)

    def tally(self, service: str) -> Any:
        """See L{IHouse}."""
        return self.tallies.setdefault(service, Tally())

    def loop(self, service: str, channel: IChannel, repeat: int) -> None:
        """See L{IHouse}."""
        self.looped.append((service, channel, repeat))

    def audience(self, service: str, policy: Slow) -> NotedAudience:
        """See L{IHouse}."""
        self.audiences.append(NotedAudience(service, policy))
        return self.audiences[-1]

    def events(self, accept: Uri, config: ServiceConfig) -> Any:
        """See L{IHouse}."""
        self.streamed.append((config.name, accept))
        return self.streamed[-1]

    def listen(self, service: str, host: str, port: int, arrived: Any) -> NotedPort:
        """See L{IHouse}."""
        self.bound.append(NotedPort((host, port), arrived, {}))
        return self.bound[-1]

    def datagrams(self, service: str, uri: Uri, received: Any, **more: Any) -> NotedPort:
        """See L{IHouse}."""
        self.bound.append(NotedPort(uri, received, more))
        return self.bound[-1]

    def complain(self, service: str, peer: str, why: Exception) -> None:
        """See L{IHouse}."""
        self.complaints.append((service, peer, str(why)))
