# -*- test-case-name: tests.wire.test_sasl -*-
"""SASL (RFC 4422), the client's part: how the gateway proves to a backend who it is.

PLAIN (RFC 4616), EXTERNAL (RFC 4422 appendix A), SCRAM-SHA-1 (RFC 5802) and SCRAM-SHA-256 (RFC 7677).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from scramp import ScramClient, ScramException

from kaazing.errors import GatewayError
from kaazing.interfaces.adapters import Compute, Login

MAX_MESSAGE = 4096
"""Bytes of a message of the server."""
MAX_ITERATIONS = 1_000_000
"""Of SCRAM's hash; about a second of a processor. Fewer than 4096 are refused too (RFC 7677 section 4)."""


class Refused(GatewayError):
    """There can be no login, or the server does not prove itself. No secret is in the message."""


class Conversation(Protocol):
    """One login with one mechanism; every call may raise L{Refused}, and is its last then."""

    mechanism: str

    def first(self) -> bytes | None:
        """Return the initial response, None where the server speaks first; called once, before all else."""

    def answer(self, challenge: bytes) -> bytes | Compute:
        """Return the response to a challenge, or what computes it: C{bytes} as well."""

    def finish(self, data: bytes | None) -> None:
        """The server says that the login is good, with C{data} at the end, None for none."""


class _Told:
    """A mechanism in which the client says all at once."""

    def __init__(self, mechanism: str, message: str) -> None:
        self.mechanism = mechanism
        self._message = message.encode()

    def first(self) -> bytes:
        """See L{Conversation}."""
        return self._message

    def answer(self, challenge: bytes) -> bytes | Compute:
        """See L{Conversation}; there is nothing more to say."""
        raise Refused(f"the server goes on after {self.mechanism} is complete")

    def finish(self, data: bytes | None) -> None:
        """See L{Conversation}; the server proves nothing here."""


def _plain(login: Login) -> Conversation:
    if not login.username or "\0" in login.username + login.password:
        raise Refused("PLAIN needs a username, and no NUL in it or the password (RFC 4616 section 2)")
    return _Told("PLAIN", f"\0{login.username}\0{login.password}")


def said_plain(message: bytes) -> tuple[str, str]:
    """Return the username and the password of a client's PLAIN message (RFC 4616 section 2); both are empty
    where it is none."""
    try:
        _, username, password = message.decode().split("\0")
    except ValueError:  # UnicodeDecodeError is one
        return "", ""
    return username, password


def _external(login: Login) -> Conversation:
    if "\0" in login.username:
        raise Refused("EXTERNAL has no NUL in a username (RFC 4422 appendix A.1)")
    return _Told("EXTERNAL", login.username)


class Scram:
    """SCRAM without channel binding: the server's challenge, the proof, and the server's own proof."""

    def __init__(self, mechanism: str, login: Login, nonce: str | None = None) -> None:
        """C{nonce} is for tests; a random one is made of None.

        Raises:
            Refused: a username or password that SASLprep does not take (RFC 4013), or no username.
        """
        self.mechanism = mechanism
        self._challenged = self._proven = False
        try:
            self._client = ScramClient([mechanism], login.username, login.password, c_nonce=nonce)
        except ScramException as why:
            raise Refused(f"{mechanism} cannot be done with this username or password: {why}") from None

    def first(self) -> bytes:
        """See L{Conversation}."""
        message: str = self._client.get_client_first()
        return message.encode()

    def answer(self, challenge: bytes) -> bytes | Compute:
        """See L{Conversation}; the second challenge is the server's proof, where a protocol has no
        place for it in its word of success (RFC 4422 section 3.6)."""
        if self._challenged:
            self._prove(challenge)
            return b""
        self._challenged = True
        try:
            self._client.set_server_first(self._text(challenge))
        except ScramException as why:
            raise self._refused(why) from None
        if int(self._client.iterations) > MAX_ITERATIONS:
            raise Refused(f"{self.mechanism}: more than {MAX_ITERATIONS} iterations")
        return Compute(self._proof)

    def finish(self, data: bytes | None) -> None:
        """See L{Conversation}."""
        if data:
            self._prove(data)
        if not self._proven:
            raise Refused(f"{self.mechanism}: the server does not prove that it knows the password")

    def _proof(self) -> bytes:
        message: str = self._client.get_client_final()
        return message.encode()

    def _prove(self, data: bytes) -> None:
        try:
            self._client.set_server_final(self._text(data))
        except ScramException as why:
            raise self._refused(why) from None
        self._proven = True

    def _text(self, message: bytes) -> str:
        if len(message) > MAX_MESSAGE:
            raise Refused(f"{self.mechanism}: a message of more than {MAX_MESSAGE} bytes")
        try:
            return message.decode()
        except UnicodeDecodeError:
            raise Refused(f"{self.mechanism}: a message that is not UTF-8") from None

    def _refused(self, why: ScramException) -> Refused:
        return Refused(f"{self.mechanism}: {why}")


def _sha_256(login: Login) -> Conversation:
    return Scram("SCRAM-SHA-256", login)


def _sha_1(login: Login) -> Conversation:
    return Scram("SCRAM-SHA-1", login)


_MECHANISMS = {
    "SCRAM-SHA-256": _sha_256,
    "SCRAM-SHA-1": _sha_1,
    "PLAIN": _plain,
    "EXTERNAL": _external,
}
"""Best first; EXTERNAL is taken only by name, or where there is no username."""


MECHANISMS = tuple(_MECHANISMS)
"""Those that L{choose} knows, the best first."""

NAMES = ("PLAIN", "AMQPLAIN", "EXTERNAL", "SCRAM-SHA-1", "SCRAM-SHA-256")
"""Those that a L{Login} may name; AMQPLAIN is of AMQP 0-9-1 alone, whose adapter speaks it."""


def choose(offered: Iterable[str], login: Login) -> Conversation | None:
    """Begin the login with the mechanism that C{login} names, else with the best that is offered.

    Returns:
        None when there is none that both know.

    Raises:
        Refused: the mechanism cannot carry this login, or it is no Unicode text (lone surrogates).
    """
    try:
        f"{login.username}{login.password}".encode()
    except UnicodeEncodeError:
        raise Refused("a username or password that cannot be written in UTF-8") from None
    if login.mechanism is not None:
        wanted = [login.mechanism.upper()]
    elif login.username:
        wanted = [each for each in _MECHANISMS if each != "EXTERNAL"]
    else:
        wanted = ["EXTERNAL"]
    known = {each.upper() for each in offered}
    for each in wanted:
        if each in known and each in _MECHANISMS:
            return _MECHANISMS[each](login)
    return None
