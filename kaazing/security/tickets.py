# -*- test-case-name: tests.security.test_tickets -*-
"""One-shot tickets: who has logged in by HTTP gets one, and opens one connection with it.

Nobody who reads a ticket afterwards, in a log or in a history, can do anything with it.
docs/decisions/0143-what-a-ticket-is-bound-to.md.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256

from twisted.logger import Logger

from kaazing import metrics
from kaazing.errors import BadRequest
from kaazing.interfaces.security import Subject
from kaazing.literals import shown
from kaazing.wire.addresses import place

LIFE = 30.0  # seconds from the issue of a ticket to its end
MOST = 100_000  # tickets that wait to be redeemed
MOST_OF_USER = 32  # of them, of one user at one service

_log = Logger(namespace="kaazing.security")


@dataclass(frozen=True, slots=True)
class _Ticket:
    """One that waits.

    Attributes:
        used: whether it has been redeemed; it stays until its end so that a second use is seen.
    """

    service: str
    place: str | bytes
    subject: Subject = field(repr=False)
    ends: float
    used: bool = False


class Tickets:
    """The tickets of all services; kept are only their SHA-256 sums."""

    def __init__(self, time: Callable[[], float], life: float = LIFE) -> None:
        """C{time} says the seconds since the epoch; a ticket lives C{life} seconds."""
        self._time, self.life = time, life
        self._tickets: OrderedDict[str, _Ticket] = OrderedDict()  # by sum, the oldest first
        self._of: dict[tuple[str, str | bytes], OrderedDict[str, None]] = {}  # by service and user

    def __len__(self) -> int:
        return len(self._tickets)

    def issue(self, subject: Subject, service: str, address: str) -> str:
        """Return a ticket for one connection of C{subject} to C{service} from C{address}.

        The oldest of a user who has many that are not used ends with it.

        Raises:
            BadRequest: 503: too many tickets wait.
        """
        now = self._time()
        self._forget(now)
        if len(self._tickets) >= MOST:
            metrics.LIMITED.labels("tickets").inc()
            raise BadRequest(503, f"more than {MOST} tickets", rule="docs/security.md")
        where = place(address)
        whose = service, subject.user or where
        if len(self._of.get(whose, ())) >= MOST_OF_USER:
            self._drop(next(iter(self._of[whose])))
        ticket = secrets.token_urlsafe(32)
        name = sum_of(ticket)
        ends = now + self.life
        if subject.expires is not None:
            ends = min(ends, subject.expires)
        self._tickets[name] = _Ticket(service, where, subject, ends)
        self._of.setdefault(whose, OrderedDict())[name] = None
        return ticket

    def redeem(self, ticket: str, service: str, address: str) -> Subject | None:
        """Return whom a ticket was issued to, tied to the ticket; None where it is not good here, or not
        any more. A ticket ends with this, whatever comes of it."""
        now = self._time()
        self._forget(now)
        name = sum_of(ticket)
        found = self._tickets.get(name)
        if found is None or found.ends <= now:
            return None
        fault = "ticket-reused" if found.used else ""
        if not fault and (found.service != service or found.place != place(address)):
            fault = "ticket-misplaced"
        self._tickets[name] = replace(found, used=True)
        if fault:
            metrics.SECURITY_EVENTS.labels(fault).inc()
            _log.warn(
                "service {service}: client {address}: {what} of user {user}, issued for service {issued}",
                service=service,
                address=address,
                what="a used ticket" if found.used else "a ticket for another service or address",
                user=shown(found.subject.user),
                issued=found.service,
            )
            return None
        return replace(found.subject, ties=(*found.subject.ties, name))

    def _forget(self, now: float) -> None:
        """Forget the tickets that have ended; all live equally long, but for those whose login ends first."""
        while self._tickets:
            name, oldest = next(iter(self._tickets.items()))
            if oldest.ends > now:
                return
            self._drop(name)

    def _drop(self, name: str) -> None:
        dropped = self._tickets.pop(name)
        whose = dropped.service, dropped.subject.user or dropped.place
        theirs = self._of[whose]
        del theirs[name]
        if not theirs:
            del self._of[whose]


def sum_of(ticket: str) -> str:
    """Return what a ticket is known by once it has been issued: nobody can redeem that."""
    return sha256(ticket.encode()).hexdigest()
