"""Tests for L{kaazing.security.guard}: each outcome of a login, and what is told to whom."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.config.model import ModuleConfig, RealmConfig, ServiceConfig
from kaazing.errors import BadRequest, Challenged, LoginStale, LoginUnavailable
from kaazing.interfaces.security import IGuard, Subject
from kaazing.interfaces.services import Visit
from kaazing.metrics import REGISTRY
from kaazing.security.guard import Guard
from kaazing.security.realms import Realm
from kaazing.security.throttle import PAIR, PENDING, Throttle
from tests.security.static import JOE, SECRETS, Static, declare, realm, workplace
from tests.security.test_attempts import basic

Told = tuple[int, str, dict[bytes, bytes]]

BASIC = {b"WWW-Authenticate": b'Basic realm="Demo", charset="UTF-8"'}
WHO: Told = (401, "who are you?", BASIC)
MAY_NOT: Told = (403, "you may not come in here", {})
OUTCOMES = ("accepted", "refused", "challenged", "limited", "unavailable")


class GuardTestCase(SynchronousTestCase):
    """A guard with a realm behind it.

    Attributes:
        clock: of everything.
    """

    def setUp(self) -> None:
        declare(self)
        self.clock = Clock()

    def guard(self, config: RealmConfig | None = None, *roles: str, throttled: bool = False) -> Guard:
        """Return the guard of a service that wants these roles."""
        place = workplace(self.clock)
        throttle = Throttle(self.clock.seconds) if throttled else None
        service = ServiceConfig(name="echo", type="echo", roles=frozenset(roles))
        return Guard(service, Realm(config or realm(), place), place, throttle=throttle)

    def visit(self, authorization: str = "", **more: Any) -> Visit:
        """Return a visit with such an Authorization field."""
        headers = {"host": "localhost", **({"authorization": authorization} if authorization else {})}
        return Visit(**{"peer": "192.0.2.1:5000", "headers": headers, **more})

    def refused(self, guard: Guard, authorization: str = "") -> Told:
        """Return what a visit that is not let in is told."""
        why = self.assertRaises(BadRequest, guard.admit, self.visit(authorization))
        return why.status, why.what, dict(why.headers)


class OutcomeTests(GuardTestCase):
    """Who comes in, and what others are told."""

    def test_promises(self) -> None:
        """
        A guard is what the doors want.
        """
        verifyObject(IGuard, self.guard())

    def test_let_in(self) -> None:
        """
        The service sees who the client is, and nothing of its credentials.
        """
        visit = self.guard().admit(self.visit(basic("joe:welcome"), query="room=1"))
        self.assertEqual(visit, self.visit(query="room=1", subject=JOE))
        self.assertNotIn("authorization", visit.headers)

    def test_missing(self) -> None:
        """
        Who gives nothing, or something else than the realm wants, is asked.
        """
        guard = self.guard()
        self.assertEqual(self.refused(guard), WHO)
        self.assertEqual(self.refused(guard, "Bearer welcome"), WHO)

    def test_wrong(self) -> None:
        """
        A wrong password, an unknown user and rubbish look alike.
        """
        guard = self.guard()
        for said in (basic("joe:wrong"), basic("nobody:wrong"), "Basic !!!", basic(":")):
            self.assertEqual(self.refused(guard, said), WHO, said)

    def test_unavailable(self) -> None:
        """
        Where nobody can be asked the client may come again.
        """
        told = (503, "nobody can be asked who you are", {b"Retry-After": b"5"})
        self.assertEqual(self.refused(self.guard(), basic("joe:down")), told)

    def test_challenged(self) -> None:
        """
        A login module may want to hear more, and says what.
        """
        guard = self.guard(realm("Application Token"))
        more = {b"WWW-Authenticate": b"Application Token more"}
        self.assertEqual(self.refused(guard, "Token half"), (401, "who are you?", more))
        plain = self.assertRaises(BadRequest, guard.outer.admit, self.visit("Token half"))
        self.assertEqual(plain.headers, [(b"WWW-Authenticate", b"Token more")])

    def test_roles(self) -> None:
        """
        All roles that the service wants must be there; nobody is told which is not.
        """
        said = basic("joe:welcome")
        for enough in ((), ("AUTHORIZED",)):
            self.assertEqual(self.guard(None, *enough).admit(self.visit(said)).subject, JOE)
        for roles in (("ADMIN",), ("AUTHORIZED", "ADMIN")):
            self.assertEqual(self.refused(self.guard(None, *roles), said), MAY_NOT)

    def test_users_are_no_roles(self) -> None:
        """
        A user called like a role does not have it.
        """
        admin = Static({"welcome": Subject(user="ADMIN")})
        self.assertEqual(
            self.refused(self.guard(realm("Basic", admin), "ADMIN"), basic("ADMIN:welcome")), MAY_NOT
        )

    def test_no_scheme(self) -> None:
        """
        A realm without a scheme challenges nobody; an Authorization field is somebody else's there.
        """
        guard = self.guard(realm("", headers=("X-Key",)))
        self.assertEqual(self.refused(guard), MAY_NOT)
        self.assertEqual(self.refused(guard, basic("joe:welcome")), MAY_NOT)
        headers = {"x-key": "welcome", "authorization": "Basic x"}
        visit = guard.admit(self.visit(headers=headers))
        self.assertEqual((visit.subject, visit.headers), (JOE, headers))

    def test_identity_only(self) -> None:
        """
        A realm without authentication lets everybody in, as nobody, and nobody has a role.
        """
        nobody = realm("", modules=())
        self.assertEqual(self.guard(nobody).admit(self.visit()).subject, Subject())
        self.assertEqual(self.refused(self.guard(nobody, "AUTHORIZED")), MAY_NOT)

    def test_later(self) -> None:
        """
        It is all the same where a login module takes its time.
        """
        later: list[Any] = []
        guard = self.guard(realm("Basic", Static(later=later)), "AUTHORIZED")
        passwords = ("welcome", "wrong", "guest", "down")
        admitted = [guard.admit(self.visit(basic(f"joe:{password}"))) for password in passwords]
        self.assertTrue(all(isinstance(each, Deferred) and not each.called for each in admitted))
        for answer in later:
            answer()
        self.assertEqual(self.successResultOf(admitted[0]).subject, JOE)
        statuses = [self.failureResultOf(each, BadRequest).value.status for each in admitted[1:]]
        self.assertEqual(statuses, [401, 403, 503])


class ChallengeTests(GuardTestCase):
    """The field WWW-Authenticate."""

    def test_schemes(self) -> None:
        """
        Each scheme has its own, for the original's clients and for browsers.
        """
        told = {}
        for scheme in ("Basic", "Application Basic", "Application Token", "Token", "Negotiate"):
            guard = self.guard(realm(scheme))
            outer = self.refused(guard.outer)[2][b"WWW-Authenticate"].decode()
            told[scheme] = guard.inside, self.refused(guard)[2][b"WWW-Authenticate"].decode(), outer
        basic_ = 'Basic realm="Demo", charset="UTF-8"'
        self.assertEqual(
            told,
            {
                "Basic": (False, basic_, basic_),
                "Application Basic": (True, 'Application Basic realm="Demo"', basic_),
                "Application Token": (True, "Application Token", "Token"),
                "Token": (False, "Token", "Token"),
                "Negotiate": (False, "Negotiate", "Negotiate"),
            },
        )

    def test_description(self) -> None:
        """
        A description cannot end the field, or the string it stands in; without one the name stands there.
        """
        for description, field in (
            ('a "b" \\', 'Basic realm="a \\"b\\" \\\\", charset="UTF-8"'),
            ("a\r\nX: y", 'Basic realm="a  X: y", charset="UTF-8"'),
            ("Büro", 'Basic realm="Büro", charset="UTF-8"'),
            ("", 'Basic realm="demo", charset="UTF-8"'),
        ):
            said = self.refused(self.guard(realm(description=description)))[2]
            self.assertEqual(said, {b"WWW-Authenticate": field.encode()})


class ThrottleTests(GuardTestCase):
    """Who guesses has to wait."""

    def test_side_by_side(self) -> None:
        """
        A burst of passwords is not looked at as a whole; what was answered makes room, whatever the answer.
        """
        later: list[Any] = []
        guard = self.guard(realm("Basic", Static(later=later)), throttled=True)
        admitted = [guard.admit(self.visit(basic("joe:wrong"))) for _ in range(PENDING)]
        self.assertEqual(self.refused(guard, basic("joe:wrong"))[0], 429)
        for answer in later:
            answer()
        self.assertEqual(
            [self.failureResultOf(each, BadRequest).value.status for each in admitted], [401] * PENDING
        )
        self.clock.advance(3600)
        guard.admit(self.visit(basic("joe:welcome")))
        later[-1]()

    def test_guessing(self) -> None:
        """
        After some wrong passwords the next is not looked at for a while, and the client is told how long.
        """
        guard, told = self.guard(throttled=True), list[Told]()
        while not told or told[-1][0] == 401:
            told.append(self.refused(guard, basic("joe:wrong")))
        status, what, headers = told[-1]
        self.assertEqual((status, what), (429, "too many wrong attempts"))
        self.assertEqual(self.refused(guard, basic("joe:welcome"))[0], 429)
        self.clock.advance(int(headers[b"Retry-After"]))
        self.assertEqual(guard.admit(self.visit(basic("joe:welcome"))).subject, JOE)

    def test_asking(self) -> None:
        """
        Who gives nothing guesses nothing: the challenge is there at any time.
        """
        guard = self.guard(throttled=True)
        self.assertEqual({self.refused(guard)[0] for _ in range(1000)}, {401})

    def test_both_guards(self) -> None:
        """
        Wrong attempts count for plain requests and WebSockets together.
        """
        guard = self.guard(realm("Application Basic"), throttled=True)
        while self.refused(guard, basic("joe:wrong"))[0] == 401:
            pass
        self.assertEqual(self.refused(guard.outer, basic("joe:welcome"))[0], 429)

    def sufficient(self, **secrets: Any) -> RealmConfig:
        """Return a realm of two modules, either of which is enough: joe's password, and some tokens."""
        checkers = Static({"welcome": JOE}), Static(secrets)
        modules = tuple(
            ModuleConfig(type="static", success="sufficient", options={"checker": each}) for each in checkers
        )
        return RealmConfig(name="demo", scheme="Basic", modules=modules, headers=("X-Token",))

    def test_guessing_while_nobody_can_say(self) -> None:
        """
        A password that one login module has found wrong is a guess, though the next is out of order, or wants
        to hear more.
        """
        for said in (LoginUnavailable("down"), Challenged("one more", "more")):
            guard = self.guard(self.sufficient(wrong=said), throttled=True)
            statuses = {self.refused(guard, basic("joe:wrong"))[0] for _ in range(20)}
            self.assertIn(429, statuses, said)

    def test_guessing_with_a_token(self) -> None:
        """
        A token of one's own, shown beside a guess, lets in, and does not pay for the guess; nor where one may
        not come in with it.
        """
        ann = Subject(user="ann")
        visit = self.visit(headers={"authorization": basic("joe:wrong"), "x-token": "hers"})
        for roles, first in ((), 200), (("AUTHORIZED",), 403):
            guard, statuses = self.guard(self.sufficient(hers=ann), *roles, throttled=True), []
            for _ in range(20):
                try:
                    self.assertEqual(guard.admit(visit).subject, ann)
                    statuses.append(200)
                except BadRequest as why:
                    statuses.append(why.status)
            self.assertEqual(statuses, [first] * PAIR.free + [429] * (20 - PAIR.free))

    def test_nothing_guessed(self) -> None:
        """
        A client that comes again and again with a token or a certificate that has run out keeps nobody at its
        address from logging in.
        """
        guard = self.guard(realm("Token", Static({**SECRETS, "old": LoginStale("run out")})), throttled=True)
        self.assertEqual({self.refused(guard, "Token old")[0] for _ in range(100)}, {401})
        self.assertEqual(guard.admit(self.visit("Token welcome")).subject, JOE)

    def test_forgotten_with_a_token(self) -> None:
        """
        Nor does a token of one's own have failed guesses at another forgotten, or make him known there.
        """
        config = self.sufficient(hers=Subject(user="ann"))
        guard = self.guard(replace(config, modules=config.modules[::-1]), throttled=True)
        both = self.visit(headers={"authorization": basic("joe:any"), "x-token": "hers"})
        statuses = []
        for _ in range(PAIR.free):
            self.assertEqual(guard.admit(both).subject, Subject(user="ann"))
            statuses.append(self.refused(guard, basic("joe:wrong"))[0])
        statuses.append(self.refused(guard, basic("joe:welcome"))[0])
        self.assertEqual(statuses, [401] * PAIR.free + [429])

    def test_another_name(self) -> None:
        """
        Who is known to the second login module, which spells the name otherwise, guesses nothing.
        """
        guard = self.guard(self.sufficient(secret=Subject(user="ann")), throttled=True)
        visit = self.visit(basic("ann@example.org:secret"))
        self.assertEqual({guard.admit(visit).subject.user for _ in range(20)}, {"ann"})


class RecordTests(GuardTestCase):
    """What the log and the metrics say."""

    def said(self, guard: Guard, *authorizations: str) -> list[str]:
        """Return the lines of the log about these visits."""
        with capturedLogs() as events:
            for each in authorizations:
                self.refused(guard, each)
        self.assertTrue(all(event["log_level"] is LogLevel.warn for event in events))
        return [formatEvent(event) for event in events]

    def test_log(self) -> None:
        """
        A failed login is a line with who, where and why; a password or a token is in none, and a challenge
        is no failure.
        """
        begin = "service echo, realm demo: client 192.0.2.1, user "
        lines = self.said(
            self.guard(None, "ADMIN"),
            "",
            basic("joe:s3cret"),
            basic("joe:welcome"),
            "Basic s3cret",
            basic("joe:down"),
        )
        self.assertEqual(
            lines,
            [
                begin + "'joe': not let in: wrong",
                begin + "'joe': not let in: no role ADMIN",
                begin + "-: not let in: credentials that are no base64",
                begin + "'joe': not let in: nobody there",
            ],
        )

    def test_flood(self) -> None:
        """
        Who goes on guessing fills no log: of those who have to wait there is a line a second.
        """
        guard = self.guard(throttled=True)
        self.said(guard, *[basic("joe:wrong")] * PAIR.free)
        line = (
            "service echo, realm demo: logins: 192.0.2.1 user 'joe': too many wrong attempts; the next in 1 s"
        )
        self.assertEqual(self.said(guard, *[basic("joe:wrong")] * 100), [line])

    def test_metrics(self) -> None:
        """
        Each outcome is counted, by realm.
        """

        def counted() -> list[float]:
            return [
                REGISTRY.get_sample_value("kaazing_logins_total", {"realm": "demo", "outcome": outcome}) or 0
                for outcome in OUTCOMES
            ]

        guard = self.guard(realm("Basic"), throttled=True)
        before = counted()
        guard.admit(self.visit(basic("joe:welcome")))
        self.refused(guard)
        self.refused(guard, basic("joe:down"))
        wrong = 1
        while self.refused(guard, basic("joe:wrong"))[0] == 401:
            wrong += 1
        gained = [after - earlier for after, earlier in zip(counted(), before, strict=True)]
        self.assertEqual(gained, [1, wrong - 1, 1, 1, 1])
