"""Tests for L{kaazing.services.broadcast.sources}: how a backend is heard."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import ConnectOptions
from kaazing.errors import ConnectError
from kaazing.services.broadcast.cutting import Cutter, Lines
from kaazing.services.broadcast.sources import MOST_BACKENDS, Awaited, Datagrams, Dialled
from tests.running import uri
from tests.services.house import Line, NotedHouse


class Notes:
    """A feed of lines that notes what it hears."""

    def __init__(self) -> None:
        self.said: list[bytes] = []

    def cutter(self) -> Cutter:
        """See L{Feed}."""
        return Lines(100)

    def heard(self, events: list[bytes], cutter: Cutter) -> None:
        """See L{Feed}."""
        self.said += events


class DialledTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house, self.notes = NotedHouse(), Notes()
        self.options = ConnectOptions()
        self.source = Dialled(
            self.house, "feed", uri("tcp://backend.example:7000"), self.options, 3.0, self.notes
        )

    def answer(self) -> Line:
        """Let the last dial succeed."""
        line = Line(messages=False)
        self.house.dialling[-1].callback(line)
        return line

    def wait(self) -> float:
        """Let time pass until the next dial; return how long it took."""
        began, before = self.house.clock.seconds(), len(self.house.dialled)
        while len(self.house.dialled) == before:
            self.house.clock.advance(0.125)
        return self.house.clock.seconds() - began

    def test_heard(self) -> None:
        """
        What the backend says is heard as events, wherever its bytes are cut; with the end of the stream
        the last one ends too.
        """
        self.source.start()
        self.assertEqual(self.house.dialled, [(uri("tcp://backend.example:7000"), self.options, {})])
        line = self.answer()
        self.assertEqual(line.done, ["resume"])
        for piece in (b"on", b"e\ntwo\nth", b"ree"):
            line.receiver.received(piece, 2)
        line.receiver.congested()
        line.receiver.drained()
        self.assertEqual(self.notes.said, [b"one", b"two"])
        line.receiver.ended()
        self.assertEqual((self.notes.said[2:], line.done[1:]), ([b"three"], ["drop"]))

    def test_again(self) -> None:
        """
        A lost connection is made again after the delay, give or take a quarter; the delay doubles with
        each failure up to a minute, and starts anew when a backend says something. The log says why.
        """
        self.source.start()
        self.answer().receiver.lost(ConnectError("reset"))
        for delay in (3, 6, 12, 24, 48, 60, 60):
            taken = self.wait()
            self.assertTrue(delay * 0.74 <= taken <= delay * 1.26 + 0.125, f"{taken} s for {delay}")
            self.house.dialling[-1].errback(ConnectError("refused"))
        self.wait()
        line = self.answer()
        line.receiver.received(b"x", 2)
        line.receiver.lost(None)
        self.assertLess(self.wait(), 4)

    def test_ended_at_once(self) -> None:
        """
        A backend that takes connections and ends them without a word is not stormed: the delay grows as
        if it were not there, until a connection stays for longer than that.
        """
        self.source.start()
        for delay in (3, 6, 12):
            self.answer().receiver.lost(None)
            self.assertGreater(self.wait(), delay * 0.74)
        line = self.answer()
        self.house.clock.advance(25)
        line.receiver.lost(None)
        self.assertLess(self.wait(), 4)

    def test_no_delay(self) -> None:
        """
        Without a delay the first try comes at once, and the next ones ever later all the same.
        """
        self.source = Dialled(self.house, "feed", uri("tcp://b:7000"), self.options, 0.0, self.notes)
        self.source.start()
        for _ in range(8):
            self.house.dialling[-1].errback(ConnectError("refused"))
            taken = self.wait()
        self.assertEqual(len(self.house.dialled), 9)
        self.assertGreater(taken, 6.4 * 0.74)

    def test_broken(self) -> None:
        """
        A backend that breaks the rules of its carrier is dropped, and connected to again.
        """
        self.source.start()
        line = self.answer()
        line.receiver.failed(ConnectError("bad"))
        self.assertEqual(line.done[1:], ["drop"])

    def test_stop(self) -> None:
        """
        Once stopped, nothing is dialled any more, whatever is under way.
        """
        self.source.start()
        line = self.answer()
        self.source.stop()
        self.assertEqual(line.done[1:], ["drop"])
        line.receiver.lost(None)
        self.assertEqual(self.house.clock.getDelayedCalls(), [])

        self.source.start()
        self.house.dialling[-1].errback(ConnectError("refused"))
        self.source.stop()
        self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_stopped_dialling(self) -> None:
        """
        A dial under way is given up; where it succeeds all the same, the connection is closed.
        """
        self.source.start()
        cancelled: list[Any] = []
        dialling: Deferred[Any] = Deferred(cancelled.append)
        self.house.dialling[-1] = dialling
        self.source._dialling = dialling.addCallback(self.source._connected)
        self.source.stop()
        line = Line()
        dialling.addErrback(lambda why: None)
        self.source._connected(line)
        self.assertEqual((len(cancelled), line.done), (1, ["abort"]))


class AwaitedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house, self.notes = NotedHouse(), Notes()
        self.source = Awaited(self.house, "feed", "127.0.0.1", 7000, self.notes)
        (self.port,) = self.house.bound

    def test_heard(self) -> None:
        """
        Backends connect, several at a time, and each one's stream is cut by itself.
        """
        self.assertEqual((self.port.where, self.port.running), (("127.0.0.1", 7000), False))
        self.source.start()
        self.assertTrue(self.port.running)
        first, second = Line(), Line()
        self.port.arrived(first)
        self.port.arrived(second)
        first.receiver.received(b"fir", 2)
        second.receiver.received(b"second\n", 2)
        first.receiver.received(b"st\n", 2)
        self.assertEqual(self.notes.said, [b"second", b"first"])
        first.receiver.lost(None)
        self.source.stop()
        self.assertEqual(
            (first.done, second.done, self.port.running), (["resume"], ["resume", "drop"], False)
        )

    def test_bounded(self) -> None:
        """
        Only so many backends at a time are let in.
        """
        lines = [Line() for _ in range(MOST_BACKENDS + 1)]
        for line in lines:
            self.port.arrived(line)
        self.assertEqual((lines[-2].done, lines[-1].done), (["resume"], ["abort"]))
        lines[0].receiver.lost(None)
        late = Line()
        self.port.arrived(late)
        self.assertEqual(late.done, ["resume"])


class DatagramsTests(SynchronousTestCase):
    def test_heard(self) -> None:
        """
        Each datagram begins anew: what one leaves open ends with it.
        """
        house, notes = NotedHouse(), Notes()
        source = Datagrams(house, "feed", uri("udp://127.0.0.1:7000"), notes, buffer=4096)
        (port,) = house.bound
        self.assertEqual((port.where, port.more), (uri("udp://127.0.0.1:7000"), {"buffer": 4096}))
        source.start()
        self.assertTrue(port.running)
        for datagram in (b"one\ntwo", b"three\n", b"", b"x" * 200, b"four"):
            port.arrived(datagram)
        self.assertEqual(notes.said, [b"one", b"two", b"three", b"four"])
        source.stop()
        self.assertFalse(port.running)
