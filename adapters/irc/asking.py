# -*- test-case-name: tests.adapters.irc.test_asking -*-
"""What a client says to log in, where the gateway's login depends on it: PASS, or SASL PLAIN.

IRCv3 Capability Negotiation and SASL 3.1, the server's part until the client has said its password.
"""

from __future__ import annotations

import binascii
from base64 import b64decode

from kaazing.errors import ProtocolViolation, Side
from kaazing.interfaces.adapters import AskLogin
from kaazing.wire.irc import Line, parse
from kaazing.wire.sasl import said_plain

_CHUNK = 400  # bytes of AUTHENTICATE; one that is shorter is the last
_MOST_LINE = 8192  # bytes; nothing of PASS and AUTHENTICATE goes on to the backend
_MOST_SAID = 16 * 1024  # bytes of all lines, or of all chunks
_MOST_LINES = 100
_RULE = "docs/protocols/irc.md"


class Asking:
    """One client until its password is known; what it says else goes on to the backend later.

    Attributes:
        question: what there is to ask, None as long as the client has not said its password, or that it has
            none.
        by_sasl: whether it was said by SASL, so that the client waits for a numeric.
    """

    __slots__ = (
        "_chunks",
        "_kept",
        "_lines",
        "_negotiates",
        "_offset",
        "_open",
        "_size",
        "by_sasl",
        "question",
    )

    def __init__(self) -> None:
        self.question: AskLogin | None = None
        self.by_sasl = False
        self._open = b""  # the line not yet ended, and what is behind the password
        self._kept: list[bytes] = []
        self._chunks: list[str] | None = None  # of AUTHENTICATE, once the client has named PLAIN
        self._negotiates = False  # the client has begun CAP
        self._size = self._lines = self._offset = 0

    def feed(self, data: bytes) -> list[Line]:
        """Take the next bytes of the stream of lines; return what the client is answered.

        Raises:
            ProtocolViolation: too long a line, or too much of it all.
        """
        answers: list[Line] = []
        self._open += data
        while self.question is None and (end := self._open.find(b"\n") + 1):
            wire, self._open = self._open[:end], self._open[end:]
            self._count(wire)
            answers += self._hear(wire)
        if self.question is None and len(self._open) > _MOST_LINE:
            raise self._fault(f"a line of more than {_MOST_LINE} bytes")
        return answers

    def rest(self) -> bytes:
        """Return what goes on to the backend, in its order."""
        return b"".join(self._kept) + self._open

    def _count(self, wire: bytes) -> None:
        if len(wire) > _MOST_LINE:
            raise self._fault(f"a line of more than {_MOST_LINE} bytes")
        self._offset += len(wire)
        self._size += len(wire)
        self._lines += 1
        if self._size > _MOST_SAID or self._lines > _MOST_LINES:
            raise self._fault(f"more than {_MOST_LINES} lines or {_MOST_SAID} bytes before the password")

    def _hear(self, wire: bytes) -> list[Line]:
        text = wire.removesuffix(b"\n").removesuffix(b"\r")
        line = None if b"\0" in text or b"\r" in text else _line(text)
        if line is None:  # whoever passes it on says what is wrong with it
            self._kept.append(wire)
            return []
        match line.command.upper():
            case "PASS":
                self.question = AskLogin("", line.parameter(0))
            case "CAP":
                return self._negotiate(line)
            case "AUTHENTICATE":
                return self._authenticate(line.parameter(0))
            case "USER" if not self._negotiates:
                self._kept.append(wire)
                self.question = AskLogin()
            case _:
                self._kept.append(wire)
        return []

    def _negotiate(self, line: Line) -> list[Line]:
        match line.parameter(0).upper():
            case "LS":
                self._negotiates = True
                offer = "sasl=PLAIN" if line.parameter(1).isdigit() else "sasl"
                return [Line("CAP", ("*", "LS", offer))]
            case "REQ":
                self._negotiates = True
                wanted = line.parameters[-1][:_CHUNK]
                agreed = wanted.split() == ["sasl"]
                return [Line("CAP", ("*", "ACK" if agreed else "NAK", wanted))]
            case "LIST":
                return [Line("CAP", ("*", "LIST", ""))]
            case "END":
                self.question = AskLogin()
        return []

    def _authenticate(self, parameter: str) -> list[Line]:
        if parameter == "*":
            self._chunks = None
            return [Line("906", ("*", "SASL authentication aborted"))]
        if self._chunks is None:
            if parameter.upper() == "PLAIN":
                self._chunks = []
                return [Line("AUTHENTICATE", ("+",))]
            failed = Line("904", ("*", "SASL authentication failed"))
            return [Line("908", ("*", "PLAIN", "are available SASL mechanisms")), failed]
        if len(parameter) > _CHUNK:
            self._chunks = None
            return [Line("905", ("*", "SASL message too long"))]
        self._chunks.append("" if parameter == "+" else parameter)
        if len(parameter) < _CHUNK:
            self.by_sasl = True
            self.question = AskLogin(*_plain("".join(self._chunks)))
        return []

    def _fault(self, what: str) -> ProtocolViolation:
        return ProtocolViolation(what, side=Side.FRONT, offset=self._offset, rule=_RULE)


def _line(text: bytes) -> Line | None:
    try:
        return parse(text)
    except ValueError:  # there is no command in it
        return None


def _plain(written: str) -> tuple[str, str]:
    try:
        return said_plain(b64decode(written, validate=True))
    except (binascii.Error, ValueError):
        return "", ""
