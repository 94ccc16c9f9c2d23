"""Tests for L{kaazing.transports.seats}: a receiver that is slow, under each policy, and how it goes."""

from __future__ import annotations

from typing import Any

from zope.interface.verify import verifyObject

from kaazing.interfaces.adapters import Kind
from kaazing.interfaces.channels import IReceiver
from kaazing.interfaces.feeds import COST, Event, ISpreadable, Slow
from kaazing.transports.seats import CHUNK, PATIENCE
from tests.services.house import Line
from tests.transports.scenes import TEXT, close
from tests.transports.test_audience import AudienceTestCase, events
from tests.transports.test_ws import Hearing

ROOM = 5 * (COST + 1)  # bytes that five events of a letter count for


class SlowTestCase(AudienceTestCase):
    """A browser that reads nothing until it is told to, and one that keeps up."""

    slow = Slow(bytes=ROOM, coalesce=0)

    def setUp(self) -> None:
        super().setUp()
        self.quick = self.come()
        self.stuck: Any = self.come()
        self.stuck.far.block()

    def unblock(self) -> None:
        """Let the slow browser read all."""
        self.stuck.far.unblock()
        self.net.turn()


class DropTests(SlowTestCase):
    def test_dropped(self) -> None:
        """
        A slow browser gets what its transport had taken, and the newest within the bound; the quick one
        gets all.
        """
        self.say(*"abcdefghij")
        self.hears(self.quick, *"abcdefghij")
        self.assertEqual(self.stuck.heard, [])
        self.unblock()
        self.hears(self.stuck, "a", *"fghij")
        self.assertEqual(self.counts(), (16, 4, 0, 0))

    def test_quick_again(self) -> None:
        """
        One that has caught up is told with the others again, and may be slow again.
        """
        for _ in range(3):
            self.say("a", "b")
            self.unblock()
            self.say("c")
            self.stuck.far.block()
        self.unblock()
        self.hears(self.stuck, *"abcabcabc")
        self.hears(self.quick, *"abcabcabc")

    def test_leaves(self) -> None:
        """
        Who leaves while it is slow gets what its transport has, and no more.
        """
        self.say(*"abc")
        self.audience.leave(self.channels[1])
        self.say("d")
        self.unblock()
        self.hears(self.stuck, "a")
        self.assertEqual((self.ears[1].heard, self.audience.receivers), (["congested", "drained"], 1))

    def test_close(self) -> None:
        """
        When the audience ends a slow browser gets all that waits for it, then the Close.
        """
        self.say(*"abc")
        self.audience.close(1001, "")
        self.unblock()
        self.assertEqual(self.stuck.heard, [(TEXT, b"a"), (TEXT, b"b"), (TEXT, b"c"), close(1001)])

    def test_close_takes_nothing(self) -> None:
        """
        What waits for those that read nothing is not written when the audience ends, which with many of
        them would take as much memory again; after five seconds it is dropped and counted, and they go.
        """
        self.say(*"abc")
        transport = self.channels[1].transport
        before = transport._tempDataLen
        for _ in range(2):
            self.audience.close(1001, "")
            self.assertEqual(transport._tempDataLen, before)
        self.net.clock.pump([0.5] * 8)
        self.assertEqual((self.audience.receivers, self.counts()[1]), (1, 0))
        self.net.clock.pump([0.5] * 4)
        self.assertEqual((self.audience.receivers, self.counts()[1]), (0, 2))
        self.unblock()
        self.assertEqual(self.stuck.heard, [(TEXT, b"a"), close(1001)])

    def test_gone(self) -> None:
        """
        One that goes while it is slow leaves nothing behind.
        """
        self.say(*"abc")
        self.stuck.far.reset()
        self.net.turn()
        self.say("d")
        self.assertEqual((self.audience.receivers, self.counts()), (1, (5, 0, 0, 0)))


class MissedTests(SlowTestCase):
    def test_more_than_fits(self) -> None:
        """
        All that a slow browser missed waits for it, whatever the bound; only what is new is dropped.
        """
        missed = [Event(b"%d" % number + b"x" * 1000, TEXT) for number in range(200)]
        browser: Any = self.come()
        self.audience.leave(self.channels[2])
        browser.far.block()
        self.audience.join(self.channels[2], missed)
        self.say(*"abcdefg")
        held = self.channels[2].transport._tempDataLen
        self.assertTrue(CHUNK * 0.8 < held < CHUNK * 1.1, held)
        browser.far.unblock()
        self.net.turn()
        wanted = [*((TEXT, event.data) for event in missed), *((TEXT, bytes([c])) for c in b"cdefg")]
        self.assertTrue(browser.heard == wanted)


class AgeTests(SlowTestCase):
    slow = Slow(bytes=ROOM, age=10, coalesce=0)

    def test_too_old(self) -> None:
        """
        What waits for longer than allowed is dropped within half a second, event by event.
        """
        self.say("a", "b")
        self.net.clock.pump([0.5] * 10)
        self.say("c")
        self.net.clock.pump([0.5] * 9)
        self.assertEqual(self.counts(), (4, 0, 0, 0))
        self.net.clock.pump([0.5] * 3)
        self.assertEqual(self.counts(), (4, 1, 0, 0))
        self.unblock()
        self.hears(self.stuck, "a", "c")
        self.net.clock.pump([0.5] * 40)
        self.assertEqual((self.counts(), self.net.clock.getDelayedCalls()), ((5, 1, 0, 0), []))

    def test_forgotten(self) -> None:
        """
        One that has left or is gone is not looked at any more.
        """
        for go in (self.audience.leave, lambda channel: channel.abort()):
            self.say("a", "b")
            go(self.channels[-1])
            self.net.turn()
            self.net.clock.pump([0.5] * 2)
            self.assertEqual(self.net.clock.getDelayedCalls(), [])
            browser: Any = self.come()
            browser.far.block()

    def test_missed(self) -> None:
        """
        What was missed waits no longer than that either.
        """
        browser: Any = self.come()
        self.audience.leave(self.channels[2])
        browser.far.block()
        self.audience.join(self.channels[2], [Event(b"x" * CHUNK, TEXT), *events("y")])
        self.net.clock.pump([0.5] * 22)
        self.assertEqual(self.counts(), (1, 1, 0, 0))


class ConflateTests(SlowTestCase):
    slow = Slow(kind="conflate", bytes=ROOM, coalesce=0)

    def test_conflated(self) -> None:
        """
        Of each key a slow browser gets the last value only, in the order in which they came.
        """
        for text in ("x0", "x1", "y1", "x2", "x3", "y2"):
            (event,) = events(text, key=text[:1].encode())
            self.audience.publish(event)
        self.unblock()
        self.hears(self.stuck, "x0", "x3", "y2")
        self.assertEqual(self.counts(), (9, 0, 3, 0))


class DisconnectTests(SlowTestCase):
    slow = Slow(kind="disconnect", bytes=ROOM, age=10, coalesce=0)

    def test_too_much(self) -> None:
        """
        One for whom too much waits is finished with 1008 and the words of the policy, behind what its
        transport had; the others go on.
        """
        self.say(*"abcdefgh")
        self.assertEqual((self.audience.receivers, self.counts()), (1, (9, 6, 0, 1)))
        self.unblock()
        words = f"too slow: more than {ROOM} bytes wait".encode()
        self.assertEqual(self.stuck.heard, [(TEXT, b"a"), close(1008, words)])
        self.hears(self.quick, *"abcdefgh")

    def test_too_old(self) -> None:
        """
        So is one for whom an event waits too long.
        """
        self.say(*"ab")
        self.net.clock.pump([0.5] * 22)
        self.unblock()
        words = b"too slow: events wait for more than 10 s"
        self.assertEqual(self.stuck.heard, [(TEXT, b"a"), close(1008, words)])
        self.assertEqual(self.counts(), (3, 1, 0, 1))

    def test_takes_nothing(self) -> None:
        """
        If it takes nothing it is cut off, and its receiver hears so; the gateway can stop.
        """
        self.say(*"abcdefgh")
        self.net.clock.pump([0.5] * 30)
        self.net.turn()
        self.assertEqual(self.stuck.far.end, "reset")
        self.assertEqual(self.ears[1].heard, ["congested", "lost: closed without a Close frame"])
        self.audience.leave(self.channels[0])
        self.assertEqual((len(self.scene.sessions), self.net.clock.getDelayedCalls()), (0, []))

    def test_stays(self) -> None:
        """
        A channel that is finished and stays is dropped, then aborted.
        """
        line: Any = Line()
        line.receiver = Hearing(line)
        self.audience.join(line)
        line.receiver.congested()
        self.say(*"abcdef")
        steps = []
        for _ in range(3):
            steps.append(list(line.done))
            self.net.clock.pump([0.5] * int(PATIENCE * 2 + 1))
        finish = ("finish", 1008, f"too slow: more than {ROOM} bytes wait")
        self.assertEqual(steps, [[finish], [finish, "drop"], [finish, "drop", "abort"]])
        line.receiver.drained()
        line.receiver.congested()
        line.receiver.lost(None)
        self.say("g")
        self.assertEqual(line.done, steps[-1])


class OrdinaryTests(SlowTestCase):
    """Channels whose bytes are their own."""

    def test_promises(self) -> None:
        """
        What a channel has for a receiver is one.
        """
        verifyObject(IReceiver, self.channels[0].receiver)

    def test_told(self) -> None:
        """
        They are sent the messages of one kind in a row together, wait when they say so, and are told
        what waited.
        """
        line: Any = Line()
        ear = line.receiver = Hearing(line)
        self.audience.join(line, events("a", "b"))
        self.audience.publish(Event(b"c", Kind.BINARY))
        line.receiver.congested()
        self.say("d", "e")
        self.audience.publish(Event(b"f"))
        line.receiver.drained()
        line.receiver.failed(ValueError("broken"))
        sent = [([b"a", b"b"], 1), ([b"c"], 2), ([b"d", b"e"], 1), ([b"f"], 0)]
        self.assertEqual(line.done, [("send_all", *each) for each in sent])
        self.assertEqual(ear.heard, ["congested", "drained", "failed: broken"])

    def test_streams(self) -> None:
        """
        A plain stream is one.
        """
        far, channel = self.scene.tcp_back()
        Hearing(channel)
        channel.resume()
        self.assertFalse(ISpreadable.providedBy(channel))
        self.audience.join(channel)
        self.say("a", "b")
        self.net.turn()
        self.assertEqual(bytes(far.got), b"ab")

    def test_one_fails(self) -> None:
        """
        One that fails is aborted, and the others are told.
        """
        line: Any = Line()
        line.receiver = Hearing(line)
        line.send_all = lambda messages, kind: 1 // 0
        self.audience.join(line)
        self.say("a")
        self.hears(self.quick, "a")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(line.done, ["abort"])
