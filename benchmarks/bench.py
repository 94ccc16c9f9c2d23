# -*- test-case-name: tests.test_benchmarks -*-
"""One run: systems are started side by side on one processor, and loaded one after the other from another."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.load import DISTURBED, Sample, build, measure
from benchmarks.machine import Running, processors
from benchmarks.report import GATEWAY, Report
from benchmarks.scenarios import Scenario
from benchmarks.systems import Place, System, certificate, place

ROOT = Path(__file__).parent.parent


def takes_part(system: System, scenario: Scenario) -> bool:
    """Whether C{system} is measured in C{scenario}."""
    return system.name == GATEWAY or system.name in scenario.peers


class Bench:
    """A whole run: what was built for it, and where.

    Attributes:
        folder: temporary, for programs, configurations and logs.
        program: the load program.
        seconds: of each run.
    """

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder, self.seconds = folder, seconds
        self.program = build(folder)
        self._certificate = certificate(folder)
        self._systems_processor, self._load_processor = processors()
        os.sched_setaffinity(0, {self._load_processor})

    def start(self, system: System, scenarios: Sequence[Scenario], stack: ExitStack) -> tuple[Place, Running]:
        """Start C{system} with the services that C{scenarios} need; C{stack} stops it."""
        where = place(system, (s.service for s in scenarios), self.folder, self._certificate)
        running = Running(
            system.name,
            system.command(where),
            processor=self._systems_processor,
            folder=self.folder,
            cwd=ROOT,
        )
        stack.callback(running.stop)
        running.wait_for(list(where.fronts.values()))
        return where, running

    def round(
        self, report: Report, there: Sequence[System], scenarios: Sequence[Scenario], turn: int
    ) -> None:
        """Start all, put each scenario on one after the other, and stop all; C{turn} says who is first."""
        with ExitStack() as stack:
            up = {}
            for system in there:
                mine = [s for s in scenarios if takes_part(system, s)]
                if mine:
                    up[system] = self.start(system, mine, stack)
            order = list(up)
            order = order[turn % len(order) :] + order[: turn % len(order)] if order else []
            for scenario in scenarios:
                for system in order:
                    if takes_part(system, scenario):
                        report.add(scenario, system.name, self.measure(scenario, system, *up[system]))

    def measure(self, scenario: Scenario, system: System, where: Place, running: Running) -> Sample:
        """Put C{scenario} on a running system once, and say what came out."""
        sample = measure(self.program, self._load_processor, scenario, system, where, running, self.seconds)
        figures = ", ".join(f"{value:.4g} {figure.value}" for figure, value in sample.figures.items())
        disturbed = f" (disturbed: waited {sample.waited:.0%})" if sample.waited > DISTURBED else ""
        say(f"{scenario.name}: {system.name}: {sample.failed or figures}{disturbed}")
        return sample


def say(line: str) -> None:
    """Show progress, beside the results."""
    print(line, file=sys.stderr, flush=True)
