# -*- test-case-name: tests.adapters.stompjms.test_session,tests.adapters.stompjms.test_session_cuts -*-
"""One STOMP client whose server the gateway is: frames in, requests and frames out, heart-beats both ways.

docs/protocols/stomp-jms.md says what is understood. After an ERROR the connection is closed (STOMP 1.2,
ERROR).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any

from zope.interface import implementer

from kaazing.adapters.base import in_words, login_deadline
from kaazing.adapters.stompjms import frames
from kaazing.adapters.stompjms.faults import Broken, Denied, Unserved, shown
from kaazing.adapters.stompjms.ledger import Ledger
from kaazing.adapters.stompjms.opening import Opening, opening
from kaazing.closecodes import INTERNAL_ERROR, NORMAL, POLICY
from kaazing.errors import ProtocolViolation, Side
from kaazing.interfaces.adapters import Close, Kind, Link, ToFront
from kaazing.interfaces.brokers import Message
from kaazing.interfaces.servers import Answer, Connect, Goodbye, IServerSession, Request, Withheld
from kaazing.wire.stomp import OPENING, Frame, Scanner, parse, rule, violation

GRACE = 2
"""Intervals of silence after which a client that has promised heart-beats is gone."""
EARLY = 0.8
"""Part of the interval of our heart-beats after which the next is sent: the clock of deadlines ticks twice a
second, and what is promised is "at least every" (STOMP 1.2, Heart-beating)."""

_NO_TEXT = re.compile("[\udc80-\udcff]")  # bytes that are not UTF-8, as L{Frame} has them
_BEAT = ToFront(b"\n", Kind.TEXT)
_COMMANDS: dict[str, Callable[[Ledger, Frame, dict[str, str], int], Request | None]] = {
    "SEND": Ledger.send,
    "SUBSCRIBE": Ledger.subscribe,
    "UNSUBSCRIBE": Ledger.unsubscribe,
    "ACK": Ledger.ack,
    "NACK": Ledger.nack,
    "BEGIN": Ledger.begin,
    "COMMIT": Ledger.commit,
    "ABORT": Ledger.abort,
    "DISCONNECT": Ledger.disconnect,
}


@implementer(IServerSession)
class StompServerSession:
    """See L{IServerSession}."""

    __slots__ = (
        "_beat", "_heard", "_held", "_latest", "_ledger", "_link", "_next", "_opening", "_scanner",
        "_silence", "_version", "deadline",
    )  # fmt: skip

    def __init__(self, link: Link, latest: frames.Latest) -> None:
        options = link.options
        self.deadline: float | None = None
        self._link: Link | None = link  # until CONNECTED
        self._latest = latest
        self._scanner: Scanner | None = Scanner(
            client=True,
            split=False,
            max_frame=options["stomp.maximum.frame.size"],
            max_headers=options["stomp.maximum.headers"],
            max_line=options["stomp.maximum.header.length"],
            apart=True,
            sends=False,
        )  # None when nothing is said any more
        self._version = OPENING
        self._opening: Opening | None = None  # until it is welcome
        self._ledger: Ledger | None = None  # from then on
        self._heard = self._next = 0.0  # when the client sent something, when the next heart-beat is due
        self._beat = self._silence = 0.0  # seconds between two of ours, and without one of theirs; 0 for any
        self._held = False

    def opened(self, now: float) -> Iterable[Answer]:
        """See L{IServerSession.opened}."""
        assert self._link is not None
        self.deadline = login_deadline(self._link.options, now)
        return ()

    def from_front(self, data: bytes, kind: Kind, now: float) -> Iterable[Answer]:
        """See L{IServerSession.from_front}."""
        self._heard = now
        return self._scanned(data)

    def front_ended(self, now: float) -> Iterable[Answer]:
        """See L{IServerSession.front_ended}; its owner closes."""
        return self._end()

    def held(self, yes: bool, now: float) -> None:
        """See L{IServerSession.held}."""
        self._held, self._heard = yes, now

    def expired(self, now: float) -> Iterable[Answer]:
        """See L{IServerSession.expired}: a login has taken too long, or a heart-beat is due or was missed."""
        self.deadline = None
        if self._scanner is None:
            return
        if self._ledger is None:
            what = "CONNECT frame has come" if self._opening is None else "answer to the login has come"
            yield from self._failed(f"no {what} in time", "login timeout")
            return
        if self._held:
            self._heard = now
        if self._silence and now - self._heard >= self._silence:
            what = f"no heart-beat has come for {self._silence:g} seconds"
            yield from self._failed(f"{what} ({rule('Heart-beating', self._version)})", what)
            return
        if self._beat and now >= self._next:
            self._next = now + self._beat
            yield _BEAT
        self._schedule()

    def welcome(
        self, now: float, *, user: str = "", server: str = "", policy: Any = None
    ) -> Iterable[Answer]:
        """See L{IServerSession.welcome}."""
        found, link = self._opening, self._link
        assert found is not None and link is not None and self._scanner is not None, "nobody asked"
        self._opening = self._link = None  # nothing that only the login needs is kept
        every: float = link.options["stomp.heart.beat"]
        ours, theirs = found.beats(every)
        self._beat, self._silence = ours * EARLY, theirs * GRACE
        self._heard, self._next = now, now + self._beat
        self._version = self._scanner.version = found.version
        self._ledger = Ledger(found.version, link.options, policy if policy is not None else link.policy)
        self._schedule()
        headers = [("version", str(found.version / 10)), ("session", secrets.token_hex(8))]
        if found.version > 10:
            offer = round(every * 1000)
            headers.append(("heart-beat", f"{offer},{offer}"))
        headers += [(name, value) for name, value in (("server", server), ("user-name", user)) if value]
        yield ToFront(frames.connected(headers))
        yield from self._scanned(b"")

    def done(self, request: Request, now: float) -> Iterable[Answer]:
        """See L{IServerSession.done}."""
        if self._scanner is None or isinstance(request, Connect):
            return
        if request.receipt is not None:
            yield ToFront(frames.receipt(request.receipt, self._version))
        if isinstance(request, Goodbye):
            yield Close(NORMAL, "")
            self._end()

    def refused(self, request: Request, why: str, now: float) -> Iterable[Answer]:
        """See L{IServerSession.refused}; the connection is over."""
        receipt = None if isinstance(request, Connect) else request.receipt
        return self._failed(why, why, receipt)

    def failed(self, id: Hashable, why: str, now: float) -> Iterable[Answer]:
        """See L{IServerSession.failed}; the connection is over."""
        what = f"subscription {shown(str(id))} has ended: {why}"
        return self._failed(what, what, code=INTERNAL_ERROR)

    def deliver(self, id: Hashable, message: Message, tag: Hashable) -> ToFront:
        """See L{IServerSession.deliver}."""
        assert self._ledger is not None and isinstance(id, str)
        message, own = self._ledger.delivery(id, message, tag)
        data = self._latest.rendered(message, self._version)
        return ToFront(data[: frames.OWN] + own + data[frames.OWN :])

    def look(self, id: Hashable) -> tuple[Hashable, bytes]:
        """See L{IServerSession.look}: the version, and the header C{subscription}."""
        assert self._ledger is not None and isinstance(id, str)
        return self._version, self._ledger.own(id)

    def unsettled(self, id: Hashable) -> int:
        """See L{IServerSession.unsettled}."""
        return self._ledger.unsettled(str(id)) if self._ledger is not None else 0

    def discard(self, id: Hashable) -> None:
        """See L{IServerSession.discard}."""
        if self._ledger is not None:
            self._ledger.discard(str(id))

    # Frames

    def _scanned(self, data: bytes) -> Iterable[Answer]:
        scanner = self._scanner
        if scanner is None:
            return ()
        offset = scanner.offset
        return self._answered(scanner, scanner.feed(data), offset)

    def _answered(self, scanner: Scanner, items: list[Any], offset: int) -> Iterator[Answer]:
        for item in items:
            wire: bytes = item if type(item) is bytes else item[1]
            start = offset
            offset += len(wire)
            if wire[-1]:  # ends-of-line that came behind the frame, or alone
                wire = wire.rstrip(b"\r\n")
                if not wire:
                    continue
            frame = parse(wire, self._version)
            if self._version == 10:
                frame = _trimmed(frame)
            fields = dict(reversed(frame.headers))  # of repeated ones the first (STOMP 1.2)
            try:
                if self._version <= 10 and not wire.isascii():  # else the scanner has seen to that
                    _check_text(frame)
                answer = self._asked(frame, fields, len(wire))
            except Broken as why:
                section = rule(why.section, self._version)
                fault = ProtocolViolation(why.what, side=Side.FRONT, offset=start, rule=section)
                yield from self._violated(fault, fields.get("receipt"))
                raise fault from why
            except Unserved as why:
                if isinstance(why, Denied):
                    yield Withheld(operation=why.operation)
                yield from self._failed(str(why), str(why), fields.get("receipt"))
                return
            if answer is not None:
                yield answer
            elif (receipt := fields.get("receipt")) is not None:
                yield ToFront(frames.receipt(receipt, self._version))
        if scanner.fault is not None:
            fault = violation(scanner.fault, Side.FRONT, self._version)
            yield from self._violated(fault, parse(scanner.fault[3], self._version).get("receipt"))
            raise fault

    def _asked(self, frame: Frame, fields: dict[str, str], size: int) -> Answer | None:
        if self._ledger is None:
            self._opening = opening(frame.command, fields)
            return self._opening.connect
        return _COMMANDS[frame.command](self._ledger, frame, fields, size)

    # The end

    def _violated(self, why: ProtocolViolation, receipt: str | None) -> Iterable[Answer]:
        version = self._version
        self._end()
        return (ToFront(frames.error(in_words(why), version, receipt)),)

    def _failed(
        self, why: str, reason: str, receipt: str | None = None, code: int = POLICY
    ) -> Iterable[Answer]:
        """Tell the client why it is over, and close; nothing when it is over already."""
        if self._scanner is None:
            return ()
        error = ToFront(frames.error(why, self._version, receipt))
        self._end()
        return error, Close(code, reason)

    def _end(self) -> Iterable[Answer]:
        self._scanner = self.deadline = None
        return ()

    def _schedule(self) -> None:
        due = [self._next] if self._beat else []
        if self._silence:
            due.append(self._heard + self._silence)
        self.deadline = min(due, default=None)


def _check_text(frame: Frame) -> None:
    """Raises Unserved where a header is none that others could be told."""
    for name, value in frame.headers:
        if _NO_TEXT.search(name) or _NO_TEXT.search(value):
            raise Unserved(f"header {shown(name)} is not UTF-8 ({rule('Value Encoding', OPENING)})")


def _trimmed(frame: Frame) -> Frame:
    """STOMP 1.0 pads names and values with blanks."""
    headers = tuple((name.strip(" "), value.strip(" ")) for name, value in frame.headers)
    return Frame(frame.command, headers, frame.body)
