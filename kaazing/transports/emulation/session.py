# -*- test-case-name: tests.transports.emulation.test_session,tests.transports.emulation.test_session_ends -*-
"""An emulated WebSocket as a channel: what carries it comes and goes.  docs/protocols/wse.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import implementer

from kaazing.closecodes import GOING_AWAY
from kaazing.errors import ConnectError, FrameViolation
from kaazing.interfaces.channels import IChannel, IReceiver
from kaazing.interfaces.feeds import ISpreadable
from kaazing.tenure import Tenure, end
from kaazing.transports.emulation.formats import Format
from kaazing.transports.emulation.pulse import NEVER, Pulse
from kaazing.transports.emulation.terms import Terms
from kaazing.transports.forms import announce_drain
from kaazing.transports.handshakes import CLOSE_TIMEOUT
from kaazing.wire.wse import CLOSE, PING, PONG, WseDecoder

if TYPE_CHECKING:
    from kaazing.transports.emulation.downstream import Downstream
    from kaazing.transports.emulation.upstream import Upstream

REATTACH = 60.0  # seconds that a session lives without a downstream

_BROKE = "the client broke a rule"


@implementer(IChannel, ISpreadable)
class EmulatedChannel:
    """See L{IChannel} and L{ISpreadable}.

    Attributes:
        id: as in the URLs.
        decoder: of all upstream requests; None before the first resume.
        taken: bytes of frames that came.
        up, down: the requests under way.
        next_up, next_down: sequence numbers of the next requests; None where the client counts nothing.
        attached: whether there has been a downstream.
    """

    __slots__ = (
        "_alone", "_closing_at", "_congested", "_deaf", "_ended", "_failed", "_held", "_lost", "_next",
        "_over", "_owed", "_pings", "_pulse", "_queue", "_queued", "_told", "attached", "bound", "decoder",
        "down", "format", "id", "next_down", "next_up", "now", "open", "peer", "place", "receiver",
        "subprotocol", "taken", "tenure", "terms", "up", "whole",
    )  # fmt: skip

    messages = True
    closed_with = 1000, ""

    def __init__(
        self,
        terms: Terms,
        form: Format,
        *,
        place: object,
        peer: str,
        subprotocol: str | None = None,
        number: int | None = None,
        pings: bool = False,
    ) -> None:
        """Start held.

        Args:
            place: which sessions an accept may find, compared.
            number: sequence number of the create request.
            pings: whether the client understands PING.
        """
        self.terms, self.format, self.place = terms, form, place
        self.peer, self.subprotocol, self._pings = peer, subprotocol, pings
        self.next_up = self.next_down = None if number is None else number + 1
        self.receiver: IReceiver | None = None
        self.tenure: Tenure | None = None
        self.open, self.whole, self.bound = True, False, 64_000
        self.decoder: WseDecoder | None = None
        self.taken = 0
        self.up: Upstream | None = None
        self.down: Downstream | None = None
        self.attached = False
        self._queue: list[bytes] = []  # without a downstream
        self._queued = 0
        self._held = True
        self._congested = self._owed = self._ended = self._failed = self._told = self._over = False
        self._deaf = False  # dropped while held
        self._lost: ConnectError | None = None
        self.now = terms.wheel.now
        self._alone = self.now()
        self._closing_at = self._next = NEVER
        self._pulse = Pulse(self._alone, terms.inactivity if pings else 0.0)
        self.id = terms.registry.add(self)
        terms.registry.waits(peer)
        self._wake(min(self._pulse.look, self._alone + REATTACH))

    @property
    def latency(self) -> float | None:
        """See L{IChannel}."""
        return self._pulse.latency

    # What goes out

    def send(self, data: bytes, kind: int) -> None:
        """See L{IChannel}."""
        if self.open:
            self._write(self.format.frames([data], kind))

    def send_all(self, messages: list[bytes], kind: int) -> None:
        """See L{IChannel}."""
        if self.open:
            self._write(self.format.frames(messages, kind))

    @property
    def form(self) -> Format:
        """See L{ISpreadable}."""
        return self.format.form

    def descriptor(self) -> int:
        """See L{ISpreadable}; what carries the channel counts and pads what passes."""
        return -1

    def put(self, data: bytes) -> None:
        """See L{ISpreadable}."""
        if not self.open:
            return
        self._write(data)
        if self.down is not None:
            announce_drain(self.down.exchange.transport)
        elif self._queue:
            self._congest()

    def _write(self, data: bytes) -> None:
        if self.down is not None:
            self.down.write(data)
            return
        self._queue.append(data)
        self._queued += len(data)
        if self._queued > self.bound:
            self._congest()

    # What comes in

    def hold(self) -> None:
        """See L{IChannel}."""
        self._held = True
        if self.up is not None:
            self.up.exchange.hold()

    def resume(self) -> None:
        """See L{IChannel}."""
        if self.decoder is None:
            self.decoder = WseDecoder(self.terms.max_message, self.whole, self._pings)
            if self.down is not None:
                self.down.bound(self.bound)
        self._held = False
        if self.up is not None:
            self.up.exchange.resume()

    def upstream(self, up: Upstream) -> None:
        """A request with frames begins; there is no other."""
        self.up = up
        if self._held:
            up.exchange.hold()

    def upstream_done(self, up: Upstream) -> None:
        """A request with frames is over."""
        if self.up is up:
            self.up = None

    def hear(self, size: int) -> None:
        """That many bytes of frames came."""
        self._pulse.hear()
        self.taken += size

    def received(self, data: bytes, kind: int) -> None:
        """A message, or a piece of one, came."""
        receiver = self.receiver
        if receiver is not None and not (self._ended or self._failed or self._over or self._deaf):
            receiver.received(data, kind)

    def pinged(self) -> None:
        """PING came; while nobody takes the PONG, one is owed for them all."""
        if self.open and self.down is not None and not self._congested:
            self.down.write(self.format.control(PONG))
        else:
            self._owed = True

    def ponged(self) -> None:
        """PONG came."""
        self._pulse.ponged(self.now())

    def client_closed(self) -> None:
        """CLOSE came: the client sends no more, and the owner has a while to say its last."""
        if self._ended or self._over:
            return
        self._ended = True
        if self.open:
            self._close_by(self.now() + CLOSE_TIMEOUT)
            if self.receiver is not None:
                self.receiver.ended()
            else:
                self.finish()
        else:
            self._settle()

    # What carries it

    def attach(self, down: Downstream) -> None:
        """A downstream takes over from the one before; what waits goes to it."""
        if self._over:
            down.exchange.answer(404, ())
            return
        before, self.down = self.down, down
        if not self.attached:
            self.attached = True
            self.terms.registry.waits_no_more(self.peer)
        waiting = b"".join(self._queue)
        self._queue.clear()
        self._queued = 0
        if self._owed and self.open:
            self._owed, waiting = False, self.format.control(PONG) + waiting
        if self.open:
            down.open(waiting)
            if self.down is not None:
                self._wake(self.down.deadline)
                if not self.down.full:
                    self._relax()
        else:
            down.open(b"")
            down.leave(waiting or CLOSE)
            self._close_told()
        if before is not None:  # last, because the next request may stand behind it
            before.leave()

    def detached(self, down: Downstream) -> None:
        """A downstream ended in good order."""
        if self.down is down:
            self.down = None
            self._alone = self.now()
            self._wake(self._alone + REATTACH)
            self._relax()

    def cut_off(self, carrier: Upstream | Downstream) -> None:
        """The connection of a request is gone: nobody knows what was lost with it."""
        if carrier is self.down or carrier is self.up:
            which = "downstream" if carrier is self.down else "upstream"
            self._end(ConnectError(f"the {which} connection was lost"))

    def filled(self, down: Downstream) -> None:
        """More than the bound waits on a downstream."""
        if down is self.down:
            self._congest()

    def emptied(self, down: Downstream) -> None:
        """Nothing waits on a downstream any more."""
        if down is self.down:
            self._relax()

    def _congest(self) -> None:
        if not self._congested and self.open and self.receiver is not None:
            self._congested = True
            self.receiver.congested()

    def _relax(self) -> None:
        if self._congested:
            self._congested = False
            if self.open and self.receiver is not None:
                self.receiver.drained()
        if self._owed and self.open and self.down is not None:
            self._owed = False
            self.down.write(self.format.control(PONG))

    # The end

    def fail(self, why: FrameViolation) -> None:
        """The client broke a rule; it is told, and not listened to any more."""
        if self._failed or self._over:
            return
        self._failed = True
        if self.receiver is not None:
            self.receiver.failed(why)
        self.finish()
        self._close_by(self.now() + CLOSE_TIMEOUT)
        self._settle()

    def finish(self, code: int = 1000, reason: str = "") -> None:
        """See L{IChannel}; neither code nor reason reach the client: emulation has no place for them."""
        if not self.open:
            return
        self.open = False
        self._closing_at = NEVER
        if self.down is None:
            self._queue.append(CLOSE)
        else:
            self.down.leave(CLOSE)
            self._close_told()
        if self.decoder is None:  # or the client's CLOSE would not be read
            self.resume()

    def drop(self) -> None:
        """See L{IChannel}."""
        self.finish(GOING_AWAY)
        if self._held and not self._over:  # what comes before the client's CLOSE, nobody wants
            self._deaf = True
            self.resume()

    def abort(self) -> None:
        """See L{IChannel}."""
        self._end(ConnectError("aborted"), later=True)

    def _close_told(self) -> None:
        """CLOSE is on its way to the client."""
        if not self._told:
            self._told = True
            self._close_by(self.now() + CLOSE_TIMEOUT)
        self._settle()

    def _settle(self) -> None:
        """Come to an end where both sides have said CLOSE, or nothing good can come any more."""
        if self._told and self._failed:
            self._end(ConnectError(_BROKE), later=True)
        elif self._told and self._ended:
            self._end(None, later=True)

    def _end(self, why: ConnectError | None, later: bool = False) -> None:
        """The session is no more.

        Args:
            later: tell the receiver soon, where it may be the one that calls.
        """
        if self._over:
            return
        self._over, self.open, self._lost = True, False, why
        self.terms.registry.remove(self.id)
        if not self.attached:
            self.terms.registry.waits_no_more(self.peer)
        self._queue.clear()
        self._queued = 0
        down, self.down = self.down, None
        up, self.up = self.up, None
        if down is not None:
            down.exchange.abort()
        if up is not None:
            if why is None:
                up.exchange.patient = False  # RECONNECT is still to come, and soon
                up.exchange.resume()
            else:
                up.exchange.abort()
        if later:
            self.terms.wheel.put(self, self.now())
        else:
            self._tell()

    def _tell(self) -> None:
        self.terms.wheel.take(self)
        end(self)
        receiver, self.receiver = self.receiver, None
        if receiver is not None:
            receiver.lost(self._lost)

    # Time

    def due(self, now: float) -> float | None:
        """Called by the wheel: all that waits for a time has this one place on it."""
        self._next = NEVER
        if self._over:
            self._tell()
        elif now >= self._closing_at:
            if self.open:
                self.finish()
            else:
                self._end(ConnectError(_BROKE if self._failed else "closed without the client's CLOSE"))
        elif self.down is None and now >= self._alone + REATTACH:
            self._end(ConnectError(f"no downstream for {REATTACH:.0f} seconds"))
        else:
            self._look_for_silence(now)
            if self.down is not None:
                self.down.beat(now)
        if self._over:
            return now if self.receiver is not None else None
        carried = self._alone + REATTACH if self.down is None else self.down.deadline
        self._next = min(carried, self._closing_at, self._pulse.look)
        return self._next

    def _look_for_silence(self, now: float) -> None:
        deaf = self.down is None or not self.open or (self._held and self.up is not None)
        ping = self._pulse.beat(now, deaf)
        if ping is None:
            self._end(ConnectError(f"silent for {self.terms.inactivity:g} seconds"))
        elif ping and self.down is not None:
            self.down.write(self.format.control(PING))

    def _close_by(self, deadline: float) -> None:
        self._closing_at = deadline
        self._wake(deadline)

    def _wake(self, deadline: float) -> None:
        """Be called by the wheel at C{deadline} at the latest."""
        if deadline < self._next and not self._over:
            self._next = deadline
            self.terms.wheel.put(self, deadline)
