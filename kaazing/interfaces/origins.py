"""The promises of origins: HTTP servers that a service asks, request and response streamed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zope.interface import Attribute, Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an origin is asked.

    Attributes:
        method: a token.
        target: path and query.
        fields: (name, value) pairs, those of the connection and of the body's framing left out; Host is
            put in.
        length: bytes of the body; 0 for none, None for unknown: it is chunked.
        upgrade: protocol to switch to, e.g. "websocket"; empty for none.
        patience: how long the origin may do nothing before its response begins, seconds; 0 for ever.
    """

    method: str
    target: str
    fields: Sequence[tuple[bytes, bytes]]
    length: int | None = 0
    upgrade: str = ""
    patience: float = 0.0


class IAsker(Interface):
    """Who hears what becomes of a request. Never called before L{IQuestion.start}, nor after
    C{body_ended}, C{switched}, C{failed} or L{IQuestion.abort}."""

    def ready() -> None:
        """The body is wanted now; also called after C{congested} where it is to be sent (again)."""

    def congested() -> None:
        """More than the bound waits to be sent; C{ready} follows."""

    def informed(status: int, fields: Any) -> None:
        """A 1xx came, other than 100 and 101; fields as in L{answered}."""

    def answered(status: int, fields: Any, length: int | None) -> None:
        """The head of the response came.

        Args:
            fields: (name, value) pairs of bytes, all that the origin sent.
            length: of the body, bytes, where the origin says it; for HEAD the length of GET's.
        """

    def body(data: bytes) -> None:
        """Bytes of the response's body came, the framing taken off."""

    def body_ended() -> None:
        """The response is whole; trailers are not told."""

    def switched(fields: Any, channel: Any) -> None:
        """The origin switched (101); C{channel} is the connection as a held L{IChannel}."""

    def failed(why: Any, because: Exception) -> None:
        """There will be no response, or no more of it.

        Args:
            why: BadRequest, what the client is told: 502 or 504.
            because: what the log is told.
        """


class IQuestion(Interface):
    """One request to an origin. Calls that come too late do nothing."""

    def start() -> None:
        """Send the head, over a new connection or an idle one."""

    def write(data: bytes) -> None:
        """Send some of the body; not before L{IAsker.ready}."""

    def end() -> None:
        """The body is whole; not needed for a request without one."""

    def hold() -> None:
        """Read no more of the response, until L{resume}."""

    def resume() -> None:
        """Read the response (again)."""

    def abort() -> None:
        """The answer is of no interest any more."""


class IOrigin(Interface):
    """One HTTP server, and the idle connections to it."""

    host = Attribute("bytes: value of Host: name and port, without the scheme's default port")

    def question(request: Request, asker: Any) -> Any:
        """Return an L{IQuestion} that is not started; C{asker} is an L{IAsker}."""

    def close() -> None:
        """Close the idle connections; no other is kept from now on."""
