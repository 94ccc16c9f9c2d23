# -*- test-case-name: tests.wire.test_selectors -*-
"""Selectors of messages: read once, then asked of each message.  JMS 2.0 section 3.8.

Clients of STOMP know text only, so text is compared as a number or a boolean where the other side is one:
ActiveMQ does so for them. C{no_convert_string_expressions:} in front of a selector keeps it to JMS.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken
from lark.parsers.lalr_interactive_parser import InteractiveParser

from kaazing.interfaces.brokers import Message
from kaazing.wire.selector_grammar import KEYWORDS, fault, parser
from kaazing.wire.selector_terms import Run
from kaazing.wire.selector_values import CONVERTING, STRICTLY

__all__ = ["MAX_LENGTH", "MAX_WORDS", "STEPPING", "Selector", "compiled"]

MAX_LENGTH = 4096
"""Characters of a selector."""
MAX_WORDS = 1000
"""Names, literals, operators and brackets in one; what it costs to read and to ask it grows with them."""
STEPPING = 1000
"""Words that a LIKE costs as much as which searches a value of 2 KiB for a pattern with C{_}."""

_REMEMBERED = 256
"""Characters of the longest selector that is remembered, and how many are: 10 MB at most."""

_OPERAND, _END = "a name or a value", "the end"
_EXPECTED = (
    (_OPERAND, {"NAME"}),
    ("a string", {"STRING"}),
    ("a comparison", {"COMPARISON"}),
    ("an operator", {"PLUS"}),
    *((word, {word, f"_{word}"}) for word in ("AND", "OR", "ESCAPE", "BETWEEN", "IN", "LIKE", "NULL", "NOT")),
    ('"("', {"LPAR"}),
    ('")"', {"RPAR"}),
    ('","', {"COMMA"}),
    (_END, {"$END"}),
)
"""What errors call some words of the grammar, in the order in which they are listed; the first stands for all
that a value may begin with."""
_NO_TEXT = re.compile("[\ud800-\udfff]")

_PREFIX = re.compile(rf"\s*(?:({STRICTLY})|{CONVERTING})")


class Selector:
    """What messages must be like; equal to another of the same words.

    Attributes:
        text: its words with single blanks in between, behind C{no_convert_string_expressions:} where that was
            said; read again it is an equal selector.
        cost: of asking it, in words, about 0.2 µs each: as many as it has, and L{STEPPING} for each LIKE that
            looks at a value character by character.
    """

    __slots__ = ("_run", "cost", "text")

    def __init__(self, text: str, run: Run, cost: int) -> None:
        self.text, self._run, self.cost = text, run, cost

    def matches(self, message: Message) -> bool:
        """Return whether a message is selected: what is unknown is not."""
        return self._run(message) is True

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, Selector) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Selector({self.text!r})"


def compiled(text: str) -> Selector:
    """Return a selector; of one that was asked for lately, the same.

    Raises:
        ValueError: it is none, or too much of one: a sentence with the column, what was expected, the rule.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"selector: more than {MAX_LENGTH} characters")
    return _remembered(text) if len(text) <= _REMEMBERED else _compiled(text)


def _compiled(text: str) -> Selector:
    converts, start = True, 0
    while found := _PREFIX.match(text, start):
        converts, start = not found[1], found.end()
    made = parser(converts)
    tokens = _tokens(made, " " * start + text[start:])
    stepping = made.parse_interactive("")
    for token in tokens:
        _fed(stepping, token)
    term = _fed(stepping, Token("$END", "", start_pos=len(text)))
    words = (token.upper() if token.upper() in KEYWORDS else token for token in tokens)
    return Selector(
        ("" if converts else STRICTLY) + " ".join(words), term.run, len(tokens) + STEPPING * term.stepping
    )


_remembered = lru_cache(_REMEMBERED)(_compiled)


def _tokens(made: Lark, text: str) -> list[Token]:
    tokens = []
    try:
        for token in made.lex(text):
            tokens.append(token)
            if len(tokens) > MAX_WORDS:
                raise ValueError(f"selector: more than {MAX_WORDS} words")
    except UnexpectedCharacters as why:
        at = why.pos_in_stream or 0
        begun = {"'": "a string", '"': "a name in double quotes"}.get(text[at])
        what = f"{begun} that does not end" if begun else f"unexpected character {text[at]!a}"
        raise fault(at + 1, what) from why
    if _NO_TEXT.search(text):
        raise ValueError("selector: what is in it is not UTF-8")
    return tokens


def _fed(stepping: InteractiveParser, token: Token) -> Any:
    """Give the parser one more word; return what has been made of all behind the last."""
    try:
        return stepping.feed_token(token)
    except UnexpectedToken as why:
        accepted = stepping.accepts()
        wanted = [name for name, terminals in _EXPECTED if not terminals.isdisjoint(accepted)]
        if wanted[0] == _OPERAND:
            wanted = wanted[:1]
        listed = " or ".join(filter(None, (", ".join(wanted[:-1]), wanted[-1])))
        found = f"{token[:40]!a}" if token else _END
        raise fault((token.start_pos or 0) + 1, f"expected {listed}, not {found}") from why
