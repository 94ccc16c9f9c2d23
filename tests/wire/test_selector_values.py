"""Tests for L{kaazing.wire.selector_values}."""

from __future__ import annotations

from math import inf, isnan

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.selector_values import TESTS, arithmetic, equal, literal, negative, number, truth

LONGS = st.integers(-(2**63), 2**63 - 1)
LEAST, MOST = -(2**63), 2**63 - 1


class LiteralTests(SynchronousTestCase):
    """Numbers as Java writes them."""

    def test_whole(self) -> None:
        """
        Decimal, hexadecimal and octal numbers, with or without L (JLS section 3.10.1).
        """
        for text, value in (
            ("0", 0),
            ("57", 57),
            ("1L", 1),
            ("1l", 1),
            ("0x1F", 31),
            ("0XfL", 15),
            ("017", 15),
            ("00", 0),
            ("9223372036854775807", MOST),
            ("0x7FFFFFFFFFFFFFFF", MOST),
            ("0xFFFFFFFFFFFFFFFF", -1),
            ("01777777777777777777777", -1),
            ("0x8000000000000000", LEAST),
        ):
            self.assertEqual((literal(text), type(literal(text))), (value, int), text)

    def test_approximate(self) -> None:
        """
        Numbers with a point, an exponent or a suffix (JLS section 3.10.2); an F has the precision of one.
        """
        for text, value in (
            ("7.", 7.0),
            (".5", 0.5),
            ("95.7", 95.7),
            ("5.0E3", 5000.0),
            ("7e3", 7000.0),
            ("57.9E-2", 0.579),
            ("1d", 1.0),
            ("1.5F", 1.5),
            ("0.1f", 0.10000000149011612),
            ("0e5", 0.0),
            ("09.5", 9.5),
        ):
            self.assertEqual((literal(text), type(literal(text))), (value, float), text)

    def test_refused(self) -> None:
        """
        What does not fit is refused as Java refuses it.
        """
        for text, why in (
            ("9223372036854775809", "9223372036854775809 is out of the range of a long"),
            ("9" * 4000, f"{'9' * 40} is out of the range of a long"),
            ("0x10000000000000000", "0x10000000000000000 is out of the range of a long"),
            ("02000000000000000000000", "02000000000000000000000 is out of the range of a long"),
            ("08", "08 is no octal number, as which Java reads it"),
            ("1e309", "1e309 is out of the range of a double"),
            ("1e-400", "1e-400 is out of the range of a double"),
            ("1e39f", "1e39f is out of the range of a float"),
            ("1e-60f", "1e-60f is out of the range of a float"),
        ):
            self.assertEqual(str(self.assertRaises(ValueError, literal, text)), why)

    def test_least(self) -> None:
        """
        The least long is the negative of a number that is none.
        """
        self.assertEqual(negative(literal("9223372036854775808"), converts=False), LEAST)


class ConversionTests(SynchronousTestCase):
    """What is a number, and what a truth value."""

    def test_number(self) -> None:
        """
        Text is a number only where that is wanted, and only if it is written as one.
        """
        for value, strict, converted in (
            (5, 5, 5),
            (2.5, 2.5, 2.5),
            (None, None, None),
            (True, None, None),
            ("5", None, 5),
            ("-05", None, -5),
            ("2.50", None, 2.5),
            (".5", None, 0.5),
            ("1e3", None, 1000.0),
            ("9223372036854775808", None, 9223372036854775808.0),
            ("", None, None),
            (".", None, None),
            ("red", None, None),
            ("inf", None, None),
            ("nan", None, None),
            ("1_0", None, None),
            (" 5", None, None),
            ("0x10", None, None),
            ("\u0665", None, None),
            ("9" * 400, None, inf),
            ("9" * 401, None, None),
        ):
            found = number(value, converts=False), number(value, converts=True)
            self.assertEqual((found, type(found[1])), ((strict, converted), type(converted)), value)

    def test_truth(self) -> None:
        """
        Text is a truth value only where that is wanted.
        """
        for value, strict, converted in (
            (True, True, True),
            (False, False, False),
            (None, None, None),
            (1, None, None),
            ("true", None, True),
            ("FALSE", None, False),
            ("yes", None, None),
        ):
            self.assertEqual((truth(value, False), truth(value, True)), (strict, converted), value)


class ComparisonTests(SynchronousTestCase):
    """What is equal, and what is less."""

    def test_equal(self) -> None:
        """
        Types that are not alike are neither equal nor unequal; numbers are alike, exact or not.
        """
        for one, two, strict, converted in (
            (1, 1, True, True),
            (1, 1.0, True, True),
            (1, 2.0, False, False),
            (1, True, None, None),
            (True, True, True, True),
            (True, False, False, False),
            ("a", "a", True, True),
            ("1", "1.0", False, False),
            ("1.0", 1, None, True),
            ("a", 1, None, None),
            ("true", True, None, True),
            ("no", True, None, None),
        ):
            for left, right in ((one, two), (two, one)):
                found = equal(left, right, converts=False), equal(left, right, converts=True)
                self.assertEqual(found, (strict, converted), (left, right))

    def test_promotion(self) -> None:
        """
        A long beside a double is one, which has fewer digits (JLS section 5.6.2).
        """
        self.assertIs(equal(2**53 + 1, float(2**53), False), True)
        self.assertIs(TESTS["<"](float(2**53), 2**53 + 1, False), False)

    def test_order(self) -> None:
        """
        Only numbers have an order; of others each comparison is false (JMS 2.0 section 3.8.1.1).
        """
        for one, two, converts, expected in (
            (1, 2.5, False, "<> < <="),
            (2, 2, False, "= <= >="),
            (3.0, 2, False, "<> > >="),
            ("a", "b", False, "<>"),
            ("a", "b", True, "<>"),
            ("10", "9", True, "<> > >="),
            ("10", "9", False, "<>"),
            ("10", 9, True, "<> > >="),
            ("10", 9, False, ""),
            (True, False, False, "<>"),
            (True, 1, False, ""),
        ):
            found = [sign for sign in ("=", "<>", "<", "<=", ">", ">=") if TESTS[sign](one, two, converts)]
            self.assertEqual(" ".join(found), expected, (one, two))


class ArithmeticTests(SynchronousTestCase):
    """Arithmetic of Java."""

    def test_types(self) -> None:
        """
        Whole numbers stay whole; one that is not makes the other so; what is no number makes NULL.
        """
        for one, sign, two, expected in (
            (7, "/", 2, 3),
            (-7, "/", 2, -3),
            (7, "/", -2, -3),
            (7, "/", 2.0, 3.5),
            (7, "+", 2, 9),
            (7, "-", 2.5, 4.5),
            (7, "*", 2, 14),
            (1.5, "*", 2, 3.0),
            (1.5, "+", 2, 3.5),
            (7, "/", 0, None),
            (7.0, "/", 0, None),
            (None, "+", 1, None),
            (1, "+", None, None),
            (True, "+", 1, None),
            ("1", "+", 1, None),
        ):
            found = arithmetic(sign, one, two, converts=False)
            self.assertEqual((found, type(found)), (expected, type(expected)), (one, sign, two))
        self.assertEqual(arithmetic("+", "1", "2.5", converts=True), 3.5)

    def test_overflow(self) -> None:
        """
        What does not fit in 64 bits is what is left in them; a double becomes infinite.
        """
        for one, sign, two, expected in (
            (MOST, "+", 1, LEAST),
            (LEAST, "-", 1, MOST),
            (MOST, "*", 2, -2),
            (LEAST, "/", -1, LEAST),
            (1e308, "*", 10, inf),
        ):
            self.assertEqual(arithmetic(sign, one, two, converts=False), expected)
        self.assertEqual(negative(LEAST, converts=False), LEAST)
        undefined = arithmetic("-", inf, inf, converts=False)
        self.assertTrue(undefined is not None and isnan(undefined))

    @given(LONGS, st.sampled_from("+-*/"), LONGS)
    def test_long(self, one: int, sign: str, two: int) -> None:
        """
        Whatever the numbers, the result is a long, and right but for multiples of 2**64.
        """
        found = arithmetic(sign, one, two, converts=False)
        if sign == "/":
            if found is not None:
                rest = one - int(found) * two
                self.assertTrue(found == one == LEAST or (abs(rest) < abs(two) and rest * one >= 0))
            else:
                self.assertEqual(two, 0)
            return
        right = {"+": one + two, "-": one - two, "*": one * two}[sign]
        assert isinstance(found, int)
        self.assertTrue(LEAST <= found <= MOST and (found - right) % 2**64 == 0)
