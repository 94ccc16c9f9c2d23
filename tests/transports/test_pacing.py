"""Tests for L{kaazing.transports.pacing}: how much may pass, and when."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import Side
from kaazing.interfaces.services import Rates
from kaazing.transports.pacing import LINGER, Bucket, Pacer
from kaazing.transports.wheel import Wheel
from tests.services.house import Line


class Owner:
    """Notes which ends are not to be read."""

    def __init__(self) -> None:
        self.held: set[Side] = set()

    def paced(self, side: Side, yes: bool) -> None:
        (self.held.add if yes else self.held.discard)(side)


class PacingTestCase(SynchronousTestCase):
    """A pacer, with a clock."""

    def pace(self, **rates: int) -> None:
        """Make one."""
        self.clock, self.line, self.owner = Clock(), Line("back", messages=False), Owner()
        self.pacer = Pacer(self.line, Rates(**rates), Wheel(self.clock), self.owner)

    def send(self, count: int, size: int = 1) -> None:
        """Let the client send messages."""
        self.pacer.send_all([b"x" * size] * count)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.pump([0.25] * int(seconds * 4))

    @property
    def passed(self) -> list[bytes]:
        """The messages that have passed."""
        found: list[bytes] = []
        for what in self.line.done:
            if what[0] == "send_all":
                found += what[1]
            elif what[0] == "send":
                found.append(what[1])
        return found


class RateTests(PacingTestCase):
    def test_messages(self) -> None:
        """
        Ten messages a second are exactly that over a minute, beyond the ten at once.
        """
        self.pace(messages=10)
        self.send(10_000)
        self.assertEqual(len(self.passed), 10)
        for second in range(1, 61):
            self.wait(1)
            self.assertEqual(len(self.passed), 10 + 10 * second)

    def test_one_a_second(self) -> None:
        """
        Nor does a slow rate lose time to the wheel, which looks twice a second.
        """
        for rate, whole in ((1, 60), (3, 180), (7, 420)):
            self.pace(messages=rate)
            self.send(10_000)
            self.wait(60.5)
            self.assertLessEqual(abs(len(self.passed) - whole - rate), 1 + rate // 2, rate)

    def test_bytes(self) -> None:
        """
        So it is with bytes.
        """
        self.pace(bytes=1000)
        self.send(10_000, size=100)
        self.assertEqual(len(self.passed), 10)
        self.wait(60)
        self.assertEqual(len(self.passed), 610)

    def test_long_message(self) -> None:
        """
        A message longer than a second's worth passes when the bucket is full; the debt is paid first.
        """
        self.pace(bytes=1000)
        self.send(2, size=10_000)
        self.assertEqual(len(self.passed), 1)
        self.wait(9.5)
        self.assertEqual(len(self.passed), 1)
        self.wait(1)
        self.assertEqual(len(self.passed), 2)

    def test_both(self) -> None:
        """
        With both rates, the stricter one counts.
        """
        for rates, passed in (({"messages": 10, "bytes": 50}, 5), ({"messages": 3, "bytes": 50}, 3)):
            self.pace(**rates)
            self.send(100, size=10)
            self.assertEqual(len(self.passed), passed)

    def test_below(self) -> None:
        """
        A client that keeps to its rate is never held, and each write of its goes on as one.
        """
        self.pace(messages=10)
        for second in range(20):
            self.send(10)
            self.assertEqual((len(self.line.done), self.owner.held), (second + 1, set()))
            self.wait(1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_idle(self) -> None:
        """
        However long a client has been silent, no more than a second's worth passes at once.
        """
        self.pace(messages=10)
        self.wait(3600)
        self.send(100)
        self.assertEqual(len(self.passed), 10)

    @given(
        st.integers(1, 50),
        st.integers(0, 5000),
        st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 8)), max_size=30),
    )
    def test_never_more(self, messages: int, size_rate: int, sent: list[tuple[int, int]]) -> None:
        """
        Whatever is sent and when: messages pass in order, all of them, never more than the rates allow.
        """
        self.pace(messages=messages, bytes=size_rate)
        wanted, longest = [], 0
        for number, (size, quarters) in enumerate(sent):
            wanted.append(b"%d " % number + b"x" * size)
            longest = max(longest, len(wanted[-1]))
            self.pacer.send_all(wanted[-1:])
            self.wait(quarters / 4)
            seconds = self.clock.seconds() + 1
            self.assertLessEqual(len(self.passed), messages * seconds)
            if size_rate:
                self.assertLessEqual(sum(map(len, self.passed)), size_rate * seconds + longest)
        for _ in range(100_000):
            if not self.clock.getDelayedCalls():
                break
            self.clock.advance(0.5)
        self.assertEqual((self.passed, self.owner.held), (wanted, set()))


class OrderTests(PacingTestCase):
    def test_own_words(self) -> None:
        """
        What the gateway says itself counts for nothing and waits for nothing, but overtakes nothing.
        """
        self.pace(messages=1)
        for _ in range(5):
            self.pacer.send(b"login", 2)
        self.pacer.send_all([b"1", b"2", b"3"])
        self.pacer.send(b"ping", 2)
        self.assertEqual(self.passed, [b"login"] * 5 + [b"1"])
        self.wait(1.5)
        self.assertEqual(self.passed[6:], [b"2"])
        self.wait(1)
        self.assertEqual(self.passed[7:], [b"3", b"ping"])

    def test_held(self) -> None:
        """
        While anything waits the client is not read; nor is the backend when what the gateway would say
        to it grows too much.
        """
        self.pace(messages=1)
        self.send(2)
        self.assertEqual(self.owner.held, {Side.FRONT})
        self.pacer.send(b"x" * 64_000, 2)
        self.assertEqual(self.owner.held, {Side.FRONT})
        self.pacer.send(b"x", 2)
        self.assertEqual(self.owner.held, {Side.FRONT, Side.BACK})
        self.wait(1.5)
        self.assertEqual((self.owner.held, len(self.passed)), (set(), 4))


class EndTests(PacingTestCase):
    def test_finish(self) -> None:
        """
        The client's end follows its last message.
        """
        self.pace(messages=1)
        self.pacer.finish()
        self.assertEqual(self.line.done, [("finish", 1000, "")])
        self.pace(messages=1)
        self.send(2)
        self.pacer.finish()
        self.wait(1.5)
        self.assertEqual([what[0] for what in self.line.done], ["send_all", "send_all", "finish"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_drop(self) -> None:
        """
        When the session is over its messages keep their pace, for half a minute; what is left then is
        lost.
        """
        self.pace(messages=1)
        self.send(100)
        self.pacer.finish()
        self.pacer.drop()
        self.wait(LINGER - 1)
        self.assertNotIn("drop", self.line.done)
        self.wait(3)
        self.assertEqual(self.line.done[-1], "drop")
        self.assertLessEqual(len(self.passed), 32)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_gone(self) -> None:
        """
        Messages for a backend that is gone are dropped.
        """
        self.pace(bytes=1)
        self.send(2, size=1000)
        self.line.open = False
        self.wait(2)
        self.assertEqual((len(self.passed), self.owner.held), (1, set()))
        self.assertEqual(self.clock.getDelayedCalls(), [])


class BucketTests(SynchronousTestCase):
    def test_level(self) -> None:
        """
        It begins full, gives what it has, and says how long it takes until there is more.
        """
        bucket: Any = Bucket(4, 100.0)
        self.assertEqual(bucket.lacks(4), 0.0)
        bucket.take(4)
        self.assertEqual((bucket.lacks(1), bucket.lacks(4), bucket.lacks(400)), (0.25, 1.0, 1.0))
        bucket.fill(100.5, brim=True)
        self.assertEqual((bucket.lacks(2), bucket.lacks(3)), (0.0, 0.25))
        bucket.fill(200.0, brim=True)
        bucket.take(5)
        self.assertEqual(bucket.lacks(1), 0.5)
