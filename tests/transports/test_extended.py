"""Tests for L{kaazing.transports.extended}: a WebSocket by extended handshake as a channel."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.interfaces.adapters import Kind
from kaazing.interfaces.channels import IChannel, IReceiver
from tests.transports.doors import Ear, House
from tests.transports.originals import BINARY, CLOSE, PING, TEXT, Message, Original

CONTROL = b"\1\1\1\2"
TEXT_PING, TEXT_PONG = (TEXT, CONTROL + b"\x09\0"), (TEXT, CONTROL + b"\x0a\0")
BOTH = b"x-kaazing-ping-pong,x-kaazing-idle-timeout"


class ExtendedTestCase(SynchronousTestCase):
    """A client that has been let in."""

    def let_in(self, *early: Message, extensions: bytes = b"x-kaazing-ping-pong", **options: Any) -> None:
        """Let a client in; C{early} is said in one breath with its request."""
        self.house = House(extends=True, **options)
        self.client = Original(self.house, b"/chat")
        request = b"GET /chat HTTP/1.1\r\nSec-WebSocket-Extensions: " + extensions + b"\r\n\r\n"
        self.client.say((TEXT, request), *early)
        self.channel: Any
        (self.channel,) = self.house.host.guests

    def open(self, *early: Message, **options: Any) -> Ear:
        """Let a client in, and resume its channel."""
        self.let_in(*early, **options)
        return self.house.host.listen()

    @property
    def heard(self) -> list[Message]:
        """What the client has heard since it was let in."""
        return self.client.heard[1:]


class ChannelTests(ExtendedTestCase):
    """What a service has of it."""

    def test_promises(self) -> None:
        """
        It is a channel, and hears its socket.
        """
        self.let_in()
        verifyObject(IChannel, self.channel)
        verifyObject(IReceiver, self.channel)
        facts = (self.channel.open, self.channel.peer, self.channel.latency, self.channel.closed_with)
        self.assertEqual(facts, (True, "192.0.2.1:5000", None, (1000, "")))

    def test_early(self) -> None:
        """
        What comes before the channel is resumed waits, in order.
        """
        self.let_in((TEXT, b"a"), TEXT_PING, (BINARY, b"b"), (CLOSE, b""))
        self.assertEqual(self.heard, [TEXT_PONG])
        self.assertEqual(self.house.host.listen().heard, [b"a", b"b", "ended"])

    def test_empty(self) -> None:
        """
        Empty messages are for those who want whole messages.
        """
        for whole, heard in ((False, [b"x"]), (True, [b"", b"x", b""])):
            self.let_in((TEXT, b""))
            self.channel.whole = whole
            ear = self.house.host.listen()
            self.client.say((TEXT, b"x"), (BINARY, b""))
            self.assertEqual(ear.heard, heard)

    def test_held(self) -> None:
        """
        A receiver may hold the channel as soon as it hears something.
        """
        self.let_in((TEXT, b"a"))
        ear = Ear()
        ear.received = lambda data, kind: self.channel.hold()  # type: ignore[method-assign]
        self.channel.receiver = ear
        self.channel.resume()
        self.assertEqual(self.client.wire.producerState, "paused")
        self.channel.resume()
        self.assertEqual(self.client.wire.producerState, "producing")

    def test_bound(self) -> None:
        """
        The bound that the service sets counts, and what it hears of too much is passed on.
        """
        self.let_in()
        self.channel.bound = 1234
        ear = self.house.host.listen()
        self.assertEqual(self.client.wire.bufferSize, 1234)
        self.client.wire.overflow()
        self.client.say(TEXT_PING)
        self.client.wire.drain()
        self.assertEqual((ear.heard, self.heard), (["congested", "drained"], []))
        self.client.say(TEXT_PING)
        self.assertEqual(self.heard, [TEXT_PONG])

    def test_escaped(self) -> None:
        """
        The application's texts that begin like a ping pass both ways, with the extension and without.
        """
        own = CONTROL + b"mine"
        ear = self.open()
        self.client.say((TEXT, CONTROL), (TEXT, own))
        self.channel.send_all([own, b"x"], Kind.AUTO)
        self.assertEqual((ear.heard, self.heard), ([own], [(TEXT, CONTROL), (TEXT, own), (TEXT, b"x")]))
        ear = self.open(extensions=b"")
        self.client.say((TEXT, own))
        self.channel.send(own, Kind.TEXT)
        self.assertEqual((ear.heard, self.heard), ([own], [(TEXT, own)]))

    def test_violation(self) -> None:
        """
        A text that begins like a ping and is none is a violation; nothing behind it is heard.
        """
        ear = self.open()
        self.client.say((TEXT, b"good"), (TEXT, CONTROL + b"bad"), (TEXT, b"unheard"))
        self.client.wire.say(b"\xff\xff")
        good, fault = ear.heard
        wanted = "client byte 4: text that begins like a ping and is none, and is not escaped"
        self.assertEqual((good, fault), (b"good", f"{wanted} (x-kaazing-ping-pong)"))

    def test_frames(self) -> None:
        """
        So are frames that break the rules.
        """
        ear = self.open()
        self.client.wire.say(b"\xff\xff")
        self.assertEqual(len(ear.heard), 1)
        self.assertIn("RFC 6455", ear.heard[0])


class EndTests(ExtendedTestCase):
    """How it ends."""

    def test_finished(self) -> None:
        """
        A Close goes out, the answer is heard, then the loss; in the end nothing is on the wheel.
        """
        for finish in ("finish", "drop"):
            ear = self.open(inactivity=10.0, extensions=BOTH)
            getattr(self.channel, finish)()
            code = b"\x03\xe8" if finish == "finish" else b"\x03\xe9"
            self.client.say((CLOSE, code))
            self.client.wire.hang_up()
            self.house.wait(1)
            self.assertEqual((ear.heard, self.heard), (["ended", ("lost", None)], [(CLOSE, code)]))
            self.assertEqual((self.channel.open, self.channel.receiver), (False, None))
            self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_never_resumed(self) -> None:
        """
        A channel may be finished before it was ever resumed: of what came only the end is heard.
        """
        self.let_in((TEXT, b"a"))
        ear = self.channel.receiver = Ear()
        self.channel.finish(1011, "no backend")
        self.client.say((CLOSE, b"\x03\xf3"))
        self.client.wire.hang_up()
        self.assertEqual(
            (ear.heard, self.heard), (["ended", ("lost", None)], [(CLOSE, b"\x03\xf3no backend")])
        )

    def test_bad_close_before(self) -> None:
        """
        A Close that breaks the rules is a violation, whenever the service hears of it.
        """
        self.let_in((CLOSE, b"\0\1bad"))
        (fault,) = self.house.host.listen().heard[:1]
        self.channel.finish(1002, "no")
        self.assertIn("invalid close code 1", fault)
        self.assertEqual((self.heard, self.client.wire.fate), ([(CLOSE, b"\x03\xeano")], "closed"))

    def test_ended_before(self) -> None:
        """
        The client's Close may have come before; it is answered with the same.
        """
        self.let_in((TEXT, b"a"), (CLOSE, b"\x0f\xa0bye"))
        self.assertEqual(self.channel.closed_with, (4000, "bye"))
        ear = self.channel.receiver = Ear()
        self.channel.finish(1011)
        self.assertEqual((ear.heard, self.heard), (["ended"], [(CLOSE, b"\x0f\xa0bye")]))

    def test_aborted(self) -> None:
        """
        abort() says nothing.
        """
        ear = self.open((TEXT, b"a"))
        self.channel.abort()
        self.client.wire.hang_up()
        lost = ("lost", "closed without a Close frame")
        self.assertEqual((ear.heard, self.heard, self.client.wire.fate), ([b"a", lost], [], "aborted"))
        self.let_in((TEXT, b"a"))
        ear = self.channel.receiver = Ear()
        self.channel.abort()
        self.client.wire.hang_up()
        self.assertEqual(ear.heard, [lost])


class IdleTests(ExtendedTestCase):
    """A client that expects to hear something now and then."""

    def after(self, seconds: float) -> list[Message]:
        """Return what the client has heard when so much time has passed, the Pings left out."""
        self.house.wait(seconds)
        return [message for message in self.heard if message not in (TEXT_PING, (PING, b""))]

    def test_idle(self) -> None:
        """
        Where nothing else is written for three quarters of its time, a pong is, as a text.
        """
        self.open(inactivity=40.0, extensions=BOTH)
        self.assertEqual(self.after(29), [])
        self.assertEqual(self.after(1), [TEXT_PONG])
        self.client.say((TEXT, b"still here"))
        self.assertEqual(self.after(28.5), [TEXT_PONG])
        self.assertEqual(self.after(1.5), [TEXT_PONG, TEXT_PONG])

    def test_idle_of_frames(self) -> None:
        """
        The Java client counts Pings as something heard, and Pongs not: it gets Pings, also where it is
        never silent itself.
        """
        self.open(inactivity=40.0, extensions=b"x-kaazing-idle-timeout")
        heard = []
        for _ in range(100):
            self.house.wait(1)
            self.client.say((TEXT, b"still here"))
            heard.append(len(self.heard))
        self.assertEqual(self.heard, [(PING, b"")] * 3)
        self.assertEqual([heard.index(count) + 1 for count in (1, 2, 3)], [30, 60, 90])

    def test_busy(self) -> None:
        """
        What is written anyway puts it off.
        """
        self.open(inactivity=40.0, extensions=BOTH)
        self.after(20)
        self.channel.send(b"news", Kind.TEXT)
        self.assertEqual(self.after(25), [(TEXT, b"news")])
        self.assertEqual(self.after(5), [(TEXT, b"news"), TEXT_PONG])

    def test_not_agreed(self) -> None:
        """
        Without ws.inactivity.timeout there is no such extension, and without the extension no such pong.
        """
        for options in ({"extensions": BOTH}, {"inactivity": 40.0}):
            self.open(**options)
            self.assertNotIn(b"x-kaazing-idle-timeout", self.client.heard[0][1])
            self.assertEqual(self.after(35), [])

    def test_silent(self) -> None:
        """
        A client that does not answer is gone after the inactivity timeout, as any other.
        """
        ear = self.open(inactivity=10.0, extensions=BOTH)
        self.house.wait(20)
        self.assertIn(TEXT_PING, self.heard)
        self.client.wire.hang_up()
        self.house.wait(1)
        self.assertEqual((self.client.wire.fate, ear.heard[-1][0]), ("aborted", "lost"))
        self.assertEqual(self.house.clock.getDelayedCalls(), [])
