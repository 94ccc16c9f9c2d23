# -*- test-case-name: tests.wire.test_spread -*-
"""The same bytes to many sockets at once; in C or in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaazing.wire.native import SPEEDUPS
from kaazing.wire.pure_spread import filled

if TYPE_CHECKING or SPEEDUPS:
    from kaazing._speedups import spread
else:
    from kaazing.wire.pure_spread import spread

__all__ = ["filled", "spread"]
