# -*- test-case-name: tests.transports.test_renewing -*-
"""A channel whose client may renew its login in the open connection; see L{kaazing.wire.renewal}."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kaazing.errors import FrameViolation
from kaazing.interfaces.adapters import Kind
from kaazing.transports.carried import Carried
from kaazing.wire.renewal import Credential, Word, escape, message, take


class Renewing(Carried):
    """What a service has of a connection that another channel carries; see L{IChannel}."""

    __slots__ = ("_congested", "_failed", "_renew")

    def __init__(self, carrier: Any, renew: Callable[[Credential], None]) -> None:
        """
        Args:
            carrier: an L{IChannel} with messages, held, which nobody hears yet.
            renew: told what the client shows anew.
        """
        super().__init__(carrier, whole=True)
        self._renew = renew
        self._congested = self._failed = False

    def say(self, word: Word, seconds: int | None = None) -> None:
        """Tell the client something; not one that takes nothing: what it has to take could pile up."""
        if self.open and not self._congested:
            self._carrier.send(message(word, seconds), Kind.TEXT)

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
        else:
            super().received(taken, kind)

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}."""
        if not self._failed:
            self._failed = True
            super().failed(why)

    def congested(self) -> None:
        """See L{IReceiver}."""
        self._congested = True
        super().congested()

    def drained(self) -> None:
        """See L{IReceiver}."""
        self._congested = False
        super().drained()

    # What goes out

    def send(self, data: bytes, kind: int) -> None:
        """See L{IChannel}."""
        self.send_all([data], kind)

    def send_all(self, messages: list[bytes], kind: int) -> None:
        """See L{IChannel}."""
        self._carrier.send_all(list(escape(messages, kind)), kind)
