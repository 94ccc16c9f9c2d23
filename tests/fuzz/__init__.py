"""Fuzzers, each a module to be run with SECONDS and a SEED; what they share."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Sequence
from random import Random, SystemRandom


def main(differ: Callable[[Random], str]) -> int:
    """Fuzz for the seconds of processor time that the command line says; return the exit status, 1 at
    the first difference.

    Args:
        differ: tries one input; returns what differed, or an empty string. What it raises is a difference.
    """
    seconds = float(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else SystemRandom().getrandbits(48)
    print(f"seed {seed}", flush=True)
    started = shown = now = time.process_time()
    done = 0
    while now - started < seconds or not done:
        if found := _tried(differ, Random(seed + done)):
            print(f"seed {seed + done}: {found}")
            return 1
        done += 1
        now = time.process_time()
        if now - shown >= 10:
            shown = now
            print(f"{now - started:.0f} s: {done} inputs", flush=True)
    print(f"{done} inputs, no difference")
    return 0


def _tried(differ: Callable[[Random], str], random: Random) -> str:
    """Everything that is raised is worth a report with its seed."""
    try:
        return differ(random)
    except Exception:
        return traceback.format_exc()


def spoilt(random: Random, data: bytes, bits: Sequence[bytes], most: int = 6) -> bytes:
    """Return C{data} with one to C{most} changes: some bytes exchanged for one of C{bits} or any byte."""
    changed = bytearray(data)
    for _ in range(random.randint(1, most)):
        at = random.randrange(len(changed) + 1)
        bit = random.choice(bits) if random.random() < 0.7 else random.randbytes(1)
        changed[at : at + random.choice((0, 0, 1, 2, 9))] = bit
    return bytes(changed)
