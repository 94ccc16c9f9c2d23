# -*- test-case-name: tests.transports.emulation.test_downstream -*-
"""A request whose response carries what a session sends.  docs/protocols/wse.md, Downstream."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from zope.interface import implementer

from kaazing.interfaces.exchanges import IExchange, ITaker
from kaazing.transports.emulation.parameters import Parameters
from kaazing.transports.tcp import bound_writes
from kaazing.wire.heads import Head
from kaazing.wire.wse import NOP, RECONNECT, padding

if TYPE_CHECKING:
    from kaazing.transports.emulation.session import EmulatedChannel

MOST_BODY = 64 * 1024  # bytes of a request whose body nobody wants

_LONG_FIELD = (b"X-Content-Type-Nosniff", b"x" * 1024)


def buffered(head: Head, asked: Parameters) -> bool:
    """Return whether a proxy on the way keeps responses until they are whole, as far as is known.

    That is what the client found out by itself, or what the proxy says; that there is a proxy says
    nothing: see docs/decisions/0072-who-says-that-a-proxy-buffers.md.
    """
    said = head.headers.get("x-kaazing-proxy-buffering", "").lower()
    return said == "on" or (asked.polls and said != "off")


@implementer(ITaker)
class Downstream:
    """See the module; a stream of frames, or one answer to a poll.

    Attributes:
        exchange: the request.
        full: whether more waits to be sent than the bound.
    """

    __slots__ = (
        "_asked", "_channel", "_flushes", "_idle", "_nops", "_over", "_packer", "_polls", "_spoke",
        "_written", "exchange", "full",
    )  # fmt: skip

    def __init__(
        self, channel: EmulatedChannel, exchange: IExchange, asked: Parameters, *, polls: bool, nops: bool
    ) -> None:
        """Wait for the request's body, which is thrown away, and then attach to the session.

        Args:
            polls: answer with what there is, once there is something, instead of a stream.
            nops: begin the stream with a NOP.
        """
        self._channel, self.exchange, self._asked, self._polls = channel, exchange, asked, polls
        self._nops = nops or asked.flush > 0
        self._over = self.full = False
        self._written = 0  # bytes of frames, the first NOP left out
        self._packer: Any = None
        self._idle = (asked.heartbeat or channel.terms.idle) / 2  # as in the original
        self._spoke = channel.now()
        self._flushes: list[float] = []
        exchange.most_body = MOST_BODY
        exchange.taker = self

    # What the exchange tells

    def body(self, data: bytes) -> None:
        """See L{ITaker}; nobody wants it."""

    def body_ended(self) -> None:
        """See L{ITaker}."""
        self._channel.attach(self)

    def congested(self) -> None:
        """See L{ITaker}."""
        self.full = True
        self._channel.filled(self)

    def drained(self) -> None:
        """See L{ITaker}."""
        self.full = False
        self._channel.emptied(self)

    def lost(self, why: Exception | None) -> None:
        """See L{ITaker}."""
        self._over = True
        self._channel.cut_off(self)

    # What the session says

    def open(self, waiting: bytes) -> None:
        """Begin; C{waiting} are the frames that nobody took till now."""
        if self._polls:
            if waiting:
                self.leave(waiting)
            return
        self._flushes = self._asked.flushes(self._channel.now())
        self._packer = self._asked.packer(self.exchange.head)
        self.exchange.begin(200, self._fields(), close=True)
        self.bound(self._channel.bound)
        self._put(waiting, NOP if self._nops else b"")
        self._end_when_enough(bool(waiting))

    def bound(self, size: int) -> None:
        """Have C{congested} called when more than C{size} bytes wait to be sent."""
        if not self._polls:
            bound_writes(self.exchange.transport, size)

    def write(self, data: bytes) -> None:
        """Send frames."""
        if self._polls:
            self.leave(data)
        else:
            self._put(data)
            self._end_when_enough(True)

    def leave(self, last: bytes = b"") -> None:
        """Send C{last} and RECONNECT, and end the response."""
        if self._over:
            return
        self._over = True
        last += RECONNECT
        if self._polls:
            self.exchange.answer(200, self._fields(), last)
        else:
            if self._packer is not None:
                last = self._packer.compress(last) + self._packer.flush()
            self.exchange.write(last)
            self.exchange.end()
        self._channel.detached(self)

    def beat(self, now: float) -> None:
        """Send a NOP when it is time for one; a client that has yet to take what waits needs none."""
        flushes = self._flushes
        late = bool(flushes) and flushes[0] <= now
        while flushes and flushes[0] <= now:
            del flushes[0]
        if late or now >= self._spoke + self._idle:
            if self.full:
                self._spoke = now
            else:
                self.write(NOP)

    @property
    def deadline(self) -> float:
        """When L{beat} wants to be called next."""
        silent = self._spoke + self._idle
        return min(silent, self._flushes[0]) if self._flushes else silent

    def _put(self, data: bytes, before: bytes = b"") -> None:
        self._spoke = self._channel.now()
        self._written += len(data)
        lacking = self._asked.padding - self._written
        if lacking > 0:
            data += padding(lacking)
            self._written = self._asked.padding
        if before:
            data = before + data
        if data and self._asked.block:
            data = self._blocked(data)
        self.exchange.write(data)

    def _blocked(self, data: bytes) -> bytes:
        """Add what makes a browser look that looks at each 4 KiB only."""
        self._written += self._asked.block
        data += padding(self._asked.block)
        if self._packer is not None:
            data = self._packer.compress(data) + self._packer.flush(zlib.Z_SYNC_FLUSH)
        return data

    def _end_when_enough(self, wrote: bool) -> None:
        most = self._asked.most
        if wrote and most is not None and self._written >= most:
            self.leave()

    def _fields(self) -> list[tuple[bytes, bytes]]:
        asked = self._asked
        fields = [
            (b"Content-Type", asked.content_type or self._channel.format.content_type),
            (b"X-Content-Type-Options", b"nosniff"),
            (b"X-Idle-Timeout", b"%d" % self._channel.terms.idle),
            (b"Cache-Control", asked.cache_control),
        ]
        if asked.sniffed:
            fields.append(_LONG_FIELD)
        if self._polls:
            return fields
        fields.append((b"X-Accel-Buffering", b"no"))  # nginx then passes bytes on as they come
        if self._packer is not None:
            fields.append((b"Content-Encoding", b"gzip"))
        return fields
