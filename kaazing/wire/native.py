# -*- test-case-name: tests.wire.test_native -*-
"""Whether the codecs run in C or in Python: asked once, here."""

from __future__ import annotations

import os
from importlib import import_module


def _speedups() -> bool:
    if os.environ.get("KAAZING_PURE"):
        return False
    try:
        import_module("kaazing._speedups")
    except ImportError:
        return False
    return True


SPEEDUPS: bool = _speedups()
"""True when C{kaazing._speedups} was built at install, and the environment does not say KAAZING_PURE."""
