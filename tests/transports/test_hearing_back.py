"""Tests for L{kaazing.transports.hearing}: what the backend sends, and which channels go the short way."""

from __future__ import annotations

from typing import Any

from twisted.internet import tcp

from kaazing.interfaces.adapters import Close, Compute, Front, Kind, ToBack, ToFront
from kaazing.transports.hearing import Hearing
from tests.transports.passing import A, B, Passing, PassingTestCase
from tests.transports.scenes import BINARY, TEXT, close
from tests.wire.framing import KEY, raw


class BackTests(PassingTestCase):
    """What the backend sends."""

    def test_passing(self) -> None:
        """
        What passes becomes messages of the session's kind; nothing becomes none.
        """
        self.pass_all()
        self.backend.send(b"a")
        self.net.turn()
        far: Any = self.browser.far
        sends = far.sends
        self.backend.send(b"nothing")
        self.net.turn()
        self.assertEqual(far.sends, sends)
        self.session.kind = Kind.BINARY
        self.backend.send(b"b")
        self.assertEqual(self.heard()[0], [(TEXT, b"a"), (BINARY, b"b")])

    def test_orders(self) -> None:
        """
        Other orders are carried out.
        """
        self.pass_all(a=[ToBack(b"1"), b"2"])
        self.backend.send(b"a")
        self.assertEqual(self.heard(), ([(TEXT, b"2")], b"1"))

    def test_deadline(self) -> None:
        """
        A session that has a deadline is looked at.
        """
        self.pass_all()
        self.session.deadline = self.net.clock.seconds() + 1
        self.backend.send(b"a")
        self.assertEqual(self.heard()[0], [A])
        self.net.clock.pump([0.5] * 4)
        self.assertEqual(self.session.told[-1][0], "expired")

    def test_ends(self) -> None:
        """
        The backend's FIN follows its last words; a reset ends the session at once.
        """
        self.pass_all()
        self.backend.send(b"a")
        self.backend.fin()
        self.assertEqual(self.heard()[0], [A, close(1000)])
        self.assertIn(("back_ended",), self.session.told)
        self.pass_all()
        self.backend.reset()
        self.assertEqual(self.heard()[0], [close(1011, b"backend lost")])

    def test_nothing_there(self) -> None:
        """
        A connection that is read in vain goes on.
        """
        self.pass_all()
        self.assertIsNone(self.back.transport.doRead())
        self.backend.send(b"a")
        self.assertEqual(self.heard()[0], [A])

    def test_question(self) -> None:
        """
        What was read of the backend in the round in which a question was asked waits for the answer.
        """
        answer = self.asked()
        self.pass_all(b=[Compute(int)], computed=[ToFront(b"answered")])
        self.browser.say(B)
        self.net.turn()
        self.backend.send(b"a")
        self.assertIsNone(self.back.transport.doRead())
        self.assertEqual(self.heard()[0], [])
        answer.callback(0)
        self.assertEqual(self.heard()[0], [(TEXT, b"answered"), A])

    def test_over(self) -> None:
        """
        What the backend says when the session is over goes nowhere.
        """
        self.pass_all(b=[Close(1000)])
        self.browser.say(B)
        self.backend.send(b"late")
        self.assertEqual(self.heard()[0], [close(1000)])
        self.assertEqual(self.session.told[-1], ("from_front", b"b"))

    def test_browser_closed(self) -> None:
        """
        Nor does what it says to a browser whose Close was answered, as the time for last words is over.
        """
        self.pass_all()
        self.browser.far.block()
        self.browser.say(close(1000))
        self.net.turn()
        self.front.finish()
        self.backend.send(b"late")
        self.net.turn()
        self.assertEqual(self.session.told[-1], ("from_back", b"late"))
        self.browser.far.unblock()
        self.assertEqual(self.heard()[0], [close(1000)])


class WhereTests(PassingTestCase):
    """Which channels take the short way."""

    transport: Any = None  # of the back

    def short(self) -> tuple[bool, bool]:
        """Whether the front does, and the back."""
        return "dataReceived" in vars(self.front), "doRead" in vars(self.transport)

    def test_taken_and_left(self) -> None:
        """
        A WebSocket and a stream do, until they are gone.
        """
        self.pass_all()
        self.transport = self.back.transport
        self.assertEqual(self.short(), (True, True))
        self.browser.far.reset()
        self.backend.reset()
        self.net.turn()
        self.assertEqual(self.short(), (False, False))

    def test_others(self) -> None:
        """
        A front that is a stream is heard like any other channel.
        """
        self.session = Passing()
        front: Any = self.scene.tcp_back()[1]
        self.front, (self.backend, self.back) = front, self.scene.tcp_back()
        self.transport = self.back.transport
        self.start()
        self.assertEqual(self.short(), (False, True))
        self.assertIs(type(front.receiver), Hearing)

    def test_front_that_is_a_stream(self) -> None:
        """
        What a backend says to it passes too.
        """
        self.session = Passing()
        (self.backend, self.back), (far, front) = self.scene.tcp_back(), self.scene.tcp_back()
        stream: Any = front
        self.front = stream
        self.start()
        for word in (b"a", b"nothing"):
            self.backend.send(word)
            self.net.turn()
        self.assertEqual((bytes(far.got), far.sends), (b"a", 1))

    def test_other_connections(self) -> None:
        """
        So is a back over a connection that is not of the lean reactor.
        """
        self.session = Passing()
        (self.browser, self.front), (self.backend, self.back) = self.scene.front(), self.scene.tcp_back()
        self.transport = self.back.transport
        self.transport.__class__ = tcp.Server
        self.start()
        self.assertEqual(self.short(), (True, False))
        self.backend.send(b"a")
        self.assertEqual(self.heard()[0], [A])

    def test_something_between(self) -> None:
        """
        When something is put between a back and its connection, as TLS is, that hears the connection.
        """
        self.pass_all()
        heard: list[bytes] = []

        class Between:
            dataReceived = heard.append

        self.back.transport.protocol = Between
        self.backend.send(b"ciphered")
        self.net.turn()
        self.assertEqual((heard, self.session.told), ([b"ciphered"], [("opened",)]))

    def test_closed_before_it_was_read(self) -> None:
        """
        What a browser sent early, to a session that ends at once, is answered by Autobahn.
        """
        self.session = Passing(opened=[Close(1000)])
        self.browser, self.front = self.scene.front(raw(*A, key=KEY) + raw(8, key=KEY))
        self.backend, self.back = self.scene.tcp_back()
        self.start(Front.MESSAGES)
        self.browser.say(A)
        self.assertEqual(self.heard(), ([close(1000)], b""))
