"""Tests for L{kaazing.transports.sessions}: all sessions under way."""

from __future__ import annotations

from twisted.logger import LogLevel, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import FrameViolation, Side
from kaazing.transports.sessions import Sessions


class Leaving:
    """A session that writes down that it was asked to leave, and may be gone at once."""

    service = "gate"

    def __init__(self, sessions: Sessions, at_once: bool = False) -> None:
        self.asked = 0
        self._sessions, self._at_once = sessions, at_once
        sessions.opened(self)

    def leave(self) -> None:
        self.asked += 1
        if self._at_once:
            self._sessions.gone(self)


class SessionsTests(SynchronousTestCase):
    def setUp(self) -> None:
        """Nobody is there."""
        self.sessions = Sessions()
        self.left: list[None] = []

    def test_counted(self) -> None:
        """
        A session counts from its start until it is gone; to be gone twice does no harm.
        """
        first, second = Leaving(self.sessions), Leaving(self.sessions)
        self.assertEqual(len(self.sessions), 2)
        self.sessions.gone(first)
        self.sessions.gone(first)
        self.assertEqual(len(self.sessions), 1)
        self.sessions.gone(second)
        self.assertEqual(len(self.sessions), 0)

    def test_by_service(self) -> None:
        """
        How many there are is known by service, those that are gone left out.
        """
        first, _ = Leaving(self.sessions), Leaving(self.sessions)
        other = Leaving(self.sessions)
        other.service = "echo"
        self.assertEqual(self.sessions.by_service(), {"gate": 2, "echo": 1})
        self.sessions.gone(other)
        self.sessions.gone(first)
        self.assertEqual(self.sessions.by_service(), {"gate": 1})

    def test_leave(self) -> None:
        """
        All are asked to leave, once, and waited for until the last is gone.
        """
        sessions = [Leaving(self.sessions, at_once) for at_once in (False, True, False, True)]
        self.sessions.leave().addCallback(self.left.append)
        self.assertEqual([session.asked for session in sessions], [1] * 4)
        self.sessions.gone(sessions[0])
        self.assertEqual(self.left, [])
        self.sessions.gone(sessions[2])
        self.assertEqual(self.left, [None])

    def test_leave_at_once(self) -> None:
        """
        Nobody is waited for where nobody is, or all go at once.
        """
        self.sessions.leave().addCallback(self.left.append)
        Leaving(self.sessions, at_once=True)
        self.sessions.leave().addCallback(self.left.append)
        self.assertEqual(self.left, [None, None])

    def test_complain(self) -> None:
        """
        The log gets one line: which service, who, which side, where, what, and which rule; whatever
        characters are in it.
        """
        why = FrameViolation("odd {verb}", side=Side.FRONT, offset=7, rule="RFC 6455", close_code=1002)
        with capturedLogs() as events:
            self.sessions.complain("gate", "192.0.2.1:5000", why)
        said = [(event["log_level"], event["log_namespace"], formatEvent(event)) for event in events]
        line = "service gate: client 192.0.2.1:5000: client byte 7: odd {verb} (RFC 6455)"
        self.assertEqual(said, [(LogLevel.warn, "kaazing.sessions", line)])
