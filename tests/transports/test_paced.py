"""Tests for L{kaazing.transports.paced}: what a client may send a second."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.services import Rates
from kaazing.limits import Alarm
from kaazing.transports.paced import PacedChannel
from kaazing.transports.wheel import Wheel
from tests.services.house import Line
from tests.transports.doors import Ear


class PacedTests(SynchronousTestCase):
    """A client that sends, and a service that listens."""

    def open(self, **rates: Any) -> None:
        """Let a client in at so many messages and bytes a second; the service listens."""
        self.clock, self.line = Clock(), Line()
        wheel = Wheel(self.clock)
        self.channel = PacedChannel(self.line, Rates(**rates), wheel, Alarm("chat", wheel.now))
        self.ear = self.channel.receiver = Ear()
        self.channel.resume()
        self.line.done.clear()

    def say(self, *messages: bytes) -> list[Any]:
        """Let messages come in one read; return what is done with the connection then."""
        for message in messages:
            self.line.receiver.received(message, 1)
        done, self.line.done = self.line.done, []
        return done

    def wait(self, seconds: float) -> list[Any]:
        """Let time pass; return what is done with the connection."""
        self.clock.pump([0.5] * int(seconds * 2))
        done, self.line.done = self.line.done, []
        return done

    def test_messages(self) -> None:
        """
        A second's worth passes at once; then the client is not read until it has been silent long enough.
        All that was read passes, in order.
        """
        self.open(messages=10)
        self.assertEqual(self.say(*[b"x"] * 9), [])
        self.assertEqual(self.say(*[b"y"] * 21), ["hold"])
        self.assertEqual(self.ear.heard, [b"x"] * 9 + [b"y"] * 21)
        self.assertEqual(self.wait(2), [])
        self.assertEqual(self.wait(1), ["resume"])
        self.assertEqual(self.say(b"z"), [])

    def test_bytes(self) -> None:
        """
        Bytes likewise, whatever their messages; a message longer than a second's worth passes too.
        """
        self.open(bytes=1000)
        self.assertEqual(self.say(b"x" * 5000), ["hold"])
        self.assertEqual(self.wait(4), [])
        self.assertEqual(self.wait(1), ["resume"])

    def test_average(self) -> None:
        """
        Who always sends as much as he can comes to the rate in the long run, and no more.
        """
        self.open(messages=100)
        sent, held = 0, False
        for _ in range(600):
            while not held:
                held = "hold" in self.say(*[b"x"] * 7)
                sent += 7
            held = "resume" not in self.wait(0.5)
        self.assertEqual(round(sent / 300), 100)

    def test_both(self) -> None:
        """
        The limit that is exceeded more says how long.
        """
        self.open(messages=1, bytes=10)
        self.assertEqual(self.say(b"x" * 55), ["hold"])
        self.assertEqual(self.wait(4), [])
        self.assertEqual(self.wait(1), ["resume"])

    def test_held(self) -> None:
        """
        What the service holds stays held when the client might go on, and goes on when both may.
        """
        self.open(messages=1)
        self.assertEqual(self.say(b"a", b"b"), ["hold"])
        self.channel.hold()
        self.assertEqual(self.wait(3), ["hold"])
        self.channel.resume()
        self.assertEqual(self.line.done, ["resume"])
        self.line.done.clear()
        self.wait(5)
        self.say(b"a", b"b")
        self.channel.hold()
        self.channel.resume()
        self.assertNotIn("resume", self.line.done)
        self.assertEqual(self.wait(3)[-1:], ["resume"])

    def test_lost(self) -> None:
        """
        Nothing is done with a connection that is gone meanwhile.
        """
        self.open(messages=1)
        self.say(b"a", b"b")
        self.line.receiver.lost(None)
        self.assertEqual(self.wait(5), [])
        self.assertEqual(self.ear.heard, [b"a", b"b", ("lost", None)])

    def test_whole(self) -> None:
        """
        Messages are counted whole; for bytes alone they may come in pieces.
        """
        self.open(messages=1)
        self.assertTrue(self.line.whole)
        self.open(bytes=1)
        self.assertFalse(self.line.whole)

    def test_log(self) -> None:
        """
        The log says who is not read, and for which limit.
        """
        self.open(messages=1)
        with capturedLogs() as events:
            self.say(b"a", b"b")
        self.assertEqual(
            [formatEvent(event) for event in events],
            ["chat: client.message.rate: 192.0.2.1:5000 is not read for a while"],
        )
