# -*- test-case-name: tests.security.test_passwords -*-
"""Passwords as a file keeps them: in clear, by bcrypt or by argon2id (RFC 9106)."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from dataclasses import dataclass, field

BCRYPT_COST = 10  # below it, a hash is called weak; 2 ** cost rounds
ARGON2_MEMORY = 19 * 1024  # KiB, likewise, at two passes (OWASP Password Storage)

_BCRYPT = re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}")
_ARGON2 = re.compile(
    r"\$argon2id\$v=19\$m=([0-9]{1,8}),t=([0-9]{1,4}),p=([0-9]{1,3})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,172}"
)
_REMEDY = "make a new one with htpasswd -B, or with argon2 -id -e"
_WEAK = (
    (re.compile(r"\$1\$.*"), "MD5"),
    (re.compile(r"\$apr1\$.*"), "MD5 (apr1)"),
    (re.compile(r"\{SHA\}.*"), "SHA-1"),
    (re.compile(r"\{SSHA\}.*"), "SHA-1 with salt"),
    (re.compile(r"\$5\$.*"), "SHA-256 crypt"),
    (re.compile(r"\$6\$.*"), "SHA-512 crypt"),
    (re.compile(r"\$argon2[id]\$.*"), "argon2 other than argon2id"),
    (re.compile(r"\$y\$.*"), "yescrypt"),
)
_SECRET = os.urandom(32)


@dataclass(frozen=True, slots=True)
class Kept:
    """A password as it is kept.

    Attributes:
        kind: "clear", "bcrypt" or "argon2id".
        text: as it stands in the file, of a clear one its digest under a key of this process.
        weak: whether guessing it is cheaper than it should be today.
    """

    kind: str
    text: bytes = field(repr=False)
    weak: bool = False

    def matches(self, password: str) -> bool:
        """Return whether it is this password; a hash takes milliseconds of computing, and lets other
        threads run meanwhile."""
        said = password.encode("utf-8", "surrogatepass")
        if self.kind == "clear":
            return hmac.compare_digest(self.text, _digest(said))
        if self.kind == "bcrypt":
            return _bcrypt_matches(self.text, said)
        return _argon2_matches(self.text, said)


def read(text: str, *, clear: bool) -> Kept:
    """Return a password that stands in a file.

    Args:
        text: a hash, or the password itself.
        clear: whether it may be the password itself.

    Raises:
        ValueError: with a sentence that does not say the text: a hash that is no longer taken, broken, or
            would take too long or too much memory to check.
    """
    if found := _BCRYPT.fullmatch(text):
        cost = int(found[1])
        if not 4 <= cost <= 16:
            raise ValueError(f"bcrypt with a cost of {cost}: expected 4 to 16; {_REMEDY}")
        return Kept("bcrypt", text.encode(), cost < BCRYPT_COST)
    if found := _ARGON2.fullmatch(text):
        return _argon2(text, *map(int, found.groups()))
    for pattern, name in _WEAK:
        if pattern.fullmatch(text):
            raise ValueError(f"a hash by {name} is not taken; {_REMEDY}")
    if text.startswith(("$2", "$argon2")):
        raise ValueError(f"a broken hash by bcrypt or argon2; {_REMEDY}")
    if not clear:
        raise ValueError(f"neither a hash by bcrypt nor one by argon2id; {_REMEDY}")
    if not text:
        raise ValueError("a password must not be empty")
    return Kept("clear", _digest(text.encode()))


def _argon2(text: str, memory: int, passes: int, lanes: int) -> Kept:
    if memory > 1024 * 1024 or not 1 <= passes <= 64 or not 1 <= lanes <= 64 or memory < 8 * lanes:
        raise ValueError(
            "argon2id with parameters out of bounds: expected m up to 1048576 (1 GiB) and at least 8 * p,"
            f" t and p up to 64; {_REMEDY}"
        )
    return Kept("argon2id", text.encode(), memory * passes < ARGON2_MEMORY * 2)


def _digest(password: bytes) -> bytes:
    return hmac.digest(_SECRET, password, hashlib.sha256)


def _bcrypt_matches(kept: bytes, password: bytes) -> bool:
    import bcrypt

    try:
        return bcrypt.checkpw(password[:72], kept)  # longer ones were cut when the hash was made
    except ValueError:  # a salt that has the form of one and is none
        return False


def _argon2_matches(kept: bytes, password: bytes) -> bool:
    from argon2.exceptions import VerificationError
    from argon2.low_level import Type, verify_secret

    try:
        return verify_secret(kept, password, Type.ID)
    except VerificationError:
        return False
