"""IRC streams made at random, with and without faults, and what a scanner says to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from kaazing.errors import Side
from kaazing.wire.irc import violation
from tests.wire.cuts import joined

Outcome = tuple[list[Any], str, int, dict[str, int]]
"""What passed, the fault, the bytes pending, the counts."""

COMMANDS = (b"PRIVMSG", b"privmsg", b"JOIN", b"PING", b"001", b"353", b"TAGMSG", b"x" * 16, b"N0TICE", b"12")
TAGS = (
    b"",
    b"@a ",
    b"@a=b;+c/d=\\: ",
    b"@time=2011-10-19T16:40:51.620Z  ",
    b"@ ",
    b"@=x ",
    b"@a;; ",
    b"@a/b/c ",
)
PREFIXES = (b"", b"", b":a!b@c ", b":irc.test  ", b": ", b":x")
REST = (b"", b" #c :hello", b" a  b :", b" \xff\xfe", " ünï".encode(), b" " + b"a " * 9, b" :" + b"z" * 40)
ENDS = (b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r\r\n", b"\n\r\n")


@dataclass(frozen=True)
class Settings:
    """How a scanner is made; C{watched} and C{others} as for its watch()."""

    client: bool = True
    split: bool = False
    bare: bool = False
    text: bool = False
    max_line: int = 512
    max_tags: int = 4096
    max_parameters: int = 0
    watched: frozenset[bytes] = frozenset()
    others: bool = False


def settings(random: Random) -> Settings:
    """Return any."""
    return Settings(
        client=random.random() < 0.5,
        split=random.random() < 0.5,
        bare=random.random() < 0.5,
        text=random.random() < 0.5,
        max_line=random.choice((2, 30, 60, 512)),
        max_tags=random.choice((1, 4, 20, 4096)),
        max_parameters=random.choice((0, 1, 5, 15)),
        watched=frozenset(random.sample((b"PRIVMSG", b"JOIN", b"001", b"X" * 16), 2)),
        others=random.random() < 0.2,
    )


def stream(random: Random, faults: float) -> bytes:
    """Return lines; about C{faults} of their parts break a rule."""

    def part(choices: tuple[bytes, ...], good: int) -> bytes:
        return random.choice(choices if random.random() < faults else choices[:good])

    return b"".join(
        part(TAGS, 4) + part(PREFIXES, 4) + part(COMMANDS, 8) + random.choice(REST) + part(ENDS, 4)
        for _ in range(random.randrange(1, 12))
    )


def outcome(given: Settings, parts: Iterable[bytes], kind: Any) -> Outcome:
    """Return what a scanner of C{kind} says to the parts; runs of lines joined, so that outcomes of
    different cuts compare."""
    values = asdict(given)
    watched, others = values.pop("watched"), values.pop("others")
    scanner = kind(**values)
    scanner.watch(watched, others)
    apart = given.split or given.bare or given.text
    items = joined((item for part in parts for item in scanner.feed(part)), apart=apart)
    side = Side.FRONT if given.client else Side.BACK
    fault = str(violation(scanner.fault, side)) if scanner.fault else ""
    return items, fault, scanner.pending, scanner.take_counts()
