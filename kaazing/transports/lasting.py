# -*- test-case-name: tests.transports.test_lasting -*-
"""Event streams of the original's clients: the channel stays while the requests that carry it come and go.

docs/protocols/sse.md, "Clients of the original".
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any

from zope.interface import implementer

from kaazing.errors import ConnectError
from kaazing.interfaces.channels import IChannel, IReceiver
from kaazing.interfaces.exchanges import IExchange, ITaker
from kaazing.interfaces.feeds import ISpreadable
from kaazing.tenure import Tenure, end
from kaazing.transports.emulation.downstream import MOST_BODY, buffered
from kaazing.transports.emulation.parameters import BLOCK, Parameters
from kaazing.transports.emulation.pulse import NEVER
from kaazing.transports.emulation.registry import Registry
from kaazing.transports.emulation.session import REATTACH
from kaazing.transports.events import FORM, Spoken
from kaazing.transports.forms import announce_drain
from kaazing.transports.tcp import bound_writes
from kaazing.transports.wheel import Wheel
from kaazing.wire.eventstream import CONTENT_TYPE, HEARTBEAT, RECONNECT, comment


@implementer(ITaker)
class Stay:
    """One request whose response carries a channel: a stream, or one answer to a poll.

    Attributes:
        exchange: the request.
        full: whether more waits to be sent than the bound.
        polls: whether it is answered with what there is, once there is something.
        heartbeat: seconds of silence that the client asked for; None for nothing said.
        elsewhere: URL where it is better off; empty for none.
        fields: more header fields of the response.
    """

    def __init__(self, exchange: IExchange, asked: Parameters, arrived: Callable[[Stay], None]) -> None:
        """C{arrived} gets it once the request's body is here, which is thrown away."""
        self.exchange, self._asked, self._arrived = exchange, asked, arrived
        self.full = self._over = False
        self.polls, self.heartbeat = buffered(exchange.head, asked), asked.heartbeat
        self.elsewhere = ""
        self.fields: Sequence[tuple[bytes, bytes]] = ()
        self._channel: LastingChannel | None = None
        self._written = 0
        self._packer: Any = None
        self.flushes: list[float] = []  # when comments are due, because the client sees none of less
        exchange.most_body = MOST_BODY
        exchange.taker = self

    def body(self, data: bytes) -> None:
        """See L{ITaker}; nobody wants it."""

    def body_ended(self) -> None:
        """See L{ITaker}."""
        self._arrived(self)

    def congested(self) -> None:
        """See L{ITaker}."""
        self.full = True
        if self._channel is not None:
            self._channel.filled(self)

    def drained(self) -> None:
        """See L{ITaker}."""
        self.full = False
        if self._channel is not None:
            self._channel.emptied(self)

    def lost(self, why: Exception | None) -> None:
        """See L{ITaker}."""
        self._over = True
        if self._channel is not None:
            self._channel.detached(self)

    def begin(self, channel: LastingChannel, waiting: bytes, now: float) -> None:
        """Carry a channel from now on; C{waiting} is what it has to say."""
        self._channel = channel
        if not self.polls:
            self.flushes = self._asked.flushes(now)
            self._packer = self._asked.packer(self.exchange.head)
            self.exchange.begin(200, self._fields(), close=True)
            self.limit(channel.bound)
        self.write(waiting or (b"" if self.polls else HEARTBEAT))

    def limit(self, bound: int) -> None:
        """Have C{congested} called when more than C{bound} bytes wait to be sent."""
        if self.exchange.open and not self.polls:
            bound_writes(self.exchange.transport, bound)

    def redirect(self, data: bytes) -> None:
        """Send C{data} alone, for a client that belongs elsewhere."""
        self._over = True
        self.exchange.answer(200, self._fields(), data)

    def write(self, data: bytes) -> None:
        """Send some; with it the response may be over, and the channel without a request."""
        if self.polls:
            if data:
                self.leave(data + RECONNECT)
            return
        asked = self._asked
        if data and asked.block:
            data += comment(BLOCK)
        lacking = asked.padding - self._written - len(data)
        if lacking > 0:
            data += comment(max(lacking, len(HEARTBEAT)))
        self._written += len(data)
        self._send(data)
        if asked.most and self._written >= asked.most:
            self.leave(RECONNECT)

    def leave(self, last: bytes = b"") -> None:
        """Send C{last}, and end the response."""
        if self._over:
            return
        self._over = True
        if self.polls:
            self.exchange.answer(200, self._fields(), last)
        else:
            self._send(last)
            if self._packer is not None:
                self.exchange.write(self._packer.flush())
            self.exchange.end()
        if self._channel is not None:
            self._channel.detached(self)

    def _send(self, data: bytes) -> None:
        if self._packer is not None and data:
            data = self._packer.compress(data) + self._packer.flush(zlib.Z_SYNC_FLUSH)
        self.exchange.write(data)

    def _fields(self) -> list[tuple[bytes, bytes]]:
        asked = self._asked
        fields = [
            (b"Content-Type", asked.content_type or CONTENT_TYPE),
            (b"Cache-Control", asked.cache_control),
            (b"X-Accel-Buffering", b"no"),
            (b"X-Content-Type-Options", b"nosniff"),
            *self.fields,
        ]
        if self._packer is not None:
            fields.append((b"Content-Encoding", b"gzip"))
        return fields


@implementer(IChannel, ISpreadable)
class LastingChannel(Spoken):
    """See L{IChannel} and L{ISpreadable}.

    Attributes:
        id: as in the URL at which a client comes again.
    """

    subprotocol = None
    closed_with = 1000, ""
    latency = None
    tenure: Tenure | None = None
    form = FORM

    def __init__(self, wheel: Wheel, registry: Registry, heartbeat: float, peer: str) -> None:
        """C{heartbeat}: seconds of silence after which a comment is sent; 0 for never."""
        self._wheel, self._registry, self._heartbeat, self.peer = wheel, registry, heartbeat, peer
        self.receiver: IReceiver | None = None
        self.open, self.whole, self.bound = True, False, 64_000
        self._stay: Stay | None = None
        self._queue = bytearray()  # without a request
        self._congested = self._over = False
        self._said = self._alone = wheel.now()
        self.id = registry.add(self)
        wheel.put(self, self._alone + REATTACH)

    # The requests that carry it

    def attach(self, stay: Stay) -> None:
        """Let a request carry the channel; one that still does is ended."""
        before, self._stay = self._stay, stay
        if before is not None:
            before.leave(RECONNECT)
        waiting = bytes(self._queue)
        self._queue.clear()
        now = self._said = self._wheel.now()
        stay.begin(self, waiting, now)
        if not self.open and self._stay is stay:
            stay.leave()
        elif not stay.full:
            self.emptied(stay)
        self._wake()

    def filled(self, stay: Stay) -> None:
        """Too much waits to be sent on a request; called by it."""
        if stay is self._stay:
            self._congest()

    def emptied(self, stay: Stay) -> None:
        """All is sent; called by the request."""
        if self._congested and not self._queue and (self._stay is None or not self._stay.full):
            self._congested = False
            if self.receiver is not None:
                self.receiver.drained()

    def detached(self, stay: Stay) -> None:
        """A request carries the channel no longer; called by it."""
        if stay is self._stay:
            self._stay = None
            self._alone = self._wheel.now()
            if self.open:
                self._wake()
            else:
                self._end(None)

    def due(self, now: float) -> float | None:
        """Called by the wheel: a comment is due, or nobody came again."""
        stay = self._stay
        if stay is None:
            if now >= self._alone + REATTACH:
                self._end(ConnectError("the client did not come again"))
        elif now >= self._deadline(stay):
            while stay.flushes and stay.flushes[0] <= now:
                del stay.flushes[0]
            self._said = now
            stay.write(HEARTBEAT)
        self._wake()
        return None

    def _wake(self) -> None:
        """Be called when the next deadline has passed."""
        if not self._over:
            deadline = self._alone + REATTACH if self._stay is None else self._deadline(self._stay)
            if deadline < NEVER:
                self._wheel.put(self, deadline)
            else:
                self._wheel.take(self)

    def _deadline(self, stay: Stay) -> float:
        every = stay.heartbeat or self._heartbeat
        silent = self._said + every if every else NEVER
        return min(silent, stay.flushes[0]) if stay.flushes else silent

    # What goes out

    def descriptor(self) -> int:
        """See L{ISpreadable}; what carries the channel counts and pads what passes."""
        return -1

    def put(self, data: bytes) -> None:
        """See L{ISpreadable}."""
        if self.open:
            self.write(data)
            if self._queue:
                self._congest()
            elif self._stay is not None:
                announce_drain(self._stay.exchange.transport)

    def write(self, data: bytes) -> None:
        """See L{Spoken}."""
        if self._stay is not None and not self._queue:
            self._said = self._wheel.now()
            self._stay.write(data)
        else:
            self._queue += data
            if len(self._queue) > self.bound:
                self._congest()

    def _congest(self) -> None:
        if not self._congested:
            self._congested = True
            if self.receiver is not None:
                self.receiver.congested()

    # What IChannel has besides

    def hold(self) -> None:
        """See L{IChannel}; the client says nothing."""

    def resume(self) -> None:
        """See L{IChannel}."""
        if self._stay is not None:
            self._stay.limit(self.bound)

    def finish(self, code: int = 1000, reason: str = "") -> None:
        """See L{IChannel}; what waits is sent if the client comes again in time."""
        if self.open:
            self.open = False
            if self._stay is not None:
                self._stay.leave()
            elif not self._queue:
                self._end(None)

    def drop(self) -> None:
        """See L{IChannel}."""
        self.finish()

    def abort(self) -> None:
        """See L{IChannel}."""
        self.open = False
        stay, self._stay = self._stay, None
        if stay is not None:
            stay.exchange.abort()
        self._end(None)

    def _end(self, why: Exception | None) -> None:
        """Be gone; the receiver hears of it when whoever ended the channel is done."""
        if not self._over:
            self._over, self.open = True, False
            self._queue.clear()
            self._registry.remove(self.id)
            self._wheel.take(self)
            clock: Any = self._wheel.clock
            clock.callLater(0, self._tell_lost, why)

    def _tell_lost(self, why: Exception | None) -> None:
        end(self)
        receiver, self.receiver = self.receiver, None
        if receiver is not None:
            receiver.lost(why)
