# -*- test-case-name: tests.test_benchmarks -*-
"""Builds the load program, points it at a system and takes the figures."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.machine import BenchmarkError, Running, seconds_waited
from benchmarks.protocols import SCRIPTS
from benchmarks.scenarios import Figure, Scenario
from benchmarks.systems import Place, System

SOURCES = Path(__file__).parent / "native"
SETTLE = 0.5  # seconds in which a system may finish with the connections of the load before
DISTURBED = 0.03  # share of a run that may pass waiting for other processes
TRIES = 6  # runs that may be thrown away for that, and the pause between them, seconds
PAUSE = 2.0
WARM = 100  # connections opened before those whose memory is measured


@dataclass(frozen=True, slots=True)
class Sample:
    """What one run gave.

    Attributes:
        figures: by kind; empty when the run failed.
        busy: share of its processor that the load program used; near 1 the rate is its limit, not
            the system's.
        waited: share of the time that the load, or a system of one process, was ready to run and
            did not, because others had its processor.
        websocket_messages: that the clients got; 0 where the backend counts.
        failed: why there are no figures, else empty.
    """

    figures: dict[Figure, float] = field(default_factory=dict)
    busy: float = 0.0
    waited: float = 0.0
    websocket_messages: int = 0
    failed: str = ""


def build(folder: Path) -> Path:
    """Compile the load program into C{folder}; return the file. Without OpenSSL's headers it knows no wss.

    Raises:
        BenchmarkError: gcc is missing, or refuses the sources.
    """
    if shutil.which("gcc") is None:
        raise BenchmarkError("gcc is needed for the load program (Debian: apt install gcc libssl-dev)")
    program = folder / "load"
    sources = sorted(map(str, SOURCES.glob("*.c")))
    base = ["gcc", "-std=c11", "-O2", "-o", str(program), *sources]
    if subprocess.run([*base, "-DWITH_TLS", "-lssl", "-lcrypto"], capture_output=True).returncode == 0:
        return program
    plain = subprocess.run(base, capture_output=True, text=True)
    if plain.returncode:
        raise BenchmarkError(f"the load program does not compile:\n{plain.stderr}")
    return program


class Load:
    """One run of the load program; a context, inside which C{start} and C{end} mark the measured time."""

    def __init__(self, program: Path, processor: int, **options: object) -> None:
        words = [f"{name}={value}" for name, value in options.items()]
        self._process = subprocess.Popen(
            ["taskset", "-c", str(processor), str(program), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid

    def __enter__(self) -> Load:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()  # its input ends, so it lets its connections go

    def start(self) -> None:
        """Return when the warm-up is over, or all connections are open in the mode idle.

        Raises:
            BenchmarkError: it gave up; with its reason.
        """
        self._line()

    def end(self) -> dict[str, Any]:
        """Return what it measured; its connections are still open.

        Raises:
            BenchmarkError: it gave up; with its reason.
        """
        measured: dict[str, Any] = json.loads(self._line())
        return measured

    def _line(self) -> str:
        assert self._process.stdout is not None and self._process.stderr is not None
        line = self._process.stdout.readline()
        if not line:
            reason = self._process.stderr.read().strip()
            raise BenchmarkError(reason[-300:] or f"status {self._process.wait()}")
        return line


def options(scenario: Scenario, system: System, place: Place, seconds: float) -> dict[str, object]:
    """Return the load program's options for C{scenario} against C{system}; see native/load.c.

    Where the folder has a file C{SERVICE.fields}, its lines are header fields of the clients' handshakes.
    """
    given = {
        "mode": scenario.mode,
        "backend": system.backend,
        "port": place.fronts[scenario.service],
        "back_port": place.back,
        "protocol": system.protocols.get(scenario.service, ""),
        "tls": int(scenario.service == "wss"),
        "connections": scenario.connections,
        "size": scenario.size,
        "window": scenario.window,
        "batch": scenario.batch,
        "seconds": seconds,
    }
    fields = place.folder / f"{scenario.service}.fields"
    if fields.exists():
        given["fields"] = fields
    if scenario.service not in SCRIPTS:
        return given
    script = SCRIPTS[scenario.service](scenario.mode, scenario.size, system.plain)
    file = place.folder / f"{system.name}-{scenario.service}-{scenario.mode}.script"
    file.write_bytes(script.encode())
    return given | {"script": file, "text": int(script.text), "aligned": int(not system.plain)}


def measure(
    program: Path,
    processor: int,
    scenario: Scenario,
    system: System,
    place: Place,
    running: Running,
    seconds: float,
) -> Sample:
    """Put C{scenario} on a running system; again while others disturb it, and keep the least disturbed.

    A failure is in the sample, not raised.
    """
    given = options(scenario, system, place, seconds)
    best = Sample(waited=1.0)
    for attempt in range(TRIES):
        time.sleep(PAUSE if attempt else SETTLE)
        try:
            if scenario.mode == "idle":
                return _idle(program, processor, given, running)
            sample = _moving(program, processor, given, running, system.crowd)
        except BenchmarkError as why:
            return Sample(failed=str(why))
        best = min(best, sample, key=lambda one: one.waited)
        if best.waited <= DISTURBED:
            break
    return best


def _moving(program: Path, processor: int, given: dict[str, object], running: Running, crowd: bool) -> Sample:
    with Load(program, processor, **given) as load:
        load.start()
        used, waits = running.processor_seconds(), _waits(load, running, crowd)
        measured = load.end()
        used = running.processor_seconds() - used
        waited = max(now - then for now, then in zip(_waits(load, running, crowd), waits, strict=True))
    if not measured["messages"]:
        raise BenchmarkError("no message arrived in the measured time")
    figures = {Figure.RATE: measured["rate"], Figure.COST: used / measured["messages"] * 1e6}
    if "p50" in measured:
        figures[Figure.DELAY] = measured["p50"]
    return Sample(figures, measured["busy"], waited / measured["seconds"], measured["websocket_messages"])


def _waits(load: Load, running: Running, crowd: bool) -> tuple[float, float]:
    return seconds_waited(load.pid), 0.0 if crowd else running.seconds_waited()


def _idle(program: Path, processor: int, given: dict[str, Any], running: Running) -> Sample:
    with Load(program, processor, **given | {"connections": WARM}) as load:
        load.start()
        load.end()
    time.sleep(SETTLE)
    before, used = running.memory(), running.processor_seconds()
    with Load(program, processor, **given) as load:
        load.start()
        used = running.processor_seconds() - used
        waited = seconds_waited(load.pid)
        measured = load.end()
        time.sleep(2 * SETTLE)
        after = running.memory()
    count = float(given["connections"])
    figures = {
        Figure.HANDSHAKES: measured["handshakes"],
        Figure.OPENING: used / count * 1e6,
        Figure.MEMORY: (after - before) / count,
    }
    return Sample(figures, waited=waited * measured["handshakes"] / count)
