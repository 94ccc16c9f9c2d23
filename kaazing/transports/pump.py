# -*- test-case-name: tests.transports.test_pump -*-
"""The native shortcut between two TCP connections: C{doRead} becomes one C call.

Taken where nothing looks at the bytes and both ends are plain TCP of the lean reactor. Whatever the
C call cannot do comes back as bytes (see L{Pumped.spilled}) and takes the ordinary path; the call
takes over again at the next read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST

from kaazing.interfaces.adapters import Kind
from kaazing.reactor import LeanClient, LeanServer
from kaazing.transports import ws
from kaazing.wire.native import SPEEDUPS

if TYPE_CHECKING or SPEEDUPS:
    from kaazing._speedups import BackPump, EchoPump, FrontPump

_LEAN = (LeanServer, LeanClient)


class Pumped:
    """The calls installed as C{doRead} of one or two transports, and how to take them out again."""

    __slots__ = ("_installed",)

    def __init__(self) -> None:
        self._installed: list[tuple[Any, Any]] = []

    def install(self, transport: Any, call: Any) -> None:
        """Let C{call} read from C{transport}."""
        transport.doRead = call
        transport.before_close = self.stop
        self._installed.append((transport, call))

    def stop(self) -> None:
        """Give all transports their own C{doRead} back and forget the descriptors."""
        for transport, call in self._installed:
            call.detach()
            if transport.__dict__.get("doRead") is call:
                del transport.doRead
            transport.before_close = None
        self._installed.clear()


def pump(front: Any, back: Any) -> Pumped | None:
    """Pump between a WebSocket front and a TCP back; None where that cannot be."""
    lane = getattr(front, "lane", None)
    if not SPEEDUPS or ws.LANE != "pump" or lane is None or back.messages:
        return None
    source, sink = front.transport, back.transport
    if not (_lean(source) and _lean(sink)):
        return None
    pumped = Pumped()
    pumped.install(source, FrontPump(lane, source.fileno(), sink.fileno(), sink, _Spill(front, back)))
    pumped.install(sink, BackPump(sink.fileno(), source.fileno(), source, _Spill(back, front), Kind.BINARY))
    return pumped


def pump_echo(channel: Any, repeat: int) -> Pumped | None:
    """Pump a WebSocket's messages back to itself; None where that cannot be."""
    lane = getattr(channel, "lane", None)
    if not SPEEDUPS or ws.LANE != "pump" or lane is None or not _lean(channel.transport):
        return None
    transport = channel.transport
    pumped = Pumped()
    spill = _Spill(channel, channel)
    pumped.install(transport, EchoPump(lane, transport.fileno(), transport, spill, repeat))
    return pumped


def _lean(transport: Any) -> bool:
    return isinstance(transport, _LEAN) and bool(transport.connected) and not transport.disconnecting


class _Spill:
    """What a pump calls when it cannot go on by itself."""

    __slots__ = ("_here", "_there")

    def __init__(self, here: Any, there: Any) -> None:
        self._here, self._there = here, there

    def __call__(self, unsent: bytes, rest: bytes, status: int) -> Any:
        """Take the ordinary path.

        Args:
            unsent: in the other side's wire form, to be sent first.
            rest: as it came, from the first control frame on; empty also at a fault of the lane.
            status: 0 to go on, -1 at the peer's FIN, otherwise the errno of the read.

        Returns:
            what C{doRead} returns: why the connection ended, or None.
        """
        here = self._here
        if unsent:
            self._there.transport.write(unsent)
        lane = getattr(here, "lane", None)
        if rest or (lane is not None and lane.fault is not None):
            here.dataReceived(rest)
        if status == 0:
            return None
        return CONNECTION_DONE if status < 0 else CONNECTION_LOST
