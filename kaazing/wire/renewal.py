# -*- test-case-name: tests.wire.test_renewal -*-
"""Renewing a login inside an open connection: text messages that begin with U+F0FF.

Only with a client that offered the subprotocol C{kaazing.renewal}. docs/protocols/login.md, "Renewing in
the connection".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from kaazing.errors import FrameViolation, Side
from kaazing.wire.frames import BINARY, TEXT, valid_utf8

MARK = "\uf0ff".encode()
MOST = 16 * 1024  # bytes of a credential
RULE = "docs/protocols/login.md"

_ESCAPE = MARK + b"E"


class Word(Enum):
    """What a message says, by the character behind the mark."""

    LASTS = "L"
    """Gateway: so many seconds, from now, does the login last; without a number it has no end."""
    SOON = "W"
    """Gateway: it runs out in so many seconds; a new credential is wanted."""
    REFUSED = "X"
    """Gateway: the credential is no good; all stays as it was."""
    AUTHORIZATION = "A"
    """Client: a new credential, as it would stand in the field Authorization."""
    TICKET = "T"
    """Client: a new ticket."""


_FROM_CLIENTS = {b"A": Word.AUTHORIZATION, b"T": Word.TICKET}


@dataclass(frozen=True, slots=True)
class Credential:
    """What a client shows anew."""

    word: Word
    value: str = field(repr=False)


def message(word: Word, seconds: int | None = None) -> bytes:
    """Return a message of the gateway's."""
    return MARK + f"{word.value}{'' if seconds is None else seconds}".encode()


def take(data: bytes, kind: int) -> bytes | Credential:
    """Return a whole message of the application's as it was before it was escaped, or a credential.

    Raises:
        FrameViolation: it begins like a message of ours and is none; the offset is in the message.
    """
    if kind != TEXT or not data.startswith(MARK):
        return data
    letter, value = data[len(MARK) : len(MARK) + 1], data[len(MARK) + 1 :]
    if letter == b"E":
        return value
    word = _FROM_CLIENTS.get(letter)
    if word is None:
        raise _bad("text that begins like a renewal and is none, and is not escaped")
    if len(value) > MOST or not value or any(byte < 0x20 or byte > 0x7E for byte in value):
        raise _bad("a credential that is empty, too long or not of printable ASCII")
    return Credential(word, value.decode("ascii"))


def escape(messages: Sequence[bytes], kind: int) -> Sequence[bytes]:
    """Return messages of C{kind}, those that would be taken for ours escaped."""
    if kind == BINARY or not any(data.startswith(MARK) for data in messages):
        return messages
    return list(_escaped(messages, kind))


def _escaped(messages: Sequence[bytes], kind: int) -> Iterable[bytes]:
    for data in messages:
        text = data.startswith(MARK) and (kind == TEXT or valid_utf8(data))
        yield _ESCAPE + data if text else data


def _bad(what: str) -> FrameViolation:
    return FrameViolation(what, side=Side.FRONT, offset=len(MARK), rule=RULE, close_code=1002)
