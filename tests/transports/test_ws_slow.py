"""Tests for L{kaazing.transports.ws}: a peer that takes its time with what stands before a Close."""

from __future__ import annotations

from typing import Any

from kaazing.interfaces.adapters import Kind
from kaazing.transports.tcp import unsent
from tests.transports.scenes import BINARY, Scene, SceneTestCase, close
from tests.transports.test_ws import Hearing

SENT = 10_000  # bytes


class SlowTests(SceneTestCase):
    """A browser that reads slowly, or not at all."""

    def closing(self) -> None:
        """Send it more than its kernel takes, and close."""
        self.browser, self.channel = self.scene.front()
        self.far: Any = self.browser.far
        Hearing(self.channel)
        self.channel.resume()
        self.far.block()
        self.channel.send(b"x" * SENT, Kind.BINARY)
        self.channel.finish()

    def pass_time(self, seconds: int, room: int = 0) -> None:
        """Let time pass; the browser takes C{room} bytes each second."""
        for _ in range(seconds):
            self.far.room = room
            self.net.turn()
            self.net.clock.advance(1)

    def test_takes_all(self) -> None:
        """
        A slow browser gets all that was said before the Close, however long that takes it.
        """
        self.closing()
        self.pass_time(25, room=500)
        self.assertEqual((self.far.end, len(self.browser.stream)), ("", SENT))
        self.assertEqual(self.browser.heard, [(BINARY, b"x" * SENT), close(1000)])
        self.browser.say(close(1000))
        self.net.turn()
        self.assertEqual(self.far.end, "fin")

    def test_takes_nothing(self) -> None:
        """
        A browser that takes nothing during the close timeout is cut off.
        """
        self.closing()
        self.pass_time(4)
        self.assertEqual(self.far.end, "")
        self.pass_time(3)
        self.assertEqual(self.far.end, "reset")

    def test_stops_taking(self) -> None:
        """
        So is one that took something and then no more.
        """
        self.closing()
        self.pass_time(12, room=500)
        self.assertEqual(self.far.end, "")
        self.pass_time(12)
        self.assertEqual(self.far.end, "reset")

    def test_waiting(self) -> None:
        """
        Bytes that wait are counted, and of a connection that is gone there are none.
        """
        self.closing()
        self.assertEqual(unsent(self.channel.transport), SENT + 4 + 4)  # a frame's head; a Close
        self.far.unblock()
        self.net.turn()
        self.assertEqual(unsent(self.channel.transport), 0)
        self.browser.say(close(1000))
        self.net.turn()
        self.assertEqual(unsent(self.channel.transport), 0)


class KernelTests(SceneTestCase):
    """What the kernel holds counts too."""

    loopback = True

    def test_waiting(self) -> None:
        """
        Bytes that are out of our hands, and not yet in those of the peer, wait too.
        """
        self.net.buffer = 64 * 1024
        browser, channel = self.scene.front()
        channel.resume()
        browser.far.block()
        channel.send(b"x" * 1_000_000, Kind.BINARY)
        before = unsent(channel.transport)
        transport: Any = channel.transport
        self.assertGreater(before, len(transport.dataBuffer) - transport.offset + transport._tempDataLen)
        browser.far.unblock()
        self.net.until(lambda: len(browser.stream) == 1_000_000)
        self.assertEqual((unsent(transport), before < 1_000_100), (0, True))

    def test_gone_while_not_read(self) -> None:
        """
        A browser that is not read and has gone, rudely or not, is given up after the inactivity
        timeout; one that is there is kept.
        """
        scene = Scene(self.net, inactivity=10.0)
        for leave, left in ((None, ""), ("fin", "reset"), ("reset", "reset")):
            browser, channel = scene.front()
            hearing = Hearing(channel)
            channel.resume()
            channel.hold()
            if leave is not None:
                getattr(browser.far, leave)()
            for _ in range(80):
                self.net.clock.advance(0.5)
            self.net.turn()
            self.assertEqual((browser.far.end, bool(hearing.heard)), (left, bool(left)))
