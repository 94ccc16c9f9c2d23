# -*- test-case-name: tests.wire.test_frames -*-
"""Outgoing WebSocket frames, and UTF-8 asked of a whole text; in C or in Python.  RFC 6455 section 5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaazing.wire.native import SPEEDUPS

if TYPE_CHECKING or SPEEDUPS:
    from kaazing._speedups import frame, valid_utf8
else:
    from kaazing.wire.pure_frames import frame, valid_utf8

AUTO = 0  # text where the bytes are valid UTF-8, binary otherwise
TEXT = 1
BINARY = 2
CLOSE = 8
PING = 9
PONG = 10

__all__ = ["AUTO", "BINARY", "CLOSE", "PING", "PONG", "SPEEDUPS", "TEXT", "frame", "valid_utf8"]
