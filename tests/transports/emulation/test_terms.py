"""How long a downstream may be silent."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from kaazing.transports.emulation.registry import Registry
from kaazing.transports.emulation.terms import Terms
from kaazing.transports.wheel import Wheel


class TermsTests(SynchronousTestCase):
    """L{Terms}."""

    def test_idle(self) -> None:
        """
        Clients bear 60 seconds of silence; where ws.inactivity.timeout says so, that, but 5 at least.
        """
        expected = {0.0: 60.0, 0.5: 5.0, 4.9: 5.0, 5.0: 5.0, 20.0: 20.0, 300.0: 300.0}
        registry, wheel = Registry(), Wheel(Clock())
        found = {
            inactivity: Terms(registry=registry, wheel=wheel, inactivity=inactivity).idle
            for inactivity in expected
        }
        self.assertEqual(found, expected)
