# -*- test-case-name: tests.security.test_realms -*-
"""The realms that services name, each a portal of twisted.cred with the login modules behind it."""

from __future__ import annotations

from typing import Any, cast

from twisted.application.service import Service
from twisted.cred.credentials import ICredentials
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import Interface, implementer

from kaazing import plugins
from kaazing.config.model import ModuleConfig, RealmConfig, ServiceConfig
from kaazing.errors import ConfigError, PluginError
from kaazing.interfaces.security import Attempt, Subject, Workplace
from kaazing.security.chain import Chain, link
from kaazing.security.guard import Guard

_log = Logger(namespace="kaazing.security")


class ISubject(Interface):
    """What the portals of realms are asked for: an L{kaazing.interfaces.security.Subject}."""


class _Portal(Portal):
    """One that keeps nobody waiting whose checker need not: most logins of a busy realm are known at once."""

    def at_once(self, credentials: ICredentials, mind: Any, *interfaces: Any) -> Any:
        """Return, or return a Deferred of, what L{Portal.login} does; raise what that fails with."""
        for interface, checker in self.checkers.items():
            if interface.providedBy(credentials):
                said: Any = checker.requestAvatarId(credentials)
                if isinstance(said, Deferred):
                    return said.addCallback(self.realm.requestAvatar, mind, *interfaces)
                return self.realm.requestAvatar(said, mind, *interfaces)
        return self.login(credentials, mind, *interfaces)  # which says that nobody checks these


@implementer(IRealm)
class Realm:
    """One realm.

    Attributes:
        config: its L{RealmConfig}.
        portal: lets in whom the login modules know.
    """

    def __init__(self, config: RealmConfig, workplace: Workplace) -> None:
        """Make the checkers.

        Raises:
            ConfigError: a login module cannot be made.
        """
        self.config = config
        self._checkers = [_checker(each, workplace) for each in config.modules]
        links = [
            link(each.type, each.success, checker)
            for each, checker in zip(config.modules, self._checkers, strict=True)
        ]
        self.portal = _Portal(self, [Chain(links, workplace.reactor)])
        places = (*config.headers, *config.parameters, *config.cookies)
        self._asks = bool(links or config.scheme or places)

    def login(self, attempt: Attempt) -> Any:
        """Return the L{Subject} of an attempt, or a Deferred of it where it is not known at once.

        A realm without authentication lets everybody in, as nobody.

        Raises, or fails with:
            LoginError: and with nothing else.
        """
        if not self._asks:
            return Subject()
        said = self.portal.at_once(cast(ICredentials, attempt), None, ISubject)
        return said.addCallback(_avatar) if isinstance(said, Deferred) else _avatar(said)

    def requestAvatar(self, avatarId: Any, mind: Any, *interfaces: Any) -> tuple[Any, Any, Any]:
        """See L{IRealm}; the checker has said all."""
        return interfaces[0], avatarId, _nothing

    def start(self) -> None:
        """Start the checkers that want it."""
        for checker in self._checkers:
            if hasattr(checker, "start"):
                checker.start()

    def stop(self) -> Deferred[Any]:
        """Stop them; the Deferred fires when all have."""
        ending = [maybeDeferred(each.stop) for each in self._checkers if hasattr(each, "stop")]
        for each in ending:
            each.addErrback(self._complain)
        return gatherResults(ending)

    def _complain(self, why: Failure) -> None:
        _log.failure("realm {name}: a login module does not stop", why, name=self.config.name)


class Realms(Service):
    """Makes a realm when the first service names it; starts and stops them with the gateway."""

    def __init__(self, workplace: Workplace, **desks: Any) -> None:
        """C{desks}: see L{Guard}."""
        self._workplace, self._desks = workplace, desks
        self._realms: dict[str, Realm] = {}

    def guard(self, service: ServiceConfig) -> Guard | None:
        """Return who decides about the visits at a service; None where it names no realm.

        Raises:
            ConfigError: a login module of the realm cannot be made.
        """
        return self._guard(service, **self._desks)

    def inner(self, service: ServiceConfig) -> Guard | None:
        """Likewise, about those who say their login inside the service's protocol: cookies and tickets, which
        stand in requests, are unknown to it.

        Raises:
            ConfigError: as L{guard}.
        """
        return self._guard(service, **{**self._desks, "desk": None})

    def _guard(self, service: ServiceConfig, **desks: Any) -> Guard | None:
        config = service.realm
        if config is None:
            return None
        if config.name not in self._realms:
            self._realms[config.name] = Realm(config, self._workplace)
        return Guard(service, self._realms[config.name], self._workplace, **desks)

    def startService(self) -> None:
        """See L{Service}."""
        super().startService()
        for realm in self._realms.values():
            realm.start()

    def stopService(self) -> Any:
        """See L{Service}."""
        super().stopService()
        return gatherResults([realm.stop() for realm in self._realms.values()])


def _checker(config: ModuleConfig, workplace: Workplace) -> Any:
    try:
        return plugins.login_module(config.type).checker(config.options, workplace)
    except PluginError as why:
        raise ConfigError(str(why), line=config.line) from why
    except ConfigError as why:
        raise config.error(why) from why


def _avatar(result: Any) -> Any:
    return result[1]


def _nothing() -> None:
    """Nobody has to be told of a logout."""
