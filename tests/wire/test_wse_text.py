"""Tests for L{kaazing.wire.wse_text}: what a body in the encodings text and escaped holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.wse_text import EncodingFault, TextDecoder, Unescaper, escape
from tests.wire.wse_streams import through

ALL = bytes(range(256))
SOME = st.lists(st.sampled_from((b"\x7f", b"0", b"r", b"n", b"\0", b"a", b"\xff"))).map(b"".join)


def in_two(data: bytes) -> list[list[bytes]]:
    """Return the data in one piece, cut in two at every place, and byte by byte."""
    cut = [[data[:at], data[at:]] for at in range(1, len(data))]
    return [[data], *cut, [data[at : at + 1] for at in range(len(data))]]


class TextDecoderTests(SynchronousTestCase):
    def assert_decoded(self, body: bytes, wanted: bytes, fault: str = "") -> None:
        """What a body holds, and the fault that ends it, wherever it is cut."""
        for parts in in_two(body):
            made, said = through(TextDecoder(), parts)
            self.assertEqual((b"".join(made), said), (wanted, fault), parts)

    def test_bytes(self) -> None:
        """
        Each of the characters 0 to 255 is the byte of that number.
        """
        self.assert_decoded(ALL.decode("latin-1").encode(), ALL)

    def test_zero(self) -> None:
        """
        The character 256 (C4 80) is the byte 0, as the character 0 is.
        """
        self.assert_decoded(b"a\xc4\x80b\x00c", b"a\0b\0c")

    def test_modulo(self) -> None:
        """
        Of any other character the number modulo 256 counts.
        """
        self.assert_decoded("\u0101\u20ac\uffff\U0010ff41a\xe9".encode(), b"\x01\xac\xff\x41a\xe9")

    def test_frames(self) -> None:
        """
        A binary message and RECONNECT, as the original's JavaScript client posts them.
        """
        self.assert_decoded(b"\xc2\x80\x02\xc3\xbf\xc4\x80\x0101\xc3\xbf", b"\x80\x02\xff\x00\x0101\xff")

    def test_not_utf8(self) -> None:
        """
        A body stops at the character that is not UTF-8; what stands before it is given.
        """
        for bad in ("80", "c0 80", "c3 28", "e0 80 80", "ed a0 80", "f4 90 80 80", "ff"):
            body = b"ok\xc3\xa9" + bytes.fromhex(bad) + b"more"
            self.assert_decoded(body, b"ok\xe9", "byte 4: body that is not UTF-8 (WSE encodings)")

    def test_cut_short(self) -> None:
        """
        A body ends with a whole character.
        """
        for cut in ("c3", "e2 82", "f0 9f 92"):
            body = b"ok" + bytes.fromhex(cut)
            self.assert_decoded(body, b"ok", "byte 2: body ends inside a character (WSE encodings)")

    def test_fault(self) -> None:
        """
        A fault is a ValueError that says what, where and which rule, and brings what stood before it.
        """
        decoder = TextDecoder()
        self.assertEqual(decoder.feed(b"one\xc3"), b"one")
        fault = self.assertRaises(EncodingFault, decoder.feed, b"\xa9two\xff")
        self.assertIsInstance(fault, ValueError)
        said = fault.what, fault.offset, fault.rule, fault.before
        self.assertEqual(said, ("body that is not UTF-8", 8, "WSE encodings", b"\xe9two"))

    @given(st.binary(max_size=20))
    def test_any_cut(self, body: bytes) -> None:
        """
        Any bytes decode alike wherever they are cut.
        """
        made, fault = through(TextDecoder(), [body])
        self.assert_decoded(body, b"".join(made), fault)

    @given(st.text())
    def test_any_text(self, text: str) -> None:
        """
        Any text becomes a byte for each character.
        """
        self.assertEqual(TextDecoder().feed(text.encode()), bytes(ord(each) % 256 for each in text))


class UnescaperTests(SynchronousTestCase):
    def assert_unescaped(self, body: bytes, wanted: bytes, fault: str = "") -> None:
        """What a body holds, and the fault that ends it, wherever it is cut."""
        for parts in in_two(body):
            made, said = through(Unescaper(), parts)
            self.assertEqual((b"".join(made), said), (wanted, fault), parts)

    def test_pairs(self) -> None:
        """
        The four escapes, alone and side by side.
        """
        self.assert_unescaped(b"\x7f0\x7fr\x7fn\x7f\x7f", b"\0\r\n\x7f")
        self.assert_unescaped(b"a\x7f\x7f0\x7f0\x7f\x7f\x7fr0", b"a\x7f0\0\x7f\r0")
        self.assert_unescaped(b"\x7f\x7f\x7f\x7f\x7f0\x7fn\x7f\x7fn", b"\x7f\x7f\0\n\x7fn")

    def test_plain(self) -> None:
        """
        All else passes, bytes that ought to have been escaped too.
        """
        plain = ALL.replace(b"\x7f", b"")
        self.assert_unescaped(plain, plain)

    def test_unknown(self) -> None:
        """
        A body stops at a pair that is none of the four; what stands before it is given.
        """
        for bad in (b"\x7f1", b"\x7fR", b"\x7f\0", b"\x7f\x80"):
            body = b"ok\x7f\x7f\x7f0" + bad + b"\x7fr"
            self.assert_unescaped(body, b"ok\x7f\0", "byte 6: unknown escape (WSE encodings)")

    def test_cut_short(self) -> None:
        """
        A body does not end inside an escape.
        """
        self.assert_unescaped(b"ok\x7f", b"ok", "byte 2: body ends inside an escape (WSE encodings)")
        self.assert_unescaped(b"\x7f" * 5, b"\x7f\x7f", "byte 4: body ends inside an escape (WSE encodings)")

    @given(SOME)
    def test_any_cut(self, body: bytes) -> None:
        """
        Any bytes unescape alike wherever they are cut.
        """
        made, fault = through(Unescaper(), [body])
        self.assert_unescaped(body, b"".join(made), fault)


class EscapeTests(SynchronousTestCase):
    def test_four(self) -> None:
        """
        00, 0A, 0D and 7F are escaped, and nothing else.
        """
        self.assertEqual(escape(b"a\0b\nc\rd\x7f0"), b"a\x7f0b\x7fnc\x7frd\x7f\x7f0")
        plain = bytes(each for each in ALL if each not in b"\0\n\r\x7f")
        self.assertEqual(escape(plain), plain)

    @given(SOME)
    def test_back(self, data: bytes) -> None:
        """
        Any bytes come back, and none of those that proxies change is on the way.
        """
        escaped = escape(data)
        self.assertEqual(Unescaper().feed(escaped), data)
        self.assertEqual({*escaped} & {*b"\0\n\r"}, set())
