"""Tests for L{kaazing.wire.pure_frames}: the codec in Python makes what the codec in C makes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import pure_frames

try:
    from kaazing import _speedups
except ImportError:
    _speedups = None  # type: ignore[assignment]

PAYLOADS = st.one_of(st.binary(), st.text().map(str.encode), st.binary(max_size=4).map(lambda b: b * 40))


class MaskTests(SynchronousTestCase):
    @given(st.binary(max_size=200), st.binary(min_size=4, max_size=4))
    def test_xor(self, data: bytes, key: bytes) -> None:
        """
        Masking is byte by byte with the repeated key, and undoes itself.
        """
        masked = pure_frames.xor(data, key)
        self.assertEqual(masked, bytes(byte ^ key[i % 4] for i, byte in enumerate(data)))
        self.assertEqual(pure_frames.xor(masked, key), data)


class SameTests(SynchronousTestCase):
    """Both codecs, one against the other."""

    if _speedups is None:
        skip = "kaazing._speedups was not built"

    @given(st.lists(PAYLOADS), st.sampled_from((0, 1, 2)))
    def test_same_frames(self, messages: list[bytes], kind: int) -> None:
        """
        Any messages are framed alike.
        """
        self.assertEqual(pure_frames.frame(messages, kind), _speedups.frame(messages, kind))

    @given(PAYLOADS)
    def test_same_utf8(self, data: bytes) -> None:
        """
        Any bytes are UTF-8 to both or to neither.
        """
        self.assertEqual(pure_frames.valid_utf8(data), _speedups.valid_utf8(data))

    def test_same_pairs(self) -> None:
        """
        Neither differs on any two bytes, alone or with a third and a fourth that might end a character.
        """
        for pair in (bytes((first, second)) for first in range(256) for second in range(256)):
            for data in (pair, pair + b"\x80", pair + b"\x80\xbf"):
                if pure_frames.valid_utf8(data) is not _speedups.valid_utf8(data):
                    self.fail(data.hex())
