# -*- test-case-name: tests.transports.test_paced -*-
"""A channel whose client may send only so much a second: one that sent more is not read for a while.

docs/decisions/0150-a-debt-is-paid-by-silence.md
"""

from __future__ import annotations

from typing import Any

from kaazing.interfaces.services import Rates
from kaazing.limits import Alarm
from kaazing.transports.carried import Carried
from kaazing.transports.pacing import Bucket
from kaazing.transports.wheel import Wheel

MESSAGES, BYTES = "client.message.rate", "client.byte.rate"


class PacedChannel(Carried):
    """What a service has of a connection that another channel carries; see L{IChannel}.

    What came in one read passes at once, and is paid for by not reading on: nothing waits here.
    """

    __slots__ = ("_alarm", "_buckets", "_held", "_waits", "_wheel")

    def __init__(self, carrier: Any, rates: Rates, wheel: Wheel, alarm: Alarm) -> None:
        """
        Args:
            carrier: an L{IChannel}, held, which nobody hears yet.
            rates: of which one at least is limited.
            alarm: told when a client has to wait.
        """
        super().__init__(carrier, whole=bool(rates.messages))  # or nobody could count them
        self._wheel, self._alarm = wheel, alarm
        now = wheel.now()
        self._buckets = [
            (name, Bucket(rate, now))
            for name, rate in ((MESSAGES, rates.messages), (BYTES, rates.bytes))
            if rate
        ]
        self._held, self._waits = True, False

    # What comes in

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}."""
        now = self._wheel.now()
        lacking, limit = 0.0, ""
        for name, bucket in self._buckets:
            if not self._waits:
                bucket.fill(now, brim=True)
            bucket.take(1 if name == MESSAGES else len(data))
            lacks = bucket.lacks(1)
            if lacks > lacking:
                lacking, limit = lacks, name
        if lacking and not self._waits:
            self._waits = True
            self._alarm.reached(limit, self.peer, "is not read for a while")
            self._carrier.hold()
            self._wheel.put(self, now + lacking)
        super().received(data, kind)

    def due(self, now: float) -> float | None:
        """A debt should be paid; called by the wheel."""
        lacking = 0.0
        for _, bucket in self._buckets:
            bucket.fill(now, brim=False)
            lacking = max(lacking, bucket.lacks(1))
        if lacking:
            return now + lacking
        self._waits = False
        if not self._held:
            self._carrier.resume()
        return None

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""
        self._wheel.take(self)
        super().lost(why)

    # What goes out

    def hold(self) -> None:
        """See L{IChannel}."""
        self._held = True
        super().hold()

    def resume(self) -> None:
        """See L{IChannel}."""
        self._held = False
        if not self._waits:
            super().resume()
