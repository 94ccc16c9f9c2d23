"""Fuzz the lanes: random streams, cut at random, must read the same in C and in Python.

C{python -m tests.fuzz.lane SECONDS [SEED]}; exits 1 at the first difference, and prints the seed.
"""

from __future__ import annotations

import sys
import time
from random import Random, SystemRandom
from typing import cast

from kaazing import _speedups
from kaazing.wire import pure_frames, pure_lane
from tests.wire.outcomes import outcome
from tests.wire.streams import pieces, stream

LIMITS = (0, 100, 1000)
ROUNDS = 500  # between two looks at the clock


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


def main(seconds: float, seed: int) -> int:
    """Fuzz for that long; return the exit status."""
    print(f"seed {seed}", flush=True)
    started = shown = time.monotonic()
    done = 0
    while (now := time.monotonic()) - started < seconds:
        for number in range(done, done + ROUNDS):
            if found := differ(Random(seed + number)):
                print(f"seed {seed + number}: {found}")
                return 1
        done += ROUNDS
        if now - shown >= 10:
            shown = now
            print(f"{now - started:.0f} s: {done} streams", flush=True)
    print(f"{done} streams, no difference")
    return 0


if __name__ == "__main__":
    sys.exit(
        main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else SystemRandom().getrandbits(48))
    )
