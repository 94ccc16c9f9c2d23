"""What a login module is given in tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kaazing.interfaces.security import Attempt, ILoginModule, Password, Workplace
from kaazing.security.workers import Workers
from tests.security.threads import EagerPool, Pool, ThreadClock


def workplace(folder: Path, clock: ThreadClock, pool: Pool | None = None) -> Workplace:
    """A workplace whose computations are over at once, or wait in a pool."""
    workers = Workers(clock, pool=lambda threads, name: pool or EagerPool())
    workers.start()
    return Workplace(folder=folder, reactor=clock, time=clock.seconds, work=workers.work)


def options(module: ILoginModule, **said: str) -> Mapping[str, Any]:
    """The options of a module as the configuration reader makes them; "_" stands for "-"."""
    texts = {name.replace("_", "-"): text for name, text in said.items()}
    known = {option.name: option for option in module.options}
    assert set(texts) <= set(known), texts
    return {name: each.read(texts[name]) if name in texts else each.default for name, each in known.items()}


def attempt(user: str = "", password: str | None = None, **more: Any) -> Attempt:
    """An attempt with a password, or without."""
    said = None if password is None else Password(user, password)
    return Attempt(**{"realm": "demo", "service": "echo", "address": "192.0.2.1", "password": said} | more)
