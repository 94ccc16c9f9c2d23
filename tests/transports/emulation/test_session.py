"""An emulated session as a channel: what its owner may do and hears, carriers apart."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.feeds import Event, ISpreadable
from kaazing.transports.doorman import Doorman
from kaazing.transports.house import House
from kaazing.transports.sessions import Sessions
from kaazing.wire.wse import NOP, PING, PONG, RECONNECT
from tests.transports.doors import Ear, answers, get
from tests.transports.emulation.stage import DONE, PINGS, Stage, StageTestCase, body, polled
from tests.transports.wires import MemoryNet

ONE, TWO = b"\x81\x03one", b"\x81\x03two"


class ChannelTests(StageTestCase):
    """What every channel promises."""

    def test_promises(self) -> None:
        """
        An emulated channel is a channel like others, and can be told what others are told.
        """
        client = self.play()
        verifyObject(IChannel, client.channel)
        verifyObject(ISpreadable, client.channel)
        self.assertEqual((client.channel.peer, client.channel.closed_with), ("192.0.2.1:5000", (1000, "")))

    def test_starts_held(self) -> None:
        """
        Nothing is read before the owner resumes the channel; it may be written to at once.
        """
        stage = Stage()
        client = stage.create()
        down = client.attach()
        client.channel.send(b"one", 1)
        self.assertEqual(body(down), ONE)
        client.wire.say(client.request(TWO + RECONNECT))
        self.assertEqual((client.wire.value(), client.wire.producerState), (b"", "paused"))
        self.assertEqual(client.listen().heard, [b"two"])
        self.assertEqual(answers(client.wire.value()), [DONE])

    def test_held(self) -> None:
        """
        A client that is held is not read, in this request or the next; what came first is told first.
        """
        client = self.play()
        long = client.request(ONE * 3 + RECONNECT)
        client.wire.say(long[:-14])
        client.channel.hold()
        client.wire.say(long[-14:])
        self.assertEqual((self.ear.heard, client.wire.producerState), ([b"one"], "paused"))
        client.channel.resume()
        self.assertEqual(self.ear.heard, [b"one"] * 3)
        client.channel.hold()
        client.wire.clear()
        client.wire.say(client.request(TWO + RECONNECT))
        self.assertEqual((client.wire.value(), client.wire.producerState), (b"", "paused"))
        client.channel.resume()
        self.assertEqual((self.ear.heard[3:], answers(client.wire.value())), ([b"two"], [DONE]))

    def test_spread(self) -> None:
        """
        What is encoded once for many reads as what is sent to one.
        """
        client = self.play("tem")
        down = client.attach()
        client.channel.put(client.channel.form.encode([Event(b"a\0", 1), Event(b"\xff", 0)]))
        self.assertEqual((body(down), client.channel.descriptor()), (b"\x81\x02a\x7f0\x80\x01\xff", -1))

    def test_echo(self) -> None:
        """
        The echo service sends back over emulation what came over it.
        """
        stage = Stage()
        client = stage.create()
        sessions = Sessions()
        nothing: object = None
        house = House(stage.house.clock, nothing, sessions, stage.house.wheel, stage.house.clock)  # type: ignore[arg-type]
        house.loop("echo", client.channel, 2)
        down = client.attach()
        self.assertEqual((client.post(ONE), body(down)), (DONE, ONE * 2))
        sessions.leave()
        self.assertEqual(body(down), ONE * 2 + b"\x0102\xff" + RECONNECT)


class PressureTests(StageTestCase):
    """How much may wait to be sent, in bytes."""

    def test_without_downstream(self) -> None:
        """
        What waits for a downstream counts with its framing; above the bound the owner is told, once.
        """
        self.play()
        client = self.stage.create()
        ear = client.listen(bound=100)
        client.channel.send(b"x" * 98, 2)
        self.assertEqual(ear.heard, [])
        client.channel.send(b"", 2)
        client.channel.send(b"", 2)
        self.assertEqual(ear.heard, ["congested"])
        down = client.attach()
        self.assertEqual((ear.heard, len(body(down))), (["congested", "drained"], 104))

    def test_between_polls(self) -> None:
        """
        Between polls as well: each takes all that waits.
        """
        self.play()
        client = self.stage.create()
        ear = client.listen(bound=10)
        client.attach(".ki=p")
        for _ in range(3):
            client.channel.send(b"12345", 2)
        self.assertEqual(ear.heard, ["congested"])
        frames = b"\x80\x0512345"
        self.assertEqual(answers(client.attach(".ki=p").value()), [polled(frames * 2 + RECONNECT)])
        self.assertEqual(ear.heard, ["congested", "drained"])

    def test_spread(self) -> None:
        """
        Of events that many channels are told, the owner hears when any waits.
        """
        client = self.play()
        client.channel.put(client.channel.form.encode([Event(b"one", 1)]))
        self.assertEqual(self.ear.heard, ["congested"])
        self.assertEqual((body(client.attach()), self.ear.heard), (ONE, ["congested", "drained"]))
        client.channel.put(ONE)
        self.assertEqual(self.ear.heard, ["congested", "drained"])

    def test_slow_client(self) -> None:
        """
        A client that does not read its stream is written to up to the bound, counted in bytes.
        """
        self.play()
        net, client = MemoryNet(), self.stage.create()
        ear = client.listen(bound=1000)
        house = self.stage.house
        _, far = net.connect(Doorman(house.routes, house.site, house.wheel, False))
        far.send(get(client.down.encode(), b"X-Sequence-No: 1"))
        net.turn()
        far.block()
        far.got.clear()
        message = b"x" * 98
        for _ in range(10):
            client.channel.send(message, 2)
        self.assertEqual(ear.heard, [])
        client.channel.send(message, 2)
        self.assertEqual(ear.heard, ["congested"])
        far.unblock()
        net.turn()
        self.assertEqual((len(far.got), ear.heard), (1100, ["congested", "drained"]))

    def test_pings(self) -> None:
        """
        However often a client pings without taking what it is told, it is answered once.
        """
        self.play()
        net, client = MemoryNet(), self.stage.create("bm", PINGS)
        client.listen(bound=10)
        house = self.stage.house
        _, far = net.connect(Doorman(house.routes, house.site, house.wheel, False))
        far.send(get(client.down.encode(), b"X-Sequence-No: 1"))
        net.turn()
        far.block()
        far.got.clear()
        client.channel.send(b"x" * 98, 2)
        for _ in range(5):
            client.post(PING * 100)
        far.unblock()
        net.turn()
        self.assertEqual(bytes(far.got), b"\x80\x62" + b"x" * 98 + PONG)


class SilenceTests(StageTestCase):
    """ws.inactivity.timeout."""

    def test_gone(self) -> None:
        """
        A client that answers no PING is gone: its connection is closed without a word.
        """
        client = self.play("bm", PINGS, inactivity=20.0)
        down = client.attach()
        self.wait(11)
        self.assertEqual(body(down), PING)
        self.wait(10)
        self.assertEqual((body(down), down.fate), (PING, "aborted"))
        self.assertEqual(self.ear.heard, [("lost", "silent for 20 seconds")])

    def test_there(self) -> None:
        """
        One that answers, or says anything, stays; how long the answer took is kept.
        """
        client = self.play("bm", PINGS, inactivity=20.0)
        down = client.attach()
        self.wait(11)
        client.post(PONG)
        self.assertEqual((body(down), client.channel.latency), (PING, 0.5))
        for _ in range(20):
            self.wait(8)
            client.post(b"\x80\x01x")
        self.assertEqual((self.ear.heard, down.fate), ([b"x"] * 20, "open"))

    def test_polled(self) -> None:
        """
        A PING answers a poll like anything else; between polls nobody could hear it, and none is sent.
        """
        client = self.play("bm", PINGS, inactivity=20.0)
        self.wait(25)
        waiting = client.attach(".ki=p")
        self.wait(7)
        self.assertEqual(answers(waiting.value()), [polled(PING + RECONNECT, **{"x-idle-timeout": "20"})])
        client.post(PONG)
        self.assertEqual(self.ear.heard, [])

    def test_no_pings(self) -> None:
        """
        A client that does not understand PING is left alone.
        """
        down = self.play(inactivity=20.0).attach()
        self.wait(120)
        self.assertEqual((body(down).replace(NOP, b""), down.fate, self.ear.heard), (b"", "open", []))

    def test_held(self) -> None:
        """
        One that is not read, because the backend is slow, is not silent.
        """
        client = self.play("bm", PINGS, inactivity=20.0)
        down = client.attach()
        client.channel.hold()
        client.wire.say(client.request(ONE + RECONNECT))
        self.wait(120)
        self.assertEqual((body(down).replace(NOP, b""), down.fate), (b"", "open"))
        client.channel.resume()
        self.assertEqual(self.ear.heard, [b"one"])


class OneEntryTests(SynchronousTestCase):
    """What an idle session costs."""

    def test_no_timers(self) -> None:
        """
        A thousand sessions have one timer among them, that of the wheel.
        """
        stage = Stage(inactivity=30.0)
        for _ in range(1000):
            client = stage.create("bm", PINGS)
            client.channel.receiver = Ear()
        stage.house.wait(1)
        self.assertEqual(len(stage.house.clock.getDelayedCalls()), 1)
