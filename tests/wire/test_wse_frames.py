"""Tests for L{kaazing.wire.wse}: the frames made in C and in Python, each by the same tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import pure_wse
from kaazing.wire.frames import AUTO, BINARY, TEXT
from kaazing.wire.wse import CLOSE, NOP, PING, PONG, RECONNECT, padding
from tests.wire.wse_streams import LENGTHS

try:
    from kaazing import _speedups
except ImportError:
    _speedups = None  # type: ignore[assignment]

if TYPE_CHECKING:
    Case = SynchronousTestCase
else:
    Case = object  # so that trial does not collect the tests without a codec


class WseFrameTests(Case):
    """What any wse_frame() does; C{codec} says which one."""

    codec: Any

    def test_kinds(self) -> None:
        """
        Each message is one frame with its length: 81 for text, 80 for binary.
        """
        for kind, first in ((TEXT, b"\x81"), (BINARY, b"\x80")):
            made = self.codec.wse_frame([b"one", b"", b"three"], kind, False)
            self.assertEqual(made, first + b"\x03one" + first + b"\x00" + first + b"\x05three")

    def test_auto(self) -> None:
        """
        AUTO makes text of what is UTF-8, and binary of what is not.
        """
        made = self.codec.wse_frame([b"a", b"\xff", "ü".encode(), "ü".encode()[:1], b""], AUTO, False)
        self.assertEqual(made, b"\x81\x01a\x80\x01\xff\x81\x02\xc3\xbc\x80\x01\xc3\x81\x00")

    def test_binary_only(self) -> None:
        """
        A session without text frames gets all as binary.
        """
        for kind in (AUTO, TEXT, BINARY):
            self.assertEqual(self.codec.wse_frame([b"a", b"\xff"], kind, True), b"\x80\x01a\x80\x01\xff")

    def test_lengths(self) -> None:
        """
        A length takes as few digits as it needs.
        """
        for size, length in LENGTHS.items():
            made = self.codec.wse_frame([b"x" * size], BINARY, False)
            self.assertEqual(made, b"\x80" + bytes.fromhex(length) + b"x" * size)

    def test_none(self) -> None:
        """
        No messages are no frames.
        """
        self.assertEqual(self.codec.wse_frame([], TEXT, False), b"")

    def test_wrong_arguments(self) -> None:
        """
        A kind that is none, and a message that is not bytes, are mistakes.
        """
        for kind in (-1, 3, 8, 1 << 32):
            self.assertRaises(ValueError, self.codec.wse_frame, [b"x"], kind, False)
        for message in ("text", bytearray(b"x"), None):
            self.assertRaises(TypeError, self.codec.wse_frame, [message], TEXT, False)
        self.assertRaises(TypeError, self.codec.wse_frame, 5, TEXT, False)
        self.assertRaises(TypeError, self.codec.wse_frame, [b"x"], TEXT)


class PureWseFrameTests(WseFrameTests, SynchronousTestCase):
    """Frames made in Python."""

    codec = pure_wse


class NativeWseFrameTests(WseFrameTests, SynchronousTestCase):
    """Frames made in C."""

    codec = _speedups
    if _speedups is None:
        skip = "kaazing._speedups was not built"


class CommandTests(SynchronousTestCase):
    def test_frames(self) -> None:
        """
        The frames without payload, as they stand on the wire.
        """
        made = [frame.hex(" ") for frame in (NOP, RECONNECT, CLOSE, PING, PONG)]
        self.assertEqual(made, ["01 30 30 ff", "01 30 31 ff", "01 30 32 ff", "89 00", "8a 00"])

    def test_padding(self) -> None:
        """
        Padding is one frame of NOPs, whose first byte and FF come on top of what was asked for.
        """
        self.assertEqual(padding(256), b"\x01" + b"00" * 128 + b"\xff")
        self.assertEqual([len(padding(n)) for n in (-1, 0, 1, 2, 3, 1025)], [2, 2, 2, 4, 4, 1026])
