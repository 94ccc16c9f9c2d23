# -*- test-case-name: tests.transports.test_adapted,tests.transports.test_adapted_questions -*-
"""Joining two channels through an adapter's session: carries out what it orders."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from kaazing.closecodes import GOING_AWAY, INTERNAL_ERROR, NORMAL, code_for
from kaazing.errors import ConnectError, GatewayError, ProtocolViolation, Side
from kaazing.interfaces.adapters import (
    AskLogin,
    Close,
    Complain,
    Compute,
    Front,
    Hold,
    IAdapterSession,
    Kind,
    Link,
    Order,
    Resume,
    StartTls,
    ToBack,
    ToFront,
)
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.services import Terms
from kaazing.literals import shown
from kaazing.transports.answers import Answers
from kaazing.transports.bridge import what
from kaazing.transports.hearing import hear
from kaazing.transports.pacing import Pacer

_BINARY = int(Kind.BINARY)  # a plain number is quicker where each chunk passes
_ORDERED, _CONGESTED, _STARTING, _ASKED, _PACED = 1, 2, 4, 8, 16  # why an end is held

_log = Logger(namespace="kaazing.sessions")

_Call = tuple[Callable[..., None], tuple[Any, ...]]


class Adapted:
    """One front and its back with an adapter's session between them.

    Attributes:
        front, back: the two channels.
        session: decides what flows.
        sink: takes what goes to the back.
        deaf: whether it is over, or a question is open.
        wheel: says the time.
    """

    __slots__ = (
        "_answer", "_answers", "_closed", "_held", "_link", "_over", "_sessions", "_terms", "_up",
        "_waiting", "back", "deaf", "front", "service", "session", "sink", "wheel",
    )  # fmt: skip

    def __init__(
        self,
        front: IChannel,
        back: IChannel,
        session: IAdapterSession,
        link: Link,
        terms: Terms,
        answers: Answers,
    ) -> None:
        """Join; both channels are held until L{start}.

        Args:
            session: decides what flows; it was told of C{link}.
            terms: those of its service.
            answers: who answers the session's questions.
        """
        self._sessions, self.wheel, self._answers = answers.sessions, answers.wheel, answers
        self.service, self.front, self.back = terms.service, front, back
        self.session: Any = session  # hears kinds as plain numbers
        self._link, self._terms = link, terms
        rates = terms.rates
        self.sink = back if rates is None else Pacer(back, rates, answers.wheel, self)
        self._held = dict.fromkeys(Side, _STARTING)
        self._closed = False  # somebody decided to end it
        self.deaf = False
        self._answer: Deferred[Any] | None = None  # to the open question
        self._waiting: deque[_Call] | None = None  # for the answer; thousands of sessions have no question
        self._up = 2  # channels that are not gone
        self._over: set[Side] = set()  # ends that send no more

    def start(self) -> None:
        """Let it flow."""
        self._sessions.opened(self)
        if self._terms.tally is not None:
            self._terms.tally.opened(self.session)
        self.front.whole = self._terms.wants is Front.MESSAGES
        hear(self)
        self.run(self.session.opened(self.wheel.now()), Side.FRONT)
        for side in Side:
            self._hold(side, self._held[side] & ~_STARTING)

    def heard(self, side: Side, data: bytes, kind: int) -> None:
        """An end spoke."""
        if self.deaf:
            self._wait(self.heard, side, data, kind)
            return
        session, now = self.session, self.wheel.now()
        orders = session.from_front(data, kind, now) if side is Side.FRONT else session.from_back(data, now)
        if type(orders) is list and session.deadline is None:  # mostly: messages that pass
            self._pass(orders, side)
        else:
            self.run(orders, side)

    def run(self, orders: Iterable[Order], spoke: Side) -> None:
        """Carry out what the session orders; plain bytes go to the end that did not speak."""
        question: Any = None
        if type(orders) is list:
            self._pass(orders, spoke)
        else:
            passing: list[bytes] = []
            try:
                for order in orders:
                    if self._closed:
                        continue  # to the end, as promised, and to nobody
                    if question is not None:
                        raise TypeError(f"an adapter's session ordered more behind {question!r}")
                    if type(order) is bytes:
                        passing.append(order)
                        continue
                    self._pass(passing, spoke)
                    passing = []
                    if isinstance(order, (AskLogin, StartTls, Compute)):
                        question = order
                    else:
                        self._obey(order)
            except ProtocolViolation as why:
                self._pass(passing, spoke)
                self.failed(why)
                return
            self._pass(passing, spoke)
        deadline = self.session.deadline
        if deadline is not None and not self._closed:
            self.wheel.put(self, deadline)
        if question is not None and not self._closed:
            self._ask(question)

    def _pass(self, messages: list[bytes], spoke: Side) -> None:
        if not messages:
            return
        if spoke is Side.FRONT:
            self.sink.send_all(messages, _BINARY)
        else:
            self.front.send_all(messages, self.session.kind)

    def _obey(self, order: Any) -> None:
        match order:
            case ToFront(data, kind):
                self.front.send(data, kind)
            case ToBack(data, counts):
                if counts:
                    self.sink.send_all([data], _BINARY)
                else:
                    self.sink.send(data, _BINARY)
            case Hold(side):
                self._hold(side, self._held[side] | _ORDERED)
            case Resume(side):
                self._hold(side, self._held[side] & ~_ORDERED)
            case Complain(words):
                self._complain(GatewayError(words))
            case Close(code, reason):
                if code not in (NORMAL, GOING_AWAY):
                    self._complain(GatewayError(f"{reason} (close {code})"))
                self._close(code, reason)
            case _:
                raise TypeError(f"an adapter's session ordered {order!r}")

    def _hold(self, side: Side, reasons: int) -> None:
        channel = self.front if side is Side.FRONT else self.back
        before, self._held[side] = self._held[side], reasons
        if self._closed or bool(before) == bool(reasons):
            return  # a channel that is being encrypted must not be held again: it reads on its own
        if reasons:
            channel.hold()
        else:
            channel.resume()

    def congested(self, side: Side, yes: bool) -> None:
        """An end takes no more, or takes again: whoever speaks to it is held meanwhile."""
        other = Side.BACK if side is Side.FRONT else Side.FRONT
        self._hold(other, self._held[other] | _CONGESTED if yes else self._held[other] & ~_CONGESTED)

    def paced(self, side: Side, yes: bool) -> None:
        """See L{kaazing.transports.pacing.Paces}."""
        self._hold(side, self._held[side] | _PACED if yes else self._held[side] & ~_PACED)

    # Questions

    def _ask(self, question: AskLogin | StartTls | Compute) -> None:
        if self._answer is not None:
            raise TypeError(f"an adapter's session asked {question!r} before its last question was answered")
        if self._waiting is None:
            self._waiting = deque()
        if isinstance(question, StartTls) and any(more[:1] == (Side.BACK,) for _, more in self._waiting):
            self._lose(ConnectError("the backend sent bytes in clear behind its consent to TLS"))
            return
        self.deaf = True
        for side in Side:
            self._hold(side, self._held[side] | _ASKED)
        answer = self._answer = self._answers.answer(question, self.back, self._link, self._terms)
        answer.addCallback(self._answered, question).addErrback(self._unanswered)

    def _answered(self, result: Any, question: AskLogin | StartTls | Compute) -> None:
        self._answer = None
        if self._closed:
            return
        session, now = self.session, self.wheel.now()
        match question:
            case AskLogin():
                orders = session.login(result, now)
            case StartTls():
                orders = session.secured(now)
            case Compute():
                orders = session.computed(result, now)
        self.run(orders, Side.FRONT)
        if self._answer is None:
            self._go_on()

    def _unanswered(self, why: Failure) -> None:
        """There is no answer, or what followed from it went wrong."""
        self._answer = None
        if self._closed:
            return
        if isinstance(why.value, ConnectError):
            self._lose(why.value)
        elif isinstance(why.value, ProtocolViolation):
            self.failed(why.value)
        else:
            _log.failure("service {service}: a session failed", why, service=self.service)
            self._close(INTERNAL_ERROR, "the service failed")

    def _wait(self, call: Callable[..., None], *more: Any) -> None:
        if self._waiting is not None:  # as it is while a question is open
            self._waiting.append((call, more))

    def _go_on(self) -> None:
        """Hear what came while a question was open, up to the next question."""
        self.deaf = self._closed
        while self._waiting and not self.deaf:
            call, more = self._waiting.popleft()
            call(*more)
        if not self.deaf:
            self._waiting = None
            for side in Side:
                self._hold(side, self._held[side] & ~_ASKED)

    # Ends

    def ended(self, side: Side) -> None:
        """An end sends no more."""
        if self.deaf:
            self._wait(self.ended, side)
            return
        if side in self._over:
            return
        self._over.add(side)
        now = self.wheel.now()
        if side is Side.FRONT:
            self.run(self.session.front_ended(now), side)
            self._last(self.sink.finish)
        else:
            self.run(self.session.back_ended(now), side)
            self._last(self.front.finish)

    def _last(self, call: Callable[[], None]) -> None:
        """Do what follows the orders; they are done when their question is answered."""
        if self.deaf:
            self._wait(call)
        else:
            call()

    def leave(self) -> None:
        """See L{Session.leave}."""
        self._close(GOING_AWAY, "the gateway goes away")

    def failed(self, why: Exception) -> None:
        """An end broke a rule, of its protocol or of its carrier; both are closed."""
        if not self._closed:
            self._complain(why)
            self._close(code_for(why), what(why))

    def lost(self, side: Side, why: Exception | None) -> None:
        """An end is gone."""
        self._up -= 1
        if side is Side.FRONT:
            self._over_with()
            self.sink.drop()
        elif why is None:  # over TLS, FIN and loss are one
            self._gone_in_order()
        elif not self._closed:
            if not self.deaf and Side.BACK not in self._over:  # what may be told of its end still can
                self._over.add(Side.BACK)
                self.run(self.session.back_ended(self.wheel.now()), Side.BACK)
            self._lose(why)
        if not self._up:
            self._sessions.gone(self)
            if self._terms.tally is not None:
                self._terms.tally.gone(self.session)

    def _gone_in_order(self) -> None:
        if self.deaf:
            self._wait(self._gone_in_order)
            return
        self.ended(Side.BACK)
        self._last(self.front.drop)

    def _lose(self, why: Exception) -> None:
        if not self._closed:
            self._complain(why)
            self._close(INTERNAL_ERROR, "backend lost")

    def _complain(self, why: Exception) -> None:
        peer, user = self.front.peer, self._link.user
        self._sessions.complain(self.service, f"{peer} {shown(user)}" if user else peer, why)

    def due(self, now: float) -> float | None:
        """The session's deadline has passed; called by the wheel."""
        if self._closed:
            return None
        deadline: float | None = self.session.deadline
        if deadline is not None and deadline <= now:
            self.run(self.session.expired(now), Side.FRONT)
            deadline = self.session.deadline
        return None if self._closed else deadline

    def _close(self, code: int, reason: str) -> None:
        if not self._closed:
            self._over_with()
            self.front.finish(code, reason)
            self.front.drop()
            self.sink.drop()

    def _over_with(self) -> None:
        self._closed = self.deaf = True
        self._waiting = None
        self.wheel.take(self)
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.cancel()
