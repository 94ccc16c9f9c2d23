# -*- test-case-name: tests.transports.test_hearing,tests.transports.test_hearing_back -*-
"""Who hears the two channels of an adapter's session, and the short way for what only passes.

On the short way one call takes the bytes that came to those that are sent on, and all that a client's
session passes of one read is one write. What is more than bytes that pass is left to L{Adapted}, in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from zope.interface import implementer

from kaazing.errors import Side
from kaazing.interfaces.adapters import Kind
from kaazing.interfaces.channels import IReceiver
from kaazing.reactor import LeanClient, LeanServer
from kaazing.transports.tcp import StreamChannel
from kaazing.transports.ws import CONTROL, OPEN, Socket
from kaazing.wire.frames import frame

if TYPE_CHECKING:
    from kaazing.transports.adapted import Adapted

_BINARY = int(Kind.BINARY)
_LEAN = (LeanServer, LeanClient)


@implementer(IReceiver)
class Hearing:
    """Hears a channel, and tells L{Adapted} which side spoke."""

    __slots__ = ("_adapted", "_side")

    def __init__(self, adapted: Adapted, side: Side) -> None:
        self._adapted, self._side = adapted, side

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}."""
        self._adapted.heard(self._side, data, kind)

    def ended(self) -> None:
        """See L{IReceiver}."""
        self._adapted.ended(self._side)

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}."""
        self._adapted.failed(why)

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""
        self._adapted.lost(self._side, why)

    def congested(self) -> None:
        """See L{IReceiver}."""
        self._adapted.congested(self._side, True)

    def drained(self) -> None:
        """See L{IReceiver}."""
        self._adapted.congested(self._side, False)


def hear(adapted: Adapted) -> None:
    """Let the channels of C{adapted} be heard; by the short way where they are plain enough."""
    front, back = adapted.front, adapted.back
    front.receiver = _ShortFront(adapted, front) if _plain(front, Socket) else Hearing(adapted, Side.FRONT)
    short = _plain(back, StreamChannel) and isinstance(getattr(back, "transport", None), _LEAN)
    back.receiver = _ShortBack(adapted, back) if short else Hearing(adapted, Side.BACK)


def _plain(channel: Any, kind: type[Any]) -> bool:
    """Return whether a channel takes what comes as its class C{kind} does."""
    return getattr(type(channel), "dataReceived", None) is kind.dataReceived


def _frames(front: Any) -> bool:
    """Return whether all that a front does to messages is to frame them."""
    return getattr(type(front), "send_all", None) is Socket.send_all and not front.masks


class _ShortFront(Hearing):
    """Hears a WebSocket, in the place of its C{dataReceived}; whatever carries it."""

    __slots__ = ("_front",)

    def __init__(self, adapted: Adapted, front: Any) -> None:
        super().__init__(adapted, Side.FRONT)
        self._front = front
        front.dataReceived = self.read

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""
        del self._front.dataReceived
        super().lost(why)

    def read(self, data: bytes) -> None:
        """Take the place of L{Socket.dataReceived}."""
        front, adapted = self._front, self._adapted
        lane = front.lane
        if lane is None:  # Autobahn reads
            Socket.dataReceived(front, data)
            return
        session, now = adapted.session, adapted.wheel.now()
        items = lane.feed(data)
        passing: list[bytes] = []
        try:
            for place, (kind, payload) in enumerate(items):
                if kind >= CONTROL or adapted.deaf:
                    self._send(passing)
                    front.take(items[place:])
                    return
                orders = session.from_front(payload, kind, now)
                if type(orders) is list and session.deadline is None:
                    passing += orders
                else:
                    self._send(passing)
                    adapted.run(orders, Side.FRONT)
        finally:
            self._send(passing)
        if lane.fault is not None:
            front.take(())

    def _send(self, passing: list[bytes]) -> None:
        if passing:
            self._adapted.sink.send_all(passing, _BINARY)
            passing.clear()


class _ShortBack(Hearing):
    """Hears a stream over plain TCP of the lean reactor, in the place of its transport's C{doRead}."""

    __slots__ = ("_back", "_frames", "_front", "_transport")

    def __init__(self, adapted: Adapted, back: Any) -> None:
        super().__init__(adapted, Side.BACK)
        self._back, self._transport = back, back.transport
        self._front: Any = adapted.front
        self._frames = _frames(adapted.front)
        self._transport.doRead = self.read

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""
        del self._transport.doRead
        super().lost(why)

    def read(self) -> Exception | None:
        """Take the place of L{LeanClient.doRead}."""
        transport, adapted = self._transport, self._adapted
        try:
            data = transport.socket.recv(transport.bufferSize)
        except BlockingIOError:
            return None
        except OSError:
            return CONNECTION_LOST
        if not data:
            return CONNECTION_DONE
        if adapted.deaf or transport.protocol is not self._back:  # TLS has come between
            transport.protocol.dataReceived(data)
            return None
        session = adapted.session
        orders = session.from_back(data, adapted.wheel.now())
        if type(orders) is not list or session.deadline is not None:
            adapted.run(orders, Side.BACK)
        elif orders and not self._frames:
            self._front.send_all(orders, session.kind)
        elif orders and self._front.state == OPEN:  # the same, without another call
            self._front.transport.write(frame(orders, session.kind))
        return None
