# -*- test-case-name: tests.adapters.amqp.test_nine_opening -*-
"""From connection.start to connection.open-ok: what may come, the login put in, limits agreed on.

AMQP 0-9-1 section 2.2.4, and class connection of its reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

from kaazing.adapters.amqp.nine_login import begun, said
from kaazing.closecodes import INTERNAL_ERROR, POLICY
from kaazing.errors import ProtocolViolation, Side
from kaazing.interfaces.adapters import (
    AskLogin,
    Close,
    Compute,
    Kind,
    Link,
    Login,
    NoLogin,
    Order,
    ToBack,
    ToFront,
)
from kaazing.wire.amqp import decode, encode, name_of, rule
from kaazing.wire.sasl import Conversation, Refused

ACCESS_REFUSED = 403
MECHANISMS = b"PLAIN AMQPLAIN EXTERNAL ANONYMOUS"
"""What a client is offered whose login is not passed on: whatever it says will do."""

_SMALLEST = 4096  # bytes, of a frame size to agree on (frame-min-size)


class Phase(Enum):
    """What is to come next; the value says who it is waited for."""

    START = "start", Side.BACK
    START_OK = "start-ok", Side.FRONT
    ASKED = "login", Side.BACK
    TUNE = "tune", Side.BACK
    SECURE_OK = "secure-ok", Side.FRONT
    TUNE_OK = "tune-ok", Side.FRONT
    OPEN = "open", Side.FRONT
    OPEN_OK = "open-ok", Side.BACK
    DONE = "nothing", Side.BACK

    @property
    def side(self) -> Side:
        """Who is waited for."""
        return self.value[1]


class Opening:
    """One connection's opening.

    Attributes:
        phase: how far it is.
        max_frame: bytes, as client and backend have agreed; so with C{max_channel} and C{heartbeat}
            (seconds). There from tune-ok on.
    """

    def __init__(self, link: Link) -> None:
        self._options, self._injects, self._told = link.options, link.injects, link.told
        self.phase = Phase.START
        self.max_frame = self.max_channel = self.heartbeat = 0
        self._mechanisms = b""  # the backend's
        self._start_ok: list[Any] = []  # the client's
        self._conversation: Conversation | None = None

    def heard(self, side: Side, wire: bytes, offset: int) -> Iterator[Order]:
        """A side sends a method, or a heart-beat; plain bytes pass on to the other.

        Raises:
            ProtocolViolation: it is not its turn, or agrees to what was not offered.
        """
        name = name_of(wire)
        match name, self.phase:
            case "connection.start", Phase.START:
                yield self._start(wire)
            case "connection.start-ok", Phase.START_OK:
                yield from self._answer_start(wire)
            case "connection.secure", Phase.TUNE:
                yield from self._secure(wire)
            case "connection.secure-ok", Phase.SECURE_OK:
                self.phase = Phase.TUNE
                yield wire
            case "connection.tune", Phase.TUNE:
                yield from self._tune(wire)
            case "connection.tune-ok", Phase.TUNE_OK:
                self._agree(wire, offset)
                yield wire
            case "connection.open", Phase.OPEN:
                self.phase = Phase.OPEN_OK
                yield self._open(wire)
            case "connection.open-ok", Phase.OPEN_OK:
                self.phase = Phase.DONE
                yield wire
            case "heartbeat", Phase.OPEN | Phase.OPEN_OK:
                yield wire
            case _:
                what = f"{name} where {self.phase.value[0]} has to come"
                raise ProtocolViolation(what, side=side, offset=offset, rule=rule("2.2.4"))

    def login(self, answer: Login | NoLogin) -> Iterator[Order]:
        """The answer to L{AskLogin}."""
        if isinstance(answer, NoLogin):
            yield from refused(answer.reason, POLICY)
            return
        properties, _, _, locale = self._start_ok
        self._start_ok = []
        try:
            conversation = self._conversation = begun(self._mechanisms, answer)
            response = conversation.first() or b""
        except Refused as why:
            yield from refused(str(why), INTERNAL_ERROR)
            return
        self.phase = Phase.TUNE
        start_ok = encode(0, "connection.start-ok", properties, conversation.mechanism, response, locale)
        yield ToBack(start_ok)

    def computed(self, result: bytes) -> Order:
        """The answer to L{Compute}."""
        return ToBack(encode(0, "connection.secure-ok", result))

    def _start(self, wire: bytes) -> bytes:
        self.phase = Phase.START_OK
        major, minor, properties, self._mechanisms, locales = decode(wire)
        if not self._injects:
            return wire
        return encode(0, "connection.start", major, minor, properties, MECHANISMS, locales)

    def _answer_start(self, wire: bytes) -> Iterator[Order]:
        if self._injects:
            self.phase, self._start_ok = Phase.ASKED, decode(wire)
            _, mechanism, response, _ = self._start_ok
            yield said(mechanism, response) if self._told else AskLogin()
        else:
            self.phase = Phase.TUNE
            yield wire

    def _secure(self, wire: bytes) -> Iterator[Order]:
        if not self._injects:
            self.phase = Phase.SECURE_OK
            yield wire
            return
        assert self._conversation is not None
        try:
            response = self._conversation.answer(decode(wire)[0])
        except Refused as why:
            yield from refused(str(why), INTERNAL_ERROR)
            return
        yield response if isinstance(response, Compute) else self.computed(response)

    def _tune(self, wire: bytes) -> Iterator[Order]:
        if self._conversation is not None:
            try:
                self._conversation.finish(None)
            except Refused as why:
                yield from refused(str(why), INTERNAL_ERROR)
                return
        self.phase = Phase.TUNE_OK
        channels, size, heartbeat = decode(wire)
        self.max_channel = _least(channels, self._options["amqp.maximum.channels"])
        self.max_frame = _least(size, self._options["amqp.maximum.frame.size"])
        told = encode(0, "connection.tune", self.max_channel, self.max_frame, heartbeat)
        yield ToFront(told, Kind.BINARY)

    def _agree(self, wire: bytes, offset: int) -> None:
        """Take tune-ok: no more than was told, and 0 for no limit is more."""
        channels, size, self.heartbeat = decode(wire)
        least = min(_SMALLEST, self.max_frame)
        if not 0 < channels <= self.max_channel:
            what = f"channel-max is not from 1 to {self.max_channel}"
        elif not least <= size <= self.max_frame:
            what = f"frame-max is not from {least} to {self.max_frame}"
        else:
            self.max_channel, self.max_frame, self.phase = channels, size, Phase.OPEN
            return
        raise ProtocolViolation(what, side=Side.FRONT, offset=offset, rule="AMQP 0-9-1 connection.tune-ok")

    def _open(self, wire: bytes) -> bytes:
        host: str | None = self._options["virtual.host"]
        if host is None:
            return wire
        _, *rest = decode(wire)
        return encode(0, "connection.open", host, *rest)


def refused(why: str, code: int) -> Iterator[Order]:
    """Tell the client that there is no login, and end it all with the WebSocket close code."""
    yield ToFront(encode(0, "connection.close", ACCESS_REFUSED, f"ACCESS_REFUSED - {why}", 0, 0), Kind.BINARY)
    yield Close(code, why)


def _least(told: int, ours: int) -> int:
    return min(told, ours) if told else ours
