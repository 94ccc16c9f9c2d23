# -*- test-case-name: tests.wire.test_selector_values -*-
"""Values in selectors: numbers as Java has them, and what can be compared with what.  JMS 2.0 section 3.8.1.

A value is text, a number, a boolean or None, which is SQL's NULL; a truth value is True, False or None, which
is SQL's unknown. Whole numbers are Java's C{long}, others its C{double}.
"""

from __future__ import annotations

import operator
import re
import struct
from collections.abc import Callable

from kaazing.interfaces.brokers import Property

__all__ = [
    "CONVERTING",
    "ORDER",
    "STRICTLY",
    "TESTS",
    "Test",
    "Value",
    "arithmetic",
    "equal",
    "literal",
    "negative",
    "number",
    "truth",
]

CONVERTING, STRICTLY = "convert_string_expressions:", "no_convert_string_expressions:"
"""What ActiveMQ and Artemis know in front of a selector: whether text may be read as a number, or truth."""

Value = Property | None
Number = int | float
Test = Callable[[Property, Property, bool], bool]
"""Two values that are not NULL, and whether text may be read as a number or a boolean."""

LOWEST, HIGHEST = -(2**63), 2**63 - 1

_WHOLE = re.compile(r"(?:0[xX]([0-9a-fA-F]+)|0([0-7]+)|(0|[1-9][0-9]*))[lL]?")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""What of a property's text is a number, as brokers and clients write one."""
_LONGEST = 400
"""Characters of such a text."""


def literal(text: str) -> Number:
    """Return a literal of Java without a sign: C{57}, C{1L}, C{0x1F}, C{017}, C{7.}, C{5.0E3}, C{1.5f}.

    The result may be 2**63, whose negative alone is a C{long}.

    Raises:
        ValueError: it is none, or out of range; a sentence.
    """
    if whole := _WHOLE.fullmatch(text):
        sixteens, eights, tens = whole.groups()
        if tens is not None:
            digits, base, most = tens, 10, 2**63
        else:
            digits, base, most = (sixteens, 16, 2**64 - 1) if sixteens is not None else (eights, 8, 2**64 - 1)
        if len(digits.lstrip("0")) > 22 or (found := int(digits, base)) > most:
            raise ValueError(f"{text[:40]} is out of the range of a long")
        return found if base == 10 else wrapped(found)
    mantissa = re.match(r"[0-9.]*", text)
    assert mantissa is not None
    if "." not in mantissa[0] and mantissa[0] == text.rstrip("lL"):
        raise ValueError(f"{text[:40]} is no octal number, as which Java reads it")
    try:
        read = float(text.rstrip("dDfF"))
        if text[-1] in "fF":
            (read,) = struct.unpack("f", struct.pack("f", read))
    except OverflowError:
        read = float("inf")
    if read - read != 0 or (not read and mantissa[0].strip("0.")):
        raise ValueError(f"{text[:40]} is out of the range of a {'float' if text[-1] in 'fF' else 'double'}")
    return read


def wrapped(value: int) -> int:
    """Return what is left of a whole number in the 64 bits of a C{long}."""
    return value if LOWEST <= value <= HIGHEST else (value - LOWEST) % 2**64 + LOWEST


def number(value: Value, converts: bool) -> Number | None:
    """Return a value as a number, None where it is none.

    Args:
        converts: whether text may be one.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if not converts or value is None or len(value) > _LONGEST or not _DECIMAL.fullmatch(value):
        return None
    if value.lstrip("+-").isdecimal() and LOWEST <= (found := int(value)) <= HIGHEST:
        return found
    return float(value)


def truth(value: Value, converts: bool) -> bool | None:
    """Return a value as a truth value, unknown where it is none."""
    if isinstance(value, bool):
        return value
    if converts and isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return None


def equal(one: Property, two: Property, converts: bool) -> bool | None:
    """Return whether two values are equal, None where their types are not alike."""
    if isinstance(one, str):
        if isinstance(two, str):
            return one == two
        if not converts:
            return None
    elif isinstance(two, str) and not converts:
        return None
    if isinstance(one, bool) or isinstance(two, bool):
        first, second = truth(one, converts), truth(two, converts)
        return None if first is None or second is None else first is second
    return _numbers(operator.eq, one, two, converts)


def _numbers(
    test: Callable[[Number, Number], bool], one: Property, two: Property, converts: bool
) -> bool | None:
    """Return a comparison of numbers, by Java's promotion (JLS section 5.6.2); None where one is none."""
    left, right = number(one, converts), number(two, converts)
    if left is None or right is None:
        return None
    if isinstance(left, float) is not isinstance(right, float):
        left, right = float(left), float(right)
    return test(left, right)


def _unequal(one: Property, two: Property, converts: bool) -> bool:
    return equal(one, two, converts) is False


def _equal(one: Property, two: Property, converts: bool) -> bool:
    return equal(one, two, converts) is True


def _ordering(test: Callable[[Number, Number], bool]) -> Test:
    def compared(one: Property, two: Property, converts: bool) -> bool:
        return _numbers(test, one, two, converts) is True

    return compared


ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
"""Comparisons of numbers alone, as Python has them."""
TESTS: dict[str, Test] = {"=": _equal, "<>": _unequal}
"""Comparisons; of types that are not alike each is false (JMS 2.0 section 3.8.1.1)."""
TESTS |= {sign: _ordering(test) for sign, test in ORDER.items()}


def negative(value: Value, converts: bool) -> Number | None:
    """Return minus a number; NULL where it is none."""
    found = number(value, converts)
    if found is None:
        return None
    return -found if isinstance(found, float) else wrapped(-found)


def arithmetic(sign: str, one: Value, two: Value, converts: bool) -> Number | None:
    """Return C{one} C{sign} C{two}; NULL where one is no number, and for a division by zero."""
    left, right = number(one, converts), number(two, converts)
    if left is None or right is None:
        return None
    if isinstance(left, float) or isinstance(right, float):
        return _approximate(sign, float(left), float(right))
    match sign:
        case "+":
            return wrapped(left + right)
        case "-":
            return wrapped(left - right)
        case "*":
            return wrapped(left * right)
    if not right:
        return None
    quotient = abs(left) // abs(right)  # towards zero (JLS section 15.17.2)
    return wrapped(quotient if (left < 0) is (right < 0) else -quotient)


def _approximate(sign: str, left: float, right: float) -> float | None:
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    return left / right if right else None
