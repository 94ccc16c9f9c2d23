# -*- test-case-name: tests.wire.test_relaying -*-
"""What an HTTP gateway changes in the heads that it passes on.  RFC 9110 section 7.6, RFC 7239."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kaazing.wire.heads import Head

Fields = list[tuple[bytes, bytes]]

FORWARDED = b"forwarded"
X_FORWARDED = b"x-forwarded-"

_HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)  # of one connection, named in Connection or not (RFC 9110 section 7.6.1)
_MADE_ANEW = _HOP_BY_HOP | {b"content-length"}
_ESCAPES = re.compile(r"(?:^|/|%2f|%5c)(?:\.|%2e){1,2}(?:;|%3b|%2f|%5c|/|$)", re.IGNORECASE)
_BETWEEN = re.compile(r"[,\s]+")


def of_request(head: Head) -> Fields:
    """Return the fields of a request that go on: all but those of the connection, of framing, and Host."""
    fields = [(name.encode(), value.encode()) for name, value in head.headers.items()]
    kept = _end_to_end(fields, head.headers.get("connection", "").encode())
    silent = {b"host"} if head.version == "1.1" else {b"host", b"expect"}  # RFC 9110 section 10.1.1
    return [field for field in kept if field[0] not in silent]


def of_response(fields: Iterable[tuple[bytes, bytes]]) -> Fields:
    """Return the fields of a response that go on: all but those of the connection and of framing."""
    fields = list(fields)
    return _end_to_end(fields, b",".join(value for name, value in fields if name.lower() == b"connection"))


def with_via(fields: Fields, version: str, name: str) -> Fields:
    """Return the fields with one more stop in Via: who received the message, in which version of HTTP."""
    stops = [value for field, value in fields if field.lower() == b"via"]
    via = b", ".join([*stops, f"{version} {name}".encode()])
    return [field for field in fields if field[0].lower() != b"via"] + [(b"Via", via)]


def passed_by(head: Head, name: str) -> bool:
    """Return whether a request has C{name} in its Via."""
    return name in _BETWEEN.split(head.headers.get("via", ""))


def hops_left(head: Head) -> int | None:
    """Return how often a request may still be passed on (RFC 9110 section 7.6.2); None for any number."""
    said = head.headers.get("max-forwards", "") if head.method == "OPTIONS" else ""
    return int(said) if said.isdigit() and len(said) < 10 else None


def with_hops(fields: Fields, left: int) -> Fields:
    """Return the fields with Max-Forwards as C{left}."""
    kept = [field for field in fields if field[0].lower() != b"max-forwards"]
    return [*kept, (b"Max-Forwards", b"%d" % left)]


def without_forwarded(fields: Fields) -> Fields:
    """Return the fields without Forwarded and all X-Forwarded-*, also where a server behind takes _ for -."""
    named = ((field, field[0].lower().replace(b"_", b"-")) for field in fields)
    return [field for field, name in named if name != FORWARDED and not name.startswith(X_FORWARDED)]


def forwarded(peer: str, secure: bool, host: str, by: str) -> Fields:
    """Return Forwarded and X-Forwarded-* of a client.

    Args:
        peer: its address, "192.0.2.1:5000"; port 0 for not known.
        secure: whether it speaks TLS.
        host: what it called us, "example.com:8000"; empty for nothing.
        by: where we took it in, "example.com:8000".
    """
    peer, proto = peer.removesuffix(":0"), "https" if secure else "http"
    fields = [
        ("X-Forwarded-For", peer),
        ("X-Forwarded-Server", by.rpartition(":")[0]),
        ("X-Forwarded-Proto", proto),
        ("X-Forwarded-Host", host),
        (
            "Forwarded",
            f'for="{peer}";by="{by}";proto={proto}' + (f';host="{host}"' if host else ""),
        ),
    ]
    return [(name.encode(), value.encode()) for name, value in fields if value]


def escapes(path: str) -> bool:
    """Return whether some server behind may see a dot segment in a path: C{..;x}, C{..%2fx} and the like.

    Those that every server sees are refused with the head.
    """
    return _ESCAPES.search(path) is not None


def _end_to_end(fields: Fields, connection: bytes) -> Fields:
    named = {option.strip().lower() for option in connection.split(b",")}
    dropped = _MADE_ANEW | named
    return [field for field in fields if field[0].lower() not in dropped]
