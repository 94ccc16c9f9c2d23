# -*- test-case-name: tests.brokers.amqp10.test_conversation -*-
"""One connection of AMQP 1.0: proton's engine, which has no socket and no clock, on a channel.

Proton is used from the reactor thread alone. What it says are events, each of which is for one link; what is
asked of it changes its objects, and is written to the channel once all that came together is done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from proton import Collector, Connection, Event, ProtonException, Transport, symbol
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.threads import deferToThreadPool
from zope.interface import implementer

from kaazing.brokers.amqp10.login import Entrance
from kaazing.brokers.amqp10.refusals import error_of, words_of
from kaazing.errors import BrokerLost, GatewayError
from kaazing.interfaces.adapters import Kind, Login
from kaazing.interfaces.channels import IChannel, IReceiver

SILENCE = 60.0
"""Seconds after which a broker that says nothing is lost; it is told half (AMQP 1.0 section 2.4.5)."""

MAX_FRAME = 64 * 1024
"""Bytes of a frame that is read; longer messages come in several."""

MAX_ADDRESS = 512
"""Characters of an address that a broker makes up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is said at the beginning.

    Attributes:
        container: what we call ourselves (section 2.4.1).
        hostname: of the broker, or what it takes for the name of a virtual host.
        login: None for ANONYMOUS.
    """

    container: str
    hostname: str
    login: Login | None


class Attached(Protocol):
    """Who has a link."""

    def opened(self, link: Any) -> None:
        """The broker has it, too."""

    def flowed(self, link: Any) -> None:
        """The broker has given credit."""

    def delivery(self, delivery: Any) -> None:
        """A delivery came or changed."""

    def closed(self, why: GatewayError | None) -> None:
        """The broker has closed it; None: in good order. Called last."""

    def lost(self, why: GatewayError) -> None:
        """It is gone with the connection. Called last."""


class Told(Protocol):
    """Who has the connection."""

    def opened(self, properties: Mapping[Any, Any]) -> None:
        """The broker has opened it, and says so much of itself."""

    def complain(self, sentence: str) -> None:
        """Write a line to the log."""

    def lost(self, why: GatewayError | None) -> None:
        """It is gone; None: in good order. Called once, and last."""

    def drained(self) -> None:
        """What waited to be sent on the channel has been sent."""


@implementer(IReceiver)
class Conversation:
    """A connection, from its channel to its end.

    Attributes:
        full: whether more waits to be sent on the channel than its bound.
    """

    def __init__(self, channel: IChannel, clock: IReactorTime, opening: Opening, told: Told) -> None:
        self._channel, self._clock, self._told = channel, clock, told
        self._links: dict[tuple[bool, str], tuple[Attached, Any]] = {}  # (whether we send, name)
        self._session: Any = None
        self._pumping = self._over = self._closing = False
        self._flush: Any = None
        self.full = False
        self._collector, self._connection, self._transport = Collector(), Connection(), Transport()
        self._connection.collect(self._collector)
        self._prepare(opening)
        self._beat: Any = None
        self._entrance: Entrance | None = Entrance(
            opening.login,
            send=lambda data: channel.send(data, int(Kind.BINARY)),
            compute=partial(_aside, clock),
            entered=self._entered,
            refused=self._end,
        )
        channel.receiver = self
        channel.resume()

    def _prepare(self, opening: Opening) -> None:
        self._connection.container, self._connection.hostname = opening.container, opening.hostname
        self._connection.properties = {symbol("product"): "kaazing-gateway"}
        self._transport.max_frame_size = MAX_FRAME
        self._transport.idle_timeout = SILENCE
        self._transport.bind(self._connection)

    def _entered(self, rest: bytes) -> None:
        """The broker has let us in: now proton speaks."""
        self._entrance = None
        self._connection.open()
        self._beat = self._clock.callLater(0, self._tick)
        self.received(rest, int(Kind.BINARY))

    def taken(self, name: str, *, sender: bool) -> bool:
        """Return whether there is a link of that name."""
        return (sender, name) in self._links

    def attach(
        self, owner: Attached, name: str, *, sender: bool, apart: bool, prepare: Callable[[Any], None]
    ) -> Any:
        """Open a link and return it; C{prepare(link)} sets its ends before that.

        Args:
            name: that no other link in this direction has.
            apart: in a session of its own.
        """
        session = self._apart() if apart else self._shared()
        link = session.sender(name) if sender else session.receiver(name)
        prepare(link)
        link.open()
        self._links[sender, name] = owner, session if apart else None
        self.touch()
        return link

    def _shared(self) -> Any:
        if self._session is None:
            self._session = self._apart()
        return self._session

    def _apart(self) -> Any:
        session = self._connection.session()
        session.open()
        return session

    def touch(self) -> None:
        """Write what the last calls have changed, soon."""
        if self._flush is None and not self._pumping and not self._over:
            self._flush = self._clock.callLater(0, self._flushed)

    def error(self, condition: Any, what: str) -> GatewayError:
        """Return the error that a condition stands for (section 2.8.14); the broker's words go to the log.

        Args:
            what: begins its sentence.
        """
        if condition:
            self._told.complain(f"{what}: {words_of(condition)}")
        return error_of(condition, what)

    def close(self) -> None:
        """End in good order; L{Told.lost} follows when the broker has, too."""
        if not self._over and not self._closing:
            self._closing = True
            self._connection.close()
            self.touch()

    def abort(self) -> None:
        """End at once."""
        self._end(BrokerLost("the connection to the broker was given up"))

    # What the channel says.

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver.received}; never more is given to proton than it has room for."""
        if self._entrance is not None:
            self._entrance.received(data)
            return
        rest = memoryview(data)
        while rest and not self._over:
            room = self._transport.capacity()
            if room <= 0:
                break  # of a connection that proton has ended; its events say why
            self._transport.push(bytes(rest[:room]))
            rest = rest[room:]
            self._pump()
        self._write()

    def ended(self) -> None:
        """See L{IReceiver.ended}."""
        self.lost(None)

    def failed(self, why: Exception) -> None:
        """See L{IReceiver.failed}."""
        self.lost(why)

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver.lost}."""
        if why is not None and not self._over:
            self._told.complain(f"the connection to the broker was lost: {why}")
        self._end(BrokerLost("the broker has closed the connection"))

    def congested(self) -> None:
        """See L{IReceiver.congested}."""
        self.full = True

    def drained(self) -> None:
        """See L{IReceiver.drained}."""
        self.full = False
        self._told.drained()

    # What proton says.

    def _flushed(self) -> None:
        self._flush = None
        if not self._over:
            self._pump()
            self._write()

    def _write(self) -> None:
        pieces = []
        while not self._over:
            size = self._transport.pending()
            self._pump()  # of a connection that proton has ended, only looking at it has said why
            if size <= 0 or self._over:
                break
            piece = bytes(self._transport.peek(size) or b"")
            self._transport.pop(len(piece))
            pieces.append(piece)
        if pieces:
            self._channel.send(b"".join(pieces), int(Kind.BINARY))

    def _pump(self) -> None:
        if self._pumping:
            return
        self._pumping = True
        try:
            while not self._over and (event := self._collector.peek()) is not None:
                try:
                    self._happened(event)
                finally:
                    self._collector.pop()
        except (ProtonException, UnicodeDecodeError) as why:
            self._told.complain(f"the broker says what cannot be read: {why}")
            self._end(BrokerLost("the broker says what cannot be read"))
        finally:
            self._pumping = False

    def _happened(self, event: Any) -> None:
        action = _ACTIONS.get(event.type)
        if action is not None:
            action(self, event)

    def _connection_open(self, event: Any) -> None:
        self._beat.reset(0)  # only now it is known how often the broker wants to hear something
        self._told.opened(event.connection.remote_properties or {})

    def _connection_close(self, event: Any) -> None:
        condition = event.connection.remote_condition
        if self._closing and condition is None:
            self._end(None)
        else:
            self._connection.close()
            self._write()
            self._end(self.error(condition, "the broker has closed the connection"))

    def _transport_error(self, event: Any) -> None:
        condition = self._transport.condition
        self._write()
        said = words_of(condition) if condition else "proton does not say why"
        self._told.complain(f"the connection to the broker has failed: {said}")
        self._end(BrokerLost("the connection to the broker has failed"))

    def _session_close(self, event: Any) -> None:
        """The broker has ended a session: with it go its links, of which it says nothing more."""
        session, condition = event.session, event.session.remote_condition
        why = self.error(condition, "the broker has refused it")
        if self._session is not None and session == self._session:
            self._end(self.error(condition, "the broker has ended the session"))
            return
        for key, (owner, its) in list(self._links.items()):
            if its == session:
                del self._links[key]
                owner.closed(why)
        session.close()
        session.free()

    def _link_open(self, event: Any) -> None:
        owner = self._owner(event.link)
        if owner is None:
            self._end(BrokerLost("the broker has opened a link, as no broker does"))
        else:
            owner.opened(event.link)

    def _link_flow(self, event: Any) -> None:
        if (owner := self._owner(event.link)) is not None:
            owner.flowed(event.link)

    def _delivery(self, event: Any) -> None:
        if (owner := self._owner(event.link)) is not None:
            owner.delivery(event.delivery)

    def _link_close(self, event: Any) -> None:
        link = event.link
        owner, session = self._links.pop((link.is_sender, link.name), (None, None))
        if owner is None:
            return
        condition = link.remote_condition
        if event.type is Event.LINK_REMOTE_DETACH:
            link.detach()
        else:
            link.close()
        link.free()
        if session is not None:
            session.close()  # it is freed when the broker has ended it, too
        owner.closed(self.error(condition, "the broker has refused it") if condition else None)

    def _owner(self, link: Any) -> Attached | None:
        return self._links.get((link.is_sender, link.name), (None, None))[0]

    # Time, and the end.

    def _tick(self) -> None:
        now = self._clock.seconds() + 1  # proton takes 0 for no time
        deadline = self._transport.tick(now)
        self._pump()
        self._write()
        if not self._over:
            self._beat = self._clock.callLater(
                max(deadline - now, 0.1) if deadline else SILENCE / 4, self._tick
            )

    def _end(self, why: GatewayError | None) -> None:
        if self._over:
            return
        self._over = True
        if self._entrance is not None:
            self._entrance.leave()
        for each in (self._beat, self._flush):
            if each is not None and each.active():
                each.cancel()
        if why is None:
            self._channel.drop()
        else:
            self._channel.abort()
        links, self._links = self._links, {}
        for owner, _ in links.values():
            owner.lost(why or BrokerLost("the connection to the broker was closed"))
        self._transport.unbind()
        self._session = None
        self._told.lost(why)


def _aside(reactor: Any, work: Callable[[], Any]) -> Deferred[Any]:
    """Do something in another thread."""
    return deferToThreadPool(reactor, reactor.getThreadPool(), work)


_ACTIONS: Mapping[Any, Callable[[Conversation, Any], None]] = {
    Event.CONNECTION_REMOTE_OPEN: Conversation._connection_open,
    Event.CONNECTION_REMOTE_CLOSE: Conversation._connection_close,
    Event.SESSION_REMOTE_CLOSE: Conversation._session_close,
    Event.LINK_REMOTE_OPEN: Conversation._link_open,
    Event.LINK_FLOW: Conversation._link_flow,
    Event.LINK_REMOTE_CLOSE: Conversation._link_close,
    Event.LINK_REMOTE_DETACH: Conversation._link_close,
    Event.DELIVERY: Conversation._delivery,
    Event.TRANSPORT_ERROR: Conversation._transport_error,
}
