"""Tests for L{kaazing.wire.selector_terms}: the tables of JMS 2.0 section 3.8.1.2."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.brokers import Destination, Domain, Message
from kaazing.wire.selector_like import like
from kaazing.wire.selector_terms import (
    FIELDS,
    Kind,
    Term,
    both,
    calculated,
    compared,
    condition,
    constant,
    either,
    field,
    is_in,
    is_like,
    is_null,
    minus,
    opposite,
    plus,
)
from kaazing.wire.selector_values import Value

MESSAGE = Message(
    destination=Destination(Domain.TOPIC, "a"),
    properties={"yes": True, "no": False, "red": "red", "five": 5, "text": "5", "truth": "True"},
)
YES, NO, UNKNOWN = (condition(field(name), converts=False) for name in ("yes", "no", "nothing"))
LOGIC = {True: YES, False: NO, None: UNKNOWN}


def of(term: Term, message: Message = MESSAGE) -> Value:
    """Return what a part is for the message."""
    return term.run(message)


class LogicTests(SynchronousTestCase):
    """Logic with three values."""

    def test_and(self) -> None:
        """
        Table 3-4, of AND, in either order.
        """
        for one, two, expected in (
            (True, True, True),
            (True, False, False),
            (True, None, None),
            (False, False, False),
            (False, None, False),
            (None, None, None),
        ):
            self.assertIs(of(both([LOGIC[one], LOGIC[two]])), expected)
            self.assertIs(of(both([LOGIC[two], LOGIC[one]])), expected)

    def test_or(self) -> None:
        """
        Table 3-5, of OR, in either order.
        """
        for one, two, expected in (
            (True, True, True),
            (True, False, True),
            (True, None, True),
            (False, False, False),
            (False, None, None),
            (None, None, None),
        ):
            self.assertIs(of(either([LOGIC[one], LOGIC[two]])), expected)
            self.assertIs(of(either([LOGIC[two], LOGIC[one]])), expected)

    def test_not(self) -> None:
        """
        Table 3-6, of NOT.
        """
        self.assertEqual([of(opposite(term)) for term in (YES, NO, UNKNOWN)], [False, True, None])

    def test_conditions(self) -> None:
        """
        A property is a condition when it is a boolean; where text may be one, also then.
        """
        for name, strict, converted in (
            ("yes", True, True),
            ("no", False, False),
            ("nothing", None, None),
            ("five", None, None),
            ("red", None, None),
            ("truth", None, True),
        ):
            found = of(condition(field(name), converts=False)), of(condition(field(name), converts=True))
            self.assertEqual(found, (strict, converted), name)


class PartTests(SynchronousTestCase):
    """Other parts."""

    def test_fields(self) -> None:
        """
        The header fields; what a message does not have is NULL.
        """
        message = Message(
            destination=MESSAGE.destination,
            message_id="ID:1",
            correlation_id="c",
            type="t",
            timestamp=7,
            priority=9,
            persistent=False,
            deliveries=2,
            properties={"JMSType": "forged"},
        )
        full = ["NON_PERSISTENT", 9, "ID:1", 7, "c", "t", 2]
        self.assertEqual([of(field(name), message) for name in FIELDS], full)
        self.assertEqual([of(field(name)) for name in FIELDS], ["PERSISTENT", 4, None, 0, None, None, None])

    def test_comparisons(self) -> None:
        """
        NULL makes a comparison unknown, a type that is not alike makes it false; wherever the literal stands.
        """
        for one, sign, two, strict, converted in (
            (field("five"), "=", constant(5), True, True),
            (field("five"), "<", constant(6), True, True),
            (constant(6), "<", field("five"), False, False),
            (constant(6), ">=", field("five"), True, True),
            (field("five"), "<>", constant(5.0), False, False),
            (field("text"), "=", constant(5), False, True),
            (field("text"), "<>", constant(5), False, False),
            (field("red"), "=", constant("red"), True, True),
            (field("red"), "<>", constant("blue"), True, True),
            (field("nothing"), "<>", constant("blue"), None, None),
            (field("nothing"), "=", field("nothing"), None, None),
            (field("yes"), "=", constant(True), True, True),
            (field("truth"), "=", field("yes"), False, True),
            (field("five"), "<=", field("text"), False, True),
            (constant(1), "<", constant(2), True, True),
        ):
            found = of(compared(one, sign, two, converts=False)), of(compared(one, sign, two, converts=True))
            self.assertEqual(found, (strict, converted), (one.name, one.literal, sign, two.name, two.literal))

    def test_arithmetic(self) -> None:
        """
        From left to right; signs are for numbers.
        """
        steps = [("-", constant(1)), ("-", constant(2))]
        self.assertEqual(of(calculated(field("five"), steps, converts=False)), 2)
        self.assertEqual(of(calculated(field("text"), steps, converts=False)), None)
        for name, strict, converted in (("five", 5, 5), ("text", None, 5), ("red", None, None)):
            for make, factor in ((plus, 1), (minus, -1)):
                found = of(make(field(name), False)), of(make(field(name), True))
                expected = tuple(each and each * factor for each in (strict, converted))
                self.assertEqual(found, expected, name)
        self.assertEqual(minus(constant(5), converts=False).literal, -5)

    def test_predicates(self) -> None:
        """
        IN, LIKE and IS NULL of text, of NULL, and of what is no text.
        """
        r = like("r%")[0]
        for name, among, alike, null in (
            ("red", True, True, False),
            ("text", False, False, False),
            ("five", False, False, False),
            ("yes", False, False, False),
            ("nothing", None, None, True),
        ):
            term = field(name)
            found = of(is_in(term, ["red"], False)), of(is_like(term, r, False)), of(is_null(term))
            self.assertEqual(found, (among, alike, null), name)
        self.assertEqual([of(is_in(field("five"), ["5"], each)) for each in (False, True)], [False, True])

    def test_sizes(self) -> None:
        """
        A part knows what it yields, where it begins, how deep it is and what searches there are in it.
        """
        begun = field("red")._replace(column=3)
        matches, steps = like("%a_b%")
        search = is_like(begun, matches, steps)
        whole = opposite(both([search, either([search, YES])]))
        self.assertEqual((search.kind, search.column, search.depth, search.stepping), (Kind.TRUTH, 3, 2, 1))
        self.assertEqual((whole.column, whole.depth, whole.stepping), (3, 5, 2))
