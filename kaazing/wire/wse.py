# -*- test-case-name: tests.wire.test_wse -*-
"""Frames of WebSocket emulation (WSE), in C or in Python.  docs/protocols/wse.md.

What L{WseDecoder} and L{wse_frame} promise stands in C{kaazing/_speedups.pyi}; the two are one to the eye.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaazing.wire.native import SPEEDUPS

if TYPE_CHECKING or SPEEDUPS:
    from kaazing._speedups import WseDecoder, wse_frame
else:
    from kaazing.wire.pure_wse import WseDecoder, wse_frame

NOP = b"\x0100\xff"
RECONNECT = b"\x0101\xff"
CLOSE = b"\x0102\xff"
PING = b"\x89\0"
PONG = b"\x8a\0"

CLOSE_CODES = {"WSE frames": 1002, "WSE commands": 1002, "WSE text": 1007, "WSE message size": 1009}
"""The rule of a decoder's fault -> WebSocket close code that says the same (RFC 6455 section 7.4.1)."""


def padding(n: int) -> bytes:
    """Make one command frame of NOPs, as long as C{.kp=n} asks: 2 bytes more than C{n}, or than C{n - 1}.

    Args:
        n: bytes to fill; the caller bounds it. Below 2, the frame has no command.
    """
    return b"\x01" + b"00" * (n // 2) + b"\xff"


__all__ = [
    "CLOSE",
    "CLOSE_CODES",
    "NOP",
    "PING",
    "PONG",
    "RECONNECT",
    "SPEEDUPS",
    "WseDecoder",
    "padding",
    "wse_frame",
]
