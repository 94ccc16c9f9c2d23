"""Tests for L{kaazing.wire.pure_lane}: no cut changes what a lane says, and the two lanes say the same."""

from __future__ import annotations

from random import Random
from typing import cast

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import lane
from kaazing.wire.pure_lane import Lane
from tests.wire.cuts import pieces
from tests.wire.framing import raw
from tests.wire.outcomes import Outcome, outcome
from tests.wire.streams import stream

try:
    from kaazing._speedups import Lane as NativeLane
except ImportError:
    NativeLane = None  # type: ignore[assignment,misc]

LIMIT = 1000
GOOD = (
    raw(1, "zür".encode()[:2], final=False)
    + raw(9, b"ping")
    + raw(0, "zürich 東京".encode()[2:])
    + raw(2, b"b" * 130)
    + raw(2)
    + raw(1, b"t")
)
ENDINGS = (
    raw(8, b"\x03\xe8") + raw(1, b"late"),
    raw(1, b"abc\xe2\x82\x28def") + raw(1, b"late"),
    raw(1, b"abc\xe2\x82") + raw(1, b"late"),
    raw(2, b"x" * (LIMIT + 1)),
    raw(2, b"x" * 600, final=False) + raw(0, b"x" * 401),
    raw(2, claim=1 << 63),
    raw(2, form=2, claim=3),
    raw(9, final=False),
    raw(10, b"x" * 126),
    raw(9, b"open", final=True)[:-1],
    raw(2, b"open")[:4],
)
SECOND = {0xE0: (0xA0, 0xBF), 0xED: (0x80, 0x9F), 0xF0: (0x90, 0xBF), 0xF4: (0x80, 0x8F)}  # RFC 3629


class CutTests(SynchronousTestCase):
    """No cut changes what a lane says."""

    def both(self, parts: list[bytes], *, whole: bool, masked: bool = True) -> Outcome:
        """What the lane in Python says, the lane in C having said the same."""
        said = outcome(cast(lane.Lane, Lane(masked, LIMIT, whole)), parts, whole=whole)
        if NativeLane is not None:
            self.assertEqual(outcome(NativeLane(masked, LIMIT, whole), parts, whole=whole), said, parts)
        return said

    def test_every_cut(self) -> None:
        """
        What passes, and the fault that ends it, are the same wherever a stream is cut in two, and in
        pieces of one, two, three bytes and so on.
        """
        for ending in ENDINGS:
            data = GOOD + ending
            for whole in (False, True):
                said = self.both([data], whole=whole)
                for cut in range(1, len(data)):
                    self.assertEqual(self.both([data[:cut], data[cut:]], whole=whole), said, cut)
                for step in range(1, 20):
                    parts = [data[i : i + step] for i in range(0, len(data), step)]
                    self.assertEqual(self.both(parts, whole=whole), said, f"cut every {step}")

    @given(st.randoms(use_true_random=False), st.booleans(), st.booleans())
    def test_any_cuts(self, random: Random, whole: bool, masked: bool) -> None:
        """
        The same holds for any stream and any cuts.
        """
        data = stream(random, masked=masked)
        said = self.both([data], whole=whole, masked=masked)
        self.assertEqual(self.both(pieces(random, data), whole=whole, masked=masked), said)

    @given(st.binary(), st.lists(st.binary()), st.booleans(), st.booleans())
    def test_garbage(self, first: bytes, parts: list[bytes], whole: bool, masked: bool) -> None:
        """
        It holds for bytes that mean nothing as well.
        """
        said = self.both([b"".join([first, *parts])], whole=whole, masked=masked)
        self.assertEqual(self.both([first, *parts], whole=whole, masked=masked), said)

    def test_every_second_byte(self) -> None:
        """
        In text, each byte that can follow a first one follows, and each other is the fault.
        """
        for first in range(0x80, 0x100):
            for second in (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF):
                text = bytes((0x61, first, second))
                items, fault, *_ = self.both([raw(1, text, final=False)], whole=False)
                low, high = SECOND.get(first, (0x80, 0xBF))
                well = 1 if not 0xC2 <= first <= 0xF4 else 3 if low <= second <= high else 2
                self.assertEqual(items, [(1, text[:well])])
                self.assertEqual(fault and fault[:2], None if well == 3 else (1007, 6 + well))
