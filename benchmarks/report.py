# -*- test-case-name: tests.test_benchmarks -*-
"""From samples to medians, ratios, verdicts; as a table to read and as JSON to keep."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.load import DISTURBED, Sample
from benchmarks.scenarios import Figure, Scenario, Target

GATEWAY = "gateway"
SATURATED = 0.95  # share of its processor from which on the load program is the limit
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


@dataclass
class Report:
    """All samples of a run.

    Attributes:
        systems: names, the gateway first.
        samples: (scenario, system's name) -> one sample a round.
    """

    systems: Sequence[str]
    samples: dict[tuple[Scenario, str], list[Sample]] = field(default_factory=dict)

    def add(self, scenario: Scenario, system: str, sample: Sample) -> None:
        """Keep one more sample."""
        self.samples.setdefault((scenario, system), []).append(sample)

    def median(self, scenario: Scenario, figure: Figure, system: str) -> float | None:
        """Return the median over the rounds, None where no round gave the figure."""
        taken = [s.figures[figure] for s in self.samples.get((scenario, system), []) if figure in s.figures]
        return statistics.median(taken) if taken else None

    def ratio(self, scenario: Scenario, figure: Figure, peer: str) -> float | None:
        """Return gateway / peer, of the medians; None where one is missing."""
        ours, theirs = (self.median(scenario, figure, name) for name in (GATEWAY, peer))
        return ours / theirs if ours is not None and theirs else None

    def saturated(self, scenario: Scenario, system: str) -> bool:
        """Whether the load program was at its limit in most rounds."""
        busy = [s.busy for s in self.samples.get((scenario, system), []) if not s.failed]
        return bool(busy) and statistics.median(busy) >= SATURATED

    def disturbed(self, scenario: Scenario, system: str) -> bool:
        """Whether other processes were in the way in most rounds."""
        waited = [s.waited for s in self.samples.get((scenario, system), []) if not s.failed]
        return bool(waited) and statistics.median(waited) > DISTURBED

    def rows(self) -> Iterator[tuple[Scenario, Figure]]:
        """Yield what the table has a line for."""
        for scenario in dict.fromkeys(scenario for scenario, _ in self.samples):
            for figure in scenario.figures:
                yield scenario, figure

    def failures(self) -> Iterator[str]:
        """Yield a sentence for each run that gave no figures."""
        for (scenario, system), samples in self.samples.items():
            for sample in samples:
                if sample.failed:
                    yield f"{system}: {scenario.name}: {sample.failed}"


def number(value: float | None) -> str:
    """Return three digits that count, or more; a dash for nothing."""
    if value is None:
        return "-"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}".replace(",", " ")


def verdict(target: Target, ratio: float | None) -> str:
    """Return the target with "holds", "falls short" or "not measured"."""
    if ratio is None:
        return f"{target}: not measured"
    return f"{target}: {'holds' if target.holds(ratio) else 'FALLS SHORT'}"


def table(report: Report) -> str:
    """Return a Markdown table: medians, gateway/peer ratios, targets."""
    peers = [name for name in report.systems if name != GATEWAY] if GATEWAY in report.systems else []
    heads = ["measured", *report.systems, *(f"gateway/{peer}" for peer in peers), "target"]
    lines = [_line(heads), _line(["---"] + ["---:"] * (len(heads) - 2) + ["---"])]
    for scenario, figure in report.rows():
        cells = [f"{scenario.name}: {figure.value}"]
        for system in report.systems:
            limit = figure is Figure.RATE and report.saturated(scenario, system)
            marks = "*" * limit + "~" * report.disturbed(scenario, system)
            cells.append(number(report.median(scenario, figure, system)) + marks)
        cells += [number(report.ratio(scenario, figure, peer)) for peer in peers]
        targets = [t for t in scenario.targets if t.figure is figure and t.peer in peers]
        cells.append("; ".join(verdict(t, report.ratio(scenario, figure, t.peer)) for t in targets))
        lines.append(_line(cells))
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def as_json(report: Report) -> dict[str, Any]:
    """Return everything measured: each round, medians, ratios, verdicts, and the machine."""
    rows = []
    for scenario, figure in report.rows():
        ratios = {peer: report.ratio(scenario, figure, peer) for peer in report.systems if peer != GATEWAY}
        rounds = {
            system: [s.figures.get(figure) for s in report.samples.get((scenario, system), [])]
            for system in report.systems
        }
        rows.append(
            {
                "scenario": scenario.name,
                "figure": figure.value,
                "rounds": rounds,
                "median": {system: report.median(scenario, figure, system) for system in report.systems},
                "ratio": ratios,
                "targets": [verdict(t, ratios.get(t.peer)) for t in scenario.targets if t.figure is figure],
                "load_busy": _each(report, scenario, "busy"),
                "waited": _each(report, scenario, "waited"),
            }
        )
    return {"machine": machine(), "rows": rows, "failures": list(report.failures())}


def _each(report: Report, scenario: Scenario, name: str) -> dict[str, list[float]]:
    return {
        system: [getattr(sample, name) for sample in report.samples.get((scenario, system), [])]
        for system in report.systems
    }


def machine() -> dict[str, str]:
    """Return what the figures depend on: processor, kernel, Python."""
    names = (
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    return {
        "processor": next(names, platform.machine()),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def record(report: Report, page: Path) -> None:
    """Put the table in place of what stands between its two marks in a Markdown page; see L{put}."""
    put(table(report), page, BEGIN, END)


def put(text: str, page: Path, begin: str, end: str) -> None:
    """Put text, and what machine it is about, in place of what stands between two marks in a Markdown page.

    Raises:
        ValueError: the page has no such marks.
    """
    before, begun, rest = page.read_text().partition(begin)
    _, ended, after = rest.partition(end)
    if not begun or not ended:
        raise ValueError(f"{page}: no {begin} … {end}")
    about = "; ".join(f"{name}: {value}" for name, value in machine().items())
    page.write_text(f"{before}{begin}\n{text}\n({about}.)\n{end}{after}")
