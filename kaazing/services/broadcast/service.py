# -*- test-case-name: tests.services.broadcast.test_service -*-
"""Service type broadcast: every event of a backend is told to every client."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

from twisted.internet.defer import DeferredList, maybeDeferred
from twisted.logger import Logger
from zope.interface import implementer

from kaazing.closecodes import GOING_AWAY, code_for
from kaazing.config.model import ServiceConfig, Uri
from kaazing.errors import ProtocolViolation
from kaazing.interfaces.channels import IChannel, IReceiver
from kaazing.interfaces.feeds import IAudience, Slow
from kaazing.interfaces.services import IHouse, IService, IServiceType, Visit, Welcome
from kaazing.services.base import EVENTS, SOCKETS, BaseService
from kaazing.services.broadcast.cutting import Cutter
from kaazing.services.broadcast.log import Bounds, ReplayLog
from kaazing.services.broadcast.options import OPTIONS
from kaazing.services.broadcast.payload import Payload
from kaazing.services.broadcast.sources import Awaited, Datagrams, Dialled, Source

STREAMS = EVENTS | {"http", "https"}
"""Schemes of accepts whose plain requests become event streams."""

COMPLAIN = 60.0  # seconds between two lines of the log about what was dropped

_DATAGRAMS = ("udp", "mcp")

_log = Logger(namespace="kaazing.broadcast")


@implementer(IServiceType)
class BroadcastType:
    """See L{IServiceType}."""

    name = "broadcast"
    doc = (
        "Tells every event of one backend to all clients, over WebSocket, emulated or as server-sent events;"
        " see docs/protocols/sse.md."
    )
    options = OPTIONS
    accepts = SOCKETS | STREAMS
    connects = frozenset(("udp", "mcp", "tcp", "ssl"))
    connect_required = False
    mime_mappings = False

    def check(self, config: ServiceConfig) -> Iterable[str]:
        """See L{IServiceType}."""
        options = config.properties
        if not config.connects and options["accept"] is None:
            yield "<connect> is missing in it, or the property <accept>: where the backend is"
        for uri in config.connects:
            if uri.scheme == "mcp" and _is_one_host(uri.host):
                yield f"{uri.shown} is no multicast group: 224.0.0.0/4 or ff00::/8"
        try:
            _payload(config)
        except ValueError as why:
            yield str(why)
        if options["slow.receiver"] == "conflate" and not options["event.key"]:
            yield "slow.receiver conflate needs event.key"

    def descriptors(self, config: ServiceConfig) -> tuple[int, int]:
        """See L{IServiceType}; all are told by the same sources."""
        return 1, len(config.connects)

    def service(self, config: ServiceConfig, house: IHouse) -> Any:
        """See L{IServiceType}."""
        return BroadcastService(config, house)


@implementer(IService)
class BroadcastService(BaseService):
    """See L{IService}; for its sources it is the L{Feed}.

    Attributes:
        audience: everybody who is told.
        dropped: events of the backend that were too long or not in the format.
        datagrams: of the connects by UDP: how many came, were refused, or found no room.
    """

    def __init__(self, config: ServiceConfig, house: IHouse) -> None:
        super().__init__(config, house)
        options = config.properties
        policy = Slow(
            kind=options["slow.receiver"],
            bytes=options["slow.bytes"],
            age=options["slow.age"],
            coalesce=options["coalesce"],
        )
        self.audience: IAudience = house.audience(self.name, policy)
        self._bounds = Bounds(
            events=options["log.events"], bytes=options["log.bytes"], age=options["log.age"]
        )
        self._replay = ReplayLog(secrets.token_hex(4), self._bounds)
        self._payload = _payload(config)
        self._relays = options["on.client.message"] == "broadcast"
        self._now = house.clock.seconds
        self.dropped = 0
        self._bound = False
        self._told_dropped, self._told_at = 0, -COMPLAIN
        self._sources: list[Source] = [self._source(uri) for uri in config.connects]
        if options["accept"] is not None:
            host, port = options["accept"]
            self._sources.append(Awaited(house, self.name, host, port, self))

    @property
    def datagrams(self) -> list[Any]:
        """See L{IHouse.datagrams}."""
        return [source.port for source in self._sources if isinstance(source, Datagrams)]

    def _source(self, uri: Uri) -> Source:
        options, connect = self.config.properties, self.config.connect_options
        if uri.scheme not in _DATAGRAMS:
            return Dialled(self.house, self.name, uri, connect, options["reconnect.delay"], self)
        return Datagrams(
            self.house,
            self.name,
            uri,
            self,
            source=options["source"],
            interface=connect.udp_interface,
            buffer=options["receive.buffer"],
        )

    def privilegedStartService(self) -> None:
        """Bind all addresses of backends, while still allowed to."""
        super().privilegedStartService()
        self._bind()

    def startService(self) -> None:
        """See L{IService}."""
        super().startService()
        self._bind()
        for source in self._sources:
            if not source.listens:
                source.start()

    def _bind(self) -> None:
        if not self._bound:
            self._bound = True
            for source in self._sources:
                if source.listens:
                    source.start()

    def stopService(self) -> Any:
        """See L{IService}."""
        self._bound = False
        stopping = [maybeDeferred(source.stop) for source in self._sources]
        self.audience.close(GOING_AWAY, "the gateway goes away")
        return DeferredList([*stopping, maybeDeferred(super().stopService)])

    # Clients

    def entry(self, accept: Uri) -> Any:
        """See L{IService}."""
        if accept.scheme in STREAMS:
            return self.house.events(accept, self.config)
        return None

    def invite(self, visit: Visit) -> Welcome:
        """See L{IService}; a client that has events of before is told what it missed."""
        if visit.after is None:
            return Welcome(visit.subprotocols[0] if visit.subprotocols else None)
        if visit.after:
            return Welcome(keep=visit.after)
        return Welcome(at=self._replay.position)

    def accepted(self, channel: IChannel, welcome: Welcome) -> None:
        """See L{IService}."""
        channel.whole = True
        channel.receiver = Listener(self, channel)
        missed = () if welcome.keep is None else self._replay.after(welcome.keep, self._now())
        self.audience.join(channel, missed)
        channel.resume()

    def said(self, data: bytes) -> None:
        """A client sent a message."""
        if self._relays:
            self._tell(data)

    # The backend

    def cutter(self) -> Cutter:
        """See L{Feed}."""
        return self._payload.cutter()

    def heard(self, events: list[bytes], cutter: Cutter) -> None:
        """See L{Feed}."""
        for data in events:
            self._tell(data)
        if cutter.dropped:
            self.dropped += cutter.dropped
            cutter.dropped = 0
        if self.dropped != self._told_dropped:
            self._complain()

    def _tell(self, data: bytes) -> None:
        said = self._payload.read(data)
        if said is None:
            self.dropped += 1
            return
        self.audience.publish(self._replay.add(data, self._now(), name=said.name, id=said.id, key=said.key))

    def _complain(self) -> None:
        """Say in the log what was dropped, once a minute at most."""
        now = self._now()
        if now - self._told_at < COMPLAIN:
            return
        _log.warn(
            "service {name}: {count} events of the backend dropped: longer than event.maximum.size"
            " ({most} bytes), or not {what}",
            name=self.name,
            count=self.dropped - self._told_dropped,
            most=self.config.properties["event.maximum.size"],
            what=self.config.properties["format"],
        )
        self._told_dropped, self._told_at = self.dropped, now


@implementer(IReceiver)
class Listener:
    """Hears one client; the audience stands in front of it."""

    __slots__ = ("_channel", "_service")

    def __init__(self, service: BroadcastService, channel: IChannel) -> None:
        self._service, self._channel = service, channel

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}."""
        self._service.said(data)

    def ended(self) -> None:
        """See L{IReceiver}."""
        self._channel.finish()

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}."""
        self._service.house.complain(self._service.name, self._channel.peer, why)
        what = f"{why.what} ({why.rule})" if isinstance(why, ProtocolViolation) else str(why)
        self._channel.finish(code_for(why), what)

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""

    def congested(self) -> None:
        """See L{IReceiver}; the audience has heard."""

    def drained(self) -> None:
        """See L{IReceiver}."""


def _is_one_host(host: str) -> bool:
    """Return whether a host is an address, and that of no group; names are looked up at the start."""
    try:
        return not ip_address(host).is_multicast
    except ValueError:
        return False


def _payload(config: ServiceConfig) -> Payload:
    """Return how events are read.

    Raises:
        ValueError: a rule is no good.
    """
    options = config.properties
    rules = {what: options[f"event.{what}"] for what in ("name", "id", "key")}
    return Payload(
        options["format"],
        options["event.maximum.size"],
        {what: rule for what, rule in rules.items() if rule is not None},
    )
