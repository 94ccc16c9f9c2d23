# -*- test-case-name: tests.test_errors -*-
"""Every error that the gateway raises on purpose; each message is whole without a traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from enum import Enum


class Side(Enum):
    """Who sent the bytes; the value is the word people read in a log."""

    FRONT = "client"
    BACK = "backend"


class GatewayError(Exception):
    """The root of all errors raised on purpose."""


class ConfigError(GatewayError):
    """One thing wrong in a configuration file.

    Attributes:
        file: the file's name, as it was given.
        line: line of the element at fault, from 1; 0 where the whole file is meant.
        what: what is wrong, and the remedy where one is known.
    """

    def __init__(self, what: str, *, file: str = "", line: int = 0) -> None:
        where = f"{file}:{line}" if line else file
        super().__init__(f"{where}: {what}" if where else what)
        self.what, self.file, self.line = what, file, line


class ConfigErrors(GatewayError):
    """All that is wrong in a configuration, in line order.

    Attributes:
        errors: the errors, at least one.
    """

    def __init__(self, errors: Iterable[ConfigError]) -> None:
        self.errors: Sequence[ConfigError] = sorted(errors, key=lambda e: (e.file, e.line))
        super().__init__("\n".join(map(str, self.errors)))


class PluginError(GatewayError):
    """A plugin is unknown, declared twice, or does not keep its promises."""


class ListenError(GatewayError, SystemExit):
    """An address could not be bound; the message names the service and the accept.

    Where nobody catches it, Python prints the message alone and exits with 1: twistd has no other
    way to refuse to start without a traceback.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.code = what


class BrokerLost(GatewayError):
    """A message broker is not there, or was lost before it answered; the message is a sentence that clients
    may read, and it may be better later."""


class BrokerRefused(GatewayError):
    """A message broker does not do what it was asked, nor will later; the message is a sentence that clients
    may read."""


class ConnectError(GatewayError):
    """A backend could not be reached; the message names the address and what went wrong."""


class BadRequest(GatewayError):
    """An HTTP request head that is refused before any service sees it.

    Attributes:
        status: HTTP status code to answer with.
        rule: what forbids it, e.g. "RFC 9112 section 3.2".
        headers: more response headers, (name, value) pairs.
    """

    def __init__(
        self, status: int, what: str, *, rule: str, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        super().__init__(f"{status}: {what} ({rule})")
        self.status, self.what, self.rule, self.headers = status, what, rule, headers


class LoginError(GatewayError):
    """A client has not proved who it is; nothing in the message is for the client, and no secret is in it."""


class LoginMissing(LoginError):
    """It gave nothing that could be looked at."""


class LoginRefused(LoginError):
    """What it gave is wrong."""


class LoginStale(LoginRefused):
    """What it gave does not count, here or any more, and is nothing that anybody guesses: a client that comes
    again may well show its last token or ticket."""


class Challenged(LoginError):
    """It has to say more first.

    Attributes:
        data: what stands behind the scheme in WWW-Authenticate (RFC 9110 section 11.3); empty for nothing.
    """

    def __init__(self, what: str, data: str = "") -> None:
        super().__init__(what)
        self.data = data


class LoginUnavailable(LoginError):
    """Nobody could say: a directory, a key or a thread was not to be had."""


class StayOver(GatewayError):
    """A client that was let in may stay no longer; the client reads the message.

    Attributes:
        code: the WebSocket close code.
    """

    def __init__(self, what: str, code: int) -> None:
        super().__init__(what)
        self.code = code


class ProtocolViolation(GatewayError):
    """The peer sent bytes that its protocol forbids; the connection cannot go on.

    Attributes:
        what: the fault, one sentence without the place.
        side: who sent them.
        offset: place of the first bad byte in that side's stream, in bytes from 0.
        rule: what forbids them, e.g. "RFC 2812 section 2.3".
    """

    def __init__(self, what: str, *, side: Side, offset: int, rule: str) -> None:
        super().__init__(f"{side.value} byte {offset}: {what} ({rule})")
        self.what, self.side, self.offset, self.rule = what, side, offset, rule


class FrameViolation(ProtocolViolation):
    """A peer's WebSocket frames break RFC 6455.

    Attributes:
        close_code: 1002, 1007 or 1009 (RFC 6455 section 7.4.1).
    """

    def __init__(self, what: str, *, side: Side, offset: int, rule: str, close_code: int) -> None:
        super().__init__(what, side=side, offset=offset, rule=rule)
        self.close_code = close_code


def suggest(name: str, known: Iterable[str]) -> str:
    """Return C{"; did you mean 'x'?"} for the known name nearest to C{name}, or an empty string."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
