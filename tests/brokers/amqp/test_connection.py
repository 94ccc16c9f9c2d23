"""Pika's connection on one of the gateway's channels."""

from __future__ import annotations

from typing import Any

from pika import spec
from pika.adapters.twisted_connection import TwistedChannel, TwistedProtocolConnection
from pika.frame import Heartbeat
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from kaazing.brokers.amqp.connection import CHUNK, Connection, parameters
from kaazing.errors import BrokerLost, BrokerRefused, ConnectError
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.channels import IReceiver
from tests.brokers.amqp.far import FarTestCase

LOST = "the connection to the broker is lost"
BEAT = Heartbeat().marshal()


class ConnectionTests(FarTestCase):
    def begun(self) -> Connection:
        """Return a connection that is not let in yet."""
        params = parameters("/", None, False, "gateway")
        return Connection(self.far, params, self.clock, self.told.append)

    def test_promises(self) -> None:
        """
        It is the receiver of its channel, and knows the broker's name.
        """
        connection = self.connection()
        verifyObject(IReceiver, connection)
        self.assertEqual((connection.peer, connection.connected), ("Far 1", True))

    def test_pika_has_what_we_use_of_it(self) -> None:
        """
        Pika has the names that it does not promise and that are used here.
        """
        pika = TwistedProtocolConnection(parameters("/", None, False, "gateway"), custom_reactor=self.clock)
        impl: Any = pika._impl
        self.assertTrue(callable(pika._on_connection_failed) and callable(impl.channel))
        self.assertIsNone(impl._error)
        raw: Any = type("Raw", (), {"__getattr__": lambda self, name: lambda *_: None})()
        self.assertIs(TwistedChannel(raw)._channel, raw)

    def test_logins(self) -> None:
        """
        Who the gateway is at the broker: by name, by its certificate, or RabbitMQ's guest.
        """
        login = Login(username="ann", password="secret")
        table = (
            (login, False, ("ann", "secret")),
            (login, True, ("ann", "secret")),
            (None, False, ("guest", "guest")),
            (None, True, "EXTERNAL"),
            (Login(username="", mechanism="EXTERNAL"), True, "EXTERNAL"),
        )
        for given, secure, expected in table:
            found = parameters("/shop", given, secure, "gateway").credentials
            who = (found.username, found.password) if found.TYPE == "PLAIN" else found.TYPE
            self.assertEqual(who, expected)

    def test_one_write(self) -> None:
        """
        What is said in one turn of the reactor is one write; much of it does not wait for the turn's end.
        """
        connection = self.connection()
        before = self.far.writes
        for _ in range(3):
            connection.write(BEAT)
        self.assertEqual(self.far.writes - before, 0)
        self.clock.advance(0)
        self.assertEqual(self.far.writes - before, 1)
        for _ in range(CHUNK // len(BEAT)):
            connection.write(BEAT)
        self.assertEqual(self.far.writes - before, 2)
        self.clock.advance(0)
        self.assertEqual(self.far.writes - before, 2)

    def test_lost_within_a_turn(self) -> None:
        """
        What is said when the connection is lost, or afterwards, is not written, and nothing waits for it.
        """
        connection = self.connection()
        before = self.far.writes
        connection.write(BEAT)
        self.far.cut()
        connection.write(BEAT)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.far.writes, before)

    def test_refused(self) -> None:
        """
        A login, a virtual host and a limit that is reached are different errors; only the last may pass.
        """
        for step, code, text, error, why in (
            ("StartOk", 403, "ACCESS_REFUSED", BrokerRefused, "the broker refuses the login"),
            (
                *("Open", 530, "NOT_ALLOWED - vhost x not found", BrokerRefused),
                "the broker does not let this login into the virtual host, or has none such",
            ),
            (
                *("Open", 530, "connection limit (1) is reached", BrokerLost),
                "the broker ended the connection before it was ready: 530 connection limit (1) is reached",
            ),
        ):
            self.setUp()
            self.far.refusal[step] = spec.Connection.Close(code, text, 0, 0)
            connection = self.begun()
            self.far.turn()
            self.fails(connection.ready, error, why)
            self.assertEqual(self.told, [])

    def test_lost_early(self) -> None:
        """
        A connection that ends before the broker has let it in was not refused.
        """
        connection = self.begun()
        self.far.cut(ConnectError("gone"))
        why = "the broker ended the connection before it was ready: gone"
        self.fails(connection.ready, BrokerLost, why)
        self.fails(connection.open(), BrokerLost, LOST)

    def test_lost(self) -> None:
        """
        A connection that was ready says once that it is gone; why, says the log.
        """
        connection, gone = self.connection(), list[str]()
        connection.gone = lambda why: gone.append(str(why))
        self.far.mute.add("Channel.Open")
        opening = connection.open()
        self.far.tell(0, spec.Connection.Close(320, "CONNECTION_FORCED - shutdown", 0, 0))
        self.far.turn()
        self.fails(opening, BrokerLost, LOST)
        self.assertEqual((gone, self.told), ([LOST], [f"{LOST}: 320 CONNECTION_FORCED - shutdown"]))
        self.assertFalse(connection.connected)

    def test_no_amqp(self) -> None:
        """
        A broker that does not speak AMQP is hung up on, whatever it says.
        """
        for said in (
            b"\x01\x00\x00\x00\x00\x00\x00\xcd",
            b"\x01\x00\x00\x00\x00\x00\x04\x00\x01\x00\x01\xce",
            b"\xff" * 20,
        ):
            self.setUp()
            connection = self.connection()
            connection.received(said, 2)
            self.far.turn()
            self.assertIn(f"{LOST}: the broker breaks the rules of AMQP", self.told[0])

    def test_silence(self) -> None:
        """
        A broker that says nothing, not even heart-beats, is given up.
        """
        self.connection()
        for _ in range(20):
            self.clock.advance(10)
            self.far.turn()
        self.assertEqual(len(self.told), 1)
        self.assertIn(LOST, self.told[0])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_room(self) -> None:
        """
        There is no room while the channel is congested, or the broker has none; the log tells of the latter.
        """
        connection, roomy = self.connection(), list[bool]()
        connection.roomy = lambda: roomy.append(connection.room())
        connection.congested()
        self.far.tell(0, spec.Connection.Blocked("low on memory"))
        self.far.turn()
        connection.drained()
        self.assertEqual((connection.room(), roomy), (False, []))
        self.far.tell(0, spec.Connection.Unblocked())
        self.far.turn()
        self.assertEqual((connection.room(), roomy), (True, [True]))
        self.assertEqual(
            self.told, ["the broker takes no messages for now", "the broker takes messages again"]
        )

    def test_close(self) -> None:
        """
        Closing tells the broker, fires when the connection is gone, and is no loss.
        """
        connection = self.connection()
        connection.gone = self.told.append
        opened = connection.open()
        self.far.turn()
        self.successResultOf(opened)
        closed = connection.close()
        self.assertIs(connection.close(), closed)
        self.assertFalse(connection.connected)
        self.said("1 Channel.Close 200 Normal shutdown")
        self.successResultOf(closed)
        self.assertEqual(self.told, [])

    def test_abort(self) -> None:
        """
        A connection that is not let in yet is closed at once.
        """
        connection = self.begun()
        closed: Deferred[None] = connection.close()
        self.far.turn()
        self.successResultOf(closed)
        self.failureResultOf(connection.ready, BrokerLost)

    def test_no_more_channels(self) -> None:
        """
        More channels than the broker allows are refused.
        """
        connection = self.connection()
        opened = [connection.open() for _ in range(2047)]
        self.fails(connection.open(), BrokerRefused, "the broker allows no more channels on its connection")
        self.far.turn()
        self.assertEqual(len(self.succeed(opened)), 2047)
