"""A workplace without threads, and a clock that stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock

from kaazing.interfaces.security import Workplace


def workplace(folder: Path, reactor: Any = None) -> Workplace:
    """Return a workplace in C{folder}; its time is that of C{reactor}, a clock that starts at 1000."""
    if reactor is None:
        reactor = Clock()
        reactor.advance(1000.0)
    return Workplace(folder=folder, reactor=reactor, time=reactor.seconds, work=maybeDeferred)
