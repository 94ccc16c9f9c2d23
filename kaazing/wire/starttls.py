# -*- test-case-name: tests.wire.test_starttls -*-
"""What is said in clear before TLS begins.  RFC 3501 section 6.2.1, RFC 2595 section 4, RFC 3207."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from typing import Final

from kaazing.errors import ConnectError

MOST = 8192  # bytes that a backend may say in clear, all its lines together
_QUOTED = 100  # bytes of a line that an error quotes
_CODES: Final = re.compile(rb"\A(?: *\[[^\]]*\])+ ?")  # resp-text-code, RFC 3501 section 9

Talk = Generator[bytes, bytes, bytes]
"""Yields what to say, empty for nothing; is sent the backend's next line; returns the greeting."""


class Dialogue:
    """One conversation in clear: the backend's greeting, the request for TLS, the consent.

    Attributes:
        greeting: None until TLS may begin; from then on what the client is told for a greeting.
    """

    def __init__(self, protocol: str, host: str) -> None:
        """Wait for a greeting.

        Args:
            protocol: one of L{PROTOCOLS}.
            host: the gateway's address on this connection, for those who want to be told.
        """
        self.greeting: bytes | None = None
        self._talk = PROTOCOLS[protocol](host)
        next(self._talk)
        self._open = bytearray()  # the line not yet ended
        self._left = MOST  # bytes that may still come

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take the next bytes, cut anywhere; yield what is to be said to the backend.

        Raises:
            ConnectError: while iterating: the backend does not consent, or breaks a rule. What it says
                in clear behind its consent is such a breach, and reaches nobody (RFC 3207 section 6).
        """
        self._open += data
        return self._answers()

    def _answers(self) -> Iterator[bytes]:
        while self.greeting is None and (end := self._open.find(b"\n", 0, self._left) + 1):
            line = bytes(self._open[:end])
            del self._open[:end]
            self._left -= end
            if not line.endswith(b"\r\n"):
                raise ConnectError(f"a line in clear that ends without CR: {_shown(line)}")
            try:
                say = self._talk.send(line)
            except StopIteration as done:
                self.greeting = done.value
            else:
                if say:
                    yield say
        if self.greeting is not None and self._open:
            raise ConnectError("the backend sent bytes in clear behind its consent to TLS")
        if self.greeting is None and len(self._open) >= self._left:
            raise ConnectError(f"more than {MOST} bytes in clear, and TLS has not begun")


def _imap(host: str) -> Talk:
    """RFC 3501 sections 7.1 and 6.2.1.

    A code in the greeting is for clients to act on, and that of CAPABILITY is not to be believed once
    TLS has begun, so there is none in what the client gets.
    """
    greeting = yield b""
    if greeting.upper().startswith(b"* PREAUTH "):
        raise ConnectError("greets with PREAUTH, behind which there is no STARTTLS (RFC 3501 section 6.2)")
    if not greeting.upper().startswith(b"* OK "):
        raise _no_greeting("IMAP", greeting)
    line = yield b"a STARTTLS\r\n"
    while line.startswith(b"* ") and not line.upper().startswith(b"* BYE "):
        line = yield b""
    if not line.startswith(b"a ") or line[2:5].upper() != b"OK ":
        raise _no_consent(line)
    text = _CODES.sub(b"", greeting[5:])
    return greeting[:5] + (text if text.strip() else b"ready\r\n")  # text may not be empty


def _pop3(host: str) -> Talk:
    """RFC 1939 section 4, RFC 2595 section 4; what APOP needs of the greeting stays in it."""
    greeting = yield b""
    if not _positive(greeting):
        raise _no_greeting("POP3", greeting)
    line = yield b"STLS\r\n"
    if not _positive(line):
        raise _no_consent(line)
    return greeting


def _positive(line: bytes) -> bool:
    return line[:3].upper() == b"+OK" and line[3:4] in (b" ", b"\r")


def _smtp(host: str) -> Talk:
    """RFC 3207 section 4; what is said before TLS is forgotten then, so the client's EHLO is the first."""
    literal = f"IPv6:{host.partition('%')[0]}" if ":" in host else host  # RFC 5321 section 4.1.3
    greeting = yield from _reply(b"", b"220")
    if not _in_order(greeting, b"220"):
        raise _no_greeting("SMTP", greeting[-1])
    offered = yield from _reply(f"EHLO [{literal}]\r\n".encode("ascii"), b"250")
    if not _in_order(offered, b"250"):
        raise ConnectError(f"answers EHLO with {_shown(offered[-1])}")
    if not any(line[4:].strip().upper() == b"STARTTLS" for line in offered[1:]):
        raise ConnectError("does not offer STARTTLS (RFC 3207 section 2)")
    consent = yield from _reply(b"STARTTLS\r\n", b"220")
    if not _in_order(consent, b"220"):
        raise _no_consent(consent[-1])
    return b"".join(greeting)


def _reply(say: bytes, code: bytes) -> Generator[bytes, bytes, list[bytes]]:
    """Say something; return the lines of the reply (RFC 5321 section 4.2.1), the last of any code."""
    lines = [(yield say)]
    while lines[-1].startswith(code + b"-"):
        lines.append((yield b""))
    return lines


def _in_order(lines: list[bytes], code: bytes) -> bool:
    return lines[-1].startswith((code + b" ", code + b"\r"))


def _no_greeting(protocol: str, line: bytes) -> ConnectError:
    return ConnectError(f"greets with {_shown(line)}, which lets nobody in by {protocol}")


def _no_consent(line: bytes) -> ConnectError:
    return ConnectError(f"does not consent to TLS: {_shown(line)}")


def _shown(line: bytes) -> str:
    """Return the beginning of a line in quotes, all but printable ASCII escaped."""
    return ascii(line.rstrip(b"\r\n")[:_QUOTED].decode("latin-1"))


PROTOCOLS: dict[str, Callable[[str], Talk]] = {"imap": _imap, "pop3": _pop3, "smtp": _smtp}
"""Value of the connect-option starttls -> how the protocol comes to TLS."""
