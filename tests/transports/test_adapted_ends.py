"""Tests for L{kaazing.transports.adapted}: how its sessions end, and their deadlines."""

from __future__ import annotations

from collections.abc import Iterable

from kaazing.errors import ProtocolViolation, Side
from kaazing.interfaces.adapters import (
    Close,
    Complain,
    Link,
    Order,
    ToBack,
    ToFront,
)
from kaazing.transports.tcp import StreamChannel
from tests.transports.scenes import PONG, TEXT, close
from tests.transports.scripted import AdaptedTestCase, Scripted
from tests.wire.framing import raw


def violation(side: Side = Side.FRONT) -> ProtocolViolation:
    """Return what a session raises."""
    return ProtocolViolation("bad verb", side=side, offset=3, rule="RFC 0 section 1")


class EndTests(AdaptedTestCase):
    """How it ends."""

    def assert_over(self, *said: str) -> None:
        """Nothing is left, on the wheel neither, and the log has these lines."""
        self.net.turn()
        self.assertEqual((len(self.scene.sessions), self.scene.sessions.said), (0, list(said)))
        self.net.clock.advance(1)
        self.assertEqual(self.net.clock.getDelayedCalls(), [])

    def test_browser_closes(self) -> None:
        """
        A session hears of its browser's Close; what it orders comes before the backend's FIN. What the
        backend answers still passes, and its end is told as well.
        """
        self.adapt(front_ended=[b"bye, backend"], from_back=[b"bye"], back_ended=[ToFront(b"gone")])
        self.browser.say(close(1000, b"done"))
        self.assertEqual((self.heard(), self.backend.end), (([], b"bye, backend"), "fin"))
        self.backend.send(b"?")
        self.backend.fin()
        self.assertEqual(self.heard()[0], [(TEXT, b"bye"), (TEXT, b"gone"), close(1000, b"done")])
        self.assertEqual(
            self.session.told, [("opened",), ("front_ended",), ("from_back", b"?"), ("back_ended",)]
        )
        self.assert_over()

    def test_backend_closes(self) -> None:
        """
        The same from the other end.
        """
        self.adapt(from_front=[b"more"], back_ended=[ToFront(b"sorry")])
        self.backend.fin()
        self.assertEqual(self.heard()[0], [(TEXT, b"sorry"), close(1000)])
        self.browser.far.block()
        self.browser.say((TEXT, b"?"), close(1000))
        self.assertEqual((self.heard()[1], self.backend.end), (b"more", "fin"))
        self.browser.far.unblock()
        self.assert_over()
        told = [("opened",), ("back_ended",), ("from_front", b"?", TEXT), ("front_ended",)]
        self.assertEqual(self.session.told, told)

    def test_ordered(self) -> None:
        """
        A session may close: what it ordered before is flushed, what it orders after that is not carried
        out, and it is told nothing more. The log has its reason in one line.
        """
        self.adapt(from_front=[b"last", ToFront(b"bye"), Close(4000, "enough"), b"no", ToBack(b"no")])
        self.browser.say((TEXT, b"?"), (TEXT, b"unheard"))
        self.assertEqual(self.heard(), ([(TEXT, b"bye"), close(4000, b"enough")], b"last"))
        self.backend.send(b"unheard")
        self.browser.say((TEXT, b"unheard"), close(4000))
        self.heard()
        self.assertEqual(self.session.told, [("opened",), ("from_front", b"?unheard", TEXT)])
        self.assert_over("gate: 192.0.2.1:5000: enough (close 4000)")

    def test_in_good_order(self) -> None:
        """
        Of a session that closes because all is said, or because somebody goes away, the log says nothing.
        """
        for code in (1000, 1001):
            self.adapt(from_front=[Close(code, "bye")])
            self.browser.say((TEXT, b"?"), close(code))
            self.assertEqual(self.heard(), ([close(code, b"bye")], b""))
            self.assert_over()

    def test_complaint_of_a_user(self) -> None:
        """
        Where the client has logged in, the log says who it is.
        """
        self.patch(self, "link", Link(peer="192.0.2.1:5000", user="jo\ne"))
        self.adapt(from_back=[Complain("the backend is strange")])
        self.backend.send(b"?")
        self.heard()
        said = self.scene.sessions.said
        self.assertEqual(said, [r"gate: 192.0.2.1:5000 'jo\ne': the backend is strange"])

    def test_complaint(self) -> None:
        """
        A session may tell the operator what is wrong, and go on; neither end hears of it.
        """
        self.adapt(from_back=[b"1", Complain("the backend is strange"), b"2"])
        self.backend.send(b"?")
        self.assertEqual(self.heard(), ([(TEXT, b"1"), (TEXT, b"2")], b""))
        self.assertEqual(self.scene.sessions.said, ["gate: 192.0.2.1:5000: the backend is strange"])

    def test_violation(self) -> None:
        """
        What was ordered before a violation is carried out, the protocol's own error among it; then the
        browser is told the rule, and so is the log, once.
        """
        for side, code in ((Side.FRONT, 1002), (Side.BACK, 1014)):
            bad = [b"good", ToFront(b"ERROR"), b"better", violation(side)]
            self.adapt(from_front=bad)
            self.browser.say((TEXT, b"?"))
            refused = close(code, b"bad verb (RFC 0 section 1)")
            self.assertEqual(self.heard(), ([(TEXT, b"ERROR"), refused], b"goodbetter"))
            self.browser.say(close(code))
            self.assert_over(f"gate: 192.0.2.1:5000: {side.value} byte 3: bad verb (RFC 0 section 1)")
            self.scene.sessions.said.clear()

    def test_violation_at_an_end(self) -> None:
        """
        A session that finds fault with how an end stopped is heard.
        """
        self.adapt(back_ended=[ToFront(b"ERROR"), violation(Side.BACK)])
        self.backend.fin()
        self.assertEqual(self.heard()[0], [(TEXT, b"ERROR"), close(1014, b"bad verb (RFC 0 section 1)")])

    def test_bad_frames(self) -> None:
        """
        A browser that breaks RFC 6455 never reaches the session with it.
        """
        self.adapt(from_front=[b"good"])
        self.browser.say_raw(raw(TEXT, b"?") + raw(3) + raw(TEXT, b"unheard"))
        self.assertEqual(self.heard(), ([close(1002, b"unknown opcode (RFC 6455 section 5.2)")], b"good"))
        self.assertEqual(self.session.told, [("opened",), ("from_front", b"?", TEXT)])
        self.browser.far.fin()
        self.assert_over("gate: 192.0.2.1:5000: client byte 7: unknown opcode (RFC 6455 section 5.2)")

    def test_backend_lost(self) -> None:
        """
        When the backend breaks off, the session hears that it has ended, and may say so in its protocol;
        then the browser gets Close 1011.
        """
        self.adapt(back_ended=[ToFront(b"ERROR")])
        self.backend.reset()
        self.assertEqual(self.heard()[0], [(TEXT, b"ERROR"), close(1011, b"backend lost")])
        self.browser.say(close(1011))
        lost = "gate: 192.0.2.1:5000: Connection to the other side was lost in a non-clean fashion"
        self.assert_over(lost)
        self.assertEqual(self.session.told, [("opened",), ("back_ended",)])

    def test_backend_lost_with_words(self) -> None:
        """
        A session that closes for a reason of its own when the backend breaks off has the last word, in the
        log too; one that has heard of the end before is not told again.
        """
        self.adapt(back_ended=[Close(1008, "login refused")])
        self.backend.reset()
        self.assertEqual(self.heard()[0], [close(1008, b"login refused")])
        self.browser.say(close(1008))
        self.assert_over("gate: 192.0.2.1:5000: login refused (close 1008)")
        self.adapt()
        self.browser.far.block()
        self.backend.fin()
        self.net.turn()
        self.backend.reset()
        self.net.turn()
        self.assertEqual(self.session.told, [("opened",), ("back_ended",)])

    def test_browser_lost(self) -> None:
        """
        When the browser is gone, the backend gets what was ordered, and the end.
        """
        self.adapt(from_front=[b"x" * 1000])
        self.backend.room = 10
        self.browser.say((TEXT, b"?"))
        self.net.turn()
        self.browser.far.reset()
        self.net.turn()
        self.backend.unblock()
        self.assertEqual((self.heard()[1], self.backend.end), (b"x" * 1000, "fin"))
        self.assert_over()

    def test_leaving(self) -> None:
        """
        When the gateway goes away, both ends are closed and the session is told nothing more.
        """
        self.adapt()
        self.scene.sessions.leave()
        self.assertEqual(self.heard()[0], [close(1001, b"the gateway goes away")])
        self.browser.say((TEXT, b"unheard"), close(1001))
        self.assertEqual((self.heard()[1], self.backend.end), (b"", "fin"))
        self.assertEqual(self.session.told, [("opened",)])
        self.assert_over()

    def test_stream_front(self) -> None:
        """
        A client of a tcp accept, which has no Close to answer, is not waited for.
        """
        for end in ("leave", "reset", "drop"):
            client = StreamChannel()
            _, far = self.net.connect(client)
            self.session = Scripted(opened=[ToFront(b"hello")])
            self.front, (self.backend, self.back) = client, self.scene.tcp_back()  # type: ignore[assignment]
            self.start()
            ends = {"leave": self.scene.sessions.leave, "reset": self.backend.reset, "drop": self.back.drop}
            ends[end]()
            self.net.turn()
            self.assertEqual((far.got, far.end, len(self.scene.sessions)), (b"hello", "fin", 0), end)


class DeadlineTests(AdaptedTestCase):
    """Time."""

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.net.clock.pump([0.5] * int(seconds * 2))
        self.net.turn()

    def test_expired(self) -> None:
        """
        A session is told once that its deadline has passed, half a second late at most; its orders are
        carried out.
        """
        self.adapt(expired=[b"beat", ToFront(b"beat")])
        self.session.deadline = 3.0
        self.backend.send(b"?")
        self.net.turn()
        self.pass_time(2.5)
        self.assertEqual(self.heard(), ([], b""))
        self.pass_time(1)
        self.assertEqual(self.heard(), ([(TEXT, b"beat")], b"beat"))
        self.pass_time(20)
        self.assertEqual([what for what, *_ in self.session.told], ["opened", "from_back", "expired"])

    def test_moved(self) -> None:
        """
        A deadline may be moved, or taken back, by whatever the session is told.
        """
        self.adapt()
        for deadline in (2.0, 4.0, 3.0, None):
            self.session.deadline = deadline
            self.backend.send(b"?")
            self.net.turn()
        self.pass_time(10)
        self.assertNotIn("expired", [what for what, *_ in self.session.told])
        self.session.deadline = 12.0
        self.backend.send(b"?")
        self.net.turn()
        self.session.deadline = 11.0
        self.backend.send(b"?")
        self.net.turn()
        self.pass_time(1.5)
        self.assertEqual(self.session.told[-1], ("expired", 11.5))

    def test_again(self) -> None:
        """
        A session that sets the next deadline when one has passed, as for heart-beats, is told of each.
        """
        session = self.session = Scripted(expired=[ToFront(b"beat")])

        def expired(now: float) -> Iterable[Order]:
            session.deadline = now + 2
            return session._give("expired", now)

        session.expired = expired  # type: ignore[method-assign]
        session.deadline = 2.0
        (self.browser, self.front), (self.backend, self.back) = self.scene.front(), self.scene.tcp_back()
        self.start()
        self.pass_time(8)
        self.assertEqual(self.heard()[0], [(TEXT, b"beat")] * 3)

    def test_over(self) -> None:
        """
        A session that has ended is told of no deadline.
        """
        self.adapt(from_front=[Close()])
        self.session.deadline = 3.0
        self.browser.say((TEXT, b"?"))
        self.net.turn()
        self.pass_time(4)
        self.assertEqual(self.session.told, [("opened",), ("from_front", b"?", TEXT)])
        self.browser.say((9, b"late"))
        self.assertNotIn((PONG, b"late"), self.heard()[0])

    def test_closed_when_it_expires(self) -> None:
        """
        A deadline may be the end.
        """
        self.adapt(expired=[ToFront(b"ERROR"), violation()])
        self.session.deadline = 1.0
        self.backend.send(b"?")
        self.net.turn()
        self.pass_time(2)
        self.assertEqual(self.heard()[0], [(TEXT, b"ERROR"), close(1002, b"bad verb (RFC 0 section 1)")])
