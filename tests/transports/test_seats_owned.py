"""Tests for L{kaazing.transports.seats}: places of channels whose owners tell them what is said."""

from __future__ import annotations

from collections.abc import Hashable
from math import inf
from random import Random
from typing import Any

from zope.interface import implementer
from zope.interface.verify import verifyObject

from kaazing.interfaces.channels import IReceiver
from kaazing.interfaces.feeds import COST, IRendered, ISeat, Slow
from kaazing.transports import audience as audiences
from kaazing.transports.audience import Audience
from kaazing.wire import pure_spread
from tests.services.house import Line
from tests.transports.scenes import TEXT, SceneTestCase, Speaker, close


@implementer(IRendered)
class Note:
    """An event that names the look and, twice, who is told.

    Attributes:
        looks: for which it was made.
    """

    kind = 0

    def __init__(self, text: str, key: bytes | None = None, until: float = inf) -> None:
        self.text, self.key, self.until = text.encode(), key, until
        self.size = len(text)
        self.looks: list[Hashable] = []

    def render(self, look: Hashable) -> tuple[bytes, tuple[int, ...]]:
        """See L{IRendered}."""
        self.looks.append(look)
        head = f"{look}:".encode()
        return head + b"::" + self.text, (len(head), len(head) + 1)


@implementer(IReceiver)
class Owner:
    """Whose the channel is: it tells its seats what the channel says.

    Attributes:
        said: what that was.
    """

    def __init__(self, channel: Any) -> None:
        self.seats: list[Any] = []
        self.said: list[str] = []
        channel.receiver = self

    def received(self, data: bytes, kind: int) -> None:
        """See L{IReceiver}."""

    def ended(self) -> None:
        """See L{IReceiver}."""

    def failed(self, why: Exception) -> None:
        """See L{IReceiver}."""

    def lost(self, why: Exception | None) -> None:
        """See L{IReceiver}."""
        self._tell("lost")

    def congested(self) -> None:
        """See L{IReceiver}."""
        self._tell("congested")

    def drained(self) -> None:
        """See L{IReceiver}."""
        self._tell("drained")

    def _tell(self, what: str) -> None:
        self.said.append(what)
        for seat in self.seats:
            getattr(seat, what)()


class OwnedTestCase(SceneTestCase):
    """Two audiences of browsers that have owners."""

    slow = Slow(coalesce=0)

    def setUp(self) -> None:
        super().setUp()
        self.audience: Audience = self.scene.house.audience("feed", self.slow)
        self.other: Audience = self.scene.house.audience("feed", self.slow)
        self.channels: list[Any] = []
        self.owners: list[Owner] = []

    def come(self) -> Any:
        """Let a browser in."""
        browser, channel = self.scene.front()
        self.channels.append(channel)
        self.owners.append(Owner(channel))
        channel.resume()
        return browser

    def sit(self, index: int, own: str, look: Hashable = 2, audience: Any = None, **more: Any) -> Any:
        """Seat the channel of a browser."""
        where = audience or self.audience
        seat = where.seat(self.channels[index], look, own.encode(), **more)
        self.owners[index].seats.append(seat)
        return seat

    def hears(self, browser: Speaker, *texts: str) -> None:
        """Compare all that a browser has heard."""
        self.net.until(lambda: len(browser.heard) >= len(texts))
        self.assertEqual(browser.heard, [(TEXT, text.encode()) for text in texts])

    def counts(self) -> tuple[int, ...]:
        """Delivered, dropped, conflated, disconnected."""
        made = self.audience
        return made.delivered, made.dropped, made.conflated, made.disconnected


class TellingTests(OwnedTestCase):
    slow = Slow()

    def test_own_bytes(self) -> None:
        """
        Each is told what the event looks like to it, its own bytes put in; an event is made once for all of
        one look and length.
        """
        browsers = [self.come() for _ in range(4)]
        for index, own in enumerate(("a", "b", "cc")):
            self.sit(index, own)
        self.assertTrue(verifyObject(ISeat, self.sit(3, "d", look=1)))
        note = Note("news")
        self.audience.publish(note)
        self.audience.publish(Note("more"))
        self.net.clock.advance(0.001)
        for browser, who in zip(browsers, ("2:%a:a:", "2:%b:b:", "2:%cc:cc:", "1:%d:d:"), strict=True):
            self.hears(browser, who.replace("%", "") + "news", who.replace("%", "") + "more")
        self.assertEqual((note.looks, self.counts()), ([2, 2, 1], (8, 0, 0, 0)))
        self.assertIsInstance(self.channels[0].receiver, Owner)

    def test_several_places(self) -> None:
        """
        A channel may have several places, in one audience and in others; each is told of by itself.
        """
        browser = self.come()
        first, second = self.sit(0, "a"), self.sit(0, "b")
        self.sit(0, "c", audience=self.other)
        self.assertEqual((self.audience.receivers, self.other.receivers), (2, 1))
        self.audience.publish(Note("x"))
        self.net.clock.advance(0.001)
        self.other.publish(Note("y"))
        first.leave()
        first.leave()
        self.audience.publish(Note("z"))
        self.net.clock.advance(0.001)
        third = self.sit(0, "d")
        second.leave()
        self.audience.publish(Note("0"))
        self.net.clock.advance(0.001)
        self.assertEqual(
            sorted(browser.heard[:2]) + browser.heard[2:],
            [(TEXT, each) for each in (b"2:a:a:x", b"2:b:b:x", b"2:c:c:y", b"2:b:b:z", b"2:d:d:0")],
        )
        third.leave()
        self.assertEqual((self.audience.receivers, self.counts()), (0, (4, 0, 0, 0)))

    def test_left(self) -> None:
        """
        What was published and not told yet is not told after one has left; who comes is told nothing
        that was before it but what it missed.
        """
        stays, leaves, comes = self.come(), self.come(), self.come()
        self.sit(0, "s")
        seat = self.sit(1, "l")
        self.audience.publish(Note("1"))
        seat.leave()
        self.sit(2, "c", missed=[Note("0"), Note("1")])
        self.audience.publish(Note("2"))
        self.net.clock.advance(0.001)
        self.hears(stays, "2:s:s:1", "2:s:s:2")
        self.hears(comes, "2:c:c:0", "2:c:c:1", "2:c:c:2")
        self.assertEqual(leaves.heard, [])

    def test_gone(self) -> None:
        """
        Who is gone already is not seated; who goes is forgotten, and nothing of an audience keeps the
        gateway from stopping, which is for the owners of its channels.
        """
        browser: Any = self.come()
        self.come()
        self.channels[1].abort()
        self.sit(1, "b").leave()
        self.sit(0, "a")
        self.assertEqual((self.audience.receivers, len(self.scene.sessions)), (1, 0))
        browser.far.reset()
        self.net.turn()
        self.assertEqual((self.owners[0].said, self.audience.receivers), (["lost"], 0))

    def test_leaves_while_told(self) -> None:
        """
        Who leaves because of what another was told is not told that event.
        """
        self.patch(audiences, "spread", pure_spread.spread)  # no descriptor of these is one: all are put
        first, second = self.come(), self.come()
        self.sit(0, "a", look=1)
        seat = self.sit(1, "b", look=2)
        put = self.channels[0].put
        self.channels[0].put = lambda data: (put(data), seat.leave())
        self.audience.publish(Note("x"))
        self.net.clock.advance(0.001)
        self.hears(first, "1:a:a:x")
        self.assertEqual((second.heard, self.counts()), ([], (1, 0, 0, 0)))

    def test_plain_channels(self) -> None:
        """
        A channel whose bytes are its own is sent what it is to see.
        """
        line: Any = Line()
        seat = self.audience.seat(line, 1, b"a", [Note("0")])
        self.audience.publish(Note("1"))
        self.net.clock.advance(0.001)
        seat.congested()
        self.audience.publish(Note("2"))
        self.net.clock.advance(0.001)
        seat.drained()
        wanted = [("send_all", [b"1:a:a:%d" % number], 0) for number in range(3)]
        self.assertEqual((line.done, self.counts()), (wanted, (3, 0, 0, 0)))


class SlowTests(OwnedTestCase):
    slow = Slow(bytes=3 * (COST + 1), coalesce=0)

    def test_congested_at_first(self) -> None:
        """
        Of one whose channel is congested when it comes, all waits until it has drained.
        """
        line: Any = Line()
        seat = self.audience.seat(line, 1, b"a", [Note("0")], congested=True)
        self.audience.publish(Note("1"))
        self.assertEqual((line.done, seat.slow), ([], True))
        seat.drained()
        wanted = [("send_all", [b"1:a:a:%d" % number], 0) for number in range(2)]
        self.assertEqual((line.done, seat.slow), (wanted, False))

    def test_slow(self) -> None:
        """
        All places of a channel wait with it, each within its own bound; expired events are dropped.
        """
        browser: Any = self.come()
        self.sit(0, "a")
        self.sit(0, "b", audience=self.other)
        browser.far.block()
        for letter in "xyz":
            self.audience.publish(Note(letter, until=self.net.clock.seconds() + (letter != "y")))
            self.other.publish(Note(letter.upper()))
        self.assertEqual(browser.heard, [])
        browser.far.unblock()
        self.net.turn()
        self.hears(browser, "2:a:a:x", "2:a:a:z", "2:b:b:X", "2:b:b:Y", "2:b:b:Z")
        self.assertEqual(self.counts(), (2, 1, 0, 0))

    def test_left(self) -> None:
        """
        What waits for one that leaves is lost.
        """
        browser: Any = self.come()
        seat = self.sit(0, "a")
        browser.far.block()
        for letter in "xyz":
            self.audience.publish(Note(letter))
        seat.leave()
        browser.far.unblock()
        self.net.turn()
        self.hears(browser, "2:a:a:x")


class ConflateTests(OwnedTestCase):
    slow = Slow(kind="conflate", bytes=10_000, coalesce=0)

    def test_conflated(self) -> None:
        """
        Of each key one that is slow is told the last.
        """
        browser: Any = self.come()
        self.sit(0, "a")
        browser.far.block()
        for text in ("a0", "a1", "b1", "a2"):
            self.audience.publish(Note(text, key=text[:1].encode()))
        browser.far.unblock()
        self.net.turn()
        self.hears(browser, "2:a:a:a0", "2:a:a:b1", "2:a:a:a2")
        self.assertEqual(self.counts(), (3, 0, 1, 0))


class DisconnectTests(OwnedTestCase):
    slow = Slow(kind="disconnect", bytes=2 * (COST + 1), coalesce=0)

    def test_once(self) -> None:
        """
        One for whom too much waits is finished with 1008, and counted once, however many places it has; its
        owner hears that it is gone.
        """
        browser: Any = self.come()
        for _ in range(2):
            self.sit(0, "a")
        browser.far.block()
        for letter in "wxyz":
            self.audience.publish(Note(letter))
        self.assertEqual((self.audience.receivers, self.audience.disconnected), (0, 1))
        browser.far.unblock()
        self.net.turn()
        told = [text for kind, text in browser.heard if kind == TEXT]
        self.assertEqual(told, [b"2:a:a:w"])
        words = b"too slow: more than %d bytes wait" % (2 * (COST + 1))
        self.assertEqual(browser.heard[-1], close(1008, words))
        browser.far.reset()
        self.net.turn()
        self.assertEqual(self.owners[0].said[-1], "lost")
        self.net.clock.pump([0.5] * 30)
        self.assertEqual(self.net.clock.getDelayedCalls(), [])


class SocketTests(OwnedTestCase):
    """Over real sockets, with little room in them: the loop in C, and what it cannot do."""

    loopback = True
    slow = Slow(bytes=100_000_000)

    def test_quick_and_slow(self) -> None:
        """
        Every place of every browser gets every event in order with its own bytes, and no frame is cut by
        another, also of a browser that stops reading now and then.
        """
        self.net.buffer = 8192
        browsers: list[Any] = [self.come() for _ in range(5)]
        owns = ["0", "1", "sub-0", "sub-1"]
        for index, _ in enumerate(browsers):
            for own in owns:
                self.sit(index, own)
        random = Random(1)
        texts = [f"{number} " + "x" * random.choice((0, 50, 5000)) for number in range(300)]
        for start in range(0, len(texts), 20):
            blocked = random.sample(browsers, 2)
            for browser in blocked:
                browser.far.block()
            for text in texts[start : start + 20]:
                self.audience.publish(Note(text))
            self.net.clock.advance(0.001)
            self.net.turn()
            for browser in random.sample(browsers, 4):
                browser.far.unblock()
            self.net.turn()
        for browser in browsers:
            browser.far.unblock()
        wanted = len(texts) * len(owns)
        self.net.until(lambda: all(len(browser.heard) == wanted for browser in browsers))
        for browser in browsers:
            for own in owns:
                head = f"2:{own}:{own}:".encode()
                heard = [text for _, text in browser.heard if text.startswith(head)]
                self.assertTrue(heard == [head + text.encode() for text in texts])
        self.assertEqual(self.counts(), (wanted * 5, 0, 0, 0))
        self.assertIn("congested", self.owners[0].said)

    def test_leaves_while_told(self) -> None:
        """
        Who leaves because of what another was told is not told that event by its descriptor either.
        """
        first, second = self.come(), self.come()
        self.channels[0].descriptor = lambda: -1
        self.sit(0, "a", look=1)
        seat = self.sit(1, "b", look=2)
        put = self.channels[0].put
        self.channels[0].put = lambda data: (put(data), seat.leave())
        self.audience.publish(Note("x"))
        self.net.clock.advance(0.001)
        self.hears(first, "1:a:a:x")
        self.assertEqual((second.heard, self.counts()), ([], (1, 0, 0, 0)))

    def test_descriptors(self) -> None:
        """
        A browser with two places of equally long own bytes is written to by its descriptor, once in a loop.
        """
        self.come()
        self.sit(0, "a")
        self.sit(0, "b")
        loops: list[tuple[list[int], list[int]]] = []

        def noting(fds: list[int], data: bytes, holes: list[int], owns: list[bytes]) -> list[tuple[int, int]]:
            loops.append((fds, holes))
            return pure_spread.spread(fds, data, holes, owns)

        self.patch(audiences, "spread", noting)
        self.audience.publish(Note("x"))
        self.net.clock.advance(0.001)
        fd = self.channels[0].transport.fileno()
        self.assertEqual(loops, [([fd], [4, 6])] * 2)
