"""Streams in pieces: cut at random, and what two readings of one stream must have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any


def pieces(random: Random, data: bytes) -> list[bytes]:
    """Cut a stream at random, perhaps in every byte; what comes may be empty pieces too, and at least one."""
    if data and random.random() < 0.1:
        return [data[at : at + 1] for at in range(len(data))]
    most = random.choice((1, 3, 7, 40))
    cuts = sorted(random.randrange(len(data) + 1) for _ in range(random.randint(0, most)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def joined(found: Iterable[Any], *, apart: bool) -> list[Any]:
    """Return what a scanner found, runs of bytes as one unless they are to be C{apart}: where they end
    depends on the cuts."""
    items: list[Any] = []
    for item in found:
        if not apart and items and type(item) is bytes is type(items[-1]):
            items[-1] += item
        else:
            items.append(item)
    return items


def difference(
    random: Random,
    data: bytes,
    given: Any,
    outcome: Callable[[Any, list[bytes], Any], Any],
    kinds: tuple[Any, ...],
) -> str:
    """Say how scanners of C{kinds}, each with cuts of its own, differ from the first of them, which gets
    the whole stream at once; an empty string where they do not.

    Args:
        given: how each is made.
        outcome: makes one, and returns what it says to the parts.
    """
    said = outcome(given, [data], kinds[0])
    for kind in kinds:
        parts = pieces(random, data)
        again = outcome(given, parts, kind)
        if again != said:
            return f"{kind.__module__} with {given}: {parts!r}\n  gave {again!r}\n  not {said!r}"
    return ""
