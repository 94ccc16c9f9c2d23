# -*- test-case-name: tests.test_plugins -*-
"""Finds adapters and service types by name; importing them is put off until one is asked for.

A distribution declares its plugins as objects in a dropin (a module in C{twisted/plugins/} of its
own, see L{twisted.plugin}), or as entry points in the group C{kaazing.adapters} or
C{kaazing.services}, because editable installs hide dropins.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
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
from kaazing.interfaces.services import IServiceType


class IDeclared(Interface):
    """A plugin by its name, not yet imported."""


@implementer(IPlugin, IDeclared)
@dataclass(frozen=True)
class AdapterPlugin:
    """Declares an adapter.

    Attributes:
        name: the adapter's name, e.g. "irc"; gives the service type "irc.proxy".
        factory: dotted path of a callable without arguments that returns the adapter,
            "package.module:name"; imported when a service first asks.
    """

    name: str
    factory: str


@implementer(IPlugin, IDeclared)
@dataclass(frozen=True)
class ServicePlugin:
    """Declares a service type; attributes as in L{AdapterPlugin}, the factory returns an IServiceType."""

    name: str
    factory: str


_GROUPS: dict[type, str] = {AdapterPlugin: "kaazing.adapters", ServicePlugin: "kaazing.services"}
_WORDS: dict[type, str] = {AdapterPlugin: "adapter", ServicePlugin: "service type"}


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


def forget() -> None:
    """Look everything up anew at the next question; for tests that install plugins."""
    _declared.cache_clear()
    _made.cache_clear()


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
