# -*- test-case-name: tests.services.test_base -*-
"""What the service types share: the parts of IService that most have no use for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from twisted.application.service import Service

from kaazing.config.model import ServiceConfig
from kaazing.interfaces.services import IHouse, Visit, Welcome

SOCKETS = frozenset(("ws", "wss", "wse", "wse+ssl", "wsn", "wsn+ssl", "wsx", "wsx+ssl"))
"""Schemes of accepts that bring channels of messages: native, emulated, or both."""

EVENTS = frozenset(("sse", "sse+ssl"))
"""Schemes of accepts that bring event streams."""


class BaseService(Service):
    """Lets everybody in, with no subprotocol; has nothing to serve over plain HTTP."""

    name: str

    def __init__(self, config: ServiceConfig, house: IHouse) -> None:
        self.config, self.house = config, house
        self.name = config.name

    def invite(self, visit: Visit) -> Any:
        """See L{IService}."""
        return Welcome()

    def declined(self, welcome: Welcome) -> None:
        """See L{IService}."""

    def resource(self, accept: Any) -> Any:
        """See L{IService}."""
        return None

    def entry(self, accept: Any) -> Any:
        """See L{IService}."""
        return None


def no_faults(config: ServiceConfig) -> Iterable[str]:
    """Answer L{IServiceType.check} where reading the properties one by one says all."""
    return ()


def choose(offered: Sequence[str], known: Sequence[str]) -> str | None:
    """Return the first of the client's offer that is known, None for none (RFC 6455 section 4.2.2)."""
    return next((name for name in offered if name in known), None)
