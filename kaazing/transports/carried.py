# -*- test-case-name: tests.transports.test_carried -*-
"""A channel that another one carries: what stands between a service and a connection begins with this."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from kaazing.interfaces.channels import IChannel, IReceiver
from kaazing.tenure import Tenure


@implementer(IChannel, IReceiver)
class Carried:
    """Passes everything on, both ways; see L{IChannel}."""

    __slots__ = ("_carrier", "_whole", "receiver")

    def __init__(self, carrier: Any, *, whole: bool = False) -> None:
        """
        Args:
            carrier: an L{IChannel}, held, which nobody hears yet.
            whole: whether it has to deliver whole messages.
        """
        self._carrier = carrier
        self.receiver: IReceiver | None = None
        self._whole = False
        carrier.receiver = self
        carrier.whole = whole

    @property
    def open(self) -> bool:
        """See L{IChannel}."""
        return bool(self._carrier.open)

    @property
    def peer(self) -> str:
        """See L{IChannel}."""
        return str(self._carrier.peer)

    @property
    def subprotocol(self) -> str | None:
        """See L{IChannel}."""
        chosen: str | None = self._carrier.subprotocol
        return chosen

    @property
    def messages(self) -> bool:
        """See L{IChannel}."""
        return bool(self._carrier.messages)

    @property
    def closed_with(self) -> tuple[int, str]:
        """See L{IChannel}."""
        said: tuple[int, str] = self._carrier.closed_with
        return said

    @property
    def latency(self) -> float | None:
        """See L{IChannel}."""
        seconds: float | None = self._carrier.latency
        return seconds

    @property
    def bound(self) -> int:
        """See L{IChannel}."""
        return int(self._carrier.bound)

    @bound.setter
    def bound(self, size: int) -> None:
        self._carrier.bound = size

    @property
    def whole(self) -> bool:
        """See L{IChannel}."""
        return self._whole

    @whole.setter
    def whole(self, yes: bool) -> None:
        self._whole = yes
        self._carrier.whole = self._carrier.whole or yes

    @property
    def tenure(self) -> Tenure | None:
        """See L{IChannel}."""
        told: Tenure | None = self._carrier.tenure
        return told

    @tenure.setter
    def tenure(self, told: Tenure | None) -> None:
        self._carrier.tenure = told

    # What comes in

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}."""
        if self.receiver is not None and (data or self.whole):
            self.receiver.received(data, kind)

    def ended(self) -> None:
        """See L{IReceiver}."""
        if self.receiver is not None:
            self.receiver.ended()

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}."""
        if self.receiver is not None:
            self.receiver.failed(why)

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""
        receiver, self.receiver = self.receiver, None
        if receiver is not None:
            receiver.lost(why)

    def congested(self) -> None:
        """See L{IReceiver}."""
        if self.receiver is not None:
            self.receiver.congested()

    def drained(self) -> None:
        """See L{IReceiver}."""
        if self.receiver is not None:
            self.receiver.drained()

    # What goes out

    def send(self, data: bytes, kind: int) -> None:
        """See L{IChannel}."""
        self._carrier.send(data, kind)

    def send_all(self, messages: list[bytes], kind: int) -> None:
        """See L{IChannel}."""
        self._carrier.send_all(messages, kind)

    def hold(self) -> None:
        """See L{IChannel}."""
        self._carrier.hold()

    def resume(self) -> None:
        """See L{IChannel}."""
        self._carrier.resume()

    def finish(self, code: int = 1000, reason: str = "") -> None:
        """See L{IChannel}."""
        self._carrier.finish(code, reason)

    def drop(self) -> None:
        """See L{IChannel}."""
        self._carrier.drop()

    def abort(self) -> None:
        """See L{IChannel}."""
        self._carrier.abort()
