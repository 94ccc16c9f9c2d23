"""Tests for L{kaazing.security.guarded}: a guard before a service."""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.errors import BadRequest, ConnectError
from kaazing.interfaces.security import Subject
from kaazing.interfaces.services import IService, Visit, Welcome
from kaazing.security.guarded import Guarded
from tests.transports.doors import Host, Usher

VISIT = Visit(peer="192.0.2.1:5000", headers={"authorization": "Basic x", "host": "localhost"})
SEEN = replace(VISIT, headers={"host": "localhost"}, subject=Subject(user="joe"))
REFUSED = BadRequest(401, "who are you?", rule="x")


class GuardedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.host, self.usher = Host(Welcome("chat", "a backend")), Usher()
        self.guarded = Guarded(self.host, self.usher)

    def test_promises(self) -> None:
        """
        It is a service like the one behind it, has its name, and starts and stops it.
        """
        verifyObject(IService, self.guarded)
        self.assertEqual(
            (self.guarded.name, self.guarded.resource(None), self.guarded.entry(None)), ("host", None, None)
        )
        self.guarded.startService()
        self.assertTrue(self.host.running)
        self.assertIsNone(self.guarded.stopService())
        self.assertFalse(self.host.running)

    def test_let_in(self) -> None:
        """
        The service sees the visit as the guard gives it, and gets back what it keeps.
        """
        welcome = self.guarded.invite(VISIT)
        self.assertEqual((self.host.visits, welcome.subprotocol), ([SEEN], "chat"))
        self.guarded.accepted("a channel", welcome)  # type: ignore[arg-type]
        self.guarded.declined(welcome)
        self.assertEqual(
            (self.host.guests, self.host.missed), (["a channel"], [Welcome("chat", "a backend")])
        )

    def test_turned_away(self) -> None:
        """
        The service does not hear of who is not let in.
        """
        self.usher.verdict = lambda visit: REFUSED
        self.assertRaises(BadRequest, self.guarded.invite, VISIT)
        self.assertEqual(self.host.visits, [])

    def test_later(self) -> None:
        """
        Guard and service may both take their time.
        """
        judged, answer = Deferred[None](), Deferred[Welcome]()
        self.usher.verdict, self.host.welcome = lambda visit: judged, answer
        welcome = self.guarded.invite(VISIT)
        self.assertEqual(self.host.visits, [])
        judged.callback(None)
        self.assertEqual(self.host.visits, [SEEN])
        self.assertNoResult(welcome)
        answer.callback(Welcome(keep=1))
        self.guarded.declined(self.successResultOf(welcome))
        self.assertEqual(self.host.missed, [Welcome(keep=1)])

    def test_turned_away_later(self) -> None:
        """
        So may a refusal; the service's own refusals stay what they are.
        """
        judged: Deferred[BadRequest | None] = Deferred()
        self.usher.verdict, self.host.welcome = lambda visit: judged, ConnectError("down")
        refused = self.guarded.invite(VISIT)
        judged.callback(REFUSED)
        self.failureResultOf(refused, BadRequest)
        self.usher.verdict = lambda visit: None
        self.assertRaises(ConnectError, self.guarded.invite, VISIT)

    def test_asked_once(self) -> None:
        """
        Who has logged in at the door is not asked again.
        """
        self.guarded.invite(SEEN)
        self.assertEqual((self.usher.asked, self.host.visits), ([], [SEEN]))

    def test_fields(self) -> None:
        """
        What the guard wants in the answer, such as a cookie, stands before what the service wants.
        """
        self.usher.fields = ((b"Set-Cookie", b"a=b"),)
        self.host.welcome = Welcome(fields=((b"X-Room", b"1"),))
        welcome = self.guarded.invite(VISIT)
        self.assertEqual(welcome.fields, ((b"Set-Cookie", b"a=b"), (b"X-Room", b"1")))
        self.guarded.declined(welcome)
        self.assertEqual(self.host.missed, [Welcome(fields=((b"X-Room", b"1"),))])
