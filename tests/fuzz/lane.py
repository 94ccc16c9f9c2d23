"""Fuzz the lanes: random streams, cut at random, must read the same in C and in Python.

C{python -m tests.fuzz.lane SECONDS [SEED]}; exits 1 at the first difference, and prints the seed.
"""

from __future__ import annotations

import sys
from random import Random
from typing import cast

from kaazing import _speedups
from kaazing.wire import pure_frames, pure_lane
from tests.fuzz import main
from tests.wire.cuts import pieces
from tests.wire.outcomes import outcome
from tests.wire.streams import stream

LIMITS = (0, 100, 1000)


def differ(random: Random) -> str:
    """Try one stream; return what differed, or an empty string."""
    masked, whole, limit = random.random() < 0.8, random.random() < 0.5, random.choice(LIMITS)
    data = stream(random, masked=masked, faults=random.choice((0.0, 0.05, 0.3)))
    if random.random() < 0.05:
        data = random.randbytes(random.randrange(40))
    said = outcome(_speedups.Lane(masked, limit, whole), [data], whole=whole)
    for lane in (_speedups.Lane(masked, limit, whole), pure_lane.Lane(masked, limit, whole)):
        parts = pieces(random, data)
        again = outcome(cast(_speedups.Lane, lane), parts, whole=whole)
        if again != said:
            return f"{type(lane).__module__}: {parts!r}\n  gave {again!r}\n  not {said!r}"
    if _speedups.valid_utf8(data) != pure_frames.valid_utf8(data):
        return f"valid_utf8({data!r})"
    return ""


if __name__ == "__main__":
    sys.exit(main(differ))
