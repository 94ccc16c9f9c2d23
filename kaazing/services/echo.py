# -*- test-case-name: tests.services.test_echo -*-
"""Service type echo: every message comes back as it was."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from kaazing.config.model import ServiceConfig
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.services import IHouse, IService, IServiceType, Visit, Welcome
from kaazing.literals import integer
from kaazing.options import Option
from kaazing.services.base import SOCKETS, BaseService, no_faults


@implementer(IServiceType)
class EchoType:
    """See L{IServiceType}."""

    name = "echo"
    doc = "Sends every message, or every piece of a TCP stream, back to the client that sent it."
    options = (
        Option(name="repeat", read=integer(1, 100), default=1, doc="How many times each message comes back."),
    )
    accepts = SOCKETS | {"tcp", "ssl"}
    connects: frozenset[str] = frozenset()
    connect_required = False
    mime_mappings = False

    check = staticmethod(no_faults)

    def descriptors(self, config: ServiceConfig) -> tuple[int, int]:
        """See L{IServiceType}."""
        return 1, 0

    def service(self, config: ServiceConfig, house: IHouse) -> Any:
        """See L{IServiceType}."""
        return EchoService(config, house)


@implementer(IService)
class EchoService(BaseService):
    """See L{IService}."""

    def invite(self, visit: Visit) -> Welcome:
        """Speak whatever the client offers first."""
        return Welcome(visit.subprotocols[0] if visit.subprotocols else None)

    def accepted(self, channel: IChannel, welcome: Welcome) -> None:
        """See L{IService}."""
        self.house.loop(self.name, channel, self.config.properties["repeat"])
