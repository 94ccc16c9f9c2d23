"""Tests for L{kaazing.wire.renewal}: messages between a page and the gateway in a connection."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import FrameViolation
from kaazing.wire.renewal import MARK, MOST, Credential, Word, escape, message, take

AUTO, TEXT, BINARY = 0, 1, 2


class MessageTests(SynchronousTestCase):
    """What is said."""

    def test_gateway(self) -> None:
        """
        The gateway says a letter behind the mark, and where there is one a number of seconds.
        """
        said = [message(Word.LASTS, 300), message(Word.LASTS), message(Word.SOON, 60), message(Word.REFUSED)]
        self.assertEqual(said, [MARK + b"L300", MARK + b"L", MARK + b"W60", MARK + b"X"])

    def test_client(self) -> None:
        """
        A client shows what would stand in Authorization, or a ticket; neither is printed.
        """
        shown = [take(MARK + b"ABearer a.b.c", TEXT), take(MARK + b"Tticket", TEXT)]
        self.assertEqual(
            shown, [Credential(Word.AUTHORIZATION, "Bearer a.b.c"), Credential(Word.TICKET, "ticket")]
        )
        self.assertNotIn("a.b.c", repr(shown))

    def test_none(self) -> None:
        """
        What begins with the mark and is nothing that a client says breaks the rules: 1002.
        """
        bad = [b"", b"L300", b"X", b"Z", b"A", b"T", b"A\xc3\xa9", b"Aa\nb", b"A" + b"a" * (MOST + 1)]
        codes = [self.assertRaises(FrameViolation, take, MARK + each, TEXT).close_code for each in bad]
        self.assertEqual(codes, [1002] * len(bad))


class EscapeTests(SynchronousTestCase):
    """Messages of the application's that begin like ours."""

    def test_outward(self) -> None:
        """
        Texts that begin with the mark get an escape; binary messages, and what is no text, get none.
        """
        mine, broken = MARK + b"L1", MARK + b"\xff"
        self.assertEqual(escape([mine, b"a"], TEXT), [MARK + b"E" + mine, b"a"])
        self.assertEqual(escape([mine, broken], AUTO), [MARK + b"E" + mine, broken])
        self.assertEqual(escape([mine], BINARY), [mine])

    @given(st.one_of(st.text(), st.text().map(lambda text: "\uf0ff" + text)), st.sampled_from([TEXT, BINARY]))
    def test_there_and_back(self, text: str, kind: int) -> None:
        """
        Whatever is escaped comes out as it went in.
        """
        data = text.encode()
        (escaped,) = escape([data], kind)
        self.assertEqual(take(escaped, kind), data)

    @given(st.binary(), st.sampled_from([TEXT, BINARY]))
    def test_any_bytes(self, data: bytes, kind: int) -> None:
        """
        Any message is the application's, a credential, or breaks the rules; only texts with the mark are
        anything but what they are.
        """
        for each in (data, MARK + data):
            try:
                taken = take(each, kind)
            except FrameViolation:
                taken = b"refused"
            if kind == BINARY or not each.startswith(MARK):
                self.assertEqual(taken, each)
