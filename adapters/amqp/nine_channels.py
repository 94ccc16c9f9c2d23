# -*- test-case-name: tests.adapters.amqp.test_nine_channels -*-
"""The channels of an AMQP 0-9-1 connection as they open and close, also by the gateway.

AMQP 0-9-1 section 2.2.5. What one side says changes what the other's scanner lets pass.
"""

from __future__ import annotations

from collections.abc import Iterator

from kaazing.interfaces.adapters import Kind, Order, ToBack, ToFront
from kaazing.wire.amqp import Scanner, channel_of, encode, key_of, name_of


class Channels:
    """Takes note of methods of class channel that a scanner has passed, and closes channels itself.

    A channel that the gateway closes is first closed at the backend; when that has answered, the client
    is told, so that its number is free at the backend before the client can use it again.
    """

    def __init__(self, front: Scanner, back: Scanner) -> None:
        self._front, self._back = front, back
        self._telling: dict[int, bytes] = {}  # channel -> close for the client, once the backend has answered
        self._told: set[int] = set()  # whose close-ok is ours to keep

    def refuse(self, wire: bytes, code: int, why: str) -> Iterator[Order]:
        """Close the channel of a client's method that is not passed on, and all that comes on it."""
        channel, key = channel_of(wire), key_of(wire)
        close = encode(channel, "channel.close", code, why, key >> 16, key & 0xFFFF)
        self._front.refuse(channel)
        self._back.owe(channel)
        self._telling[channel] = close
        yield ToBack(close)

    def from_front(self, wire: bytes) -> Iterator[Order]:
        """The client opens or closes a channel; plain bytes pass on."""
        channel = channel_of(wire)
        match name_of(wire):
            case "channel.open":
                self._told.discard(channel)
                self._back.await_open(channel)
            case "channel.close" if channel in self._told:
                yield ToFront(encode(channel, "channel.close-ok"), Kind.BINARY)
                return
            case "channel.close" if channel in self._telling:
                self._telling[channel] = encode(channel, "channel.close-ok")
                return
            case "channel.close":
                self._back.owe(channel)
            case "channel.close-ok" if channel in self._told:
                self._told.discard(channel)
                return
            case "channel.close-ok":
                self._back.free(channel)
        yield wire

    def from_back(self, wire: bytes) -> Iterator[Order]:
        """The backend opens or closes a channel; plain bytes pass on."""
        channel = channel_of(wire)
        match name_of(wire):
            case "channel.close" if channel in self._telling:  # both at once
                yield ToBack(encode(channel, "channel.close-ok"))
                return
            case "channel.close":
                self._front.owe(channel)
            case "channel.close-ok" if channel in self._telling:
                self._back.free(channel)
                yield from self._tell(channel)
                return
            case "channel.close-ok":
                self._front.free(channel)
        yield wire

    def _tell(self, channel: int) -> Iterator[Order]:
        said = self._telling.pop(channel)
        if name_of(said) == "channel.close":
            self._told.add(channel)
            self._front.owe(channel)
        yield said
