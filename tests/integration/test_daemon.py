"""The gateway as an operator runs it: twistd in the background, faults at the start."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.integration.children import answers, free_port
from tests.integration.gateway import conf, refused, service
from tests.needs import ROOT, missing


def twistd(folder: Path, *options: str) -> None:
    """Run C{twistd} in C{folder} with conf.xml there, as a daemon; return when it has forked."""
    subprocess.run(
        [str(Path(sys.executable).parent / "twistd"), *options, "kaazing", "-c", "conf.xml"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        timeout=20,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    """Return once C{true()} is true; raises AssertionError when it is not in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AssertionError("not in time")
        time.sleep(0.02)


class DaemonTests(SynchronousTestCase):
    """C{twistd kaazing}, which goes into the background."""

    def setUp(self) -> None:
        """Have a folder that a gateway without privileges may write to."""
        place = TemporaryDirectory(prefix="kaazing-daemon-")
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name)
        self.folder.chmod(0o777)

    def test_background(self) -> None:
        """
        Relative paths, a pid file and a log file; SIGTERM closes the clients with 1001, and takes
        the pid file away.
        """
        port = free_port()
        (self.folder / "conf.xml").write_text(conf(service("echo", f"ws://127.0.0.1:{port}/")))
        twistd(self.folder, "--pidfile=gateway.pid", "--logfile=gateway.log")
        until(lambda: answers(port))
        pid = int((self.folder / "gateway.pid").read_text())
        self.addCleanup(_end, pid)
        with connect(f"ws://127.0.0.1:{port}/") as client:
            client.send("hello")
            self.assertEqual(client.recv(5), "hello")
            os.kill(pid, signal.SIGTERM)
            closed = self.assertRaises(ConnectionClosed, client.recv, 10)
        self.assertEqual(closed.rcvd.code, 1001)
        until(lambda: not (self.folder / "gateway.pid").exists())
        log = (self.folder / "gateway.log").read_text()
        self.assertIn("started: 1 services", log)
        self.assertIn("stopped", log)
        self.assertNotIn("Traceback", log)

    def test_other_user(self) -> None:
        """
        Started by root with --uid, it binds a port below 1024 first, and then serves as that user.
        """
        if os.getuid() != 0:
            raise missing("root, to bind a port below 1024")
        nobody = pwd.getpwnam("nobody")
        port = _free_low_port()
        (self.folder / "conf.xml").write_text(conf(service("echo", f"ws://127.0.0.1:{port}/")))
        twistd(self.folder, f"--uid={nobody.pw_uid}", f"--gid={nobody.pw_gid}", "--pidfile=gateway.pid")
        until(lambda: answers(port))
        pid = int((self.folder / "gateway.pid").read_text())
        self.addCleanup(_end, pid)
        with connect(f"ws://127.0.0.1:{port}/") as client:
            client.send("hello")
            self.assertEqual(client.recv(5), "hello")
        self.assertEqual(Path(f"/proc/{pid}").stat().st_uid, nobody.pw_uid)


class RefusalTests(SynchronousTestCase):
    """A gateway that cannot start says why, and exits with a status that is not 0."""

    def setUp(self) -> None:
        """Have a folder for the configuration."""
        place = TemporaryDirectory(prefix="kaazing-refusal-")
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name)

    def test_port_in_use(self) -> None:
        """
        A port that somebody has: the message names the service and the accept.
        """
        with socket.create_server(("127.0.0.1", 0)) as taken:
            accept = f"ws://127.0.0.1:{taken.getsockname()[1]}/"
            status, said = refused(conf(service("echo", accept, name="Mirror")), self.folder)
        self.assertNotEqual(status, 0)
        self.assertIn("'Mirror'", said)
        self.assertIn(accept, said)
        self.assertIn("in use", said)
        self.assertNotIn("Traceback", said)

    def test_faults(self) -> None:
        """
        A faulty configuration: every fault with its line, status 1, and nothing is bound.
        """
        port = free_port()
        accept = f"ws://127.0.0.1:{port}/"
        bad = conf(service("ecko", accept), "", service("echo", "ws://127.0.0.1:99999/"))
        status, said = refused(bad, self.folder)
        self.assertEqual(status, 1)
        faults = [line for line in said.splitlines() if "conf.xml:" in line]
        self.assertEqual([line.split("conf.xml:")[1].split(":")[0] for line in faults], ["2", "4"])
        self.assertIn("did you mean 'echo'?", faults[0])
        self.assertNotIn("starting on", said)


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _free_low_port() -> int:
    for port in range(1023, 600, -1):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise AssertionError("no free port below 1024")
