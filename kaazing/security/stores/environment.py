# -*- test-case-name: tests.security.stores.test_environment -*-
"""The store C{environment}: logins in variables of the gateway's environment."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from zope.interface import implementer

from kaazing.errors import ConfigError
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.security import IStore, IStoreType, Subject, Workplace
from kaazing.options import Option
from kaazing.security.stores.entries import FIELDS, Entry, nearest, read_entries

_PREFIX = re.compile(r"[A-Z][A-Z0-9_]{0,99}_")
_FIELD = re.compile(rf"(.+)_({'|'.join(FIELDS).upper()})")


def read_prefix(value: str) -> str:
    """Read what the names of variables begin with."""
    if not _PREFIX.fullmatch(value):
        raise ValueError("expected capital letters, digits and _, with _ at the end")
    return value


@implementer(IStoreType)
class EnvironmentStoreType:
    """See L{IStoreType}."""

    name = "environment"
    doc = (
        "Logins in variables of the gateway's environment, KAAZING_LOGIN_LABEL_USERNAME and ..._PASSWORD,"
        " with ..._SERVICE (without it all services), ..._USER or ..._ROLE (without them everybody) and"
        " ..._MECHANISM; LABEL is any name, the same for those that belong together. Read once."
    )
    options = (
        Option(
            name="prefix",
            read=read_prefix,
            default="KAAZING_LOGIN_",
            doc="What the names of the variables begin with.",
        ),
    )

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """See L{IStoreType}."""
        return ()

    def store(self, options: Mapping[str, Any], workplace: Workplace, keys: Any) -> IStore:
        """See L{IStoreType}."""
        return _Environment(read_variables(os.environ, options["prefix"]))


@implementer(IStore)
class _Environment:
    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self._entries = entries

    def find(self, service: str, subject: Subject) -> Login | None:
        """See L{IStore}; raises NoEntry."""
        return nearest(self._entries, service, subject)


def read_variables(variables: Mapping[str, str], prefix: str) -> tuple[Entry, ...]:
    """Return the logins of an environment, in the order of their labels.

    Raises:
        ConfigError: a variable says nothing, or a login is no good; it names the label.
    """
    labels: dict[str, dict[str, str]] = defaultdict(dict)
    for name in sorted(variables):
        if not name.startswith(prefix):
            continue
        found = _FIELD.fullmatch(name.removeprefix(prefix))
        if found is None:
            known = ", ".join(f"_{each.upper()}" for each in FIELDS)
            raise ConfigError(f"variable {name[:100]} has to end with one of {known}")
        labels[found[1]][found[2].lower()] = variables[name]
    entries: list[Entry] = []
    for label, said in labels.items():
        try:
            entries += read_entries([said])
        except ValueError as why:
            raise ConfigError(f"variables {prefix}{label[:100]}_...: {why}") from None
    return tuple(entries)
