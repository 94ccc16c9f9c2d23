# -*- test-case-name: tests.transports.test_bridge -*-
"""Joining two channels: what comes on one goes out on the other, back-pressure included."""

from __future__ import annotations

import codecs

from zope.interface import implementer

from kaazing.closecodes import GOING_AWAY, INTERNAL_ERROR, code_for
from kaazing.errors import FrameViolation, ProtocolViolation, Side
from kaazing.interfaces.adapters import Kind
from kaazing.interfaces.channels import IChannel, IReceiver
from kaazing.transports.pump import Pumped, pump, pump_echo
from kaazing.transports.sessions import Sessions


class Bridge:
    """One front and its back in a service that looks at nothing.

    Attributes:
        service: the service's name.
        front, back: the two channels.
        pumped: the native shortcut between them, None where there is none.
    """

    __slots__ = ("_closed", "_ended", "_sessions", "_up", "back", "front", "pumped", "service")

    def __init__(self, sessions: Sessions, service: str, front: IChannel, back: IChannel) -> None:
        """Join; both channels are held until L{start}."""
        self._sessions, self.service, self.front, self.back = sessions, service, front, back
        self._closed = False  # somebody decided to end it
        self._ended = False  # an end sends no more
        self._up = 2  # channels that are not gone
        self.pumped: Pumped | None = None

    def start(self, kind: Kind) -> None:
        """Let it flow; a stream from the back becomes messages of C{kind} at the front."""
        self._sessions.opened(self)
        text = kind is Kind.TEXT and not self.back.messages and self.front.messages
        self.front.whole = self.back.whole = self.front.messages and self.back.messages
        self.front.receiver = _End(self, self.back)
        self.back.receiver = _TextEnd(self, self.front) if text else _End(self, self.front)
        self.front.resume()
        self.back.resume()
        if not (text or self._closed or self._ended):
            self.pumped = pump(self.front, self.back)

    def leave(self) -> None:
        """See L{Session.leave}."""
        self._close(GOING_AWAY, "the gateway goes away")

    def ended(self, to: IChannel) -> None:
        """The end opposite C{to} sends no more; a WebSocket's last words go to the other."""
        self._ended = True
        self._unpump()
        here = self.front if to is self.back else self.back
        to.finish(*here.closed_with)

    def failed(self, why: Exception) -> None:
        """An end broke a rule of its carrier; both are closed."""
        if not self._closed:
            self._sessions.complain(self.service, self.front.peer, why)
            if isinstance(why, FrameViolation) and why.side is Side.BACK:
                self.back.finish(why.close_code, what(why))
            self._close(code_for(why), what(why))

    def lost(self, to: IChannel, why: Exception | None) -> None:
        """The end opposite C{to} is gone."""
        self._up -= 1
        self._unpump()
        if to is self.back:
            self._closed = True
            to.drop()
        elif why is None:  # over TLS, FIN and loss are one
            to.finish()
            to.drop()
        elif not self._closed:
            self._sessions.complain(self.service, to.peer, why)
            self._close(INTERNAL_ERROR, "backend lost")
        if not self._up:
            self._sessions.gone(self)

    def _close(self, code: int, reason: str) -> None:
        self._unpump()
        if not self._closed:
            self._closed = True
            self.front.receiver = _Deaf(self, self.back)
            self.front.finish(code, reason)
            self.front.drop()
            self.back.drop()

    def _unpump(self) -> None:
        if self.pumped is not None:
            self.pumped.stop()
            self.pumped = None


def what(why: Exception) -> str:
    """Return what a browser is told of C{why}, short enough for a Close frame's reason."""
    return f"{why.what} ({why.rule})" if isinstance(why, ProtocolViolation) else str(why)


@implementer(IReceiver)
class _End:
    """Hears one channel of a bridge and speaks to the other."""

    __slots__ = ("_bridge", "_to")

    def __init__(self, bridge: Bridge, to: IChannel) -> None:
        self._bridge, self._to = bridge, to

    def received(self, data: bytes, kind: int) -> None:
        self._to.send(data, kind)

    def ended(self) -> None:
        self._bridge.ended(self._to)

    def failed(self, why: Exception) -> None:
        self._bridge.failed(why)

    def lost(self, why: Exception | None) -> None:
        self._bridge.lost(self._to, why)

    def congested(self) -> None:
        self._to.hold()

    def drained(self) -> None:
        self._to.resume()


class _Deaf(_End):
    """Hears a front out whose back is closed already."""

    __slots__ = ()

    def received(self, data: bytes, kind: int) -> None:
        """Nobody is there to take it."""


class _TextEnd(_End):
    """Makes text messages of a byte stream, never cut inside a character."""

    __slots__ = ("_cut", "_passed")

    def __init__(self, bridge: Bridge, to: IChannel) -> None:
        super().__init__(bridge, to)
        self._cut = b""  # the character not yet whole, at most 3 bytes
        self._passed = 0  # bytes of whole characters so far

    def received(self, data: bytes, kind: int) -> None:
        data = self._cut + data
        fault = ""
        try:
            good = codecs.utf_8_decode(data, "strict", False)[1]
        except UnicodeDecodeError as why:
            good, fault = why.start, why.reason
        self._cut = data[good:]
        self._passed += good
        if good:
            self._to.send(data[:good], Kind.TEXT)
        if fault:
            self._broken(fault)

    def ended(self) -> None:
        if self._cut:
            self._broken("the stream ends inside a character")
        else:
            super().ended()

    def _broken(self, fault: str) -> None:
        self._cut = b""
        self.failed(
            ProtocolViolation(
                f"no UTF-8, where the service says message.kind text: {fault}",
                side=Side.BACK,
                offset=self._passed,
                rule="RFC 3629 section 4",
            )
        )


@implementer(IReceiver)
class Loop:
    """Sends each message of one channel back to where it came from.

    Attributes:
        service: the service's name.
        pumped: the native shortcut, None where there is none.
    """

    __slots__ = ("_channel", "_repeat", "_sessions", "pumped", "service")

    def __init__(self, sessions: Sessions, service: str, channel: IChannel, repeat: int) -> None:
        self._sessions, self.service, self._channel, self._repeat = sessions, service, channel, repeat
        self.pumped: Pumped | None = None

    def start(self) -> None:
        """Let it flow."""
        self._sessions.opened(self)
        self._channel.whole = True
        self._channel.receiver = self
        self._channel.resume()
        self.pumped = pump_echo(self._channel, self._repeat)

    def leave(self) -> None:
        """See L{Session.leave}."""
        self._unpump()
        self._channel.finish(GOING_AWAY, "the gateway goes away")
        self._channel.drop()

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}."""
        self._channel.send_all([data] * self._repeat, kind)

    def ended(self) -> None:
        """See L{IReceiver}."""
        self._unpump()
        self._channel.finish()

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}."""
        self._unpump()
        self._sessions.complain(self.service, self._channel.peer, why)
        self._channel.finish(code_for(why), what(why))

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""
        self._unpump()
        self._sessions.gone(self)

    def congested(self) -> None:
        """See L{IReceiver}."""
        self._channel.hold()

    def drained(self) -> None:
        """See L{IReceiver}."""
        self._channel.resume()

    def _unpump(self) -> None:
        if self.pumped is not None:
            self.pumped.stop()
            self.pumped = None
