# -*- test-case-name: tests.wire.test_lane -*-
"""The inbound frames of one WebSocket connection, in C or in Python.  RFC 6455 section 5.

What a L{Lane} promises stands in C{kaazing/_speedups.pyi}; the two are one to the eye.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaazing.wire.native import SPEEDUPS

if TYPE_CHECKING or SPEEDUPS:
    from kaazing._speedups import Lane
else:
    from kaazing.wire.pure_lane import Lane

__all__ = ["SPEEDUPS", "Lane"]
