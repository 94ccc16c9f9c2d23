# -*- test-case-name: tests.adapters.xmpp.test_session -*-
"""One XMPP connection: the forms of both ends made one, encryption and login done, stanzas checked.

docs/protocols/xmpp.md says what is checked and what is left to the server, and why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from zope.interface import implementer

from kaazing.adapters.base import login_deadline
from kaazing.adapters.xmpp import forms
from kaazing.adapters.xmpp.forms import STREAM_END, Framed, Item, Streamed
from kaazing.adapters.xmpp.login import ABORT, AUTH, RESPONSE
from kaazing.adapters.xmpp.permits import STANZAS, Permits, refusal
from kaazing.adapters.xmpp.server import GOODBYE, ServerSide, Stage, shown
from kaazing.closecodes import INTERNAL_ERROR, POLICY
from kaazing.errors import Side
from kaazing.interfaces.adapters import (
    Close,
    Hold,
    IAdapterSession,
    IMeter,
    Kind,
    Link,
    Order,
    Resume,
    ToBack,
    ToFront,
)
from kaazing.wire.xmpp import IQ, OPERATIONS, SASL, SASL2, STANZA_ERRORS, TLS, End, Fault, Header, Seen

COMPRESS = "http://jabber.org/protocol/compress compress"
ENABLE = frozenset(f"urn:xmpp:sm:{version} {word}" for version in (2, 3) for word in ("enable", "resume"))
REGISTER = "jabber:iq:register query"

_TOO_LATE = frozenset((AUTH, RESPONSE, ABORT, f"{TLS} starttls", f"{SASL2} authenticate"))
_FOREIGN = frozenset(
    f"{space} {stanza}".strip()
    for space in ("", "jabber:server", "jabber:component:accept", "jabber:component:connect")
    for stanza in STANZAS.values()
)
"""Stanzas as others than clients send them; a server might take them for those of a client all the same, of
which a policy would know nothing."""
_NO_COMPRESSION = b"<failure xmlns='http://jabber.org/protocol/compress'><setup-failed/></failure>"


@implementer(IAdapterSession)
class XmppSession(ServerSide):
    """See L{IAdapterSession}. What the client says; what the backend says is in L{ServerSide}."""

    __slots__ = ("_dropped", "_held", "_inbox", "_permits", "_reported")

    def __init__(self, link: Link) -> None:
        self._permits = Permits(link.policy)
        super().__init__(link, guarded=bool(self._permits.watch))
        self._inbox: list[tuple[bytes, Kind]] = []  # messages that came while the backend is asked
        self._held = False  # the front
        self._dropped = dict.fromkeys(OPERATIONS, 0)  # stanzas that were refused
        self._reported: dict[tuple[Side, str], int] = {}

    def opened(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.opened}."""
        self.deadline = login_deadline(self._options, now)
        return ()

    def from_front(self, data: bytes, kind: Kind, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.from_front}."""
        if self._stage is Stage.FLOWING and not self._inbox:
            front = self._front
            assert front is not None
            items: list[Any] = front.feed(data, kind)
            if front.fault is None and all(type(item) is bytes for item in items):
                return items
            return self._heard(items, now)
        return self._queued(data, kind, now)

    def from_back(self, data: bytes, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.from_back}."""
        items: list[Any] = self._back.feed(data)
        flowing = self._stage is Stage.FLOWING and self._back.fault is None
        if flowing and all(type(item) is bytes for item in items):
            return items
        return self._told(items, now)

    def front_ended(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.front_ended}. The stream is not ended for the client: it may want to
        resume it (XEP-0198)."""
        return ()

    def back_ended(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.back_ended}."""
        if self._stage is Stage.OVER:
            return
        if not self._shown:
            yield from self._fatal("remote-connection-failed", "the backend has closed the connection")
            yield Close(INTERNAL_ERROR, "backend lost")
        else:
            yield ToFront(self._form.end(), Kind.TEXT)
        self._stage = Stage.OVER

    def expired(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.expired}: the login has taken too long, or the goodbye."""
        self.deadline = None
        if self._stage is Stage.CLOSING:
            yield from self._goodbye()
        elif self._waits():
            yield from self._fatal("remote-connection-failed", "the backend has not answered in time")
            yield Close(INTERNAL_ERROR, "login timeout of the backend")
        else:
            yield from self._fatal("connection-timeout", "no login has come in time")
            yield Close(POLICY, "login timeout")

    def report(self, meter: IMeter) -> None:
        """See L{IAdapterSession.report}."""
        super().report(meter)
        ends = {Side.FRONT: self._front, Side.BACK: self._back}
        for side, counts in ((side, end.counts) for side, end in ends.items() if end is not None):
            for operation, count in zip(OPERATIONS, counts, strict=True):
                passed = count - (self._dropped[operation] if side is Side.FRONT else 0)
                fresh = passed - self._reported.get((side, operation), 0)
                if fresh:
                    self._reported[side, operation] = passed
                    meter.add(side, operation, fresh)

    def _queued(self, data: bytes, kind: Kind, now: float) -> Iterator[Order]:
        """What a client says before its stanzas flow; it waits while the backend is asked."""
        self._inbox.append((data, kind))
        if self._waits() and not self._held:
            self._held = True
            yield Hold(Side.FRONT)
        yield from self._go_on(now)

    def _go_on(self, now: float) -> Iterator[Order]:
        """Take up what has come before and had to wait."""
        while not self._asking and self._stage is not Stage.OVER:
            if found := self._back.feed(b""):
                yield from self._obey(found, now)
            elif self._back.fault is not None:
                yield from self._backend_fault(self._back.fault)
            elif self._stage is Stage.CLOSING:
                self._inbox.clear()
                yield from self._resume()
                return
            elif self._waits():
                return
            elif self._front is not None and (items := self._front.more()):
                yield from self._hear(items, now)
            elif self._front is not None and self._front.fault is not None:
                yield from self._client_fault(self._front.fault)
            elif self._inbox:
                data, kind = self._inbox.pop(0)
                yield from self._hear(self._read(data, kind), now)
            else:
                yield from self._resume()
                return

    def _resume(self) -> Iterator[Order]:
        if self._held:
            self._held = False
            yield Resume(Side.FRONT)

    def _watched(self) -> frozenset[str]:
        watched = self._permits.watch | _TOO_LATE | _FOREIGN | {COMPRESS}
        return watched | ENABLE if self._guarded else watched

    def _read(self, data: bytes, kind: Kind) -> list[Item]:
        if self._front is None:
            limits = self._limits("xmpp.maximum.stanza.size")
            streamed = not self._link.messages or forms.is_stream(data)
            self._front = Streamed(limits) if streamed else Framed(limits)
            self._back.patch = self._front.patch
        return self._front.feed(data, kind)

    def _heard(self, items: list[Any], now: float) -> Iterator[Order]:
        yield from self._hear(items, now)
        yield from self._go_on(now)

    def _told(self, items: list[Any], now: float) -> Iterator[Order]:
        yield from self._obey(items, now)
        yield from self._go_on(now)

    def _hear(self, items: Iterable[Item], now: float) -> Iterator[Order]:
        """Do what the client's words ask for."""
        for item in items:
            if self._stage in (Stage.CLOSING, Stage.OVER):
                return
            if isinstance(item, End):
                yield from self._leave(now)
            elif isinstance(item, Header):
                yield from self._open(item)
            elif isinstance(item, bytes):
                yield ToBack(item, counts=True)
            elif self._stage is Stage.FLOWING:
                yield from self._admit(item)
            else:
                yield from self._admit_early(item)

    def _open(self, header: Header) -> Iterator[Order]:
        if self._stage not in (Stage.NEW, Stage.RESTART):
            what, rule = "a stream is opened within a stream", "RFC 6120 section 4.3.3"
            yield from self._client_fault(Fault(header.offset, "unsupported-stanza-type", what, rule))
        host = self._options["virtual.host"]
        attributes = {**header.attributes, **({"to": host} if host else {})}
        attributes.pop("id", None)  # it is the server's to give (RFC 6120 section 4.7.3)
        self._header = Header(header.offset, header.namespaces, attributes)
        self._shown = False
        yield from self._open_back()

    def _leave(self, now: float) -> Iterator[Order]:
        """The client has ended its stream."""
        if self._stage is Stage.NEW:
            yield from self._goodbye()
            return
        self._stage, self.deadline = Stage.CLOSING, now + GOODBYE
        yield ToBack(STREAM_END)

    def _admit(self, item: Seen) -> Iterator[Order]:
        """Look at an element of an open session that may not pass."""
        if item.name in STANZAS:
            if self._permits.allows(item):
                yield ToBack(item.wire, counts=True)
                return
            self._dropped[STANZAS[item.name]] += 1
            self.count_refusal(STANZAS[item.name])
            if answer := refusal(item):
                yield ToFront(answer, Kind.TEXT)
        elif item.name == COMPRESS:
            yield ToFront(_NO_COMPRESSION, Kind.TEXT)
        elif item.name in _FOREIGN:
            what, rule = "a stanza in a namespace that is none of clients", "RFC 6120 section 4.8.2"
            yield from self._client_fault(Fault(item.offset, "invalid-namespace", what, rule))
        elif item.name in ENABLE:
            space = item.name.partition(" ")[0]
            words = f"<failed xmlns='{space}'><feature-not-implemented xmlns='{STANZA_ERRORS}'/></failed>"
            yield ToFront(words.encode(), Kind.TEXT)
        else:
            what, rule = f"{shown(item.name)} within a session", "RFC 6120 section 6.4"
            yield from self._client_fault(Fault(item.offset, "unsupported-stanza-type", what, rule))

    def _admit_early(self, item: Seen) -> Iterator[Order]:
        """Look at an element that comes before the session."""
        space = item.name.partition(" ")[0]
        if self._stage is Stage.READY and item.name == COMPRESS:
            yield ToFront(_NO_COMPRESSION, Kind.TEXT)
        elif self._stage is Stage.READY and self._link.injects and item.name in (AUTH, RESPONSE, ABORT):
            yield from self._log_in(item)
        elif (
            self._stage is Stage.READY
            and not self._link.injects
            and (space == SASL or (space == SASL2 and not self._guarded))
        ):
            self._stage = Stage.ASKED
            yield ToBack(item.wire, counts=True)
        elif self._stage is Stage.READY and self._registers and _registers(item):
            yield ToBack(item.wire, counts=True)
        elif self._stage is Stage.NEW:
            wrong = item.name.endswith(" open") or item.name.endswith(" stream")
            condition = "invalid-namespace" if wrong else "bad-format"
            what, rule = "something else than the head of a stream", "RFC 7395 section 3.4"
            yield from self._client_fault(Fault(item.offset, condition, what, rule))
        else:
            what = f"{shown(item.name)} before the login is done"
            yield from self._client_fault(
                Fault(item.offset, "not-authorized", what, "RFC 6120 section 4.9.3.12")
            )


def _registers(item: Seen) -> bool:
    """Return whether an element asks for an account (XEP-0077 section 3.1)."""
    return item.name == IQ and item.children == (REGISTER,)
