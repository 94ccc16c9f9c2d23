"""Tests for L{kaazing.wire.lane}: the lane in C and the lane in Python, each by the same tests."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import pure_lane
from kaazing.wire.lane import Lane
from tests.wire.framing import raw

try:
    from kaazing import _speedups
except ImportError:
    _speedups = None  # type: ignore[assignment]

Item = tuple[int, bytes]
Fault = tuple[int, int, str, str]

if TYPE_CHECKING:
    Case = SynchronousTestCase
else:
    Case = object  # so that trial does not collect the tests without a lane

LIMIT = 1000
LIMITS = "RFC 6455 section 10.4"


class LaneTests(Case):
    """What any lane does; C{native} says which one."""

    native: bool

    def lane(self, *, whole: bool = False, masked: bool = True, limit: int = LIMIT) -> Lane:
        """Make the lane under test."""
        module: Any = _speedups if self.native else pure_lane
        made: Lane = module.Lane(masked, limit, whole)
        return made

    def assert_fed(
        self, stream: bytes, items: list[Item], fault: Fault | None = None, *, whole: bool = False
    ) -> None:
        """What a client's stream brings, and the fault that ends it, if one does."""
        lane = self.lane(whole=whole)
        self.assertEqual((lane.feed(stream), lane.fault), (items, fault))
        self.assertEqual(lane.feed(raw(2, b"more")), [(2, b"more")] if fault is None else [])

    def assert_refused(self, first: bytes, bad: bytes, fault: Fault) -> None:
        """What is good passes, C{bad} does not; the fault's offset is given from the start of C{bad}."""
        code, offset, what, rule = fault
        lane = self.lane()
        self.assertEqual(lane.feed(raw(2, b"good") + first + bad), [(2, b"good")])
        self.assertEqual(lane.fault, (code, 10 + len(first) + offset, what, rule))
        self.assertEqual(lane.feed(raw(2, b"more")), [])

    # What passes

    def test_whole_messages(self) -> None:
        """
        Asked for whole messages, a lane gives each one with its kind, empty ones too.
        """
        stream = raw(1, b"one") + raw(1, b"") + raw(2, b"two") + raw(2, b"three")
        self.assert_fed(stream, [(1, b"one"), (1, b""), (2, b"two"), (2, b"three")], whole=True)

    def test_fragments_join(self) -> None:
        """
        The fragments of a message come as one.
        """
        stream = raw(1, b"a", final=False) + raw(0, b"", final=False) + raw(0, b"bc") + raw(2, final=False)
        self.assert_fed(stream + raw(0), [(1, b"abc"), (2, b"")], whole=True)

    def test_stream_joins_neighbours(self) -> None:
        """
        Otherwise payload comes as a stream: neighbours of one kind are one item, boundaries and empty
        messages do not show.
        """
        stream = raw(2, b"one") + raw(2, b"") + raw(2, b"two") + raw(1, b"") + raw(2, b"three")
        self.assert_fed(stream, [(2, b"onetwothree")])

    def test_stream_keeps_kinds_apart(self) -> None:
        """
        Text and binary payload do not mix, and keep their order.
        """
        stream = raw(1, b"a", final=False) + raw(0, b"b") + raw(2, b"c" * 300) + raw(1, b"d")
        self.assert_fed(stream, [(1, b"ab"), (2, b"c" * 300), (1, b"d")])

    def test_stream_does_not_wait(self) -> None:
        """
        Payload passes as soon as it is there, a character's first bytes too.
        """
        lane = self.lane()
        message = raw(1, "né".encode())
        self.assertEqual(lane.feed(message[:-1]), [(1, b"n\xc3")])
        self.assertEqual(lane.feed(message[-1:]), [(1, b"\xa9")])

    def test_sizes(self) -> None:
        """
        Messages of every length form arrive as they were sent.
        """
        for size in (0, 1, 7, 8, 31, 32, 33, 125, 126, 127, 65535, 65536, 100_003):
            payload = bytes(i * 7 & 255 for i in range(size))
            lane = self.lane(whole=True, limit=0)
            self.assertEqual(lane.feed(raw(2, payload)), [(2, payload)], size)

    def test_server_frames(self) -> None:
        """
        From a server frames come without a mask.
        """
        lane = self.lane(masked=False)
        self.assertEqual(lane.feed(raw(1, b"hello" * 50, key=b"")), [(1, b"hello" * 50)])

    def test_control_frames_in_order(self) -> None:
        """
        Control frames come where they stood, between fragments too, as they came: head and mask on.
        """
        ping, pong = raw(9, b"are you there"), raw(10, b"x" * 125)
        stream = raw(1, b"a", final=False) + ping + raw(0, b"b") + pong + raw(1, b"c")
        self.assert_fed(stream, [(1, b"a"), (9, ping), (1, b"b"), (10, pong), (1, b"c")])
        self.assert_fed(stream, [(9, ping), (1, b"ab"), (10, pong), (1, b"c")], whole=True)

    def test_close_ends(self) -> None:
        """
        After a close frame nothing is taken any more, not even a fault.
        """
        close = raw(8, b"\x03\xe8bye")
        lane = self.lane()
        self.assertEqual(lane.feed(raw(2, b"last") + close + raw(2, b"late")), [(2, b"last"), (8, close)])
        self.assertEqual((lane.feed(raw(3, b"nonsense")), lane.fault), ([], None))

    # What is refused

    def test_reserved_bits(self) -> None:
        """
        Bits that no extension gave a meaning must be zero.
        """
        for bits in (1, 2, 4):
            for opcode in (2, 9):
                self.assert_refused(
                    b"",
                    raw(opcode, b"x", reserved=bits),
                    (1002, 0, "reserved bit set", "RFC 6455 section 5.2"),
                )

    def test_unknown_opcodes(self) -> None:
        """
        Frames of no known type are refused.
        """
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            fault = (1002, 0, "unknown opcode", "RFC 6455 section 5.2")
            self.assert_refused(b"", raw(opcode), fault)

    def test_continuation_order(self) -> None:
        """
        A continuation needs a message to continue, and a message must end before the next one.
        """
        fault = (1002, 0, "continuation frame outside a message", "RFC 6455 section 5.4")
        self.assert_refused(b"", raw(0, b"x"), fault)
        fault = (1002, 0, "new message inside a fragmented one", "RFC 6455 section 5.4")
        self.assert_refused(raw(1, final=False), raw(1, b"x"), fault)

    def test_control_frame_form(self) -> None:
        """
        Control frames are short and never fragmented.
        """
        fault = (1002, 0, "fragmented control frame", "RFC 6455 section 5.5")
        self.assert_refused(b"", raw(9, final=False), fault)
        for size in (126, 65536):
            fault = (1002, 1, "control frame of more than 125 bytes", "RFC 6455 section 5.5")
            self.assert_refused(b"", raw(9, b"x" * size), fault)

    def test_client_must_mask(self) -> None:
        """
        Every frame of a client is masked, control frames too.
        """
        for opcode in (2, 9):
            fault = (1002, 1, "unmasked frame from a client", "RFC 6455 section 5.1")
            self.assert_refused(b"", raw(opcode, b"x", key=b""), fault)

    def test_server_must_not_mask(self) -> None:
        """
        No frame of a server is masked.
        """
        for opcode in (2, 9):
            lane = self.lane(masked=False)
            self.assertEqual(lane.feed(raw(2, b"good", key=b"") + raw(opcode, b"x")), [(2, b"good")])
            self.assertEqual(lane.fault, (1002, 7, "masked frame from a server", "RFC 6455 section 5.1"))

    def test_length_form(self) -> None:
        """
        A length stands in as few bytes as it needs, and below 2^63.
        """
        for form, size in ((2, 0), (2, 125), (8, 0), (8, 126), (8, 65535)):
            fault = (1002, 2, "length in more bytes than it needs", "RFC 6455 section 5.2")
            self.assert_refused(b"", raw(2, form=form, claim=size), fault)
        fault = (1002, 2, "top bit of a 64-bit length set", "RFC 6455 section 5.2")
        self.assert_refused(b"", raw(2, claim=1 << 63), fault)

    def test_limit(self) -> None:
        """
        A message of the limit passes; the head of a longer one is refused before its payload.
        """
        self.assert_fed(raw(2, b"x" * LIMIT) * 2, [(2, b"x" * LIMIT * 2)])
        fault = (1009, 1, "message of more than 1000 bytes", "RFC 6455 section 10.4")
        for size in (LIMIT + 1, 65536, (1 << 63) - 1):
            self.assert_refused(b"", raw(2, b"x", claim=size), fault)

    def test_short_limit(self) -> None:
        """
        A limit below 126 bytes is kept as well.
        """
        lane = self.lane(limit=5)
        self.assertEqual(lane.feed(raw(2, b"12345") + raw(2, b"123456")), [(2, b"12345")])
        self.assertEqual(lane.fault, (1009, 12, "message of more than 5 bytes", LIMITS))

    def test_limit_counts_fragments(self) -> None:
        """
        The limit is for all fragments together; those before the one that passes it have passed.
        """
        stream = raw(2, b"x" * LIMIT, final=False) + raw(0, final=False) + raw(0, b"y")
        fault = (1009, len(stream) - 6, "message of more than 1000 bytes", LIMITS)
        self.assert_fed(stream, [(2, b"x" * LIMIT)], fault)
        self.assert_fed(stream, [], fault, whole=True)

    def test_no_limit(self) -> None:
        """
        With the limit 0 any length is taken.
        """
        lane = self.lane(limit=0)
        self.assertEqual(lane.feed(raw(2, b"x", claim=(1 << 63) - 1)), [(2, b"x")])
        self.assertIsNone(lane.fault)

    def test_negative_limit(self) -> None:
        """
        A negative limit is a mistake.
        """
        self.assertRaises(ValueError, self.lane, limit=-1)

    # Text

    def test_text_across_cuts(self) -> None:
        """
        A character may be cut by fragments.
        """
        text = "zürich or 東京 or 😀".encode()
        frames = [raw(1, text[:1], final=False)]
        frames += [raw(0, text[i : i + 1], final=False) for i in range(1, len(text))] + [raw(0)]
        self.assert_fed(b"".join(frames), [(1, text)])
        self.assert_fed(b"".join(frames), [(1, text)], whole=True)

    def test_text_that_is_not_utf8(self) -> None:
        """
        Text stops at the first byte that cannot continue it; what stands before that passes.
        """
        for bad in (
            *("80", "bf", "c0", "c1", "f5", "ff", "c3 28", "e0 9f", "e1 80 c0", "ed a0", "e2 82 41"),
            *("f0 8f", "f0 9f 92 20", "f1 80 80 7f", "f4 90", "ef bf c3"),
        ):
            for before in ("", "a", "plain ascii of more than 32 bytes in all", "ä東京😀"):
                text = before.encode() + bytes.fromhex(bad)
                good = text[:-1]
                fault = (1007, 6 + len(good), "text that is not UTF-8", "RFC 6455 section 8.1")
                self.assert_fed(raw(1, text + b"rest"), [(1, good)] if good else [], fault)
                self.assert_fed(raw(1, text + b"rest"), [], fault, whole=True)

    def test_text_cut_short(self) -> None:
        """
        A text message ends with a whole character.
        """
        for cut in ("c3", "e2 82", "f0 9f 92"):
            text = b"x" + bytes.fromhex(cut)
            stream = raw(1, text, final=False) + raw(0)
            fault = (1007, len(stream), "text message ends inside a character", "RFC 6455 section 8.1")
            self.assert_fed(stream, [(1, text)], fault)
            self.assert_fed(stream, [], fault, whole=True)

    def test_binary_is_not_looked_at(self) -> None:
        """
        Binary payload may be anything.
        """
        self.assert_fed(raw(2, b"\xff\xfe") + raw(1, b"ok"), [(2, b"\xff\xfe"), (1, b"ok")])

    # What is known of it

    def test_counters(self) -> None:
        """
        A lane counts finished messages, their payload, and all bytes it was fed.
        """
        lane = self.lane()
        stream = raw(1, b"abc") + raw(9, b"ping") + raw(2, b"de", final=False)
        lane.feed(stream)
        self.assertEqual((lane.messages, lane.octets, lane.received), (1, 5, len(stream)))
        lane.feed(raw(0, b"f") + raw(15) + b"ignored")
        self.assertEqual((lane.messages, lane.octets), (2, 6))
        self.assertEqual(lane.received, len(stream) + 7 + 6 + 7)

    def test_at_boundary(self) -> None:
        """
        A lane says when nothing is open: no head, no frame, no message.
        """
        lane = self.lane()
        stream = raw(2, b"ab", final=False) + raw(9, b"p") + raw(0, b"c")
        seen = [lane.at_boundary]
        for i in range(len(stream)):
            lane.feed(stream[i : i + 1])
            seen.append(lane.at_boundary)
        self.assertEqual(seen, [True] + [False] * (len(stream) - 1) + [True])

    def test_claims_take_no_memory(self) -> None:
        """
        The room for a message grows with what has come, not with what its head claims.
        """
        lane = self.lane(whole=True, limit=0)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        lane.feed(raw(2, b"x" * 1000, claim=1 << 40))
        for _ in range(100):
            lane.feed(b"x" * 1000)
        self.assertLess(tracemalloc.get_traced_memory()[1], 400_000)

    def test_short_runs_take_no_memory(self) -> None:
        """
        Many short messages of changing kind in one feed cost no more than a small multiple of it.
        """
        stream = (raw(1, b"t") + raw(2, b"b")) * 10_000
        lane = self.lane()
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        items = lane.feed(stream)
        self.assertLess(tracemalloc.get_traced_memory()[1], 50 * len(stream))
        self.assertEqual(items, [(1, b"t"), (2, b"b")] * 10_000)


class PureLaneTests(LaneTests, SynchronousTestCase):
    """The lane in Python."""

    native = False


class NativeLaneTests(LaneTests, SynchronousTestCase):
    """The lane in C."""

    native = True
    if _speedups is None:
        skip = "kaazing._speedups was not built"

    def test_other_buffers(self) -> None:
        """
        A lane in C reads any object with a buffer, and nothing else.
        """
        feed: Any = self.lane().feed
        self.assertEqual(feed(bytearray(raw(2, b"x"))), [(2, b"x")])
        self.assertRaises(TypeError, feed, "text")
