# -*- test-case-name: tests.adapters.amqp.test_one,tests.adapters.amqp.test_one_cuts -*-
"""One AMQP 1.0 connection: protocol headers, the SASL layer, the login put in, and errors told.

docs/protocols/amqp.md says what is checked and what is left to the broker, and why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from zope.interface import implementer

from kaazing.adapters.amqp import one_words as words
from kaazing.adapters.amqp.one_traffic import Traffic, told
from kaazing.adapters.base import BaseSession, in_words
from kaazing.closecodes import INTERNAL_ERROR, POLICY
from kaazing.errors import ProtocolViolation, Side
from kaazing.interfaces.adapters import (
    AskLogin,
    Close,
    Compute,
    Hold,
    IAdapterSession,
    IMeter,
    Kind,
    Link,
    Login,
    NoLogin,
    Order,
    Resume,
    ToBack,
)
from kaazing.wire import sasl
from kaazing.wire.amqp_one import (
    FRAMING_ERROR,
    PLAIN_HEADER,
    SASL_HEADER,
    SASL_TYPE,
    TLS_HEADER,
    Frames,
    Performative,
    parse,
)
from kaazing.wire.amqp_one_sasl import (
    AUTH,
    OK,
    SYS,
    SYS_PERM,
    SYS_TEMP,
    Denied,
    Proof,
    Turns,
    mechanisms,
    outcome,
    said,
)
from kaazing.wire.amqp_one_types import RESOURCE_LIMIT, Malformed

SHOWN = ("ANONYMOUS", "PLAIN")
"""Mechanisms that a client may use where its login is replaced; what it says in them is not looked at."""

_REFUSED = Close(POLICY, "the backend refuses the login")

Step = Callable[[bytes, list[Order]], None]
"""Takes the next frame or header of an end, and puts what follows from it into the list."""


class _Way:
    """One direction: who speaks, its frames, and the step that takes the next one, None while it waits."""

    __slots__ = ("frames", "side", "step")

    def __init__(self, side: Side, frames: Frames, step: Step | None) -> None:
        self.side, self.frames, self.step = side, frames, step


@implementer(IAdapterSession)
class AmqpOne(BaseSession):
    """See L{IAdapterSession}; made when the client's first protocol header has come.

    Each end has a step, None while it has to wait. Where the login is put in, two conversations are
    held: with the client, which is shown a SASL layer that takes anything, or none if it wants none;
    and with the backend, which is shown the gateway's login. From then on it is all the same.
    """

    __slots__ = (
        "_apart", "_asks", "_down", "_first", "_greeted", "_header", "_injects", "_proof", "_traffic",
        "_turns", "_up",
    )  # fmt: skip

    def __init__(self, link: Link, header: bytes) -> None:
        """Begin with the client's first protocol header."""
        super().__init__(Kind.BINARY)
        self._apart, self._injects, self._asks = link.apart, link.injects, link.told
        self._header = header
        self._traffic = Traffic(link, self.count_refusal)
        frames = self._traffic.frames
        self._up = _Way(Side.FRONT, frames[Side.FRONT], self._client_header)
        first = self._nothing if link.injects else self._server_header
        self._down = _Way(Side.BACK, frames[Side.BACK], first)
        self._turns = Turns()  # of the client's SASL layer
        self._proof: Proof | None = None  # the login at the backend
        self._first = b""  # the client's open, while the login is going on
        self._greeted = False  # the client has been told the protocol header of AMQP itself

    # What happens

    def opened(self, now: float) -> Iterator[Order]:
        """See L{IAdapterSession.opened}."""
        if self._header == TLS_HEADER:
            yield told(SASL_HEADER)
            what = "TLS inside of the connection; it goes below (wss)"
            raise ProtocolViolation(what, side=Side.FRONT, offset=0, rule="AMQP 1.0 section 5.2.1")
        yield from self.from_front(self._header, Kind.BINARY, now)

    def from_front(self, data: bytes, kind: Kind, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.from_front}."""
        self._up.frames.feed(data)
        orders, fault = self._taken(self._up)
        if fault is None and all(type(order) is bytes for order in orders):
            return orders if self._apart or len(orders) < 2 else [b"".join(orders)]  # type: ignore[arg-type]
        return _then(orders, fault)

    def from_back(self, data: bytes, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.from_back}."""
        self._down.frames.feed(data)
        orders, fault = self._taken(self._down)
        if fault is None and all(type(order) is bytes for order in orders):
            return orders
        return _then(orders, fault)

    def back_ended(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.back_ended}; a client that waits for something is told."""
        if self._traffic.ends[Side.FRONT].closed:
            return ()
        return iter(self._denial(SYS_TEMP, words.FORCED, "the backend has hung up"))

    def expired(self, now: float) -> Iterator[Order]:
        """See L{IAdapterSession.expired}; the login has taken too long."""
        self.deadline = None
        yield from self._denial(SYS_TEMP, RESOURCE_LIMIT, "the login has taken too long")
        if self._traffic.ends[Side.FRONT].opened or self._up.step is None:
            yield Close(INTERNAL_ERROR, "login timeout of the backend")
        else:
            yield Close(POLICY, "login timeout")

    def login(self, answer: Login | NoLogin, now: float) -> Iterator[Order]:
        """See L{IAdapterSession.login}."""
        if isinstance(answer, NoLogin):
            yield from self._denial(AUTH, words.UNAUTHORIZED, answer.reason)
            yield Close(POLICY, answer.reason)
            return
        self._proof = Proof(answer)
        self._down.step = self._proving_header
        yield ToBack(SASL_HEADER)
        yield from self._crossed(self._down)

    def computed(self, result: Any, now: float) -> Iterator[Order]:
        """See L{IAdapterSession.computed}; it is a response of SASL."""
        if self._proof is not None:
            yield ToBack(self._proof.respond(result))
        self._down.step = self._proving
        yield from self._crossed(self._down)

    def report(self, meter: IMeter) -> None:
        """See L{IAdapterSession.report}."""
        super().report(meter)
        self._traffic.report(meter)

    # Taking frames

    def _taken(self, way: _Way) -> tuple[list[Order], ProtocolViolation | None]:
        """Take what is there of an end; return what follows, and the fault that ends it all."""
        orders: list[Order] = []
        side, frames = way.side, way.frames
        try:
            while (step := way.step) is not None and (wire := frames.take()) is not None:
                step(wire, orders)
        except Malformed as why:
            fault = ProtocolViolation(why.what, side=side, offset=frames.offset + why.at, rule=why.rule)
            orders += self._denial(SYS, why.condition, in_words(fault))
        except sasl.Refused as why:
            fault = ProtocolViolation(str(why), side=side, offset=frames.offset, rule="RFC 4422 section 3")
            orders += self._denial(SYS_PERM, words.INTERNAL, "the login at the backend failed")
        except ProtocolViolation as why:  # of the other end
            fault = why
        else:
            return orders, None
        return orders, fault

    def _crossed(self, way: _Way) -> Iterator[Order]:
        """Go on with an end while somebody else speaks."""
        orders, fault = self._taken(way)
        for order in orders:
            if not isinstance(order, bytes):
                yield order
            else:
                yield ToBack(order, counts=True) if way.side is Side.FRONT else told(order)
        if fault is not None:
            raise fault

    def _denial(self, code: int, condition: str, text: str) -> list[Order]:
        """Return what tells the client, wherever it stands, that there is no going on."""
        server = self._traffic.ends[Side.BACK]
        if self._header == SASL_HEADER and self._turns.code != OK:
            if not self._turns.awaits_outcome:
                return []
            self._turns.code = code
            return [told(outcome(code))]
        if server.closed:
            return []
        said = [] if self._greeted else [PLAIN_HEADER]
        if not server.opened:
            said.append(words.open_())
        server.opened = server.closed = self._greeted = True
        return [told(each) for each in (*said, words.close(condition, text))]

    # Steps: a login of the client's own

    def _client_header(self, wire: bytes, orders: list[Order]) -> None:
        if wire == SASL_HEADER == self._header and not self._turns.begun:
            if self._injects:
                orders += (told(SASL_HEADER), told(mechanisms(SHOWN)))
                self._turns.offered = True
            else:
                orders.append(wire)
            self._up.step = self._client_sasl
        elif wire == PLAIN_HEADER:
            if self._injects:
                self._greeted = True
                orders.append(told(PLAIN_HEADER))
            else:
                orders.append(wire)
            waits = self._injects and self._proof is None
            self._up.step = self._client_open if waits else self._traffic.front
        else:
            raise Malformed("something else than the protocol header", 0, "section 2.2", FRAMING_ERROR)

    def _client_sasl(self, wire: bytes, orders: list[Order]) -> None:
        if wire == PLAIN_HEADER and not self._injects and self._turns.begun:
            self._client_header(wire, orders)  # pipelined: the outcome is on its way
            return
        what = self._sasl(wire, Side.FRONT)
        self._turns.admit(what, client=True)
        if not self._injects:
            orders.append(wire)
        elif what.get("mechanism") in SHOWN:
            self._wait_for_login(orders, said(what) if self._asks else AskLogin())
        else:
            orders += self._denial(AUTH, words.UNAUTHORIZED, "")
            orders.append(Close(POLICY, "a mechanism that was not offered"))
            self._up.step = self._drop

    def _server_header(self, wire: bytes, orders: list[Order]) -> None:
        orders.append(wire)
        if wire == SASL_HEADER == self._header and not self._turns.offered:
            self._down.step = self._server_sasl
        elif wire == PLAIN_HEADER and (self._header == PLAIN_HEADER or self._turns.code == OK):
            self._greeted = True
            self._down.step = self._back
        elif wire.startswith(b"AMQP"):  # what it would rather have; it hangs up now (section 2.2)
            self._up.step = self._down.step = self._drop
        else:
            orders.pop()
            raise Malformed("something else than a protocol header", 0, "section 2.2", FRAMING_ERROR)

    def _server_sasl(self, wire: bytes, orders: list[Order]) -> None:
        what = self._sasl(wire, Side.BACK)
        self._turns.admit(what, client=False)
        orders.append(wire)
        if self._turns.code == OK:
            self._down.step = self._server_header
            if self._up.step == self._client_sasl:
                self._up.step = self._client_header
        elif self._turns.code is not None:
            orders.append(_REFUSED)
            self._up.step = self._down.step = self._drop

    def _back(self, wire: bytes, orders: list[Order]) -> None:
        if self._traffic.ends[Side.BACK].closed:
            return  # RabbitMQ's sessions still speak when its connection has said close
        self._traffic.back(wire, orders)
        if self.deadline is not None and self._traffic.ends[Side.BACK].opened:
            self.deadline = None

    def _sasl(self, wire: bytes, side: Side) -> Performative:
        """Return what a frame of the SASL layer carries."""
        what = parse(wire, self._traffic.checker, SASL_TYPE)
        if what is None:
            raise Malformed("a frame without body", 0, "section 5.3.1", FRAMING_ERROR)
        self._traffic.ends[side].count(what.name)
        return what

    def _nothing(self, wire: bytes, orders: list[Order]) -> None:
        raise Malformed("something comes where nothing may", 0, "section 2.2", FRAMING_ERROR)

    def _drop(self, wire: bytes, orders: list[Order]) -> None:
        """It is over, and the end does not know yet."""

    # Steps: the gateway's login

    def _client_open(self, wire: bytes, orders: list[Order]) -> None:
        """A client without SASL speaks; before it is let on, the gateway has to log in."""
        what = parse(wire, self._traffic.checker)
        if what is None or what.name != "open":
            raise Malformed("something else than open", 0, "section 2.4.1", "amqp:not-allowed")
        self._first = wire
        self._wait_for_login(orders, AskLogin())

    def _wait_for_login(self, orders: list[Order], question: AskLogin) -> None:
        self._up.step = None
        orders += (Hold(Side.FRONT), question)

    def _proving_header(self, wire: bytes, orders: list[Order]) -> None:
        if wire != SASL_HEADER:
            raise sasl.Refused("the backend does not do SASL")
        self._down.step = self._proving

    def _proving(self, wire: bytes, orders: list[Order]) -> None:
        """The backend speaks in the SASL layer; it is answered."""
        what = self._sasl(wire, Side.BACK)
        if self._proof is None:
            raise TypeError("no login is going on")
        try:
            answer = self._proof.hear(what)
        except Denied as why:
            condition = words.UNAUTHORIZED if why.code == AUTH else words.INTERNAL
            orders += self._denial(why.code, condition, str(why))
            orders.append(Close(POLICY, str(why)))
            self._up.step = self._down.step = self._drop
            return
        if isinstance(answer, Compute):
            orders.append(answer)
            self._down.step = None
        elif answer is not None:
            orders.append(ToBack(answer))
        else:
            self._proven(orders)

    def _proven(self, orders: list[Order]) -> None:
        """The login is good: the client goes on where it was."""
        orders.append(ToBack(PLAIN_HEADER))
        self._down.step = self._proven_header
        if self._header == SASL_HEADER:
            self._turns.code = OK
            orders.append(told(outcome(OK)))
            self._up.step = self._client_header
        else:
            self._up.step = self._traffic.front
            passing: list[Order] = []
            self._traffic.front(self._first, passing)
            orders.extend(ToBack(each, counts=True) if isinstance(each, bytes) else each for each in passing)
        for order in self._crossed(self._up):
            orders.append(order)  # one by one: those before a fault are carried out
        orders.append(Resume(Side.FRONT))

    def _proven_header(self, wire: bytes, orders: list[Order]) -> None:
        if wire != PLAIN_HEADER:
            raise Malformed("something else than the protocol header", 0, "section 2.2", FRAMING_ERROR)
        self._down.step = self._back


def _then(orders: list[Order], fault: ProtocolViolation | None) -> Iterator[Order]:
    yield from orders
    if fault is not None:
        raise fault
