# -*- test-case-name: tests.transports.test_renewing -*-
"""A channel whose client may renew its login in the open connection; see L{kaazing.wire.renewal}."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from kaazing.errors import FrameViolation
from kaazing.interfaces.adapters import Kind
from kaazing.interfaces.channels import IChannel, IReceiver
from kaazing.tenure import Tenure
from kaazing.wire.renewal import Credential, Word, escape, message, take


@implementer(IChannel, IReceiver)
class Renewing:
    """What a service has of a connection that another channel carries; see L{IChannel}."""

    __slots__ = ("_carrier", "_congested", "_failed", "_renew", "receiver", "whole")

    messages = True

    def __init__(self, carrier: Any, renew: Callable[[Credential], None]) -> None:
        """
        Args:
            carrier: an L{IChannel} with messages, held, which nobody hears yet.
            renew: told what the client shows anew.
        """
        self._carrier, self._renew = carrier, renew
        self.receiver: IReceiver | None = None
        self.whole = False
        self._congested = self._failed = False
        carrier.whole = True
        carrier.receiver = self

    def say(self, word: Word, seconds: int | None = None) -> None:
        """Tell the client something; not one that takes nothing: what it has to take could pile up."""
        if self.open and not self._congested:
            self._carrier.send(message(word, seconds), Kind.TEXT)

    @property
    def open(self) -> bool:
        """See L{IChannel}."""
        is_open: bool = self._carrier.open
        return is_open

    @property
    def peer(self) -> str:
        """See L{IChannel}."""
        peer: str = self._carrier.peer
        return peer

    @property
    def subprotocol(self) -> str | None:
        """See L{IChannel}."""
        chosen: str | None = self._carrier.subprotocol
        return chosen

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
        most: int = self._carrier.bound
        return most

    @bound.setter
    def bound(self, most: int) -> None:
        self._carrier.bound = most

    @property
    def tenure(self) -> Tenure | None:
        """See L{IChannel}; the carrier tells it."""
        tenure: Tenure | None = self._carrier.tenure
        return tenure

    @tenure.setter
    def tenure(self, told: Tenure | None) -> None:
        self._carrier.tenure = told

    # What comes in

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}."""
        if self._failed:
            return
        try:
            taken = take(data, kind)
        except FrameViolation as why:
            self.failed(why)
            return
        if isinstance(taken, Credential):
            self._renew(taken)
        elif self.receiver is not None and (taken or self.whole):
            self.receiver.received(taken, kind)

    def ended(self) -> None:
        """See L{IReceiver}."""
        if self.receiver is not None:
            self.receiver.ended()

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}."""
        if not self._failed:
            self._failed = True
            if self.receiver is not None:
                self.receiver.failed(why)

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""
        receiver, self.receiver = self.receiver, None
        if receiver is not None:
            receiver.lost(why)

    def congested(self) -> None:
        """See L{IReceiver}."""
        self._congested = True
        if self.receiver is not None:
            self.receiver.congested()

    def drained(self) -> None:
        """See L{IReceiver}."""
        self._congested = False
        if self.receiver is not None:
            self.receiver.drained()

    # What goes out

    def send(self, data: bytes, kind: int) -> None:
        """See L{IChannel}."""
        self.send_all([data], kind)

    def send_all(self, messages: list[bytes], kind: int) -> None:
        """See L{IChannel}."""
        self._carrier.send_all(list(escape(messages, kind)), kind)

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
