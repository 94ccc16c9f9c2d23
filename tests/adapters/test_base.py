"""What a session says that has nothing to say."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.base import BaseSession, in_words, login_deadline, login_timeout
from kaazing.errors import ProtocolViolation, Side
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


class CommonTests(SynchronousTestCase):
    """What the adapters share."""

    def test_login_timeout(self) -> None:
        """
        A login may take the time that the option says, or any.
        """
        option = login_timeout("the welcome", 60.0)
        self.assertEqual(
            option.doc, "Longest time from the opening of the connection to the welcome; 0 for no limit."
        )
        self.assertEqual(
            (option.name, option.default, option.read("2 minutes")), ("login.timeout", 60.0, 120.0)
        )
        self.assertEqual([login_deadline({option.name: limit}, 5.0) for limit in (60.0, 0.0)], [65.0, None])

    def test_words(self) -> None:
        """
        A client reads what is wrong and by which rule, and whose fault it is where it is not its own.
        """
        said = [in_words(ProtocolViolation("bad", side=side, offset=1, rule="RFC 1")) for side in Side]
        self.assertEqual(said, ["bad (RFC 1)", "the backend broke the protocol: bad (RFC 1)"])
