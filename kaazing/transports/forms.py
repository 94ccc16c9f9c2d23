# -*- test-case-name: tests.transports.test_forms -*-
"""How events look on the wire, and channels on TCP that take what was encoded for others too."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any

from twisted.internet.tcp import Connection
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from kaazing.interfaces.feeds import Event, IForm
from kaazing.reactor import LeanServer
from kaazing.wire.frames import frame, valid_utf8

_kind = attrgetter("kind")


@implementer(IForm)
class Frames:
    """Unmasked WebSocket frames, one for each event.  RFC 6455 section 5."""

    def encode(self, events: Sequence[Event]) -> bytes:
        """See L{IForm}."""
        if len(events) == 1:
            return frame([events[0].data], events[0].kind)
        return b"".join([frame(messages, kind) for messages, kind in runs(events)])


FRAMES = Frames()
"""The form of every uncompressed WebSocket of a browser."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Receivers of events that are L{kaazing.interfaces.feeds.IRendered} who are written to in one loop.

    Attributes:
        form: of their channels.
        look: what the events look like to them.
        own: their own bytes; where no more than the length of these matters to the form, that.
        place: which of its channel's places it is: no channel is there twice, since what one place is told
            must not be cut by another's.
    """

    form: IForm
    look: Hashable
    own: bytes | int
    place: int

    def encode(self, events: Sequence[Any], own: bytes) -> tuple[bytes, list[int]]:
        """Return the bytes of events for one of them, and where its own bytes stand in them; for all of them
        where there are none."""
        if isinstance(self.own, bytes):
            return self.form.encode(seen(events, self.look, own)), []
        parts: list[bytes] = []
        holes: list[int] = []
        at = 0
        for event in events:
            payload, offsets = event.render(self.look)
            size = len(payload) + len(offsets) * len(own)
            parts.append(frame([put_in(payload, offsets, own)], event.kind))
            at += len(parts[-1])
            start = at - size
            holes += [start + offset + index * len(own) for index, offset in enumerate(offsets)]
        return b"".join(parts), holes


def alike(form: IForm | None, look: Hashable, own: bytes, place: int) -> Alike | None:
    """Return with whom a receiver is told; None where its channel's bytes are its own.

    The head of a frame depends on the payload's length and on whether it is UTF-8, and so on no more of own
    bytes that are; other forms may do anything with them.
    """
    if form is None:
        return None
    return Alike(form, look, len(own) if form is FRAMES and valid_utf8(own) else own, place)


def seen(events: Sequence[Any], look: Hashable, own: bytes) -> list[Event]:
    """Return what events look like to one receiver."""
    rendered = ((event.render(look), event.kind) for event in events)
    return [Event(put_in(data, offsets, own), kind) for (data, offsets), kind in rendered]


def put_in(data: bytes, offsets: Sequence[int], own: bytes) -> bytes:
    """Return C{data} with C{own} put in at each of the offsets, which do not fall."""
    if len(offsets) == 1:  # nearly always
        return data[: offsets[0]] + own + data[offsets[0] :]
    ends = [0, *offsets, len(data)]
    return own.join([data[start:end] for start, end in pairwise(ends)])


def runs(events: Sequence[Event]) -> list[tuple[list[bytes], int]]:
    """Return the payloads of events in order, those of one kind in a row together, with their kind."""
    return [([event.data for event in run], kind) for kind, run in groupby(events, _kind)]


class Spreadable:
    """Mixed into a channel with a C{transport} whose producer it is: ISpreadable, but for its form."""

    def descriptor(self: Any) -> int:
        """See L{ISpreadable}."""
        transport = self.transport
        if (
            not self.open
            or not (type(transport) is LeanServer or isinstance(transport, Connection))  # the quicker first
            or transport.dataBuffer
            or transport._tempDataBuffer
            or transport.TLS
            or transport.disconnecting
            or transport._writeDisconnecting
        ):
            return -1
        fd: int = transport.fileno()  # -1 once it is closed
        return fd

    def put(self: Any, data: bytes) -> None:
        """See L{ISpreadable}."""
        if self.open:
            self.transport.write(data)
            announce_drain(self.transport)


def announce_drain(transport: Any) -> None:
    """Pause the producer of C{transport} if anything waits to be sent, so that it hears when that is out."""
    if isinstance(transport, TLSMemoryBIOProtocol):
        transport = transport.transport
    waits = transport.dataBuffer or transport._tempDataBuffer
    if waits and transport.producer is not None and not transport.producerPaused:
        transport.producerPaused = True
        transport.producer.pauseProducing()
