# -*- test-case-name: tests.transports.emulation.test_terms -*-
"""What holds for all emulated sessions of an accept."""

from __future__ import annotations

from dataclasses import dataclass

from kaazing.transports.emulation.registry import Registry
from kaazing.transports.wheel import Wheel

IDLE = 60.0  # seconds of silence on a downstream that clients bear, as in the original
LEAST_IDLE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """See the module.

    Attributes:
        registry: knows the sessions by their ids.
        wheel: the gateway's.
        max_message: longest message taken from a client, bytes; 0 for no limit.
        inactivity: seconds of silence after which a client is pinged and dropped; 0 for never.
        specification: whether sequence numbers are wanted, and a stream does not begin with a NOP.
    """

    registry: Registry
    wheel: Wheel
    max_message: int = 0
    inactivity: float = 0.0
    specification: bool = False

    @property
    def idle(self) -> float:
        """Seconds of silence on a downstream that clients are told to bear."""
        return max(self.inactivity, LEAST_IDLE) if self.inactivity else IDLE
