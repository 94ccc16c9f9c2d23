# -*- test-case-name: tests.adapters.amqp.test_nine -*-
"""One AMQP 0-9-1 connection: frames of both sides checked, the login put in, the policy kept.

docs/protocols/amqp.md says what is checked and what is left to the broker, and why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from zope.interface import implementer

from kaazing.adapters.amqp.nine_channels import Channels
from kaazing.adapters.amqp.nine_opening import ACCESS_REFUSED, Opening, Phase, refused
from kaazing.adapters.amqp.nine_permits import Permits
from kaazing.adapters.base import LOGIN_REFUSED, BaseSession, in_words
from kaazing.closecodes import INTERNAL_ERROR, POLICY, PROTOCOL_ERROR
from kaazing.errors import ProtocolViolation, Side
from kaazing.interfaces.adapters import (
    AskLogin,
    Close,
    Compute,
    IAdapterSession,
    IMeter,
    Kind,
    Link,
    Login,
    NoLogin,
    Order,
    ToBack,
    ToFront,
)
from kaazing.wire.amqp import (
    COMPACT,
    HEARTBEAT,
    PREAMBLE,
    Scanner,
    channel_of,
    decode,
    encode,
    key_of,
    name_of,
    reply_code,
    rule,
    violation,
)
from kaazing.wire.amqp_faults import COMMAND_INVALID, INTERNAL
from kaazing.wire.amqp_methods import METHODS, ROWS

_FORCED = 320  # reply code CONNECTION_FORCED
_HEADER = 2  # frame type
_PUBLISH = bytes.fromhex("003c 0028")  # class and method
_QUESTIONS = (AskLogin, Compute)
_ALWAYS_GOOD = {
    Side.FRONT: ("connection.close", "connection.close-ok", "connection.update-secret"),
    Side.BACK: (
        *("connection.close", "connection.close-ok", "connection.blocked", "connection.unblocked"),
        "connection.update-secret-ok",
    ),
}
"""Methods of class connection that may come when it is open."""


@implementer(IAdapterSession)
class AmqpNine(BaseSession):
    """See L{IAdapterSession}; made when the client has sent L{PREAMBLE}, which it sends on."""

    __slots__ = (
        *("_back", "_beat", "_began", "_channels", "_closing", "_front", "_held", "_injects", "_opening"),
        *("_permits", "_refused", "_to_back", "_to_front"),
    )

    def __init__(self, link: Link) -> None:
        super().__init__(Kind.BINARY)
        self._front = self._scanner(link, client=True, split=link.apart)
        self._back = self._scanner(link, client=False, split=True)
        self._channels = Channels(self._front, self._back)
        self._opening: Opening | None = Opening(link)
        self._permits = Permits(link.policy) if link.policy is not None else None
        self._injects = link.injects
        self._began = b""  # of a preamble that the backend answers with
        self._held: dict[int, bytes] = {}  # channel -> basic.publish whose content header is to come
        self._refused: Counter[int] = Counter()  # methods that did not pass, by number
        self._closing = False  # somebody has sent connection.close
        self._beat = 0.0  # seconds, half of what was agreed on; 0 for no heart-beats
        self._to_back = self._to_front = 0.0  # when something last passed

    @staticmethod
    def _scanner(link: Link, *, client: bool, split: bool) -> Scanner:
        return Scanner(
            methods=COMPACT,
            client=client,
            split=split,
            max_frame=link.options["amqp.maximum.opening.frame.size"],
            max_depth=link.options["amqp.maximum.depth"],
            max_entries=link.options["amqp.maximum.entries"],
        )

    def opened(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.opened}."""
        return [PREAMBLE]

    def from_front(self, data: bytes, kind: Kind, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.from_front}."""
        items: list[Any] = self._front.feed(data)
        if self._opening is not None or self._front.looks or self._front.fault is not None:
            self._to_back = now
            return self._fronted(items)
        if items:
            self._to_back = now
        elif self._beat and now - self._to_back >= self._beat:
            self._to_back = now
            return [HEARTBEAT]  # the client is alive: its bytes come, though no whole frame
        return items

    def from_back(self, data: bytes, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.from_back}."""
        if self._opening is not None and self._opening.phase is Phase.START:
            self._began += data[: 8 - len(self._began)]
            if self._began.startswith(b"A"):
                return self._rejected()
        items: list[Any] = self._back.feed(data)
        if self._opening is not None or self._back.looks or self._back.fault is not None:
            self._to_front = now
            return self._backed(items)
        if items:
            self._to_front = now
        elif self._beat and now - self._to_front >= self._beat:
            self._to_front = now
            return [HEARTBEAT]
        return items

    def back_ended(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.back_ended}; brokers that do not say that a login is wrong hang up."""
        if self._opening is None or self._opening.phase is not Phase.TUNE or self._closing:
            return ()
        return refused("the backend has closed the connection after the login", POLICY)

    def expired(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.expired}; the opening has taken too long."""
        self.deadline = None
        late = self._opening.phase.side if self._opening is not None else Side.BACK
        what = "login timeout" if late is Side.FRONT else "login timeout of the backend"
        if not self._closing:
            yield ToFront(
                encode(0, "connection.close", _FORCED, f"CONNECTION_FORCED - {what}", 0, 0), Kind.BINARY
            )
        yield Close(POLICY if late is Side.FRONT else INTERNAL_ERROR, what)

    def login(self, answer: Login | NoLogin, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.login}."""
        assert self._opening is not None
        yield from self._opening.login(answer)
        yield from self._rest_of_front()

    def computed(self, result: Any, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.computed}."""
        assert self._opening is not None
        yield self._opening.computed(result)
        for order in self._backed(self._back.feed(b"")):
            yield ToFront(order, Kind.BINARY) if type(order) is bytes else order

    def report(self, meter: IMeter) -> None:
        """See L{IAdapterSession.report}."""
        super().report(meter)
        refused_ones, self._refused = self._refused, Counter()
        for side, scanner in ((Side.FRONT, self._front), (Side.BACK, self._back)):
            for row, count in scanner.take_counts().items():
                passed = count - (refused_ones[row] if side is Side.FRONT else 0)
                if passed > 0:
                    meter.add(side, METHODS[row].name if row < len(METHODS) else "heartbeat", passed)

    def _rejected(self) -> Iterator[Order]:
        if len(self._began) == 8:
            yield ToFront(self._began, Kind.BINARY)
            yield Close(PROTOCOL_ERROR, "the backend does not speak AMQP 0-9-1")

    def _rest_of_front(self) -> Iterator[Order]:
        for order in self._fronted(self._front.feed(b"")):
            yield ToBack(order) if type(order) is bytes else order

    def _fronted(self, items: list[Any]) -> Iterator[Order]:
        while items:
            for item in items:
                if type(item) is bytes:
                    yield item
                    continue
                for order in self._from_front(*item):
                    yield order
                    if type(order) in _QUESTIONS:
                        return
            items = self._front.feed(b"")
        if self._front.fault is not None:
            code, offset, number, key = self._front.fault
            fault = code, offset + len(PREAMBLE), number, key
            yield from self._violated(violation(fault, Side.FRONT), reply_code(fault), key)

    def _backed(self, items: list[Any]) -> Iterator[Order]:
        while items:
            for item in items:
                if type(item) is bytes:
                    yield item
                    continue
                for order in self._from_back(*item):
                    yield order
                    if type(order) in _QUESTIONS:
                        return
            items = self._back.feed(b"")
        if self._back.fault is not None:
            yield from self._violated(violation(self._back.fault, Side.BACK), INTERNAL, 0)

    def _from_front(self, offset: int, wire: bytes) -> Iterator[Order]:
        """A frame of the client's that has to be looked at; plain bytes pass on."""
        if wire[7:11] == _PUBLISH:  # the two that come for each message, first
            self._held[channel_of(wire)] = wire
            return
        if wire[0] == _HEADER:
            yield from self._allowed(self._held.pop(channel_of(wire)), wire)
            return
        name = name_of(wire)
        if name.startswith("channel."):
            if name == "channel.open" and self._permits is not None:
                self._permits.forget(channel_of(wire))
            yield from self._channels.from_front(wire)
        elif channel_of(wire) == 0:
            yield from self._connection(Side.FRONT, wire, offset + len(PREAMBLE))
        else:
            yield from self._allowed(wire)

    def _from_back(self, offset: int, wire: bytes) -> Iterator[Order]:
        """A frame of the backend's that has to be looked at; plain bytes pass on."""
        if channel_of(wire) == 0:
            yield from self._connection(Side.BACK, wire, offset)
        elif key_of(wire) >> 16 == 20:
            yield from self._channels.from_back(wire)
        else:
            if self._permits is not None:
                self._permits.declared(wire)
            yield wire

    def _allowed(self, wire: bytes, header: bytes = b"") -> Iterator[Order]:
        assert self._permits is not None
        refusal = self._permits.refusal(wire, header)
        if refusal is not None:
            operation, name = refusal
            self._refused[ROWS[name_of(wire)]] += 1
            self.count_refusal(operation)
            why = f"ACCESS_REFUSED - not allowed to {operation} {name[:120]!r}"
            yield from self._channels.refuse(wire, ACCESS_REFUSED, why)
        else:
            yield wire + header

    def _connection(self, side: Side, wire: bytes, offset: int) -> Iterator[Order]:
        """A method of class connection, or a heart-beat during the opening."""
        name = name_of(wire)
        if name in ("connection.close", "connection.close-ok"):
            if side is Side.BACK and self._is_refusal(wire):
                yield LOGIN_REFUSED
            self._closing = True
            (self._back if side is Side.FRONT else self._front).owe(0)
            yield wire
        elif self._opening is not None:
            yield from self._open(side, wire, offset)
        elif name == "connection.update-secret" and self._injects:
            yield ToFront(
                encode(0, "connection.update-secret-ok"), Kind.BINARY
            )  # the secret is not the client's
        elif name in _ALWAYS_GOOD[side]:
            yield wire
        else:
            what = f"{name} on an open connection"
            why = ProtocolViolation(what, side=side, offset=offset, rule=rule("2.2.4"))
            yield from self._violated(why, COMMAND_INVALID, key_of(wire))

    def _is_refusal(self, wire: bytes) -> bool:
        """Return whether a connection.close of the backend's is its answer to the gateway's login."""
        waiting = self._injects and self._opening is not None and self._opening.phase is Phase.TUNE
        return waiting and name_of(wire) == "connection.close" and decode(wire)[0] == ACCESS_REFUSED

    def _open(self, side: Side, wire: bytes, offset: int) -> Iterator[Order]:
        opening = self._opening
        assert opening is not None
        try:
            yield from opening.heard(side, wire, offset)
        except ProtocolViolation as why:
            yield from self._violated(why, COMMAND_INVALID, key_of(wire))
        if opening.phase is Phase.DONE:
            rows = self._permits.rows if self._permits is not None else b""
            self._front.begin(opening.max_frame, opening.max_channel, rows)
            self._back.begin(opening.max_frame, opening.max_channel, b"")
            self._beat = opening.heartbeat / 2
            self._opening = self.deadline = None

    def _violated(self, why: ProtocolViolation, code: int, key: int) -> Iterator[Order]:
        """Close the connection at both ends, as far as it is not being closed already."""
        if not self._closing:
            close = encode(0, "connection.close", code, in_words(why), key >> 16, key & 0xFFFF)
            yield ToFront(close, Kind.BINARY)
            if self._opening is None:
                yield ToBack(close)
        raise why
