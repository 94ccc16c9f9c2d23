# -*- test-case-name: tests.transports.emulation.test_pages -*-
"""What stands beside emulation: the bridge page, and cookies for clients that have no jar of their own."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from twisted.web.http import datetimeToString
from zope.interface import implementer

from kaazing.errors import BadRequest
from kaazing.interfaces.exchanges import IExchange, ITaker
from kaazing.transports.routes import granted, origin_of, same_origin
from kaazing.wire.conditions import precondition

MOST_COOKIES = 4096  # bytes of all lines
BRIDGE = Path(__file__).parents[2] / "web" / "bridge" / "xs.html"

_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_COOKIE = re.compile(rb"[!#-'*+\-.^-z|~]+=[ -:<-~]*(?:;[ -~]*)?")  # RFC 6265 section 4.1.1, without controls
_TEXT = (b"Content-Type", b"text/plain;charset=UTF-8")
_NO_CACHE = (b"Cache-Control", b"no-cache")
_NO_SNIFF = (b"X-Content-Type-Options", b"nosniff")
_RULE = "docs/protocols/envelopes.md"


class Pages:
    """Serves exchanges whose rest begins with C{;resource/} or C{;api/}, or is C{;e/cookies}."""

    def __init__(self) -> None:
        self._bridge = BRIDGE.read_bytes()
        script = _SCRIPT.search(self._bridge)
        assert script is not None
        digest = base64.b64encode(hashlib.sha256(script[1]).digest())
        self._etag = f'"{hashlib.sha256(self._bridge).hexdigest()[:32]}"'
        self._modified = int(BRIDGE.stat().st_mtime)
        self._about = [
            (b"Cache-Control", b"private, must-revalidate"),
            (b"ETag", self._etag.encode()),
            (b"Last-Modified", datetimeToString(self._modified)),
        ]
        self._fields = [
            *self._about,
            (b"Content-Type", b"text/html;charset=UTF-8"),
            (b"Content-Security-Policy", b"default-src 'none'; script-src 'sha256-%b'; connect-src 'self';"
             b" base-uri 'none'; form-action 'none'" % digest),
            (b"Referrer-Policy", b"same-origin"),
            _NO_SNIFF,
        ]  # fmt: skip
        self._served = {
            ";resource/xs": (self._serve_bridge, ("GET", "HEAD")),
            ";e/cookies": (self._tell_header, ("GET", "HEAD")),
            ";api/get-cookies": (self._tell_cookies, ("GET", "HEAD", "POST")),
            ";api/set-cookies": (self._set_cookies, ("POST",)),
            ";api/delete-cookies": (self._delete_cookies, ("POST",)),
        }

    def serve(self, exchange: Any) -> None:
        """Answer an L{IExchange}.

        Raises:
            BadRequest: 404, 405; 403 for pages that may not deal with cookies; 415.
        """
        found = self._served.get(exchange.rest)
        if found is None:
            raise BadRequest(404, "no such resource", rule=_RULE)
        answer, methods = found
        if exchange.head.method not in methods:
            allow = [(b"Allow", ", ".join(methods).encode())]
            raise BadRequest(405, "method not served here", rule="RFC 9110 section 15.5.6", headers=allow)
        answer(exchange)

    def _serve_bridge(self, exchange: Any) -> None:
        if precondition(exchange.head.headers, self._etag, self._modified) == 304:
            exchange.answer(304, self._about)
        else:
            exchange.answer(200, self._fields, self._bridge)

    def _tell_header(self, exchange: Any) -> None:
        """Answer with the Cookie field: which tells a client too whether it was led elsewhere on the way."""
        body = b"" if _of_a_page(exchange) else exchange.head.headers.get("cookie", "").encode()
        exchange.answer(200, [_TEXT, _NO_CACHE, _NO_SNIFF, (b"Location", _own_url(exchange))], body)

    def _tell_cookies(self, exchange: Any) -> None:
        if _of_a_page(exchange):
            raise _not_for_pages("read")
        lines = [line.strip() for line in exchange.head.headers.get("cookie", "").split(";") if line.strip()]
        body = "".join(f"{line}\r\n" for line in lines).encode()
        exchange.answer(200, [_TEXT, _NO_CACHE, _NO_SNIFF], body)

    def _set_cookies(self, exchange: Any) -> None:
        _take_cookies(exchange, b"")

    def _delete_cookies(self, exchange: Any) -> None:
        _take_cookies(exchange, b"; Max-Age=0")


def _take_cookies(exchange: Any, more: bytes) -> None:
    """Answer with the cookies of the body, each with C{more} behind it, once that is whole."""
    kind = exchange.head.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "text/plain":
        raise BadRequest(400, "cookies that are no text/plain", rule=_RULE)
    origin = origin_of(exchange.head, exchange.route, exchange.caller)
    if origin is not None and not same_origin(origin, exchange.caller):
        named = tuple(site for site in exchange.route.cross_site if site.origin != "*")
        if granted(origin, exchange.head.method, replace(exchange.route, cross_site=named)) is None:
            raise _not_for_pages("set")
    exchange.most_body = MOST_COOKIES
    exchange.taker = _Lines(exchange, more)


@implementer(ITaker)
class _Lines:
    """Takes lines, and answers with a Set-Cookie field for each."""

    def __init__(self, exchange: Any, more: bytes) -> None:
        self._exchange, self._more = exchange, more
        self._data = bytearray()

    def body(self, data: bytes) -> None:
        """See L{ITaker}."""
        self._data += data

    def body_ended(self) -> None:
        """See L{ITaker}."""
        lines = [line for line in bytes(self._data).split(b"\r\n") if line]
        if all(map(_COOKIE.fullmatch, lines)):
            cookies = [(b"Set-Cookie", line + self._more) for line in lines]
            self._exchange.answer(200, [*cookies, _TEXT, _NO_CACHE])
        else:
            self._exchange.refuse(BadRequest(400, "line that sets no cookie", rule="RFC 6265 section 4.1.1"))

    def congested(self) -> None:
        """See L{ITaker}."""

    def drained(self) -> None:
        """See L{ITaker}."""

    def lost(self, why: Exception | None) -> None:
        """See L{ITaker}."""


def _of_a_page(exchange: IExchange) -> bool:
    """Return whether a script in a browser may be behind a request: some cookies are not for scripts.

    Browsers before 2023 do not all send Sec-Fetch-Mode, but every browser calls itself Mozilla.
    """
    fields = exchange.head.headers
    told = any(name in fields for name in ("origin", "x-origin", "sec-fetch-mode"))
    return told or "mozilla/" in fields.get("user-agent", "").lower()


def _own_url(exchange: Any) -> bytes:
    head = exchange.head
    query = f"?{head.query}" if head.query else ""
    return f"{exchange.caller.site}{head.path}{query}".encode()


def _not_for_pages(what: str) -> BadRequest:
    return BadRequest(403, f"pages of that origin may not {what} cookies", rule=_RULE)
