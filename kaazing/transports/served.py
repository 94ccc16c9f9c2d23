# -*- test-case-name: tests.transports.test_served -*-
"""One client of a protocol that the gateway is the server of: carries out what its session orders."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from twisted.logger import Logger
from zope.interface import implementer

from kaazing.closecodes import GOING_AWAY, INTERNAL_ERROR, NORMAL, code_for
from kaazing.errors import GatewayError, ProtocolViolation
from kaazing.interfaces.adapters import Close, Complain, Hold, Resume, ToFront
from kaazing.interfaces.brokers import Message
from kaazing.interfaces.channels import IChannel, IReceiver
from kaazing.interfaces.servers import Answer, IClient, IServerSession, IServing, Request
from kaazing.literals import shown
from kaazing.transports.bridge import what
from kaazing.transports.sessions import Sessions
from kaazing.transports.wheel import Wheel

_STARTING, _ORDERED, _CONGESTED, _OWNER = 1, 2, 4, 8  # why the client is not read
_NOT_ITS_SILENCE = _CONGESTED | _OWNER

_log = Logger(namespace="kaazing.sessions")

_Call = tuple[Callable[..., None], tuple[Any, ...]]


@implementer(IServing, IReceiver)
class Served:
    """See L{IServing}; it hears the channel, and is on the wheel where the session has a deadline.

    The session is never told anything while it speaks: that waits until it has finished.
    """

    __slots__ = (
        "_client", "_held", "_later", "_over", "_sessions", "_speaking", "_wheel",
        "channel", "service", "session", "user",
    )  # fmt: skip

    def __init__(
        self,
        service: str,
        channel: IChannel,
        session: IServerSession,
        client: IClient,
        sessions: Sessions,
        wheel: Wheel,
    ) -> None:
        """The channel is held until L{start}."""
        self.service, self.channel, self.session = service, channel, session
        self._client, self._sessions, self._wheel = client, sessions, wheel
        self.user = ""
        self._held = _STARTING
        self._over = self._speaking = False
        self._later: deque[_Call] | None = None  # what waits until it has spoken; most need it at no time

    @property
    def slow(self) -> bool:
        """See L{IServing}."""
        return bool(self._held & _CONGESTED)

    def start(self) -> None:
        """See L{IServing}; nothing is begun with a client that is gone already."""
        if not self.channel.open:
            self._end()
            return
        self._sessions.opened(self)
        self.channel.whole = False
        self.channel.receiver = self
        self._tell(self.session.opened)
        self._hold(_STARTING, False)

    # What the service says

    def welcome(self, **more: Any) -> None:
        """See L{IServing}."""
        self._tell(lambda now: self.session.welcome(now, **more))

    def done(self, request: Request) -> None:
        """See L{IServing}."""
        self._tell(self.session.done, request)

    def refused(self, request: Request, why: str) -> None:
        """See L{IServing}."""
        self._tell(self.session.refused, request, why)

    def fail(self, id: Hashable, why: str) -> None:
        """See L{IServing}."""
        self._tell(self.session.failed, id, why)

    def deliver(self, id: Hashable, message: Message, tag: Hashable) -> None:
        """See L{IServing}."""
        if not self._over:
            order = self.session.deliver(id, message, tag)
            self.channel.send(order.data, order.kind)

    def soon(self, call: Callable[..., None], *more: Any) -> None:
        """See L{IServing}."""
        if self._over:
            return
        if self._speaking:
            if self._later is None:
                self._later = deque()
            self._later.append((call, more))
            return
        self._speaking = True
        try:
            call(*more)
            while self._later and not self._over:
                call, more = self._later.popleft()
                call(*more)
        except Exception:
            _log.failure("service {service}: a session failed", service=self.service)
            self.close(INTERNAL_ERROR, "the service failed")
        finally:
            self._speaking, self._later = False, None

    def hold(self, yes: bool) -> None:
        """See L{IServing}."""
        self._hold(_OWNER, yes)

    def complain(self, why: Exception) -> None:
        """See L{IServing}."""
        peer = self.channel.peer
        who = f"{peer} {shown(self.user)}" if self.user else peer
        self._sessions.complain(self.service, who, why)

    def close(self, code: int, reason: str) -> None:
        """See L{IServing}."""
        if not self._over:
            self._end()
            self.channel.finish(code, reason)
            self.channel.drop()

    def leave(self) -> None:
        """See L{kaazing.transports.sessions.Session}."""
        self.close(GOING_AWAY, "the gateway goes away")

    # The session

    def _tell(self, call: Callable[..., Iterable[Answer]], *more: Any) -> None:
        """Tell the session something, now or when it has finished speaking."""
        self.soon(self._told, call, *more)

    def _told(self, call: Callable[..., Iterable[Answer]], *more: Any) -> None:
        self._run(call(*more, self._wheel.now()))
        deadline = self.session.deadline
        if deadline is not None and not self._over:
            self._wheel.put(self, deadline)

    def _run(self, answers: Iterable[Answer]) -> None:
        """Carry out what the session answers; messages in a row are one write."""
        sending: list[bytes] = []
        kind = 0
        try:
            for answer in answers:
                if self._over:
                    continue  # to the end, as promised, and to nobody
                if type(answer) is ToFront:
                    if sending and answer.kind != kind:
                        sending = self._send(sending, kind)
                    kind = answer.kind
                    sending.append(answer.data)
                    continue
                sending = self._send(sending, kind)
                self._obey(answer)
        except ProtocolViolation as why:
            self._send(sending, kind)
            self.failed(why)
            return
        self._send(sending, kind)

    def _send(self, sending: list[bytes], kind: int) -> list[bytes]:
        if sending and not self._over:
            self.channel.send_all(sending, kind)
        return []

    def _obey(self, answer: Answer) -> None:
        match answer:
            case Hold():
                self._hold(_ORDERED, True)
            case Resume():
                self._hold(_ORDERED, False)
            case Complain(words):
                self.complain(GatewayError(words))
            case Close(code, reason):
                if code not in (NORMAL, GOING_AWAY):
                    self.complain(GatewayError(f"{reason} (close {code})"))
                self.close(code, reason)
            case _:
                self._client.asked(answer)  # type: ignore[arg-type]  # it orders nothing else

    def _hold(self, reason: int, yes: bool) -> None:
        before = self._held
        held = self._held = before | reason if yes else before & ~reason
        if self._over or held == before:
            return
        if bool(before & _NOT_ITS_SILENCE) != bool(held & _NOT_ITS_SILENCE):
            self.session.held(bool(held & _NOT_ITS_SILENCE), self._wheel.now())
        if bool(before) != bool(held):
            if held:
                self.channel.hold()
            else:
                self.channel.resume()

    def due(self, now: float) -> float | None:
        """The session's deadline has passed; called by the wheel."""
        if self._over:
            return None
        deadline: float | None = self.session.deadline
        if deadline is not None and deadline <= now:
            self._tell(self.session.expired)
            deadline = self.session.deadline
        return None if self._over else deadline

    def _end(self) -> None:
        self._over = True
        self._wheel.take(self)
        self._client.gone()

    # The channel

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}."""
        self._tell(self.session.from_front, data, kind)

    def ended(self) -> None:
        """See L{IReceiver}."""
        self._tell(self.session.front_ended)
        self.close(NORMAL, "")

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}; of the rules of its protocol likewise."""
        if not self._over:
            self.complain(why)
            self.close(code_for(why), what(why))

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""
        if not self._over:
            self._end()
        self._sessions.gone(self)

    def congested(self) -> None:
        """See L{IReceiver}."""
        self._hold(_CONGESTED, True)
        if not self._over:
            self._client.congested()

    def drained(self) -> None:
        """See L{IReceiver}."""
        self._hold(_CONGESTED, False)
        if not self._over:
            self._client.drained()
