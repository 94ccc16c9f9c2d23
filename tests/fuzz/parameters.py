"""Throws queries at emulation's parameters for a while: C{python -m tests.fuzz.parameters SECONDS [SEED]}.

What is read stays within its bounds and could stand in a header field; what is not is refused with 400;
what is left for the service is what the client wrote, in order.
"""

from __future__ import annotations

import re
import sys
from random import Random

from kaazing.errors import BadRequest
from kaazing.transports.emulation.parameters import BLOCK, LAST_NUMBER, MOST_PADDING, others, read, sequence
from kaazing.wire.heads import peek
from tests.fuzz import main, spoilt

PARTS = (
    *(".kac=ex", ".kb=4", ".kbp=4096", ".kc=text/plain%3Bcharset=utf-8", ".kcc=private", ".kct=application"),
    *(".kd=s", ".kf=200", ".ki=p", ".kkt=20", ".kns=1", ".kp=2048", ".ksn=7", ".kv=10.05", ".knp=x", ".kl=Y"),
    *("room=1", "a", "", ".k", ".kx=1", "x.kp=3", ".kid=5", ".ko=x", "b=%26.kp=2", ".km=D", ".krn=0.5"),
)
BITS = (
    *(b"&", b"=", b".k", b"%", b"%0d%0a", b"%00", b"0", b"9" * 16, b"9" * 17, b"-1", b"+", b"1e9", b"%C2%B2"),
    *(
        b"text/html",
        b"public",
        b",",
        b"%3B",
        b"charset=",
        b".ksn=",
        b".kp=",
        b"?",
        b"%FF",
        b"no-store, private",
    ),
)
VALUE = re.compile(rb"[ -~]+")  # of a header field


def differ(random: Random) -> str:
    """Try one query; return what differed, or an empty string."""
    parts = random.choices(PARTS, k=random.randrange(7))
    left = [part for part in parts if not part.startswith(".k") or part in (".k", ".kx=1")]
    query = "&".join(parts)
    if others(query) != "&".join(left):
        return f"{query!r} left {others(query)!r}"
    data = spoilt(random, query.encode(), BITS) if random.random() < 0.8 else query.encode()
    agent = random.choice((b"", b"User-Agent: Trident/7.0\r\n", b"X-Sequence-No: 5\r\n"))
    try:
        head = peek(b"GET /x?%b HTTP/1.1\r\nHost: a\r\n%b\r\n" % (data, agent))
    except BadRequest:
        return ""  # no request at all
    assert head is not None
    rest = others(head.query)
    if others(rest) != rest or not set(rest.split("&")) <= {*head.query.split("&"), ""}:
        return f"{data!r} left {rest!r}"
    try:
        number = sequence(head)
        asked = read(head)
    except BadRequest as why:
        return "" if why.status == 400 else f"{data!r} refused with {why}"
    bounds = (
        number is None or 0 <= number <= LAST_NUMBER,
        0 <= asked.padding <= MOST_PADDING,
        0 <= asked.block <= BLOCK,
        0 <= asked.flush <= 60,
        asked.heartbeat is None or 2 <= asked.heartbeat <= 3600,
        asked.most is None or asked.most >= 0,
        asked.content_type is None
        or (VALUE.fullmatch(asked.content_type) and b"html" not in asked.content_type.partition(b";")[0]),
        VALUE.fullmatch(asked.cache_control) and b"public" not in asked.cache_control,
    )
    return "" if all(bounds) else f"{data!r} read as {asked}, number {number}"


if __name__ == "__main__":
    sys.exit(main(differ))
