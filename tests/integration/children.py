"""Child processes of a test run, none of which outlives it, however it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

# The shell ends its whole process group when the program ends, or when the pipe to us closes.
_GUARD = ("/bin/sh", "-c", '("$@"; kill -KILL 0) & cat >/dev/null; kill -KILL 0', "guard")


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on."""
    (port,) = free_ports(1)
    return port


def free_ports(count: int) -> list[int]:
    """Return TCP ports as L{free_port} does, all different; of ports asked for one by one, two may be one."""
    with ExitStack() as held:
        listening = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in listening]


def answers(port: int) -> bool:
    """Return whether something accepts connections on that port of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


class Child:
    """A program and all it starts, in the background, its output in a file."""

    def __init__(self, argv: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> None:
        self.log = log
        with log.open("ab") as output:
            self._guard = subprocess.Popen(
                [*_GUARD, *argv],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )

    def await_(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return once C{ready} does.

        Raises:
            AssertionError: the program ended, or C{seconds} went by; its last words are in there.
        """
        until = time.monotonic() + seconds
        while not ready():
            if self._guard.poll() is not None or time.monotonic() > until:
                self.kill()
                raise AssertionError(f"{self.log} did not get ready:\n{self.said()[-2000:]}")
            time.sleep(0.02)

    def said(self) -> str:
        """Return its output so far."""
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """End it and all it started, at once."""
        if self._guard.poll() is None:
            os.killpg(self._guard.pid, signal.SIGKILL)
        self._guard.wait()
        if self._guard.stdin:
            self._guard.stdin.close()
