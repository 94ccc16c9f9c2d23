# -*- test-case-name: tests.services.broadcast.test_sources -*-
"""Where a broadcast service hears its backend: dialled, awaited, or by datagrams."""

from __future__ import annotations

from collections.abc import Callable
from random import random
from typing import Any, Protocol

from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.config.model import ConnectOptions, Uri
from kaazing.errors import ConnectError
from kaazing.interfaces.channels import IChannel, IReceiver
from kaazing.interfaces.services import IHouse
from kaazing.services.broadcast.cutting import Cutter

MOST_BACKENDS = 64  # connections of backends at a time to one service

_SHORTEST_DELAY = 0.1  # seconds, after a first failure with none
_LONGEST_DELAY = 60.0  # seconds
_JITTER = 0.25  # of the delay, either way

_log = Logger(namespace="kaazing.broadcast")


class Feed(Protocol):
    """Who is told what a backend says."""

    def cutter(self) -> Cutter:
        """Return what finds the events in a new stream."""

    def heard(self, events: list[bytes], cutter: Cutter) -> None:
        """A backend said something; C{cutter} has found it."""


class Source(Protocol):
    """One way to hear a backend.

    Attributes:
        listens: whether it binds an address, for which one may have to be privileged.
    """

    listens: bool

    def start(self) -> None:
        """Begin to hear.

        Raises:
            ListenError: an address cannot be bound.
        """

    def stop(self) -> Any:
        """Hear no more. May return a Deferred."""


@implementer(IReceiver)
class Backend:
    """One connection of a backend. It is always read: pausing it would keep all from their events.

    Attributes:
        spoke: whether it has said anything.
    """

    def __init__(
        self, channel: IChannel, feed: Feed, gone: Callable[[Backend, Exception | None], None]
    ) -> None:
        """C{gone} is called when the connection is."""
        self.channel = channel
        self._feed, self._gone = feed, gone
        self._cutter = feed.cutter()
        self.spoke = False

    def start(self) -> None:
        """Begin to hear."""
        self.channel.receiver = self
        self.channel.resume()

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}."""
        self.spoke = True
        self._feed.heard(self._cutter.feed(data), self._cutter)

    def ended(self) -> None:
        """See L{IReceiver}."""
        self._feed.heard(self._cutter.end(), self._cutter)
        self.channel.drop()

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}."""
        self.channel.drop()

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""
        self._gone(self, why)

    def congested(self) -> None:
        """See L{IReceiver}; nothing is sent."""

    def drained(self) -> None:
        """See L{IReceiver}."""


class Dialled:
    """Connects to a backend, and again whenever the connection is gone.

    The delay grows until a backend says something, or stays for longer than the delay: one that takes
    connections and ends them at once is as good as none.
    """

    listens = False

    def __init__(
        self, house: IHouse, service: str, uri: Uri, options: ConnectOptions, delay: float, feed: Feed
    ) -> None:
        """C{delay}: seconds before the first try to connect again."""
        self._house, self._service, self._uri, self._options = house, service, uri, options
        self._first = self._delay = delay
        self._since = 0.0  # when it was connected last
        self._feed = feed
        self._running = False
        self._backend: Backend | None = None
        self._dialling: Any = None
        self._call: Any = None

    def start(self) -> None:
        """See L{Source}."""
        self._running = True
        self._dial()

    def stop(self) -> None:
        """See L{Source}."""
        self._running = False
        if self._call is not None:
            self._call.cancel()
            self._call = None
        if self._dialling is not None:
            self._dialling.cancel()
        if self._backend is not None:
            self._backend.channel.drop()

    def _dial(self) -> None:
        self._call = None
        self._dialling = dialling = self._house.connect(self._uri, self._options)
        dialling.addCallbacks(self._connected, self._failed)

    def _connected(self, channel: IChannel) -> None:
        self._dialling = None
        if not self._running:
            channel.abort()
            return
        self._since = self._house.clock.seconds()
        self._backend = Backend(channel, self._feed, self._gone)
        self._backend.start()

    def _failed(self, why: Failure) -> None:
        self._dialling = None
        if self._running:
            self._again(why.value)

    def _gone(self, backend: Backend, why: Exception | None) -> None:
        self._backend = None
        if backend.spoke or self._house.clock.seconds() - self._since > self._delay:
            self._delay = self._first
        if self._running:
            self._again(why or ConnectError("it closed the connection"))

    def _again(self, why: BaseException | None) -> None:
        delay = self._delay * (1 + _JITTER * (2 * random() - 1))
        self._delay = min(max(self._delay * 2, _SHORTEST_DELAY), max(_LONGEST_DELAY, self._first))
        _log.warn(
            "service {service}: backend {uri}: {why}; connecting again in {delay:.1f} s",
            service=self._service,
            uri=self._uri.shown,
            why=str(why),
            delay=delay,
        )
        self._call = self._house.clock.callLater(delay, self._dial)


class Awaited:
    """Listens for backends that connect."""

    listens = True

    def __init__(self, house: IHouse, service: str, host: str, port: int, feed: Feed) -> None:
        self._service, self._feed = service, feed
        self._listener = house.listen(service, host, port, self._arrived)
        self._backends: set[Backend] = set()

    def start(self) -> None:
        """See L{Source}."""
        self._listener.start()

    def stop(self) -> Any:
        """See L{Source}."""
        for backend in list(self._backends):
            backend.channel.drop()
        return self._listener.stop()

    def _arrived(self, channel: IChannel) -> None:
        if len(self._backends) >= MOST_BACKENDS:
            _log.warn(
                "service {service}: backend {peer} refused: there are {most} already",
                service=self._service,
                peer=channel.peer,
                most=MOST_BACKENDS,
            )
            channel.abort()
            return
        backend = Backend(channel, self._feed, self._gone)
        self._backends.add(backend)
        backend.start()

    def _gone(self, backend: Backend, why: Exception | None) -> None:
        self._backends.discard(backend)


class Datagrams:
    """Takes datagrams, each of which begins anew."""

    listens = True

    def __init__(self, house: IHouse, service: str, uri: Uri, feed: Feed, **more: Any) -> None:
        """More arguments: see L{IHouse.datagrams}."""
        self._feed, self._cutter = feed, feed.cutter()
        self.port = house.datagrams(service, uri, self._received, **more)

    def start(self) -> None:
        """See L{Source}."""
        self.port.start()

    def stop(self) -> Any:
        """See L{Source}."""
        return self.port.stop()

    def _received(self, data: bytes) -> None:
        cutter = self._cutter
        self._feed.heard(cutter.feed(data) + cutter.end(), cutter)
