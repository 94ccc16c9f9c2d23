# -*- test-case-name: tests.brokers.amqp.test_frames -*-
"""Frames on their way from a broker to pika: whole ones, one by one, and headers of messages without their
properties, which are kept here.  AMQP 0-9-1 section 2.3.5.

Pika would copy what is left of a chunk for each frame in it, and read properties as it reads them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

LONGEST = 131_072
"""Bytes of a frame, as pika asks for; RabbitMQ allows as much."""

_HEAD = struct.Struct(">BHI")  # type, channel, size of the payload
_OVERHEAD = _HEAD.size + 1
_HEADER = 2  # type of a content header
_BEFORE_PROPERTIES = 12  # bytes of its payload: class, weight, size of the body
_END = b"\xce"
_BARE = struct.Struct(">BHI12sHB")


class Frames:
    """What comes on one connection.

    Attributes:
        properties: number of a channel -> the properties of the message that is under way on it, or was last.
    """

    def __init__(self) -> None:
        self.properties: dict[int, bytes] = {}
        self._open = b""  # the frame that is not yet whole

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take the next bytes; yield frames for pika.

        Raises:
            ValueError: while iterating: a frame is longer than agreed, or has no end; a sentence.
        """
        data, place = self._open + data, 0
        while len(data) - place >= _HEAD.size:
            kind, channel, size = _HEAD.unpack_from(data, place)
            end = place + _OVERHEAD + size
            if _OVERHEAD + size > LONGEST:
                raise ValueError(f"a frame of {_OVERHEAD + size} bytes, where {LONGEST} were agreed on")
            if end > len(data):
                break
            if data[end - 1 : end] != _END:
                raise ValueError("a frame without its end octet")
            if kind == _HEADER:
                payload = data[place + _HEAD.size : end - 1]
                self.properties[channel] = payload[_BEFORE_PROPERTIES:]
                yield _BARE.pack(
                    kind, channel, _BEFORE_PROPERTIES + 2, payload[:_BEFORE_PROPERTIES], 0, _END[0]
                )
            else:
                yield data[place:end]
            place = end
        self._open = data[place:]

    def forget(self, channel: int) -> None:
        """Keep nothing of a channel that is closed."""
        self.properties.pop(channel, None)
