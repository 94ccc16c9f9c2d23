"""Tests for L{kaazing.wire.selector_like}."""

from __future__ import annotations

from time import process_time

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.selector_like import MAX_SEARCHED, like


def slowly(pattern: str, value: str) -> bool:
    """Return whether a value is like a pattern, tried out row by row."""
    reached = {0}
    for letter in pattern:
        if letter == "%":
            reached = {
                place for place in range(len(value) + 1) if place >= min(reached, default=len(value) + 1)
            }
        else:
            reached = {at + 1 for at in reached if at < len(value) and letter in ("_", value[at])}
    return len(value) in reached


class LikeTests(SynchronousTestCase):
    """Patterns of SQL."""

    def test_specification(self) -> None:
        """
        The examples of JMS 2.0 section 3.8.1.1.
        """
        for pattern, escape, yes, no in (
            ("12%3", "", "123 12993 1233", "1234 12 124"),
            ("l_se", "", "lose lise", "loose lse"),
            ("\\_%", "\\", "_foo _", "bar \\_foo"),
            ("%", "", "a ab", ""),
            ("", "", "", "a"),
            ("_", "", "a ä", "ab"),
            ("%a%", "", "a bab", "b"),
            ("a%a", "", "aa aba", "a ab"),
            ("100!%", "!", "100%", "100 1000"),
            ("!!%", "!", "! !a", "a"),
            ("!a", "!", "a", "!a"),
            ("%a_c%", "", "abc xabcx axc", "ac a_ abd"),
            (".*", "", ".*", "a ab"),
        ):
            matches = like(pattern, escape)[0]
            self.assertEqual([each for each in f"{yes} {no}".split() if matches(each)], yes.split(), pattern)
        self.assertEqual([like("%")[0](""), like("")[0](""), like("_")[0]("")], [True, True, False])
        self.assertTrue(like("a_b")[0]("a\nb"))

    def test_escape_at_the_end(self) -> None:
        """
        Something must come after an escape.
        """
        why = self.assertRaises(ValueError, like, "a!", "!")
        self.assertEqual(str(why), "the pattern of LIKE ends with its escape character")

    @given(st.text("ab_%", max_size=12), st.text("abc", max_size=20))
    def test_as_tried_out(self, pattern: str, value: str) -> None:
        """
        The answer is that of trying all there is.
        """
        self.assertEqual(like(pattern)[0](value), slowly(pattern, value))

    @given(st.text("ab_%!", max_size=12), st.text("ab_%!", max_size=12))
    def test_escaped(self, text: str, other: str) -> None:
        """
        Text with an escape before each special character is like itself alone.
        """
        pattern = "".join("!" + each if each in "_%!" else each for each in text)
        self.assertEqual(like(pattern, "!")[0](other), text == other)
        self.assertTrue(like(pattern, "!")[0](text))

    def test_steps(self) -> None:
        """
        A piece with _ between two % costs a step for each character; a value that is too long for that is
        unknown, unless it is found otherwise.
        """
        for pattern, steps in (("%a_b%", True), ("%__%", True), ("a_b%c_d", False), ("%ab%", False)):
            self.assertEqual(like(pattern)[1], steps, pattern)
        matches = like("%a_b%c")[0]
        self.assertEqual(matches("x" * MAX_SEARCHED), False)
        self.assertEqual(matches("x" * MAX_SEARCHED + "c"), None)
        self.assertEqual(matches("x" * (MAX_SEARCHED - 4) + "axbc"), True)

    def test_time(self) -> None:
        """
        What makes a search by trial slow takes milliseconds.
        """
        start = process_time()
        for pattern in ("%a" * 2000, "%" + "a" * 2000 + "_b%", "%" + "a_" * 1000 + "b%", "a%" * 2000 + "b"):
            like(pattern)[0]("a" * MAX_SEARCHED)
        self.assertLess(process_time() - start, 1)
