"""Tests for L{kaazing.transports.audience}: every receiver gets every event, in order."""

from __future__ import annotations

import gc
import os
import socket
from random import Random
from typing import Any

from twisted.internet import tcp
from zope.interface.verify import verifyObject

from kaazing.interfaces.feeds import Event, IAudience, Slow
from kaazing.transports import audience as audiences
from kaazing.transports.audience import Audience
from kaazing.transports.seats import JoinedSeat
from kaazing.wire import pure_spread
from tests.transports.scenes import BINARY, TEXT, SceneTestCase, Speaker, close
from tests.transports.test_ws import Hearing
from tests.transports.wires import given_away


def events(*texts: str, key: bytes | None = None) -> list[Event]:
    """Return text events."""
    return [Event(text.encode(), TEXT, key=key) for text in texts]


class AudienceTestCase(SceneTestCase):
    """An audience of browsers."""

    slow = Slow()

    def setUp(self) -> None:
        super().setUp()
        made: Audience = self.scene.house.audience("feed", self.slow)
        self.audience = made
        self.browsers: list[Speaker] = []
        self.channels: list[Any] = []
        self.ears: list[Hearing] = []

    def come(self, *missed: Event, far: Any = None) -> Speaker:
        """Let a browser in, which missed something."""
        browser, channel = self.scene.front()
        self.browsers.append(browser)
        self.channels.append(channel)
        self.ears.append(Hearing(channel))
        channel.resume()
        self.audience.join(channel, missed)
        return browser

    def say(self, *texts: str) -> None:
        """Publish text events, all in one turn."""
        for event in events(*texts):
            self.audience.publish(event)

    def turn(self, seconds: float = 0.001) -> None:
        """Let the time between two writes pass."""
        self.net.clock.advance(seconds)
        self.net.turn()

    def hears(self, browser: Speaker, *texts: str) -> None:
        """Compare all that a browser has heard."""
        self.net.until(lambda: len(browser.heard) >= len(texts))
        self.assertEqual(browser.heard, [(TEXT, text.encode()) for text in texts])

    def counts(self) -> tuple[int, ...]:
        """Delivered, dropped, conflated, disconnected."""
        made = self.audience
        return made.delivered, made.dropped, made.conflated, made.disconnected


class TellingTests(AudienceTestCase):
    def test_promises(self) -> None:
        """
        It is what a service expects.
        """
        verifyObject(IAudience, self.audience)

    def test_everybody(self) -> None:
        """
        Everybody there gets what is published, and nobody what was before; text and binary as they are.
        """
        self.say("nobody hears it")
        early = self.come()
        self.say("a")
        self.turn()
        late = self.come()
        self.audience.publish(Event(b"\xff", BINARY))
        self.audience.publish(Event(b"\xfe"))
        self.audience.publish(Event(b"b"))
        self.turn()
        rest = [(BINARY, b"\xff"), (BINARY, b"\xfe"), (TEXT, b"b")]
        self.net.until(lambda: len(late.heard) == 3)
        self.assertEqual((early.heard, late.heard), ([(TEXT, b"a"), *rest], rest))
        self.assertEqual((self.counts(), self.audience.receivers), ((7, 0, 0, 0), 2))

    def test_shared_write(self) -> None:
        """
        The first event after a silence goes out in the same turn, with all of that turn; what comes
        within the next millisecond goes out together at its end.
        """
        browser = self.come()
        sent = browser.far.sends  # type: ignore[attr-defined]
        self.net.clock.advance(1)
        self.say("a", "b")
        self.net.clock.advance(0)
        self.hears(browser, "a", "b")
        self.say("c")
        self.net.clock.advance(0.0005)
        self.say("d")
        self.hears(browser, "a", "b")
        self.net.clock.advance(0.0006)
        self.hears(browser, "a", "b", "c", "d")
        self.assertEqual(browser.far.sends - sent, 2)  # type: ignore[attr-defined]

    def test_large_turn(self) -> None:
        """
        What comes in one turn is not kept beyond 256 KiB.
        """
        browser = self.come()
        self.say(*["x" * 1000] * 250)
        self.assertTrue(238 <= len(browser.heard) < 250, len(browser.heard))
        self.turn()
        self.hears(browser, *["x" * 1000] * 250)

    def test_one_large_event(self) -> None:
        """
        An event as large as that goes out at once, with what waited; nothing is left to be called for.
        """
        browser = self.come()
        self.say("a", "x" * 300_000)
        self.assertEqual(self.net.clock.getDelayedCalls(), [])
        self.hears(browser, "a", "x" * 300_000)

    def test_missed(self) -> None:
        """
        What a browser missed comes first, then everything, also what is published before the next write,
        and nothing twice.
        """
        first = self.come()
        self.say("c")
        browser = self.come(*events("a", "b", "c"))
        self.say("d")
        self.turn()
        self.say("e")
        self.turn()
        self.hears(browser, "a", "b", "c", "d", "e")
        self.hears(first, "c", "d", "e")

    def test_leave(self) -> None:
        """
        Who leaves is told no more and hears its channel itself again; who is gone is no trouble.
        """
        stays, leaves, goes = self.come(), self.come(), self.come()
        self.say("a")
        self.turn()
        self.audience.leave(self.channels[1])
        self.audience.leave(self.channels[1])
        self.assertIs(self.channels[1].receiver, self.ears[1])
        goes.far.reset()
        self.net.turn()
        self.say("b")
        self.turn()
        self.hears(leaves, "a")
        self.hears(stays, "a", "b")
        self.assertEqual(self.ears[2].heard, ["lost: closed without a Close frame"])
        self.assertEqual(self.audience.receivers, 1)

    def test_nobody_is_kept(self) -> None:
        """
        Whoever has left is forgotten: while it was quick, or slow, or had just come.
        """
        for state in ("quick", "slow", "new"):
            browser: Any = self.come()
            if state == "slow":
                browser.far.block()
                self.say("a")
                self.turn()
                self.assertEqual(self.ears[-1].heard, ["congested"])
            elif state == "new":
                self.say("b")
                self.come()
            self.audience.leave(self.channels[-1])
            self.turn()
            kept = [
                one
                for one in gc.get_objects()
                if type(one) is JoinedSeat and one.channel is self.channels[-1]
            ]
            self.assertEqual(kept, [], state)
            self.turn(1)

    def test_what_else_happens(self) -> None:
        """
        The channel's own receiver hears everything as if there was no audience.
        """
        browser = self.come()
        browser.say((TEXT, b"hello"), close(1000))
        self.net.turn()
        self.assertEqual(self.ears[0].heard, [(TEXT, b"hello"), "ended"])
        self.channels[0].finish()
        self.say("unheard")
        self.turn()
        self.assertEqual(self.ears[0].heard, [(TEXT, b"hello"), "ended", "lost: None"])
        self.assertEqual(browser.heard, [close(1000)])
        self.assertEqual(self.counts(), (0, 0, 0, 0))

    def test_not_open(self) -> None:
        """
        A channel that is closed already does not join; nor does one twice.
        """
        browser = self.come()
        self.audience.join(self.channels[0])
        _, channel = self.scene.front()
        Hearing(channel)
        channel.resume()
        channel.abort()
        self.audience.join(channel)
        self.say("once")
        self.turn()
        self.hears(browser, "once")
        self.assertEqual(self.audience.receivers, 1)

    def test_close(self) -> None:
        """
        All are finished with the words given, after what waits.
        """
        first, second = self.come(), self.come()
        self.say("a")
        self.audience.close(1001, "good night")
        self.net.turn()
        for browser in (first, second):
            self.assertEqual(browser.heard, [(TEXT, b"a"), close(1001, b"good night")])
        self.assertEqual(self.audience.receivers, 0)

    def test_gateway_stops(self) -> None:
        """
        A stopping gateway closes all with 1001 and waits until they are gone.
        """
        browsers = [self.come(), self.come()]
        self.assertEqual(len(self.scene.sessions), 1)
        left = self.scene.sessions.leave()
        for browser in browsers:
            self.assertNoResult(left)
            self.assertEqual(browser.heard, [close(1001, b"the gateway goes away")])
            browser.say(close(1001))
            self.net.turn()
        self.successResultOf(left)


class SelfTests(AudienceTestCase):
    """What receivers do while the loop runs."""

    slow = Slow(coalesce=0)

    def test_published_meanwhile(self) -> None:
        """
        An event that telling another brings forth follows it, for everybody; each is a write of its own.
        """
        browsers = [self.come() for _ in range(3)]
        put = self.channels[1].put

        def answering(data: bytes) -> None:
            put(data)
            if b"a" in data:
                self.say("b")

        self.patch(audiences, "spread", pure_spread.spread)  # no descriptor of these is one: all are put
        self.channels[1].put = answering
        self.say("a")
        for browser in browsers:
            self.hears(browser, "a", "b")

    def test_coming_and_going_meanwhile(self) -> None:
        """
        Who comes while the others are told gets what is published from then on; who leaves gets no more.
        """
        first, second, third = (self.come() for _ in range(3))
        put = self.channels[0].put
        came: list[Speaker] = []

        def upsetting(data: bytes) -> None:
            put(data)
            if not came:
                self.say("b")
                came.append(self.come(*events("a", "b")))
                self.say("c")
                self.audience.leave(self.channels[1])
                third.far.reset()
                self.net.turn()

        self.channels[0].put = upsetting
        self.say("a")
        self.hears(first, "a", "b", "c")
        self.hears(came[0], "a", "b", "c")
        self.assertEqual((second.heard, third.heard), ([], []))

    def test_one_fails(self) -> None:
        """
        One that cannot be told is cut off; the others hear everything.
        """
        browsers = [self.come() for _ in range(3)]
        self.channels[1].put = lambda data: 1 // 0
        self.say("a")
        self.net.turn()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.say("b")
        self.hears(browsers[0], "a", "b")
        self.hears(browsers[2], "a", "b")
        self.assertEqual((browsers[1].far.end, self.audience.receivers), ("reset", 2))


class SocketTests(AudienceTestCase):
    """Over real sockets: the loop in C, and what it cannot do."""

    loopback = True
    slow = Slow(bytes=100_000_000)

    def test_quick_and_slow(self) -> None:
        """
        Every browser gets every event in order, also one that stops reading now and then.
        """
        self.net.buffer = 8192
        browsers = [self.come() for _ in range(5)]
        random = Random(1)
        texts = [f"{number} " + "x" * random.choice((0, 50, 5000)) for number in range(600)]
        for start in range(0, len(texts), 20):
            blocked = random.sample(browsers, 2)
            for browser in blocked:
                browser.far.block()
            self.say(*texts[start : start + 20])
            self.turn()
            for browser in random.sample(browsers, 4):
                browser.far.unblock()
            self.net.turn()
        for browser in browsers:
            browser.far.unblock()
        self.net.until(lambda: all(len(browser.heard) == len(texts) for browser in browsers))
        wanted = [(TEXT, text.encode()) for text in texts]
        self.assertTrue(all(browser.heard == wanted for browser in browsers))
        self.assertEqual(self.counts(), (3000, 0, 0, 0))
        self.assertIn("congested", self.ears[0].heard)

    def test_descriptors_of_strangers(self) -> None:
        """
        However a browser goes, whoever has the number of its descriptor next is told nothing.
        """
        strangers: list[socket.socket] = []
        close_socket = tcp.Connection._closeSocket

        def closed(connection: Any, orderly: bool) -> None:
            number = connection.fileno()
            far = given_away(connection, lambda: close_socket(connection, orderly))
            strangers.append(far)
            self.addCleanup(far.close)
            self.addCleanup(os.close, number)
            self.say("as it closes")
            self.net.clock.advance(1)

        self.patch(tcp.Connection, "_closeSocket", closed)
        stays, gone = self.come(), 0
        for end in ("reset", "fin", "abort", "drop"):
            browser = self.come()
            if end in ("reset", "fin"):
                getattr(browser.far, end)()
            else:
                getattr(self.channels[-1], end)()
            self.say("before")
            gone += 1
            for _ in range(30):
                self.turn(0.5)
            self.say("after")
            self.turn()
        self.net.until(lambda: len(strangers) == gone)
        for far in strangers:
            self.assertRaises(BlockingIOError, far.recv, 1)
        wanted = [b"before", b"as it closes", b"after"] * gone
        self.assertEqual(sorted(text for _, text in stays.heard), sorted(wanted))
