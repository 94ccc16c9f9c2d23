"""Deadlines on one timer: called once, at most a tick late, and only when still wanted."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from kaazing.transports.wheel import Wheel


class Alarm:
    """Notes when it is called."""

    def __init__(self, then: Callable[[float], float | None] = lambda now: None) -> None:
        self.calls: list[float] = []
        self._then = then

    def due(self, now: float) -> float | None:
        """See L{Due}."""
        self.calls.append(now)
        return self._then(now)


class WheelTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.wheel = Wheel(self.clock)

    def wait(self, seconds: float) -> None:
        """Let time pass, every quarter of a tick of it."""
        self.clock.pump([Wheel.tick / 4] * int(seconds / Wheel.tick * 4))

    def test_once(self) -> None:
        """
        What is put on the wheel is called once, when its deadline has passed.
        """
        alarm = Alarm()
        self.wheel.put(alarm, 2.2)
        self.wait(2)
        self.assertEqual(alarm.calls, [])
        self.wait(10)
        self.assertEqual(alarm.calls, [2.5])

    @given(st.lists(st.floats(0, 20), max_size=20))
    def test_never_early_and_a_tick_late(self, deadlines: list[float]) -> None:
        """
        However many there are, each is called after its deadline, and at most a tick after it.
        """
        self.setUp()
        alarms = {Alarm(): deadline for deadline in deadlines}
        for alarm, deadline in alarms.items():
            self.wheel.put(alarm, deadline)
        self.wait(25)
        for alarm, deadline in alarms.items():
            (called,) = alarm.calls
            self.assertTrue(deadline <= called <= deadline + Wheel.tick, (deadline, called))

    def test_replaced(self) -> None:
        """
        A later deadline takes the place of the earlier, and the other way round.
        """
        first, second = Alarm(), Alarm()
        for alarm, before, after in ((first, 1.0, 3.0), (second, 3.0, 1.0)):
            self.wheel.put(alarm, before)
            self.wheel.put(alarm, after)
        self.wait(10)
        self.assertEqual((first.calls, second.calls), ([3.5], [1.5]))

    def test_taken(self) -> None:
        """
        What is taken off is not called; taking off what is not there does nothing.
        """
        alarm = Alarm()
        self.wheel.put(alarm, 1.0)
        self.wheel.take(alarm)
        self.wheel.take(alarm)
        self.wait(5)
        self.assertEqual(alarm.calls, [])

    def test_again(self) -> None:
        """
        The deadline that is answered is the next one.
        """
        alarm = Alarm(lambda now: now + 1 if now < 3 else None)
        self.wheel.put(alarm, 0.9)
        self.wait(10)
        self.assertEqual(alarm.calls, [1.0, 2.5, 4.0])

    def test_past(self) -> None:
        """
        A deadline that has passed already is called at the next tick.
        """
        self.clock.advance(100)
        alarm = Alarm()
        self.wheel.put(alarm, 3.0)
        self.wait(1)
        self.assertEqual(len(alarm.calls), 1)

    def test_others_from_within(self) -> None:
        """
        Who is called may put others on the wheel and take others off, those of the same turn included.
        """
        late = Alarm()
        alarms: list[Alarm] = []

        def take_others(now: float) -> None:
            self.wheel.put(late, now)
            for alarm in alarms:
                self.wheel.take(alarm)

        alarms += [Alarm(take_others), Alarm(take_others)]
        for alarm in alarms:
            self.wheel.put(alarm, 1.0)
        self.wait(5)
        self.assertEqual((sum(len(alarm.calls) for alarm in alarms), len(late.calls)), (1, 1))

    def test_failure(self) -> None:
        """
        One that fails is in the log and keeps no other from its turn, then or later.
        """
        good, later = Alarm(), Alarm()
        self.wheel.put(Alarm(lambda now: 1 / 0), 1.0)
        self.wheel.put(good, 1.0)
        self.wheel.put(later, 5.0)
        self.wait(10)
        self.assertEqual((len(good.calls), len(later.calls)), (1, 1))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_idle(self) -> None:
        """
        An empty wheel costs no timer, and turns again when something is put on it.
        """
        self.assertEqual(self.clock.getDelayedCalls(), [])
        for _ in range(2):
            alarm = Alarm()
            self.wheel.put(alarm, self.wheel.now() + 1)
            self.assertEqual(len(self.clock.getDelayedCalls()), 1)
            self.wait(5)
            self.assertEqual((len(alarm.calls), self.clock.getDelayedCalls()), (1, []))

    def test_one_timer(self) -> None:
        """
        A thousand deadlines are one timer.
        """
        for number in range(1000):
            self.wheel.put(Alarm(), number / 10)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
