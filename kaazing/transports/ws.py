# -*- test-case-name: tests.transports.test_ws -*-
"""A WebSocket connection as a channel: Autobahn for handshake and control, the lane for data.

Autobahn's protocol object is the channel. Of what Autobahn keeps for each connection, the constant
part stands in the class and the handshake's part is dropped when the connection opens, because
thousands of these sit idle.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from typing import Any, ClassVar

from autobahn.util import encode_truncate
from autobahn.wamp.types import TransportDetails
from autobahn.websocket.protocol import TrafficStats, WebSocketProtocol
from autobahn.websocket.utf8validator import Utf8Validator
from twisted.internet.defer import Deferred
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.errors import ConnectError, FrameViolation, Side
from kaazing.interfaces.adapters import Kind
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.feeds import IForm, ISpreadable
from kaazing.tenure import Tenure, end
from kaazing.transports.forms import FRAMES, Spreadable
from kaazing.transports.tcp import Congestible, address, bound_writes, finish_writing, hung_up, unsent
from kaazing.wire.frames import frame
from kaazing.wire.lane import Lane

LANE = os.environ.get("KAAZING_LANE", "pump")
"""Which path data takes: "pump" (lane, and pump where it can), "lane", or "off" (Autobahn alone)."""

CONNECTING = WebSocketProtocol.STATE_CONNECTING
OPEN = WebSocketProtocol.STATE_OPEN
CLOSING = WebSocketProtocol.STATE_CLOSING
CLOSED = WebSocketProtocol.STATE_CLOSED

_KEPT = (
    *("factory", "transport", "connected", "state", "websocket_protocol_in_use"),
    *("_perMessageCompress", "max_message"),  # of those alone that have their own
)
"""What an open connection keeps of its handshake."""

CONTROL = 8  # opcodes from here on are those of control frames (RFC 6455 section 5.2)


@implementer(IChannel, ISpreadable)
class Socket(Spreadable, Congestible, WebSocketProtocol):  # type: ignore[misc]
    """Mixed in before Autobahn's own class; see L{IChannel}.

    Attributes:
        lane: takes the data frames once open; None while Autobahn reads everything.
        heard: what the lane had received at the last look for silence.
        max_message: bytes of payload that a message may have; 0 for any number.
    """

    transport: Any
    side: ClassVar[Side]
    masks: ClassVar[bool]  # whether what we send is masked (RFC 6455 section 5.3)

    CONFIG_ATTRS = ()  # Autobahn's options stand in a subclass, see options()
    messages = True
    whole = False
    message_data: list[bytes]
    lane: Lane | None = None
    heard = -1
    max_message = 0
    bound = 64_000
    tenure: Tenure | None = None
    latency: float | None = None
    _asked: float | None = None  # when a ping went out that has no pong yet
    _early: bytes | None = None
    _reply: tuple[int | None, bytes | None] | None = None
    _silent = False  # nothing came between the last two looks
    _held = False
    _left = 0  # bytes that the peer had yet to take at the last look, once closing

    # What Autobahn sets on each connection and never changes on ours.
    _perMessageCompress = None
    trackedTimings = None
    trafficStats = TrafficStats()
    _transport_details = TransportDetails(is_secure=False)
    send_state = WebSocketProtocol.SEND_STATE_GROUND
    send_queue: ClassVar[deque[Any]] = deque()  # for chopped sends, which are never asked for
    triggered = False
    data = b""
    wasMaxFramePayloadSizeExceeded = False
    wasMaxMessagePayloadSizeExceeded = False
    closedByMe = False
    failedByMe = False
    droppedByMe = False
    wasClean = False
    wasNotCleanReason: str | None = None
    wasServerConnectionDropTimeout = False
    wasOpenHandshakeTimeout = False
    wasCloseHandshakeTimeout = False
    wasServingFlashSocketPolicyFile = False
    localCloseCode: int | None = None
    localCloseReason: bytes | None = None
    remoteCloseCode: int | None = None
    remoteCloseReason: str | None = None
    serverConnectionDropTimeoutCall = None
    openHandshakeTimeoutCall = None
    closeHandshakeTimeoutCall = None
    autoPingTimeoutCall = None
    autoPingPending = None
    autoPingPendingCall = None
    autoPingPendingSeq = 0
    autoPingPendingSent = None
    websocket_version = 13
    inside_message = False
    current_frame = None
    state = CONNECTING

    def __init__(self) -> None:
        """Leave out what Autobahn would make for each connection."""

    @property
    def is_open(self) -> Deferred[Any]:
        """Fired by Autobahn; nobody waits."""
        return Deferred()

    is_closed = is_open

    @property
    def peer(self) -> str:
        """See L{IChannel}."""
        return address(self.transport.getPeer())

    @property
    def open(self) -> bool:
        """See L{IChannel}."""
        return bool(self.state == OPEN)

    @property
    def form(self) -> IForm | None:
        """See L{ISpreadable}."""
        return None if self.masks else FRAMES

    @property
    def subprotocol(self) -> str | None:
        """See L{IChannel}."""
        chosen: str | None = self.websocket_protocol_in_use
        return chosen

    @property
    def closed_with(self) -> tuple[int, str]:
        """See L{IChannel}."""
        return self.remoteCloseCode or 1000, self.remoteCloseReason or ""

    def connectionMade(self) -> None:
        """See L{twisted.internet.protocol.Protocol}; C{factory} and C{transport} are set."""

    def _opened(self) -> None:
        """Change over from the handshake to the lane; held until the first resume."""
        early, self.data = self.data, b""
        self.__dict__ = {name: self.__dict__[name] for name in _KEPT if name in self.__dict__}
        self._early = early
        self.transport.registerProducer(self, True)

    def resume(self) -> None:
        """See L{IChannel}."""
        early = self._early
        if early is not None:
            del self._early
            self._read_by_lane()
        if self.state in (OPEN, CLOSING):
            self._held = False
            if self._silent:  # held till now
                self._silent = False
            self.transport.resumeProducing()
        if early:
            self.dataReceived(early)

    def _read_by_lane(self) -> None:
        bound_writes(self.transport, self.bound)
        if LANE != "off" and self._perMessageCompress is None:
            self.lane = Lane(not self.masks, self.max_message, self.whole)
        else:
            self.utf8validator = Utf8Validator()
        if self.factory.inactivity:
            self.factory.wheel.put(self, self.factory.wheel.now() + self.factory.inactivity / 2)

    def _never_resumed(self) -> bytes:
        """Let Autobahn read the answer to our Close; return what has come already."""
        early: bytes = self._early or b""
        del self._early
        self.utf8validator = Utf8Validator()
        return early

    # What comes in

    def dataReceived(self, data: bytes) -> None:
        """See L{twisted.internet.protocol.Protocol}."""
        lane = self.lane
        if lane is None:
            self._received_by_autobahn(data)
            return
        self.take(lane.feed(data))

    def take(self, items: Iterable[tuple[int, bytes]]) -> None:
        """Take what the lane has made of bytes that came, and its fault."""
        for opcode, payload in items:
            receiver = self.receiver
            if receiver is None or self.failedByMe:
                return
            if opcode < CONTROL:
                receiver.received(payload, opcode)
            else:
                self._dataReceived(payload)
        fault = self.lane.fault if self.lane is not None else None
        if fault is not None:
            code, offset, what, rule = fault
            self._violated(FrameViolation(what, side=self.side, offset=offset, rule=rule, close_code=code))

    def _received_by_autobahn(self, data: bytes) -> None:
        if self._early is not None:  # deciphered by TLS before the channel was held
            self._early += data
        elif self._reply is None:  # after the peer's Close nothing counts
            self.heard = -1
            self._dataReceived(data)

    def onMessageFrameData(self, payload: bytes) -> None:
        """Some of a message through Autobahn alone; of pieces without a byte there may be any number."""
        if payload:
            super().onMessageFrameData(payload)

    def onMessageEnd(self) -> None:
        """A whole message through Autobahn alone."""
        data, self.message_data = b"".join(self.message_data), []
        if not self.failedByMe and self.receiver is not None and (data or self.whole):
            self.receiver.received(data, Kind.BINARY if self.message_is_binary else Kind.TEXT)

    def _fail_connection(self, code: int = 1001, reason: str = "") -> None:
        """Autobahn found a violation; see L{FrameViolation}."""
        self._violated(FrameViolation(reason, side=self.side, offset=0, rule="RFC 6455", close_code=code))

    def _violated(self, why: FrameViolation) -> None:
        if not self.failedByMe:
            self.failedByMe = True
            if self.receiver is not None:
                self.receiver.failed(why)

    def onPong(self, payload: bytes) -> None:
        """The answer to a ping, or one that nobody asked for."""
        if self._asked is not None:
            self.latency = self.factory.wheel.now() - self._asked
            del self._asked

    def onCloseFrame(self, code: int | None, reasonRaw: bytes | None) -> bool | None:
        """The peer's Close; the answer waits for C{finish} when we have not closed ourselves."""
        self.data = b""  # whatever stands behind it
        stop: bool | None = super().onCloseFrame(code, reasonRaw)
        if not self.failedByMe and self.receiver is not None:
            if self._reply is not None:  # the other end has that long to say its last
                self.factory.wheel.put(self, self.factory.wheel.now() + self.factory.close_timeout)
            self.receiver.ended()
        return stop

    # What goes out

    def send(self, data: bytes, kind: int) -> None:
        """See L{IChannel}."""
        self.send_all([data], kind)

    def send_all(self, messages: list[bytes], kind: int) -> None:
        """See L{IChannel}."""
        if self.state != OPEN:
            return
        self.transport.write(frame(messages, kind, self.masks))

    def sendCloseFrame(
        self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
    ) -> None:
        """Keep Autobahn's answer to a Close until C{finish}."""
        if isReply:
            self._reply = (code, reasonUtf8)
        else:
            super().sendCloseFrame(code, reasonUtf8)

    def dropConnection(self, abort: bool = False) -> None:
        """Close the connection, but not before a kept answer to a Close went out."""
        if self._reply is None or self.state != OPEN:
            super().dropConnection(abort and not self.wasClean)

    def hold(self) -> None:
        """See L{IChannel}."""
        self._held = True
        self.transport.pauseProducing()

    def finish(self, code: int = 1000, reason: str = "") -> None:
        """See L{IChannel}."""
        if self.state != OPEN:
            return
        self.transport.unregisterProducer()
        self.factory.wheel.put(self, self.factory.wheel.now() + self.factory.close_timeout)
        if self._reply is not None:  # that a fault was found in its Close counts more
            reply = _close_frame(code, reason) if self.failedByMe else self._reply
            WebSocketProtocol.sendCloseFrame(self, *reply, isReply=True)
            self.dropConnection()
        else:
            self._close(code, reason)
        self._left = unsent(self.transport)

    def _close(self, code: int, reason: str) -> None:
        """Send a Close frame, and read on for the answer."""
        early = self._never_resumed() if self._early is not None else b""
        WebSocketProtocol.sendCloseFrame(self, *_close_frame(code, reason))
        if early:
            self._dataReceived(early)
        self.transport.resumeProducing()
        if self.failedByMe:
            finish_writing(self.transport)  # and read on, so that no reset overtakes the Close

    def drop(self) -> None:
        """See L{IChannel}."""
        self.finish(1001)

    def abort(self) -> None:
        """See L{IChannel}."""
        self.state = CLOSED
        self.transport.abortConnection()

    # Silence, and the end

    def due(self, now: float) -> float | None:
        """Called by the wheel: a Close that was not answered, or a look for silence."""
        if self.state != OPEN:
            return self._unanswered(now)
        if self._reply is not None:
            self.finish()
            return float(now + self.factory.close_timeout)
        half: float = self.factory.inactivity / 2
        heard = self.lane.received if self.lane is not None else self.heard
        if heard != self.heard or (self.lane is None and heard == -1):
            self.heard = heard if self.lane is not None else 0
            self._silent = False
        elif not self._silent or (self._held and not hung_up(self.transport)):
            self._silent = True
            if not (self._held and unsent(self.transport)):
                self._asked = now
                self.sendPing()  # to one that is held too: the answer of a system that lost it is a reset
        else:
            self.abort()
            return None
        return now + half

    def _unanswered(self, now: float) -> float | None:
        """Give up, but not yet on a slow peer that took some of what stands before our Close."""
        left = unsent(self.transport)
        if left < self._left:
            self._left = left
            return float(now + self.factory.close_timeout)
        self.abort()
        return None

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See L{twisted.internet.protocol.Protocol}."""
        self.factory.wheel.take(self)
        self.state = CLOSED
        end(self)
        receiver, self.receiver = self.receiver, None
        if receiver is not None:
            receiver.lost(None if self.wasClean else ConnectError("closed without a Close frame"))


def _close_frame(code: int, reason: str) -> tuple[int, bytes | None]:
    """Return what a Close frame says; the reason is cut to what it has room for (RFC 6455 section 5.5)."""
    return code, encode_truncate(reason, 123) if reason else None
