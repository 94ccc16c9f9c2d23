"""What a session says that has nothing to say."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.base import BaseSession
from kaazing.interfaces.adapters import Kind, Login
from kaazing.transports.tally import Tally


class BaseSessionTests(SynchronousTestCase):
    """The answers that most sessions inherit."""

    def test_nothing_to_do(self) -> None:
        """
        Neither the opening nor an end nor a deadline is answered, and no deadline is left.
        """
        session = BaseSession(Kind.TEXT)
        session.deadline = 1.0
        said = [
            session.opened(0.0),
            session.front_ended(0.0),
            session.back_ended(0.0),
            session.expired(1.0),
        ]
        self.assertEqual([list(orders) for orders in said], [[], [], [], []])
        self.assertEqual((session.deadline, session.kind), (None, Kind.TEXT))

    def test_unasked(self) -> None:
        """
        An answer without a question is a fault of the gateway's, and is not passed over.
        """
        session = BaseSession()
        self.assertRaises(NotImplementedError, session.login, Login(username="a"), 0.0)
        self.assertRaises(NotImplementedError, session.secured, 0.0)
        self.assertRaises(NotImplementedError, session.computed, b"", 0.0)

    def test_refusals(self) -> None:
        """
        What a policy has kept back is told by its operation, and once.
        """
        meter, session = Tally(), BaseSession()
        session.count_refusal("publish")
        session.count_refusal("subscribe", 2)
        session.count_refusal("publish")
        session.report(meter)
        session.report(meter)
        self.assertEqual(str(meter), "client refused publish 2, client refused subscribe 2")
