# -*- test-case-name: tests.brokers.stomp.test_connection -*-
"""One STOMP connection to a broker: requests and what is answered, heart-beats, the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred, FirstError
from zope.interface import implementer

from kaazing.brokers.stomp.forbidden import Forbidden
from kaazing.brokers.stomp.session import Connected, Delivered, Done, Fact, Refused, Session
from kaazing.errors import BrokerLost, BrokerRefused, ProtocolViolation
from kaazing.interfaces.adapters import Kind
from kaazing.interfaces.channels import IReceiver
from kaazing.wire.stomp import Frame

Headers = Sequence[tuple[str, str]]

MOST_ASKED = 5_000
"""Requests that may wait for their answer before L{Connection.room} is false."""

_GRACE = 2.5
"""Heart-beats of the broker's that may be late before it is lost: clocks and networks are not exact."""
_GOODBYE = 5.0
"""Seconds that the broker has for the last RECEIPT."""
_SOON = 2.0
"""Seconds within which a connection that ends has ended for the last ERROR; not all do."""
_TRANSIENT = ("already connected", "limit reached")
"""Of an ERROR in the place of CONNECTED: it may be better later."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request whose RECEIPT is awaited.

    Attributes:
        what: what it is about, for people.
        about: texts that an ERROR without receipt-id quotes.
    """

    answer: Deferred[None]
    command: str
    what: str
    about: tuple[str, ...]


@implementer(IReceiver)
class Connection:
    """A connection that is being made, is there, or was lost.

    Attributes:
        server, session: what the broker calls itself, and the connection; empty before it has.
        open: whether it is made, and neither lost nor closed.
    """

    def __init__(
        self,
        session: Session,
        clock: Any,
        *,
        lost: Callable[[Connection, Exception], None],
        drained: Callable[[], None],
        complain: Callable[[str], None],
        forbidden: Forbidden | None = None,
    ) -> None:
        """
        Args:
            lost: called once when a connection that was made is gone, unless it was closed.
            drained: called when L{room} is true again.
            forbidden: what the broker was asked for in vain lately.
        """
        self._forbidden = forbidden or Forbidden()
        self.server = self.session = ""
        self.open = False
        self._session, self._clock = session, clock
        self._lost, self._drained, self._complain = lost, drained, complain
        self._channel: Any = None
        self._made: Deferred[Connection] | None = None
        self._asked: dict[str, _Asked] = {}
        self._count = 0
        self._listening: dict[str, Callable[[Frame], None]] = {}
        self._congested = self._full = False
        self._beats: list[Any] = []
        self._wrote = self._heard = 0.0
        self._why: Exception | None = None  # for which the channel was aborted
        self._erred = -_SOON  # when the last ERROR came
        self._over: Deferred[None] | None = None

    def begin(self, channel: Any) -> Deferred[Connection]:
        """Log in over a channel that is held; return a Deferred of this connection.

        It fails with BrokerLost, or BrokerRefused where the login is; cancelled, it lets go.
        """
        made = self._made = Deferred(lambda _: self._let_go())
        self._channel = channel
        channel.receiver = self
        try:
            opening = self._session.opening()
        except BrokerRefused as why:
            self._give_up(why)
            return made
        channel.resume()
        self._write([opening])
        return made

    def listen(self, subscription: str, delivered: Callable[[Frame], None]) -> None:
        """Have C{delivered(frame)} called with each MESSAGE of a subscription, until L{leave}."""
        self._listening[subscription] = delivered

    def leave(self, subscription: str) -> None:
        """Pass over what comes for a subscription from now on."""
        self._listening.pop(subscription, None)

    def name(self) -> str:
        """Return a name for a subscription or a transaction that no other of this connection has."""
        self._count += 1
        return str(self._count)

    def ask(
        self,
        command: str,
        headers: Headers,
        body: bytes = b"",
        *,
        what: str = "it",
        about: Sequence[str] = (),
    ) -> Any:
        """Send a request with a receipt; return a Deferred that fires when it is done.

        It fails with BrokerRefused where the broker, or STOMP, does not allow it, and with BrokerLost. The
        broker's own words go to the log: they may name users and hosts.

        Args:
            what: what it is about, for the message of BrokerRefused, "/queue/orders".
            about: texts by which an ERROR that names no receipt may be known to be about this request.
        """
        receipt = self.name()
        answer: Deferred[None] = Deferred()
        if not self.open:
            answer.errback(self._gone())
            return answer
        if self._forbidden.forbids(command, what, self._clock.seconds()):
            answer.errback(_refusal(what))
            return answer
        try:
            wire = self._session.request(command, [*headers, ("receipt", receipt)], body)
        except BrokerRefused as why:
            answer.errback(why)
            return answer
        self._asked[receipt] = _Asked(answer, command, what, tuple(filter(None, about)))
        self._full = self._full or len(self._asked) >= MOST_ASKED
        self._write([wire])
        return answer

    def tell(self, *requests: tuple[str, Headers, bytes]) -> None:
        """Send requests, commands with their headers and bodies, in one write; nobody waits for an answer.

        Raises:
            BrokerRefused: one cannot be said; none is sent.
        """
        if self.open:
            self._write([self._session.request(*each) for each in requests])

    @property
    def nacks(self) -> bool:
        """Whether there is a NACK in the version that is spoken."""
        return self._session.version > 10

    def room(self) -> bool:
        """Return whether the broker keeps up."""
        return not (self._congested or self._full)

    def close(self) -> Deferred[None]:
        """Let the broker do what it was asked, for a bounded time, and end; return a Deferred."""
        if self._over is None:
            self._over = Deferred()
            if self.open:
                said = self.ask("DISCONNECT", [])
                self.open = False  # nothing may follow
                said.addTimeout(_GOODBYE, self._clock).addBoth(lambda _: self._channel.drop())
            elif self._channel is None or not self._channel.open:
                self._over.callback(None)
            else:
                self._channel.abort()
        waiting: Deferred[None] = Deferred()
        self._over.addCallback(lambda _: waiting.callback(None))
        return waiting

    def abort(self, why: Exception) -> None:
        """End at once, for a reason that everybody who waits is told."""
        self._why = self._why or why
        if self._channel is not None:
            self._channel.abort()

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}."""
        self._heard = self._clock.seconds()
        facts = self._session.feed(data)
        try:
            for fact in facts:
                self._told(fact)
        except ProtocolViolation as why:
            self._complain(f"the broker broke the protocol: {why}")
            self.abort(BrokerLost("the broker broke the protocol"))

    def ended(self) -> None:
        """See L{IReceiver}."""
        self._channel.drop()

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}."""
        self._channel.drop()

    def congested(self) -> None:
        """See L{IReceiver}."""
        self._congested = True

    def drained(self) -> None:
        """See L{IReceiver}."""
        self._congested = False
        if not self._full:
            self._drained()

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""
        if self._why is None and self._clock.seconds() - self._erred < _SOON:
            self._why = BrokerLost("the broker ended the connection")
        self._why = self._why or BrokerLost("the connection to the broker was lost")
        was, self.open = self.open, False
        for beat in self._beats:
            beat.cancel()
        self._beats.clear()
        self._listening.clear()
        asked, self._asked = self._asked, {}
        for each in asked.values():
            each.answer.errback(self._gone())
        if self._made is not None:
            self._give_up(self._why)
        if self._over is not None:
            if not self._over.called:
                self._over.callback(None)
        elif was:
            self._lost(self, self._why)

    def _gone(self) -> Exception:
        return self._why or BrokerLost("the connection to the broker is closed")

    def _let_go(self) -> None:
        self._made = None  # which nobody waits for when the channel says later that it is gone
        self._channel.abort()

    def _give_up(self, why: Exception) -> None:
        made, self._made = self._made, None
        self._channel.abort()
        if made is not None:
            made.errback(why)

    def _told(self, fact: Fact) -> None:
        match fact:
            case Delivered(subscription, frame):
                if (listener := self._listening.get(subscription)) is not None:
                    listener(frame)
            case Done(receipt):
                if (asked := self._answered(receipt)) is not None:
                    asked.answer.callback(None)
            case Refused():
                self._refused(fact)
            case Connected():
                self._connected(fact)

    def _connected(self, fact: Connected) -> None:
        self.server, self.session, self.open = fact.server, fact.session, True
        self._wrote = self._heard = self._clock.seconds()
        if fact.sends:
            self._beat(fact.sends / 2, self._say)
        if fact.beats:
            self._beat(fact.beats, self._listen)
        made, self._made = self._made, None
        if made is not None:
            made.callback(self)

    def _refused(self, fact: Refused) -> None:
        if self._made is not None:
            self._complain(f"the broker does not let the gateway in: {fact.why}")
            if any(each in fact.text for each in _TRANSIENT):
                self._give_up(BrokerLost("the broker does not let the gateway in for now"))
            else:
                self._give_up(BrokerRefused("the broker refuses the login"))
            return
        receipt = fact.receipt if fact.receipt is not None else self._meant(fact.text)
        asked = self._answered(receipt or "")
        self._erred = self._clock.seconds()
        self._complain(f"the broker refuses {asked.what if asked else 'something'}: {fact.why}")
        if asked is not None:
            self._forbidden.refused(asked.command, asked.what, fact.text, self._erred)
            asked.answer.errback(_refusal(asked.what))

    def _meant(self, text: str) -> str | None:
        """Return the receipt of the oldest request that an ERROR names by what it is about."""
        for receipt, asked in self._asked.items():
            if any(f"'{each}'" in text or f'"{each}"' in text for each in asked.about):
                return receipt
        return None

    def _beat(self, period: float, what: Callable[[float], None]) -> None:
        at = len(self._beats)

        def again() -> None:
            self._beats[at] = self._clock.callLater(period, again)
            what(period)

        self._beats.append(self._clock.callLater(period, again))

    def _say(self, period: float) -> None:
        if self._clock.seconds() - self._wrote >= period:
            self._write([b"\n"])

    def _listen(self, period: float) -> None:
        silent = self._clock.seconds() - self._heard
        if silent > period * _GRACE:
            self.abort(BrokerLost(f"the broker has said nothing for {silent:.0f} seconds"))

    def _write(self, wires: list[bytes]) -> None:
        self._wrote = self._clock.seconds()
        self._channel.send_all(wires, Kind.BINARY)

    def _answered(self, receipt: str) -> _Asked | None:
        asked = self._asked.pop(receipt, None)
        if self._full and len(self._asked) <= MOST_ASKED // 2:
            self._full = False
            if not self._congested:
                self._drained()
        return asked


def _refusal(what: str) -> BrokerRefused:
    return BrokerRefused(f"the broker refuses {what}")


def first(failure: Any) -> Any:
    """Return, of a failure of several requests, that of the one which failed first."""
    return failure.value.subFailure if failure.check(FirstError) else failure
