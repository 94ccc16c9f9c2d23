"""Tests for L{kaazing.wire.native}."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

from twisted.trial.unittest import SynchronousTestCase

ASK = (
    "from kaazing.wire.native import SPEEDUPS;"
    "from kaazing.wire.lane import Lane;"
    "from kaazing.wire.frames import frame;"
    "print(SPEEDUPS, Lane.__module__, frame.__module__)"
)


def answer(**environment: str) -> str:
    """Return what a fresh interpreter says of the codecs it took."""
    clean = {name: value for name, value in os.environ.items() if name != "KAAZING_PURE"}
    ran = subprocess.run(
        [sys.executable, "-c", ASK],
        env={**clean, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.strip()


class BuiltTests(SynchronousTestCase):
    if find_spec("kaazing._speedups") is None:
        skip = "kaazing._speedups was not built"

    def test_built(self) -> None:
        """
        Where the C module was built, it is used.
        """
        self.assertEqual(answer(), "True kaazing._speedups kaazing._speedups")


class AskedTests(SynchronousTestCase):
    def test_pure(self) -> None:
        """
        KAAZING_PURE in the environment asks for the Python codecs.
        """
        self.assertEqual(answer(KAAZING_PURE="1"), "False kaazing.wire.pure_lane kaazing.wire.pure_frames")
