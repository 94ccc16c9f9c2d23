"""Tests for L{kaazing.transports.adapted}: what a session may order."""

from __future__ import annotations

from zope.interface.verify import verifyObject

from kaazing.errors import Side
from kaazing.interfaces.adapters import (
    Front,
    Hold,
    IAdapterSession,
    Kind,
    Resume,
    ToBack,
    ToFront,
)
from tests.transports.scenes import BINARY, TEXT
from tests.transports.scripted import AdaptedTestCase, Scripted, Whole
from tests.wire.framing import raw


class OrderTests(AdaptedTestCase):
    """What a session may order."""

    def test_promises(self) -> None:
        """
        The session of these tests keeps the promises of all.
        """
        verifyObject(IAdapterSession, Scripted())

    def test_told(self) -> None:
        """
        A session is told that both ends are up, then what each says; nothing passes by itself.
        """
        self.adapt(raw(TEXT, b"early"))
        self.browser.say((BINARY, b"a"), (BINARY, b"b"))
        self.backend.send(b"c")
        self.assertEqual(self.heard(), ([], b""))
        self.assertEqual(
            self.session.told,
            [("opened",), ("from_front", b"early", TEXT), ("from_front", b"ab", BINARY), ("from_back", b"c")],
        )

    def test_whole_messages(self) -> None:
        """
        An adapter that wants messages gets each whole, empty ones too.
        """
        self.adapt(wants=Front.MESSAGES)
        self.browser.say_raw(raw(1, b"a", final=False) + raw(0, b"b") + raw(1, b"") + raw(1, b"cut")[:-1])
        self.net.turn()
        self.assertEqual(self.session.told[1:], [("from_front", b"ab", TEXT), ("from_front", b"", TEXT)])

    def test_passing(self) -> None:
        """
        Plain bytes pass to the other end; towards the browser each is a message, text where it can be.
        """
        both = [b"one", b"zwei", b"\xff"]
        self.adapt(from_front=[*both], from_back=[*both])
        self.browser.say((TEXT, b"?"))
        self.backend.send(b"!")
        messages = [(TEXT, b"one"), (TEXT, b"zwei"), (BINARY, b"\xff")]
        self.assertEqual(self.heard(), (messages, b"onezwei\xff"))

    def test_kind(self) -> None:
        """
        A session may say of what kind its messages are, from one to the next.
        """
        self.adapt(from_back=Whole([b"text"]))
        self.session.kind = Kind.BINARY
        self.backend.send(b"?")
        self.assertEqual(self.heard()[0], [(BINARY, b"text")])
        self.session.kind = Kind.TEXT
        self.backend.send(b"?")
        self.assertEqual(self.heard()[0][1:], [(TEXT, b"text")])

    def test_whole_list(self) -> None:
        """
        A list passes as it is, in one write.
        """
        self.adapt(from_front=Whole([b"a", b"b"]), from_back=Whole([b"c", b"d"]), opened=Whole())
        self.browser.say((TEXT, b"?"))
        self.backend.send(b"!")
        self.assertEqual(self.heard(), ([(TEXT, b"c"), (TEXT, b"d")], b"ab"))
        self.assertEqual(self.backend.sends, 1)

    def test_all_orders(self) -> None:
        """
        Orders are carried out in the order they are given in, plain bytes among them.
        """
        orders = [b"1", ToBack(b"2"), ToFront(b"3", Kind.BINARY), b"4", ToFront(b"5"), ToBack(b"6"), b"7"]
        self.adapt(from_front=orders)
        self.browser.say((TEXT, b"?"))
        self.assertEqual(self.heard(), ([(BINARY, b"3"), (TEXT, b"5")], b"12467"))
        self.adapt(from_back=orders)
        self.backend.send(b"?")
        wanted = [(TEXT, b"1"), (BINARY, b"3"), (TEXT, b"4"), (TEXT, b"5"), (TEXT, b"7")]
        self.assertEqual(self.heard(), (wanted, b"26"))

    def test_opened(self) -> None:
        """
        A session may speak first, to both ends.
        """
        self.adapt(opened=[b"hello backend", ToFront(b"hello browser")])
        self.assertEqual(self.heard(), ([(TEXT, b"hello browser")], b"hello backend"))

    def test_nonsense(self) -> None:
        """
        What is no order is an error of the adapter, and the end of the session.
        """
        self.adapt(from_back=["text"])
        self.backend.send(b"?")
        self.assertRaises(TypeError, self.net.turn)


class HoldTests(AdaptedTestCase):
    """Ends that are held."""

    def said_while_held(self, side: Side) -> None:
        """Have an end speak, and see that nobody listens."""
        before = list(self.session.told)
        if side is Side.FRONT:
            self.browser.say((TEXT, b"held"))
        else:
            self.backend.send(b"held")
        self.net.turn()
        self.assertEqual(self.session.told, before)

    def resumed(self, side: Side) -> None:
        """See that what an end said meanwhile is told now."""
        told = ("from_front", b"held", TEXT) if side is Side.FRONT else ("from_back", b"held")
        self.net.turn()
        self.assertEqual(self.session.told[-1], told)

    def test_ordered(self) -> None:
        """
        An end that is held is not read until it is resumed; the other end is.
        """
        self.adapt(from_front=[Hold(Side.FRONT)], from_back=[Resume(Side.FRONT)])
        self.browser.say((TEXT, b"?"))
        self.net.turn()
        self.said_while_held(Side.FRONT)
        self.backend.send(b"go on")
        self.resumed(Side.FRONT)
        self.adapt(from_front=[Resume(Side.BACK)], from_back=[Hold(Side.BACK)])
        self.backend.send(b"?")
        self.net.turn()
        self.said_while_held(Side.BACK)
        self.browser.say((TEXT, b"go on"))
        self.resumed(Side.BACK)

    def test_from_the_start(self) -> None:
        """
        A session may hold an end from the start, early bytes and all.
        """
        self.adapt(
            raw(TEXT, b"he") + raw(TEXT, b"ld"), opened=[Hold(Side.FRONT)], from_back=[Resume(Side.FRONT)]
        )
        self.assertEqual(self.session.told, [("opened",)])
        self.backend.send(b"go on")
        self.resumed(Side.FRONT)

    def test_resumed_at_the_start(self) -> None:
        """
        To resume what is not held does nothing: what came early is told after the orders are done.
        """
        self.adapt(raw(TEXT, b"held"), opened=[Resume(Side.FRONT), Resume(Side.BACK), b"hello"])
        self.assertEqual(self.session.told, [("opened",), ("from_front", b"held", TEXT)])

    def test_in_answer_to_early_bytes(self) -> None:
        """
        What came early may lead to a hold.
        """
        self.adapt(raw(TEXT, b"early"), from_front=[Hold(Side.FRONT), Hold(Side.BACK)])
        self.said_while_held(Side.FRONT)
        self.said_while_held(Side.BACK)

    def test_in_answer_to_deciphered_bytes(self) -> None:
        """
        So may what TLS had deciphered of a backend's before it was resumed.
        """
        self.session = Scripted(from_back=[Hold(Side.BACK)])
        (self.browser, self.front), (self.backend, self.back) = self.scene.front(), self.scene.tcp_back()
        self.back.dataReceived(b"early")
        self.start()
        self.assertEqual(self.session.told, [("opened",), ("from_back", b"early")])
        self.said_while_held(Side.BACK)

    def test_congested(self) -> None:
        """
        When one end takes no more, the other is held until it does.
        """
        for side in Side:
            self.adapt(from_front=[b"x" * 70_000], from_back=[b"x" * 70_000])
            slow = self.browser.far if side is Side.BACK else self.backend
            slow.block()
            if side is Side.FRONT:
                self.browser.say((TEXT, b"?"))
            else:
                self.backend.send(b"?")
            self.net.turn()
            self.said_while_held(side)
            slow.unblock()
            self.resumed(side)

    def test_both_reasons(self) -> None:
        """
        An end held for two reasons is resumed when neither holds any longer, whichever goes first.
        """
        for resume_first in (True, False):
            self.adapt(from_front=[b"x" * 70_000, Hold(Side.FRONT)], from_back=[Resume(Side.FRONT)])
            self.backend.block()
            self.browser.say((TEXT, b"?"))
            self.net.turn()
            self.said_while_held(Side.FRONT)
            steps = [lambda: self.backend.send(b"go on"), self.backend.unblock]
            for step in steps if resume_first else reversed(steps):
                self.assertNotIn(("from_front", b"held", TEXT), self.session.told)
                step()
                self.net.turn()
            self.assertIn(("from_front", b"held", TEXT), self.session.told)
