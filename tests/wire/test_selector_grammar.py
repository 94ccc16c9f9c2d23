"""Tests for L{kaazing.wire.selector_grammar}: what is refused, with which words."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.selector_grammar import KEYWORDS, MAX_DEPTH, MAX_STEPPING, RULE, parser
from kaazing.wire.selectors import compiled

VALUE = "expected a name or a value"


class RefusalTests(SynchronousTestCase):
    """Selectors that are none."""

    def assert_refused(self, text: str, column: int, what: str) -> None:
        """C{text} is refused at the column, with these words."""
        why = str(self.assertRaises(ValueError, compiled, text))
        self.assertEqual(why, f"selector, column {column}: {what} ({RULE})")

    def test_words(self) -> None:
        """
        What cannot stand where it does: the column, and what could.
        """
        behind = "expected a comparison, an operator, AND, OR, BETWEEN, IN, LIKE, NOT or the end"
        for text, column, what in (
            ("", 1, f"{VALUE}, not the end"),
            ("  ", 3, f"{VALUE}, not the end"),
            ("a =", 4, f"{VALUE}, not the end"),
            ("a = = b", 5, f"{VALUE}, not '='"),
            ("a blue", 3, f"{behind}, not 'blue'"),
            ("a == 1", 4, f"{VALUE}, not '='"),
            ("a != 1", 3, "unexpected character '!'"),
            ("a\n= #", 5, "unexpected character '#'"),
            ("a = 'b", 5, "a string that does not end"),
            ("a = '\u00e9", 5, "a string that does not end"),
            ('"a = 1', 1, "a name in double quotes that does not end"),
            ("a IN ('x' 'y')", 11, 'expected ")" or ",", not "\'y\'"'),
            ("a IN (1)", 7, "expected a string, not '1'"),
            ("a IN ()", 7, "expected a string, not ')'"),
            ("a IN 'x'", 6, 'expected "(", not "\'x\'"'),
            ("(a = 1", 7, 'expected ")", not the end'),
            ("a = 1)", 6, "expected the end, not ')'"),
            ("a LIKE b", 8, "expected a string, not 'b'"),
            ("a IS 5", 6, "expected NULL or NOT, not '5'"),
            ("a NOT b", 7, "expected BETWEEN, IN or LIKE, not 'b'"),
            ("a BETWEEN 1 OR 2", 13, "expected AND, not 'OR'"),
            ("NOT", 4, f"{VALUE}, not the end"),
            ("and = 1", 1, f"{VALUE}, not 'and'"),
            ("1.5L = a", 4, f"{behind}, not 'L'"),
        ):
            self.assert_refused(text, column, what)

    def test_types(self) -> None:
        """
        What could never be meant: conditions of numbers, an order of strings, a literal where a name must be.
        """
        for text, column, what in (
            ("1 + 2", 1, "expected a condition, not a number"),
            ("a AND 'b'", 7, "expected a condition, not a string"),
            ("NOT 5", 5, "expected a condition, not a number"),
            ("JMSPriority", 1, "expected a condition, not a number"),
            ("-a", 1, "expected a condition, not a number"),
            ("'a' < b", 5, "expected a number for <, not a string"),
            ("a >= TRUE", 3, "expected a number for >=, not a condition"),
            ("a + 'b' = 1", 3, "expected a number for +, not a string"),
            ("a * (b = 1) = 1", 3, "expected a number for *, not a condition"),
            ("-'b' = 1", 1, "expected a number for -, not a string"),
            ("+JMSType = 1", 1, "expected a number for +, not a string"),
            ("a BETWEEN 'a' AND 'b'", 3, "expected a number for BETWEEN, not a string"),
            ("5 LIKE 'a'", 3, "expected a name in front of LIKE"),
            ("a + 1 IS NULL", 7, "expected a name in front of IS"),
            ("'a' in ('b')", 5, "expected a name in front of IN"),
            ("a LIKE 'b' ESCAPE 'cd'", 19, "expected one character behind ESCAPE"),
            ("a LIKE 'b' ESCAPE ''", 19, "expected one character behind ESCAPE"),
            ("a LIKE 'b!' ESCAPE '!'", 8, "the pattern of LIKE ends with its escape character"),
            ('"" = 1', 1, "expected a name between double quotes"),
            ("a = 08", 5, "08 is no octal number, as which Java reads it"),
            ("a = 1e999", 5, "1e999 is out of the range of a double"),
            ("a = 9223372036854775808", 5, "9223372036854775808 is out of the range of a long"),
            ("a < 9223372036854775808", 5, "9223372036854775808 is out of the range of a long"),
            ("a < 1 - 9223372036854775808", 9, "9223372036854775808 is out of the range of a long"),
            (
                "JMSReplyTo = 'a'",
                1,
                "'JMSReplyTo' is not selected by; there are JMSCorrelationID, JMSDeliveryMode, JMSMessageID, "
                "JMSPriority, JMSTimestamp, JMSType, JMSXDeliveryCount",
            ),
        ):
            self.assert_refused(text, column, what)

    def test_keywords(self) -> None:
        """
        Reserved words are no names, in whatever case; what only begins with one is.
        """
        for word in KEYWORDS:
            for text in (word, word.lower(), word.title()):
                self.assertRaises(ValueError, compiled, f"{text} IS NULL")
            for text in (f"{word}X", f"{word}_", f"{word}$", f"{word}1", f"x{word}", f'"{word}"'):
                self.assertEqual(compiled(f"{text} = 1").text, f"{text} = 1")

    def test_depth(self) -> None:
        """
        There is a limit to parts inside each other, whatever they are.
        """
        why = f"selector: more than {MAX_DEPTH} parts inside each other"
        for begins, ends in (("(", ")"), ("NOT ", ""), ("- ", "")):
            inner = "a = 1" if begins != "- " else "a"
            behind = "" if begins != "- " else " = 1"
            compiled(begins * 50 + inner + ends * 50 + behind)
            text = begins * 70 + inner + ends * 70 + behind
            self.assertEqual(str(self.assertRaises(ValueError, compiled, text)), why)
        compiled(" OR ".join(["a = 1"] * 200))

    def test_stepping(self) -> None:
        """
        There is a limit to searches that cost a step for each character of a value.
        """
        compiled(" OR ".join(["a LIKE '%b_%'"] * MAX_STEPPING))
        text = " OR ".join(["a LIKE '%b_%'"] * (MAX_STEPPING + 1))
        why = f"selector: more than {MAX_STEPPING} LIKEs that search for a pattern with _"
        self.assertEqual(str(self.assertRaises(ValueError, compiled, text)), why)

    def test_two_parsers(self) -> None:
        """
        There are two parsers, made when first asked for.
        """
        self.assertIs(parser(True), parser(True))
        self.assertIsNot(parser(True), parser(False))
