"""Throws broken envelopes at their parser for a while: C{python -m tests.fuzz.envelope SECONDS [SEED]}.

What is taken out of one is a request for the same place and by the same client as the one outside, or
nothing but a BadRequest comes of it; what is put in is found there again.
"""

from __future__ import annotations

import gzip
import re
import sys
from random import Random
from urllib.parse import unquote

from kaazing.errors import BadRequest
from kaazing.wire.envelope import UNCHANGED, emulated_method, enveloped, put_in, take_out
from kaazing.wire.heads import Head, peek, response_head
from tests.fuzz import main, spoilt

OUTER = (
    b"POST /chat/;e/ctm?.kac=ex&.kct=application%2Fx-message-http&.km=G HTTP/1.1\r\nHost: example.com:80\r\n"
    b"Origin: http://example.org\r\nCookie: a=b\r\nContent-Length: 9\r\nX-Next-Protocol: httpxe/1.1\r\n"
    b"Content-Type: text/plain\r\nX-Origin: http://example.org:80\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n"
)
INNER = (
    b"GET /chat/;e/ctm?.kn=1 HTTP/1.1\r\nX-Accept-Commands: ping\r\n\r\n",
    b"POST /chat/%3Be/ctm HTTP/1.1\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n"
    b"X-Sequence-No: 1\r\nAuthorization: Basic eA==\r\n\r\na\r\nbc",
    b"POST /chat/;e/ctm?.km=P HTTP/1.0\r\nX-WebSocket-Protocol: a, b\r\n\r\nGET / HTTP/1.1\r\n\r\n",
)
BITS = (
    b"\r\n",
    b"\r",
    b"\n",
    b" ",
    b":",
    b";",
    b"/",
    b"?",
    b"%",
    b"%2e",
    b"..",
    b"&.km=",
    b"\0",
    b"\xe9",
    b"G",
)
FIELDS = (
    *(
        b"Host: evil",
        b"Cookie: c",
        b"Transfer-Encoding: chunked",
        b"Origin: x",
        b"Upgrade: websocket",
        b"X-A: b",
    ),
    *(
        b"X-Origin: y",
        b"X-Forwarded-For: z",
        b"Content-Length: 0",
        b"Via: 1.1 a",
        b"Authorization: Basic eQ==",
    ),
)
CLIENTS = ("host", "origin", "cookie", "x-origin", "x-forwarded-for")
"""Fields that say whose request it is."""

FOREIGN = ("transfer-encoding", "upgrade", "via")
"""Fields that no page may say."""

KEPT = ("Cache-Control", "Content-Encoding", "Set-Cookie", "ETag", "Access-Control-Allow-Origin")
TYPES = ("text/html; charset=utf-7", "text/css;charset=UTF-8", "image/png", "TEXT/x", "text/html", "")


def differ(random: Random) -> str:
    """Try one envelope each way; return what differed, or an empty string."""
    outside = OUTER if random.random() < 0.7 else spoilt(random, OUTER, BITS, 2)
    body = random.choice(INNER)
    if random.random() < 0.5:
        line, end, rest = body.partition(b"\r\n")
        body = line + end + random.choice(FIELDS) + end + rest
    body = spoilt(random, body, BITS, 3) if random.random() < 0.8 else body
    try:
        outer = peek(outside)
        if outer is None or outer.method != "POST":
            return ""
        enveloped(outer), emulated_method(outer)
        inner, content = take_out(outer, body)
        wrong = misled(outer, inner, content, body)
    except BadRequest as why:
        wrong = "" if why.status in (400, 414, 431, 505) else f"refused with {why}"
    return f"{outside!r} with {body!r}: {wrong}" if wrong else putting_differs(random)


def misled(outer: Head, inner: Head, content: bytes, body: bytes) -> str:
    """Return what an envelope changed that it must not change."""
    for name in CLIENTS:
        if name in outer.headers and inner.headers.get(name) != outer.headers[name]:
            return f"{name} became {inner.headers.get(name)!r}"
    if (inner.host, inner.port, inner.version) != (outer.host, outer.port, outer.version):
        return f"came for {inner.host}:{inner.port}"
    if any(name in inner.headers and name not in outer.headers for name in FOREIGN):
        return f"says {inner.headers}"
    path = re.sub("^https?://[^/?]*", "", inner.target, flags=re.IGNORECASE).partition("?")[0]
    if unquote(path) != unquote(outer.path):
        return f"asks for {inner.target}"
    if inner.chunked or inner.content_length != len(content) or not body.endswith(b"\r\n\r\n" + content):
        return f"body {content!r}, {inner.content_length} bytes"
    return ""


def putting_differs(random: Random) -> str:
    """Put a response into an envelope, and look for each of its fields."""
    status = random.choice([each for each in range(200, 600) if each not in UNCHANGED])
    pairs = [
        (random.choice((*KEPT, "Location", "X-A", "WWW-Authenticate")), "ab")
        for _ in range(random.randrange(6))
    ]
    if kind := random.choice(TYPES):
        pairs.append(("Content-Type", kind))
    if packed := random.random() < 0.3:
        pairs.append(("Content-Encoding", "gzip"))
    random.shuffle(pairs)
    fields = [(name.encode(), value.encode()) for name, value in pairs]
    outside, first = put_in(status, fields)
    inside = gzip.decompress(first) if packed else first
    kept = [field for field in fields if field[0].decode() in KEPT]
    rest = [field for field in fields if field not in kept]
    if inside != response_head(status, rest) or [field for field in outside if field in kept] != kept:
        return f"{status} {fields} became {outside} and {first!r}"
    types = [value for name, value in outside if name.lower() == b"content-type"]
    shown = types != [types[0]] or not types[0].startswith((b"text/plain", b"application/octet-stream"))
    return f"{fields} goes out as {types}" if shown or b"utf-7" in types[0] else ""


if __name__ == "__main__":
    sys.exit(main(differ))
