# -*- test-case-name: tests.security.test_seals -*-
"""Logins at backends that browsers keep, sealed; and which of them are not to be opened any more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kaazing.errors import ConfigError, LoginRefused, LoginUnavailable
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.security import Subject
from kaazing.security.keys import KeyRing, SealBroken, read_private

PREFIX = "kzl1."
"""What the token of a sealed login begins with."""
MOST_TOKEN = 3072
"""Characters of a token: a client of AMQP 0-9-1 has 4096 bytes for it and its properties (section 4.2.3)."""
LONGEST = 366 * 86400.0
"""Seconds that one may live."""

_PURPOSE = "login"
_MOST_USERS = 10_000  # whose revocations are kept
_MOST_EACH = 32  # revocations of one user; beyond, all tokens made for that user so far
_MOST_FILE = 64 * 1024 * 1024


class TokenRefused(LoginRefused):
    """A token does not open here; the message is for the log and has nothing of it.

    Attributes:
        event: "seal-tampered", "seal-foreign", "seal-expired" or "seal-revoked".
    """

    def __init__(self, event: str, what: str) -> None:
        super().__init__(what)
        self.event = event


class Revocations:
    """Tokens that are opened no more, kept until they would have expired.

    A user may revoke so many one by one; with one more, all that were made for that user until then are
    revoked, so that nobody fills the memory.
    """

    def __init__(self, time: Callable[[], float], path: Path | None = None) -> None:
        """Begin with what a file says, where there is one.

        Raises:
            ConfigError: it is there and is no good.
        """
        self._time = time
        self._before: dict[str, list[float]] = {}  # user -> all made until then, keep until then
        self._tokens: dict[str, dict[str, float]] = {}  # user -> digest of a token -> keep until then
        if path is not None and path.exists():
            self._read(path)

    def add(self, user: str, token: str, expires: float) -> None:
        """Revoke a token.

        Raises:
            LoginUnavailable: there is no room for one more user.
        """
        self._make_room(user)
        now = self._time()
        mine = {digest: until for digest, until in self._tokens.get(user, {}).items() if until > now}
        if len(mine) >= _MOST_EACH:
            self.add_all(user, now + LONGEST)
        else:
            self._tokens[user] = {**mine, _digest(token): expires}

    def add_all(self, user: str, expires: float) -> None:
        """Revoke all tokens made for a user until now, of which none is longer good than to C{expires}.

        Raises:
            LoginUnavailable: there is no room for one more user.
        """
        self._make_room(user)
        self._tokens.pop(user, None)
        self._before[user] = [self._time(), expires]

    def has(self, user: str, token: str, made: float) -> bool:
        """Return whether a token is revoked."""
        before = self._before.get(user)
        if before is not None and made <= before[0]:
            return True
        return _digest(token) in self._tokens.get(user, ())

    def text(self) -> str:
        """Return what the file is to say."""
        said = {"kaazing-revoked": 1, "before": self._before, "tokens": self._tokens}
        return json.dumps(said) + "\n"

    def _make_room(self, user: str) -> None:
        if user in self._before or user in self._tokens:
            return
        if len(self._before) + len(self._tokens) >= _MOST_USERS:
            now = self._time()
            self._before = {name: each for name, each in self._before.items() if each[1] > now}
            left = {
                name: {digest: until for digest, until in each.items() if until > now}
                for name, each in self._tokens.items()
            }
            self._tokens = {name: each for name, each in left.items() if each}
            if len(self._before) + len(self._tokens) >= _MOST_USERS:
                raise LoginUnavailable(f"the revocations of {_MOST_USERS} users are kept already")

    def _read(self, path: Path) -> None:
        try:
            said = json.loads(read_private(path, _MOST_FILE))
            if said["kaazing-revoked"] != 1:
                raise ValueError
            self._before = {
                str(user): [float(each[0]), float(each[1])] for user, each in said["before"].items()
            }
            self._tokens = {
                str(user): {str(digest): float(until) for digest, until in each.items()}
                for user, each in said["tokens"].items()
            }
        except (ValueError, LookupError, TypeError, AttributeError):
            raise ConfigError("is no file of revoked tokens", file=str(path)) from None


class Seals:
    """Makes tokens of logins, and logins of tokens."""

    def __init__(self, keys: KeyRing, time: Callable[[], float], revocations: Revocations) -> None:
        self._keys, self._time, self.revocations = keys, time, revocations

    def seal(self, subject: Subject, service: str, login: Login, lifetime: float) -> str:
        """Return the token that stands for a login of a subject at a service for that many seconds.

        Raises:
            ValueError: the subject has no name, the lifetime is none, or the token would be too long.
        """
        if not subject.user:
            raise ValueError("a login is sealed for a user, and nobody is named")
        if not 0 < lifetime <= LONGEST:
            raise ValueError(f"a lifetime is more than 0 and at most {LONGEST:.0f} seconds")
        now = self._time()
        said: dict[str, Any] = {"s": service, "u": subject.user, "n": login.username, "p": login.password}
        said |= {"m": login.mechanism, "a": now, "e": now + lifetime}
        try:
            plain = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        except UnicodeEncodeError:
            raise ValueError("a user or a login that is no UTF-8 cannot be sealed") from None
        token = PREFIX + self._keys.seal(_PURPOSE, plain)
        if len(token) > MOST_TOKEN:
            raise ValueError(f"the token would have more than {MOST_TOKEN} characters")
        return token

    def open(self, token: str, subject: Subject, service: str) -> Login:
        """Return the login that a token stands for.

        Raises:
            TokenRefused: it was not made for them, or not here, was changed, is expired or revoked.
        """
        said = self._opened(token)
        if said["u"] != subject.user or service != said["s"]:
            raise TokenRefused("seal-foreign", "a sealed login of another user or for another service")
        if not self._time() < said["e"]:
            raise TokenRefused("seal-expired", "a sealed login that is expired")
        if self.revocations.has(said["u"], token, said["a"]):
            raise TokenRefused("seal-revoked", "a sealed login that was revoked")
        return Login(username=said["n"], password=said["p"], mechanism=said["m"])

    def revoke(self, token: str, subject: Subject) -> None:
        """Have a token of a subject never be opened again.

        Raises:
            TokenRefused: it was not made here, or for somebody else.
            LoginUnavailable: there is no room for it.
        """
        said = self._opened(token)
        if said["u"] != subject.user:
            raise TokenRefused("seal-foreign", "a sealed login of another user")
        if self._time() < said["e"]:
            self.revocations.add(said["u"], token, said["e"])

    def revoke_all(self, subject: Subject) -> None:
        """Have none of a user's tokens made until now be opened again.

        Raises:
            LoginUnavailable: there is no room for it.
        """
        self.revocations.add_all(subject.user, self._time() + LONGEST)

    def inspect(self, token: str) -> dict[str, Any]:
        """Return what may be shown: service, user, username, made, expires, revoked.

        Raises:
            TokenRefused: it does not open here.
        """
        said = self._opened(token)
        return {
            "service": said["s"],
            "user": said["u"],
            "username": said["n"],
            "made": said["a"],
            "expires": said["e"],
            "revoked": self.revocations.has(said["u"], token, said["a"]),
        }

    def _opened(self, token: str) -> dict[str, Any]:
        if not token.startswith(PREFIX) or len(token) > MOST_TOKEN:
            raise TokenRefused("seal-tampered", "no sealed login")
        try:
            said: dict[str, Any] = json.loads(self._keys.open(_PURPOSE, token.removeprefix(PREFIX)))
        except SealBroken:
            raise TokenRefused("seal-tampered", "a sealed login that was changed, or not made here") from None
        return said


def _digest(token: str) -> str:
    """Return what a token is known by; canonical, so that there is one for each."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]
