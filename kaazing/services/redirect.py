# -*- test-case-name: tests.services.test_redirect -*-
"""Service type http.redirect: every request is sent elsewhere.  RFC 9110 section 15.4."""

from __future__ import annotations

import re
from typing import Any

from zope.interface import implementer

from kaazing.config.model import ServiceConfig
from kaazing.interfaces.channels import IChannel
from kaazing.interfaces.services import IHouse, IService, IServiceType, Welcome
from kaazing.literals import integer
from kaazing.options import Option
from kaazing.services.base import BaseService, no_faults
from kaazing.wire.heads import page

_REFERENCE = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")  # RFC 3986 section 2
_VALUE = re.compile(r"[!-~]+(?:[ \t]+[!-~]+)*")
_LONG_AGO = b"Thu, 01 Jan 1970 00:00:00 GMT"


def read_reference(text: str) -> str:
    """Read a URI reference."""
    if not _REFERENCE.fullmatch(text):
        raise ValueError("expected a URI, or a path")
    return text


def read_value(text: str) -> str:
    """Read the value of a header field."""
    if not _VALUE.fullmatch(text):
        raise ValueError("expected Cache-Control directives in ASCII")
    return text


@implementer(IServiceType)
class RedirectType:
    """See L{IServiceType}."""

    name = "http.redirect"
    doc = "Sends every request to another address, and tells caches that the answer is stale at once."
    options = (
        Option(
            name="location",
            read=read_reference,
            required=True,
            doc="Where to: a URI, or a path at the same host. Nothing of the request is added to it.",
        ),
        Option(
            name="status-code",
            read=integer(300, 399),
            default=300,
            doc="Status of the answer, 300 to 399: 302 or 307 for now, 301 or 308 for ever.",
        ),
        Option(
            name="cache-control",
            read=read_value,
            default=(),
            repeated=True,
            doc="Cache-Control directives of the answer, such as no-cache.",
        ),
    )
    accepts = frozenset({"http", "https"})
    connects: frozenset[str] = frozenset()
    connect_required = False
    mime_mappings = False

    check = staticmethod(no_faults)

    def descriptors(self, config: ServiceConfig) -> tuple[int, int]:
        """See L{IServiceType}."""
        return 1, 0

    def service(self, config: ServiceConfig, house: IHouse) -> Any:
        """See L{IServiceType}."""
        return RedirectService(config, house)


@implementer(IService)
class RedirectService(BaseService):
    """See L{IService}; also its own entry."""

    def __init__(self, config: ServiceConfig, house: IHouse) -> None:
        super().__init__(config, house)
        said = config.properties
        self._status: int = said["status-code"]
        self._page = page(self._status)
        self._fields = [
            (b"Location", said["location"].encode()),
            *((b"Cache-Control", each.encode()) for each in said["cache-control"]),
            (b"Expires", _LONG_AGO),
            (b"Content-Type", b"text/html;charset=utf-8"),
        ]

    def accepted(self, channel: IChannel, welcome: Welcome) -> None:
        """See L{IService}; no accept of this type brings channels."""
        channel.abort()

    def entry(self, accept: Any) -> Any:
        """See L{IService}."""
        return self

    def serve(self, exchange: Any) -> None:
        """Answer an L{IExchange}."""
        exchange.answer(self._status, self._fields, self._page)
