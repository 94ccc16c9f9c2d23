# -*- test-case-name: tests.transports.test_adapted -*-
"""Joining two channels through an adapter's session: carries out what it orders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zope.interface import implementer

from kaazing.closecodes import GOING_AWAY, INTERNAL_ERROR, code_for
from kaazing.errors import ProtocolViolation, Side
from kaazing.interfaces.adapters import Close, Front, Hold, Kind, Order, Resume, ToBack, ToFront
from kaazing.interfaces.channels import IChannel, IReceiver
from kaazing.transports.bridge import what
from kaazing.transports.sessions import Sessions
from kaazing.transports.wheel import Wheel

_AUTO = int(Kind.AUTO)  # a plain number is quicker where each chunk passes
_ORDERED, _CONGESTED, _STARTING = 1, 2, 4  # why an end is held


class Adapted:
    """One front and its back with an adapter's session between them.

    Attributes:
        front, back: the two channels.
    """

    __slots__ = (
        "_closed", "_held", "_over", "_session", "_sessions", "_up", "_wheel", "back", "front", "service"
    )  # fmt: skip

    def __init__(
        self, sessions: Sessions, service: str, front: IChannel, back: IChannel, session: Any, wheel: Wheel
    ) -> None:
        """Join; see L{kaazing.transports.bridge.Bridge}, and L{IAdapterSession} for C{session}."""
        self._sessions, self.service, self.front, self.back = sessions, service, front, back
        self._session, self._wheel = session, wheel
        self._held = dict.fromkeys(Side, _STARTING)
        self._closed = False  # somebody decided to end it
        self._up = 2  # channels that are not gone
        self._over: set[Side] = set()  # ends that send no more

    def start(self, wants: Front) -> None:
        """Let it flow; C{wants} is how the adapter wants the browser's bytes."""
        self._sessions.opened(self)
        self.front.whole = wants is Front.MESSAGES
        self.front.receiver = _Hearing(self, Side.FRONT)
        self.back.receiver = _Hearing(self, Side.BACK)
        self.run(self._session.opened(self._wheel.now()), Side.FRONT)
        for side in Side:
            self._hold(side, self._held[side] & ~_STARTING)

    def heard(self, side: Side, data: bytes, kind: int) -> None:
        """An end spoke."""
        if self._closed:
            return
        session, now = self._session, self._wheel.now()
        orders = session.from_front(data, kind, now) if side is Side.FRONT else session.from_back(data, now)
        if type(orders) is list and session.deadline is None:  # mostly: messages that pass
            self._pass(orders, side)
        else:
            self.run(orders, side)

    def run(self, orders: Iterable[Order], spoke: Side) -> None:
        """Carry out what the session orders; plain bytes go to the end that did not speak."""
        if type(orders) is list:
            self._pass(orders, spoke)
        else:
            passing: list[bytes] = []
            try:
                for order in orders:
                    if self._closed:
                        continue  # to the end, as promised, and to nobody
                    if type(order) is bytes:
                        passing.append(order)
                    else:
                        self._pass(passing, spoke)
                        passing = []
                        self._obey(order)
            except ProtocolViolation as why:
                self._pass(passing, spoke)
                self.failed(why)
                return
            self._pass(passing, spoke)
        deadline = self._session.deadline
        if deadline is not None and not self._closed:
            self._wheel.put(self, deadline)

    def _pass(self, messages: list[bytes], spoke: Side) -> None:
        if messages:
            (self.back if spoke is Side.FRONT else self.front).send_all(messages, _AUTO)

    def _obey(self, order: Any) -> None:
        match order:
            case ToFront(data, kind):
                self.front.send(data, kind)
            case ToBack(data):
                self.back.send(data, Kind.BINARY)
            case Hold(side):
                self._hold(side, self._held[side] | _ORDERED)
            case Resume(side):
                self._hold(side, self._held[side] & ~_ORDERED)
            case Close(code, reason):
                self._close(code, reason)
            case _:
                raise TypeError(f"an adapter's session ordered {order!r}")

    def _hold(self, side: Side, reasons: int) -> None:
        channel = self.front if side is Side.FRONT else self.back
        self._held[side] = reasons
        if self._closed:
            return
        if reasons:
            channel.hold()
        else:
            channel.resume()

    def congested(self, side: Side, yes: bool) -> None:
        """An end takes no more, or takes again: whoever speaks to it is held meanwhile."""
        other = Side.BACK if side is Side.FRONT else Side.FRONT
        self._hold(other, self._held[other] | _CONGESTED if yes else self._held[other] & ~_CONGESTED)

    def ended(self, side: Side) -> None:
        """An end sends no more."""
        if self._closed or side in self._over:
            return
        self._over.add(side)
        now = self._wheel.now()
        if side is Side.FRONT:
            self.run(self._session.front_ended(now), side)
            self.back.finish()
        else:
            self.run(self._session.back_ended(now), side)
            self.front.finish()

    def leave(self) -> None:
        """See L{Session.leave}."""
        self._close(GOING_AWAY, "the gateway goes away")

    def failed(self, why: Exception) -> None:
        """An end broke a rule, of its protocol or of its carrier; both are closed."""
        if not self._closed:
            self._sessions.complain(self.service, self.front.peer, why)
            self._close(code_for(why), what(why))

    def lost(self, side: Side, why: Exception | None) -> None:
        """An end is gone."""
        self._up -= 1
        if side is Side.FRONT:
            self._closed = True
            self._wheel.take(self)
            self.back.drop()
        elif why is None:  # over TLS, FIN and loss are one
            self.ended(side)
            self.front.drop()
        elif not self._closed:
            self._sessions.complain(self.service, self.front.peer, why)
            self._close(INTERNAL_ERROR, "backend lost")
        if not self._up:
            self._sessions.gone(self)

    def due(self, now: float) -> float | None:
        """The session's deadline has passed; called by the wheel."""
        if self._closed:
            return None
        deadline: float | None = self._session.deadline
        if deadline is not None and deadline <= now:
            self.run(self._session.expired(now), Side.FRONT)
            deadline = self._session.deadline
        return None if self._closed else deadline

    def _close(self, code: int, reason: str) -> None:
        if not self._closed:
            self._closed = True
            self._wheel.take(self)
            self.front.finish(code, reason)
            self.front.drop()
            self.back.drop()


@implementer(IReceiver)
class _Hearing:
    """Hears one of the two channels."""

    __slots__ = ("_session", "_side")

    def __init__(self, session: Adapted, side: Side) -> None:
        self._session, self._side = session, side

    def received(self, data: bytes, kind: int) -> None:
        self._session.heard(self._side, data, kind)

    def ended(self) -> None:
        self._session.ended(self._side)

    def failed(self, why: Exception) -> None:
        self._session.failed(why)

    def lost(self, why: Exception | None) -> None:
        self._session.lost(self._side, why)

    def congested(self) -> None:
        self._session.congested(self._side, True)

    def drained(self) -> None:
        self._session.congested(self._side, False)
