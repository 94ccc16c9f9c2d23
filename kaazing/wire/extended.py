# -*- test-case-name: tests.wire.test_extended -*-
"""The extended handshake of the original's clients, and its extensions: a second handshake in messages.

A client that offers the subprotocol C{x-kaazing-handshake} first speaks HTTP once more inside the open
WebSocket, so that it sees challenges and redirects, which browsers keep to themselves. See
docs/protocols/websocket.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from kaazing.errors import BadRequest, FrameViolation, Side
from kaazing.wire.frames import BINARY, TEXT, valid_utf8
from kaazing.wire.heads import FIELD, MAX_HEAD, TOKEN, Head, response_head, subprotocols

HANDSHAKE = "x-kaazing-handshake"
IDLE_TIMEOUT = "x-kaazing-idle-timeout"
PING_PONG = "x-kaazing-ping-pong"

STATUS_LINE = b"HTTP/1.1 101 Web Socket Protocol Handshake\r\n"  # compared whole by the Java client

CONTROL = b"\1\1\1\2"  # what a text message of the ping-pong extension begins with
PING = CONTROL + b"\x09\0"
PONG = CONTROL + b"\x0a\0"

NOT_BALANCED = "\uf0ffN".encode()  # the balancer message of one that stays

_HONOURED = {
    "authorization": "authorization",
    "websocket-protocol": "protocols",
    "x-websocket-protocol": "protocols",
    "sec-websocket-protocol": "protocols",
    "websocket-extensions": "extensions",
    "x-websocket-extensions": "extensions",
    "sec-websocket-extensions": "extensions",
    "host": "",
    "connection": "",
}
"""Fields that the inner request may have, by lower-case name: what is read of each."""

# Nothing stands behind the possessive group: Python 3.11.0 to 3.11.2 do not go back to its last whole turn.
_REQUEST = re.compile(rf"GET ([!\"$-~]*+) HTTP/1\.1((?:\r\n{FIELD})*+)")
_END = "\r\n\r\n"
_LIST = re.compile(rf"{TOKEN}++(?:[ \t]*+,[ \t]*+{TOKEN}++)*")
_OURS = re.compile(r"\.k(?!at=)[a-z]{1,3}=.*")  # what is for the gateway in a query, but for tickets


def offered(head: Head) -> bool:
    """Return whether a client offers the extended handshake before all else."""
    return subprotocols(head)[:1] == (HANDSHAKE,)


def redirection(target: str) -> bytes:
    """Return the balancer message that sends a client to another WebSocket URL."""
    return f"\uf0ffR{target}".encode()


@dataclass(frozen=True, slots=True)
class Manner:
    """What the query of the opening request says of the client (C{.kl}, C{.kv}).

    Attributes:
        balanced: whether it waits for a balancer message before its inner request, and after the answer.
        ends: whether it waits for an empty message behind each answer.
        query: what is for the service.
    """

    balanced: bool
    ends: bool
    query: str


def manner(query: str) -> Manner:
    """Read the query of an opening request."""
    params = query.split("&")
    balanced = ".kl=Y" in params
    rest = "&".join(param for param in params if not _OURS.fullmatch(param))
    return Manner(balanced, balanced or ".kv=10.05" in params, rest)


@dataclass(frozen=True, slots=True)
class Inner:
    """The request in the first message.

    Attributes:
        protocols: subprotocols, in the client's order.
        extensions: names of the extensions asked for, lower case.
        authorization: credentials; None for none.
    """

    protocols: tuple[str, ...]
    extensions: tuple[str, ...]
    authorization: str | None = field(repr=False)


def read(data: bytes, opening: Head) -> Inner:
    """Read the message with the inner request.

    Raises:
        BadRequest: it is no whole GET for the path of the opening request, has fields other than those
            that are honoured, or has one of them twice.
    """
    if len(data) > MAX_HEAD:
        raise BadRequest(431, f"head of more than {MAX_HEAD} bytes", rule="RFC 6585 section 5")
    text = data.decode("latin-1")
    match = _REQUEST.fullmatch(text.removesuffix(_END))
    if match is None or not text.endswith(_END):
        raise _bad("a message that is not one whole GET request of HTTP/1.1")
    if (match[1].partition("?")[0] or "/") != opening.path:  # the JavaScript client sends no path for none
        raise _bad("a path other than that of the opening request")
    values: dict[str, str] = {}
    for line in match[2].split("\r\n")[1:]:
        name, _, value = line.partition(":")
        what = _HONOURED.get(name.lower())
        value = value.strip()
        if what is None:
            raise _bad("a field that the extended handshake does not have")
        if what and value:  # of protocols, an empty field stands beside the one that counts
            if what in values:
                raise _bad(f"{what} more than once")
            values[what] = value
    protocols = _tokens(values.get("protocols", ""))
    if len(set(protocols)) < len(protocols):
        raise _bad("subprotocols that are not different")
    asked = (item.partition(";")[0].strip().lower() for item in values.get("extensions", "").split(","))
    return Inner(protocols, tuple(name for name in asked if name), values.get("authorization"))


def _tokens(value: str) -> tuple[str, ...]:
    if value and not _LIST.fullmatch(value):
        raise _bad("subprotocols that are no list of tokens")
    return tuple(name.strip() for name in value.split(",")) if value else ()


def answer(status: int, fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the message with the head of the answer to an inner request."""
    head = response_head(status, fields)
    return STATUS_LINE + head.partition(b"\r\n")[2] if status == 101 else head


def _bad(what: str) -> BadRequest:
    return BadRequest(400, what, rule="docs/protocols/websocket.md")


class Sign(Enum):
    """What a text message of the ping-pong extension is, where it is none of the application's."""

    PING = PING
    PONG = PONG
    ESCAPE = CONTROL


class Signs:
    """The text messages of one client with the ping-pong extension: signs, and the application's own.

    The application's own that begin like a sign follow an escape.
    """

    __slots__ = ("_escaped", "_offset")

    def __init__(self) -> None:
        self._escaped = False
        self._offset = 0  # payload so far, bytes

    def take(self, data: bytes, kind: int) -> Sign | None:
        """Return what a whole message is; None for one of the application's.

        Raises:
            FrameViolation: it begins like a sign and is none; the offset is in the payload of all messages.
        """
        offset, self._offset = self._offset, self._offset + len(data)
        if kind != TEXT:
            return None
        escaped, self._escaped = self._escaped, False
        if escaped or not data.startswith(CONTROL):
            return None
        try:
            sign = Sign(data)
        except ValueError:
            raise FrameViolation(
                "text that begins like a ping and is none, and is not escaped",
                side=Side.FRONT,
                offset=offset,
                rule=PING_PONG,
                close_code=1002,
            ) from None
        self._escaped = sign is Sign.ESCAPE
        return sign


def escape(messages: Sequence[bytes], kind: int) -> list[bytes]:
    """Return messages of C{kind} with an escape before each text that begins like a sign."""
    return [item for message in messages for item in _escaped(message, kind)]


def _escaped(message: bytes, kind: int) -> Iterable[bytes]:
    if message.startswith(CONTROL) and kind != BINARY and (kind == TEXT or valid_utf8(message)):
        return CONTROL, message
    return (message,)
