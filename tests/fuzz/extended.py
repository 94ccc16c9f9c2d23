"""Throws messages of the extended handshake about: C{python -m tests.fuzz.extended SECONDS [SEED]}.

An inner request is read as it was made, or refused with nothing but a BadRequest; what the messages of
the ping-pong extension are depends on no cut of the frames, in C and in Python.
"""

from __future__ import annotations

import sys
from random import Random
from typing import Any

from kaazing import _speedups
from kaazing.errors import BadRequest, FrameViolation
from kaazing.wire import pure_lane
from kaazing.wire.extended import (
    CONTROL,
    PING,
    PONG,
    Inner,
    Sign,
    Signs,
    answer,
    escape,
    manner,
    read,
)
from kaazing.wire.heads import Head, peek
from kaazing.wire.switching import switching
from tests.fuzz import main, spoilt
from tests.wire.cuts import pieces
from tests.wire.framing import raw

TEXT, BINARY = 1, 2
NAMES = ("a", "x-kaazing-idle-timeout", "x-kaazing-ping-pong", "B-1", "amqp/0.9")
BITS = (
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"\r",
        b" ",
        b":",
        b",",
        b";",
        b"\0",
        b"\xff",
        b"?",
        b"/",
        b"%2f",
        b"a, a",
        b"POST",
    ),
    *(
        b"\r\nAuthorization: x",
        b"\r\nSec-WebSocket-Protocol: z",
        b"\r\nCookie: c",
        b"HTTP/1.0",
        b"x" * 17_000,
    ),
)
OWN = (PING, PONG, CONTROL, CONTROL + b"x", CONTROL[:3], b"", b"hello", b"z\xc3\xbc")


def opening() -> Head:
    """Return the head of an opening request."""
    head = peek(
        b"GET /chat?.kl=Y HTTP/1.1\r\nHost: a.example\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert head is not None
    return head


OPENING = opening()


def differ(random: Random) -> str:
    """Try one message and one stream of them; return what differed, or an empty string."""
    return request_differs(random) or signs_differ(random) or query_differs(random)


def request_differs(random: Random) -> str:
    """Read an inner request as it was made, and broken."""
    protocols = tuple(random.sample(NAMES[:1] + NAMES[3:4], random.randrange(3)))
    extensions = tuple(random.sample(NAMES, random.randrange(3)))
    login = random.choice((None, "Basic eA=="))
    lines = [f"{random.choice(('Sec-', 'X-', ''))}WebSocket-Protocol: {','.join(protocols)}"]
    lines += [
        f"Sec-WebSocket-Extensions: {', '.join(each + random.choice(('', ';a=1')) for each in extensions)}"
    ]
    lines += [f"Authorization: {login}"] * (login is not None) + ["Host: x"] * random.randrange(2)
    random.shuffle(lines)
    data = "\r\n".join(["GET /chat?x HTTP/1.1", *lines, "", ""]).encode()
    wanted = Inner(protocols, tuple(each.lower() for each in extensions), login)
    if read(data, OPENING) != wanted:
        return f"{data!r} read as {read(data, OPENING)!r}"
    data = spoilt(random, data if random.random() < 0.9 else data.replace(b"GET", b"PUT"), BITS, 3)
    try:
        inner = read(data, OPENING)
    except BadRequest as why:
        return "" if why.status in (400, 431) else f"{data!r} refused with {why}"
    said = answer(101, switching(OPENING, (*inner.protocols, None)[0], inner.extensions))
    whole = said.count(b"\r\n\r\n") == 1 and said.count(b"\r\n") == 5 + bool(inner.protocols) + len(
        inner.extensions
    )
    good = whole and data.startswith(b"GET ") and len(set(inner.protocols)) == len(inner.protocols)
    return "" if good else f"{data!r} read as {inner}, answered with {said!r}"


def signs_differ(random: Random) -> str:
    """Send messages, some escaped, some broken, in frames cut anywhere."""
    messages = [(random.choice((TEXT, TEXT, BINARY)), random.choice(OWN)) for _ in range(random.randrange(8))]
    sent = [(kind, part) for kind, data in messages for part in escape([data], kind)]
    taken = took(sent)
    if [each for each in taken if each is not Sign.ESCAPE] != [data for _, data in messages]:
        return f"{messages!r} sent as {sent!r}, taken as {taken!r}"
    mixed = sent + messages
    random.shuffle(mixed)
    stream = b"".join(raw(kind, data) for kind, data in mixed)
    wanted = took(mixed)
    for kind in (_speedups.Lane, pure_lane.Lane):
        lane: Any = kind(True, 1000, True)
        items = [item for part in pieces(random, stream) for item in lane.feed(part) if item[0] < 8]
        if took(items) != wanted:
            return f"{kind.__module__}: {mixed!r} taken as {took(items)!r}, not {wanted!r}"
    return ""


def took(messages: list[tuple[int, bytes]]) -> list[object]:
    """Return what messages are: signs, the payload of the application's own, and what is wrong."""
    signs = Signs()
    found: list[object] = []
    for kind, data in messages:
        try:
            found.append(signs.take(data, kind) or data)
        except FrameViolation as why:
            found.append(f"{why.close_code} {why}")
    return found


def query_differs(random: Random) -> str:
    """Take what is for the gateway out of a query: what is left is in order, and has none of it."""
    parts = random.choices((".kl=Y", ".kv=10.05", "a=b", "", "x=.kl=Y", ".kz", "&", ".k=", ".kabc=d"), k=4)
    query = "&".join(parts)
    told = manner(query)
    again = manner(told.query)
    good = told.balanced == (".kl=Y" in query.split("&")) and again == type(again)(False, False, told.query)
    return "" if good else f"{query!r} read as {told}, then {again}"


if __name__ == "__main__":
    sys.exit(main(differ))
