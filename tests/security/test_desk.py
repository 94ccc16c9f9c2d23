"""Tests for L{kaazing.security.desk}: tickets and sessions, as guards and guarded services use them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import RealmConfig, ServiceConfig
from kaazing.errors import BadRequest, LoginMissing, LoginRefused
from kaazing.interfaces.security import Attempt, Subject, Workplace
from kaazing.interfaces.services import Visit, Welcome
from kaazing.security.desk import Desk
from kaazing.security.guard import Guard
from kaazing.security.guarded import Guarded
from kaazing.security.keys import KeyRing
from kaazing.security.throttle import Throttle
from kaazing.transports.renewing import Renewing
from kaazing.transports.wheel import Wheel
from tests.security.test_lifetime import Front
from tests.transports.doors import Ear, Host

TRADER = frozenset({"trader"})


class Desked:
    """A realm that knows one token, and whatever services share."""

    def __init__(self, **realm: Any) -> None:
        self.config = RealmConfig(**{"name": "demo", "scheme": "Token", "mode": "recycle", **realm})
        self.clock = Clock()
        self.clock.advance(1_000_000)
        wheel: Any = Wheel(self.clock)
        self.desk = Desk(KeyRing.made(self.clock.seconds), wheel, self.clock.seconds, Renewing)
        self.throttle = Throttle(self.clock.seconds)
        self.asked: list[Attempt] = []
        self.later: Deferred[Subject] | None = None

    def login(self, attempt: Attempt) -> Any:
        """See L{kaazing.security.guard.Logins}."""
        self.asked.append(attempt)
        if not attempt.tokens:
            raise LoginMissing("nothing")
        if attempt.tokens[0] != "good":
            raise LoginRefused("wrong")
        return self.later or Subject(user="ann", roles=TRADER)

    def guard(self, name: str = "stock", **service: Any) -> Guard:
        """Return the guard of a service."""
        config = ServiceConfig(**{"name": name, "type": "echo", "realm": self.config, **service})
        seconds = self.clock.seconds
        workplace = Workplace(folder=Path(), reactor=self.clock, time=seconds, work=lambda call: call())
        return Guard(config, self, workplace, throttle=self.throttle, desk=self.desk)


def visit(*subprotocols: str, query: str = "", secure: bool = True, **headers: str) -> Visit:
    """Return a visit over TLS."""
    return Visit(
        peer="192.0.2.1:5000",
        secure=secure,
        query=query,
        headers={"host": "example.com", **headers},
        subprotocols=subprotocols,
    )


def cookie(let_in: Visit) -> str:
    """Return the cookie that a visit's answer sets."""
    ((name, value),) = let_in.fields
    assert name == b"Set-Cookie"
    return value.decode().partition(";")[0]


class GuardTests(SynchronousTestCase):
    """What a guard takes in place of a login, and gives after one."""

    def setUp(self) -> None:
        self.desked = Desked()
        self.guard = self.desked.guard()

    def status(self, visit: Visit, guard: Guard | None = None) -> int:
        """Return what a visit is refused with."""
        status: int = self.assertRaises(BadRequest, (guard or self.guard).admit, visit).status
        return status

    def test_bearer(self) -> None:
        """
        The token of a subprotocol is judged like that of Authorization, and the service never sees it.
        """
        let_in = self.guard.admit(visit("stomp", "kaazing.bearer.good"))
        self.assertEqual((let_in.subject.user, let_in.subprotocols), ("ann", ("stomp",)))
        self.assertEqual(self.status(visit("kaazing.bearer.bad")), 401)

    def test_ticket(self) -> None:
        """
        Who has a ticket is not asked anything else; a ticket that is no good is a wrong password.
        """
        who = Subject(user="bob", roles=TRADER)
        ticket = self.desked.desk.tickets.issue(who, "stock", "192.0.2.1")
        let_in = self.guard.admit(visit(query=f"a=1&.kat={ticket}"))
        self.assertEqual((let_in.subject.user, let_in.query, self.desked.asked), ("bob", "a=1", []))
        self.assertEqual(self.status(visit(query=f".kat={ticket}")), 401)

    def test_last_ticket(self) -> None:
        """
        A client that comes again and again with its last ticket keeps nobody at its address from logging in.
        """
        statuses = {self.status(visit(query=".kat=old")) for _ in range(100)}
        self.assertEqual(statuses, {401})
        self.assertEqual(self.guard.admit(visit(authorization="Token good")).subject.user, "ann")

    def test_ticket_and_roles(self) -> None:
        """
        A ticket lets nobody in who has not the roles.
        """
        ticket = self.desked.desk.tickets.issue(Subject(user="bob"), "stock", "192.0.2.1")
        self.assertEqual(self.status(visit(query=f".kat={ticket}"), self.desked.guard(roles=TRADER)), 403)

    def test_session(self) -> None:
        """
        A login gives a cookie; who has it need not log in at other services of the realm; no backend sees it.
        """
        given = cookie(self.guard.admit(visit(authorization="Token good")))
        let_in = self.desked.guard("bonds").admit(visit(cookie=f"a=1; {given}"))
        self.assertEqual((let_in.subject.user, let_in.subject.roles, let_in.fields), ("ann", TRADER, ()))
        self.assertEqual(dict(let_in.headers), {"host": "example.com", "cookie": "a=1"})
        self.assertEqual(self.status(visit(cookie=given), self.desked.guard(roles=frozenset({"admin"}))), 403)

    def test_session_renewed(self) -> None:
        """
        A session that is used gets a new cookie when half of its time is over.
        """
        given = cookie(self.guard.admit(visit(authorization="Token good")))
        self.desked.clock.advance(4 * 3600)
        self.assertNotEqual(cookie(self.guard.admit(visit(cookie=given))), given)

    def test_both(self) -> None:
        """
        A login counts more than a cookie: a wrong one is refused, a good one goes on with its user's session.
        """
        first = self.guard.admit(visit(authorization="Token good"))
        given = cookie(first)
        self.assertEqual(self.status(visit(cookie=given, authorization="Token bad")), 401)
        again = self.guard.admit(visit(cookie=given, authorization="Token good"))
        self.assertEqual((again.subject.ties, again.fields), (first.subject.ties, ()))

    def test_later(self) -> None:
        """
        It is the same where the login takes time.
        """
        self.desked.later = later = Deferred[Subject]()
        admitted = self.guard.admit(visit(authorization="Token good"))
        later.callback(Subject(user="ann"))
        let_in = self.successResultOf(admitted)
        self.assertEqual(self.guard.admit(visit(cookie=cookie(let_in))).subject, let_in.subject)

    def test_no_sessions(self) -> None:
        """
        There are no cookies where the realm has none, for who has no name, and without TLS.
        """
        guards = [Desked(mode="challenge").guard(), self.guard]
        visits = [visit(authorization="Token good"), visit(authorization="Token good", secure=False)]
        for guard, each in zip(guards, visits, strict=True):
            self.assertEqual(guard.admit(each).fields, ())
        self.desked.later = Deferred()
        admitted = self.guard.admit(visit(authorization="Token good"))
        self.desked.later.callback(Subject())
        self.assertEqual(self.successResultOf(admitted).fields, ())

    def test_proved_anew(self) -> None:
        """
        With an authorization-timeout every login runs out, the earlier of its ends counts.
        """
        desked = Desked(authorization_timeout=600.0)
        now = desked.clock.seconds()
        found = []
        for expires in (None, now + 60, now + 6000):
            desked.later = later = Deferred[Subject]()
            admitted = desked.guard().admit(visit(authorization="Token good"))
            later.callback(Subject(user="ann", expires=expires))
            found.append(self.successResultOf(admitted).subject.expires)
        self.assertEqual(found, [now + 600, now + 60, now + 600])


class GuardedTests(SynchronousTestCase):
    """What a service behind a guard is given."""

    def setUp(self) -> None:
        self.desked = Desked()

    def invite(self, welcome: Welcome, *subprotocols: str) -> Welcome:
        """Let a client in; return the welcome that the door sees."""
        self.host = Host(welcome)
        self.guarded = Guarded(self.host, self.desked.guard(), self.desked.desk.lifetimes, 60.0)
        let_in: Welcome = self.guarded.invite(visit(*subprotocols, authorization="Token good"))
        return let_in

    def test_echo(self) -> None:
        """
        The service's choice of a subprotocol is echoed; where it has none, one that is no secret.
        """
        token = "kaazing.bearer.good"
        found = [
            self.invite(Welcome("stomp"), "stomp", token, "kaazing.authenticated").subprotocol,
            self.invite(Welcome(), token, "kaazing.authenticated").subprotocol,
            self.invite(Welcome(), token).subprotocol,
        ]
        self.assertEqual(found, ["stomp", "kaazing.authenticated", None])

    def test_lifetime(self) -> None:
        """
        A client's time begins when it is let in; what carries it stays as it is but where the client renews.
        """
        channels: list[Any] = []
        for offered in ((), ("kaazing.renewal",)):
            welcome = self.invite(Welcome(), *offered)
            front: Any = Front()
            self.guarded.accepted(front, welcome)
            channels += [self.host.guests[0] is front, front.said]
            self.assertIsNotNone(front.tenure)
        self.assertEqual(channels, [True, [], False, ["L"]])

    def test_logged_out_meanwhile(self) -> None:
        """
        A ticket that a session has given opens nothing for long once its user has logged out.
        """
        self.invite(Welcome())
        let_in = self.desked.guard().admit(visit(authorization="Token good"))
        ticket = self.desked.desk.tickets.issue(let_in.subject, "stock", "192.0.2.1")
        cookies = self.desked.guard().cookies
        assert cookies is not None
        cookies.forget(visit(cookie=cookie(let_in)))
        front: Any = Front()
        self.guarded.accepted(front, self.guarded.invite(visit(query=f".kat={ticket}")))
        front.receiver = Ear()
        self.desked.clock.pump([1] * 3)
        self.assertEqual(front.said, [(4401, "logged out")])

    def test_admitted_at_the_door(self) -> None:
        """
        Of a client that has logged in before, carriers are taken off all the same.
        """
        self.invite(Welcome())
        inner = Visit(
            peer="192.0.2.1:5000", subject=Subject(user="ann"), subprotocols=("kaazing.bearer.x", "stomp")
        )
        self.guarded.invite(inner)
        self.assertEqual(self.host.visits[-1].subprotocols, ("stomp",))
