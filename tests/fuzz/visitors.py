"""Clients that break every rule visit a listener in memory: C{python -m tests.fuzz.visitors SECONDS [SEED]}.

WebSockets native, emulated and by extended handshake, event streams and streamed requests: good ones,
spoilt, cut anywhere, with time in between. Nothing fails but in the client's own answer; whoever is
silent for an hour is answered or closed, if it is not in a stream; and of all who are gone nothing is left.
"""

from __future__ import annotations

import sys
import zlib
from random import Random

from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import provider

from kaazing.wire.extended import CONTROL, PING
from kaazing.wire.wse import CLOSE, NOP, PONG, RECONNECT
from tests.fuzz import main, spoilt
from tests.transports.doors import HANDSHAKE, HELLO, Wire, get, with_fields
from tests.transports.emulation.stage import post
from tests.transports.parrots import Place
from tests.wire.cuts import pieces
from tests.wire.framing import raw

SOCKET = HANDSHAKE.replace(b"/chat", b"/parrot")
EXTENDED = with_fields(
    SOCKET.replace(b"/parrot", b"/parrot?.kl=Y"), b"Sec-WebSocket-Protocol: x-kaazing-handshake"
)
INNER = raw(1, b"GET /parrot HTTP/1.1\r\nWebSocket-Extensions: x-kaazing-ping-pong\r\n\r\n")
EVENTS = b"Accept: text/event-stream"
ENVELOPE = b"Content-Type: application/x-message-http"
CHUNKED = b"Transfer-Encoding: chunked"
PACKED = with_fields(SOCKET, b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
DEFLATED = bytes.fromhex("f248cdc9c90700")  # Hello (RFC 7692 section 7.2.3.1)
BOMB = zlib.compress(bytes(200_000), wbits=-11)
REQUESTS = (
    SOCKET,
    SOCKET + HELLO * 3,
    SOCKET + raw(9, b"a") + raw(1, b"x", final=False) + raw(0, b"y") + raw(8, b"\x03\xe8"),
    PACKED + raw(1, DEFLATED, reserved=4) * 2 + raw(2, BOMB, reserved=4),
    EXTENDED + INNER + raw(1, PING) + raw(1, CONTROL) + raw(1, PING) + HELLO,
    get(b"/parrot/;e/cbm", b"X-Sequence-No: 0", b"X-Accept-Commands: ping"),
    get(b"/parrot/;e/ct?.ksn=1&room=2"),
    post(b"/parrot/;e/ctem?.kct=application/x-message-http", b"GET /parrot/;e/ctem?.kn=1 HTTP/1.1\r\n\r\n"),
    post(b"/parrot/;e/ctm", b"POST /parrot/;e/ctm HTTP/1.1\r\nX-Sequence-No: 3\r\n\r\n", ENVELOPE),
    get(b"/parrot/?.kr=xs"),
    get(b"/parrot/;api/get-cookies", b"Cookie: a=b"),
    get(b"/parrot/;e/cbm", b"Origin: http://evil.example"),
    get(
        b"/parrot/;e/cbm",
        b"Origin: http://a.example",
        b"Access-Control-Request-Method: GET",
        method=b"OPTIONS",
    ),
    get(b"/feed", EVENTS, b"Last-Event-ID: 7-1"),
    get(b"/feed?.ki=p&.kp=100&.kv=10.05", EVENTS),
    get(b"/feed?.ki=s&.kb=1&lastEventId=7-2"),
    get(b"/desk/a?b", CHUNKED, method=b"POST") + b"3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\n",
    post(b"/desk/", b"x" * 300, b"Expect: 100-continue"),
    get(b"/desk/c", b"Connection: close", method=b"HEAD") + get(b"/desk/d"),
)
"""Good ones, and what a client says next."""

FRAMES = (
    b"\x80\x05hello",
    b"\0hello\xff",
    b"\x81\x02hi",
    NOP,
    PONG,
    CLOSE,
    RECONNECT,
    b"\x80\x87\x68" + b"x" * 1000,
)
BITS = (
    *(b"\r\n", b"\r\n\r\n", b"\n", b" ", b":", b";e/", b"/", b"?", b"%", b"&.k", b"0", b"\xff", b"\0"),
    *(b"\x01", b"GET", b"POST", b"close", b"0\r\n\r\n", b"\r\nOrigin: x", b"\x88\x80", b"HTTP/1.0"),
)


def differ(random: Random) -> str:
    """Let some clients in; return what went wrong, or an empty string."""
    faults: list[str] = []

    @provider(ILogObserver)
    def note(event: LogEvent) -> None:
        if "log_failure" in event:
            faults.append(f"{formatEvent(event)}\n{event['log_failure'].getTraceback()}")

    globalLogPublisher.addObserver(note)
    try:
        place = Place(random)
        said = visits(random, place)
        faults += place.forsaken() or place.left_over()
    finally:
        globalLogPublisher.removeObserver(note)
    return "\n".join([*faults, "after:", *map(repr, said)]) if faults else ""


def visits(random: Random, place: Place) -> list[bytes]:
    """Let some clients speak, one after the other or mixed; return what they said, in order."""
    said = []
    for _ in range(random.randint(1, 7)):
        wire = random.choice(place.wires) if place.wires and random.random() < 0.4 else place.visitor()
        data = random.choice(REQUESTS) if random.random() < 0.4 else carried(random, place)
        if random.random() < 0.5:
            data = spoilt(random, data, BITS, 3)
        for part in pieces(random, data):
            if wire in place.wires:
                said.append(part)
                wire.say(part)
                meanwhile(random, place, wire)
                place.attend()
    return said


def carried(random: Random, place: Place) -> bytes:
    """Return a request of an emulated session, or one that makes the first."""
    sessions = place.sessions()
    if not sessions:
        return get(b"/parrot/;e/cbm", b"X-Sequence-No: 0")
    session = random.choice(sessions)
    way, turn = random.choice((("u", session.next_up), ("d", session.next_down)))
    target = f"/parrot/;e/{way}{session.format.code}/{session.id}".encode()
    number = b"X-Sequence-No: %d" % (random.randrange(4) if turn is None or random.random() < 0.1 else turn)
    if way == "u":
        body = b"".join(random.choices(FRAMES, k=random.randrange(4))) + RECONNECT
        return post(target, body, number, *random.choice(((), (b"Content-Type: text/plain;charset=utf-8",))))
    query = random.choice(
        (b"", b"", b"?.ki=p", b"?.kb=1&.kp=300", b"?.kf=100&.kbp=50", b"?.kcc=public", b"?.kkt=5")
    )
    return get(target + query, number, *random.choice(((), (b"Accept-Encoding: gzip",))))


def meanwhile(random: Random, place: Place, wire: Wire) -> None:
    """Let something else happen."""
    chance = random.random()
    if chance < 0.15:
        place.wait(random.choice((1, 3, 12, 40, 70)))
    elif chance < 0.2:
        place.decide()
    elif chance < 0.25 and wire.producer is not None:
        wire.overflow()
    elif chance < 0.35 and wire.producer is not None:
        wire.drain()
    elif chance < 0.38 and wire in place.wires:
        place.hang_up(wire)


if __name__ == "__main__":
    sys.exit(main(differ))
