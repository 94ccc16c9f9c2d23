# -*- test-case-name: tests.transports.test_extended -*-
"""A WebSocket by extended handshake as a channel: its extensions; see L{kaazing.wire.extended}."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from kaazing.closecodes import GOING_AWAY
from kaazing.errors import FrameViolation
from kaazing.interfaces.channels import IChannel, IReceiver
from kaazing.tenure import Tenure, end
from kaazing.transports.handshakes import ServerSocket
from kaazing.transports.tcp import bound_writes
from kaazing.wire.extended import PONG, Sign, Signs, escape
from kaazing.wire.frames import TEXT


@implementer(IChannel, IReceiver)
class Extended:
    """What a service has of a connection by extended handshake; see L{IChannel}.

    What comes before it is resumed waits in it, as much as one read brings at most.
    """

    __slots__ = (
        "_broken", "_congested", "_early", "_held", "_idle", "_signs", "_socket", "_wheel", "_wrote", "bound",
        "receiver", "subprotocol", "tenure", "whole",
    )  # fmt: skip

    messages = True

    def __init__(self, socket: ServerSocket, subprotocol: str | None, *, signs: bool, idle: float) -> None:
        """
        Args:
            socket: carries the connection, and is held.
            signs: whether pings and pongs are text messages.
            idle: seconds within which the client expects to hear something; 0 for any time.
        """
        self._socket, self.subprotocol, self._wheel = socket, subprotocol, socket.factory.wheel
        self.receiver: IReceiver | None = None
        self.tenure: Tenure | None = None
        self.whole, self.bound = False, 64_000
        self._early: list[tuple[str, tuple[Any, ...]]] | None = []
        self._broken = self._congested = self._held = False
        self._signs = Signs() if signs else None
        self._wrote: float = self._wheel.now()
        self._idle: float = max(idle * 3 / 4 - self._wheel.tick, self._wheel.tick)
        socket.receiver = self
        if signs:
            socket.text_pings = True
        if idle:
            self._wheel.put(self, self._wrote + self._idle)

    @property
    def open(self) -> bool:
        """See L{IChannel}."""
        return self._socket.open

    @property
    def peer(self) -> str:
        """See L{IChannel}."""
        return self._socket.peer

    @property
    def closed_with(self) -> tuple[int, str]:
        """See L{IChannel}."""
        return self._socket.closed_with

    @property
    def latency(self) -> float | None:
        """See L{IChannel}."""
        return self._socket.latency

    # What comes in

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}."""
        if self._broken or (self._signs is not None and self._is_sign(self._signs, data, kind)):
            return
        if self._early is not None:
            self._early.append(("received", (data, kind)))
        elif self.receiver is not None and (data or self.whole):
            self.receiver.received(data, kind)

    def _is_sign(self, signs: Signs, data: bytes, kind: int) -> bool:
        try:
            sign = signs.take(data, kind)
        except FrameViolation as why:
            self._broken = True
            self._tell("failed", why)
            return True
        if sign is Sign.PING and not self._congested:  # pongs for one who takes none would pile up
            self._socket.send(PONG, TEXT)
        elif sign is Sign.PONG:
            self._socket.onPong(b"")
        return sign is not None

    def ended(self) -> None:
        """See L{IReceiver}."""
        self._tell("ended")

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}."""
        if not self._broken:
            self._tell("failed", why)

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""
        self._wheel.take(self)
        end(self)
        self._tell("lost", why)
        self.receiver = None

    def congested(self) -> None:
        """See L{IReceiver}."""
        self._congested = True
        self._tell("congested")

    def drained(self) -> None:
        """See L{IReceiver}."""
        self._congested = False
        self._tell("drained")

    def _tell(self, event: str, *more: Any) -> None:
        if self._early is not None:
            self._early.append((event, more))
        elif self.receiver is not None:
            getattr(self.receiver, event)(*more)

    # What goes out

    def send(self, data: bytes, kind: int) -> None:
        """See L{IChannel}."""
        self.send_all([data], kind)

    def send_all(self, messages: list[bytes], kind: int) -> None:
        """See L{IChannel}."""
        self._wrote = self._wheel.now()
        self._socket.send_all(messages if self._signs is None else escape(messages, kind), kind)

    def hold(self) -> None:
        """See L{IChannel}."""
        self._held = True
        self._socket.hold()

    def resume(self) -> None:
        """See L{IChannel}."""
        self._held = False
        if self._early is not None:
            bound_writes(self._socket.transport, self.bound)
            self._tell_early(everything=True)
        if not self._held:
            self._socket.resume()

    def _tell_early(self, *, everything: bool) -> None:
        early, self._early = self._early or [], None
        for event, more in early:
            told = everything and (more[0] or self.whole) if event == "received" else True
            if told and self.receiver is not None:
                getattr(self.receiver, event)(*more)

    def finish(self, code: int = 1000, reason: str = "") -> None:
        """See L{IChannel}."""
        self._tell_early(everything=False)
        self._socket.finish(code, reason)

    def drop(self) -> None:
        """See L{IChannel}."""
        self.finish(GOING_AWAY)

    def abort(self) -> None:
        """See L{IChannel}."""
        self._early = None
        self._socket.abort()

    def due(self, now: float) -> float:
        """Let an idle client hear something; called by the wheel.

        That is a ping where pings are frames: to the original's Java client a pong is nothing heard.
        """
        if now >= self._wrote + self._idle:
            self._wrote = now
            if self._signs is not None:
                self._socket.send(PONG, TEXT)
            else:
                self._socket.sendPing()
        return self._wrote + self._idle
