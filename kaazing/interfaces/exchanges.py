"""The promises of an exchange: one HTTP request and its response, streamed both ways."""

from __future__ import annotations

from typing import Any

from zope.interface import Attribute, Interface


class ITaker(Interface):
    """Who takes a request's body and hears what becomes of the response."""

    def body(data: bytes) -> None:
        """Bytes of the body came, in any cut, the framing taken off. Not called while held."""

    def body_ended() -> None:
        """The body is whole; called at once for a request without one, after C{serve} has returned."""

    def congested() -> None:
        """More than the bound waits to be sent; L{drained} follows. Never called behind C{end}."""

    def drained() -> None:
        """What waited has been sent."""

    def lost(why: Exception | None) -> None:
        """The connection is gone, or the body is no good (BadRequest), before C{end}; called once,
        and last. What is still written is thrown away."""


class IExchange(Interface):
    """One request, and the answer to it.

    Whoever is given it sets C{taker}, unless it answers at once. The response is C{answer}, or
    C{refuse}, or C{begin}, any number of C{write} and C{end}. Calls that come too late do nothing.
    """

    head = Attribute("kaazing.wire.heads.Head: of the request")
    caller = Attribute("kaazing.transports.callers.Caller: who sent it, and what the client calls us")
    route = Attribute("kaazing.transports.routes.Route: where it goes")
    rest = Attribute('str: what stands behind the path of the accept, e.g. ";e/cbm" or "pages/a.html"')
    taker = Attribute("ITaker | None: set by whoever was given the exchange")
    patient = Attribute("bool: set by the owner: no time is set to the client for the body")
    most_body = Attribute(
        "int | None: set by the owner before the body comes: bytes it may have, framing counted"
    )
    subject = Attribute(
        "Subject | None: who the client proved to be before the exchange was handed on; None where nobody"
        " asked"
    )
    stay = Attribute(
        "called with what L{switch} returned for a WebSocket that is passed on: begins its time, which the"
        " client's login may end, and returns the channel to use"
    )
    open = Attribute("bool: whether the response is not ended and the connection is there")
    begun = Attribute("bool: whether the response has begun")
    transport = Attribute("the connection's, for those who bound what waits on it, or write to many at once")

    def hold() -> None:
        """Read no more of the body, until L{resume}; meanwhile a client that waits for leave to send it
        (Expect: 100-continue) gets none."""

    def resume() -> None:
        """Read the body (again)."""

    def begin(status: int, headers: Any, length: int | None = None, close: bool = False) -> None:
        """Write the head of the response; Server, Date, framing and cross-site fields are put in.

        Args:
            status: HTTP status code, also 1xx (which does not begin the response, and is kept from
                HTTP/1.0) but neither 100 nor 101.
            headers: sequence of (name, value) pairs of bytes.
            length: bytes of the body where it is known; otherwise it is chunked.
            close: the body goes on until the connection closes, unchunked.
        """

    def write(data: bytes) -> None:
        """Write some of the response's body."""

    def end() -> None:
        """The response is whole."""

    def answer(status: int, headers: Any, body: bytes = b"") -> None:
        """Write a whole response."""

    def refuse(why: Any) -> None:
        """Answer with the page of a BadRequest; abort where a response has begun."""

    def switch(head: bytes) -> Any:
        """Write C{head}, a whole 101 response, and return the connection as a held L{IChannel}; the
        exchange is over. Only while it is C{open}, and for a request without a body."""

    def abort() -> None:
        """Close the connection at once."""
