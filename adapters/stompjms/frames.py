# -*- test-case-name: tests.adapters.stompjms.test_frames -*-
"""Frames for a client, as bytes: CONNECTED, MESSAGE, RECEIPT, ERROR.

A header that STOMP 1.0, which has no escapes, cannot say is left out (STOMP 1.2, Value Encoding).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kaazing.interfaces.brokers import Content, Message
from kaazing.wire.stomp import OPENING, VERSIONS
from kaazing.wire.stomp_messages import headers_of

OWN = len(b"MESSAGE\n")
"""Where in a rendered MESSAGE the receiver's own headers go."""

_SPECIAL = re.compile(r"[\\:\n\r\0]")
_UNSPEAKABLE = re.compile(r"[\n\r\0]")
_ESCAPES: dict[int, dict[int, str]] = {
    11: str.maketrans({"\\": "\\\\", "\n": "\\n", ":": "\\c", "\0": "\ufffd"}),
    12: str.maketrans({"\\": "\\\\", "\n": "\\n", ":": "\\c", "\r": "\\r", "\0": "\ufffd"}),
}


def line(name: str, value: str, version: int) -> str:
    """Return a header with its line feed; empty where this version cannot say it."""
    if _SPECIAL.search(name) is None and _SPECIAL.search(value) is None:
        return f"{name}:{value}\n"
    if version > 10:
        escapes = _ESCAPES[version]
        return f"{name.translate(escapes)}:{value.translate(escapes)}\n"
    if ":" in name or _UNSPEAKABLE.search(name) or _UNSPEAKABLE.search(value):
        return ""
    return f"{name}:{value}\n"


def frame(command: str, headers: Iterable[tuple[str, str]], version: int, body: bytes = b"") -> bytes:
    """Return a whole frame; what is not Unicode in a header is replaced by a question mark."""
    lines = "".join(line(name, value, version) for name, value in headers)
    return f"{command}\n{lines}\n".encode("utf-8", "replace") + body + b"\0"


def rendered(message: Message, version: int) -> bytes:
    """Return a message's frame without what is the receiver's own: C{subscription}, and C{ack}.

    It has a content-length where the body is bytes or contains NUL: clients of ActiveMQ take a message
    without one for text.
    """
    headers = [("destination", str(message.destination)), ("message-id", message.message_id)]
    if message.reply_to is not None:
        headers.append(("reply-to", str(message.reply_to)))
    headers += headers_of(message)
    if message.content is Content.BYTES or b"\0" in message.body:
        headers.append(("content-length", str(len(message.body))))
    return frame("MESSAGE", headers, version, message.body)


class Latest:
    """Messages rendered; the latest of each version is kept, since many may be told it."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Message, bytes]] = {}

    def rendered(self, message: Message, version: int) -> bytes:
        """As the function of this name."""
        kept = self._kept.get(version)
        if kept is None or kept[0] is not message:
            kept = self._kept[version] = message, rendered(message, version)
        return kept[1]


def receipt(id: str, version: int) -> bytes:
    """Return the RECEIPT of that id."""
    return frame("RECEIPT", [("receipt-id", id)], version)


def error(why: str, version: int, receipt: str | None = None) -> bytes:
    """Return an ERROR frame: C{why} as its header C{message}, in one line, and as its body.

    Args:
        version: 0 before there is one: the frame then names those that there are.
        receipt: of the frame that it answers, None for none.
    """
    headers = [("message", " ".join(why.replace("\0", " ").split())), ("content-type", "text/plain")]
    if version == OPENING:
        headers.insert(1, ("version", ",".join(VERSIONS)))
    elif receipt is not None:
        headers.insert(0, ("receipt-id", receipt))
    body = why.encode("utf-8", "replace")
    headers.append(("content-length", str(len(body))))
    return frame("ERROR", headers, version, body)


def connected(headers: Iterable[tuple[str, str]]) -> bytes:
    """Return a CONNECTED frame, which knows no escapes in any version; what it cannot say is left out."""
    return frame("CONNECTED", headers, OPENING)
