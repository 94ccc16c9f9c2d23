# -*- test-case-name: tests.transports.test_forms -*-
"""How events look on the wire, and channels on TCP that take what was encoded for others too."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from twisted.internet.tcp import Connection
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from kaazing.interfaces.feeds import Event, IForm
from kaazing.reactor import LeanServer
from kaazing.wire.frames import frame

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
