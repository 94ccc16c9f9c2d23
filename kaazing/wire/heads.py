# -*- test-case-name: tests.wire.test_heads,tests.wire.test_heads_answers,tests.wire.test_heads_read_twice -*-
"""HTTP/1.x request heads, read once and refused wherever two parsers could differ.  RFC 9110, 9112.

One regular expression judges the whole head; only a head that it refuses is looked at line by line,
to say what is wrong.  What is read here is what every parser behind reads: see docs/protocols/http.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from http import HTTPStatus
from ipaddress import IPv6Address

from kaazing.errors import BadRequest

MAX_HEAD = 16 * 1024  # bytes, an empty line before and the one after counted
MAX_TARGET = 8000  # bytes (RFC 9112 section 3 asks for at least that many)
MAX_HEADERS = 100

# RFC 9110's words, which http.HTTPStatus has from Python 3.13 on.
_PHRASES = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}

TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]"  # one character of it (RFC 9110 section 5.6.2)
FIELD = rf"{TOKEN}++:[\t -~]*+"  # a field line; ASCII only: docs/decisions/0050-ascii-heads.md

_HEAD = re.compile(rf"({TOKEN}++) ([!\"$-~]++) HTTP/([0-9]\.[0-9])((?:\r\n{FIELD})*+)")
_TOKEN = re.compile(TOKEN)
_TOKENS = re.compile(rf"{TOKEN}++")
_FIELD = re.compile(FIELD)
_ABSOLUTE = re.compile(r"https?://([^/?]*+)([^?]*+)(.*+)", re.IGNORECASE)
_AUTHORITY = re.compile(r"([0-9A-Za-z._-]++|\[[0-9A-Fa-f:.]++\])(?::([0-9]{1,5}+))?")
_BAD_PATH = re.compile(r"\\|%(?![0-9A-Fa-f]{2})|/(?:\.|%2[eE]){1,2}(?=/|\Z)")
_KEY = re.compile(r"[0-9A-Za-z+/]{22}==")  # base64 of 16 bytes (RFC 6455 section 4.1)

_ONCE = {
    "authorization",
    "content-length",
    "content-type",
    "host",
    "origin",
    "sec-websocket-key",
    "sec-websocket-version",
}  # fields of one value; of two, one parser takes the first and another the last
_SYNTAX = "RFC 9112 section 2.2"


@dataclass(frozen=True, slots=True)
class Head:
    """A whole request head.

    Attributes:
        method: as sent, a token.
        target: as sent.
        path: "/" at least, percent-encoding kept and valid, no dot segments; "*" of C{OPTIONS *}.
        query: without "?"; empty for none.
        version: "1.0" or "1.1".
        headers: by lower-case name; values of equal names joined by ", " (RFC 9110 section 5.3).
        host: lower case, without brackets, IPv6 in its shortest form; empty where HTTP/1.0 sends none.
        port: None where Host names none.
        start: bytes of an empty line before the request line, 0 or 2 (RFC 9112 section 2.2).
        length: bytes of the head from the start of the data, both empty lines counted.
        content_length: bytes of the body, None for not said.
        chunked: whether the body is chunked.
        upgrade: whether a WebSocket is asked for.
        keep_alive: whether another request may follow (RFC 9112 section 9.3).
    """

    method: str
    target: str = field(repr=False)  # may hold secrets, like the next
    path: str
    query: str = field(repr=False)
    version: str
    headers: dict[str, str] = field(repr=False)
    host: str
    port: int | None
    start: int
    length: int
    content_length: int | None
    chunked: bool
    upgrade: bool
    keep_alive: bool


def peek(data: bytes | bytearray, *, limit: int = MAX_HEAD) -> Head | None:
    """Read the request head that C{data} begins with; None while it is not whole.

    Args:
        data: all that came since the last request, of any length; nothing is taken from it.
        limit: longest head, bytes.

    Raises:
        BadRequest: the head is or will be no good; the same error wherever the data is cut.
    """
    start = 2 if data.startswith(b"\r\n") else 0
    end = data.find(b"\r\n\r\n", start, limit)
    text = data[start : end if end >= 0 else limit].decode("latin-1")
    if end < 0:
        if text == "\r" and len(data) <= limit:
            return None  # perhaps of an empty line
        if (why := _fault_so_far(text)) or (why := _too_long(text, len(data), limit)):
            raise why
        return None
    match = _HEAD.fullmatch(text)
    if match is None:
        raise _fault(text)
    method, target, version, fields = match.groups()
    if version not in ("1.1", "1.0"):
        raise BadRequest(505, "HTTP version other than 1.0 and 1.1", rule="RFC 9110 section 15.6.6")
    headers = _headers(fields)
    host, port = _host(headers.get("host"), version)
    path, query = _path(method, target, host, port)
    length, chunked = _framing(headers, version)
    upgrade, keep_alive = _connection(headers, version)
    return Head(
        method, target, path, query, version, headers, host, port,
        start, end + 4, length, chunked, upgrade, keep_alive,
    )  # fmt: skip


def plain_head(head: Head, data: bytes | bytearray) -> bytes:
    """Return the head's bytes for a parser behind: as sent, without an empty line before it, and
    with an absolute target cut down to path and query, which not every parser does by itself."""
    raw = bytes(data[head.start : head.length])
    if head.target.startswith("/") or head.path == "*":
        return raw
    target = head.path + ("?" + head.query if head.query else "")
    return raw.replace(head.target.encode("ascii"), target.encode("ascii"), 1)


def subprotocols(head: Head) -> tuple[str, ...]:
    """Return the offer of Sec-WebSocket-Protocol, in the client's order (RFC 6455 section 4.1)."""
    offer = head.headers.get("sec-websocket-protocol")
    return () if offer is None else tuple(name.strip() for name in offer.split(","))


def websocket_fault(head: Head) -> BadRequest | None:
    """Return what is wrong with a head that asks for a WebSocket, or None (RFC 6455 section 4.2.1)."""
    if head.method != "GET":
        return BadRequest(
            405, "a WebSocket begins with GET", rule="RFC 6455 section 4.2.1", headers=[(b"Allow", b"GET")]
        )
    if head.headers.get("sec-websocket-version") != "13":
        return upgrade_required("a WebSocket version other than 13", rule="RFC 6455 section 4.4")
    if not _KEY.fullmatch(head.headers.get("sec-websocket-key", "")):
        return BadRequest(
            400, "Sec-WebSocket-Key that is not 16 bytes in base64", rule="RFC 6455 section 4.2.1"
        )
    offer = subprotocols(head)
    if len(set(offer)) < len(offer) or not all(map(_TOKENS.fullmatch, offer)):
        return BadRequest(
            400, "Sec-WebSocket-Protocol that is not a list of different tokens", rule="RFC 6455 section 4.1"
        )
    if head.chunked or head.content_length:
        return BadRequest(400, "an upgrade with a body", rule="RFC 6455 section 4.1")
    return None


def upgrade_required(
    what: str = "only a WebSocket is served here", *, rule: str = "RFC 9110 section 15.5.22"
) -> BadRequest:
    """Return the 426 for a request that should have asked for a WebSocket."""
    headers = [(b"Upgrade", b"websocket"), (b"Sec-WebSocket-Version", b"13")]
    return BadRequest(426, what, rule=rule, headers=headers)


def _phrase(status: int) -> str:
    try:
        return _PHRASES.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return ""  # a backend's own


def page(status: int, what: str = "") -> bytes:
    """Return the little HTML page of a status; C{what} is a sentence for people."""
    title = f"{status} {_phrase(status)}"
    sentence = f"<p>{escape(what)}</p>" if what else ""
    return (
        f"<html><head><title>{title}</title></head><body><h1>{title}</h1>{sentence}</body></html>\n".encode()
    )


def answer(
    status: int,
    what: str = "",
    *,
    headers: Sequence[tuple[bytes, bytes]] = (),
    server: bytes = b"",
    date: bytes = b"",
    body: bool = True,
) -> bytes:
    """Return a whole small response, after which the connection is to be closed.

    Args:
        status: HTTP status code, from 400 to 599.
        what: a sentence for people, shown in the page; nothing that the client sent.
        headers: more header fields.
        server: value of the Server field; empty for none.
        date: value of the Date field, e.g. of twisted.web.http.datetimeToString; empty for none.
        body: False for the answer to HEAD: the length is said, the page left out.
    """
    content = page(status, what)
    fields = [(b"Server", server)] * bool(server) + [(b"Date", date)] * bool(date) + list(headers)
    upgrade = any(name.lower() == b"upgrade" for name, _ in headers)
    fields += [
        (b"Content-Type", b"text/html;charset=utf-8"),
        (b"Content-Length", b"%d" % len(content)),
        (b"Connection", b"Upgrade, close" if upgrade else b"close"),  # RFC 9110 section 7.8
    ]
    return response_head(status, fields) + (content if body else b"")


def response_head(status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return status line, header fields and the empty line behind them."""
    lines = [b"%b: %b\r\n" % pair for pair in headers]
    return b"%b%b\r\n" % (_status_line(status), b"".join(lines))


@cache
def _status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {_phrase(status)}\r\n".encode()


def refusal(why: BadRequest, *, server: bytes = b"", date: bytes = b"", body: bool = True) -> bytes:
    """Return the response that tells a client of C{why}; arguments as of L{answer}."""
    return answer(why.status, why.what, headers=why.headers, server=server, date=date, body=body)


def _headers(fields: str) -> dict[str, str]:
    if fields.count("\n") > MAX_HEADERS:
        raise BadRequest(431, f"more than {MAX_HEADERS} header fields", rule="RFC 6585 section 5")
    headers: dict[str, str] = {}
    for line in fields.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        name = name.lower()
        if name not in headers:
            headers[name] = value.strip()
        elif name in _ONCE:
            raise BadRequest(400, f"{name} more than once", rule="RFC 9110 section 5.3")
        else:
            headers[name] += ", " + value.strip()
    return headers


def _host(value: str | None, version: str) -> tuple[str, int | None]:
    if value is None and version == "1.0":
        return "", None
    if value is None:
        raise BadRequest(400, "no Host", rule="RFC 9112 section 3.2")
    named = authority(value)
    if named is None:
        raise BadRequest(
            400, "Host that is not a name or address with or without a port", rule="RFC 9112 section 3.2"
        )
    return named


def authority(value: str) -> tuple[str, int | None] | None:
    """Return host and port of a Host field, as L{Head} has them; None where it is none."""
    match = _AUTHORITY.fullmatch(value)
    if match is None:
        return None
    host, port = match[1].lower(), int(match[2]) if match[2] else None
    if port is not None and not 0 < port < 65536:
        return None
    if host[0] != "[":
        return host, port
    try:
        return IPv6Address(host[1:-1]).compressed, port
    except ValueError:
        return None


def _path(method: str, target: str, host: str, port: int | None) -> tuple[str, str]:
    """Return path and query of a target (RFC 9112 section 3.2)."""
    if len(target) > MAX_TARGET:
        raise BadRequest(414, f"target of more than {MAX_TARGET} bytes", rule="RFC 9112 section 3")
    if method == "CONNECT":
        raise BadRequest(501, "CONNECT to a gateway that is no tunnel", rule="RFC 9110 section 9.3.6")
    if target[0] == "/":
        path, _, query = target.partition("?")
    elif target == "*" and method == "OPTIONS":
        return "*", ""
    elif absolute := _ABSOLUTE.fullmatch(target):
        default = 443 if target[4] in "sS" else 80
        named = authority(absolute[1])
        if named is None or (named[0], named[1] or default) != (host, port or default):
            raise BadRequest(400, "target and Host that name different hosts", rule="RFC 9112 section 3.2.2")
        path, query = absolute[2] or "/", absolute[3][1:]
    else:
        raise BadRequest(400, "target that is no path, no http URI and no *", rule="RFC 9112 section 3.2")
    if ("%" in path or "/." in path or "\\" in path) and _BAD_PATH.search(path):
        raise BadRequest(
            400,
            "path with a dot segment, a backslash or an unfinished percent-encoding",
            rule="RFC 3986 section 3.3",
        )
    return path, query


def _framing(headers: dict[str, str], version: str) -> tuple[int | None, bool]:
    """Return content length and whether the body is chunked (RFC 9112 section 6)."""
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if coding is not None:
        if length is not None or version == "1.0":
            raise BadRequest(
                400, "Transfer-Encoding together with Content-Length or HTTP/1.0", rule="RFC 9112 section 6.1"
            )
        *others, last = coding.lower().split(",")
        if last.strip() != "chunked":
            raise BadRequest(
                400, "Transfer-Encoding that does not end with chunked", rule="RFC 9112 section 6.3"
            )
        if others:
            raise BadRequest(501, "Transfer-Encoding other than chunked", rule="RFC 9112 section 6.1")
        return None, True
    if length is None:
        return None, False
    if not (length.isascii() and length.isdigit()):
        raise BadRequest(400, "Content-Length that is not a number", rule="RFC 9110 section 8.6")
    if len(length) > 18:
        raise BadRequest(413, "Content-Length of more than 18 digits", rule="RFC 9110 section 8.6")
    return int(length), False


def _connection(headers: dict[str, str], version: str) -> tuple[bool, bool]:
    """Return whether a WebSocket is asked for, and whether the connection is kept."""
    options = _list(headers.get("connection", ""))
    if version == "1.0":  # its Upgrade is ignored (RFC 9110 section 7.8)
        return False, "keep-alive" in options and "close" not in options
    upgrade = "upgrade" in options and "websocket" in _list(headers.get("upgrade", ""))
    return upgrade, "close" not in options


def _list(value: str) -> Sequence[str]:
    return [item.strip() for item in value.lower().split(",")]


def _too_long(text: str, size: int, limit: int) -> BadRequest | None:
    if size <= limit:
        return None
    if "\r\n" in text:
        return BadRequest(431, f"head of more than {limit} bytes", rule="RFC 6585 section 5")
    return BadRequest(414, f"request line of more than {limit} bytes", rule="RFC 9112 section 3")


def _fault_so_far(text: str) -> BadRequest | None:
    """Return the faults that make a head hopeless before it is whole: other protocols, bare LF."""
    if text and not _TOKEN.match(text):
        return BadRequest(400, "not an HTTP request", rule="RFC 9112 section 3")
    if text.count("\n") != text.count("\r\n"):
        return BadRequest(400, "LF without CR", rule=_SYNTAX)
    return None


def _fault(text: str) -> BadRequest:
    """Return what is wrong with a whole head that the one expression refused."""
    if why := _fault_so_far(text or "\r\n"):
        return why
    if "\r" in text.replace("\r\n", ""):
        return BadRequest(400, "CR without LF", rule=_SYNTAX)
    line, *fields = text.split("\r\n")
    if not _HEAD.fullmatch(line):
        return BadRequest(400, _line_fault(line), rule="RFC 9112 section 3")
    bad = next(field for field in fields if not _FIELD.fullmatch(field))
    return BadRequest(400, _field_fault(bad), rule="RFC 9112 section 5")


def _line_fault(line: str) -> str:
    if not (line.isascii() and line.isprintable()):
        return "request line with a control character or one outside ASCII"
    parts = line.split(" ")
    if len(parts) != 3 or not all(parts):
        return "request line that is not method, blank, target, blank, version"
    if not _TOKENS.fullmatch(parts[0]):
        return "method that is no token"
    if "#" in parts[1]:
        return "target with a fragment"
    return "HTTP version that cannot be read"


def _field_fault(field: str) -> str:
    if field[:1] in (" ", "\t"):
        return "folded header field"
    name, colon, _ = field.partition(":")
    if not colon:
        return "header field without a colon"
    if name.endswith((" ", "\t")):
        return "blank before the colon of a header field"
    if not _TOKENS.fullmatch(name):
        return "header field whose name is no token"
    return "header field with a control character or one outside ASCII"
