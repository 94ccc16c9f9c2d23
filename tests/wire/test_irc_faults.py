"""Tests for L{kaazing.wire.irc_faults}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import Side
from kaazing.wire.irc_faults import Code, violation


class ViolationTests(SynchronousTestCase):
    def test_words(self) -> None:
        """
        Every fault has a sentence with its limit, and the document that says so.
        """
        said = [str(violation((code, 7, 99), Side.FRONT)) for code in Code]
        self.assertEqual(said[0], "client byte 7: line of more than 99 bytes (RFC 2812 section 2.3)")
        self.assertEqual(len(set(said)), len(Code))
        self.assertFalse([text for text in said if "{" in text or not text.endswith(")")])
