# -*- test-case-name: tests.test_needs -*-
"""What a test wants of the machine: skip without it, or fail where KAAZING_REQUIRE_ALL is set (as in CI)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from unittest import SkipTest

ROOT = Path(__file__).resolve().parent.parent


def missing(what: str) -> Exception:
    """Return what a test raises when C{what} is not there."""
    if os.environ.get("KAAZING_REQUIRE_ALL"):
        return AssertionError(f"{what} is required here")
    return SkipTest(what)


def program(name: str, package: str) -> str:
    """Return the path of a program, looked for by name, or by path where C{name} is one.

    Raises:
        SkipTest: it is not installed; C{package} is the Debian package to install.
    """
    found = shutil.which(name)
    if found is None:
        raise missing(f"{name} is not installed (Debian package {package})")
    return found


def node_packages() -> Path:
    """Return the folder of the JavaScript tests, whose packages are installed; raises SkipTest as above."""
    folder = ROOT / "tests" / "browser"
    if not (folder / "node_modules").is_dir():
        raise missing("the JavaScript clients are not installed (make test does it)")
    return folder
