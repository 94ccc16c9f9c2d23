"""Throws broken requests at the head and body readers for a while: C{python -m tests.fuzz.heads SECONDS}.

Each is a good request with a few bytes changed, read in one piece and in pieces; the two must agree,
and nothing but a BadRequest may come of it.  Ends with status 1 and the bytes at fault if not.
"""

from __future__ import annotations

import sys
from random import Random

from kaazing.errors import BadRequest
from kaazing.wire.bodies import Body
from kaazing.wire.heads import Head, peek, plain_head, refusal, websocket_fault
from tests.fuzz import main, spoilt

SEEDS = [
    b"GET /a?b HTTP/1.1\r\nHost: x:80\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: a, b\r\n\r\n\x81\x80",
    b"POST http://[::1]/%41 HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;a=b\r\nabc\r\n0\r\nT: u\r\n\r\nGET",
    b"\r\nPUT / HTTP/1.0\r\nContent-Length: 3\r\nAccept: a\r\naccept: b\r\n\r\nabcGET",
]
BITS = [
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b":",
    b",",
    b";",
    b"\x00",
    b"\x85",
    b"/..",
    b"%",
    b"0",
    b"chunked",
]


def outcome(data: bytes, cut: int, limit: int) -> str:
    """Return what is made of C{data} in pieces of C{cut} bytes."""
    try:
        head, seen = _head(data, cut, limit)
        if head is None:
            return "open"
        websocket_fault(head)
        body, at = Body(head), head.length
        while at < len(data) and not body.done:
            at += body.feed(data[at : max(seen, at + cut)])[0]
        return f"{plain_head(head, data)!r} {head.headers} {body.done} {at}"
    except BadRequest as why:
        return f"{why} {refusal(why)!r}"


def _head(data: bytes, cut: int, limit: int) -> tuple[Head | None, int]:
    for end in range(cut, len(data) + cut, cut):
        if head := peek(data[:end], limit=limit):
            return head, end
    return None, len(data)


def differ(chance: Random) -> str:
    """Try one request; return what differed, or an empty string."""
    data = spoilt(chance, chance.choice(SEEDS), BITS)
    cut, limit = chance.randint(1, 60), chance.choice((60, 16384))
    whole, pieces = outcome(data, len(data) or 1, limit), outcome(data, cut, limit)
    return "" if whole == pieces else f"{data!r} cut every {cut}, limit {limit}:\n  {whole}\n  {pieces}"


if __name__ == "__main__":
    sys.exit(main(differ))
