# -*- test-case-name: tests.test_benchmarks -*-
"""python -m benchmarks profile WORDS: where the gateway spends its time under one scenario.

By default perf(1) samples it, which shows C and kernel functions; with --calls it runs under cProfile,
which shows Python functions and slows them down.
"""

from __future__ import annotations

import argparse
import pstats
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.machine import BenchmarkError
from benchmarks.scenarios import Scenario, chosen
from benchmarks.systems import GATEWAY, System, gateway


def run(words: Sequence[str], folder: Path) -> None:
    """Read the rest of the command line, and print the functions at the top.

    Raises:
        BenchmarkError: no scenario has that name, or perf is missing.
    """
    reader = argparse.ArgumentParser(prog="python -m benchmarks profile", description=__doc__)
    reader.add_argument("scenario", help="words of its name; the first scenario that contains them")
    reader.add_argument("--gateway", default=GATEWAY)
    reader.add_argument("--seconds", type=float, default=5.0)
    reader.add_argument("--lines", type=int, default=40)
    reader.add_argument("--calls", action="store_true", help="Python functions, by cProfile")
    options = reader.parse_args(words)
    found = chosen(options.scenario)
    if not found:
        raise BenchmarkError(f"no scenario is called {options.scenario!r}")
    bench = Bench(folder, options.seconds)
    (_calls if options.calls else _samples)(bench, found[0], options.gateway, options.lines)


def _samples(bench: Bench, scenario: Scenario, command: str, lines: int) -> None:
    if shutil.which("perf") is None:
        raise BenchmarkError("perf is not on PATH (Debian: apt install linux-perf); --calls needs none")
    data = bench.folder / "perf.data"
    with ExitStack() as stack:
        system = gateway(command)
        where, running = bench.start(system, [scenario], stack)
        watch = ["perf", "record", "-q", "-F", "1999", "-p", str(running.pid), "-o", str(data)]
        perf = subprocess.Popen([*watch, "--", "sleep", str(bench.seconds)], stderr=subprocess.DEVNULL)
        bench.measure(scenario, system, where, running)
        perf.wait()
    show = ["perf", "report", "-i", str(data), "--stdio", "-g", "none", "--sort", "dso,symbol"]
    listed = subprocess.run(show, capture_output=True, text=True, check=True).stdout.splitlines()
    print("\n".join([line for line in listed if line and not line.startswith("#")][:lines]))


def _calls(bench: Bench, scenario: Scenario, command: str, lines: int) -> None:
    first, *rest = shlex.split(command)
    if rest[:1] != ["-m"]:
        raise BenchmarkError("--calls needs a gateway command of the form: PYTHON -m MODULE ...")
    data = bench.folder / "calls"
    _run_once(bench, scenario, gateway(shlex.join([first, "-m", "cProfile", "-o", str(data), *rest])))
    pstats.Stats(str(data)).sort_stats("tottime").print_stats(lines)


def _run_once(bench: Bench, scenario: Scenario, system: System) -> None:
    with ExitStack() as stack:
        where, running = bench.start(system, [scenario], stack)
        bench.measure(scenario, system, where, running)
