# -*- test-case-name: tests.security.test_lifetime -*-
"""How long who was let in may stay: session-timeout, the end of what proved the login, logout, renewal.

docs/decisions/0145-a-login-runs-out.md; docs/protocols/login.md, "When a login runs out".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Protocol

from twisted.internet.defer import maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from kaazing import metrics, tenure
from kaazing.closecodes import NORMAL, UNAUTHENTICATED
from kaazing.errors import BadRequest, StayOver
from kaazing.interfaces.security import IGuard, Subject
from kaazing.interfaces.services import Visit
from kaazing.literals import shown
from kaazing.security.carriers import PARAMETER
from kaazing.wire.renewal import Credential, Word

WARNED = 60.0  # seconds before a login runs out at which the client is warned
SHORTLY = 5.0  # the same of a shorter life: a tenth of it, but no less than this or its half
MOST_REFUSED = 5  # credentials that a connection may show in vain

_GRAIN = 60.0  # seconds; far deadlines share the wheel's slots
_AGAIN = 1.0  # seconds until the next look at a connection that nobody hears yet

_log = Logger(namespace="kaazing.security")


class Wheel(Protocol):
    """What is asked of L{kaazing.transports.wheel.Wheel}."""

    def now(self) -> float:
        """Say the time that deadlines are measured in, seconds."""

    def put(self, what: Any, deadline: float) -> None:
        """Call C{what.due(now)} when a deadline has passed."""

    def take(self, what: Any) -> None:
        """Forget C{what}."""


class Lifetimes:
    """Who has been let in somewhere and cannot stay for ever, or may be asked to leave.

    Connections that nothing limits, and that nothing refers to, are not known here.
    """

    def __init__(
        self,
        wheel: Wheel,
        time: Callable[[], float],
        renewing: Callable[[Any, Callable[[Credential], None]], Any],
        ended: Callable[[Subject], bool],
    ) -> None:
        """
        Args:
            time: says the seconds since the epoch.
            renewing: makes the channel of a client that renews its login in the connection.
            ended: says whether what a subject is tied to was ended before its connection began: while a
                backend was dialled, or a ticket waited.
        """
        self.wheel, self.time, self._renewing, self._ended = wheel, time, renewing, ended
        self._tied: dict[str, set[Stay]] = {}

    def begin(
        self,
        channel: Any,
        visit: Visit,
        *,
        service: str,
        guard: IGuard | None = None,
        timeout: float = 0.0,
        renews: bool = False,
    ) -> Any:
        """Begin the stay of who was let in; return the channel that the service is to have.

        Args:
            channel: an L{IChannel}, held, without a receiver.
            visit: as admitted, with its subject.
            guard: asked about what the client shows anew.
            timeout: longest stay, seconds; 0 for any.
            renews: whether the client renews its login in the connection.
        """
        subject = visit.subject
        if subject is None or not (timeout or renews or subject.expires is not None or subject.ties):
            return channel
        if renews and guard is not None and channel.messages:
            stay: Stay = RenewedStay(self, channel, subject, service, timeout, guard, visit)
            given = stay.channel = self._renewing(channel, stay.asked)
        else:
            stay, given = Stay(self, channel, subject, service, timeout), channel
        for tie in subject.ties:
            self._tied.setdefault(tie, set()).add(stay)
        tenure.begin(channel, stay)
        stay.start()
        if subject.ties and self._ended(subject):
            stay.end(_logged_out())
        return given

    def renew(self, service: str, ties: Iterable[str], subject: Subject) -> int:
        """Let the connections to a service that came by one of C{ties} stay as long as a new login of
        the same user lasts; return how many there are."""
        found = {stay for tie in ties for stay in self._tied.get(tie, ()) if stay.service == service}
        return sum(stay.renew(subject) for stay in found)

    def end(self, tie: str) -> int:
        """Close the connections that came by something that was ended; return how many there were."""
        found = list(self._tied.get(tie, ()))
        for stay in found:
            stay.end(_logged_out())
        return len(found)

    def forget(self, stay: Stay) -> None:
        """The connection of a stay is gone."""
        for tie in stay.subject.ties:
            tied = self._tied.get(tie)
            if tied is not None:
                tied.discard(stay)
                if not tied:
                    del self._tied[tie]


class Stay:
    """One client that was let in, until its connection is gone.

    Attributes:
        channel: what the service has.
        subject: who the client is; its C{expires} is renewed, its user and roles never change.
        service: name.
    """

    __slots__ = ("_ending", "_lifetimes", "_over", "_until", "channel", "service", "subject")

    def __init__(
        self, lifetimes: Lifetimes, channel: Any, subject: Subject, service: str, timeout: float
    ) -> None:
        self._lifetimes, self.channel, self.subject, self.service = lifetimes, channel, subject, service
        self._until = lifetimes.wheel.now() + timeout if timeout else None
        self._over = False
        self._ending: StayOver | None = None  # why it ends, once the service is ready to hear it

    def start(self) -> None:
        """Wait for the end."""
        self._wait()

    def asked(self, credential: Credential) -> None:
        """The client shows something anew; only of those who renew in the connection."""

    def gone(self) -> None:
        """The connection is gone; called by the channel."""
        self._over = True
        self._lifetimes.wheel.take(self)
        self._lifetimes.forget(self)

    def renew(self, subject: Subject) -> bool:
        """Stay as long as a new login lasts; return whether it is one of the same user.

        One with other roles closes the connection: what it may do was decided by the old ones.
        """
        if self._over:
            return False
        if not subject.user or subject.user != self.subject.user:
            metrics.SECURITY_EVENTS.labels("renewal-by-another").inc()
            _log.warn(
                "service {service}: client {peer}: user {new} cannot renew the login of user {old}",
                service=self.service,
                peer=self.channel.peer,
                old=shown(self.subject.user),
                new=shown(subject.user),
            )
            return False
        if subject.roles != self.subject.roles:
            self.end(StayOver("the roles have changed", UNAUTHENTICATED))
            return True
        self.subject = replace(self.subject, expires=_later(self.subject.expires, subject.expires))
        self._wait()
        return True

    def end(self, why: StayOver) -> None:
        """Close the connection, and what the service has behind it; while that is still being dialled,
        shortly after."""
        if self._over:
            return
        wheel, channel = self._lifetimes.wheel, self.channel
        if channel.receiver is None:
            self._ending = why
            wheel.put(self, wheel.now() + _AGAIN)
            return
        self._over = True
        wheel.take(self)
        channel.receiver.failed(why)
        channel.finish(why.code, str(why))
        channel.drop()

    def due(self, now: float) -> float | None:
        """Look whether it is over; called by the wheel."""
        if self._over:
            return None
        why = self._ending or self._why(now)
        if why is None:
            return self._deadline(now)
        self.end(why)
        return None if self._over else now + _AGAIN

    def left(self) -> float | None:
        """Return the seconds until the login runs out; None for never."""
        expires = self.subject.expires
        return None if expires is None else expires - self._lifetimes.time()

    def _why(self, now: float) -> StayOver | None:
        if self._until is not None and self._until <= now:
            return StayOver("the session-timeout is over", NORMAL)
        left = self.left()
        return StayOver("the login has run out", UNAUTHENTICATED) if left is not None and left <= 0 else None

    def _wait(self) -> None:
        deadline = self._deadline(self._lifetimes.wheel.now())
        if deadline is None:
            self._lifetimes.wheel.take(self)
        else:
            self._lifetimes.wheel.put(self, deadline)

    def _deadline(self, now: float) -> float | None:
        found = [at for at in self._deadlines(now) if at is not None]
        if not found:
            return None
        deadline = max(min(found), now)
        return deadline if deadline < now + 2 * _GRAIN else deadline // _GRAIN * _GRAIN

    def _deadlines(self, now: float) -> list[float | None]:
        left = self.left()
        return [self._until, None if left is None else now + left]


class RenewedStay(Stay):
    """One whose client is told when its login runs out, and may show a new one in the connection."""

    __slots__ = ("_asking", "_guard", "_refused", "_visit", "_warn")

    def __init__(
        self,
        lifetimes: Lifetimes,
        channel: Any,
        subject: Subject,
        service: str,
        timeout: float,
        guard: IGuard,
        visit: Visit,
    ) -> None:
        super().__init__(lifetimes, channel, subject, service, timeout)
        self._guard: Any = guard
        self._visit = replace(
            visit, query="", headers={}, subprotocols=(), subject=None, fields=(), client=None
        )
        self._refused = 0
        self._asking = False
        self._warn: float | None = None  # seconds before the end; None once the client has been warned

    def start(self) -> None:
        """See L{Stay}; the client is told how long its login lasts."""
        left = self.left()
        self._warn = None if left is None else min(WARNED, max(left / 10, SHORTLY), left / 2)
        self.channel.say(Word.LASTS, None if left is None else max(int(left), 0))
        super().start()

    def asked(self, credential: Credential) -> None:
        """See L{Stay}."""
        if self._over:
            return
        if self._asking:
            self._refuse()
            return
        if credential.word is Word.TICKET:
            visit = replace(self._visit, query=PARAMETER + credential.value)
        else:
            visit = replace(self._visit, headers={"authorization": credential.value})
        self._asking = True
        asked = maybeDeferred(self._guard.admit, visit)
        asked.addCallbacks(self._admitted, self._turned_away)
        asked.addErrback(self._broken)

    def renew(self, subject: Subject) -> bool:
        """See L{Stay}."""
        renewed = super().renew(subject)
        if renewed and not self._over:
            self.start()
        return renewed

    def due(self, now: float) -> float | None:
        """See L{Stay}."""
        left = self.left()
        if not self._over and self._warn is not None and left is not None and 0 < left <= self._warn:
            self._warn = None
            self.channel.say(Word.SOON, int(left))
        return super().due(now)

    def _deadlines(self, now: float) -> list[float | None]:
        left = self.left()
        warned = None if left is None or self._warn is None else now + left - self._warn
        return [*super()._deadlines(now), warned]

    def _admitted(self, visit: Visit) -> None:
        self._asking = False
        if not self._over and (visit.subject is None or not self.renew(visit.subject)):
            self._refuse()

    def _turned_away(self, why: Failure) -> None:
        self._asking = False
        if not why.check(BadRequest):
            self._broken(why)
        self._refuse()

    def _broken(self, why: Failure) -> None:
        _log.failure("service {service}: a login could not be renewed", why, service=self.service)

    def _refuse(self) -> None:
        self._refused += 1
        if self._over:
            return
        if self._refused > MOST_REFUSED:
            self.end(StayOver("too many logins that are refused", UNAUTHENTICATED))
        else:
            self.channel.say(Word.REFUSED)


def _logged_out() -> StayOver:
    return StayOver("logged out", UNAUTHENTICATED)


def _later(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else max(one, other)
