# -*- test-case-name: tests.transports.test_callers -*-
"""Who sent a request, and by which name the client calls us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kaazing.transports.tcp import address
from kaazing.wire.heads import Head


@dataclass(frozen=True, slots=True)
class Caller:
    """The client's view of a connection.

    Attributes:
        peer: the client's address, "192.0.2.1:5000".
        secure: whether the client speaks TLS.
        host: the name that the client used for us, as L{Head.host} has it.
        port: the port that the client named; None for none.
    """

    peer: str
    secure: bool
    host: str
    port: int | None

    @property
    def authority(self) -> str:
        """Host and port as they stand in a URL of ours."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


def caller(head: Head, transport: Any, secure: bool) -> Caller:
    """Return who sent a request, as the connection itself says."""
    return Caller(address(transport.getPeer()), secure, head.host, head.port)
