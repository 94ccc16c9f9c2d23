"""Tests for L{kaazing.wire.irc}: lines to bytes and back; the scanners beside each other, cut anywhere."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire import pure_irc
from kaazing.wire.irc import Line, encode, folded, parse
from tests.wire.cuts import pieces
from tests.wire.irc_streams import Outcome, Settings, outcome, settings, stream

try:
    from kaazing._speedups import IrcScanner as NativeScanner
except ImportError:
    NativeScanner = None  # type: ignore[assignment,misc]

words = st.text(
    st.characters(exclude_characters="\0\r\n ", exclude_categories=["Cs"]), min_size=1, max_size=9
)
middles = words.filter(lambda word: not word.startswith(":"))
trailing = st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs"]), max_size=20)


class ParseTests(SynchronousTestCase):
    def test_line(self) -> None:
        """
        A line has tags, a prefix, a command and parameters, the last of which may hold anything.
        """
        line = parse(b"@a=b;c  :ann!a@host  privmsg #c   :hello: world ")
        self.assertEqual(line, Line("PRIVMSG", ("#c", "hello: world "), "ann!a@host", "a=b;c"))
        self.assertEqual((line.parameter(0), line.parameter(2)), ("#c", ""))

    def test_last_parameter(self) -> None:
        """
        RFC 2812 section 2.3.1: with a colon or without it is the same.
        """
        self.assertEqual(parse(b"JOIN :#c"), parse(b"JOIN #c "))
        self.assertEqual(parse(b"TOPIC #c :").parameters, ("#c", ""))
        self.assertEqual(parse(b"PRIVMSG a ::)").parameters, ("a", ":)"))
        self.assertEqual(parse(b"QUIT"), Line("QUIT"))


class EncodeTests(SynchronousTestCase):
    def test_line(self) -> None:
        """
        The last parameter gets a colon where it needs one.
        """
        line = Line("PRIVMSG", ("#c", "hello world"), "ann", "a=b")
        self.assertEqual(encode(line), b"@a=b :ann PRIVMSG #c :hello world")
        self.assertEqual(encode(Line("JOIN", ("#c",))), b"JOIN #c")
        self.assertEqual(encode(Line("TOPIC", ("#c", ""))), b"TOPIC #c :")

    def test_nobody_injects(self) -> None:
        """
        What would end the line, or become another parameter, cannot be said.
        """
        for parameters in (("a\r\nQUIT",), ("a\nb",), ("a\0",), ("a b", "c"), ("", "c"), (":a", "c")):
            self.assertRaises(ValueError, encode, Line("PASS", parameters))

    @given(words, st.lists(middles, max_size=4), trailing)
    def test_there_and_back(self, prefix: str, parameters: list[str], last: str) -> None:
        """
        What is written reads as it was.
        """
        line = Line("PRIVMSG", (*parameters, last), prefix)
        self.assertEqual(parse(encode(line)), line)


class FoldedTests(SynchronousTestCase):
    def test_cases(self) -> None:
        """
        RFC 2812 section 2.2: braces are the lower case of brackets; letters beyond ASCII stay.
        """
        self.assertEqual(folded("#Chan[]\\~Ü\udcff"), "#chan{}|^Ü\udcff")


class CutTests(SynchronousTestCase):
    """What passes, and the fault, depend neither on the cuts nor on which scanner it is."""

    kinds = tuple(filter(None, (pure_irc.IrcScanner, NativeScanner)))

    def assert_same(self, given: Settings, parts: list[bytes], said: Outcome) -> None:
        """Every scanner says it."""
        for kind in self.kinds:
            self.assertEqual(outcome(given, parts, kind), said, f"{kind} {parts!r}")

    def test_every_cut(self) -> None:
        """
        A stream with all there is, cut at every byte, and into pieces of every size.
        """
        data = b"@a=b :x 001 \xc3\xbc\r\n\r\nPING a\nJOIN #c\r\n@" + b"t" * 30 + b" PING\r\nPING \0\r\nX\r\n"
        for form in ({}, {"split": True}, {"bare": True}, {"text": True}):
            given = Settings(client=False, watched=frozenset((b"JOIN",)), **form)
            said = outcome(given, [data], pure_irc.IrcScanner)
            self.assertTrue(said[1].startswith("backend byte 77: NUL"), said[1])
            for at in range(len(data)):
                self.assert_same(given, [data[:at], data[at:]], said)
                size = at + 1
                parts = [data[start : start + size] for start in range(0, len(data), size)]
                self.assert_same(given, parts, said)

    @given(st.integers(min_value=0))
    def test_random(self, seed: int) -> None:
        """
        Random streams, good and bad, with random settings.
        """
        random = Random(seed)
        given = settings(random)
        data = stream(random, faults=random.choice((0.0, 0.05, 0.5)))
        said = outcome(given, [data], pure_irc.IrcScanner)
        self.assert_same(given, [data], said)
        self.assert_same(given, pieces(random, data), said)

    @given(st.lists(st.binary(max_size=40), max_size=8))
    def test_any_bytes(self, parts: list[bytes]) -> None:
        """
        Any bytes at all.
        """
        given = Settings(max_line=20, max_tags=10)
        self.assert_same(given, parts, outcome(given, [b"".join(parts)], pure_irc.IrcScanner))
