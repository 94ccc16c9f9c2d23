"""Tests for L{kaazing.adapters.amqp.one_ledger}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.adapters.amqp.one_ledger import End, pair
from kaazing.wire.amqp_one import parse
from kaazing.wire.amqp_one_types import NULL, Checker, Malformed, boolean, string, uint, ushort
from tests.adapters.amqp.one_dialogue import (
    BACK_OPEN,
    CLOSE,
    END,
    OPEN,
    attach,
    begin,
    detach,
    flow,
    performative,
    transfer,
)

NOT_ALLOWED = "amqp:not-allowed"
INVALID = "amqp:invalid-field"


def admit(end: End, *wires: bytes) -> None:
    """Let an end send frames."""
    for wire in wires:
        what = parse(wire, Checker())
        assert what is not None
        end.admit(what)


class LedgerCase(SynchronousTestCase):
    """Two ends, the client's and the backend's."""

    def setUp(self) -> None:
        """Nothing is said yet."""
        self.front, self.back = pair(max_channel=9, max_handle=3)

    def open(self) -> None:
        """Both have opened the connection and a session."""
        admit(self.front, OPEN, begin())
        admit(self.back, BACK_OPEN, begin(0))

    def refused(self, end: End, wire: bytes, what: str, condition: str = NOT_ALLOWED) -> None:
        """The end may not send this now."""
        why = self.assertRaises(Malformed, admit, end, wire)
        self.assertEqual((why.what, why.condition), (what, condition))


class ConnectionTests(LedgerCase):
    """Connections (section 2.4)."""

    def test_open_first_and_once(self) -> None:
        """
        The first frame is open, on channel 0, and there is one.
        """
        self.refused(self.front, begin(), "begin before open")
        self.refused(self.front, CLOSE, "close before open")
        self.refused(self.front, performative(0x10, string("c"), channel=1), "open on another channel than 0")
        admit(self.front, OPEN)
        self.refused(self.front, OPEN, "open twice")

    def test_close_last(self) -> None:
        """
        Nothing comes behind close, of the same end.
        """
        self.open()
        admit(self.front, CLOSE)
        self.refused(self.front, END, "end behind close")
        with self.assertRaises(Malformed):
            self.front.beat()
        admit(self.back, END, CLOSE)

    def test_heart_beat(self) -> None:
        """
        Heart-beats come between open and close (section 2.4.5).
        """
        with self.assertRaises(Malformed):
            self.front.beat()
        admit(self.front, OPEN)
        self.front.beat()

    def test_max_frame(self) -> None:
        """
        A peer takes frames of 512 bytes at least.
        """
        small = performative(0x10, string("c"), NULL, uint(511))
        self.refused(self.front, small, "a max-frame-size below 512", INVALID)
        admit(self.back, BACK_OPEN)
        self.assertEqual(self.back.max_frame, 65536)

    def test_channel_max(self) -> None:
        """
        Channels are within what the other end allows, and within the limit before it has said so.
        """
        framing = "amqp:connection:framing-error"
        admit(self.front, OPEN, begin(channel=8))
        admit(self.back, performative(0x10, string("b"), NULL, NULL, ushort(5)))
        self.refused(self.front, begin(channel=6), "a channel above 5", framing)
        self.refused(self.back, begin(channel=10), "a channel above 9", framing)


class SessionTests(LedgerCase):
    """Sessions (section 2.5)."""

    def test_begin(self) -> None:
        """
        A channel has one session at a time; an answer names a channel that awaits one.
        """
        admit(self.front, OPEN, begin())
        admit(self.back, BACK_OPEN)
        self.refused(self.front, begin(), "begin on a channel that has a session")
        nobody = "begin in answer to a channel on which no session awaits one"
        self.refused(self.back, begin(1), nobody)
        admit(self.back, begin(0, channel=3))
        self.refused(self.back, begin(0, channel=4), nobody)

    def test_end(self) -> None:
        """
        Behind end an end says nothing more in the session; the channel is free when both have ended.
        """
        self.open()
        admit(self.front, attach("n", 0, receives=False), END)
        self.refused(self.front, END, "end on a channel without session")
        self.refused(self.front, begin(), "begin on a channel that has a session")
        admit(self.back, attach("m", 0, receives=False), END)
        self.assertEqual((self.front.sessions, self.back.sessions), ({}, {}))
        admit(self.front, begin())

    def test_end_before_the_answer(self) -> None:
        """
        A session may be ended before the other end has begun its side.
        """
        admit(self.front, OPEN, begin(), END)
        admit(self.back, BACK_OPEN, begin(0), END)
        self.assertEqual((self.front.sessions, self.back.sessions), ({}, {}))

    def test_no_session(self) -> None:
        """
        Links, flow, transfers and dispositions need a session.
        """
        admit(self.front, OPEN)
        frames = {"attach": attach("n", 0, receives=True), "flow": flow(), "transfer": transfer(),
                  "disposition": performative(0x15, boolean(True), uint(0)), "detach": detach(0),
                  "end": END}  # fmt: skip
        for name, wire in frames.items():
            self.refused(self.front, wire, f"{name} on a channel without session")


class LinkTests(LedgerCase):
    """Links (section 2.6)."""

    def setUp(self) -> None:
        """The connection is open."""
        super().setUp()
        self.open()

    def test_handles(self) -> None:
        """
        A handle is of one link until detach, and within what the other end allows.
        """
        admit(self.front, attach("n", 0, receives=False))
        again = attach("m", 0, receives=False)
        self.refused(self.front, again, "attach with a handle in use", "amqp:session:handle-in-use")
        admit(self.back, again, detach(0))
        admit(self.front, detach(0), again)
        high = attach("h", 4, receives=True)
        self.refused(self.front, high, "a handle above 3", "amqp:connection:framing-error")

    def test_links_in_all(self) -> None:
        """
        Links are counted over all sessions; those that are detached, or whose session has ended, are not.
        """
        admit(self.front, begin(channel=1))
        for handle in range(4):
            admit(self.front, attach(f"n{handle}", handle, receives=False))
        one_more = attach("m", 0, receives=False, channel=1)
        self.refused(self.front, one_more, "more than 4 links", "amqp:resource-limit-exceeded")
        admit(self.front, detach(3), one_more, END)
        admit(self.front, *(attach(f"x{handle}", handle, receives=True, channel=1) for handle in (1, 2, 3)))
        self.assertEqual(self.front.attached, 4)

    def test_handle_max(self) -> None:
        """
        The other end may allow fewer.
        """
        few = performative(0x11, NULL, *(uint(9),) * 3, uint(1), channel=1)
        answer = performative(0x11, ushort(1), *(uint(9),) * 3, uint(0), channel=1)
        admit(self.front, few)
        admit(self.back, answer)
        high = attach("h", 1, receives=True, channel=1)
        self.refused(self.front, high, "a handle above 0", "amqp:connection:framing-error")
        admit(self.back, high)

    def test_unattached(self) -> None:
        """
        What is about a link needs one.
        """
        for name, wire in {"transfer": transfer(2), "flow": flow(uint(2)), "detach": detach(2)}.items():
            what = f"{name} with a handle that is not attached"
            self.refused(self.front, wire, what, "amqp:session:unattached-handle")

    def test_flow_of_a_session(self) -> None:
        """
        A flow without handle has nothing of a link in it (section 2.7.4).
        """
        admit(self.front, flow())
        for place, name in enumerate(("delivery-count", "link-credit", "available")):
            wire = flow(NULL, *(NULL,) * place, uint(1))
            self.refused(self.front, wire, f"flow with {name} but no handle", INVALID)

    def test_receiver(self) -> None:
        """
        Only the sender of a link transfers.
        """
        admit(self.front, attach("n", 0, receives=True))
        self.refused(self.front, transfer(), "transfer from the receiver of the link")

    def test_first_transfer(self) -> None:
        """
        The first transfer of a delivery has its id and its tag, of 32 bytes at most (section 2.7.5).
        """
        admit(self.front, attach("n", 0, receives=False))
        what = "the first transfer of a delivery without delivery-id and delivery-tag"
        self.refused(self.front, transfer(delivery=None), what, INVALID)
        self.refused(self.front, transfer(tag=None), what, INVALID)
        admit(self.front, transfer(tag=b"t" * 32))
        self.refused(self.front, transfer(tag=b"t" * 33), "a delivery-tag of more than 32 bytes", INVALID)

    def test_delivery_in_parts(self) -> None:
        """
        More transfers need neither; another delivery may not begin before the last has come.
        """
        admit(self.front, attach("n", 0, receives=False), attach("m", 1, receives=False))
        admit(self.front, transfer(delivery=7, more=True), transfer(delivery=None, tag=None, more=True))
        what = "a delivery begins before the last one of its link has ended"
        self.refused(self.front, transfer(delivery=8), what)
        admit(self.front, transfer(1, delivery=8), transfer(delivery=7, tag=None), transfer(delivery=9))

    def test_aborted(self) -> None:
        """
        A delivery that is aborted has ended, whatever it says of more (section 2.7.5).
        """
        yes = boolean(True)
        aborted = performative(0x14, uint(0), *(NULL,) * 4, yes, *(NULL,) * 3, yes)
        admit(self.front, attach("n", 0, receives=False), transfer(more=True), aborted)
        admit(self.front, transfer(delivery=1))
