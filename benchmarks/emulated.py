# -*- test-case-name: tests.test_benchmarks_emulated -*-
"""python -m benchmarks emulated: sessions over plain HTTP beside native ones, through the same gateway.

The load is in Python: what it sends is made beforehand, and only the gateway's processor time, or what
goes through, is measured.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.bench import ROOT, say
from benchmarks.machine import Running, processors
from benchmarks.peers import Backend, Emulated, Native, Session, open_sessions, pace, stream_down, stream_up
from benchmarks.report import number, put
from benchmarks.systems import GATEWAY, Place, certificate, gateway, place

BEGIN, END = "<!-- emulation -->", "<!-- end of emulation -->"
MOST_COST = 10.0  # times the processor time of native sessions, at a message a second
LEAST_RATE = 0.2  # of the native lane's rate

Figures = dict[str, dict[str, list[float]]]  # what -> "native" or "emulated" -> one a round


def run(words: Sequence[str], folder: Path) -> None:
    """Read the rest of the command line, measure, and print the table.

    Raises:
        BenchmarkError: a session could not be opened, or something stood still.
    """
    reader = argparse.ArgumentParser(prog="python -m benchmarks emulated", description=__doc__)
    reader.add_argument("--gateway", default=GATEWAY)
    reader.add_argument("--sessions", type=int, default=1000)
    reader.add_argument("--seconds", type=float, default=10.0, help="of each run")
    reader.add_argument("--rounds", type=int, default=3, help="the median of so many is shown")
    reader.add_argument("--size", type=int, default=64, help="bytes of a message")
    reader.add_argument("--record", type=Path, help="Markdown page whose table is replaced")
    options = reader.parse_args(words)
    figures: Figures = {}
    systems, load = processors()
    os.sched_setaffinity(0, {load})
    for turn in range(options.rounds):
        say(f"round {turn + 1} of {options.rounds}")
        _round(options, systems, folder, figures)
    text = table(figures, options.sessions, options.size)
    print(text)
    if options.record:
        put(text, options.record, BEGIN, END)


def _round(options: argparse.Namespace, processor: int, folder: Path, figures: Figures) -> None:
    """Measure each kind of session once, on a gateway of its own with the native lane."""
    for kind in (Native, Emulated):
        with ExitStack() as stack:
            where = place(gateway(options.gateway), ["proxy"], folder, certificate(folder))
            running = _start(options.gateway, where, processor, folder, stack)
            backend = stack.enter_context(Backend(where.back))
            for what, figure in _measure(options, kind, where, running, backend).items():
                figures.setdefault(what, {}).setdefault(kind.name, []).append(figure)
                say(f"{kind.name}: {what}: {number(figure)}")


def _start(command: str, where: Place, processor: int, folder: Path, stack: ExitStack) -> Running:
    system = gateway(command)
    words = ["env", "KAAZING_LANE=lane", *system.command(where)]
    running = Running("gateway", words, processor=processor, folder=folder, cwd=ROOT)
    stack.callback(running.stop)
    running.wait_for(list(where.fronts.values()))
    return running


def _measure(
    options: argparse.Namespace, kind: type[Session], where: Place, running: Running, backend: Backend
) -> dict[str, float]:
    port = where.fronts["proxy"]
    sessions = open_sessions(kind, port, options.sessions, backend)
    time.sleep(0.5)
    pace(sessions, backend, options.size, 2.0)
    before = running.processor_seconds()
    messages = pace(sessions, backend, options.size, options.seconds)
    cost = (running.processor_seconds() - before) / messages * 1e6
    for session in sessions:
        session.close()
    backend.forget()
    time.sleep(0.5)
    (one,) = open_sessions(kind, port, 1, backend)
    up = stream_up(one, backend, options.size, options.seconds / 2)
    down = stream_down(one, backend, options.seconds / 2)
    one.close()
    return {
        "processor time a message and its echo, µs": cost,
        "stream up, messages/s": up,
        "stream down, MB/s": down / 1e6,
    }


def table(figures: Figures, sessions: int, size: int) -> str:
    """Return a Markdown table: medians, emulated/native ratios, targets."""
    lines = [
        f"| {sessions} sessions at a message of {size} B a second; one session streaming"
        " | native | emulated | emulated/native | target |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for what, by in figures.items():
        native, emulated = (statistics.median(by[kind.name]) for kind in (Native, Emulated))
        ratio = emulated / native if native else 0.0
        if "time" in what:
            target, holds = f"at most {MOST_COST:g}", ratio <= MOST_COST
        else:
            target, holds = f"at least {LEAST_RATE:g}", ratio >= LEAST_RATE
        verdict = "holds" if holds else "FALLS SHORT"
        lines.append(
            f"| {what} | {number(native)} | {number(emulated)} | {number(ratio)} | {target}: {verdict} |"
        )
    return "\n".join(lines) + "\n"
