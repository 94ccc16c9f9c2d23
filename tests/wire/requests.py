"""Request heads for tests, and what a doorman learns of them."""

from __future__ import annotations

from kaazing.errors import BadRequest
from kaazing.wire.heads import MAX_HEAD, Head, peek

PLAIN = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

HANDSHAKE = (
    b"GET /stomp?x=1&y=%20 HTTP/1.1\r\n"
    b"Host: Gateway.example.com:8000\r\n"
    b"Connection: keep-alive, Upgrade\r\n"
    b"Upgrade: websocket\r\n"
    b"Origin: http://gateway.example.com:8000\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: v12.stomp, v11.stomp\r\n"
    b"\r\n"
)


def head_of(data: bytes) -> Head:
    """The head that C{data} must begin with."""
    head = peek(data)
    assert head is not None
    return head


def request(*fields: bytes, line: bytes = b"POST / HTTP/1.1", host: bytes = b"Host: x") -> bytes:
    """A head of a request line and fields."""
    return b"\r\n".join([line, *([host] if host else []), *fields, b"", b""])


def outcome(data: bytes, cut: int | None = None, limit: int = MAX_HEAD) -> Head | str | None:
    """What a doorman learns of C{data} that comes in pieces of C{cut} bytes: a head or an error."""
    step = cut or len(data) or 1
    try:
        for end in range(step, len(data) + step, step):
            if head := peek(data[:end], limit=limit):
                return head
    except BadRequest as why:
        return str(why)
    return None
