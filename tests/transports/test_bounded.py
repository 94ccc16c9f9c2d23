"""Tests for L{kaazing.transports.bounded}: limits of one user, and of what one client sends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing import tenure
from kaazing.config.model import LimitOptions
from kaazing.errors import BadRequest, ConnectError
from kaazing.interfaces.security import Subject
from kaazing.interfaces.services import IService, Visit, Welcome
from kaazing.metrics import REGISTRY
from kaazing.transports.bounded import Bounded, bounds
from kaazing.transports.paced import PacedChannel
from kaazing.transports.wheel import Wheel
from tests.running import uri
from tests.services.house import Line
from tests.transports.doors import Host

ANN = Visit(peer="192.0.2.1:5000", subject=Subject(user="ann"))
BOB = Visit(peer="192.0.2.1:5000", subject=Subject(user="bob"))
HERE = uri("ws://localhost:8000/chat")
NOBODY = Visit(peer="192.0.2.1:5000")


def limited() -> float:
    """Return how often a user was turned away."""
    labels = {"limit": "maximum.connections.per.user"}
    return REGISTRY.get_sample_value("kaazing_limited_total", labels) or 0.0


class BoundedTests(SynchronousTestCase):
    """A service whose clients log in."""

    def serve(self, welcome: Any = None, **limits: Any) -> None:
        """Begin with a service that answers so."""
        self.host = Host(welcome)
        self.host.name = "chat"
        self.service = Bounded(self.host, LimitOptions(**limits), Wheel(Clock()))

    def enter(self, visit: Visit) -> Line:
        """Let a client in; return its connection."""
        line = Line()
        self.service.accepted(line, self.service.invite(visit))
        return line

    def refused(self, visit: Visit) -> tuple[int, str]:
        """Return how a client is refused."""
        why = self.assertRaises(BadRequest, self.service.invite, visit)
        return why.status, why.rule

    def test_promises(self) -> None:
        """
        It is a service, and passes on what it has no say in.
        """
        self.serve()
        verifyObject(IService, self.service)
        self.service.startService()
        self.assertTrue(self.host.running)
        self.service.stopService()
        self.assertFalse(self.host.running)
        self.assertEqual((self.service.name, self.service.resource(HERE), self.service.entry(HERE)),
                         ("chat", self.host.resource(HERE), self.host.entry(HERE)))  # fmt: skip

    def test_needed(self) -> None:
        """
        A service without logins and rates has no need of it, so that its clients pay nothing.
        """
        self.assertFalse(bounds(LimitOptions(), logs_in=False))
        self.assertTrue(bounds(LimitOptions(), logs_in=True))
        self.assertFalse(bounds(LimitOptions(connections_per_user=0), logs_in=True))
        self.assertTrue(bounds(LimitOptions(message_rate=1), logs_in=False))
        self.assertTrue(bounds(LimitOptions(byte_rate=1), logs_in=False))

    def test_user(self) -> None:
        """
        A user has so many connections at once; another user has his own, and who has no name is not counted.
        """
        self.serve(connections_per_user=2)
        first, _ = self.enter(ANN), self.enter(ANN)
        self.assertEqual(self.refused(ANN), (429, "maximum.connections.per.user"))
        self.enter(BOB)
        for _ in range(5):
            self.enter(NOBODY)
        tenure.end(first)
        self.enter(ANN)
        self.assertEqual(self.refused(ANN)[0], 429)

    def test_said(self) -> None:
        """
        Who is turned away is counted, and told of in the log, whatever stands in the name.
        """
        eve = replace(ANN, subject=Subject(user="e\x1b[2Jve"))
        self.serve(connections_per_user=1)
        self.enter(eve)
        before = limited()
        with capturedLogs() as events:
            self.refused(eve)
        self.assertEqual(limited(), before + 1)
        said = "service 'chat': maximum.connections.per.user: 192.0.2.1:5000 (user 'e\\x1b[2Jve') turned away"
        self.assertEqual([formatEvent(event) for event in events], [said])

    def test_waiting(self) -> None:
        """
        Who is still being let in counts already, until the service says no, or the client goes.
        """
        later: Deferred[Welcome] = Deferred()
        self.serve(later, connections_per_user=1)
        asked = self.service.invite(ANN)
        self.assertEqual(self.refused(ANN)[0], 429)
        later.errback(ConnectError("refused"))
        self.failureResultOf(asked, ConnectError)
        self.host.welcome = Welcome()
        welcome = self.service.invite(ANN)
        self.assertEqual(self.refused(ANN)[0], 429)
        self.service.declined(welcome)
        self.assertEqual(self.host.missed, [Welcome()])
        self.enter(ANN)
        self.assertEqual(self.refused(ANN)[0], 429)

    def test_failed(self) -> None:
        """
        A service that fails keeps no place taken.
        """
        self.serve(ConnectError("refused"), connections_per_user=1)
        for _ in range(3):
            self.assertRaises(ConnectError, self.service.invite, ANN)

    def test_forgotten(self) -> None:
        """
        Of users without connections nothing is kept.
        """
        self.serve(connections_per_user=2)
        for number in range(100):
            visit = Visit(peer="192.0.2.1:5000", subject=Subject(user=str(number)))
            tenure.end(self.enter(visit))
        self.assertEqual(len(self.service._places), 0)

    def test_welcome(self) -> None:
        """
        The door hears what the service says, and the service gets back what it kept.
        """
        self.serve(Welcome("chat", "kept"), connections_per_user=2)
        welcome = self.service.invite(ANN)
        self.assertEqual(welcome.subprotocol, "chat")
        self.service.declined(welcome)
        self.assertEqual(self.host.missed, [Welcome("chat", "kept")])

    def test_paced(self) -> None:
        """
        With a rate the service gets a channel that keeps to it; without one the connection itself.
        """
        self.serve(message_rate=5)
        self.enter(NOBODY)
        self.assertIsInstance(self.host.guests[0], PacedChannel)
        self.serve()
        line = self.enter(ANN)
        self.assertIs(self.host.guests[0], line)
