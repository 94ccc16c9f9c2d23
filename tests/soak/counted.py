"""Starts the gateway as C{python -m twisted kaazing} does; at SIGUSR1 it writes what objects of ours it has.

Run as C{python -m tests.soak.counted FILE CONFIGURATION}.
"""

from __future__ import annotations

import gc
import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType


def count(file: Path) -> None:
    """Write how many objects of each of our classes, and of Autobahn's and Twisted's connections, live."""
    gc.collect()
    kinds = Counter(
        f"{kind.__module__}.{kind.__qualname__}"
        for kind in map(type, gc.get_objects())
        if str(kind.__module__).startswith(("kaazing", "autobahn", "twisted.internet", "twisted.protocols"))
    )
    written = file.with_suffix(".part")
    written.write_text(json.dumps(kinds))
    written.replace(file)


def main(file: Path, configuration: str) -> None:
    """Run until told to stop."""

    def asked(number: int, frame: FrameType | None) -> None:
        count(file)

    signal.signal(signal.SIGUSR1, asked)
    from twisted.application.twist._twist import Twist

    Twist.main(["twist", "--log-format=text", "kaazing", "-c", configuration])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
