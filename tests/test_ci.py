"""What .ci/run makes of a test run: the last line, and the exit status."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.needs import ROOT


class CiTests(SynchronousTestCase):
    """.ci/run, with a C{make} that says what it is told to."""

    def outcome(self, summary: str, *, test: int = 0, lint: int = 0) -> tuple[str, int]:
        """Return how it ends when make test prints C{summary}, and the two exit so."""
        folder = Path(self.mktemp()).absolute()
        (folder / ".ci").mkdir(parents=True)
        shutil.copy(ROOT / ".ci" / "run", folder / ".ci")
        (folder / "make").write_text(
            f'#!/bin/sh\nif [ "$1" = test ]; then echo "{summary}"; exit {test}; else exit {lint}; fi\n'
        )
        (folder / "make").chmod(0o755)
        done = subprocess.run(
            [folder / ".ci" / "run"],
            env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        return done.stdout.splitlines()[-1], done.returncode

    def test_all_well(self) -> None:
        """
        The tests and the lint, which counts as one more.
        """
        self.assertEqual(self.outcome("PASSED (successes=12)"), ("13 passed, 0 failed", 0))

    def test_failures(self) -> None:
        """
        Failures, errors, skips and unexpected successes have all failed.
        """
        summary = (
            "FAILED (skips=1, expectedFailures=2, failures=3, errors=4, unexpectedSuccesses=5, successes=6)"
        )
        self.assertEqual(self.outcome(summary, test=1), ("9 passed, 13 failed", 1))

    def test_skip(self) -> None:
        """
        A skip is a failure, although trial has passed.
        """
        self.assertEqual(self.outcome("PASSED (skips=1, successes=12)"), ("13 passed, 1 failed", 1))

    def test_lint(self) -> None:
        """
        The lint alone has failed.
        """
        self.assertEqual(self.outcome("PASSED (successes=12)", lint=2), ("12 passed, 1 failed", 1))

    def test_nothing_ran(self) -> None:
        """
        No test ran: that is a failure, whatever make says.
        """
        self.assertEqual(self.outcome("PASSED"), ("1 passed, 1 failed", 1))
        self.assertEqual(self.outcome("make: nothing to be done"), ("1 passed, 1 failed", 1))

    def test_setup_failed(self) -> None:
        """
        The tests passed, and make failed for another reason.
        """
        self.assertEqual(self.outcome("PASSED (successes=12)", test=2), ("13 passed, 1 failed", 1))
