# -*- test-case-name: tests.test_benchmarks -*-
"""python -m benchmarks: every system in turn, round by round, and a table of medians and ratios.

With the first word "profile", "emulated" or "logins", see benchmarks/profile.py, emulated.py and logins.py.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import emulated, logins, profile
from benchmarks.bench import Bench, say
from benchmarks.machine import BenchmarkError, alone
from benchmarks.report import Report, record, table
from benchmarks.report import as_json as report_as_json
from benchmarks.scenarios import chosen
from benchmarks.systems import GATEWAY, PEERS, System, gateway

PARTS = {"profile": profile.run, "emulated": emulated.run, "logins": logins.run}
"""First word of the command line -> what it does, in place of the comparison."""


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    reader = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    reader.add_argument("--gateway", default=GATEWAY, help="its command; empty to measure the peers alone")
    reader.add_argument("--peers", default=",".join(PEERS), help="comma list")
    reader.add_argument("--only", default="", help="comma list of words; scenarios that contain one")
    reader.add_argument("--rounds", type=int, default=3, help="the median of so many is shown")
    reader.add_argument("--seconds", type=float, default=3.0, help="of each run, its first fifth warm-up")
    reader.add_argument("--json", type=Path, help="file for everything measured")
    reader.add_argument("--record", type=Path, help="Markdown page whose table is replaced")
    return reader.parse_args(words)


def systems(options: argparse.Namespace) -> list[System]:
    """Return the systems that are there, the gateway first; name the missing on stderr.

    Raises:
        BenchmarkError: a peer that nobody knows was asked for.
    """
    wanted = [gateway(options.gateway)] if options.gateway else []
    for name in filter(None, options.peers.split(",")):
        if name not in PEERS:
            raise BenchmarkError(f"no peer is called {name!r}; there are: {', '.join(PEERS)}")
        wanted.append(PEERS[name])
    for system in wanted:
        if not system.present():
            say(f"{system.name}: {system.program} is not installed, left out")
    return [system for system in wanted if system.present()]


def main(words: Sequence[str]) -> None:
    """Run what the command line asks for.

    Raises:
        SystemExit: something needed is missing.
    """
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        try:
            with alone(lambda: say("another run is measuring; waiting for its end")):
                if words and words[0] in PARTS:
                    PARTS[words[0]](words[1:], Path(folder))
                else:
                    compare(arguments(words), Path(folder))
        except BenchmarkError as why:
            raise SystemExit(str(why)) from None


def compare(options: argparse.Namespace, folder: Path) -> None:
    """Measure, and show the table."""
    scenarios, there = chosen(options.only), systems(options)
    report = Report([system.name for system in there])
    bench = Bench(folder, options.seconds)
    for turn in range(options.rounds):
        say(f"round {turn + 1} of {options.rounds}")
        bench.round(report, there, scenarios, turn)
    print(table(report))
    if options.json:
        options.json.write_text(json.dumps(report_as_json(report), indent=1))
    if options.record:
        record(report, options.record)


if __name__ == "__main__":
    main(sys.argv[1:])
