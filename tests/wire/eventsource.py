"""A parser of event streams, line by line as the WHATWG HTML standard says it.

Section "Server-sent events", "Parsing an event stream" and "Interpreting an event stream".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_LINE_END = re.compile("\r\n|\n|\r")

Told = tuple[str, str, str]  # type, data, last event id


@dataclass
class Source:
    """What an EventSource knows after a stream.

    Attributes:
        told: the events that a page hears of, in order.
        last: the last event id, as it is sent when the stream is asked for again.
        retry: milliseconds to wait; None where none was said.
        others: fields that are not in the standard, (name, value), in order.
        comments: how many.
    """

    told: list[Told] = field(default_factory=list)
    last: str = ""
    retry: int | None = None
    others: list[tuple[str, str]] = field(default_factory=list)
    comments: int = 0


def listen(stream: bytes) -> Source:
    """Return what a stream says; what is no UTF-8 fails, where a browser would replace it."""
    source = Source()
    text = stream.decode().removeprefix("\ufeff")
    data, kind, id = "", "", ""
    *lines, _ = _LINE_END.split(text)  # the last did not end, and is thrown away
    for line in lines:
        if not line:
            source.last = id
            if data:
                source.told.append((kind or "message", data.removesuffix("\n"), source.last))
            data, kind = "", ""
            continue
        name, colon, value = line.partition(":")
        if colon and not name:
            source.comments += 1
            continue
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "data":
            data += value + "\n"
        elif name == "id":
            id = id if "\0" in value else value
        elif name == "retry":
            source.retry = int(value) if re.fullmatch("[0-9]+", value) else source.retry
        else:
            source.others.append((name, value))
    return source
