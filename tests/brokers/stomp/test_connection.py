"""One STOMP connection, the broker played."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.stomp import connection
from kaazing.brokers.stomp.connection import Connection
from kaazing.brokers.stomp.session import Session
from kaazing.errors import BrokerLost, BrokerRefused
from tests.brokers.stomp.far import ACTIVEMQ, RABBITMQ, Far


class Connecting(SynchronousTestCase):
    """A connection, and the other end of it."""

    def setUp(self) -> None:
        """It is being made."""
        self.clock, self.far, self.told = Clock(), Far(), []  # type: ignore[var-annotated]
        self.connection = Connection(
            Session(None, "/", "gateway", 10.0),
            self.clock,
            lost=lambda connection, why: self.told.append(("lost", str(why))),
            drained=lambda: self.told.append("drained"),
            complain=self.told.append,
        )
        self.made = self.connection.begin(self.far)

    def let_in(self, server: str = ACTIVEMQ, **headers: str) -> None:
        """Have the broker let the gateway in."""
        self.far.lets_in(server, **headers)
        self.assertIs(self.successResultOf(self.made), self.connection)
        self.far.taken()

    def why(self, asked: Deferred[Any], error: type[Exception]) -> str:
        """Return the sentence that something failed with."""
        return str(self.failureResultOf(asked, error).value)


class OpeningTests(Connecting):
    """Logging in."""

    def test_let_in(self) -> None:
        """
        The connection is there when the broker has said so, and knows what the broker is.
        """
        self.assertEqual(
            self.far.taken(),
            ["CONNECT accept-version:1.0,1.1 host:/ heart-beat:10000,10000 client-id:gateway"],
        )
        self.assertNoResult(self.made)
        self.far.lets_in(ACTIVEMQ, session="ID:1")
        self.assertIs(self.successResultOf(self.made), self.connection)
        found = self.connection.server, self.connection.session, self.connection.open
        self.assertEqual(found, (ACTIVEMQ, "ID:1", True))

    def test_refused(self) -> None:
        """
        A login that is refused is refused for good, and nothing stays open; why is for the log alone.
        """
        self.far.says("ERROR", b"Access refused for user 'x'\n", message="Bad CONNECT")
        self.assertEqual(self.why(self.made, BrokerRefused), "the broker refuses the login")
        self.assertEqual(self.far.done, ["resume", "abort"])
        said = "the broker does not let the gateway in: Bad CONNECT Access refused for user 'x'"
        self.assertEqual(self.told, [said])

    def test_later(self) -> None:
        """
        A client id that the last connection still has, and a limit, are no reason to give up.
        """
        self.far.says("ERROR", message="Client: gateway already connected from tcp://192.0.2.1:5")
        why = self.why(self.made, BrokerLost)
        self.assertEqual(why, "the broker does not let the gateway in for now")
        self.assertIn("already connected", self.told[0])

    def test_lost(self) -> None:
        """
        One that is lost before it is made.
        """
        self.far.abort()
        self.assertEqual(self.why(self.made, BrokerLost), "the connection to the broker was lost")
        self.assertEqual(self.told, [])

    def test_cancelled(self) -> None:
        """
        Nobody wants it any more: it lets go, and nobody is told when the channel is gone at last.
        """
        self.made.cancel()
        self.failureResultOf(self.made, CancelledError)
        self.assertEqual((self.far.done, self.told), (["resume", "abort"], []))
        self.connection.lost(None)

    def test_unsayable(self) -> None:
        """
        A login that STOMP cannot say is not sent.
        """
        made = Connection(
            Session(None, "a\nb", "", 1.0),
            self.clock,
            lost=lambda *_: None,
            drained=lambda: None,
            complain=self.told.append,
        )
        far = Far()
        self.assertIn("line end", self.why(made.begin(far), BrokerRefused))
        self.assertEqual((far.sent, far.done), ([], ["abort"]))


class AskingTests(Connecting):
    """Requests and answers."""

    def setUp(self) -> None:
        """It is made."""
        super().setUp()
        self.let_in()

    def test_receipts(self) -> None:
        """
        Requests are done in any order.
        """
        first, second = (self.connection.ask("SEND", [("destination", "/queue/q")], b"x") for _ in "ab")
        self.assertEqual(
            self.far.taken(),
            ["SEND destination:/queue/q receipt:1 | x", "SEND destination:/queue/q receipt:2 | x"],
        )
        self.far.receipt(2)
        self.assertNoResult(first)
        self.successResultOf(second)
        self.far.receipt(1, 1, 7)
        self.successResultOf(first)

    def test_refused(self) -> None:
        """
        An error names the request; the others go on, with a broker that lets them.
        """
        send = "SEND", [("destination", "/queue/q")]
        first, second = (self.connection.ask(*send, what="/queue/q") for _ in "ab")
        self.far.says("ERROR", message="not yours", receipt_id="1")
        self.assertEqual(self.why(first, BrokerRefused), "the broker refuses /queue/q")
        self.far.receipt(2)
        self.successResultOf(second)
        self.assertEqual(self.told, ["the broker refuses /queue/q: not yours"])

    def test_guessed(self) -> None:
        """
        An error without a name is about the oldest request that it quotes; when the connection ends with it,
        the others know why, and those that come later.
        """
        named = "one", "two", "two"
        one, two, third = (self.connection.ask("SEND", [("destination", "/q")], about=[it]) for it in named)
        self.far.says("ERROR", b"no access to queue 'two' as everyone knows", message="access_refused")
        self.assertEqual(self.why(two, BrokerRefused), "the broker refuses it")
        self.assertNoResult(one)
        self.far.drop()
        lost = "the broker ended the connection"
        for asked in (one, third, self.connection.ask("SEND", [("destination", "/q")])):
            self.assertEqual(self.why(asked, BrokerLost), lost)
        said = "the broker refuses it: access_refused no access to queue 'two' as everyone knows"
        self.assertEqual(self.told, [said, ("lost", lost)])

    def test_nobody_meant(self) -> None:
        """
        An error about nothing that is known goes to the log; it does not explain a loss long after.
        """
        asked = self.connection.ask("SEND", [("destination", "/q")], about=["one"])
        self.far.says("ERROR", message="one is not quoted")
        self.assertNoResult(asked)
        self.clock.advance(60)
        self.far.abort()
        self.assertEqual(self.why(asked, BrokerLost), "the connection to the broker was lost")
        self.assertEqual(
            self.told,
            [
                "the broker refuses something: one is not quoted",
                ("lost", "the connection to the broker was lost"),
            ],
        )

    def test_unsayable(self) -> None:
        """
        A request that is refused here is not sent, nor what was to be sent with it.
        """
        asked = self.connection.ask("SEND", [("v", "\r")])
        self.assertIn("carriage return", self.why(asked, BrokerRefused))
        good, bad = ("ACK", [("message-id", "1")], b""), ("ACK", [("message-id", "\r")], b"")
        self.assertRaises(BrokerRefused, self.connection.tell, good, bad)
        self.assertEqual(self.far.sent, [])

    def test_listening(self) -> None:
        """
        Messages go to who listens to their subscription, until it does not.
        """
        heard: list[bytes] = []
        self.connection.listen("7", lambda frame: heard.append(frame.body))
        for subscription in ("7", "8"):
            self.far.delivers("x", 1, subscription)
        self.connection.leave("7")
        self.far.delivers("y", 2, "7")
        self.assertEqual(heard, [b"x"])

    def test_violation(self) -> None:
        """
        A broker that breaks the protocol is lost; the log says how.
        """
        asked = self.connection.ask("SEND", [("destination", "/q")])
        self.far.receiver.received(b"HELLO\n\n\0", 2)
        self.assertEqual(self.why(asked, BrokerLost), "the broker broke the protocol")
        self.assertEqual(len(self.told), 2)
        self.assertRegex(self.told[0], "^the broker broke the protocol: backend byte .*unknown command HELLO")
        self.assertEqual(self.told[1], ("lost", "the broker broke the protocol"))

    def test_ended(self) -> None:
        """
        When the broker sends no more, the connection is lost.
        """
        self.far.receiver.ended()
        self.assertEqual(self.told, [("lost", "the connection to the broker was lost")])

    def test_failed(self) -> None:
        """
        So it is when the carrier fails.
        """
        self.far.receiver.failed(ValueError())
        self.assertEqual(self.told, [("lost", "the connection to the broker was lost")])


class RoomTests(Connecting):
    """When nobody should send more."""

    def test_congested(self) -> None:
        """
        While bytes wait to be sent.
        """
        self.let_in()
        self.far.receiver.congested()
        self.assertFalse(self.connection.room())
        self.far.receiver.drained()
        self.assertTrue(self.connection.room())
        self.assertEqual(self.told, ["drained"])

    def test_unanswered(self) -> None:
        """
        While too many requests wait for their answer; half of them answered is enough.
        """
        self.patch(connection, "MOST_ASKED", 4)
        self.let_in()
        for _ in range(4):
            self.assertTrue(self.connection.room())
            self.connection.ask("SEND", [("destination", "/q")])
        self.far.receiver.congested()
        self.far.receipt(1)
        self.far.receiver.drained()
        self.assertFalse(self.connection.room())
        self.far.receipt(2)
        self.assertTrue(self.connection.room())
        self.assertEqual(self.told, ["drained"])


class HeartBeatTests(Connecting):
    """Silence."""

    def test_ours(self) -> None:
        """
        The broker hears something in the time that was agreed on, and nothing that need not be.
        """
        self.let_in(heart_beat="0,10000")
        for _ in range(4):
            self.clock.advance(5)
        self.assertEqual(self.far.taken(), ["beat"] * 4)
        self.clock.advance(4)
        self.connection.ask("SEND", [("destination", "/q")])
        self.clock.advance(1)
        self.assertEqual(len(self.far.taken()), 1)
        self.clock.advance(5)
        self.assertEqual(self.far.taken(), ["beat"])

    def test_theirs(self) -> None:
        """
        A broker that is silent for longer is lost; anything that it says will do.
        """
        self.let_in(heart_beat="10000,0")
        for _ in range(5):
            self.clock.advance(10)
            self.far.receiver.received(b"\n", 2)
        self.clock.advance(10)
        self.clock.advance(10)
        self.assertEqual(self.told, [])
        self.clock.advance(10)
        self.assertEqual(self.told, [("lost", "the broker has said nothing for 30 seconds")])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_none(self) -> None:
        """
        A broker that wants none, nothing happens.
        """
        self.let_in(RABBITMQ, heart_beat="0,0")
        self.assertEqual(self.clock.getDelayedCalls(), [])


class ClosingTests(Connecting):
    """The end in good order."""

    def test_closed(self) -> None:
        """
        What was asked is answered, then DISCONNECT is, then the connection is closed; that is no loss.
        """
        self.let_in(heart_beat="10000,10000")
        asked = self.connection.ask("SEND", [("destination", "/q")])
        closed, again = self.connection.close(), self.connection.close()
        self.assertEqual(self.far.taken(), ["SEND destination:/q receipt:1", "DISCONNECT receipt:2"])
        self.assertIn("is closed", self.why(self.connection.ask("SEND", []), BrokerLost))
        self.connection.tell(("ACK", [("message-id", "1")], b""))
        self.far.receipt(1)
        self.successResultOf(asked)
        self.assertNoResult(closed)
        self.far.receipt(2)
        for each in (closed, again, self.connection.close()):
            self.successResultOf(each)
        self.assertEqual((self.far.taken(), self.far.done[1:], self.told), ([], ["drop"], []))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_unanswered(self) -> None:
        """
        A broker that does not answer has five seconds.
        """
        self.let_in()
        closed = self.connection.close()
        self.clock.advance(5)
        self.successResultOf(closed)
        self.assertEqual((self.far.done[1:], self.told), (["drop"], []))

    def test_lost_meanwhile(self) -> None:
        """
        One that closes at DISCONNECT without a receipt is closed.
        """
        self.let_in()
        closed = self.connection.close()
        self.far.drop()
        self.successResultOf(closed)
        self.assertEqual(self.told, [])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_early(self) -> None:
        """
        One that is not made yet lets go.
        """
        closed = self.connection.close()
        self.failureResultOf(self.made, BrokerLost)
        self.successResultOf(closed)
