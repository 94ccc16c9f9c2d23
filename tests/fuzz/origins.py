"""Lets HTTP servers in memory answer wrongly for a while: C{python -m tests.fuzz.origins SECONDS [SEED]}.

Whatever an origin says, and wherever it is cut, who asked hears the same, with one end: the response is
whole, has failed with a 502 or 504, or the connection is switched. Nothing is kept for longer than it may.
"""

from __future__ import annotations

import sys
from random import Random
from typing import Any

from twisted.internet.protocol import Factory

from kaazing.config.model import ConnectOptions
from kaazing.interfaces.origins import Request
from kaazing.transports.dial import Dialler
from kaazing.transports.origins import Origin
from kaazing.transports.trust import ClientContexts
from kaazing.transports.wheel import Wheel
from tests.fuzz import main, spoilt
from tests.running import Caller, uri
from tests.transports.asking import Ask
from tests.transports.cables import Network
from tests.wire.cuts import pieces

REQUESTS = (
    Request(method="GET", target="/", fields=()),
    Request(method="HEAD", target="/a?b", fields=((b"X-A", b"b"),)),
    Request(method="POST", target="/c", fields=(), length=3, patience=5.0),
    Request(method="PUT", target="/d", fields=((b"Expect", b"100-continue"),), length=None),
    Request(method="GET", target="/e", fields=(), upgrade="websocket"),
)
RESPONSES = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nKeep-Alive: timeout=5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\nuntil the end",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x02hi",
    b"HTTP/1.1 302 Found\r\nLocation: http://b/x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
)
BITS = (
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"\r",
        b"\n",
        b" ",
        b":",
        b",",
        b"\0",
        b"\xff",
        b"0",
        b"-1",
        b"9" * 21,
        b"ffffffff",
    ),
    *(
        b"HTTP/1.1 100 a\r\n\r\n" * 3,
        b"Content-Length: 1\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"999",
    ),
    *(b"Keep-Alive: timeout=0\r\n", b"HTTP/2.0", b"101", b"204", b"304", b"5;", b"x" * 500),
)
FAILURES = (400, 502, 504)
ENDS = ("ended", "switched", *FAILURES)


class Bench:
    """An origin at http://127.0.0.1:9000/, and who asks it."""

    def __init__(self) -> None:
        self.network, self.backs = Network(), list[Caller]()
        self.network.listening["127.0.0.1", 9000] = Factory.forProtocol(self._called)
        wheel = Wheel(self.network)
        dialler = Dialler(self.network, wheel, ClientContexts())
        self.origin = Origin(uri("http://127.0.0.1:9000/"), ConnectOptions(), dialler, wheel)

    def _called(self) -> Caller:
        self.backs.append(Caller())
        return self.backs[-1]

    def ask(self, request: Request, parts: list[bytes], *, resets: bool) -> list[Any]:
        """Ask, and let the origin answer in these parts and close; return what is heard, bodies joined."""
        ask = Ask()
        question = self.origin.question(request, ask)
        question.start()
        self.network.settle()
        if "ready" in ask.heard:
            question.write(b"abc")
            question.end()
        back = self.backs[-1]
        for part in parts:
            if back.transport is not None:
                back.say(part)
                self.network.settle()
        wire: Any = back.transport
        if wire is not None:
            wire.abortConnection() if resets else wire.loseConnection()
        self.network.settle()
        if ask.channel is not None:
            ask.channel.abort()
        heard: list[Any] = []
        for each in ask.heard:
            if isinstance(each, bytes) and heard and isinstance(heard[-1], bytes):
                heard[-1] += each
            elif isinstance(each, tuple) and each[0] in FAILURES:
                heard.append(each[0])  # h11's words, which are for the log, may depend on the cut
            elif each not in ("ready", "congested"):
                heard.append(each)
        return heard

    def left(self) -> int:
        """Let an hour pass; return how many deadlines are left."""
        for _ in range(60):
            self.network.advance(60)
            self.network.settle()
        return len(self.network.getDelayedCalls())


def differ(random: Random) -> str:
    """Try one response; return what differed, or an empty string."""
    request, data = random.choice(REQUESTS), random.choice(RESPONSES)
    if random.random() < 0.2:
        data += random.choice(RESPONSES)
    if random.random() < 0.9:
        data = spoilt(random, data, BITS, 3)
    parts = [part for part in pieces(random, data) if part]
    resets, bench = random.random() < 0.3, Bench()
    whole = Bench().ask(request, [data], resets=resets)
    cut = bench.ask(request, parts, resets=resets)
    if whole != cut:
        return f"{request.method} answered {parts!r}:\n  {whole}\n  {cut}"
    ends = [each for each in cut if each in ENDS]
    if len(ends) != 1 or cut[-1] != ends[0]:
        return f"{request.method} answered {parts!r}: {cut}"
    left = bench.left()
    return f"{request.method} answered {parts!r}: {left} deadlines left" if left else ""


if __name__ == "__main__":
    sys.exit(main(differ))
