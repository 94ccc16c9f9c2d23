"""The gateway as a user starts it: a process of its own, by a configuration file, ended by SIGTERM."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from tests.needs import ROOT

STARTED = "started: "
"""What the gateway's log says when everything is bound."""

NAMESPACE = "http://xmlns.kaazing.org/2016/06/gateway"
ANY_SITE = "<cross-site-constraint><allow-origin>*</allow-origin></cross-site-constraint>"


def conf(*services: str) -> str:
    """Return a configuration file of these C{<service>} elements."""
    return f'<gateway-config xmlns="{NAMESPACE}">\n' + "\n".join(services) + "\n</gateway-config>\n"


def service(
    type: str,
    accept: str,
    connect: str = "",
    *,
    properties: str = "",
    accept_options: str = "",
    connect_options: str = "",
    name: str = "",
) -> str:
    """Return a C{<service>}, its elements in the schema's order; browsers of every site may use it."""

    def element(tag: str, inside: str) -> str:
        return f"<{tag}>{inside}</{tag}>" if inside else ""

    parts = [
        element("name", name or f"{type} at {accept}"),
        element("accept", accept),
        element("connect", connect),
        element("type", type),
        element("properties", properties),
        element("accept-options", accept_options),
        element("connect-options", connect_options),
        ANY_SITE if accept.startswith(("ws", "http", "sse")) else "",
    ]
    return f"<service>{''.join(parts)}</service>"


class Gateway:
    """A running gateway; as a context manager it is stopped with the block, and must exit with 0.

    Attributes:
        folder: where conf.xml is; taken away with the block.
        pid: of its process.
    """

    def __init__(
        self,
        configuration: str,
        *,
        env: Mapping[str, str] | None = None,
        argv: Callable[[Path], Sequence[str]] | None = None,
    ) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="kaazing-gateway-")
        self.folder = Path(self._place.name)
        (self.folder / "conf.xml").write_text(configuration)
        self._log = self.folder / "gateway.log"
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                (argv or command)(self.folder / "conf.xml"),
                cwd=ROOT,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.pid = self._process.pid
        self._await_start(20)

    def _await_start(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while STARTED not in self.said() or not self._heeds_terminate():
            if self._process.poll() is not None or time.monotonic() > until:
                self._process.kill()
                self._process.wait()
                raise AssertionError(f"the gateway did not start:\n{self.said()}")
            time.sleep(0.02)

    def _heeds_terminate(self) -> bool:
        """Whether SIGTERM would stop it in good order: the reactor sees to that after everything is bound."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        [caught] = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")]
        return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)

    def said(self) -> str:
        """Return its log so far."""
        return self._log.read_text(errors="replace")

    def descriptors(self) -> int:
        """Return how many file descriptors it holds."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def memory(self) -> int:
        """Return its resident memory, bytes."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def terminate(self) -> None:
        """Send SIGTERM and do not wait."""
        self._process.send_signal(signal.SIGTERM)

    def stopped(self) -> int:
        """Wait for the end (10 s at most) and return the exit status."""
        return self._process.wait(10)

    def __enter__(self) -> Gateway:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, where: TracebackType | None
    ) -> None:
        try:
            if self._process.poll() is None:
                self.terminate()
            status = self.stopped()
            said = self.said()
        finally:
            self._process.kill()
            self._process.wait()
            self._place.cleanup()
        if why is not None:
            why.add_note(f"the gateway's log:\n{said[-4000:]}")
        elif status or "Traceback" in said:
            raise AssertionError(f"the gateway ended with {status}:\n{said[-4000:]}")


def command(configuration: Path) -> Sequence[str]:
    """Return how a user runs the gateway in the foreground, from a checkout."""
    return [sys.executable, "-m", "twisted", "--log-format=text", "kaazing", "-c", str(configuration)]


def refused(configuration: str, folder: Path) -> tuple[int, str]:
    """Start a gateway that cannot start; return its exit status and all it said."""
    path = folder / "conf.xml"
    path.write_text(configuration)
    done = subprocess.run(
        command(path),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
