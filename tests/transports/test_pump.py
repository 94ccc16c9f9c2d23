"""Tests for L{kaazing.transports.pump}, over real sockets: the same sessions, and when it is taken."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

from twisted.internet import tcp

from kaazing.interfaces.adapters import Kind
from kaazing.transports import ws
from kaazing.transports.tcp import StreamChannel
from kaazing.wire.native import SPEEDUPS
from tests.transports.echoes import EchoTests
from tests.transports.endings import ProxyTests
from tests.transports.paths import ProxyCase
from tests.transports.scenes import BINARY, PING, PONG, TEXT, SceneTestCase, close
from tests.transports.wires import given_away
from tests.wire.framing import raw

if TYPE_CHECKING or SPEEDUPS:
    from kaazing._speedups import BackPump, EchoPump, FrontPump


class PumpProxyTests(ProxyTests, SceneTestCase):
    """A stream backend, pumped."""

    path = "pump"
    loopback = True


class PumpEchoTests(EchoTests, SceneTestCase):
    """The echo service, pumped."""

    path = "pump"
    loopback = True


class LaneProxyTests(ProxyTests, SceneTestCase):
    """A stream backend over the same sockets, by the native lane."""

    path = "lane"
    loopback = True


class PumpTestCase(ProxyCase, SceneTestCase):
    """Pumped sessions whose ordinary path is watched.

    Attributes:
        ordinary: what took the ordinary path: "front" and "back" for where it came from.
    """

    path = "pump"
    loopback = True

    def setUp(self) -> None:
        """Watch."""
        super().setUp()
        self.ordinary: list[str] = []
        for channel, name in ((ws.Socket, "front"), (StreamChannel, "back")):
            self.patch(channel, "dataReceived", self._watched(channel.dataReceived, name))

    def _watched(self, received: Callable[[Any, bytes], None], name: str) -> Callable[[Any, bytes], None]:
        def watched(channel: Any, data: bytes) -> None:
            self.ordinary.append(name)
            received(channel, data)

        return watched

    def kinds(self) -> tuple[type, type]:
        """What reads from the two ends."""
        return type(self.front.transport.doRead), type(self.back.transport.doRead)


class TakenTests(PumpTestCase):
    """When the pump is taken, and when the ordinary path is."""

    def test_all_of_it(self) -> None:
        """
        Data takes no step in Python.
        """
        self.join()
        self.assertEqual(self.kinds(), (FrontPump, BackPump))
        stream = Random(1).randbytes(300_000)
        for start in range(0, len(stream), 1000):
            self.browser.say((BINARY, stream[start : start + 1000]))
        self.backend_has(stream)
        self.backend.send(stream)
        self.net.until(lambda: len(self.browser.stream) == len(stream))
        self.assertTrue(self.browser.stream == stream)
        self.assertEqual(self.ordinary, [])

    def test_control_frame(self) -> None:
        """
        A control frame takes the ordinary path, with what follows it in the same read; then the pump goes on.
        """
        self.join()
        self.browser.say((BINARY, b"a"))
        self.backend_has(b"a")
        self.browser.say((BINARY, b"b"), (PING, b"?"), (BINARY, b"c"))
        self.browser_hears((PONG, b"?"))
        self.backend_has(b"abc")
        self.assertEqual(self.ordinary, ["front"])
        self.browser.say((BINARY, b"d"))
        self.backend.send(b"e")
        self.backend_has(b"abcd")
        self.browser_hears((PONG, b"?"), (BINARY, b"e"))
        self.assertEqual(self.ordinary, ["front"])

    def test_cut_control_frame(self) -> None:
        """
        So does each part of one that comes in pieces, inside a message that comes in pieces.
        """
        self.join()
        pieces = raw(2, b"ab", final=False), raw(9, b"??")[:3], raw(9, b"??")[3:], raw(0, b"cd")
        for piece in pieces:
            self.browser.say_raw(piece)
            self.net.turn()
        self.browser_hears((PONG, b"??"))
        self.backend_has(b"abcd")
        self.assertEqual(self.ordinary, ["front", "front"])

    def test_slow_end(self) -> None:
        """
        While bytes wait for an end the ordinary path holds the other; when they are out the pump goes on.
        """
        self.net.buffer = 64 * 1024
        self.join(bound=1000)
        stream = Random(1).randbytes(1_000_000)
        for slow, send, got in (
            (self.browser.far, self.backend.send, lambda: self.browser.stream),
            (self.backend, lambda data: self.browser.say((BINARY, data)), lambda: bytes(self.backend.got)),
        ):
            slow.block()
            for start in range(0, len(stream), 1000):
                send(stream[start : start + 1000])
            self.net.until(lambda: self.held())
            slow.unblock()
            self.net.until(lambda got=got: len(got()) >= len(stream))  # type: ignore[misc]
            self.assertTrue(got() == stream)
            self.assertEqual(self.kinds(), (FrontPump, BackPump))
            self.ordinary.clear()
            send(b"more")
            self.net.until(lambda got=got: got()[len(stream) :] == b"more")  # type: ignore[misc]
            self.assertEqual(self.ordinary, [])

    def held(self) -> bool:
        """Whether one of the two ends is not read."""
        readers = self.net.reactor.getReaders()  # type: ignore[attr-defined]
        return self.front.transport not in readers or self.back.transport not in readers

    def test_after_the_end(self) -> None:
        """
        When an end has sent all, the ordinary path takes what the other still says.
        """
        self.join()
        self.backend.fin()
        self.browser_hears(close(1000))
        self.assertNotIn("doRead", self.front.transport.__dict__)
        self.browser.say((BINARY, b"one more"))
        self.backend_has(b"one more")
        self.assertEqual(self.ordinary, ["front"])

    def test_echo(self) -> None:
        """
        An echo is pumped too.
        """
        browser, front = self.scene.front()
        self.scene.house.loop("echo", front, 2)
        self.assertIs(type(front.transport.doRead), EchoPump)
        browser.say((TEXT, b"a"), (BINARY, b"b"))
        self.net.until(lambda: len(browser.heard) == 4)
        self.assertEqual((browser.heard, self.ordinary), ([(TEXT, b"a")] * 2 + [(BINARY, b"b")] * 2, []))

    def test_ended_early(self) -> None:
        """
        No pump is made for a browser whose Close, or violation, came right behind its request.
        """
        for early in (raw(8), raw(3)):
            self.join(early)
            self.assertNotIn("doRead", self.front.transport.__dict__)


class NotTakenTests(PumpTestCase):
    """Sessions that the pump is not for."""

    def ordinary_between(self, front: Any, back: Any, kind: Kind = Kind.BINARY) -> None:
        """Join, and see that nothing is pumped."""
        self.scene.house.join("gate", front, back, kind)
        for channel in (front, back):
            self.assertNotIn("doRead", channel.transport.__dict__)

    def test_text(self) -> None:
        """
        Text made of a stream, which must not be cut inside a character.
        """
        self.ordinary_between(self.scene.front()[1], self.scene.tcp_back()[1], Kind.TEXT)

    def test_other_ends(self) -> None:
        """
        A front that is no WebSocket; a back that is one.
        """
        self.ordinary_between(self.scene.tcp_back()[1], self.scene.tcp_back()[1])
        self.ordinary_between(self.scene.front()[1], self.scene.ws_back()[1])

    def test_stock_connections(self) -> None:
        """
        Connections of any other reactor, or with TLS inside, at either end; for an echo too.
        """
        for stock in ("front", "back"):
            (_, front), (_, back) = self.scene.front(), self.scene.tcp_back()
            channel: Any = front if stock == "front" else back
            channel.transport.__class__ = tcp.Server
            self.ordinary_between(front, back)
        _, front = self.scene.front()
        front.transport.__class__ = tcp.Server
        self.scene.house.loop("echo", front, 1)
        self.assertNotIn("doRead", front.transport.__dict__)

    def test_switched_off(self) -> None:
        """
        Anything, when KAAZING_LANE says so.
        """
        self.patch(ws, "LANE", "lane")
        self.ordinary_between(self.scene.front()[1], self.scene.tcp_back()[1])


class ReuseTests(PumpTestCase):
    """Descriptors that are closed, and their numbers given to strangers at once."""

    def setUp(self) -> None:
        """Give each number that is freed to a connection which nobody knows, and call the pumps then."""
        super().setUp()
        self.calls: list[Any] = []
        self.strangers: list[socket.socket] = []
        close_socket = tcp.Connection._closeSocket

        def closed(connection: Any, orderly: bool) -> None:
            number = connection.fileno()
            far = given_away(connection, lambda: close_socket(connection, orderly))
            far.send(b"a stranger's")
            self.strangers.append(far)
            for call in self.calls:
                self.assertIs(call(), None)
            self.addCleanup(far.close)
            self.addCleanup(os.close, number)

        self.patch(tcp.Connection, "_closeSocket", closed)

    def assert_left_alone(self) -> None:
        """The strangers have received nothing, and what they sent was not taken."""
        self.net.until(lambda: len(self.strangers) == 2)
        for far in self.strangers:
            self.assertRaises(BlockingIOError, far.recv, 1)
        self.assertNotIn(b"stranger", bytes(self.backend.got) + bytes(self.browser.far.got))
        self.strangers.clear()

    def pumped(self) -> None:
        """Join."""
        self.join()
        self.calls = [self.front.transport.doRead, self.back.transport.doRead]

    def both_talk(self) -> None:
        """Have both ends say something, unread yet."""
        self.browser.say((BINARY, b"from the browser"), (PING, b""))
        self.backend.send(b"from the backend")

    def test_any_end(self) -> None:
        """
        However a session ends, and with whatever still on its way, nothing is read from or written to
        who has the numbers now.
        """
        for end in ("reset", "fin", "violation", "leave", "both"):
            for side in ("browser", "backend"):
                self.pumped()
                self.both_talk()
                if end == "violation":
                    self.browser.say_raw(raw(3))
                elif end == "leave":
                    self.scene.sessions.leave()
                elif end == "both":
                    self.browser.far.reset()
                    self.backend.reset()
                else:
                    getattr(self.browser.far if side == "browser" else self.backend, end)()
                self.finish(end)
                self.assert_left_alone()

    def finish(self, end: str) -> None:
        """Have the ends that are left say more, then close."""
        self.net.turn()
        for far in (self.browser.far, self.backend):
            if far.end != "reset":
                far.send(raw(2, b"more") if far is self.browser.far else b"more")
                self.net.turn()
                far.fin()
        self.net.clock.pump([0.5] * 12)

    def test_in_the_same_round(self) -> None:
        """
        Events of both ends in one round of the loop: the second one's is nobody's when the first ended
        the session.
        """
        for side in ("browser", "backend"):
            self.pumped()
            first = self.browser.far if side == "browser" else self.backend
            first.reset()
            self.both_talk_but(first)
            self.net.turn()
            self.finish("reset")
            self.assert_left_alone()

    def both_talk_but(self, gone: Any) -> None:
        """Have the end that is not C{gone} say something."""
        if gone is self.backend:
            self.browser.say((BINARY, b"to nobody"))
        else:
            self.backend.send(b"to nobody")
