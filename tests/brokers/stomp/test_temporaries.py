"""Temporary destinations that ActiveMQ makes."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.stomp import temporaries
from kaazing.brokers.stomp.connection import Connection
from kaazing.brokers.stomp.session import Session
from kaazing.brokers.stomp.temporaries import Temporaries
from kaazing.errors import BrokerLost, BrokerRefused, ConnectError
from kaazing.interfaces.brokers import Destination, Domain
from tests.brokers.stomp.far import ACTIVEMQ, Far

QUEUE, TOPIC = Domain.TEMP_QUEUE, Domain.TEMP_TOPIC


class TemporariesTests(SynchronousTestCase):
    """Some connections, made as they are wanted."""

    def setUp(self) -> None:
        """There is none yet."""
        self.fars: list[Far] = []
        self.failing: Exception | None = None
        self.made = Temporaries(self.open)

    def open(self) -> Deferred[Connection]:
        """Open a connection."""
        if self.failing is not None:
            failed: Deferred[Connection] = Deferred()
            failed.errback(self.failing)
            return failed
        far = Far()
        self.fars.append(far)
        session = Session(None, "/", "", 0.0)
        ignored: Any = {"lost": lambda *_: None, "drained": lambda: None, "complain": lambda _: None}
        return Connection(session, Clock(), **ignored).begin(far)

    def let_in(self, session: str = "ID:vm-3:7") -> Far:
        """Have the broker let the last connection in."""
        far = self.fars[-1]
        far.lets_in(ACTIVEMQ, session=session)
        return far

    def one(self, domain: Domain, far: Far, receipt: int) -> Destination:
        """Have one made whose requests have that receipt and the next."""
        made = self.made.make(domain)
        far.receipt(receipt, receipt + 1)
        found: Destination = self.successResultOf(made)
        return found

    def test_make(self) -> None:
        """
        The first makes a connection; the broker numbers what a connection makes, and so its name is known.
        """
        first, second = self.made.make(QUEUE), self.made.make(TOPIC)
        self.assertEqual(len(self.fars), 1)
        far = self.let_in()
        self.assertEqual(
            far.taken(),
            [
                "CONNECT accept-version:1.0,1.1 host:/ heart-beat:0,0",
                "SUBSCRIBE id:1 destination:/temp-queue/1 receipt:2",
                "UNSUBSCRIBE id:1 receipt:3",
                "SUBSCRIBE id:4 destination:/temp-topic/2 receipt:5",
                "UNSUBSCRIBE id:4 receipt:6",
            ],
        )
        far.receipt(2, 3, 5, 6)
        one, two = self.successResultOf(first), self.successResultOf(second)
        self.assertEqual([str(one), str(two)], ["/temp-queue/ID:vm-3:7:1", "/temp-topic/ID:vm-3:7:2"])
        found = self.made.find(two)
        assert found is not None
        self.assertEqual((found[0].session, found[1]), ("ID:vm-3:7", "/temp-topic/2"))
        self.assertIsNone(self.made.find(Destination(QUEUE, "ID:vm-9:1:1")))

    def test_retired(self) -> None:
        """
        A connection that has made many makes no more, and is closed when none of them is used.
        """
        self.patch(temporaries, "MOST", 2)
        first = self.made.make(QUEUE)
        far = self.let_in()
        far.receipt(2, 3)
        second = self.one(QUEUE, far, 5)
        third = self.made.make(QUEUE)
        self.assertEqual(len(self.fars), 2)
        self.let_in("ID:vm-3:8").receipt(2, 3)
        far.taken()
        self.made.discard(second)
        self.made.discard(second)
        self.assertEqual(far.taken(), [])
        self.made.discard(self.successResultOf(first))
        self.assertEqual(far.taken(), ["DISCONNECT receipt:7"])
        self.assertEqual(self.successResultOf(third).name, "ID:vm-3:8:1")
        self.made.discard(self.successResultOf(third))
        self.assertEqual(len(self.fars[1].taken()), 3)  # it can make another

    def test_no_connection(self) -> None:
        """
        Where there is none to be had, everybody who waits hears so; the next one tries again.
        """
        self.failing = ConnectError("tcp://mq:61613: refused")
        why = self.failureResultOf(self.made.make(QUEUE), BrokerLost).value
        self.assertEqual(
            str(why), "there is no connection for temporary destinations: tcp://mq:61613: refused"
        )
        self.failing = None
        waiting = self.made.make(QUEUE)
        self.let_in().receipt(2, 3)
        self.successResultOf(waiting)

    def test_refused(self) -> None:
        """
        One that the broker does not make; the numbers go on behind it.
        """
        refused = self.made.make(QUEUE)
        far = self.let_in()
        far.says("ERROR", message="no", receipt_id="2")
        far.says("ERROR", message="no", receipt_id="3")
        self.failureResultOf(refused, BrokerRefused)
        self.assertEqual(self.one(QUEUE, far, 5).name, "ID:vm-3:7:2")

    def test_close(self) -> None:
        """
        All connections are closed, those that are not made yet too.
        """
        self.patch(temporaries, "MOST", 1)
        made = self.made.make(QUEUE)
        first = self.let_in()
        first.receipt(2, 3)
        pending = self.made.make(QUEUE)
        for closed in self.made.close():
            closed.addErrback(lambda _: None)
        self.failureResultOf(pending, BrokerLost)
        self.assertEqual(first.sent[-1], "DISCONNECT receipt:4")
        self.assertEqual(self.fars[1].done[-1], "abort")
        self.assertIsNone(self.made.find(self.successResultOf(made)))
