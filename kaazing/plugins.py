# -*- test-case-name: tests.test_plugins -*-
"""Finds adapters, service types and the like by name; importing them is put off until one is asked for.

A distribution declares its plugins as objects in a dropin (a module in C{twisted/plugins/} of its
own, see L{twisted.plugin}), or as entry points in the group C{kaazing.adapters}, C{kaazing.services},
C{kaazing.login_modules}, C{kaazing.stores}, C{kaazing.brokers} or C{kaazing.servers}, because editable
installs hide dropins.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any, cast

from twisted.plugin import IPlugin, getPlugins
from zope.interface import Interface, implementer
from zope.interface.exceptions import Invalid
from zope.interface.verify import verifyObject

from kaazing.errors import PluginError, suggest
from kaazing.interfaces.adapters import IAdapter
from kaazing.interfaces.brokers import IBrokerType
from kaazing.interfaces.security import ILoginModule, IStoreType
from kaazing.interfaces.servers import IServerProtocol
from kaazing.interfaces.services import IServiceType


class IDeclared(Interface):
    """A plugin by its name, not yet imported."""


@implementer(IPlugin, IDeclared)
@dataclass(frozen=True)
class _Declaration:
    """What can be told without an import.

    Attributes:
        name: the plugin's, e.g. "irc".
        factory: dotted path of a callable without arguments that returns the plugin,
            "package.module:name"; imported when somebody first asks.
    """

    name: str
    factory: str


class AdapterPlugin(_Declaration):
    """Declares an adapter; the factory returns an IAdapter. An adapter "irc" gives a type "irc.proxy"."""


class ServicePlugin(_Declaration):
    """Declares a service type; the factory returns an IServiceType."""


class LoginModulePlugin(_Declaration):
    """Declares a type of login module; the factory returns an ILoginModule."""


class StorePlugin(_Declaration):
    """Declares a type of store of a keyring; the factory returns an IStoreType."""


class BrokerPlugin(_Declaration):
    """Declares a sort of message broker; the factory returns an IBrokerType."""


class ServerPlugin(_Declaration):
    """Declares a protocol that the gateway is the server of; the factory returns an IServerProtocol."""


_GROUPS: dict[type, str] = {
    AdapterPlugin: "kaazing.adapters",
    ServicePlugin: "kaazing.services",
    LoginModulePlugin: "kaazing.login_modules",
    StorePlugin: "kaazing.stores",
    BrokerPlugin: "kaazing.brokers",
    ServerPlugin: "kaazing.servers",
}
_WORDS: dict[type, str] = {
    AdapterPlugin: "adapter",
    ServicePlugin: "service type",
    LoginModulePlugin: "login module",
    StorePlugin: "store of a keyring",
    BrokerPlugin: "broker",
    ServerPlugin: "server protocol",
}


def adapters() -> list[str]:
    """Return the names of all declared adapters, sorted."""
    return sorted(_declared(AdapterPlugin))


def service_types() -> list[str]:
    """Return the names of all service types, those that adapters give included, sorted."""
    return sorted([*_declared(ServicePlugin), *(f"{name}.proxy" for name in _declared(AdapterPlugin))])


def adapter(name: str) -> IAdapter:
    """Import and return the adapter called C{name}.

    Raises:
        PluginError: none has that name, two have it, or it does not keep IAdapter's promises.
    """
    return cast(IAdapter, _load(AdapterPlugin, name, IAdapter))


def service_type(name: str) -> IServiceType:
    """Import and return the service type called C{name}; C{NAME.proxy} of an adapter included.

    Raises:
        PluginError: none has that name, two have it, or it does not keep IServiceType's promises.
    """
    declared = _declared(ServicePlugin)
    if name not in declared and name.endswith(".proxy") and name[:-6] in _declared(AdapterPlugin):
        proxy: Any = service_type("proxy")
        return cast(IServiceType, proxy.with_adapter(adapter(name[:-6])))
    if name not in declared:
        known = service_types()
        raise PluginError(
            f"unknown type {name!r}{suggest(name, known) or '; there are: ' + ', '.join(known)}"
        )
    return cast(IServiceType, _load(ServicePlugin, name, IServiceType))


def login_modules() -> list[str]:
    """Return the names of all types of login modules, sorted."""
    return sorted(_declared(LoginModulePlugin))


def login_module(name: str) -> ILoginModule:
    """Import and return the type of login module called C{name}.

    Raises:
        PluginError: as L{adapter}.
    """
    return cast(ILoginModule, _load(LoginModulePlugin, name, ILoginModule))


def stores() -> list[str]:
    """Return the names of all types of stores of a keyring, sorted."""
    return sorted(_declared(StorePlugin))


def store(name: str) -> IStoreType:
    """Import and return the type of store called C{name}.

    Raises:
        PluginError: as L{adapter}.
    """
    return cast(IStoreType, _load(StorePlugin, name, IStoreType))


def brokers() -> list[str]:
    """Return the names of all sorts of brokers, sorted."""
    return sorted(_declared(BrokerPlugin))


def broker(name: str) -> IBrokerType:
    """Import and return the sort of broker called C{name}.

    Raises:
        PluginError: as L{adapter}.
    """
    return cast(IBrokerType, _load(BrokerPlugin, name, IBrokerType))


@cache
def broker_schemes() -> Mapping[str, IBrokerType]:
    """Return whose each scheme of a broker's URI is.

    Raises:
        PluginError: as L{adapter}, of any of them; or two of them have one scheme.
    """
    found: dict[str, IBrokerType] = {}
    for made in map(broker, brokers()):
        for scheme in made.schemes:
            if found.setdefault(scheme, made) is not made:
                both = f"{found[scheme].name!r} and {made.name!r}"
                raise PluginError(f"URIs with {scheme}:// are those of two brokers, {both}")
    return found


def server(name: str) -> IServerProtocol:
    """Import and return the protocol called C{name} that the gateway is the server of.

    Raises:
        PluginError: as L{adapter}.
    """
    return cast(IServerProtocol, _load(ServerPlugin, name, IServerProtocol))


def forget() -> None:
    """Look everything up anew at the next question; for tests that install plugins."""
    _declared.cache_clear()
    _made.cache_clear()
    broker_schemes.cache_clear()


@cache
def _declared(of: type) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, factory in _everywhere(of):
        if found.setdefault(name, factory) != factory:
            raise PluginError(f"{_WORDS[of]} {name!r} is declared twice: {found[name]} and {factory}")
    return found


def _everywhere(of: type) -> Iterator[tuple[str, str]]:
    for plugin in getPlugins(IDeclared):
        if isinstance(plugin, of):
            yield plugin.name, plugin.factory  # type: ignore[attr-defined]
    for point in entry_points(group=_GROUPS[of]):
        yield point.name, point.value


def _load(of: type, name: str, promise: Any) -> object:
    declared = _declared(of)
    if name not in declared:
        known = sorted(declared)
        raise PluginError(f"no {_WORDS[of]} is called {name!r}; there are: {', '.join(known)}")
    return _made(of, name, declared[name], promise)


@cache
def _made(of: type, name: str, factory: str, promise: Any) -> object:
    module, _, attribute = factory.partition(":")
    try:
        made = getattr(importlib.import_module(module), attribute)()
    except (ImportError, AttributeError) as why:
        raise PluginError(f"{_WORDS[of]} {name!r}: {factory} cannot be imported: {why}") from why
    try:
        verifyObject(promise, made)
    except Invalid as why:
        raise PluginError(f"{_WORDS[of]} {name!r}: {' '.join(str(why).split())}") from why
    if made.name != name:
        raise PluginError(f"{_WORDS[of]} {name!r}: {factory} calls itself {made.name!r}")
    return made
