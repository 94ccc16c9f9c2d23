# -*- test-case-name: tests.test_benchmarks -*-
"""Processes on a processor of their own, their time and their memory.  proc(5)."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PROC = Path("/proc")
PATIENCE = 20.0  # seconds a system may take to listen


class BenchmarkError(Exception):
    """Something that a measurement needs is missing or did not start; the message says what."""


def processors() -> tuple[int, int]:
    """Return the processor of the measured system and that of the load.

    Raises:
        BenchmarkError: this process may use one processor only.
    """
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise BenchmarkError("two processors are needed: one for the measured system, one for the load")
    return allowed[0], allowed[1]


@contextmanager
def alone(waiting: Callable[[], None]) -> Iterator[None]:
    """Keep other runs of the benchmarks from measuring at the same time; call C{waiting} when one does."""
    with (Path(tempfile.gettempdir()) / f"kaazing-benchmarks-{os.getuid()}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def seconds_waited(pid: int) -> float:
    """Return how long the threads of process C{pid} were ready to run and did not; 0 where unknown."""
    fields = (_read(file).split() for file in PROC.glob(f"{pid}/task/*/schedstat"))
    return sum(int(field[1]) for field in fields if len(field) > 1) * 1e-9


class Running:
    """A measured system, started on a processor of its own.

    Attributes:
        name: what it is called in messages.
        pid: process id of its first process.
    """

    def __init__(self, name: str, command: Sequence[str], *, processor: int, folder: Path, cwd: Path) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["taskset", "-c", str(processor), *command],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=cwd,
                start_new_session=True,
            )
        self.pid = self._process.pid

    def wait_for(self, ports: Sequence[int]) -> None:
        """Return when all C{ports} accept connections.

        Raises:
            BenchmarkError: it ended, or did not listen within C{PATIENCE}; with the end of its log.
        """
        end = time.monotonic() + PATIENCE
        left = list(ports)
        while left:
            if self._process.poll() is not None or time.monotonic() > end:
                last = self._log.read_text(errors="replace")[-2000:]
                raise BenchmarkError(f"{self.name} did not start; the end of its log:\n{last}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", left[0])) == 0:
                    left.pop(0)
                    continue
            time.sleep(0.05)

    def stop(self) -> None:
        """Ask it to end, and see that it does."""
        if self._process.poll() is None:
            os.killpg(self.pid, signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self._process.wait()

    def processor_seconds(self) -> float:
        """Return the processor time, user and system, of its living processes so far."""
        ticks = 0
        for pid in self._family():
            fields = _read(PROC / str(pid) / "stat").rpartition(")")[2].split()
            if fields:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def seconds_waited(self) -> float:
        """Return how long its threads were ready to run and did not: others had the processor."""
        return sum(map(seconds_waited, self._family()))

    def memory(self) -> int:
        """Return its proportional set size in KiB."""
        lines = (
            line for pid in self._family() for line in _read(PROC / str(pid) / "smaps_rollup").splitlines()
        )
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))

    def _family(self) -> Iterator[int]:
        todo = [self.pid]
        while todo:
            pid = todo.pop()
            yield pid
            for children in PROC.glob(f"{pid}/task/*/children"):
                todo += map(int, _read(children).split())


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # the process has just ended
        return ""
