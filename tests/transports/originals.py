"""The original's clients, as far as their bytes go, at a door in memory."""

from __future__ import annotations

import re

from tests.transports.doors import House, Wire
from tests.wire.framing import raw

Message = tuple[int, bytes]

TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9
STAYS = (BINARY, b"\xef\x83\xbfN")
END = (BINARY, b"")

SWITCHED = (
    b"HTTP/1.1 101 Web Socket Protocol Handshake\r\n"
    b"Server: Kaazing\r\n"
    b"Upgrade: WebSocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    b"Sec-WebSocket-Protocol: x-kaazing-handshake\r\n\r\n"
)
"""The answer to the opening request."""


def inside(*fields: bytes, status: bytes = b"101 Web Socket Protocol Handshake") -> Message:
    """Return the message with an answer inside the WebSocket, without its Date."""
    return BINARY, b"".join(
        line + b"\r\n" for line in (b"HTTP/1.1 " + status, *fields, b"Server: Kaazing", b"")
    )


def welcome(*fields: bytes) -> Message:
    """Return the message that lets the client in."""
    return inside(
        b"Upgrade: WebSocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        *fields,
    )


class Original:
    """A client that offers the extended handshake.

    Attributes:
        wire: its connection.
    """

    def __init__(
        self,
        house: House,
        path: bytes = b"/chat?.kl=Y",
        protocols: bytes = b"x-kaazing-handshake",
        *more: bytes,
    ) -> None:
        """Send the opening request, with more header fields."""
        self.wire: Wire = house.visitor()
        fields = (
            b"Host: example.com:8000",
            b"Connection: Upgrade",
            b"Upgrade: websocket",
            b"Sec-WebSocket-Version: 13",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            b"Sec-WebSocket-Protocol: " + protocols,
            *more,
        )
        self.wire.say(b"GET " + path + b" HTTP/1.1\r\n" + b"\r\n".join(fields) + b"\r\n\r\n")

    @property
    def head(self) -> bytes:
        """The answer to the opening request."""
        return bytes(self.wire.value()).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"

    @property
    def heard(self) -> list[Message]:
        """The frames behind it, (opcode, payload); Date fields are taken out."""
        data = self.wire.value()[len(self.head) :]
        frames = []
        while data:
            size, start = data[1], 2
            if size == 126:
                size, start = int.from_bytes(data[2:4], "big"), 4
            frames.append((data[0] & 15, re.sub(rb"Date: [^\r]*\r\n", b"", data[start : start + size])))
            data = data[start + size :]
        return frames

    def say(self, *messages: Message, cut: int = 0) -> None:
        """Send whole frames."""
        self.wire.say(b"".join(raw(kind, payload) for kind, payload in messages), cut)
