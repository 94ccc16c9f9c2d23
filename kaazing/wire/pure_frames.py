# -*- test-case-name: tests.wire.test_pure_frames -*-
"""Outgoing WebSocket frames in Python; the twin of C{kaazing/native/frames.c}.  RFC 6455 section 5.2."""

from __future__ import annotations

import os
from collections.abc import Sequence

_FINAL = 0x80
_MASKED = 0x80
_KEY_SIZE = 4


def xor(data: bytes, key: bytes) -> bytes:
    """Return C{data} masked, or unmasked, with the four bytes of C{key}.  RFC 6455 section 5.3."""
    size = len(data)
    pad = (key * (size // _KEY_SIZE + 1))[:size]
    return (int.from_bytes(data, "little") ^ int.from_bytes(pad, "little")).to_bytes(size, "little")


def valid_utf8(data: bytes, /) -> bool:
    """See C{kaazing/_speedups.pyi}."""
    try:
        str(data, "utf-8")
    except UnicodeDecodeError:
        return False
    return True


def frame(messages: Sequence[bytes], kind: int, /, masked: bool = False) -> bytes:
    """See C{kaazing/_speedups.pyi}."""
    if not 0 <= kind <= 2:
        raise ValueError(f"kind is 0, 1 or 2, not {kind}")
    return b"".join([part for message in messages for part in _parts(message, kind, masked)])


def _parts(message: bytes, kind: int, masked: bool) -> Sequence[bytes]:
    if not isinstance(message, bytes):
        raise TypeError(f"a message is bytes, not {type(message).__name__}")
    head = _head(kind or (1 if valid_utf8(message) else 2), len(message), masked)
    if not masked:
        return head, message
    key = os.urandom(_KEY_SIZE)  # unpredictable: RFC 6455 section 10.3
    return head, key, xor(message, key)


def _head(opcode: int, size: int, masked: bool) -> bytes:
    first, bit = _FINAL | opcode, _MASKED if masked else 0
    if size < 126:
        return bytes((first, bit | size))
    if size < 1 << 16:
        return bytes((first, bit | 126)) + size.to_bytes(2, "big")
    return bytes((first, bit | 127)) + size.to_bytes(8, "big")
