"""Tests for L{kaazing.wire.frames}: the frames made in C and in Python, each by the same tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import pure_frames
from kaazing.wire.frames import AUTO, BINARY, TEXT
from kaazing.wire.lane import Lane
from tests.wire.framing import raw

try:
    from kaazing import _speedups
except ImportError:
    _speedups = None  # type: ignore[assignment]

if TYPE_CHECKING:
    Case = SynchronousTestCase
else:
    Case = object  # so that trial does not collect the tests without a codec

SIZES = (0, 1, 125, 126, 127, 65535, 65536, 70_001)


class FrameTests(Case):
    """What any frame() does; C{codec} says which one."""

    codec: Any

    def test_kinds(self) -> None:
        """
        Each message is one frame of the kind asked for.
        """
        for kind in (TEXT, BINARY):
            made = self.codec.frame([b"one", b"", b"three"], kind)
            wanted = raw(kind, b"one", key=b"") + raw(kind, key=b"") + raw(kind, b"three", key=b"")
            self.assertEqual(made, wanted)

    def test_auto(self) -> None:
        """
        AUTO makes text of what is UTF-8, and binary of what is not, one message at a time.
        """
        made = self.codec.frame([b"plain", b"\xff", "東京".encode(), "東京".encode()[:-1], b""], AUTO)
        kinds = (1, b"plain"), (2, b"\xff"), (1, "東京".encode()), (2, "東京".encode()[:-1]), (1, b"")
        self.assertEqual(made, b"".join(raw(kind, payload, key=b"") for kind, payload in kinds))

    def test_lengths(self) -> None:
        """
        A length takes as few bytes as it needs.
        """
        for size in SIZES:
            self.assertEqual(self.codec.frame([b"x" * size], BINARY), raw(2, b"x" * size, key=b""), size)

    def test_none(self) -> None:
        """
        No messages are no frames.
        """
        self.assertEqual(self.codec.frame([], TEXT), b"")
        self.assertEqual(self.codec.frame([], TEXT, masked=True), b"")

    def test_masked(self) -> None:
        """
        What a client sends is masked, and a lane reads it.
        """
        messages = [bytes(i * 7 & 255 for i in range(size)) for size in SIZES]
        made = self.codec.frame(messages, BINARY, masked=True)
        self.assertEqual(Lane(True, 0, True).feed(made), [(2, message) for message in messages])

    def test_fresh_keys(self) -> None:
        """
        No two frames have the same key, in one call or two.
        """
        frames = self.codec.frame([b""] * 300, TEXT, True) + self.codec.frame([b""] * 300, TEXT, True)
        keys = {frames[i + 2 : i + 6] for i in range(0, len(frames), 6)}
        self.assertGreater(len(keys), 597)  # a pair alike by chance: one run in 24,000

    def test_wrong_arguments(self) -> None:
        """
        A kind that is none, and a message that is not bytes, are mistakes.
        """
        for kind in (-1, 3, 8, 1 << 32):
            self.assertRaises(ValueError, self.codec.frame, [b"x"], kind)
        for message in ("text", bytearray(b"x"), None):
            self.assertRaises(TypeError, self.codec.frame, [message], TEXT)
        self.assertRaises(TypeError, self.codec.frame, 5, TEXT)
        self.assertRaises(TypeError, self.codec.frame, [b"x"])
        self.assertRaises(TypeError, self.codec.frame, [b"x"], TEXT, flag=True)
        self.assertRaises(TypeError, self.codec.frame, [b"x"], TEXT, True, masked=True)

    def test_valid_utf8(self) -> None:
        """
        UTF-8 is what ends with a whole character and has none that is forbidden.
        """
        for text in ("", "a" * 100, "zürich", "東京", "😀" * 20, "a" * 31 + "ä", "\ud7ff\ue000\U0010ffff"):
            self.assertTrue(self.codec.valid_utf8(text.encode()), text)
        for text in ("80", "c0 80", "c3", "e2 82", "ed a0 80", "f0 80 80 80", "f4 90 80 80", "f5", "ff"):
            for before in (b"", b"a" * 40, "ä".encode() * 20):
                self.assertFalse(self.codec.valid_utf8(before + bytes.fromhex(text)), text)
                self.assertFalse(self.codec.valid_utf8(before + bytes.fromhex(text) + b"a" * 9), text)


class PureFrameTests(FrameTests, SynchronousTestCase):
    """Frames made in Python."""

    codec = pure_frames


class NativeFrameTests(FrameTests, SynchronousTestCase):
    """Frames made in C."""

    codec = _speedups
    if _speedups is None:
        skip = "kaazing._speedups was not built"
