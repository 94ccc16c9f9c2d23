"""Tests for L{kaazing.transports.descriptors}."""

from __future__ import annotations

import resource
import subprocess
import sys

from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from kaazing.transports.descriptors import RESERVE, Crowd, most_clients
from tests.needs import ROOT


class LimitTests(SynchronousTestCase):
    """What the system allows."""

    def test_raised(self) -> None:
        """
        A process that may have more descriptors than it was given takes them; twice is no harm.
        """
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = min(hard, 4000) if hard != resource.RLIM_INFINITY else 4000
        code = (
            "import resource as r; from kaazing.transports.descriptors import raise_limit\n"
            f"r.setrlimit(r.RLIMIT_NOFILE, (256, {most}))\n"
            "print(raise_limit(), raise_limit(), r.getrlimit(r.RLIMIT_NOFILE)[0])"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
        self.assertEqual(done.stdout.split(), [str(most)] * 3)

    def test_clients(self) -> None:
        """
        Each client may need a backend; some descriptors are for the gateway itself, and one client may
        always come in.
        """
        self.assertEqual(
            [most_clients(descriptors, [(2, 0)]) for descriptors in (0, 100, RESERVE + 20, 1024, 1 << 20)],
            [1, 1, 10, 448, 524_224],
        )

    def test_clients_that_share(self) -> None:
        """
        Where clients share what is behind them there may be twice as many, less the connections shared; one
        service whose clients each need a backend halves them all.
        """
        for taken, most in (
            ([], 896),
            ([(1, 0)], 896),
            ([(1, 1), (1, 10)], 885),
            ([(1, 10), (2, 0)], 443),
            ([(1, 5000)], 1),
        ):
            self.assertEqual(most_clients(1024, taken), most, taken)


class Door:
    """Notes whether it is open.

    Attributes:
        open: whether.
    """

    open = True

    def pause(self) -> None:
        """See L{kaazing.transports.descriptors.Door}."""
        self.open = False

    def go_on(self) -> None:
        """See L{kaazing.transports.descriptors.Door}."""
        self.open = True


class CrowdTests(SynchronousTestCase):
    """All clients, at all doors."""

    def test_full(self) -> None:
        """
        When there are as many clients as descriptors suffice for, no door takes anybody in, the log says so
        once, and each that goes lets one come.
        """
        crowd, doors = Crowd(2, Clock()), [Door(), Door()]
        for door in doors:
            crowd.add(door)
        crowd.entered()
        self.assertEqual((crowd.full, [door.open for door in doors]), (False, [True, True]))
        with capturedLogs() as events:
            crowd.entered()
        self.assertEqual((crowd.full, [door.open for door in doors]), (True, [False, False]))
        self.assertEqual(
            [formatEvent(event) for event in events],
            ["the gateway: descriptors: everybody waits: 2 connections are open"],
        )
        crowd.left()
        self.assertEqual((crowd.full, [door.open for door in doors]), (False, [True, True]))

    def test_more(self) -> None:
        """
        A few may have come in before the doors were shut; they open when these are gone too.
        """
        crowd, door = Crowd(1, Clock()), Door()
        crowd.add(door)
        for _ in range(3):
            crowd.entered()
        crowd.left()
        crowd.left()
        self.assertFalse(door.open)
        crowd.left()
        self.assertTrue(door.open)

    def test_closed(self) -> None:
        """
        A door that was closed for good is not opened again.
        """
        crowd, door = Crowd(1, Clock()), Door()
        crowd.add(door)
        crowd.entered()
        crowd.remove(door)
        crowd.left()
        self.assertFalse(door.open)
