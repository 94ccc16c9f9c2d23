"""Tests for L{kaazing.wire.pure_wse}: no cut changes what a decoder says, and the twins say the same."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import pure_wse
from kaazing.wire.frames import valid_utf8
from kaazing.wire.wse import CLOSE, NOP, PING, PONG, RECONNECT
from tests.wire.cuts import pieces
from tests.wire.wse_streams import Outcome, Settings, outcome, requests, settings

try:
    from kaazing import _speedups
except ImportError:
    _speedups = None  # type: ignore[assignment]

LIMIT = 20
GOOD = (
    b"\x81\x0bz\xc3\xbcrich 123"
    + NOP
    + b"\0\xe6\x9d\xb1 ok\xff"
    + (PING + PONG)
    + b"\x80\x80\x02\xff\0\x80\0\0\xff"
    + b"\x0100020000\xff"
)
ENDINGS = (
    CLOSE + RECONNECT,
    b"\x010001\xff",
    RECONNECT + NOP,
    b"\x010100\xff",
    b"\x0109\xff",
    b"\x01\x00\xff",
    b"\x81\x05ab\xe2\x82\x28",
    b"\x81\x03a\xe2\x82" + GOOD,
    b"\0ab\xe2\x82\x28",
    b"\0a\xe2\x82\xff" + GOOD,
    b"\0ab\xed\xa0\x80\xff",
    b"\x80" + bytes((LIMIT,)) + b"x" * LIMIT + b"\0" + b"y" * LIMIT + b"\xff",
    b"\x80" + bytes((LIMIT + 1,)) + b"x" * (LIMIT + 1),
    b"\0" + b"x" * (LIMIT + 1) + b"\xff",
    b"\x81" + b"\x80" * 9 + b"\0",
    b"\x81\x90" + b"\x80" * 7,
    b"\x89\x01x",
    b"\x80\x05open",
    b"\0open",
    b"\x82\0",
)

MESSAGES = st.lists(
    st.one_of(st.binary(), st.text().map(str.encode), st.binary(max_size=4).map(lambda b: b * 60))
)


class CutTests(SynchronousTestCase):
    """No cut changes what a decoder says."""

    def both(self, bodies: list[list[bytes]], given: Settings) -> Outcome:
        """What the decoder in Python says, the decoder in C having said the same."""
        said = outcome(pure_wse.WseDecoder(*given), bodies, whole=given.whole)
        if _speedups is not None:
            native = outcome(_speedups.WseDecoder(*given), bodies, whole=given.whole)
            self.assertEqual(native, said, bodies)
        return said

    def test_every_cut(self) -> None:
        """
        What passes, and the fault that ends it, are the same wherever a request is cut in two, and in
        pieces of one, two, three bytes and so on.
        """
        for ending in ENDINGS:
            data = GOOD + ending
            for whole in (False, True):
                given = Settings(LIMIT, whole, True)
                said = self.both([[data]], given)
                for cut in range(1, len(data)):
                    self.assertEqual(self.both([[data[:cut], data[cut:]]], given), said, cut)
                for step in range(1, 20):
                    parts = [data[i : i + step] for i in range(0, len(data), step)]
                    self.assertEqual(self.both([parts], given), said, f"cut every {step}")

    @given(st.randoms(use_true_random=False))
    def test_any_cuts(self, random: Random) -> None:
        """
        The same holds for any requests and any cuts.
        """
        given = settings(random)
        bodies = requests(random, faults=0.03)
        said = self.both([[body] for body in bodies], given)
        self.assertEqual(self.both([pieces(random, body) for body in bodies], given), said)

    @given(st.lists(st.lists(st.binary())), st.booleans(), st.sampled_from((0, 2, 100)))
    def test_garbage(self, bodies: list[list[bytes]], whole: bool, limit: int) -> None:
        """
        It holds for bytes that mean nothing as well.
        """
        given = Settings(limit, whole, True)
        said = self.both([[b"".join(parts)] for parts in bodies], given)
        self.assertEqual(self.both(bodies, given), said)


class FrameTests(SynchronousTestCase):
    @given(MESSAGES)
    def test_read_back(self, messages: list[bytes]) -> None:
        """
        What was framed reads as the same messages, text where they are UTF-8.
        """
        items = pure_wse.WseDecoder(0, True, False).feed(pure_wse.wse_frame(messages, 0, False))
        self.assertEqual(items, [(1 if valid_utf8(each) else 2, each) for each in messages])


class SameFrameTests(SynchronousTestCase):
    if _speedups is None:
        skip = "kaazing._speedups was not built"

    @given(MESSAGES, st.sampled_from((0, 1, 2)), st.booleans())
    def test_same_frames(self, messages: list[bytes], kind: int, binary_only: bool) -> None:
        """
        Any messages are framed alike in Python and in C.
        """
        made = _speedups.wse_frame(messages, kind, binary_only)
        self.assertEqual(pure_wse.wse_frame(messages, kind, binary_only), made)
