"""Encodes random events and reads them back: C{python -m tests.fuzz.events SECONDS [SEED]}.

What the encoder writes is read by a parser as strict as the standard; each event is one event, with its
lines, its name and its id, whatever bytes a backend put into it, and alone or among others.
"""

from __future__ import annotations

import re
import sys
from random import Random

from kaazing.interfaces.feeds import Event
from kaazing.wire.eventstream import HEARTBEAT, comment, encode, location, opening
from tests.fuzz import main
from tests.wire.eventsource import Told, listen

BITS = (
    *(b"\n", b"\r", b"\r\n", b"\n\n", b" ", b":", b"data:", b"id: 7\n", b"event: x\n\n", b"retry:1\n", b"\0"),
    *(
        b"a",
        b"\xc3\xbc",
        b"\xf0\x9f\x98\x80",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xa8",
        b"\x85",
        b"\xff",
        b"\xed\xa0\x80",
    ),
)
NAMES = ("", "a", " b", "c:d", "e\nf", "\rg", "h\0", "\u2028", "ü", "\ud800", "  ", "message")


def payload(random: Random) -> bytes:
    """Make what a backend may say."""
    return b"".join(random.choices(BITS, k=random.randrange(9)))


def written(word: str) -> str:
    """Return a name or an id as it is heard: nothing of one that cannot be told."""
    return "" if re.search("[\r\n\0]", word) else word.encode("utf-8", "replace").decode()


def heard(event: Event, last: str) -> Told:
    """Return what a page hears of an event."""
    lines = re.split("\r\n|\r|\n", event.data.decode("utf-8", "replace"))
    return written(event.name) or "message", "\n".join(lines), written(event.id) or last


def differ(random: Random) -> str:
    """Try one stream; return what differed, or an empty string."""
    events = [
        Event(payload(random), id=random.choice(NAMES), name=random.choice(NAMES))
        for _ in range(random.randint(1, 5))
    ]
    first, again = random.choice(NAMES), random.choice(NAMES)
    between = [random.choice((b"", HEARTBEAT, comment(random.randint(3, 40)))) for _ in events]
    stream = opening(1.5, first, random.randrange(9)) + location(again)
    stream += b"".join(encode([event]) + more for event, more in zip(events, between, strict=True))
    source = listen(stream)
    expected, last = [], written(first)
    for event in events:
        kind, data, last = heard(event, last)
        expected.append((kind, data, last))
    comments = 1 + sum(map(bool, between))
    if (source.told, source.last, source.retry, source.comments) != (expected, last, 1500, comments):
        return f"{events!r} heard as {source}, not {expected!r}"
    if source.others != [("location", written(again))] * bool(written(again)):
        return f"{again!r} heard as {source.others!r}"
    if encode(events) != b"".join(encode([event]) for event in events):
        return f"{events!r} look different together"
    return ""


if __name__ == "__main__":
    sys.exit(main(differ))
