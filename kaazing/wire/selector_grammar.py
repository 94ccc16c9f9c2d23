# -*- test-case-name: tests.wire.test_selector_grammar -*-
"""The grammar of selectors, and the parts of one made as it is read.  JMS 2.0 section 3.8.1.1.

Besides what JMS has, a name may stand in double quotes (SQL-92's delimited identifier, which ActiveMQ has
too): headers of STOMP have hyphens.
"""

from __future__ import annotations

from functools import cache

from lark import Lark, Token, Transformer, v_args

from kaazing.wire import selector_terms as terms
from kaazing.wire.selector_like import like
from kaazing.wire.selector_terms import FIELDS, Kind, Term
from kaazing.wire.selector_values import literal

__all__ = ["KEYWORDS", "MAX_DEPTH", "MAX_STEPPING", "RULE", "fault", "parser"]

MAX_DEPTH = 64
"""Parts of a selector inside each other."""
MAX_STEPPING = 16
"""LIKEs of a selector that cost a step for each character of a value (see L{like})."""

RULE = "JMS 2.0 section 3.8.1.1"

KEYWORDS = ("NOT", "AND", "OR", "BETWEEN", "IN", "LIKE", "ESCAPE", "IS", "NULL", "TRUE", "FALSE")
"""Words that are no names, in whatever case."""

_GRAMMAR = r"""
    selector: disjunction
    ?disjunction: conjunction (_OR conjunction)*
    ?conjunction: negation (_AND negation)*
    ?negation: comparison
        | _NOT negation                              -> opposite
    ?comparison: sum
        | sum COMPARISON sum                         -> compared
        | sum BETWEEN sum _AND sum                   -> between
        | sum _NOT BETWEEN sum _AND sum              -> not_between
        | sum IN "(" STRING ("," STRING)* ")"        -> among
        | sum _NOT IN "(" STRING ("," STRING)* ")"   -> not_among
        | sum LIKE STRING (_ESCAPE STRING)?          -> alike
        | sum _NOT LIKE STRING (_ESCAPE STRING)?     -> not_alike
        | sum IS _NULL                               -> null
        | sum IS _NOT _NULL                          -> not_null
    ?sum: product ((PLUS | MINUS) product)*
    ?product: signed ((STAR | SLASH) signed)*
    ?signed: value
        | PLUS signed                                -> plus
        | MINUS signed                               -> minus
    ?value: NAME                                     -> name
        | QUOTED                                     -> quoted
        | NUMBER                                     -> number
        | STRING                                     -> string
        | _TRUE                                      -> true
        | _FALSE                                     -> false
        | "(" disjunction ")"                        -> group

    COMPARISON: "=" | "<>" | "<=" | ">=" | "<" | ">"
    PLUS: "+"
    MINUS: "-"
    STAR: "*"
    SLASH: "/"
    NAME: /(?:[^\W\d]|\$)[\w$]*/
    QUOTED: /"[^"]*(?:""[^"]*)*"/
    STRING: /'[^']*(?:''[^']*)*'/
    NUMBER: /0[xX][0-9a-fA-F]+[lL]?|(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[dDfF]?/
        | /[0-9]+(?:[eE][+-]?[0-9]+[dDfF]?|[lLdDfF])?/
    %ignore /[ \t\f\r\n]+/
"""


def fault(column: int, what: str) -> ValueError:
    """Return the error of a selector: a sentence that clients may read.

    Args:
        column: of the text, counted from 1.
    """
    return ValueError(f"selector, column {column}: {what} ({RULE})")


@cache
def parser(converts: bool) -> Lark:
    """Return the parser of selectors in which text may or may not be read as a number; its results are
    L{Term}s, and it raises L{fault}s besides its own errors."""
    lines = [_GRAMMAR]
    for word in KEYWORDS:  # those that tell their place are kept, the others are filtered out by lark
        name = word if word in ("BETWEEN", "IN", "LIKE", "IS") else f"_{word}"
        lines.append(rf"    {name}.1: /{word}(?![\w$])/i")
    return Lark(
        "\n".join(lines),
        start="selector",
        parser="lalr",
        lexer="basic",
        transformer=_Parts(converts=converts),
    )


@v_args(inline=True)
class _Parts(Transformer[Token, Term]):
    """Makes L{Term}s; each method has the name of what it makes in the grammar."""

    def __init__(self, *, converts: bool) -> None:
        super().__init__()
        self._converts = converts

    def selector(self, term: Term) -> Term:
        return self._condition(term)

    def disjunction(self, *found: Term) -> Term:
        return _bounded(terms.either([self._condition(term) for term in found]))

    def conjunction(self, *found: Term) -> Term:
        return _bounded(terms.both([self._condition(term) for term in found]))

    def opposite(self, term: Term) -> Term:
        return _bounded(terms.opposite(self._condition(term)))

    def _condition(self, term: Term) -> Term:
        if term.kind not in (Kind.TRUTH, Kind.ANY):
            raise fault(term.column, f"expected a condition, not {term.kind.value}")
        return terms.condition(term, self._converts)

    def compared(self, one: Term, sign: Token, two: Term) -> Term:
        if sign in ("=", "<>"):
            _in_range(one, two)
        else:
            _numbers(sign, one, two)
        return _bounded(terms.compared(one, str(sign), two, self._converts))

    def between(self, term: Term, word: Token, least: Term, most: Term) -> Term:
        return _bounded(terms.both(self._limits(term, word, (">=", least), ("<=", most))))

    def not_between(self, term: Term, word: Token, least: Term, most: Term) -> Term:
        """What is no number is neither between two nor outside (JMS 2.0 section 3.8.1.1)."""
        return _bounded(terms.either(self._limits(term, word, ("<", least), (">", most))))

    def _limits(self, term: Term, word: Token, *limits: tuple[str, Term]) -> list[Term]:
        _numbers(word, term, *(limit for _, limit in limits))
        return [terms.compared(term, sign, limit, self._converts) for sign, limit in limits]

    def among(self, term: Term, word: Token, *texts: Token) -> Term:
        _named(word, term)
        return _bounded(terms.is_in(term, [_text(each) for each in texts], self._converts))

    def not_among(self, term: Term, word: Token, *texts: Token) -> Term:
        return _bounded(terms.opposite(self.among(term, word, *texts)))

    def alike(self, term: Term, word: Token, pattern: Token, escape: Token | None = None) -> Term:
        _named(word, term)
        character = "" if escape is None else _text(escape)
        if escape is not None and len(character) != 1:
            raise fault(_column(escape), "expected one character behind ESCAPE")
        try:
            matches, steps = like(_text(pattern), character)
        except ValueError as why:
            raise fault(_column(pattern), str(why)) from why
        return _bounded(terms.is_like(term, matches, steps))

    def not_alike(self, term: Term, word: Token, pattern: Token, escape: Token | None = None) -> Term:
        return _bounded(terms.opposite(self.alike(term, word, pattern, escape)))

    def null(self, term: Term, word: Token) -> Term:
        _named(word, term)
        return _bounded(terms.is_null(term))

    def not_null(self, term: Term, word: Token) -> Term:
        return _bounded(terms.opposite(self.null(term, word)))

    def sum(self, first: Term, *rest: Token | Term) -> Term:
        return self._calculated(first, rest)

    def product(self, first: Term, *rest: Token | Term) -> Term:
        return self._calculated(first, rest)

    def _calculated(self, first: Term, rest: tuple[Token | Term, ...]) -> Term:
        steps = []
        for sign, term in zip(rest[::2], rest[1::2], strict=True):
            assert isinstance(sign, Token)
            assert isinstance(term, Term)
            _numbers(sign, first, term)
            steps.append((str(sign), term))
        return _bounded(terms.calculated(first, steps, self._converts))

    def plus(self, sign: Token, term: Term) -> Term:
        _numbers(sign, term)
        return _bounded(terms.plus(term, self._converts)._replace(column=_column(sign)))

    def minus(self, sign: Token, term: Term) -> Term:
        if term.literal != 2**63:
            _numbers(sign, term)
        return _bounded(terms.minus(term, self._converts)._replace(column=_column(sign)))

    def name(self, token: Token) -> Term:
        name = str(token)
        if name.startswith("JMS") and name not in FIELDS and not name.startswith(("JMSX", "JMS_")):
            known = ", ".join(sorted(FIELDS))
            raise fault(_column(token), f"{name[:40]!a} is not selected by; there are {known}")
        return terms.field(name)._replace(column=_column(token))

    def quoted(self, token: Token) -> Term:
        name = str(token)[1:-1].replace('""', '"')
        if not name:
            raise fault(_column(token), "expected a name between double quotes")
        return terms.field(name)._replace(column=_column(token))

    def number(self, token: Token) -> Term:
        try:
            return terms.constant(literal(str(token)))._replace(column=_column(token))
        except ValueError as why:
            raise fault(_column(token), str(why)) from why

    def string(self, token: Token) -> Term:
        return terms.constant(_text(token))._replace(column=_column(token))

    def true(self) -> Term:
        return terms.constant(True)

    def false(self) -> Term:
        return terms.constant(False)

    def group(self, term: Term) -> Term:
        return _bounded(term._replace(depth=term.depth + 1))


def _column(token: Token) -> int:
    return 1 + (token.start_pos or 0)


def _text(token: Token) -> str:
    return str(token)[1:-1].replace("''", "'")


def _numbers(sign: Token, *found: Term) -> None:
    """Refuse what is no number."""
    for term in found:
        if term.kind not in (Kind.NUMBER, Kind.ANY):
            raise fault(_column(sign), f"expected a number for {str(sign).upper()}, not {term.kind.value}")
    _in_range(*found)


def _in_range(*found: Term) -> None:
    """Refuse 2**63, which only a minus makes a number of 64 bits."""
    for term in found:
        if term.literal == 2**63 and isinstance(term.literal, int):
            raise fault(term.column, f"{2**63} is out of the range of a long")


def _named(word: Token, term: Term) -> None:
    if not term.name:
        raise fault(_column(word), f"expected a name in front of {str(word).upper()}")


def _bounded(term: Term) -> Term:
    """Return a part that is not too much.

    Raises:
        ValueError: it is.
    """
    if term.depth > MAX_DEPTH:
        raise ValueError(f"selector: more than {MAX_DEPTH} parts inside each other")
    if term.stepping > MAX_STEPPING:
        raise ValueError(f"selector: more than {MAX_STEPPING} LIKEs that search for a pattern with _")
    return term
