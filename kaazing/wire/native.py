# -*- test-case-name: tests.wire.test_native -*-
"""Whether the codecs run in C or in Python: asked once, here."""

from __future__ import annotations

import os
from importlib.util import find_spec

SPEEDUPS: bool = not os.environ.get("KAAZING_PURE") and find_spec("kaazing._speedups") is not None
"""True when C{kaazing._speedups} was built at install, and the environment does not say KAAZING_PURE."""
