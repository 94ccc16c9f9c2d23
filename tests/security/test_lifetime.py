"""Tests for L{kaazing.security.lifetime}: how long who was let in may stay."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from kaazing import tenure
from kaazing.errors import BadRequest
from kaazing.interfaces.security import IGuard, Subject
from kaazing.interfaces.services import Visit
from kaazing.literals import shown
from kaazing.security.lifetime import MOST_REFUSED, Lifetimes
from kaazing.transports.renewing import Renewing
from kaazing.transports.wheel import Wheel
from kaazing.wire.renewal import MARK
from tests.transports.doors import Ear

TEXT = 1
TRADER = frozenset({"trader"})


class Front:
    """A channel of a client; keeps what is done with it."""

    messages, open, peer, subprotocol, closed_with = True, True, "192.0.2.1:5000", None, (1000, "")
    latency, whole, bound = None, False, 64_000

    def __init__(self) -> None:
        self.receiver: Any = None
        self.tenure: Any = None
        self.said: list[Any] = []

    def send(self, data: bytes, kind: int) -> None:
        """See L{IChannel}."""
        self.said.append(data.removeprefix(MARK).decode())

    def finish(self, code: int = 1000, reason: str = "") -> None:
        """See L{IChannel}."""
        self.open = False
        self.said.append((code, reason))

    def drop(self) -> None:
        """See L{IChannel}."""
        self.open = False

    def say(self, text: bytes) -> None:
        """Let the client say something of ours."""
        self.receiver.received(MARK + text, TEXT)


class Tenant:
    """Is told when a channel is gone."""

    told = 0

    def gone(self) -> None:
        """See L{kaazing.tenure.Tenure}."""
        self.told += 1


@implementer(IGuard)
class Desk:
    """A guard that lets in as it is told."""

    inside = False

    def __init__(self) -> None:
        self.outer = self
        self.visits: list[Visit] = []
        self.answer: Any = None

    def admit(self, visit: Visit) -> Any:
        """See L{IGuard}."""
        self.visits.append(visit)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class LifetimeTestCase(SynchronousTestCase):
    """One service, and time."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.epoch = 1_000_000.0
        wheel: Any = Wheel(self.clock)
        self.lifetimes = Lifetimes(wheel, lambda: self.epoch + self.clock.seconds(), Renewing, self.ended)
        self.desk = Desk()

    def ended(self, subject: Subject) -> bool:
        """Return whether somebody has logged out already."""
        return "over" in subject.ties

    def subject(self, left: float | None = None, **more: Any) -> Subject:
        """Return Ann, whose login lasts so many seconds more."""
        now = self.epoch + self.clock.seconds()
        return Subject(
            **{"user": "ann", "roles": TRADER, "expires": left if left is None else now + left, **more}
        )

    def begin(self, subject: Subject | None, *, heard: bool = True, **more: Any) -> tuple[Front, Any]:
        """Let somebody in; return the client's end and the service's."""
        front = Front()
        visit = Visit(
            peer=front.peer, headers={"cookie": "a=1", "authorization": "x"}, query="a=1", subject=subject
        )
        given = self.lifetimes.begin(front, visit, service="stock", guard=self.desk, **more)
        if heard:
            given.receiver = Ear()
        return front, given

    def admitted(self, subject: Subject) -> Visit:
        """Return a visit of who has logged in anew."""
        return Visit(peer="192.0.2.1:5000", subject=subject)

    def wait(self, seconds: float) -> None:
        """Let time pass, every half second of it."""
        self.clock.pump([0.5] * int(seconds * 2))


class StayTests(LifetimeTestCase):
    """Connections whose clients renew nothing in them."""

    def test_for_ever(self) -> None:
        """
        What nothing limits costs nothing: the channel is as it was, and there is no timer.
        """
        for subject in (None, self.subject()):
            front, given = self.begin(subject)
            self.assertIs(given, front)
            self.assertIsNone(front.tenure)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_login_runs_out(self) -> None:
        """
        When what proved the login runs out the connection is closed with 4401, and the service is told why;
        the channel is the very one that carries the connection.
        """
        front, given = self.begin(self.subject(600))
        self.assertIs(given, front)
        self.wait(599.5)
        self.assertEqual(front.said, [])
        self.wait(1)
        self.assertEqual(front.said, [(4401, "the login has run out")])
        self.assertEqual(given.receiver.heard, ["the login has run out"])

    def test_session_timeout(self) -> None:
        """
        After the session-timeout the connection is closed in good order, however long the login lasts.
        """
        front, _ = self.begin(self.subject(600), timeout=60.0)
        self.wait(61)
        self.assertEqual(front.said, [(1000, "the session-timeout is over")])

    def test_clock_is_set(self) -> None:
        """
        Where the system's clock is set back, the login lasts as long as the clock says.
        """
        front, _ = self.begin(self.subject(60))
        self.epoch -= 30
        self.wait(61)
        self.assertEqual(front.said, [])
        self.wait(30)
        self.assertEqual(front.said, [(4401, "the login has run out")])

    def test_gone(self) -> None:
        """
        Of a connection that is gone nothing is left, and who was to be told before is told.
        """
        front = Front()
        before = front.tenure = Tenant()
        self.lifetimes.begin(front, self.admitted(self.subject(60, ties=("t",))), service="stock")
        tenure.end(front)
        self.assertEqual((before.told, self.lifetimes.end("t")), (1, 0))
        self.wait(61)
        self.assertEqual((front.said, self.clock.getDelayedCalls()), ([], []))

    def test_nobody_hears_yet(self) -> None:
        """
        While a backend is still being dialled the connection is not closed under the service's hands, but
        as soon as the service has it.
        """
        front, given = self.begin(self.subject(10), heard=False)
        self.wait(12)
        self.assertEqual(front.said, [])
        given.receiver = Ear()
        self.wait(2)
        self.assertEqual(front.said, [(4401, "the login has run out")])
        self.assertEqual(self.clock.getDelayedCalls(), [])


class TieTests(LifetimeTestCase):
    """Connections that are found again by their ticket or session."""

    def test_renewed(self) -> None:
        """
        With a new login of the same user the connections of a ticket at that service last longer, and no
        others.
        """
        front, _ = self.begin(self.subject(10, ties=("t",)))
        other, _ = self.begin(self.subject(10, ties=("u",)))
        self.assertEqual(self.lifetimes.renew("another", ("t",), self.subject(60)), 0)
        self.assertEqual(self.lifetimes.renew("stock", ("t", "v"), self.subject(60)), 1)
        self.wait(30)
        self.assertEqual((front.said, other.said), ([], [(4401, "the login has run out")]))
        self.wait(31)
        self.assertEqual(front.said, [(4401, "the login has run out")])

    def test_never_shorter(self) -> None:
        """
        A login that runs out before the last one changes nothing, one without an end takes the end away.
        """
        front, _ = self.begin(self.subject(60, ties=("t",)))
        self.lifetimes.renew("stock", ("t",), self.subject(10))
        self.wait(30)
        self.assertEqual(self.lifetimes.renew("stock", ("t",), self.subject()), 1)
        self.wait(60)
        self.assertEqual((front.said, self.clock.getDelayedCalls()), ([], []))

    def test_another_user(self) -> None:
        """
        Nobody renews the login of another, and nobody without a name renews any; the log says so.
        """
        front, _ = self.begin(self.subject(10, ties=("t",)))
        for user in ("bob", ""):
            with capturedLogs() as events:
                self.assertEqual(self.lifetimes.renew("stock", ("t",), self.subject(60, user=user)), 0)
            who = f"service stock: client 192.0.2.1:5000: user {shown(user)}"
            said = [formatEvent(event) for event in events]
            self.assertEqual(said, [f"{who} cannot renew the login of user 'ann'"])
        self.wait(11)
        self.assertEqual(front.said, [(4401, "the login has run out")])

    def test_nobody(self) -> None:
        """
        Who has no name is not known to be the same: such a login is never renewed.
        """
        self.begin(self.subject(10, user="", ties=("t",)))
        self.assertEqual(self.lifetimes.renew("stock", ("t",), self.subject(60, user="")), 0)

    def test_other_roles(self) -> None:
        """
        A login with other roles closes the connection, whose rights are those of the old ones.
        """
        for roles in (frozenset[str](), TRADER | {"admin"}):
            front, _ = self.begin(self.subject(10, ties=("t",)))
            self.assertEqual(self.lifetimes.renew("stock", ("t",), self.subject(60, roles=roles)), 1)
            self.assertEqual(front.said, [(4401, "the roles have changed")])
            tenure.end(front)

    def test_ended(self) -> None:
        """
        Who logs out is out: all connections of the session are closed, once.
        """
        first, _ = self.begin(self.subject(ties=("s", "t")))
        second, _ = self.begin(self.subject(ties=("s",)), heard=False)
        self.assertEqual(self.lifetimes.end("s"), 2)
        self.assertEqual((first.said, second.said), ([(4401, "logged out")], []))
        second.receiver = Ear()
        self.wait(2)
        self.assertEqual(second.said, [(4401, "logged out")])
        self.assertEqual(self.lifetimes.renew("stock", ("t",), self.subject(60)), 0)
        self.assertEqual(first.said, [(4401, "logged out")])

    def test_ended_before(self) -> None:
        """
        Who logs out while the backend is still being dialled, or with a ticket in hand, is out too, shortly
        after.
        """
        for renews in (False, True):
            front, given = self.begin(self.subject(ties=("s", "over")), heard=False, renews=renews)
            given.receiver = Ear()
            self.wait(2)
            self.assertEqual(front.said[-1], (4401, "logged out"))
            self.assertFalse(front.open)


class RenewalTests(LifetimeTestCase):
    """Connections whose clients renew their login in them."""

    def test_told(self) -> None:
        """
        The client is told at first how long its login lasts, then when a tenth of that is left, at last that
        it is over.
        """
        front, given = self.begin(self.subject(100), renews=True)
        self.assertIsInstance(given, Renewing)
        self.assertEqual(front.said, ["L100"])
        self.wait(89)
        self.assertEqual(front.said, ["L100"])
        self.wait(2)
        self.assertEqual(front.said[1:], ["W9"])
        self.wait(10)
        self.assertEqual(front.said[2:], [(4401, "the login has run out")])

    def test_long(self) -> None:
        """
        Of a long life the last minute is told.
        """
        front, _ = self.begin(self.subject(36_000), renews=True)
        self.clock.pump([1.0] * 35_942)
        self.assertEqual(front.said, ["L36000", "W59"])

    def test_no_end(self) -> None:
        """
        A client whose login has no end is told that.
        """
        front, _ = self.begin(self.subject(), renews=True)
        self.assertEqual((front.said, self.clock.getDelayedCalls()), (["L"], []))

    def test_streams(self) -> None:
        """
        Where nothing has messages, nothing is renewed inside.
        """
        front = Front()
        front.messages = False
        visit = self.admitted(self.subject(10))
        given = self.lifetimes.begin(front, visit, service="s", guard=self.desk, renews=True)
        self.assertEqual((given, front.said), (front, []))

    def test_renewed(self) -> None:
        """
        A new credential is judged like that of a new client, without what that one had brought, and the
        client is told the new life.
        """
        front, _ = self.begin(self.subject(10), renews=True)
        self.desk.answer = self.admitted(self.subject(100))
        front.say(b"ABearer t")
        front.say(b"Tticket")
        asked = [
            Visit(peer=front.peer, headers={"authorization": "Bearer t"}),
            Visit(peer=front.peer, query=".kat=ticket"),
        ]
        self.assertEqual(self.desk.visits, asked)
        self.assertEqual(front.said, ["L10", "L100", "L100"])
        self.wait(91)
        self.assertEqual(front.said[3:], ["W9"])

    def test_refused(self) -> None:
        """
        A credential that is no good changes nothing; who shows too many is closed out.
        """
        front, _ = self.begin(self.subject(100), renews=True)
        self.desk.answer = BadRequest(401, "who are you?", rule="r")
        for _ in range(MOST_REFUSED):
            front.say(b"ABearer t")
        self.assertEqual(front.said, ["L100", *["X"] * MOST_REFUSED])
        front.say(b"ABearer t")
        front.say(b"ABearer t")
        self.assertEqual(front.said[-1], (4401, "too many logins that are refused"))
        self.assertEqual(len(self.desk.visits), MOST_REFUSED + 1)

    def test_another(self) -> None:
        """
        A login of another user is refused like one that is no good, one with other roles ends it all.
        """
        front, _ = self.begin(self.subject(100), renews=True)
        self.desk.answer = self.admitted(self.subject(100, user="bob"))
        front.say(b"ABearer t")
        self.assertEqual(front.said, ["L100", "X"])
        self.desk.answer = self.admitted(self.subject(100, roles=frozenset[str]()))
        front.say(b"ABearer t")
        self.assertEqual(front.said[2:], [(4401, "the roles have changed")])

    def test_one_at_a_time(self) -> None:
        """
        While a login is being decided no other is; the end comes all the same, and nothing is said after it.
        """
        front, _ = self.begin(self.subject(10), renews=True)
        self.desk.answer = later = Deferred[Visit]()
        front.say(b"ABearer t")
        front.say(b"ABearer t")
        self.assertEqual((front.said, len(self.desk.visits)), (["L10", "X"], 1))
        self.wait(11)
        later.callback(self.admitted(self.subject(100)))
        self.assertEqual(front.said[2:], ["W4", (4401, "the login has run out")])

    def test_broken(self) -> None:
        """
        Where the guard fails the client is refused, and the log says why.
        """
        front, _ = self.begin(self.subject(100), renews=True)
        self.desk.answer = RuntimeError("no idea")
        front.say(b"ABearer t")
        self.assertEqual(front.said, ["L100", "X"])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_by_a_page(self) -> None:
        """
        What is renewed from outside is told inside too.
        """
        front, _ = self.begin(self.subject(10, ties=("t",)), renews=True)
        self.lifetimes.renew("stock", ("t",), self.subject(100))
        self.assertEqual(front.said, ["L10", "L100"])
