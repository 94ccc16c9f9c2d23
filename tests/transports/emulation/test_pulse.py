"""Looking for silence, without a wheel."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.transports.emulation.pulse import NEVER, Pulse


class PulseTests(SynchronousTestCase):
    """L{Pulse}."""

    def test_silence(self) -> None:
        """
        A client that says nothing for half the time is pinged, and gone when the other half is over.
        """
        pulse = Pulse(100.0, 10.0)
        self.assertEqual((pulse.look, pulse.beat(104.9, deaf=False)), (105.0, False))
        self.assertEqual((pulse.beat(105.0, deaf=False), pulse.look), (True, 110.0))
        self.assertIs(pulse.beat(110.0, deaf=False), None)

    def test_heard(self) -> None:
        """
        Whatever comes, within either half, shows that the client is there.
        """
        pulse = Pulse(0.0, 10.0)
        for now, expected in ((5.0, True), (10.0, False), (15.0, True), (20.0, False)):
            self.assertEqual(pulse.beat(now, deaf=False), expected)
            if expected:
                pulse.hear()

    def test_deaf(self) -> None:
        """
        While nothing can be heard, silence says nothing, and counts from the beginning afterwards.
        """
        pulse = Pulse(0.0, 10.0)
        self.assertEqual([pulse.beat(5.0, deaf=False), pulse.beat(10.0, deaf=True)], [True, False])
        self.assertEqual([pulse.beat(15.0, deaf=False), pulse.beat(20.0, deaf=False)], [True, None])

    def test_latency(self) -> None:
        """
        The time from a PING to its PONG is known; a PONG that nobody asked for says nothing.
        """
        pulse = Pulse(0.0, 10.0)
        pulse.ponged(1.0)
        self.assertIs(pulse.latency, None)
        pulse.beat(5.0, deaf=False)
        pulse.ponged(5.25)
        pulse.ponged(9.0)
        self.assertEqual(pulse.latency, 0.25)

    def test_never(self) -> None:
        """
        Without a limit to silence there is nothing to look at.
        """
        pulse = Pulse(0.0, 0.0)
        self.assertEqual((pulse.look, pulse.beat(1e9, deaf=False)), (NEVER, False))
