# -*- test-case-name: tests.wire.test_selector_terms -*-
"""Parts of a selector as functions of a message, with three-valued logic.  JMS 2.0 section 3.8.1.2."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple

from kaazing.interfaces.brokers import Message, Property
from kaazing.wire.selector_values import ORDER, TESTS, Value, arithmetic, equal, negative, number, truth

__all__ = [
    "FIELDS",
    "Kind",
    "Run",
    "Term",
    "both",
    "calculated",
    "compared",
    "condition",
    "constant",
    "either",
    "field",
    "is_in",
    "is_like",
    "is_null",
    "minus",
    "opposite",
    "plus",
]

Run = Callable[[Message], Value]


class Kind(Enum):
    """What a part yields, apart from NULL; the value is how errors call it."""

    ANY = "a property"
    NUMBER = "a number"
    TEXT = "a string"
    TRUTH = "a condition"


class Term(NamedTuple):
    """A part of a selector.

    Attributes:
        run: its value for a message.
        name: of the property, where it is one; else empty.
        literal: its value, where it is one and the same for all messages.
        column: where in the text it begins, counted from 1, as far as an error may need it.
        depth: parts inside each other, itself counted.
        stepping: LIKEs in it that cost a step for each character of a value.
    """

    run: Run
    kind: Kind
    name: str = ""
    literal: Value = None
    column: int = 1
    depth: int = 1
    stepping: int = 0


FIELDS: dict[str, tuple[Kind, Run]] = {
    "JMSDeliveryMode": (Kind.TEXT, lambda message: "PERSISTENT" if message.persistent else "NON_PERSISTENT"),
    "JMSPriority": (Kind.NUMBER, lambda message: message.priority),
    "JMSMessageID": (Kind.TEXT, lambda message: message.message_id or None),
    "JMSTimestamp": (Kind.NUMBER, lambda message: message.timestamp),
    "JMSCorrelationID": (Kind.TEXT, lambda message: message.correlation_id or None),
    "JMSType": (Kind.TEXT, lambda message: message.type or None),
    "JMSXDeliveryCount": (Kind.NUMBER, lambda message: message.deliveries or None),
}
"""Header fields that a selector may refer to (JMS 2.0 section 3.8.1.1), and the one property kept as one."""


def _made(run: Run, kind: Kind, *parts: Term, stepping: int = 0) -> Term:
    """Return a term that is made of others, the first of which it begins with."""
    return Term(
        run,
        kind,
        column=parts[0].column,
        depth=1 + max(part.depth for part in parts),
        stepping=stepping + sum(part.stepping for part in parts),
    )


def field(name: str) -> Term:
    """Return a header field or a property."""
    if name in FIELDS:
        kind, run = FIELDS[name]
        return Term(run, kind, name)
    return Term(lambda message: message.properties.get(name), Kind.ANY, name)


def constant(value: Property) -> Term:
    """Return a literal."""
    kind = Kind.TEXT if isinstance(value, str) else Kind.TRUTH if isinstance(value, bool) else Kind.NUMBER
    return Term(lambda message: value, kind, literal=value)


def minus(term: Term, converts: bool) -> Term:
    """Return the negative of a number."""
    if term.literal is not None and (found := negative(term.literal, converts)) is not None:
        return constant(found)._replace(depth=term.depth + 1)
    run = term.run
    return _made(lambda message: negative(run(message), converts), Kind.NUMBER, term)


def plus(term: Term, converts: bool) -> Term:
    """Return a number as it is."""
    run = term.run
    return _made(lambda message: number(run(message), converts), Kind.NUMBER, term)


def calculated(first: Term, rest: Sequence[tuple[str, Term]], converts: bool) -> Term:
    """Return what C{first + x - y ...} or C{first * x / y ...} is, from left to right."""
    start = first.run
    steps = [(sign, term.run) for sign, term in rest]

    def run(message: Message) -> Value:
        value = start(message)
        for sign, other in steps:
            value = arithmetic(sign, value, other(message), converts)
        return value

    return _made(run, Kind.NUMBER, first, *(term for _, term in rest))


_TURNED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_ALIKE = {"=": operator.eq, "<>": operator.ne, **ORDER}


def compared(one: Term, sign: str, two: Term, converts: bool) -> Term:
    """Return a comparison."""
    if one.literal is not None and two.literal is None:
        one, sign, two = two, _TURNED[sign], one
    if two.literal is not None:
        return _made(_with_literal(one.run, sign, two.literal, converts), Kind.TRUTH, one, two)
    left, right, test = one.run, two.run, TESTS[sign]

    def run(message: Message) -> Value:
        first, second = left(message), right(message)
        return None if first is None or second is None else test(first, second, converts)

    return _made(run, Kind.TRUTH, one, two)


def _with_literal(left: Run, sign: str, literal: Property, converts: bool) -> Run:
    test, alike, kind = TESTS[sign], _ALIKE[sign], literal.__class__

    def run(message: Message) -> Value:
        value = left(message)
        if value.__class__ is kind:
            return alike(value, literal)  # type: ignore[no-any-return]
        return None if value is None else test(value, literal, converts)

    return run


def condition(term: Term, converts: bool) -> Term:
    """Return a part as a condition: a property may be one."""
    if term.kind is Kind.TRUTH:
        return term
    run = term.run
    return _made(lambda message: truth(run(message), converts), Kind.TRUTH, term)


def opposite(term: Term) -> Term:
    """Return NOT of a condition: of unknown it is unknown."""
    run = term.run

    def negated(message: Message) -> Value:
        value = run(message)
        return None if value is None else not value

    return _made(negated, Kind.TRUTH, term)


def both(terms: Sequence[Term]) -> Term:
    """Return AND of conditions."""
    return _joined(terms, decisive=False)


def either(terms: Sequence[Term]) -> Term:
    """Return OR of conditions."""
    return _joined(terms, decisive=True)


def _joined(terms: Sequence[Term], *, decisive: bool) -> Term:
    """Return what one condition decides; without such a one it is unknown where one is."""
    runs = [term.run for term in terms]

    def run(message: Message) -> Value:
        found: Value = not decisive
        for each in runs:
            value = each(message)
            if value is decisive:
                return decisive
            if value is None:
                found = None
        return found

    return _made(run, Kind.TRUTH, *terms)


def is_null(term: Term) -> Term:
    """Return whether a property is not there."""
    run = term.run
    return _made(lambda message: run(message) is None, Kind.TRUTH, term)


def is_in(term: Term, texts: Sequence[str], converts: bool) -> Term:
    """Return whether a property is one of some strings."""
    run, known = term.run, frozenset(texts)

    def found(message: Message) -> Value:
        value = run(message)
        if isinstance(value, str):
            return value in known
        if value is None:
            return None
        return converts and any(equal(value, text, converts) for text in known)

    return _made(found, Kind.TRUTH, term)


def is_like(term: Term, matches: Callable[[str], bool | None], steps: bool) -> Term:
    """Return whether a property is text like a pattern (see L{like}); of other types it is false."""
    run = term.run

    def found(message: Message) -> Value:
        value = run(message)
        if isinstance(value, str):
            return matches(value)
        return None if value is None else False

    return _made(found, Kind.TRUTH, term, stepping=steps)
