"""Tests for L{kaazing.transports.tally}: what passed in a service's sessions."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from kaazing.adapters.base import BaseSession
from kaazing.errors import Side
from kaazing.interfaces.adapters import IAdapterSession, IMeter, Kind, Order
from kaazing.transports.tally import Tally


@implementer(IAdapterSession)
class Counting(BaseSession):
    """A session that has so many messages to report."""

    def __init__(self, sent: int = 0) -> None:
        super().__init__()
        self.sent = sent

    def from_front(self, data: bytes, kind: Kind, now: float) -> Iterable[Order]:
        return ()

    def from_back(self, data: bytes, now: float) -> Iterable[Order]:
        return ()

    def report(self, meter: IMeter) -> None:
        sent, self.sent = self.sent, 0
        meter.add(Side.FRONT, "SEND", sent)
        meter.add(Side.BACK, "MESSAGE", 2 * sent)


class TallyTests(SynchronousTestCase):
    def test_promises(self) -> None:
        """
        It is what a session reports to.
        """
        verifyObject(IMeter, Tally())

    def test_counts(self) -> None:
        """
        Counts of an operation add up, each side's apart; one of nothing leaves no trace.
        """
        tally = Tally()
        for count in (3, 0, 4):
            tally.add(Side.FRONT, "SEND", count)
        tally.add(Side.BACK, "SEND", 1)
        tally.add(Side.BACK, "ERROR", 0)
        self.assertEqual(tally.counts(), {(Side.FRONT, "SEND"): 7, (Side.BACK, "SEND"): 1})

    def test_sessions(self) -> None:
        """
        Sessions that are over have reported all, once; those alive are asked when somebody reads.
        """
        tally, over, alive = Tally(), Counting(3), Counting(4)
        tally.opened(over)
        tally.opened(alive)
        tally.gone(over)
        self.assertEqual((over.sent, alive.sent), (0, 4))
        self.assertEqual(tally.counts(), {(Side.FRONT, "SEND"): 7, (Side.BACK, "MESSAGE"): 14})
        alive.sent = over.sent = 1
        tally.gone(over)
        self.assertEqual(tally.counts(), {(Side.FRONT, "SEND"): 8, (Side.BACK, "MESSAGE"): 16})

    def test_shown(self) -> None:
        """
        The log reads it by side and name.
        """
        tally = Tally()
        self.assertEqual(str(tally), "")
        for side, operation, count in (
            (Side.BACK, "MESSAGE", 9),
            (Side.FRONT, "SUBSCRIBE", 1),
            (Side.FRONT, "SEND", 20),
        ):
            tally.add(side, operation, count)
        self.assertEqual(str(tally), "client SEND 20, client SUBSCRIBE 1, backend MESSAGE 9")
