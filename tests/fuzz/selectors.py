"""Fuzz selectors: random words and spoilt selectors are read or refused with a sentence, in bounded time, and
what was read says of any message what its own text says when it is read again.

C{python -m tests.fuzz.selectors SECONDS [SEED]}; exits 1 at the first difference, and prints the seed.
"""

from __future__ import annotations

import sys
import time
from random import Random

from kaazing.interfaces.brokers import Destination, Domain, Message, Property
from kaazing.wire.selectors import Selector, compiled
from tests.fuzz import main, spoilt

WORDS = (
    *("a", "b", "c", '"a-b"', "JMSType", "JMSPriority", "(", ")", ",", "=", "<>", "<", "<=", ">", ">="),
    *(
        "NOT",
        "AND",
        "OR",
        "BETWEEN",
        "IN",
        "LIKE",
        "ESCAPE",
        "IS",
        "NULL",
        "TRUE",
        "FALSE",
        "+",
        "-",
        "*",
        "/",
    ),
    *("0", "1", "7", "2.5", "1e300", "0x1F", "017", "9223372036854775807", "9223372036854775808"),
    *("'x'", "'%_a%'", "'7'", "''", "'!'", "'"),
)
WHOLE = (
    "JMSType = 'car' AND color = 'blue' AND weight > 2500",
    "a BETWEEN -b AND b * 2 + 1 OR c NOT IN ('x', 'y')",
    "NOT (a LIKE '%a_b!%%' ESCAPE '!') AND b / c <> 1 - -1",
    'convert_string_expressions: "a-b" IS NOT NULL OR (a = TRUE)',
)
PIECES = (*(word.encode() for word in WORDS), b'"', b"(" * 70, b"NOT " * 70, b"\xff", b"\0")
VALUES: tuple[Property, ...] = (
    0,
    -1,
    7,
    2**63 - 1,
    -(2**63),
    2.5,
    1e308,
    "7",
    "",
    "a%",
    "axb%y",
    "true",
    True,
    False,
)
MESSAGES = tuple(
    Message(
        destination=Destination(Domain.TOPIC, "a"),
        type="car",
        properties={
            name: Random(seed).choice(VALUES) for seed, name in enumerate(("a", "b", "c", "a-b"), start)
        },
    )
    for start in range(0, 60, 4)
)
SLOW = 2.0  # seconds, on a busy computer


def differ(random: Random) -> str:
    """Try one text; return what was wrong, or an empty string."""
    if random.random() < 0.5:
        text = " ".join(random.choices(WORDS, k=random.choice((3, 8, 30, 300))))
    else:
        data = spoilt(random, random.choice(WHOLE).encode(), PIECES)
        text = data.decode("utf-8", "surrogateescape")
    begun = time.process_time()
    try:
        found = compiled(text)
    except ValueError as why:
        return "" if str(why).startswith("selector") else f"{text!r}: {why!r}"
    answers = _answers(found)
    if time.process_time() - begun > SLOW:
        return f"{text!r}: slow"
    again = compiled(found.text)
    if again != found or _answers(again) != answers:
        return f"{text!r}: {found.text!r} is something else"
    return ""


def _answers(selector: Selector) -> list[bool]:
    return [selector.matches(message) for message in MESSAGES]


if __name__ == "__main__":
    sys.exit(main(differ))
