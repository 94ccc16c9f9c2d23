# -*- test-case-name: tests.adapters.stomp.test_session,tests.adapters.stomp.test_session_cuts -*-
"""One STOMP connection: frames of both sides checked, the login put in, heart-beats passed on.

docs/protocols/stomp.md says what is checked and what is left to the broker, and why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from zope.interface import implementer

from kaazing.adapters.base import LOGIN_REFUSED, BaseSession, in_words, login_deadline
from kaazing.adapters.stomp.ledger import Ledger
from kaazing.adapters.stomp.opening import injected, offered, settled
from kaazing.adapters.stomp.permits import OPERATIONS, Permits
from kaazing.closecodes import INTERNAL_ERROR, POLICY
from kaazing.errors import ProtocolViolation, Side
from kaazing.interfaces.adapters import (
    AskLogin,
    Close,
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
    ToFront,
)
from kaazing.wire.stomp import VERSIONS, Frame, Scanner, encode, parse, violation

QUIET = 0.05
"""Seconds. An end-of-line that comes sooner behind a frame of the backend is that frame's own, not a
heart-beat: brokers write one behind every NUL."""


@implementer(IAdapterSession)
class StompSession(BaseSession):
    """See L{IAdapterSession}."""

    __slots__ = (
        "_back", "_connect", "_front", "_held", "_ledger", "_link", "_offers", "_options", "_permits",
        "_spoke", "_unpassed",
    )  # fmt: skip

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link, self._options = link, link.options
        self._permits = Permits(link.policy)
        self._front = self._scanner(Side.FRONT, "stomp.maximum.frame.size")
        self._back = self._scanner(Side.BACK, "stomp.maximum.backend.frame.size")
        self._offers: frozenset[int] = frozenset()  # versions, once CONNECT has come
        self._connect: Frame | None = None  # while it waits for the login
        self._ledger: Ledger | None = None  # once CONNECTED has come
        self._held = False  # the front, until CONNECTED
        self._spoke = float("-inf")  # when something last went to the client
        self._unpassed: dict[str, int] = {}  # frames of the client's that were scanned and refused

    def _scanner(self, side: Side, max_frame: str) -> Scanner:
        return Scanner(
            client=side is Side.FRONT,
            split=side is Side.BACK,
            max_frame=self._options[max_frame],
            max_headers=self._options["stomp.maximum.headers"],
            max_line=self._options["stomp.maximum.header.length"],
            apart=side is Side.FRONT and self._link.apart,
            sends=side is Side.FRONT and self._permits.sends,
        )

    def opened(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.opened}."""
        self.deadline = login_deadline(self._options, now)
        return ()

    def from_front(self, data: bytes, kind: Kind, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.from_front}."""
        items: list[Any] = self._front.feed(data)
        if (
            self._ledger is not None
            and self._front.fault is None
            and items
            and type(items[0]) is bytes
            and (len(items) == 1 or (self._link.apart and all(type(item) is bytes for item in items)))
        ):
            return items
        return self._admitted(items)

    def from_back(self, data: bytes, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.from_back}."""
        frames: list[Any] = self._back.feed(data)
        if self._back.beat and now - self._spoke >= QUIET:
            frames.insert(0, b"\n")
        if frames:
            self._spoke = now
        if self._ledger is not None and self._back.fault is None:
            return frames
        return self._answered(frames, now)

    def expired(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.expired}; the login has taken too long."""
        self.deadline = None
        if self._offers:
            yield self._error("the backend has not answered CONNECT in time")
            yield Close(INTERNAL_ERROR, "login timeout of the backend")
        else:
            yield self._error("no CONNECT frame has come in time")
            yield Close(POLICY, "login timeout")

    def login(self, answer: Login | NoLogin, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.login}; CONNECT goes on."""
        frame, self._connect = self._connect, None
        assert frame is not None, "nobody asked"
        if isinstance(answer, NoLogin):
            yield self._error(answer.reason, frame.get("receipt"))
            yield Close(POLICY, answer.reason)
        else:
            yield self._opening(frame, b"", answer)

    def _admitted(self, items: list[Any]) -> Iterator[Order]:
        for index, item in enumerate(items):
            if type(item) is bytes:
                yield item
                continue
            offset, wire = item
            frame = parse(wire, self._front.version)
            try:
                self._admit(frame, offset)
            except ProtocolViolation as why:
                self._forget(items[index:])
                yield self._refusal(why, frame)
                raise
            refusal = self._permits.refusal(frame)
            if refusal is not None:
                self._forget(items[index:])
                self.count_refusal(OPERATIONS[frame.command])
                yield self._error(refusal, frame.get("receipt"))
                yield Close(POLICY, refusal)
                return
            if self._ledger is not None:
                yield wire
            elif self._link.injects:
                self._connect = frame
            else:
                yield self._opening(frame, wire, None)
        if self._front.fault is not None:
            fault = violation(self._front.fault, Side.FRONT, self._front.version)
            yield self._refusal(fault, parse(self._front.fault[3], self._front.version))
            raise fault
        if self._offers and self._ledger is None and self._front.pending and not self._held:
            self._held = True
            yield Hold(Side.FRONT)
        if self._connect is not None:
            yield self._question(self._connect)

    def report(self, meter: IMeter) -> None:
        """See L{IAdapterSession.report}; the operations are STOMP's commands."""
        super().report(meter)
        for command, count in self._front.take_counts().items():
            meter.add(Side.FRONT, command, count - self._unpassed.pop(command, 0))
        for command, count in self._back.take_counts().items():
            meter.add(Side.BACK, command, count)

    def _question(self, connect: Frame) -> AskLogin:
        if not self._link.told:
            return AskLogin()
        return AskLogin(connect.get("login") or "", connect.get("passcode") or "")

    def _forget(self, items: list[Any]) -> None:
        """Note that these, which were scanned, do not pass."""
        scanner = self._scanner(Side.FRONT, "stomp.maximum.frame.size")
        if self._front.version:
            scanner.version = self._front.version
        scanner.feed(b"".join(item if type(item) is bytes else item[1] for item in items))
        self._unpassed = scanner.take_counts()

    def _admit(self, frame: Frame, offset: int) -> None:
        """Look at a frame; raises ProtocolViolation where it may not come now."""
        if self._ledger is not None:
            self._ledger.admit(frame, offset)
        else:
            self._offers = offered(frame, offset)

    def _opening(self, frame: Frame, wire: bytes, login: Login | None) -> bytes:
        """Return what goes to the backend for a CONNECT frame."""
        connect = injected(frame, login, self._options["virtual.host"])
        return wire if connect is frame else encode(connect, self._front.version)

    def _answered(self, frames: list[Any], now: float) -> Iterator[Order]:
        """Frames up to CONNECTED, or up to a fault."""
        for wire in frames:
            if wire.startswith(b"CONNECTED"):
                yield from self._connected(wire, now)
                continue
            if self._link.injects and self._ledger is None and wire.startswith(b"ERROR"):
                yield LOGIN_REFUSED
            yield wire
        if self._back.fault is not None:
            why = violation(self._back.fault, Side.BACK, self._back.version)
            yield self._error(in_words(why))
            raise why

    def _connected(self, wire: bytes, now: float) -> Iterator[Order]:
        try:
            version = settled(parse(wire, self._back.version), self._offers, self._back.offset - len(wire))
        except ProtocolViolation as why:
            yield self._error(in_words(why))
            raise
        yield wire
        self.deadline = None
        self._ledger = Ledger(version, self._options)
        self._front.version = self._back.version = version
        for order in self._admitted(self._front.feed(b"")):
            yield ToBack(order, counts=True) if type(order) is bytes else order
        if self._held:
            yield Resume(Side.FRONT)
        yield from self.from_back(b"", now)

    def _refusal(self, why: ProtocolViolation, frame: Frame) -> ToFront:
        receipt = frame.get("receipt")
        return self._error(in_words(why), receipt)

    def _error(self, message: str, receipt: str | None = None) -> ToFront:
        headers = [("message", message)]
        if self._front.version:
            headers += [("receipt-id", receipt)] if receipt is not None else []
        else:
            headers.append(("version", ",".join(VERSIONS)))
        return ToFront(encode(Frame("ERROR", tuple(headers)), self._front.version))
