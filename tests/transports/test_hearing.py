"""Tests for L{kaazing.transports.hearing}: what only passes goes a short way, in the same order."""

from __future__ import annotations

from zope.interface.verify import verifyObject

from kaazing.errors import Side
from kaazing.interfaces.adapters import Close, Compute, Hold, Resume, ToBack, ToFront
from kaazing.interfaces.channels import IReceiver
from kaazing.interfaces.services import Rates
from tests.transports.passing import A, B, C, Passing, PassingTestCase
from tests.transports.scenes import BINARY, PING, PONG, TEXT, close
from tests.transports.test_adapted_ends import violation
from tests.transports.wires import LoopbackNet
from tests.wire.framing import KEY, raw


class FrontTests(PassingTestCase):
    """What the browser sends."""

    def test_promises(self) -> None:
        """
        Who hears a channel keeps the promises of all.
        """
        self.pass_all()
        verifyObject(IReceiver, self.front.receiver)
        verifyObject(IReceiver, self.back.receiver)

    def test_one_write(self) -> None:
        """
        All messages of one read go to the backend in one write.
        """
        self.pass_all()
        self.browser.say(A, B, (TEXT, b"nothing"), C)
        self.assertEqual((self.heard()[1], self.backend.sends), (b"abc", 1))

    def test_cut_anywhere(self) -> None:
        """
        The stream may be cut anywhere, with a control frame among the messages.
        """
        stream = b"".join(raw(*frame, key=KEY) for frame in (A, (PING, b"?"), B))
        for cut in range(len(stream) + 1):
            self.pass_all()
            for piece in (stream[:cut], stream[cut:]):
                self.browser.say_raw(piece)
                self.net.turn()
            self.assertEqual(self.heard(), ([(PONG, b"?")], b"ab"))
            self.assertEqual(self.session.told, [("opened",), ("from_front", b"a"), ("from_front", b"b")])

    def test_orders_between(self) -> None:
        """
        Orders among the messages are carried out in their order.
        """
        self.pass_all(b=[ToBack(b"1"), ToFront(b"2"), b"3"])
        self.browser.say(A, B, C)
        self.assertEqual(self.heard(), ([(TEXT, b"2")], b"a13c"))

    def test_deadline(self) -> None:
        """
        A session that has a deadline is looked at after each message.
        """
        self.pass_all()
        self.session.deadline = self.net.clock.seconds() + 1
        self.browser.say(A, B)
        self.assertEqual(self.heard()[1], b"ab")
        self.net.clock.pump([0.5] * 4)
        self.assertEqual(self.session.told[-1][0], "expired")

    def test_close_frame_behind(self) -> None:
        """
        The messages before a Close frame reach the backend before its FIN.
        """
        self.pass_all()
        self.browser.say(A, B, close(1000))
        self.assertEqual(self.heard()[1], b"ab")
        self.assertEqual((self.session.told[-1], self.backend.end), (("front_ended",), "fin"))

    def test_violation_behind(self) -> None:
        """
        So do those before a frame that breaks the rules of WebSockets.
        """
        self.pass_all()
        self.browser.say_raw(raw(*A, key=KEY) + raw(*B, key=KEY) + raw(3, key=KEY))
        self.assertEqual(self.heard()[1], b"ab")
        self.assertEqual([(kind, said[:2]) for kind, said in self.browser.heard], [close(1002)])

    def test_session_ended(self) -> None:
        """
        What stands behind the message that ends the session goes nowhere.
        """
        self.pass_all(b=[b"last", Close(1008, "no")])
        self.browser.say(A, B, C)
        self.assertEqual(self.heard(), ([close(1008, b"no")], b"alast"))
        self.pass_all(b=[b"last", violation()])
        self.browser.say(A, B, C)
        self.assertEqual(self.heard()[1], b"alast")
        self.assertEqual(self.session.told[-1], ("from_front", b"b"))

    def test_session_fails(self) -> None:
        """
        When the session itself fails, what it passed before has been sent.
        """
        self.pass_all()
        self.browser.say(A, B, (TEXT, b"fail"), C)
        self.assertRaises(ZeroDivisionError, self.net.turn)
        self.assertEqual(bytes(self.backend.got), b"ab")

    def test_held(self) -> None:
        """
        A browser that is held in the middle of a read is still heard to its end, and no further.
        """
        self.pass_all(b=[b"b", Hold(Side.FRONT)], go=[Resume(Side.FRONT)])
        self.browser.say(A, B, C)
        self.net.turn()
        self.browser.say(A)
        self.assertEqual(self.heard()[1], b"abc")
        self.backend.send(b"go")
        self.net.turn()
        self.assertEqual(self.heard()[1], b"abca")

    def test_question_between(self) -> None:
        """
        What stands behind a question waits for its answer, a Close frame too.
        """
        answer = self.asked()
        self.pass_all(b=[b"asks", Compute(int)], computed=[b"answered"])
        self.browser.say(A, B, C, A, close(1000))
        self.assertEqual((self.heard()[1], self.backend.end), (b"aasks", ""))
        answer.callback(0)
        self.assertEqual((self.heard()[1], self.backend.end), (b"aasksansweredca", "fin"))

    def test_congested(self) -> None:
        """
        A backend that takes nothing holds the browser.
        """
        self.pass_all()
        self.backend.block()
        big = (TEXT, b"x" * 900)
        self.browser.say(*[big] * 100)
        self.net.turn()
        self.browser.say(A)
        self.net.turn()
        self.assertTrue(self.browser.far.unsent)
        self.backend.unblock()
        self.assertEqual(self.heard()[1], b"x" * 90_000 + b"a")

    def test_stream(self) -> None:
        """
        An adapter that wants a stream gets one, and empty messages are none.
        """
        self.session = Passing()
        self.browser, self.front = self.scene.front()
        self.backend, self.back = self.scene.tcp_back()
        self.start()
        self.browser.say(A, B, (TEXT, b""), (BINARY, b"c"))
        self.assertEqual(self.heard()[1], b"abc")
        self.assertNotIn(("from_front", b""), self.session.told)


class RateTests(PassingTestCase):
    """Two messages a second."""

    rates = Rates(messages=2)

    def test_counted_one_by_one(self) -> None:
        """
        Messages that come together count as many.
        """
        self.pass_all()
        self.browser.say(A, B, C, A)
        self.assertEqual(self.heard()[1], b"ab")
        self.net.clock.pump([0.5] * 2)
        self.assertEqual(self.heard()[1], b"abca")


class PureTests(FrontTests):
    """The same with the lane that is written in Python."""

    path = "pure"


class AutobahnTests(FrontTests):
    """Where Autobahn reads the frames, no message is lost or changes its place either."""

    path = "off"

    def test_one_write(self) -> None:
        """
        Each message is a write of its own.
        """
        self.pass_all()
        self.browser.say(A, B)
        self.assertEqual((self.heard()[1], self.backend.sends), (b"ab", 2))


class LoopbackTests(PassingTestCase):
    """Over real sockets."""

    loopback = True

    def test_both_ways(self) -> None:
        """
        What both ends say in pieces of any size arrives whole.
        """
        assert isinstance(self.net, LoopbackNet)
        self.pass_all()
        words = [b"%d;" % number * (number % 97) for number in range(1, 900)]
        for word in words:
            self.browser.say((TEXT, word))
        whole = b"".join(words)
        self.net.until(lambda: bytes(self.backend.got) == whole)
        self.backend.send(whole)
        self.net.until(lambda: self.browser.stream == whole)
