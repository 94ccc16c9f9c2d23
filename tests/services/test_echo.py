"""Service type echo: whatever comes goes back."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.interfaces.services import IService, IServiceType, Visit, Welcome
from kaazing.services.echo import EchoType
from tests.running import GatewayTestCase, close, service
from tests.services.house import Line, NotedHouse


class EchoTests(SynchronousTestCase):
    def test_promises(self) -> None:
        """
        It keeps the promises of a service type and of a service.
        """
        made = EchoType()
        verifyObject(IServiceType, made)
        verifyObject(IService, made.service(service("x", "echo", "ws://localhost:1/"), NotedHouse()))
        self.assertEqual(list(made.check(service("x", "echo"))), [])
        self.assertEqual(made.descriptors(service("x", "echo")), (1, 0))

    def test_repeat(self) -> None:
        """
        repeat says how often each message comes back, from 1 to 100.
        """
        (repeat,) = EchoType().options
        self.assertEqual([repeat.default, repeat.read("1"), repeat.read("100")], [1, 1, 100])
        for text in ("0", "101", "-1", "x", ""):
            self.assertRaises(ValueError, repeat.read, text)

    def test_speaks_anything(self) -> None:
        """
        It speaks whatever the client offers first.
        """
        house = NotedHouse()
        echo = EchoType().service(service("x", "echo", properties={"repeat": 3}), house)
        self.assertEqual(echo.invite(Visit(peer="p", subprotocols=("b", "a"))), Welcome("b"))
        self.assertEqual(echo.invite(Visit(peer="p")), Welcome(None))
        line = Line()
        echo.accepted(line, Welcome())
        self.assertEqual(house.looped, [("x", line, 3)])


class EchoingTests(GatewayTestCase):
    """In a gateway."""

    def test_messages(self) -> None:
        """
        Messages come back whole, in order, of the kind they came in.
        """
        self.start(service("echo", "echo", "ws://localhost:8000/"))
        client = self.browse("/", "Sec-WebSocket-Protocol: chat, other")
        self.assertEqual(client.fields["sec-websocket-protocol"], "chat")
        said = [(1, b"text"), (2, b"\xff binary"), (1, b""), (9, b"ping"), (1, b"last")]
        client.say_frames(*said)
        self.network.settle()
        self.assertEqual(client.frames, [(10, b"ping") if frame[0] == 9 else frame for frame in said])
        client.say_frames(close(1000, b"bye"))
        self.network.settle()
        self.assertEqual(client.frames[-1], close(1000, b"bye"))
        self.assertIsNotNone(client.ended)

    def test_repeated(self) -> None:
        """
        Each message comes back as often as the service says.
        """
        self.start(service("echo", "echo", "ws://localhost:8000/", properties={"repeat": 3}))
        client = self.browse("/")
        client.say_frames((1, b"one"), (1, b"two"))
        self.network.settle()
        self.assertEqual(client.frames, [(1, b"one")] * 3 + [(1, b"two")] * 3)

    def test_stream(self) -> None:
        """
        Over TCP the bytes come back, and the end.
        """
        self.start(service("echo", "echo", "tcp://127.0.0.1:8000"))
        client = self.call()
        client.say(b"hello")
        self.network.settle()
        client.transport.loseWriteConnection()
        self.network.settle()
        self.assertEqual(client.heard, b"hello")
        self.assertIsNotNone(client.ended)

    def test_too_long(self) -> None:
        """
        A message over the limit closes with 1009, and the log says whose and why.
        """
        self.start(service("echo", "echo", "ws://localhost:8000/"))
        client = self.browse("/")
        client.say_frames((1, b"fine"), (2, b"x" * (128 * 1024 + 1)))
        self.network.settle()
        self.assertEqual([client.frames[0], client.frames[1][1][:2]], [(1, b"fine"), b"\x03\xf1"])
        (said,) = self.said
        self.assertRegex(said, r"^service echo: client 192\.0\.2\.1:5000: client byte \d+: .*131072 ")
