"""Tests for L{kaazing.transports.ws}: a WebSocket connection as a channel."""

from __future__ import annotations

from typing import Any

from autobahn.twisted.websocket import WebSocketClientProtocol, WebSocketServerProtocol
from autobahn.wamp.types import TransportDetails
from autobahn.websocket.protocol import TrafficStats, WebSocketProtocol
from autobahn.websocket.utf8validator import Utf8Validator
from twisted.internet.defer import Deferred
from zope.interface import implementer
from zope.interface.verify import verifyObject

from kaazing.interfaces.adapters import Kind
from kaazing.interfaces.channels import IChannel, IReceiver
from kaazing.transports.handshakes import ServerSocket
from kaazing.transports.ws import OPEN
from tests.transports.scenes import BINARY, PING, PONG, TEXT, Scene, SceneTestCase, Speaker, close
from tests.wire.framing import raw


@implementer(IReceiver)
class Hearing:
    """Writes down what it hears of a channel."""

    def __init__(self, channel: Any) -> None:
        self.heard: list[Any] = []
        channel.receiver = self

    def received(self, data: bytes, kind: int) -> None:
        self.heard.append((kind, data))

    def ended(self) -> None:
        self.heard.append("ended")

    def failed(self, why: Exception) -> None:
        self.heard.append(f"failed: {why}")

    def lost(self, why: Exception | None) -> None:
        self.heard.append(f"lost: {why}")

    def congested(self) -> None:
        self.heard.append("congested")

    def drained(self) -> None:
        self.heard.append("drained")


class ChannelTestCase(SceneTestCase):
    """A browser and its channel."""

    def front(self, early: bytes = b"", scene: Scene | None = None) -> Hearing:
        """Let a browser in; returns the receiver of its channel, which is not resumed."""
        self.browser: Speaker
        self.channel: ServerSocket
        self.browser, self.channel = (scene or self.scene).front(early)
        return Hearing(self.channel)

    def open(self, early: bytes = b"", **more: Any) -> Hearing:
        """Let a browser in, and resume its channel."""
        hearing = self.front(early, Scene(self.net, **more))
        self.channel.resume()
        return hearing

    def hears(self) -> list[tuple[int, bytes]]:
        """What the browser hears."""
        self.net.turn()
        return self.browser.heard


class ChannelTests(ChannelTestCase):
    """What a service has of it."""

    def test_promises(self) -> None:
        """
        Both kinds of sockets are channels.
        """
        self.front()
        _, back = self.scene.ws_back()
        for channel in (self.channel, back):
            verifyObject(IChannel, channel)
            self.assertEqual((channel.open, channel.messages), (True, True))
        self.assertEqual(self.channel.peer, "192.0.2.1:5000")

    def test_kinds(self) -> None:
        """
        Messages go out of the kind they are said to be; of kind AUTO as text where they are UTF-8.
        """
        self.open()
        self.channel.send(b"a", Kind.TEXT)
        self.channel.send(b"b", Kind.BINARY)
        self.channel.send_all([b"c", b"", b"\xff"], Kind.AUTO)
        wanted = [(TEXT, b"a"), (BINARY, b"b"), (TEXT, b"c"), (TEXT, b""), (BINARY, b"\xff")]
        self.assertEqual(self.hears(), wanted)

    def test_one_write(self) -> None:
        """
        Several messages are one write.
        """
        self.open()
        before = self.browser.far.sends  # type: ignore[attr-defined]
        self.channel.send_all([b"x"] * 1000, Kind.TEXT)
        self.assertEqual(self.browser.far.sends - before, 1)  # type: ignore[attr-defined]

    def test_bound(self) -> None:
        """
        The receiver hears when more than the bound waits to be sent, and when it is out.
        """
        hearing = self.front()
        self.channel.bound = 100
        self.channel.resume()
        self.browser.far.block()
        self.channel.send(b"x" * 98, Kind.TEXT)
        self.assertEqual(hearing.heard, [])
        self.channel.send(b"", Kind.TEXT)
        self.assertEqual(hearing.heard, ["congested"])
        self.browser.far.unblock()
        self.assertEqual((len(self.hears()), hearing.heard), (2, ["congested", "drained"]))

    def test_hold(self) -> None:
        """
        A channel that is held is not read; resumed, it goes on where it was.
        """
        hearing = self.open()
        self.browser.say((TEXT, b"a"))
        self.net.turn()
        self.channel.hold()
        self.browser.say((TEXT, b"b"))
        self.net.turn()
        self.assertEqual(hearing.heard, [(TEXT, b"a")])
        self.channel.resume()
        self.net.turn()
        self.assertEqual(hearing.heard, [(TEXT, b"a"), (TEXT, b"b")])

    def test_held_by_early_bytes(self) -> None:
        """
        What came with the handshake may lead to a hold.
        """
        hearing = self.front(raw(TEXT, b"early"))

        def received(data: bytes, kind: int) -> None:
            hearing.heard.append(data)
            self.channel.hold()

        hearing.received = received  # type: ignore[method-assign]
        self.channel.resume()
        self.browser.say((TEXT, b"held"))
        self.net.turn()
        self.assertEqual(hearing.heard, [b"early"])

    def test_deciphered_while_held(self) -> None:
        """
        What TLS had deciphered already when the channel was held is kept for the first resume.
        """
        hearing = self.front(raw(TEXT, b"a")[:3])
        self.channel.dataReceived(raw(TEXT, b"a")[3:])
        self.channel.dataReceived(raw(TEXT, b"b"))
        self.assertEqual(hearing.heard, [])
        self.channel.resume()
        self.assertEqual(b"".join(data for _, data in hearing.heard), b"ab")


class LatencyTests(ChannelTestCase):
    """How long a ping takes."""

    def test_latency(self) -> None:
        """
        It is the time from the last ping to its pong; a pong that nobody asked for does not count, and
        nothing of it is kept for a channel that was never pinged.
        """
        self.open(inactivity=10.0)
        self.browser.say((PONG, b""))
        self.net.turn()
        self.assertEqual((self.channel.latency, "latency" in vars(self.channel)), (None, False))
        for latency in (0.25, 1.5):
            while self.hears()[-1:] != [(PING, b"")]:
                self.net.clock.advance(0.5)
            self.browser.heard.clear()
            self.net.clock.advance(latency)
            for _ in range(2):
                self.browser.say((PONG, b""))
                self.net.turn()
                self.assertEqual(self.channel.latency, latency)
                self.net.clock.advance(0.25)


class AutobahnLatencyTests(LatencyTests):
    """The same through Autobahn alone."""

    path = "off"


class CloseTests(ChannelTestCase):
    """How it ends."""

    def test_nothing_after_a_close(self) -> None:
        """
        After our Close nothing is sent: no message, no second Close, no pong.
        """
        self.open()
        self.channel.finish(1000, "enough")
        self.channel.send(b"late", Kind.TEXT)
        self.channel.finish(1001)
        self.channel.drop()
        self.browser.say((PING, b"?"))
        self.assertEqual((self.hears(), self.channel.open), ([close(1000, b"enough")], False))

    def test_the_last_words_before_it(self) -> None:
        """
        What comes between our Close and its answer is still heard, then the end, then the loss.
        """
        hearing = self.open()
        self.channel.finish()
        self.browser.say((TEXT, b"last"), close(1000), (TEXT, b"unheard"))
        self.net.turn()
        self.assertEqual(hearing.heard, [(TEXT, b"last"), "ended", "lost: None"])
        self.assertEqual(self.browser.far.end, "fin")

    def test_held(self) -> None:
        """
        A channel that is held when it is finished hears the answer all the same.
        """
        hearing = self.open()
        self.channel.hold()
        self.channel.finish()
        self.browser.say(close(1000))
        self.net.turn()
        self.assertEqual((hearing.heard, self.browser.far.end), (["ended", "lost: None"], "fin"))

    def test_reason_too_long(self) -> None:
        """
        A reason is cut to what a Close may hold, where a character ends (RFC 6455 section 5.5).
        """
        self.open()
        self.channel.finish(1008, "ä" * 100)
        self.assertEqual(self.hears(), [close(1008, "ä".encode() * 61)])

    def test_answered_with_the_same(self) -> None:
        """
        A browser's Close is answered when the channel is finished, with what the browser said, whatever
        the service says; pings between them are not answered.
        """
        hearing = self.open()
        self.browser.say(close(4000, b"mine"), (PING, b"?"))
        self.assertEqual((self.hears(), hearing.heard), ([], ["ended"]))
        self.channel.send(b"still", Kind.TEXT)
        self.channel.finish(1011, "ours")
        self.assertEqual(self.hears(), [(TEXT, b"still"), close(4000, b"mine")])
        self.assertEqual((hearing.heard, self.browser.far.end), (["ended", "lost: None"], "fin"))

    def test_never_resumed(self) -> None:
        """
        A channel may be finished before it was ever resumed: the answer is heard, and nothing else.
        """
        hearing = self.front(raw(TEXT, b"early"))
        self.channel.finish(1011, "no backend")
        self.assertEqual(self.hears(), [close(1011, b"no backend")])
        self.channel.resume()  # by whoever had not heard of it
        self.browser.say((TEXT, b"x"), (PING, b"?"), close(1011))
        self.assertEqual(self.hears(), [close(1011, b"no backend")])
        self.assertEqual((hearing.heard[-2:], self.browser.far.end), (["ended", "lost: None"], "fin"))

    def test_answered_already(self) -> None:
        """
        The answer may have come before, with the early bytes.
        """
        self.front(raw(8, b"\x03\xe8"))
        self.channel.finish(1011)
        self.assertEqual((self.hears(), self.browser.far.end), ([close(1011)], "fin"))

    def test_lost(self) -> None:
        """
        A browser that goes without a Close is lost for a reason.
        """
        for leave in ("fin", "reset"):
            hearing = self.open()
            getattr(self.browser.far, leave)()
            self.net.turn()
            self.assertEqual(
                (hearing.heard, self.channel.open), (["lost: closed without a Close frame"], False)
            )
            self.channel.send(b"nobody", Kind.TEXT)
            self.channel.finish()
            self.channel.drop()
            self.net.turn()

    def test_aborted(self) -> None:
        """
        abort() says nothing more.
        """
        hearing = self.open()
        self.browser.far.block()
        self.channel.send(b"never sent", Kind.TEXT)
        self.browser.far.unblock()
        self.channel.abort()
        self.channel.send(b"neither", Kind.TEXT)
        self.assertEqual((self.hears(), self.browser.far.end), ([], "reset"))
        self.assertEqual(hearing.heard, ["lost: closed without a Close frame"])

    def test_no_timer_left(self) -> None:
        """
        Whatever way it ends, nothing stays on the wheel.
        """
        for end in ("reset", "fin", "close"):
            self.open(inactivity=10.0)
            if end == "close":
                self.channel.finish()
                self.browser.say(close(1000))
            else:
                getattr(self.browser.far, end)()
            self.net.turn()
            self.net.clock.advance(1)
            self.assertEqual(self.net.clock.getDelayedCalls(), [], end)


class AutobahnCloseTests(CloseTests):
    """The same through Autobahn alone."""

    path = "off"


class AutobahnChannelTests(ChannelTests):
    """The same through Autobahn alone."""

    path = "off"


ELSEWHERE = {
    "factory",
    "utf8validator",  # made where Autobahn reads data
    *("_valid_events", "_listeners", "_results", "_parent"),  # txaio's, for events that nobody fires
}
"""What Autobahn keeps for each connection that our class has not."""
KEPT = {"connected", "factory", "state", "transport", "websocket_protocol_in_use"}
"""What an open connection keeps of Autobahn's."""


class AutobahnTests(SceneTestCase):
    """What the class holds in place of what Autobahn would set on each connection."""

    def assert_same(self, held: Any, stock: Any, name: str) -> None:
        """One attribute has the same value, or an object that is as good."""
        if isinstance(stock, (Deferred, TrafficStats, TransportDetails)):
            self.assertIsInstance(held, type(stock), name)
        elif callable(stock):
            self.assertIs(held.__code__, stock.__code__, name)
        else:
            self.assertEqual(held, stock, name)

    def test_attributes(self) -> None:
        """
        Autobahn's own constructor and connectionMade set nothing that our sockets lack, or have with
        another value.
        """
        self.open_both()
        for autobahn, ours in ((WebSocketServerProtocol, self.front), (WebSocketClientProtocol, self.back)):
            stock, fresh = autobahn(), type(ours)()
            stock.factory = ours.factory
            WebSocketProtocol._connectionMade(stock)
            names = set(vars(stock)) - ELSEWHERE
            self.assertEqual([name for name in names if not hasattr(fresh, name)], [])
            for name in names:
                self.assert_same(getattr(fresh, name), vars(stock)[name], name)

    def open_both(self) -> None:
        """Set C{front} and C{back}."""
        _, self.front = self.scene.front()
        _, self.back = self.scene.ws_back()

    def test_by_autobahn_alone(self) -> None:
        """
        Where Autobahn reads everything, its own connectionMade has set what it needs.
        """
        self.path = "off"
        self.setUp()
        self.open_both()
        self.front.resume()
        self.assertIsInstance(self.front.utf8validator, Utf8Validator)
        self.assertEqual((self.front.state, self.front.lane), (OPEN, None))

    def test_little_kept(self) -> None:
        """
        An open connection that is idle keeps a handful of attributes, and none of the handshake's.
        """
        self.open_both()
        for channel in (self.front, self.back):
            channel.receiver = Hearing(channel)
            channel.resume()
            self.assertEqual(
                set(vars(channel)),
                {*KEPT, "lane", "receiver", "_held"},
            )
