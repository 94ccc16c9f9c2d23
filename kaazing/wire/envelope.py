# -*- test-case-name: tests.wire.test_envelope -*-
"""HTTP in HTTP: requests taken out of the body of another, response heads put into the body of another.

The envelope of the original gateway's emulation, C{application/x-message-http}. What carries it sees a
POST and a 200, whatever is inside: a browser's page that may set no method and read no status can do both.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import unquote

from kaazing.errors import BadRequest
from kaazing.wire.heads import Head, peek, response_head

MEDIA_TYPE = "application/x-message-http"
UNCHANGED = (304, 404)
"""Statuses, besides 1xx, of responses that never come in an envelope: their own status is told."""

Fields = list[tuple[bytes, bytes]]

_SAID = re.compile(r"(?:^|&)\.kct=application(?:/|%2[Ff])x-message-http(?:&|$)")
_EMULATED = re.compile(r"(?:^|&)\.km=([A-Z])(?:&|$)")
_METHODS = {"G": "GET", "D": "DELETE", "O": "OPTIONS", "P": "PUT", "T": "TRACE", "H": "HEAD"}

# What a page may not say in a request of its own may not be said in an envelope (Fetch standard,
# "forbidden request-header"); Host, Connection and Transfer-Encoding would besides mislead who reads it.
_FORBIDDEN = frozenset(
    {
        *("accept-charset", "accept-encoding", "access-control-request-headers", "connection", "cookie"),
        *("access-control-request-method", "cookie2", "date", "dnt", "expect", "keep-alive", "origin"),
        *("referer", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "via"),
    }
)
_OF_THE_OUTER = ("authorization", "content-length", "content-type", "transfer-encoding", "x-next-protocol")

_KEPT_OUTSIDE = frozenset(
    {
        *(b"cache-control", b"connection", b"content-encoding", b"content-length", b"date", b"etag"),
        *(b"last-modified", b"pragma", b"server", b"set-cookie", b"transfer-encoding", b"vary"),
        b"x-content-type-options",
    }
)
_CHARSET = re.compile(rb";\s*charset=\"?(us-ascii|ascii|utf-8|windows-1252)\"?\s*(?:;|$)", re.IGNORECASE)
_RULE = "docs/protocols/envelopes.md"


def enveloped(head: Head) -> bool:
    """Return whether the body of a request is a request."""
    if head.method != "POST":
        return False
    kind = head.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == MEDIA_TYPE or (".kct=" in head.query and _SAID.search(head.query) is not None)


def emulated_method(head: Head) -> str:
    """Return the method that a request stands for: its own, or of a POST that which C{.km} names.

    Raises:
        BadRequest: 400, no method is called so.
    """
    match = _EMULATED.search(head.query) if head.method == "POST" and ".km=" in head.query else None
    if match is None:
        return head.method
    if match[1] not in _METHODS:
        raise BadRequest(400, ".km that names no method", rule=_RULE)
    return _METHODS[match[1]]


def take_out(outer: Head, body: bytes) -> tuple[Head, bytes]:
    """Return head and body of the request in an envelope.

    Header fields of the outer request that the inner may not or does not say count for it too.

    Args:
        outer: head of the request that carries it.
        body: its whole body.

    Raises:
        BadRequest: 400, 414 or 431, it is no request, says what it may not, or is for another path.
    """
    line, end, rest = body.partition(b"\r\n")
    host = outer.headers.get("host", "").encode("ascii")  # with it, heads are read as all others
    data = b"%b%bHost: %b\r\n%b" % (line, end, host, rest)
    inner = peek(data) if end else None
    if inner is None or inner.start:
        raise BadRequest(400, "envelope without a whole request head", rule=_RULE)
    forbidden = _FORBIDDEN.intersection(inner.headers)
    if forbidden:
        raise BadRequest(400, f"envelope with a {min(forbidden)} field", rule=_RULE)
    if unquote(inner.path) != unquote(outer.path):
        raise BadRequest(400, "envelope with a request for another path", rule=_RULE)
    content = data[inner.length :]
    if inner.content_length is not None and inner.content_length != len(content):
        raise BadRequest(400, "envelope with a body of another length than it says", rule=_RULE)
    kept = {name: value for name, value in outer.headers.items() if name not in _OF_THE_OUTER}
    return replace(
        outer,
        method=inner.method,
        target=inner.target,
        query=inner.query,
        headers={**inner.headers, **kept},
        content_length=len(content),
        chunked=False,
    ), content


def put_in(status: int, headers: Iterable[tuple[bytes, bytes]]) -> tuple[Fields, bytes]:
    """Return the outer response's header fields, and the bytes that begin its body.

    The outer status is 200. Behind those bytes comes the inner body as it is; where it is compressed
    with gzip, they are a gzip member of their own (RFC 1952 section 2.2).

    Args:
        status: of the response that is put in.
        headers: its header fields.
    """
    outside: Fields = []
    inside: Fields = []
    kind = b""
    packed = False
    for name, value in headers:
        lower = name.lower()
        if lower in _KEPT_OUTSIDE or lower.startswith(b"access-control-"):
            outside.append((name, value))
            packed = packed or (lower == b"content-encoding" and value.lower() == b"gzip")
        else:
            inside.append((name, value))
            kind = value if lower == b"content-type" else kind
    said = {name.lower() for name, _ in outside}
    outside.append((b"Content-Type", _outer_type(kind)))
    if b"x-content-type-options" not in said:
        outside.append((b"X-Content-Type-Options", b"nosniff"))  # the body is the client's to read alone
    if status != 200 and b"cache-control" not in said:
        outside.append((b"Cache-Control", b"no-cache"))
    head = response_head(status, inside)
    return outside, gzip.compress(head, mtime=0) if packed else head


def _outer_type(kind: bytes) -> bytes:
    """Return a type that no browser shows as a page, with the inner's charset where it is a safe one."""
    if not kind:
        return b"text/plain;charset=UTF-8"
    if not kind.lower().startswith(b"text/"):
        return b"application/octet-stream"
    charset = _CHARSET.search(kind)
    return b"text/plain;charset=" + charset[1] if charset else b"text/plain"
