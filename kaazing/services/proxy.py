# -*- test-case-name: tests.services.test_proxy,tests.services.test_proxy_clients -*-
"""Service type proxy, and with an adapter NAME the type NAME.proxy: a backend for each client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.closecodes import GOING_AWAY, INTERNAL_ERROR
from kaazing.config.model import ServiceConfig, Uri
from kaazing.errors import ConnectError
from kaazing.interfaces.adapters import IAdapter, Kind
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.security import Subject
from kaazing.interfaces.services import IHouse, IService, IServiceType, Visit, Welcome
from kaazing.literals import bounded, choice, comma_list, size
from kaazing.options import Option
from kaazing.services.adapting import Adapting, faults, options
from kaazing.services.base import EVENTS, SOCKETS, BaseService, choose

_COMMON = (
    Option(
        name="maximum.pending.bytes",
        read=bounded(size, 1),  # Twisted reads by the same number; 0 would be the end
        default=64_000,
        doc="Bytes that may wait to be sent to one end; beyond, nothing is read from the other end until"
        " they are out.",
    ),
)
_PLAIN = (
    Option(
        name="message.kind",
        read=choice("binary", "text"),
        default="binary",
        doc="Kind of the WebSocket messages that the bytes of a TCP backend become; text wants valid UTF-8.",
    ),
    Option(
        name="subprotocols",
        read=comma_list,
        default=(),
        doc="WebSocket subprotocols to speak; the client's first that is listed is chosen. Without the"
        " list, a client of a TCP backend gets its first offer. A WebSocket backend chooses by itself.",
    ),
)


_MOST_FROM_BACK = 16 * 1024 * 1024  # bytes of one message of a WebSocket backend


@implementer(IServiceType)
class ProxyType:
    """See L{IServiceType}."""

    accepts = SOCKETS | {"tcp", "ssl", *EVENTS}
    connects = frozenset({"ws", "wss", "tcp", "ssl"})
    connect_required = True
    mime_mappings = False

    def __init__(self, adapter: IAdapter | None = None) -> None:
        """Make the plain type, or that of C{adapter}."""
        self._adapter = adapter
        self.options: tuple[Option, ...]
        if adapter is None:
            self.name = "proxy"
            self.doc = "Opens a connection to the backend for each client; bytes pass as they are."
            self.options = (*_COMMON, *_PLAIN)
        else:
            self.name = f"{adapter.name}.proxy"
            self.doc = (
                f"A proxy that validates {adapter.name} on the way; see docs/protocols/{adapter.name}.md."
            )
            self.options = (*_COMMON, *options(adapter))
            self.connects = frozenset({"tcp", "ssl"})
            self.accepts = SOCKETS | {"tcp", "ssl"}

    def with_adapter(self, adapter: IAdapter) -> ProxyType:
        """Return the type that C{adapter} gives."""
        return ProxyType(adapter)

    def check(self, config: ServiceConfig) -> Iterable[str]:
        """See L{IServiceType}."""
        if self._adapter is not None:
            yield from faults(self._adapter, config.properties)

    def descriptors(self, config: ServiceConfig) -> tuple[int, int]:
        """See L{IServiceType}; each has a backend."""
        return 2, 0

    def service(self, config: ServiceConfig, house: IHouse) -> Any:
        """See L{IServiceType}."""
        return ProxyService(config, house, self._adapter)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known of a client until its backend is dialled.

    Attributes:
        secure: whether it is encrypted.
        client: what L{Visit.client} returned, None where the backend is not told.
        subject: who the client has proved to be; None where nobody asked.
    """

    secure: bool = False
    client: Any = None
    subject: Subject | None = None


@implementer(IService)
class ProxyService(BaseService):
    """See L{IService}."""

    log = Logger()

    def __init__(self, config: ServiceConfig, house: IHouse, adapter: IAdapter | None) -> None:
        super().__init__(config, house)
        self._adapter = adapter
        self._adapting = Adapting(config, house, adapter) if adapter is not None else None
        self._back: Uri = config.connects[0]
        self._bound: int = config.properties["maximum.pending.bytes"]
        self._kind = Kind.TEXT if config.properties.get("message.kind") == "text" else Kind.BINARY
        self._waiting: set[IChannel] = set()  # fronts whose backend is being dialled

    def stopService(self) -> Any:
        """Send those away whose backend is still being dialled; sessions get their Close from the gateway."""
        for front in list(self._waiting):
            front.finish(GOING_AWAY, "the gateway goes away")
        if self._adapting is not None:
            self._adapting.report()
        return super().stopService()

    def invite(self, visit: Visit) -> Any:
        """See L{IService}; a WebSocket backend is dialled first, because it chooses the subprotocol."""
        client = None
        if visit.client is not None and self.config.connect_options.proxy_protocol:
            client = visit.client()
        if self._back.scheme in ("ws", "wss"):
            dialling = self._dial(
                visit.peer,
                client=client,
                subprotocols=visit.subprotocols,
                origin=visit.headers.get("origin"),
                max_message=_MOST_FROM_BACK,
            )
            return dialling.addCallback(lambda back: Welcome(back.subprotocol, back))
        kept = _Kept(visit.secure, client, visit.subject)
        if self._adapter is not None:
            return Welcome(choose(visit.subprotocols, self._adapter.subprotocols), kept)
        listed = self.config.properties["subprotocols"]
        return Welcome(choose(visit.subprotocols, listed or visit.subprotocols), kept)

    def accepted(self, channel: IChannel, welcome: Welcome) -> None:
        """See L{IService}."""
        kept = welcome.keep
        if not isinstance(kept, _Kept):  # the backend, dialled already
            self._join(kept, channel)
            return
        self._waiting.add(channel)
        dialling = self._dial(channel.peer, client=kept.client)
        dialling.addCallbacks(self._join, self._give_up, callbackArgs=(channel, kept), errbackArgs=(channel,))

    def entry(self, accept: Uri) -> Any:
        """See L{IService}; each message, or each piece of a stream, of the backend is an event."""
        return self.house.events(accept, self.config) if accept.scheme in EVENTS else None

    def declined(self, welcome: Welcome) -> None:
        """See L{IService}."""
        if not isinstance(welcome.keep, _Kept):
            welcome.keep.abort()

    def _dial(self, peer: str, **more: Any) -> Deferred[Any]:
        dialling: Deferred[Any] = self.house.connect(self._back, self.config.connect_options, **more)
        return dialling.addErrback(self._complain, peer)

    def _complain(self, why: Failure, peer: str) -> Failure:
        why.trap(ConnectError)
        self.house.complain(self.name, peer, cast(ConnectError, why.value))
        return why

    def _give_up(self, why: Failure, front: IChannel) -> None:
        why.trap(ConnectError)
        self._waiting.discard(front)
        front.finish(INTERNAL_ERROR, "the backend cannot be reached")
        front.drop()  # a stream that is held would never see the client's FIN

    def _join(self, back: IChannel, front: IChannel, kept: _Kept | None = None) -> None:
        self._waiting.discard(front)
        if not front.open:  # its time was over
            back.abort()
            return
        front.bound = back.bound = self._bound
        try:
            self._begin(back, front, kept)
        except Exception:
            self.log.failure("service {name}: a session cannot begin", name=self.name)
            back.abort()
            front.finish(INTERNAL_ERROR, "the service failed")
            front.drop()

    def _begin(self, back: IChannel, front: IChannel, kept: _Kept | None) -> None:
        if self._adapting is None or kept is None:
            self.house.join(self.name, front, back, self._kind)
        else:
            self._adapting.begin(front, back, secure=kept.secure, subject=kept.subject)
