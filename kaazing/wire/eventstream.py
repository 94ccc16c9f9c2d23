# -*- test-case-name: tests.wire.test_eventstream -*-
"""Server-sent events, as they are written: one event, a comment, what a stream begins with.

WHATWG HTML standard, section "Server-sent events", "Parsing an event stream". A payload that is no
UTF-8 is repaired with U+FFFD, because the stream can carry nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kaazing.interfaces.feeds import Event

CONTENT_TYPE = b"text/event-stream"
HEARTBEAT = b":\n\n"
"""A comment that keeps a silent connection known to all between."""

RECONNECT = b"reconnect\n\n"
"""Tells a client of the original to come again at once; others ignore the field."""

_NOT_IN_FIELD = re.compile("[\r\n\0]")  # these end a line, or make a parser ignore an id


def encode(events: Iterable[Event]) -> bytes:
    """Return events as a client reads them, in order."""
    return b"".join([_event(event) for event in events])


def opening(retry: float, id: str = "", padding: int = 0) -> bytes:
    """Return what a stream begins with: a comment, the time to wait, and where in the feed it begins.

    Args:
        retry: seconds that a client waits before it comes again.
        id: remembered by the client as if an event had carried it; empty for none.
        padding: bytes of the comment.
    """
    return b":%b\nretry:%d\n%b\n" % (b" " * padding, round(retry * 1000), _field(b"id", id))


def location(url: str) -> bytes:
    """Return the field that tells a client of the original where to come again."""
    return _field(b"location", url) + b"\n"


def comment(size: int) -> bytes:
    """Return a comment of C{size} bytes, at least 3."""
    return b":%b\n\n" % (b" " * (size - 3))


def _event(event: Event) -> bytes:
    data = event.data
    if not data.isascii():
        data = data.decode("utf-8", "replace").encode()
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = b"".join(map(_data, data.split(b"\n"))) if b"\n" in data else _data(data)
    name = _field(b"event", event.name) if event.name else b""
    id = _field(b"id", event.id) if event.id else b""
    return b"%b%b%b\n" % (name, id, lines)


def _data(line: bytes) -> bytes:
    """A parser takes one space behind the colon off."""
    return b"data: %b\n" % line if line[:1] == b" " else b"data:%b\n" % line


def _field(name: bytes, value: str) -> bytes:
    """Return a field, nothing where its value is empty or would be read as something else."""
    if not value or _NOT_IN_FIELD.search(value):
        return b""
    space = b" " if value[0] == " " else b""
    return b"%b:%b%b\n" % (name, space, value.encode("utf-8", "replace"))
