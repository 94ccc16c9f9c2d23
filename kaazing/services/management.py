# -*- test-case-name: tests.services.test_management -*-
"""Service type management: what watches the gateway asks here.  GET .../metrics is for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zope.interface import implementer

from kaazing.config.model import ServiceConfig
from kaazing.errors import BadRequest
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.services import IHouse, IService, IServiceType, Welcome
from kaazing.literals import here
from kaazing.metrics import CONTENT_TYPE, exposition
from kaazing.options import Option
from kaazing.services.base import BaseService

_FIELDS = (
    (b"Content-Type", CONTENT_TYPE.encode()),
    (b"Cache-Control", b"no-store"),
    (b"X-Content-Type-Options", b"nosniff"),
)


@implementer(IServiceType)
class ManagementType:
    """See L{IServiceType}."""

    name = "management"
    doc = (
        "Tells what watches the gateway how it is: /metrics below its path, in the text format of Prometheus."
        " Needs a realm, or an accept that only this machine reaches."
    )
    options: tuple[Option, ...] = ()
    accepts = frozenset({"http", "https"})
    connects: frozenset[str] = frozenset()
    connect_required = False
    mime_mappings = False

    def check(self, config: ServiceConfig) -> Iterator[str]:
        """See L{IServiceType}."""
        if config.realm is not None:
            return
        for accept in config.accepts:
            host, _ = config.accept_options.bound(accept)
            if not here(host):
                yield (
                    f"accept {accept.shown} lets everybody in who can reach {host}: a <realm-name> is needed,"
                    " or a host that is this machine alone (127.0.0.1, ::1, localhost)"
                )

    def descriptors(self, config: ServiceConfig) -> tuple[int, int]:
        """See L{IServiceType}."""
        return 1, 0

    def service(self, config: ServiceConfig, house: IHouse) -> Any:
        """See L{IServiceType}."""
        return ManagementService(config, house)


@implementer(IService)
class ManagementService(BaseService):
    """See L{IService}; also its own entry."""

    def accepted(self, channel: IChannel, welcome: Welcome) -> None:
        """See L{IService}; no accept of this type brings channels."""
        channel.abort()

    def entry(self, accept: Any) -> Any:
        """See L{IService}."""
        return self

    def serve(self, exchange: Any) -> None:
        """Answer an L{IExchange}.

        Raises:
            BadRequest: 404, there is nothing at that path; 405, it was not asked for with GET or HEAD.
        """
        if exchange.rest.strip("/") != "metrics":
            raise BadRequest(404, "nothing is here", rule="docs/operations.md")
        if exchange.head.method not in ("GET", "HEAD"):
            allow = ((b"Allow", b"GET, HEAD"),)
            raise BadRequest(
                405, "metrics are asked for with GET", rule="RFC 9110 section 15.5.6", headers=allow
            )
        exchange.answer(200, _FIELDS, exposition(self.house.census))
