# -*- test-case-name: tests.adapters.irc.test_forms -*-
"""How a client's lines and messages go together: IRCv3 WebSocket, its legacy clients, and plain TCP."""

from __future__ import annotations

from dataclasses import dataclass

from kaazing.closecodes import WRONG_TYPE
from kaazing.errors import FrameViolation, ProtocolViolation, Side
from kaazing.interfaces.adapters import Kind, Link
from kaazing.wire.irc import WEBSOCKET

TEXT, BINARY = "text.ircv3.net", "binary.ircv3.net"


@dataclass(frozen=True, slots=True)
class Form:
    """What the client sends and wants to be sent.

    Attributes:
        kind: of the messages to the client.
        strict: whether a message of the client is one line and of this kind (a subprotocol was agreed on).
        stream: whether lines end with CR LF, also those to the client, and messages mean nothing; or
            else a line ends where its message does.
        text: whether the client is to get UTF-8 only.
    """

    kind: Kind
    strict: bool = False
    stream: bool = False
    text: bool = False

    def lines(self, data: bytes, kind: Kind, offset: int) -> bytes:
        """Return what a message of the client brings to the stream of its lines.

        Args:
            data: as it came.
            kind: likewise.
            offset: of the open line in that stream, for errors.

        Raises:
            ProtocolViolation: the message is not one line, or of the wrong kind.
        """
        if self.stream:
            return data
        if data.endswith(b"\n"):  # forbidden, and harmless
            data = data[:-2] if data.endswith(b"\r\n") else data[:-1]
        if self.strict:
            if kind != self.kind:  # a plain number where many messages come
                raise FrameViolation(
                    f"message that is not {self.kind.name.lower()}",
                    side=Side.FRONT,
                    offset=offset,
                    rule=WEBSOCKET,
                    close_code=WRONG_TYPE,
                )
            if b"\n" in data or b"\r" in data:
                what = "message of more than one line"
                raise ProtocolViolation(what, side=Side.FRONT, offset=offset, rule=WEBSOCKET)
        return data + b"\r\n"


def agreed(link: Link) -> Form | None:
    """Return the form that the handshake settled, None where the client's first message does."""
    if not link.messages:
        return Form(Kind.BINARY, stream=True)
    if link.subprotocol == TEXT:
        return Form(Kind.TEXT, strict=True, text=True)
    return Form(Kind.BINARY, strict=True) if link.subprotocol == BINARY else None


def shown(data: bytes, kind: Kind) -> Form:
    """Return the form of a client without a subprotocol whose first message is this: what it sends is
    what it gets, text or binary, with ends of lines or one line a message."""
    return Form(Kind(kind), stream=b"\n" in data, text=kind == Kind.TEXT)
