# -*- test-case-name: tests.security.test_keys -*-
"""The gateway's own keys, and what is sealed under them: AES-256-GCM (NIST SP 800-38D), HKDF (RFC 5869).

A sealed text is the base64url (RFC 4648 section 5, without padding) of a version, the id of a key, a salt
and the ciphertext with its tag. Each has a key and a nonce of its own, derived from the salt, so that no
number of sealed texts comes near the limits of GCM. See docs/decisions/0139-a-key-for-each-seal.md.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from twisted.logger import Logger

from kaazing.errors import ConfigError, GatewayError
from kaazing.security.files import read_whole
from kaazing.stamps import stamp

MOST_SEALED = 4 * 1024 * 1024
"""Characters of the longest sealed text that is looked at."""

CREDENTIAL = "kaazing-keys"
"""Name of the systemd credential that may hold the keys (systemd.exec, LoadCredential)."""

_VERSION = 1
_ID, _SALT, _TAG = 4, 24, 16  # bytes
_HEAD = 1 + _ID + _SALT
_KEY, _NONCE = 32, 12  # bytes
_MOST_KEYS = 64
_MOST_FILE = 64 * 1024  # bytes
_TEXT = re.compile(r"[A-Za-z0-9_-]+")

_log = Logger(namespace="kaazing.security")


class SealBroken(GatewayError):
    """A sealed text was not made here for that, was changed, or its key is gone; which is not told."""

    def __init__(self) -> None:
        super().__init__("the seal is broken")


@dataclass(frozen=True, slots=True)
class Key:
    """One of the ring.

    Attributes:
        id: 8 hexadecimal digits.
        made: seconds since the epoch.
        secret: 32 bytes.
    """

    id: str
    made: int
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls, now: float) -> Key:
        """Return a key of random bytes."""
        return cls(secrets.token_hex(_ID), int(now), secrets.token_bytes(_KEY))


class KeyRing:
    """Seals under its newest key, and opens what any of its keys has sealed.

    One that was loaded looks at its file again when that has changed; while a changed file is no good, the
    keys stay that were there before, and the log says so once.

    Attributes:
        path: of the file; None for keys that are kept nowhere.
    """

    def __init__(self, keys: Sequence[Key], path: Path | None = None) -> None:
        self._take(keys)
        self.path = path
        self._stamp = stamp(path) if path else None

    @classmethod
    def made(cls, time: Callable[[], float] = time.time) -> KeyRing:
        """Return a ring with one new key, kept nowhere."""
        return cls((Key.new(time()),))

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Return the ring of a key file.

        Raises:
            ConfigError: it cannot be read, others may read it, or it is no key file.
        """
        before = stamp(path)
        made = cls(_read(path), path)
        made._stamp = before
        return made

    @classmethod
    def found(cls, path: Path | None, time: Callable[[], float] = time.time) -> KeyRing:
        """Return the ring of a key file; where none is named that of the systemd credential, and where that
        is not there one with a new key.

        Raises:
            ConfigError: as L{load}.
        """
        folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
        if path is None and folder and (Path(folder) / CREDENTIAL).exists():
            path = Path(folder) / CREDENTIAL
        return cls.made(time) if path is None else cls.load(path)

    @property
    def keys(self) -> tuple[Key, ...]:
        """The oldest first."""
        return self._keys

    def seal(self, purpose: str, plain: bytes, bound: bytes = b"") -> str:
        """Return a text, safe in URLs and cookies, that only L{open} makes bytes of again.

        Args:
            purpose: what it is for, e.g. "session"; what is sealed for one opens for no other.
            bound: what must be said again to open it; not in the text.
        """
        self._look()
        key = self._keys[-1]
        head = bytes((_VERSION,)) + bytes.fromhex(key.id) + secrets.token_bytes(_SALT)
        cipher, nonce = _derived(key, purpose, head)
        return encode(head + cipher.encrypt(nonce, plain, _context(head, purpose, bound)))

    def open(self, purpose: str, sealed: str, bound: bytes = b"") -> bytes:
        """Return what was sealed for that purpose, and bound to that.

        Raises:
            SealBroken: it was not, or not by a key of this ring, or is written in another way.
        """
        if not _HEAD + _TAG <= len(sealed) <= MOST_SEALED:
            raise SealBroken
        self._look()
        data = decode(sealed)
        key = self._by_id.get(data[1 : 1 + _ID].hex())
        if key is None or data[0] != _VERSION or len(data) < _HEAD + _TAG:
            raise SealBroken
        head = data[:_HEAD]
        cipher, nonce = _derived(key, purpose, head)
        try:
            return cipher.decrypt(nonce, data[_HEAD:], _context(head, purpose, bound))
        except InvalidTag:
            raise SealBroken from None

    def rotated(self, keep: float, time: Callable[[], float] = time.time) -> KeyRing:
        """Return a ring with one more key, which seals from now on.

        Args:
            keep: seconds for which a key still opens after the next one was made; older ones are not in it,
                and with 0 none is.
        """
        now = max(time(), self._keys[-1].made)  # the last in the file is the newest, whatever the clock says
        ends = (*(key.made for key in self._keys[1:]), now)
        kept = [key for key, end in zip(self._keys, ends, strict=True) if now - end < keep]
        return KeyRing((*kept[-(_MOST_KEYS - 1) :], Key.new(now)))

    def save(self, path: Path, *, new: bool = False) -> None:
        """Write a key file that only its owner may read, whole or not at all.

        Raises:
            FileExistsError: there is one, and it should be C{new}.
            OSError: it cannot be written.
        """
        keys = [{"id": key.id, "made": key.made, "key": encode(key.secret)} for key in self._keys]
        write_private(path, json.dumps({"kaazing-keys": 1, "keys": keys}, indent=1) + "\n", new=new)

    def _take(self, keys: Sequence[Key]) -> None:
        self._keys = tuple(keys)
        self._by_id = {key.id: key for key in keys}

    def _look(self) -> None:
        """Read the file again where it is not the one that was read."""
        if self.path is None or (seen := stamp(self.path)) == self._stamp:
            return
        self._stamp = seen
        try:
            self._take(_read(self.path))
        except ConfigError as why:
            _log.warn("the keys stay as they were: {why}", why=why)
        else:
            _log.info("keys read again from {path}", path=str(self.path))


def encode(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes that L{encode} has made this of.

    Raises:
        SealBroken: it is not what L{encode} would write.
    """
    if not _TEXT.fullmatch(text):
        raise SealBroken
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise SealBroken from None
    if encode(data) != text:  # bits of the last character that mean nothing
        raise SealBroken
    return data


def write_private(path: Path, text: str, *, new: bool = False) -> None:
    """Write a file, mode 0600, which is there whole or as it was before.

    Raises:
        FileExistsError: there is one, and it should be C{new}.
        OSError: it cannot be written.
    """
    path = path.resolve()
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if new:
            path.hardlink_to(draft)
        else:
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read_private(path: Path, most: int) -> str:
    """Return the text of a file of secrets.

    Args:
        most: bytes that are read.

    Raises:
        ConfigError: it cannot be read, is longer, is no UTF-8, or others may read it: whoever is neither its
            owner nor, where it is root's and this process is not, of its group.
    """
    data = read_whole(path, most, _others)
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _refused(path, "is not UTF-8") from None


def _others(found: os.stat_result) -> str:
    """Return why a file is no secret; empty where it is one."""
    # systemd's credentials and Kubernetes' secrets are root's, and a group's or an ACL's to read
    theirs = found.st_uid == 0 != os.geteuid()
    if not found.st_mode & (0o027 if theirs else 0o077):
        return ""
    return f"has mode {stat.S_IMODE(found.st_mode):04o}: others may read or write it; chmod 600 it"


def _refused(path: Path, what: str) -> ConfigError:
    return ConfigError(what, file=str(path), line=0)


def _read(path: Path) -> tuple[Key, ...]:
    text = read_private(path, _MOST_FILE)
    try:
        said = json.loads(text)
        if said["kaazing-keys"] != 1:
            raise ValueError
        keys = tuple(Key(str(each["id"]), int(each["made"]), decode(each["key"])) for each in said["keys"])
    except (ValueError, LookupError, TypeError, SealBroken):
        raise _refused(path, "is no key file; python -m kaazing keyring init makes one") from None
    ids = {key.id for key in keys if re.fullmatch("[0-9a-f]{8}", key.id) and len(key.secret) == _KEY}
    if not 0 < len(keys) <= _MOST_KEYS or len(ids) != len(keys):
        raise _refused(path, f"has not between 1 and {_MOST_KEYS} keys with ids of their own and of 32 bytes")
    return tuple(sorted(keys, key=lambda key: key.made))


def _derived(key: Key, purpose: str, head: bytes) -> tuple[AESGCM, bytes]:
    """Return the cipher and the nonce of one sealed text."""
    info = b"kaazing seal\0" + purpose.encode()
    made = HKDF(SHA256(), _KEY + _NONCE, salt=head, info=info).derive(key.secret)
    return AESGCM(made[:_KEY]), made[_KEY:]


def _context(head: bytes, purpose: str, bound: bytes) -> bytes:
    """Return the associated data, in which nothing can be taken for a neighbour of it."""
    name = purpose.encode()
    return head + len(name).to_bytes(2, "big") + name + bound
