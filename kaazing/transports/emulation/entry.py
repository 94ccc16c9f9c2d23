# -*- test-case-name: tests.transports.emulation.test_entry -*-
"""Where the plain requests of a WebSocket accept go: emulation, and what stands beside it."""

from __future__ import annotations

from typing import Any

from kaazing.errors import BadRequest
from kaazing.literals import bracketed
from kaazing.transports import envelopes
from kaazing.transports.callers import Caller
from kaazing.transports.emulation.creation import Creation
from kaazing.transports.emulation.downstream import Downstream, buffered
from kaazing.transports.emulation.formats import FORMATS
from kaazing.transports.emulation.parameters import read, sequence
from kaazing.transports.emulation.session import EmulatedChannel
from kaazing.transports.emulation.terms import Terms
from kaazing.transports.emulation.upstream import Upstream, broken
from kaazing.transports.exchange import Exchange
from kaazing.transports.routes import Entry, Route, granted, origin_of
from kaazing.wire.heads import Head


class Emulation:
    """See L{kaazing.transports.routes.Entry}; one for each accept.

    Attributes:
        asks: the service is asked about each session (L{Route.asks}).
        twin: an accept of the service at the same path over TLS, if this one is without; its entry and
            its sockets are not looked at.
    """

    asks = True

    def __init__(
        self, service: Any, path: str, terms: Terms, pages: Entry, twin: Route | None = None
    ) -> None:
        """Serve an accept.

        Args:
            path: of the accept.
            pages: serves what is no emulation: the bridge page, cookies.
        """
        self._service, self._path, self._terms, self._pages, self.twin = service, path, terms, pages, twin
        self._place = (service, path)  # the twin's sessions are found here too

    def serve(self, exchange: Exchange) -> None:
        """See L{Entry}."""
        envelopes.wrap(exchange, self._serve, specification=self._terms.specification)

    def _serve(self, exchange: Any) -> None:
        rest: str = exchange.rest
        if rest.startswith(";e/"):
            way, slash, name = rest[3:].partition("/")
            if slash:
                self._carry(exchange, way, name.partition("&")[0])
                return
            form = FORMATS.get(way[1:])
            if form is not None and way[0] == "c":
                try:
                    self._create(exchange, form)
                except BadRequest as why:
                    if why.status != 400:
                        raise
                    exchange.answer(400, ())
                return
        self._pages.serve(exchange)

    def _create(self, exchange: Any, form: Any) -> None:
        Creation(
            exchange,
            self._terms,
            form,
            service=self._service,
            place=self._place,
            path=self._path,
            origin=origin_of(exchange.head, exchange.route, exchange.caller),
        )

    def _carry(self, exchange: Any, way: str, name: str) -> None:
        """Give a request to its session."""
        channel = self._terms.registry.find(name)
        if (
            channel is None
            or channel.place != self._place
            or way[1:] != channel.format.code
            or way[0] not in "ud"
        ):
            exchange.begin(404, (), 0, close=True)
            exchange.end()
            return
        what = self._up(exchange, channel) if way[0] == "u" else self._down(exchange, channel)
        if what:
            exchange.answer(400, ())
            channel.fail(broken(what, "WSE upstream" if way[0] == "u" else "WSE downstream", channel.taken))

    def _up(self, exchange: Any, channel: EmulatedChannel) -> str:
        """Let an upstream request begin; return what is wrong with it."""
        head = exchange.head
        if head.method != "POST":
            return "upstream request other than POST"
        if not head.chunked and not head.content_length:
            return "upstream request without a body"
        if channel.up is not None:
            return "upstream request while another is under way"
        if not _follows(head, channel.next_up):
            return "upstream request out of sequence"
        if channel.next_up is not None:
            channel.next_up += 1
        channel.upstream(Upstream(channel, exchange))
        return ""

    def _down(self, exchange: Any, channel: EmulatedChannel) -> str:
        """Let a downstream request begin; return what is wrong with it."""
        head = exchange.head
        if head.method not in ("GET", "POST"):
            return "downstream request other than GET and POST"
        try:
            asked = read(head)
        except BadRequest as why:
            return why.what
        polls = buffered(head, asked)
        if polls and not asked.stays and self.twin is not None:
            elsewhere = over_tls(head, exchange.caller, self.twin)
            if elsewhere:
                exchange.answer(302, ((b"Location", elsewhere.encode()), (b"Cache-Control", b"no-cache")))
                return ""
        if not _follows(head, channel.next_down):
            return "downstream request out of sequence"
        if channel.next_down is not None:
            channel.next_down += 1
        elif polls and not channel.attached and not self._terms.specification:
            return "first downstream request that polls, without a sequence number"
        Downstream(channel, exchange, asked, polls=polls, nops=not self._terms.specification)
        return ""


def _follows(head: Head, expected: int | None) -> bool:
    """Return whether a request has the number whose turn it is; any, where the client counts nothing."""
    if expected is None:
        return True
    try:
        return sequence(head) == expected
    except BadRequest:
        return False


def over_tls(head: Head, caller: Caller, twin: Route) -> str:
    """Return where a client behind a buffering proxy is better off; empty where it would not be let in."""
    origin = origin_of(head, twin, caller)
    if caller.secure or (origin is not None and granted(origin, head.method, twin) is None):
        return ""
    port = "" if twin.accept.port == 443 else f":{twin.accept.port}"
    return f"https://{bracketed(caller.host)}{port}{head.path}{'?' + head.query if head.query else ''}"
