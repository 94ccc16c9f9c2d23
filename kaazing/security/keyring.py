# -*- test-case-name: tests.security.test_keyring -*-
"""The keyring: which login a client's adapter puts in at the backend, kept here or sealed by the browser."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing import plugins
from kaazing.config.model import KeyringConfig
from kaazing.errors import ConfigError, GatewayError
from kaazing.interfaces.adapters import AskLogin, ILogins, Link, Login, NoLogin
from kaazing.interfaces.security import IKeyring, IStore, Subject, Workplace
from kaazing.literals import shown
from kaazing.metrics import SECURITY_EVENTS
from kaazing.security.keys import KeyRing, write_private
from kaazing.security.seals import PREFIX, Revocations, Seals, TokenRefused

AGAIN = 30.0  # seconds until what could not be written is written again

_NONE = NoLogin("no login for this client")
_UNAVAILABLE = NoLogin("no login at the moment")

_log = Logger(namespace="kaazing.security")


@implementer(IKeyring)
class Keyring:
    """See L{IKeyring}.

    Attributes:
        keys: the gateway's own.
    """

    def __init__(
        self, keys: KeyRing, stores: Sequence[tuple[str, IStore]], workplace: Workplace, revoked: Path | None
    ) -> None:
        """Args:
            keys: the gateway's own.
            stores: with their types' names, in the order in which they are asked.
            workplace: has the time, and threads for writing.
            revoked: the file of revoked tokens; None where they are kept in memory alone.

        Raises:
            ConfigError: that file is no good.
        """
        self.keys, self._stores, self._workplace, self._revoked = keys, stores, workplace, revoked
        self._seals = Seals(keys, workplace.time, Revocations(workplace.time, revoked))
        self._saving = self._unsaved = False
        self._later: Any = None  # the next attempt to write what could not be written

    @classmethod
    def of(cls, config: KeyringConfig, workplace: Workplace, keys: KeyRing | None = None) -> Keyring:
        """Return the keyring that a configuration describes.

        Raises:
            ConfigError: a file is missing or no good.
        """
        path = None if config.key_file is None else workplace.folder / config.key_file
        keys = keys or KeyRing.found(path, workplace.time)
        if keys.path is None:
            _log.warn("there is no key file: what is sealed is worthless when the gateway ends")
        stores = []
        for each in config.stores:
            try:
                made = plugins.store(each.type).store(each.options, workplace, keys)
            except ConfigError as why:
                raise each.error(ConfigError(f"store {each.type}: {why}")) from why
            stores.append((each.type, made))
        return cls(keys, stores, workplace, revoked_file(keys))

    def logins(self, service: str, source: str) -> ILogins:
        """See L{IKeyring}."""
        return _Logins(self, service, source)

    def seal(self, subject: Subject, service: str, login: Login, lifetime: float) -> str:
        """See L{IKeyring}; raises ValueError where that cannot be."""
        return self._seals.seal(subject, service, login, lifetime)

    def revoke(self, token: str, subject: Subject) -> None:
        """See L{IKeyring}; raises TokenRefused, LoginUnavailable."""
        self._seals.revoke(token, subject)
        self._save()

    def revoke_all(self, subject: Subject) -> None:
        """Have none of a subject's tokens made until now be opened again; raises LoginUnavailable."""
        self._seals.revoke_all(subject)
        self._save()

    def opened(self, token: str, subject: Subject, service: str, peer: str) -> Login | NoLogin:
        """Return the login that a token stands for; a security event where it does not."""
        try:
            return self._seals.open(token, subject, service)
        except TokenRefused as why:
            SECURITY_EVENTS.labels(event=why.event).inc()
            _log.warn(
                "{peer}, user {user}, service {service}: {why}",
                peer=peer,
                user=shown(subject.user),
                service=service,
                why=str(why),
            )
            return _NONE

    @inlineCallbacks
    def stored(self, subject: Subject, service: str, peer: str) -> Any:
        """Return a Deferred of the login that a store has; one that fails ends the search."""
        for name, store in self._stores:
            try:
                found = yield maybeDeferred(store.find, service, subject)
            except Exception as why:
                # of others nobody knows what is in their message
                said = str(why) if isinstance(why, GatewayError) else type(why).__name__
                self._complain(subject, service, peer, f"store {name}: {said}")
                return _UNAVAILABLE
            if found is not None:
                return found
        self._complain(subject, service, peer, "no store has a login")
        return _NONE

    def _complain(self, subject: Subject, service: str, peer: str, what: str) -> None:
        _log.warn(
            "{peer}, user {user}, service {service}: {what}",
            peer=peer,
            user=shown(subject.user),
            service=service,
            what=what,
        )

    def _save(self) -> None:
        """Write the revocations in a thread; one write at a time, and another where more came meanwhile."""
        if self._revoked is None:
            return
        self._unsaved = True
        if not self._saving:
            self._saving, self._unsaved = True, False
            text = self._seals.revocations.text()
            self._workplace.work(write_private, self._revoked, text).addBoth(self._saved)

    def _saved(self, result: Any) -> None:
        self._saving = False
        if isinstance(result, Failure):
            _log.error("revoked tokens are not written: {why}", why=result.getErrorMessage())
            if self._later is None:
                self._later = self._workplace.reactor.callLater(AGAIN, self._save_again)
        elif self._unsaved:
            self._save()

    def _save_again(self) -> None:
        self._later = None
        self._save()


@implementer(ILogins)
class _Logins:
    """Those of one service."""

    def __init__(self, keyring: Keyring, service: str, source: str) -> None:
        self._keyring, self._service, self._source = keyring, service, source

    def login(self, link: Link, said: AskLogin) -> Deferred[Login | NoLogin]:
        """See L{ILogins}."""
        subject = Subject(user=link.user or "", roles=link.roles, claims=link.claims)
        if self._source == "sealed" or (self._source == "any" and said.password.startswith(PREFIX)):
            return succeed(self._keyring.opened(said.password, subject, self._service, link.peer))
        stored: Deferred[Login | NoLogin] = self._keyring.stored(subject, self._service, link.peer)
        return stored


def revoked_file(keys: KeyRing) -> Path | None:
    """Return where revoked tokens are kept: beside the key file; where that is a systemd credential in
    C{$STATE_DIRECTORY}; else None, in memory alone."""
    if keys.path is None:
        return None
    credentials = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if credentials and keys.path.parent == Path(credentials):
        state = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
        return Path(state) / "kaazing-revoked.json" if state else None
    return keys.path.with_name(keys.path.name + ".revoked")
