# -*- test-case-name: tests.wire.test_selector_like -*-
"""LIKE: a pattern of SQL as a function that looks at each character of a value a bounded number of times.

A pattern falls apart at its C{%} into pieces of fixed length. The first must begin the value and the last
end it; each of the others is looked for behind the one before, where it comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

__all__ = ["MAX_SEARCHED", "like"]

MAX_SEARCHED = 16 * 1024
"""Characters of a value in which a piece with C{_} in it is looked for: that costs a step for each."""

ANY = None
"""Stands for C{_} in a piece."""

Piece = Sequence[str | None]
Find = Callable[[str, int, int], int]
"""Value, from where, up to where -> where behind the piece is, -1 for nowhere."""


def like(pattern: str, escape: str = "") -> tuple[Callable[[str], bool | None], bool]:
    """Return whether a value is like a pattern, as a function, which says None of a value that is too long;
    and whether each character of a value costs a step.

    Args:
        escape: the character after which C{%}, C{_} and itself are ordinary ones; empty for none.

    Raises:
        ValueError: nothing comes after an escape.
    """
    pieces = _pieces(pattern, escape)
    if len(pieces) == 1:
        return _whole(pieces[0]), False
    first, last = _at(pieces[0]), _at(pieces[-1])
    least, most = len(pieces[0]), len(pieces[-1])
    middle = [piece for piece in pieces[1:-1] if piece]
    steps = any(ANY in piece for piece in middle)
    finds = [_sought(piece) for piece in middle]

    def matches(value: str) -> bool | None:
        end = len(value) - most
        if end < least or not first(value, 0) or not last(value, end):
            return False
        if steps and len(value) > MAX_SEARCHED:
            return None
        at = least
        return all((at := find(value, at, end)) >= 0 for find in finds)

    return matches, steps


def _pieces(pattern: str, escape: str) -> list[Piece]:
    pieces: list[list[str | None]] = [[]]
    letters = iter(pattern)
    for letter in letters:
        if letter == escape:
            follows = next(letters, "")
            if not follows:
                raise ValueError("the pattern of LIKE ends with its escape character")
            pieces[-1].append(follows)
        elif letter == "%":
            pieces.append([])
        else:
            pieces[-1].append(ANY if letter == "_" else letter)
    return list(pieces)


def _whole(piece: Piece) -> Callable[[str], bool]:
    length, at = len(piece), _at(piece)

    def matches(value: str) -> bool:
        return len(value) == length and at(value, 0)

    return matches


def _at(piece: Piece) -> Callable[[str, int], bool]:
    """Return whether a piece is at some place of a value, which is long enough."""
    runs: list[tuple[int, str]] = []
    for place, letter in enumerate(piece):
        if letter is ANY:
            continue
        if runs and runs[-1][0] + len(runs[-1][1]) == place:
            runs[-1] = runs[-1][0], runs[-1][1] + letter
        else:
            runs.append((place, letter))

    def matches(value: str, start: int) -> bool:
        return all(value.startswith(run, start + place) for place, run in runs)

    return matches


def _sought(piece: Piece) -> Find:
    """Return the search for a piece."""
    length = len(piece)
    if ANY not in piece:
        text = "".join(letter for letter in piece if letter is not ANY)

        def find(value: str, start: int, end: int) -> int:
            found = value.find(text, start, end)
            return found + length if found >= 0 else -1

        return find
    return _stepping(piece)


def _stepping(piece: Piece) -> Find:
    """Return the search for a piece with C{_}: bit i of a number says that the last i + 1 characters are as
    the piece begins (Baeza-Yates and Gonnet, A New Approach to Text Searching)."""
    anything = sum(1 << place for place, letter in enumerate(piece) if letter is ANY)
    masks = dict.fromkeys((letter for letter in piece if letter is not ANY), anything)
    for place, letter in enumerate(piece):
        if letter is not ANY:
            masks[letter] |= 1 << place
    done = 1 << (len(piece) - 1)

    def find(value: str, start: int, end: int) -> int:
        state = 0
        for place in range(start, end):
            state = (state << 1 | 1) & masks.get(value[place], anything)
            if state & done:
                return place + 1
        return -1

    return find
