"""Tests for L{kaazing.wire.wse}: the decoder in C and the one in Python, each by the same tests."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import pure_wse
from kaazing.wire.wse import CLOSE, CLOSE_CODES, NOP, PING, PONG, RECONNECT, WseDecoder
from tests.wire.wse_streams import LENGTHS

try:
    from kaazing import _speedups
except ImportError:
    _speedups = None  # type: ignore[assignment]

Item = tuple[int, bytes]
Fault = tuple[int, str, str]

if TYPE_CHECKING:
    Case = SynchronousTestCase
else:
    Case = object  # so that trial does not collect the tests without a codec

LIMIT = 1000
GOOD = b"\x80\x04good"
IS_PING, IS_PONG, IS_RECONNECT, IS_CLOSE = (9, b""), (10, b""), (16, b""), (17, b"")
UNKNOWN = "unknown command", "WSE commands"
BEHIND = "bytes behind RECONNECT", "WSE commands"
INSIDE = "request ends inside a frame", "WSE frames"
TOO_BIG = "message of more than 1000 bytes", "WSE message size"
NOT_UTF8 = "text that is not UTF-8", "WSE text"
CUT_SHORT = "text message ends inside a character", "WSE text"


class WseDecoderTests(Case):
    """What any decoder does; C{codec} says which one."""

    codec: Any

    def decoder(self, *, whole: bool = True, limit: int = LIMIT, pings: bool = True) -> WseDecoder:
        """Make the decoder under test."""
        made: WseDecoder = self.codec.WseDecoder(limit, whole, pings)
        return made

    def assert_fed(self, stream: bytes, items: list[Item], *, whole: bool = True, limit: int = LIMIT) -> None:
        """What one request brings, nothing of it at fault."""
        decoder = self.decoder(whole=whole, limit=limit)
        self.assertEqual((decoder.feed(stream), decoder.fault), (items, None))
        decoder.end()
        self.assertIsNone(decoder.fault)

    def assert_refused(self, bad: bytes, offset: int, rule: tuple[str, str], *, passed: bytes = b"") -> None:
        """What is good passes, C{bad} does not; the offset is from its start. C{passed} of its text does."""
        for whole in (True, False):
            decoder = self.decoder(whole=whole)
            text = [(1, passed)] if passed and not whole else []
            self.assertEqual(decoder.feed(GOOD + bad), [(2, b"good"), *text], bad)
            self.assertEqual(decoder.fault, (len(GOOD) + offset, *rule), bad)
            self.assertEqual(decoder.feed(GOOD), [])
            decoder.begin()
            self.assertEqual(decoder.feed(GOOD), [])
            self.assertEqual(decoder.fault, (len(GOOD) + offset, *rule), bad)
            self.assertEqual(decoder.octets, 4 + len(passed))

    # What passes

    def test_binary(self) -> None:
        """
        80, a length and as many bytes: a binary message, of any bytes.
        """
        self.assert_fed(b"\x80\x03\x00\xff\x81", [(2, b"\x00\xff\x81")])

    def test_text(self) -> None:
        """
        81, a length and as many bytes: a text message.
        """
        self.assert_fed(b"\x81\x07z\xc3\xbcrich", [(1, "zürich".encode())])

    def test_delimited_text(self) -> None:
        """
        00, text and FF: a text message.
        """
        self.assert_fed(b"\x00z\xc3\xbcrich\xff", [(1, "zürich".encode())])

    def test_empty(self) -> None:
        """
        Messages may be empty, in all three forms.
        """
        self.assert_fed(b"\x80\x00\x81\x00\x00\xff", [(2, b""), (1, b""), (1, b"")])

    def test_lengths(self) -> None:
        """
        A length is to the base of 128, the most significant digit first.
        """
        for size, length in LENGTHS.items():
            payload = bytes(i * 7 & 0xFF for i in range(size))
            self.assert_fed(b"\x80" + bytes.fromhex(length) + payload, [(2, payload)], limit=0)

    def test_leading_zeros(self) -> None:
        """
        A length may have digits that it does not need, up to 9 in all.
        """
        self.assert_fed(b"\x80\x80\x02ab\x81" + b"\x80" * 8 + b"\x01c", [(2, b"ab"), (1, b"c")])

    def test_commands(self) -> None:
        """
        NOP gives nothing; CLOSE and RECONNECT are told.
        """
        self.assert_fed(NOP + CLOSE + NOP + RECONNECT, [IS_CLOSE, IS_RECONNECT])

    def test_commands_in_one_frame(self) -> None:
        """
        A command frame holds any number of commands, none too.
        """
        self.assert_fed(b"\x01\xff\x0100020001\xff", [IS_CLOSE, IS_RECONNECT])
        self.assert_fed(b"\x01" + b"00" * 5000 + b"\xff" + GOOD, [(2, b"good")])

    def test_ping_and_pong(self) -> None:
        """
        PING and PONG have no payload, and come where they stood.
        """
        self.assert_fed(GOOD + PING + GOOD + PONG, [(2, b"good"), IS_PING, (2, b"good"), IS_PONG])

    def test_stream(self) -> None:
        """
        Payload as it comes: neighbours of one kind are one item, empty messages give nothing.
        """
        stream = GOOD + b"\x80\x00" + NOP + GOOD + b"\x00a\xff\x81\x01b" + PING + b"\x81\x01c" + GOOD
        items = [(2, b"goodgood"), (1, b"ab"), IS_PING, (1, b"c"), (2, b"good")]
        self.assert_fed(stream, items, whole=False)

    def test_stream_does_not_wait(self) -> None:
        """
        Payload as it comes does not wait for the rest of its message; whole messages do.
        """
        for head, end in ((b"\x81\x06", b""), (b"\x00", b"\xff")):
            decoder = self.decoder(whole=False)
            self.assertEqual(decoder.feed(head + b"z\xc3"), [(1, b"z\xc3")])
            self.assertEqual(decoder.feed(b"\xbcri" + end), [(1, b"\xbcri")])
            decoder = self.decoder()
            self.assertEqual(decoder.feed(head + b"z\xc3"), [])
            self.assertEqual(decoder.feed(b"\xbcric" + end), [(1, "züric".encode())])

    def test_requests(self) -> None:
        """
        One decoder goes through all requests of a session, and counts on.
        """
        decoder = self.decoder()
        self.assertEqual(decoder.feed(GOOD + RECONNECT), [(2, b"good"), IS_RECONNECT])
        decoder.end()
        decoder.begin()
        self.assertEqual(decoder.feed(b"\x81\x01x" + RECONNECT), [(1, b"x"), IS_RECONNECT])
        decoder.begin()
        self.assertEqual((decoder.fault, decoder.messages, decoder.octets), (None, 2, 5))
        self.assertEqual(decoder.feed(b"\x7f"), [])
        self.assertEqual(decoder.fault, (len(GOOD) + 3 + 2 * 4, "unknown frame type", "WSE frames"))

    # What is refused

    def test_unknown_types(self) -> None:
        """
        Any other first byte is no frame.
        """
        for first in {*range(256)} - {0x00, 0x01, 0x80, 0x81, 0x89, 0x8A}:
            self.assert_refused(bytes((first, 0)), 0, ("unknown frame type", "WSE frames"))

    def test_length_form(self) -> None:
        """
        A length has at most 9 digits, and is at most what JavaScript counts exactly.
        """
        for kind in (b"\x80", b"\x81"):
            self.assert_refused(kind + b"\x80" * 9, 1, ("length of more than 9 bytes", "WSE frames"))
            self.assert_refused(kind + b"\xff" * 8 + b"\x7f", 1, ("length above 2^53", "WSE frames"))
            above = b"\x90" + b"\x80" * 6 + b"\x01"  # 2^53 + 1
            self.assert_refused(kind + above, 1, ("length above 2^53", "WSE frames"))

    def test_limit(self) -> None:
        """
        A message of the limit passes; the head of a longer one is refused before its payload.
        """
        full = b"x" * LIMIT
        self.assert_fed(b"\x80\x87\x68" + full + b"\x00" + full + b"\xff", [(2, full), (1, full)])
        self.assert_refused(b"\x80\x87\x69" + full + b"x", 1, TOO_BIG)
        self.assert_refused(b"\x81\x80\x87\x69", 1, TOO_BIG)
        self.assert_refused(b"\x80\x90" + b"\x80" * 6 + b"\x00", 1, TOO_BIG)  # 2^53

    def test_limit_of_delimited_text(self) -> None:
        """
        Delimited text has no length in front: it stops at the limit.
        """
        full = b"x" * LIMIT
        self.assert_refused(b"\x00" + full + b"x", 1 + LIMIT, TOO_BIG, passed=full)
        self.assert_refused(b"\x00" + full + b"xyz\xff", 1 + LIMIT, TOO_BIG, passed=full)

    def test_no_limit(self) -> None:
        """
        With the limit 0 any length up to 2^53 is taken.
        """
        decoder = self.decoder(limit=0, whole=False)
        self.assertEqual(decoder.feed(b"\x80\x90" + b"\x80" * 6 + b"\x00abc"), [(2, b"abc")])
        self.assertIsNone(decoder.fault)
        self.assert_fed(b"\x00" + b"x" * 100_000 + b"\xff", [(1, b"x" * 100_000)], limit=0)

    def test_negative_limit(self) -> None:
        """
        A negative limit is a mistake.
        """
        self.assertRaises(ValueError, self.decoder, limit=-1)

    def test_text_that_is_not_utf8(self) -> None:
        """
        Text stops at the first byte that cannot continue it.
        """
        for bad in ("80", "c0", "c3 28", "e0 9f", "ed a0", "f0 8f", "f4 90", "f5"):
            text = "ä".encode() + bytes.fromhex(bad)
            for head in (b"\x81\x10", b"\x00"):
                at = len(head) + len(text) - 1
                self.assert_refused(head + text + b"more", at, NOT_UTF8, passed=text[:-1])

    def test_text_cut_short(self) -> None:
        """
        Text ends with a whole character, where its length says and where FF stands.
        """
        for cut in ("c3", "e2 82", "f0 9f 92"):
            text = b"x" + bytes.fromhex(cut)
            self.assert_refused(bytes((0x81, len(text))) + text, 2 + len(text), CUT_SHORT, passed=text)
            self.assert_refused(b"\x00" + text + b"\xff", 1 + len(text), CUT_SHORT, passed=text)

    def test_unknown_commands(self) -> None:
        """
        A command is 00, 01 or 02, both digits.
        """
        for pair, place in ((b"03", 1), (b"0a", 1), (b"10", 0), (b"20", 0), (b"0\xff", 1), (b"\x00", 0)):
            self.assert_refused(b"\x0100" + pair, 3 + place, UNKNOWN)

    def test_behind_reconnect(self) -> None:
        """
        Nothing follows RECONNECT, not even a NOP, neither in its frame nor behind it.
        """
        self.assert_refused(b"\x010100\xff", 3, BEHIND)
        for more in (b"\x00", NOP, RECONNECT, GOOD):
            decoder = self.decoder()
            self.assertEqual(decoder.feed(RECONNECT + more), [IS_RECONNECT])
            self.assertEqual(decoder.fault, (4, *BEHIND))

    def test_pings_not_agreed(self) -> None:
        """
        Where the client did not ask for pings, PING and PONG are refused.
        """
        for frame in (PING, PONG):
            decoder = self.decoder(pings=False)
            self.assertEqual(decoder.feed(GOOD + frame), [(2, b"good")])
            rule = "PING or PONG in a session without them", "WSE commands"
            self.assertEqual(decoder.fault, (len(GOOD), *rule))

    def test_ping_payload(self) -> None:
        """
        The length of PING and PONG is 0, in one byte.
        """
        for first in (0x89, 0x8A):
            for length in (1, 127, 128, 255):
                rule = "PING or PONG with a payload", "WSE frames"
                self.assert_refused(bytes((first, length, 0)), 1, rule)

    def test_request_ends_inside(self) -> None:
        """
        A frame does not go on in the next request: wherever one is cut off, that is a fault.
        """
        frames = (b"\x80\x81\x00", b"\x81\x03ab", b"\x00ab", b"\x0100", b"\x010", RECONNECT[:-1], b"\x89")
        for frame in frames:
            for size in range(1, len(frame) + 1):
                for stop in ("end", "begin"):
                    decoder = self.decoder()
                    self.assertEqual(decoder.feed(GOOD + frame[:size]), [(2, b"good")])
                    getattr(decoder, stop)()
                    self.assertEqual(decoder.fault, (len(GOOD) + size, *INSIDE))
                    self.assertEqual(decoder.feed(GOOD), [])

    def test_first_fault_stays(self) -> None:
        """
        The end of a request adds nothing to a fault that came before.
        """
        decoder = self.decoder()
        decoder.feed(b"\x7f")
        decoder.end()
        self.assertEqual(decoder.fault, (0, "unknown frame type", "WSE frames"))

    # What is known of it

    def test_counters(self) -> None:
        """
        A decoder counts finished messages and payload, not commands.
        """
        decoder = self.decoder()
        decoder.feed(b"\x80\x02ab\x81\x00" + NOP + PING + CLOSE + b"\x00cde")
        self.assertEqual((decoder.messages, decoder.octets), (2, 5))

    def test_claims_take_no_memory(self) -> None:
        """
        The room for a message grows with what has come, not with what its head claims.
        """
        for head in (b"\x80\x90" + b"\x80" * 6 + b"\x00", b"\x00"):
            decoder = self.decoder(limit=0)
            tracemalloc.start()
            decoder.feed(head)
            for _ in range(100):
                decoder.feed(b"x" * 1000)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            self.assertLess(peak, 400_000)

    def test_fault_takes_no_memory(self) -> None:
        """
        After a fault the open message is let go.
        """
        decoder = self.decoder(limit=0)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        decoder.feed(b"\x00" + b"x" * 1_000_000)
        decoder.end()
        self.assertLess(tracemalloc.get_traced_memory()[0], 10_000)

    def test_close_codes(self) -> None:
        """
        The rule of a fault says which close code it is to a backend that speaks WebSocket.
        """
        codes = []
        for bad in (b"\x7f", b"\x0199\xff", b"\x81\x01\xff", b"\x80\x87\x69"):
            decoder = self.decoder()
            decoder.feed(bad)
            assert decoder.fault is not None
            codes.append(CLOSE_CODES[decoder.fault[2]])
        self.assertEqual(codes, [1002, 1002, 1007, 1009])


class PureWseDecoderTests(WseDecoderTests, SynchronousTestCase):
    """The decoder in Python."""

    codec = pure_wse


class NativeWseDecoderTests(WseDecoderTests, SynchronousTestCase):
    """The decoder in C."""

    codec = _speedups
    if _speedups is None:
        skip = "kaazing._speedups was not built"
