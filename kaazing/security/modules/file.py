# -*- test-case-name: tests.security.modules.test_file -*-
"""Login module file: users of a jaas-config.xml or an htpasswd file."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.internet.defer import inlineCallbacks
from twisted.logger import Logger
from zope.interface import implementer

from kaazing.errors import LoginMissing, LoginRefused
from kaazing.interfaces.security import Attempt, IAttempt, ILoginModule, Password, Subject, Workplace
from kaazing.literals import bounded, interval, text
from kaazing.options import Option
from kaazing.security.passwords import Kept
from kaazing.security.users import User, read_groups, read_users
from kaazing.security.watched import Watched

REMEMBERED = 4096  # passwords found right

_log = Logger(namespace="kaazing.security")


@implementer(ILoginModule)
class FileType:
    """See L{ILoginModule}."""

    name = "file"
    doc = (
        "Users and passwords of a file: the original's jaas-config.xml, with roles, or what htpasswd -B"
        " makes. It is read again when it changes."
    )
    options = (
        Option(
            name="file",
            read=text,
            required=True,
            doc="The file, relative to the configuration's folder: jaas-config.xml (passwords in clear, or as"
            " hashes by bcrypt or argon2id), or lines `user:hash`.",
        ),
        Option(
            name="groups",
            read=text,
            doc="Another file, with lines `role: user user`: roles of the users, besides those of the first.",
        ),
        Option(
            name="remember",
            read=bounded(interval, 0.0, 300.0),
            default=30.0,
            doc="For how long a password whose hash was right is not computed again, up to 5 minutes; 0 for"
            " not at all. Another hash in the file ends it.",
        ),
        Option(name="debug", read=text, doc="Of the original; without effect."),
    )

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """See L{ILoginModule}."""
        return ()

    def checker(self, options: Mapping[str, Any], workplace: Workplace) -> FileChecker:
        """See L{ILoginModule}."""
        return FileChecker(options, workplace)


@dataclass(frozen=True, slots=True)
class _Users:
    by_name: Mapping[str, User]
    all: tuple[User, ...]
    file: str
    weak: int


@implementer(ICredentialsChecker)
class FileChecker:
    """Checks a user's password.

    For a user who is not there, the password of another is checked, so that the answer takes as long;
    which other is always the same for one name, as it would be if that name had a password.
    """

    credentialInterfaces = (IAttempt,)

    def __init__(self, options: Mapping[str, Any], workplace: Workplace) -> None:
        self._work = workplace.work
        self._users = Watched(options["file"], _read, workplace)
        self._told: _Users | None = None
        self._tell(self._users.newest())
        groups = options["groups"]
        self._groups = Watched(groups, read_groups, workplace) if groups else None
        self._remembered = Remembered(options["remember"], workplace.time)
        self._secret = os.urandom(32)

    @inlineCallbacks
    def requestAvatarId(self, credentials: Attempt) -> Any:
        """See L{ILoginModule.checker}."""
        if credentials.password is None:
            raise LoginMissing("no user and password")
        said, users = credentials.password, (yield self._users.newest())
        groups = (yield self._groups.newest()) if self._groups else {}
        self._tell(users)
        other = self._other(users, said.user)  # for everybody, as it takes time
        user = users.by_name.get(said.user)
        right = yield self._matches(user, user or other, said)
        if user is None or not right:
            raise LoginRefused("wrong user or password")
        return Subject(user=said.user, roles=user.roles | groups.get(said.user, frozenset()))

    def _tell(self, users: _Users) -> None:
        """Say once of each version of the file what is weak in it."""
        if users is not self._told:
            self._told = users
            if users.weak:
                _log.warn(
                    "{file}: {weak} of {all} hashes are cheap to guess; make new ones with htpasswd -B -C 12",
                    file=users.file, weak=users.weak, all=len(users.all),
                )  # fmt: skip

    def _matches(self, user: User | None, asked: User | None, said: Password) -> Any:
        """Return whether a password is that of C{asked}, or a Deferred of that."""
        if asked is None:
            return False  # nobody is in the file
        if asked.kept.kind == "clear":
            return asked.kept.matches(said.password)
        if self._remembered.has(said, asked.kept):
            return True
        done = self._work(asked.kept.matches, said.password)
        if user is not None:  # of another's password it must not be seen that it was tried before
            done.addCallback(self._remembered.keep, said, asked.kept)
        return done

    def _other(self, users: _Users, name: str) -> User | None:
        if not users.all:
            return None
        digest = hmac.digest(self._secret, name.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return users.all[int.from_bytes(digest[:8], "big") % len(users.all)]


class Remembered:
    """Passwords found right lately: digests under a key of this process (decision 0134)."""

    def __init__(self, lifetime: float, time: Any, most: int = REMEMBERED) -> None:
        self._lifetime, self._time, self._most = lifetime, time, most
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._secret = os.urandom(32)

    def has(self, said: Password, kept: Kept) -> bool:
        """Return whether this was right a moment ago, of the same kept password."""
        until = self._until.get(self._digest(said, kept), 0.0)
        left: float = until - self._time()
        return 0.0 < left <= self._lifetime

    def keep(self, right: bool, said: Password, kept: Kept) -> bool:
        """Return C{right}, and remember it where it is true."""
        if right and self._lifetime:
            self._until[self._digest(said, kept)] = self._time() + self._lifetime
            if len(self._until) > self._most:
                self._until.popitem(last=False)
        return right

    def _digest(self, said: Password, kept: Kept) -> bytes:
        parts = (said.user.encode("utf-8", "surrogatepass"), kept.text)
        bound = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(
            self._secret, bound + said.password.encode("utf-8", "surrogatepass"), hashlib.sha256
        )


def _read(data: bytes, file: str) -> _Users:
    users = read_users(data, file)
    return _Users(users, tuple(users.values()), file, sum(user.kept.weak for user in users.values()))
