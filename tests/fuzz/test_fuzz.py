"""Runs every fuzzer of this folder for KAAZING_FUZZ_SECONDS (10) of processor time, all at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.needs import ROOT

SECONDS = float(os.environ.get("KAAZING_FUZZ_SECONDS", "10"))


class FuzzTests(SynchronousTestCase):
    """C{python -m tests.fuzz.NAME SECONDS} exits with 0 unless it has found something."""

    def test_all(self) -> None:
        """
        Random input: each codec says the same in one piece and cut, in C and in Python; a listener in
        memory answers or closes, and keeps nothing.
        """
        names = sorted(
            path.stem
            for path in Path(__file__).parent.glob("*.py")
            if path.stem[:5] not in ("__ini", "test_")
        )
        self.assertTrue(
            {"envelope", "heads", "irc", "lane", "mqtt", "stomp", "visitors", "wse", "xmpp"} <= set(names)
        )
        running = {
            name: subprocess.Popen(
                [sys.executable, "-m", f"tests.fuzz.{name}", str(SECONDS)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for name in names
        }
        longest = 60 + 4 * SECONDS * len(running) / (os.cpu_count() or 1)
        said = {name: child.communicate(timeout=longest)[0] for name, child in running.items()}
        faults = [f"{name}: {said[name]}" for name, child in running.items() if child.returncode]
        if faults:
            self.fail("\n".join(faults))
