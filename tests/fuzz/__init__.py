"""Fuzzers, each a module to be run with SECONDS and a SEED; what they share."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from random import Random, SystemRandom

ROUNDS = 500  # between two looks at the clock


def main(differ: Callable[[Random], str]) -> int:
    """Fuzz as long as the command line says; return the exit status, 1 at the first difference.

    Args:
        differ: tries one input; returns what differed, or an empty string.
    """
    seconds = float(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else SystemRandom().getrandbits(48)
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
            print(f"{now - started:.0f} s: {done} inputs", flush=True)
    print(f"{done} inputs, no difference")
    return 0
