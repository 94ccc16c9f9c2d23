"""Messages that wait for a connection."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.waiting import Waiting, WaitingSends
from kaazing.errors import BrokerLost
from kaazing.interfaces.brokers import OVERHEAD
from tests.brokers.listening import queue, text

FULL = "the broker is away, and too many messages wait for it already"
LATE = "the broker has been away for 10 seconds; nothing was sent"


class WaitingTests(SynchronousTestCase):
    """Bounds of number, bytes and time."""

    def setUp(self) -> None:
        """Let two messages wait, or 1000 bytes."""
        self.clock = Clock()
        self.late = 0
        self.sends = WaitingSends(Waiting(messages=2, bytes=1000), self.clock, self._count)

    def _count(self) -> None:
        self.late += 1

    def put(self, body: str, **more: Any) -> Deferred[None]:
        """Let a message wait, its sender called as it is."""
        return self.sends.put(text(queue("q"), body, **more), body)

    def why(self, taken: Deferred[None]) -> str:
        """Return the sentence that a sender is told."""
        return str(self.failureResultOf(taken, BrokerLost).value)

    def test_order(self) -> None:
        """
        They are taken in the order in which they came, each with its sender.
        """
        put = {body: self.put(body) for body in "ab"}
        for body, waited in put.items():
            letter = self.sends.next()
            assert letter is not None
            message, sender, taken = letter
            self.assertEqual((message.body.decode(), sender), (body, body))
            self.assertIs(taken, waited)
        self.assertIsNone(self.sends.next())
        self.assertEqual((len(self.sends), self.sends.bytes, self.clock.getDelayedCalls()), (0, 0, []))

    def test_number(self) -> None:
        """
        One more than may wait is told at once; those before it wait on.
        """
        waiting = [self.put("a"), self.put("b")]
        self.assertEqual(self.why(self.put("c")), FULL)
        self.assertEqual((len(self.sends), self.late), (2, 1))
        for each in waiting:
            self.assertNoResult(each)

    def test_bytes(self) -> None:
        """
        So is one that has too many bytes, its properties counted.
        """
        self.put("x" * (1000 - 2 * OVERHEAD))
        self.assertEqual(self.why(self.put("x")), FULL)
        self.assertEqual(self.why(self.put("", properties={"key": 1})), FULL)
        self.assertNoResult(self.put(""))
        self.assertEqual(self.sends.bytes, 1000)

    def test_time(self) -> None:
        """
        Each waits as long as it may, from when it came.
        """
        first = self.put("a")
        self.clock.advance(6)
        second = self.put("b")
        self.clock.advance(4)
        self.assertEqual(self.why(first), LATE)
        self.assertNoResult(second)
        self.clock.advance(6)
        self.assertEqual(self.why(second), LATE)
        self.assertEqual((self.sends.bytes, self.late, self.clock.getDelayedCalls()), (0, 2, []))

    def test_fail(self) -> None:
        """
        All are told when none will be sent.
        """
        waiting = [self.put("a"), self.put("b")]
        self.sends.fail("no more")
        self.assertEqual([self.why(each) for each in waiting], ["no more"] * 2)
        self.assertEqual((len(self.sends), self.sends.bytes, self.late), (0, 0, 2))

    def test_none(self) -> None:
        """
        Nothing waits where nothing may.
        """
        sends = WaitingSends(Waiting(messages=0), self.clock)
        self.assertEqual(self.why(sends.put(text(queue("q"), "a"), None)), FULL)
