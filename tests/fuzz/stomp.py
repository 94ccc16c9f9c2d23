"""Fuzz the STOMP scanners: random streams, cut at random, must read the same in C and in Python.

C{python -m tests.fuzz.stomp SECONDS [SEED]}; exits 1 at the first difference, and prints the seed.
"""

from __future__ import annotations

import sys
from random import Random

from kaazing import _speedups
from kaazing.wire import pure_stomp
from tests.fuzz import main
from tests.wire.cuts import difference
from tests.wire.stomp_streams import outcome, settings, stream

KINDS = (_speedups.StompScanner, pure_stomp.StompScanner)


def differ(random: Random) -> str:
    """Try one stream; return what differed, or an empty string."""
    given = settings(random)
    data = stream(random, given, faults=random.choice((0.0, 0.02, 0.2)))
    if random.random() < 0.2:
        changed = bytearray(data)
        changed[random.randrange(len(data))] = random.choice(b"\0\n\r:\\A\xff")
        data = bytes(changed)
    return difference(random, data, given, outcome, KINDS)


if __name__ == "__main__":
    sys.exit(main(differ))
