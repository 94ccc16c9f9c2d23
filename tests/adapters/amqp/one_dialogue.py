"""A conversation with an AMQP 1.0 session: what happens, and what must follow."""

from __future__ import annotations

from typing import Any, Self

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.amqp.adapter import AmqpAdapter
from kaazing.adapters.amqp.one import AmqpOne
from kaazing.interfaces.adapters import Kind, Link, ToBack, ToFront
from kaazing.wire import amqp_one_sasl as frames
from kaazing.wire.amqp_one import PLAIN_HEADER, frame
from kaazing.wire.amqp_one_types import NULL, binary, boolean, described, string, symbol, uint, ushort
from tests.adapters import dialogue


def performative(descriptor: int, *values: bytes, channel: int = 0, payload: bytes = b"") -> bytes:
    """Return a frame with a performative."""
    return frame(described(descriptor, values) + payload, channel)


def init(mechanism: str = "PLAIN", response: bytes = b"\0ann\0secret") -> bytes:
    """Return a client's sasl-init."""
    return frames.init(mechanism, response)


def begin(remote: int | None = None, channel: int = 0) -> bytes:
    """Return a begin that gives 256 handles."""
    remote_channel = NULL if remote is None else ushort(remote)
    windows = (uint(0), uint(2000), uint(2000), uint(255))
    return performative(0x11, remote_channel, *windows, channel=channel)


def attach(
    name: str, handle: int, *, receives: bool, address: str | None = "/queue/q", channel: int = 0
) -> bytes:
    """Return an attach to an address, dynamic for None."""
    node = (string(address),) if address is not None else (NULL, NULL, NULL, NULL, boolean(True))
    source, target = described(0x28, node if receives else ()), described(0x29, () if receives else node)
    modes = (boolean(receives), NULL, NULL, source, target)
    return performative(0x12, string(name), uint(handle), *modes, channel=channel)


def flow(*link: bytes) -> bytes:
    """Return a flow; C{link} begins with the handle."""
    return performative(0x13, uint(0), uint(2000), uint(0), uint(2000), *link)


def transfer(
    handle: int = 0,
    delivery: int | None = 0,
    tag: bytes | None = b"t",
    more: bool = False,
    body: bytes = b"x",
) -> bytes:
    """Return a transfer."""
    number = NULL if delivery is None else uint(delivery)
    mark = NULL if tag is None else binary(tag)
    rest = (NULL, NULL, boolean(True)) if more else ()
    return performative(0x14, uint(handle), number, mark, *rest, payload=b"\0\x53\x75" + binary(body))


def detach(handle: int) -> bytes:
    """Return a detach that closes."""
    return performative(0x16, uint(handle), boolean(True))


OPEN = performative(0x10, string("client"), NULL, uint(65536), ushort(9))
BACK_OPEN = performative(0x10, string("broker"), NULL, uint(65536), ushort(9))
END = performative(0x17)
CLOSE = performative(0x18)
BEAT = frame(b"")
OUTCOME = frames.outcome(frames.OK)
PLAIN = described(0x40, (symbol("PLAIN"),))
BACK_MECHANISMS = frames.mechanisms(["PLAIN", "EXTERNAL"])
SHOWN = frames.mechanisms(["ANONYMOUS", "PLAIN"])


class Dialogue(dialogue.Dialogue):
    """See there; it begins with the client's protocol header, and the login may take 30 seconds."""

    adapter = AmqpAdapter

    def __init__(self, case: SynchronousTestCase, header: bytes = PLAIN_HEADER, **changes: Any) -> None:
        self._header = header
        super().__init__(case, **changes)

    def begin(self, link: Link) -> AmqpOne:
        """See there."""
        session = AmqpOne(link, self._header)
        session.deadline = self.now + 30.0
        return session

    def open(self) -> Self:
        """Let the two ends open the connection without SASL, and a session on channel 0."""
        self.then(ToBack(PLAIN_HEADER)).front(OPEN + begin()).then(ToBack(OPEN + begin()))
        self.back(PLAIN_HEADER + BACK_OPEN + begin(0))
        return self.then(to_front(PLAIN_HEADER), to_front(BACK_OPEN), to_front(begin(0)))


def to_front(data: bytes) -> ToFront:
    """Return the order for one binary message to the client."""
    return ToFront(data, Kind.BINARY)
