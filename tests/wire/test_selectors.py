"""Tests for L{kaazing.wire.selectors}."""

from __future__ import annotations

from time import process_time

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.brokers import Destination, Domain, Message, Property
from kaazing.wire.selectors import MAX_LENGTH, MAX_WORDS, STEPPING, compiled
from tests.wire.selector_trees import CONDITIONS, PROPERTIES, Tree, meant, written

TOPIC = Destination(Domain.TOPIC, "a")
STRICTLY = "no_convert_string_expressions:"


def message(**properties: Property) -> Message:
    """Return a message with these properties."""
    return Message(destination=TOPIC, properties=properties)


class SelectorTests(SynchronousTestCase):
    """What is selected."""

    def assert_selects(self, text: str, *rows: tuple[Property | None, bool]) -> None:
        """C{text} selects a message whose property C{x} is the value (None: not there), or does not."""
        for value, expected in rows:
            sent = message() if value is None else message(x=value)
            for prefix in ("", STRICTLY):
                self.assertIs(compiled(prefix + text).matches(sent), expected, (text, value))

    def test_specification(self) -> None:
        """
        The examples of JMS 2.0 section 3.8.1.1: of each operator, the same said otherwise, and what a NULL
        makes of it.
        """
        for text in ("x BETWEEN 15 AND 19", "x >= 15 AND x <= 19"):
            self.assert_selects(
                text, (15, True), (19, True), (14, False), (20, False), (17.5, True), (None, False)
            )
        for text in ("x NOT BETWEEN 15 AND 19", "x < 15 OR x > 19"):
            self.assert_selects(
                text, (15, False), (19, False), (14, True), (20, True), ("no number", False), (None, False)
            )
        for text in (
            "x IN ('UK', 'US', 'France')",
            "(x = 'UK') OR (x = 'US') OR (x = 'France')",
        ):
            self.assert_selects(text, ("UK", True), ("Peru", False), (None, False))
        for text in (
            "x NOT IN ('UK', 'US', 'France')",
            "NOT ((x = 'UK') OR (x = 'US') OR (x = 'France'))",
        ):
            self.assert_selects(text, ("UK", False), ("Peru", True), (None, False))
        self.assert_selects("x LIKE '12%3'", ("123", True), ("12993", True), ("1234", False), (None, False))
        self.assert_selects("x LIKE 'l_se'", ("lose", True), ("loose", False))
        self.assert_selects(r"x LIKE '\_%' ESCAPE '\'", ("_foo", True), ("bar", False))
        self.assert_selects("x NOT LIKE '12%3'", ("123", False), ("1234", True), (None, False))
        self.assert_selects("x IS NULL", (None, True), ("", False), (0, False))
        self.assert_selects("x IS NOT NULL", (None, False), ("", True), (False, True))
        self.assert_selects("x = 'literal''s'", ("literal's", True), ("literal''s", False))

    def test_the_example(self) -> None:
        """
        The selector of JMS 2.0 section 3.8.1: a blue car that weighs more than 2500 lbs.
        """
        text = "JMSType = 'car' AND color = 'blue' AND weight > 2500"
        for kind, color, weight, expected in (
            ("car", "blue", 2501, True),
            ("car", "blue", 2500.5, True),
            ("car", "blue", 2500, False),
            ("car", "red", 2501, False),
            ("bus", "blue", 2501, False),
        ):
            sent = Message(destination=TOPIC, type=kind, properties={"color": color, "weight": weight})
            self.assertIs(compiled(text).matches(sent), expected)

    def test_header_fields(self) -> None:
        """
        What clients can ask of header fields.
        """
        sent = Message(
            destination=TOPIC,
            message_id="ID:1",
            priority=7,
            correlation_id="c",
            timestamp=5,
            persistent=False,
        )
        for text, expected in (
            ("JMSPriority > 4", True),
            ("JMSDeliveryMode = 'NON_PERSISTENT'", True),
            ("JMSDeliveryMode = 'PERSISTENT'", False),
            ("JMSMessageID LIKE 'ID:%'", True),
            ("JMSTimestamp BETWEEN 1 AND 9", True),
            ("JMSCorrelationID IN ('a', 'c')", True),
            ("JMSType IS NULL", True),
            ("JMSXDeliveryCount IS NULL", True),
            ("JMSXGroupID IS NULL AND JMS_vendor IS NULL", True),
        ):
            self.assertIs(compiled(text).matches(sent), expected, text)

    def test_precedence(self) -> None:
        """
        Signs, then products, sums, comparisons, NOT, AND and OR.
        """
        for text in (
            "TRUE OR FALSE AND FALSE",
            "NOT FALSE OR TRUE",
            "NOT x = 2",
            "NOT FALSE AND TRUE",
            "1 + 2 * 3 = 7",
            "(1 + 2) * 3 = 9",
            "8 / 4 / 2 = 1",
            "8 - 4 - 2 = 2",
            "-2 * -3 = 6",
            "2 - -3 = 5",
            "+x = 1",
            "x + 1 BETWEEN 1 + 1 AND 2 AND TRUE",
            "(x = 1) = TRUE",
        ):
            self.assert_selects(text, (1, True))

    def test_names(self) -> None:
        """
        Names have a case and letters of any language; in double quotes they are any text.
        """
        sent = Message(destination=TOPIC, properties={"größe": 1, "$a_1": 2, "my-header": 3, 'a"b c': 4})
        for text, expected in (
            ("größe = 1", True),
            ("Größe IS NULL", True),
            ("$a_1 = 2", True),
            ('"my-header" = 3', True),
            ('"a""b c" = 4', True),
            ('"größe" = 1', True),
        ):
            self.assertIs(compiled(text).matches(sent), expected, text)

    def test_unknown(self) -> None:
        """
        What is unknown is not selected, nor is its opposite.
        """
        for text in (
            "x = 1",
            "x <> 1",
            "NOT x = 1",
            "x",
            "NOT x",
            "x + 1 = 1",
            "x = x",
            "1 / 0 = 1",
            "x IN ('a')",
        ):
            self.assert_selects(text, (None, False))
        self.assert_selects("x <> 1", ("a", False))
        self.assert_selects("NOT x = 1", ("a", True))

    def test_text_that_is_something_else(self) -> None:
        """
        Text is compared as a number or a boolean where the other side is one;
        C{no_convert_string_expressions:} keeps a selector to JMS, where such a comparison is false.
        """
        for text, value in (
            ("x > 5", "7"),
            ("x = 7.5", "7.5"),
            ("x BETWEEN 1 AND 9", "7"),
            ("x + 1 = 8", "7"),
            ("x = TRUE", "true"),
            ("x", "true"),
            ("x <> 5", "7"),
        ):
            sent = message(x=value)
            for prefix, expected in (
                ("", True),
                ("convert_string_expressions:", True),
                (STRICTLY, False),
                (f"{STRICTLY}convert_string_expressions:", True),
                (f" convert_string_expressions:\t{STRICTLY}", False),
            ):
                self.assertIs(compiled(prefix + text).matches(sent), expected, (prefix, text))

    @given(CONDITIONS)
    def test_any(self, tree: Tree) -> None:
        """
        Any selector means what it means when that is found out slowly; there are no needless brackets in it.
        """
        sent, text = message(**PROPERTIES), written(tree)
        for converts, prefix in ((True, ""), (False, STRICTLY)):
            expected = meant(tree, converts) is True
            self.assertIs(compiled(prefix + text).matches(sent), expected, prefix + text)


class CompiledTests(SynchronousTestCase):
    """Selectors as objects."""

    def test_equal(self) -> None:
        """
        Selectors of the same words are equal: blanks and the case of reserved words do not count, all else
        does.
        """
        one, other = compiled("a=1 and b LIKE 'x  y'"), compiled(" a = 1\tAND\nb like  'x  y' ")
        self.assertEqual((one, hash(one), one.text), (other, hash(other), "a = 1 AND b LIKE 'x  y'"))
        self.assertEqual((one.cost, repr(one)), (7, "Selector(\"a = 1 AND b LIKE 'x  y'\")"))
        self.assertEqual(compiled("a LIKE '%x_%' OR a LIKE '%x%'").cost, 7 + STEPPING)
        for text in ("a=1 and b LIKE 'x y'", "A=1 and b LIKE 'x  y'", f"{STRICTLY}a=1 and b LIKE 'x  y'"):
            self.assertNotEqual(compiled(text), one)
        self.assertNotEqual(one, "a = 1")

    def test_text(self) -> None:
        """
        The text for brokers has a prefix only where that makes a difference, and reads as an equal selector.
        """
        strict = compiled(f" {STRICTLY} a=1")
        self.assertEqual(strict.text, f"{STRICTLY}a = 1")
        self.assertEqual(compiled(strict.text), strict)
        self.assertEqual(compiled("convert_string_expressions:a = 1"), compiled("a = 1"))

    def test_remembered(self) -> None:
        """
        What was read lately is not read again.
        """
        self.assertIs(compiled("a = 12345"), compiled("a = 12345"))

    def test_columns_behind_a_prefix(self) -> None:
        """
        Columns count from the beginning of the text, prefix and all.
        """
        why = self.assertRaises(ValueError, compiled, f"{STRICTLY}a = #")
        self.assertTrue(
            str(why).startswith(f"selector, column {len(STRICTLY) + 5}: unexpected character '#'")
        )

    def test_limits(self) -> None:
        """
        Long selectors, and those of many words, are refused; so is what is not Unicode.
        """
        at_most = "a='" + "x" * (MAX_LENGTH - 4) + "'"
        self.assertTrue(compiled(at_most).matches(message(a="x" * (MAX_LENGTH - 4))))
        for text, why in (
            (at_most + " ", f"selector: more than {MAX_LENGTH} characters"),
            ("+".join(["1"] * 501) + "=1", f"selector: more than {MAX_WORDS} words"),
            ("a = '\udcff'", "selector: what is in it is not UTF-8"),
        ):
            self.assertEqual(str(self.assertRaises(ValueError, compiled, text)), why)

    def test_time(self) -> None:
        """
        The longest selectors are read and asked in a fraction of a second, whatever they are.
        """
        start = process_time()
        sent = message(a="a" * 100_000, b=1)
        for text in (
            " OR ".join(["b=2"] * 250),
            "a LIKE '" + "%a" * 2000 + "b'",
            "a LIKE '" + "a_" * 2000 + "'",
            "1" * 4000 + " = b",
            "(" * 4000,
            "'" * 4000,
            "a IN (" + ",".join(["'x'"] * 490) + ")",
            "." + "1" * 4000 + "e" + " = b",
        ):
            try:
                self.assertFalse(compiled(text).matches(sent))
            except ValueError as why:
                self.assertLess(len(str(why)), 250)
        self.assertLess(process_time() - start, 1)

    @given(
        st.lists(
            st.sampled_from(("a", "b", "1", "2.5", "'x'", "(", ")", "=", "<", "+", "-", "*", "/", ",", '"q"'))
            | st.sampled_from(("NOT", "AND", "OR", "BETWEEN", "IN", "LIKE", "ESCAPE", "IS", "NULL", "TRUE"))
            | st.text(max_size=3),
            max_size=12,
        )
    )
    def test_anything(self, words: list[str]) -> None:
        """
        Of any words: a selector that says yes or no to any message, and is equal to that of its own text; or
        a sentence.
        """
        try:
            found = compiled(" ".join(words))
        except ValueError as why:
            self.assertRegex(str(why), r"^selector[,:] .+")
            return
        for each in (message(), message(a="7", b="x"), message(a=True, b=2.5), message(a=0, b=-1)):
            self.assertIn(found.matches(each), (True, False))
        self.assertEqual(compiled(found.text), found)
