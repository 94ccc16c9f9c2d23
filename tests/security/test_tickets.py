"""Tests for L{kaazing.security.tickets}: one connection for each ticket."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import BadRequest
from kaazing.interfaces.security import Subject
from kaazing.security import tickets
from kaazing.security.tickets import MOST_OF_USER, Tickets, sum_of

ANN = Subject(user="ann", roles=frozenset({"trader"}), claims={"sub": "1"}, ties=("session:1",))
HOME, ELSEWHERE = "192.0.2.1", "192.0.2.2"


class TicketTests(SynchronousTestCase):
    """A ticket, from its issue to its end."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000)
        self.tickets = Tickets(self.clock.seconds)

    def issue(self, subject: Subject = ANN) -> str:
        """Return a ticket for the service stock."""
        return self.tickets.issue(subject, "stock", HOME)

    def test_redeemed(self) -> None:
        """
        Who has a ticket is who it was issued to, and the connection is found again by the ticket.
        """
        ticket = self.issue()
        who = self.tickets.redeem(ticket, "stock", HOME)
        self.assertEqual(
            who, Subject(user="ann", roles=ANN.roles, claims=ANN.claims, ties=("session:1", sum_of(ticket)))
        )

    def test_random(self) -> None:
        """
        A ticket has 256 random bits, and nothing kept of it is the ticket.
        """
        issued = {self.issue() for _ in range(10)}
        self.assertEqual({len(ticket) for ticket in issued}, {43})
        self.assertEqual(len(issued), 10)
        kept = repr(vars(self.tickets))
        self.assertEqual([ticket for ticket in issued if ticket in kept], [])

    def test_once(self) -> None:
        """
        A ticket that is used twice lets nobody in the second time, and the log says so without it.
        """
        ticket = self.issue()
        self.tickets.redeem(ticket, "stock", HOME)
        with capturedLogs() as events:
            self.assertIsNone(self.tickets.redeem(ticket, "stock", HOME))
        lines = [formatEvent(event) for event in events]
        self.assertEqual(
            lines, ["service stock: client 192.0.2.1: a used ticket of user 'ann', issued for service stock"]
        )
        self.assertNotIn(ticket, lines[0])

    def test_elsewhere(self) -> None:
        """
        A ticket is no good for another service or from another address, and is then no good any more.
        """
        for service, address in (("other", HOME), ("stock", ELSEWHERE)):
            ticket = self.issue()
            with capturedLogs() as events:
                self.assertIsNone(self.tickets.redeem(ticket, service, address))
            self.assertEqual(len(events), 1)
            self.assertIsNone(self.tickets.redeem(ticket, "stock", HOME))

    def test_neighbour(self) -> None:
        """
        Of an IPv6 address the first 64 bits count: the host changes the rest.
        """
        for other, good in (("2001:db8::2", True), ("2001:db8:0:1::1", False)):
            ticket = self.tickets.issue(ANN, "stock", "2001:db8::1")
            self.assertEqual(self.tickets.redeem(ticket, "stock", other) is not None, good)

    def test_too_late(self) -> None:
        """
        A ticket is good for 30 seconds, and forgotten afterwards.
        """
        first = self.issue()
        self.clock.advance(29.9)
        self.assertIsNotNone(self.tickets.redeem(first, "stock", HOME))
        second = self.issue()
        self.clock.advance(30)
        self.assertIsNone(self.tickets.redeem(second, "stock", HOME))
        self.assertEqual(len(self.tickets), 0)

    def test_login_ends_first(self) -> None:
        """
        A ticket is good no longer than the login that it was issued for.
        """
        earlier = self.issue()
        ticket = self.issue(Subject(user="ann", expires=self.clock.seconds() + 5))
        self.clock.advance(5)
        self.assertIsNotNone(self.tickets.redeem(earlier, "stock", HOME))
        self.assertIsNone(self.tickets.redeem(ticket, "stock", HOME))

    def test_most_of_user(self) -> None:
        """
        The oldest ticket of a user who has many ends when one more is issued; those of others stay.
        """
        bobs = self.issue(Subject(user="bob"))
        issued = [self.issue() for _ in range(MOST_OF_USER + 1)]
        found = [self.tickets.redeem(ticket, "stock", HOME) is not None for ticket in [bobs, *issued]]
        self.assertEqual(found, [True, False, *[True] * MOST_OF_USER])

    def test_most(self) -> None:
        """
        Where too many tickets wait, none is issued: 503, until some have ended.
        """
        self.patch(tickets, "MOST", 2)
        first = self.issue()
        self.issue()
        self.assertEqual(self.assertRaises(BadRequest, self.issue).status, 503)
        self.assertIsNotNone(self.tickets.redeem(first, "stock", HOME))
        self.clock.advance(30)
        self.assertIsNotNone(self.tickets.redeem(self.issue(), "stock", HOME))

    def test_every_bit(self) -> None:
        """
        A ticket in which any one bit is another is none, and the right one is good all the same.
        """
        ticket = self.issue()
        found = []
        for bit in range(len(ticket) * 8):
            changed = bytearray(ticket.encode())
            changed[bit // 8] ^= 1 << bit % 8
            found.append(self.tickets.redeem(changed.decode("latin-1"), "stock", HOME))
        self.assertEqual(found, [None] * 344)
        self.assertIsNotNone(self.tickets.redeem(ticket, "stock", HOME))

    @given(st.integers(0, 42), st.sampled_from("ABCXYZabcxyz0189_-"))
    def test_tampered(self, at: int, letter: str) -> None:
        """
        A ticket with one other character is none.
        """
        ticket = self.issue()
        other = ticket[:at] + letter + ticket[at + 1 :]
        self.assertEqual(self.tickets.redeem(other, "stock", HOME) is None, other != ticket)
