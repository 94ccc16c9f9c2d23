"""Random selectors as trees: how they are written, and what they mean, found out slowly and otherwise."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from kaazing.interfaces.brokers import Property

Tree = tuple[Any, ...]
"""Name of the part, and its parts: see L{NUMBERS} and L{CONDITIONS}."""

PROPERTIES: Mapping[str, Property] = {
    "n": 7,
    "m": -3,
    "big": 2**63 - 1,
    "f": 2.5,
    "s": "red",
    "t": "7",
    "u": "a_b%c",
    "b": True,
    "c": False,
    "v": "false",
}
NAMES = st.sampled_from((*PROPERTIES, "nothing"))
TEXTS = st.sampled_from(("red", "7", "", "a'b", "a_b%c", "false"))
NUMBERS: st.SearchStrategy[Tree] = st.recursive(
    st.tuples(st.just("name"), NAMES)
    | st.tuples(st.just("literal"), st.integers(0, 10) | st.sampled_from((0.0, 2.5, 2**63 - 1))),
    lambda inner: (
        st.tuples(st.just("sum"), st.sampled_from("+-*/"), inner, inner) | st.tuples(st.just("minus"), inner)
    ),
    max_leaves=5,
)
_ANY = NUMBERS | st.tuples(st.just("literal"), TEXTS | st.booleans())
_SIMPLE = (
    st.tuples(st.just("name"), NAMES)
    | st.tuples(st.just("compared"), st.sampled_from(("=", "<>")), _ANY, _ANY)
    | st.tuples(st.just("compared"), st.sampled_from(("<", "<=", ">", ">=")), NUMBERS, NUMBERS)
    | st.tuples(st.just("between"), st.booleans(), NUMBERS, NUMBERS, NUMBERS)
    | st.tuples(st.just("in"), st.booleans(), NAMES, st.lists(TEXTS, min_size=1, max_size=3).map(tuple))
    | st.tuples(st.just("like"), st.booleans(), NAMES, st.text("red_%a", max_size=5))
    | st.tuples(st.just("null"), st.booleans(), NAMES)
)
CONDITIONS: st.SearchStrategy[Tree] = st.recursive(
    _SIMPLE,
    lambda inner: st.tuples(st.sampled_from(("and", "or")), inner, inner) | st.tuples(st.just("not"), inner),
    max_leaves=8,
)

_BINDING = {"or": 1, "and": 2, "not": 3, "compared": 4, "between": 4, "in": 4, "like": 4, "null": 4}


def _binds(tree: Tree) -> int:
    """Return how closely a part binds: those inside that bind less need brackets."""
    if tree[0] == "sum":
        return 5 if tree[1] in "+-" else 6
    return 7 if tree[0] == "minus" else _BINDING.get(tree[0], 8)


def written(tree: Tree, least: int = 0) -> str:
    """Return the text of a tree with no more brackets than are needed."""
    text = _written(tree)
    return f"({text})" if _binds(tree) < least else text


def _written(tree: Tree) -> str:
    match tree:
        case "name", name:
            return str(name)
        case "literal", bool(value):
            return str(value).upper()
        case "literal", value:
            return quoted(value) if isinstance(value, str) else repr(value)
        case "minus", inner:
            return f"- {written(inner, 7)}"
        case "sum", sign, one, two:
            binds = _binds(tree)
            return f"{written(one, binds)} {sign} {written(two, binds + 1)}"
        case "compared", sign, one, two:
            return f"{written(one, 5)} {sign} {written(two, 5)}"
        case "not", inner:
            return f"NOT {written(inner, 3)}"
        case ("and" | "or") as word, one, two:
            return f"{written(one, _binds(tree))} {word.upper()} {written(two, _binds(tree) + 1)}"
        case "between", negated, one, low, high:
            return f"{written(one, 5)}{_not(negated)} BETWEEN {written(low, 5)} AND {written(high, 5)}"
        case "in", negated, name, texts:
            return f"{name}{_not(negated)} IN ({','.join(map(quoted, texts))})"
        case "like", negated, name, pattern:
            return f"{name}{_not(negated)} LIKE {quoted(pattern)}"
    return f"{tree[2]} IS{_not(tree[1])} NULL"


def _not(negated: bool) -> str:
    return " NOT" if negated else ""


def quoted(text: str) -> str:
    """Return a string as a selector has it."""
    return "'" + text.replace("'", "''") + "'"


def meant(tree: Tree, converts: bool) -> Any:
    """Return what a tree is for L{PROPERTIES}."""
    match tree:
        case "name", name:
            return PROPERTIES.get(name)
        case "literal", value:
            return value
        case "minus", inner:
            return _sum(
                "-",
                0 if isinstance(_number(meant(inner, converts), converts), int) else -0.0,
                inner,
                converts,
            )
        case "sum", sign, one, two:
            return _sum(sign, meant(one, converts), two, converts)
        case "compared", sign, one, two:
            return _compared(sign, meant(one, converts), meant(two, converts), converts)
        case "not", inner:
            return {True: False, False: True, None: None}[_truth(meant(inner, converts), converts)]
        case ("and" | "or") as word, one, two:
            found = {_truth(meant(each, converts), converts) for each in (one, two)}
            order = (False, None, True) if word == "and" else (True, None, False)
            return next(each for each in order if each in found)
        case "between", negated, one, low, high:
            inside = ("and", ("compared", ">=", one, low), ("compared", "<=", one, high))
            return meant(("not", inside) if negated else inside, converts)
    answer = _predicate(tree, converts)
    return answer if answer is None else answer is not tree[1]


def _predicate(tree: Tree, converts: bool) -> bool | None:
    value = PROPERTIES.get(tree[2])
    if tree[0] == "null":
        return value is None
    if value is None:
        return None
    if tree[0] == "in":
        return any(_compared("=", value, text, converts) for text in tree[3])
    return isinstance(value, str) and _like(tree[3], value)


def _like(pattern: str, value: str) -> bool:
    if not pattern:
        return not value
    if pattern[0] == "%":
        return any(_like(pattern[1:], value[at:]) for at in range(len(value) + 1))
    return bool(value) and pattern[0] in ("_", value[0]) and _like(pattern[1:], value[1:])


def _number(value: Any, converts: bool) -> Any:
    if isinstance(value, str) and converts:
        return 7 if value == "7" else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _truth(value: Any, converts: bool) -> Any:
    if isinstance(value, str) and converts:
        return False if value == "false" else None
    return value if isinstance(value, bool) else None


def _sum(sign: str, one: Any, inner: Tree, converts: bool) -> Any:
    first, second = _number(one, converts), _number(meant(inner, converts), converts)
    if first is None or second is None or (sign == "/" and second == 0):
        return None
    if isinstance(first, float) or isinstance(second, float):
        left, right = float(first), float(second)
        return {"+": left + right, "-": left - right, "*": left * right, "/": right and left / right}[sign]
    exact = {"+": first + second, "-": first - second, "*": first * second}
    found = exact[sign] if sign in exact else int(Fraction(first, second))
    return ctypes.c_int64(found & (2**64 - 1)).value


def _compared(sign: str, one: Any, two: Any, converts: bool) -> bool | None:
    if one is None or two is None:
        return None
    if sign in ("=", "<>"):
        kinds = {type(one), type(two)}
        if kinds == {str}:
            return (one == two) is (sign == "=")
        if bool in kinds:
            one, two = _truth(one, converts), _truth(two, converts)
            return one is not None and two is not None and (one == two) is (sign == "=")
    one, two = _number(one, converts), _number(two, converts)
    if one is None or two is None:
        return False
    if float in (type(one), type(two)):
        one, two = float(one), float(two)
    less, same = bool(one < two), bool(one == two)
    signs = {
        "=": same,
        "<>": not same,
        "<": less,
        "<=": less or same,
        ">": one > two,
        ">=": one > two or same,
    }
    return bool(signs[sign])
