# -*- test-case-name: tests.transports.test_events -*-
"""Server-sent events: requests for a stream of them become channels that only send.

WHATWG HTML standard, section "Server-sent events".
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.interfaces.adapters import Kind
from kaazing.interfaces.feeds import Event, IForm, ISpreadable
from kaazing.transports.forms import Spreadable
from kaazing.transports.tcp import StreamChannel
from kaazing.transports.wheel import Wheel
from kaazing.wire.eventstream import HEARTBEAT, encode


@implementer(IForm)
@dataclass(frozen=True, slots=True)
class EventForm:
    """See L{IForm}; all event streams look alike."""

    def encode(self, events: Sequence[Event]) -> bytes:
        """See L{IForm}."""
        return encode(events)


FORM = EventForm()


class Spoken:
    """Mixed into a channel whose messages are events: C{send} and C{send_all} by a C{write(data)} of its.

    What is no UTF-8 is repaired with U+FFFD; a character that a backend's stream cut is made whole.
    """

    messages = True
    _cut: Any = None  # decodes what comes without a kind, where a character may be cut

    def send(self, data: bytes, kind: int = Kind.BINARY) -> None:
        """See L{IChannel}."""
        self.send_all([data], kind)

    def send_all(self: Any, messages: list[bytes], kind: int = Kind.BINARY) -> None:
        """See L{IChannel}."""
        if not self.open:
            return
        if kind != Kind.TEXT:
            messages = [whole for data in messages if (whole := self._characters(data)) or not data]
        if messages:
            self.write(encode([Event(data) for data in messages]))

    def _characters(self, data: bytes) -> bytes:
        if self._cut is None:
            if data.isascii():
                return data
            self._cut = codecs.getincrementaldecoder("utf-8")("replace")
        whole: str = self._cut.decode(data)
        return whole.encode()


@implementer(ISpreadable)
class EventChannel(Spoken, Spreadable, StreamChannel):
    """An event stream as a channel: each message is an event, and the client says nothing."""

    form = FORM

    def __init__(self, wheel: Wheel, heartbeat: float) -> None:
        """C{heartbeat}: seconds of silence after which a comment is sent; 0 for never."""
        self._wheel, self._heartbeat = wheel, heartbeat
        self._said = 0.0  # when something was sent last

    def arrived(self) -> None:
        """See L{StreamChannel}."""
        self._said = self._wheel.now()
        if self._heartbeat:
            self._wheel.put(self, self._said + self._heartbeat)

    def due(self, now: float) -> float | None:
        """Called by the wheel: a look for silence. What L{descriptor} was used for goes unnoticed."""
        if not self.open:
            return None
        if now - self._said >= self._heartbeat:
            self.put(HEARTBEAT)
        return self._said + self._heartbeat

    def dataReceived(self, data: bytes) -> None:
        """What a client sends behind its request is not listened to."""

    def readConnectionLost(self) -> None:
        """The client goes away; see L{StreamChannel}."""
        super().readConnectionLost()
        self.drop()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See L{StreamChannel}."""
        self._wheel.take(self)
        super().connectionLost(reason)

    def write(self, data: bytes) -> None:
        """See L{Spoken}; only called while the channel is open."""
        self._said = self._wheel.now()
        self.transport.write(data)

    def finish(self, code: int = 1000, reason: str = "") -> None:
        """See L{IChannel}; a response has no other end than that of its connection."""
        self.drop()

    def put(self, data: bytes) -> None:
        """See L{ISpreadable}."""
        self._said = self._wheel.now()
        super().put(data)
