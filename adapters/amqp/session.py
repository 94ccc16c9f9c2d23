# -*- test-case-name: tests.adapters.amqp.test_session -*-
"""One AMQP connection: its first eight bytes say whether it is one of 0-9-1 or of 1.0.

AMQP 0-9-1 section 4.2.2, AMQP 1.0 section 2.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from zope.interface import implementer

from kaazing.adapters.amqp.nine import AmqpNine
from kaazing.adapters.amqp.one import AmqpOne
from kaazing.adapters.base import login_deadline
from kaazing.closecodes import POLICY, WRONG_TYPE
from kaazing.errors import ProtocolViolation, Side
from kaazing.interfaces.adapters import (
    Close,
    IAdapterSession,
    IMeter,
    Kind,
    Link,
    Login,
    NoLogin,
    Order,
    ToFront,
)
from kaazing.wire.amqp import PREAMBLE
from kaazing.wire.amqp_one import PLAIN_HEADER, SASL_HEADER, TLS_HEADER

VERSIONS = ("0-9-1", "1.0")

ONE = (PLAIN_HEADER, TLS_HEADER, SASL_HEADER)
"""What AMQP 1.0 begins with: bare, with TLS in it (section 5.2), with SASL (section 5.3)."""

_TEXT = int(Kind.TEXT)
_ANSWERS = {
    "0-9-1": (PREAMBLE, "AMQP 0-9-1 section 4.2.2"),
    "1.0": (SASL_HEADER, "AMQP 1.0 section 2.2"),
}
"""What those are told who begin with something else, and the rule that wants it."""


@implementer(IAdapterSession)
class AmqpSession:
    """See L{IAdapterSession}; all but the first eight bytes is for the conversation they begin.

    A conversation is made with the link and the eight bytes, which it has to send on itself; its
    deadline is then set, C{opened()} is called, which asks no question and whose plain bytes go to the
    backend, and what came behind the eight bytes, if anything did.
    """

    __slots__ = ("_began", "_conversation", "_deadline", "_link", "_messages", "_versions")

    kind = Kind.BINARY

    def __init__(self, link: Link) -> None:
        self._link, self._messages = link, link.messages
        self._versions: tuple[str, ...] = link.options["amqp.versions"]
        self._deadline: float | None = None  # for the eight bytes
        self._began = b""  # of the eight bytes
        self._conversation: AmqpNine | AmqpOne | None = None

    @property
    def deadline(self) -> float | None:
        """See L{IAdapterSession}."""
        return self._deadline if self._conversation is None else self._conversation.deadline

    def opened(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.opened}."""
        self._deadline = login_deadline(self._link.options, now)
        return ()

    def from_front(self, data: bytes, kind: Kind, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.from_front}."""
        if kind == _TEXT and self._messages:
            return (Close(WRONG_TYPE, "AMQP goes in binary messages"),)
        if self._conversation is None:
            return self._begin(data, kind, now)
        return self._conversation.from_front(data, kind, now)

    def _begin(self, data: bytes, kind: Kind, now: float) -> Iterator[Order]:
        missing = 8 - len(self._began)
        self._began += data[:missing]
        if len(self._began) < 8:
            return
        conversation = self._conversation = self._made()
        if conversation is None:
            header, rule = _ANSWERS[self._versions[0]]
            yield ToFront(header, Kind.BINARY)
            what = f"the first eight bytes are not those of AMQP {' or '.join(self._versions)}"
            raise ProtocolViolation(what, side=Side.FRONT, offset=0, rule=rule)
        conversation.deadline = self._deadline
        yield from conversation.opened(now)
        if data[missing:]:
            yield from conversation.from_front(data[missing:], kind, now)

    def _made(self) -> AmqpNine | AmqpOne | None:
        if self._began == PREAMBLE and "0-9-1" in self._versions:
            return AmqpNine(self._link)
        if self._began in ONE and "1.0" in self._versions:
            return AmqpOne(self._link, self._began)
        return None

    def from_back(self, data: bytes, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.from_back}."""
        return self._too_early() if self._conversation is None else self._conversation.from_back(data, now)

    def _too_early(self) -> Iterator[Order]:
        yield from ()
        what = "the backend speaks before the client"
        rule = _ANSWERS[self._versions[0]][1]
        raise ProtocolViolation(what, side=Side.BACK, offset=0, rule=rule)

    def front_ended(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.front_ended}."""
        return () if self._conversation is None else self._conversation.front_ended(now)

    def back_ended(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.back_ended}."""
        return () if self._conversation is None else self._conversation.back_ended(now)

    def expired(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.expired}."""
        if self._conversation is not None:
            return self._conversation.expired(now)
        self._deadline = None
        return (Close(POLICY, "login timeout"),)

    def login(self, answer: Login | NoLogin, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.login}."""
        return self._asking().login(answer, now)

    def secured(self, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.secured}."""
        return self._asking().secured(now)

    def computed(self, result: Any, now: float) -> Iterable[Order]:
        """See L{IAdapterSession.computed}."""
        return self._asking().computed(result, now)

    def _asking(self) -> AmqpNine | AmqpOne:
        if self._conversation is None:
            raise TypeError("nobody has asked anything yet")
        return self._conversation

    def report(self, meter: IMeter) -> None:
        """See L{IAdapterSession.report}."""
        if self._conversation is not None:
            self._conversation.report(meter)
