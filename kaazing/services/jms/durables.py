# -*- test-case-name: tests.services.jms.test_durables -*-
"""Durable subscriptions: what they are called at the broker, and who has which open.

docs/decisions/0162-whose-a-durable-subscription-is.md
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred, DeferredLock

from kaazing.interfaces.brokers import Destination
from kaazing.literals import Unreadable

KEPT = 10_000
"""Durable subscriptions of which it is known of which topic they are."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_JAVA = re.compile(r"%(?:([12])\$)?s|%%")
_ESCAPED = re.compile(r"[%:]")


def pattern(*variables: str) -> Callable[[str], str]:
    """Return a reader of text in which C{${...}} stands for one of C{variables}."""
    known = ", ".join(f"${{{each}}}" for each in variables)

    def read(value: str) -> str:
        unknown = set(_VARIABLE.findall(value)) - set(variables)
        if not value or unknown:
            raise Unreadable(f"expected text with {known} in it")
        return value

    return read


def durable_form(value: str) -> str:
    """Return a form as L{pattern} reads it, of ${user}, ${clientid} and ${name}, or as the original has it:
    C{%s@%s} or C{%2$s:%1$s} of Java, of client id and name."""
    places = iter(("clientid", "name"))

    def variable(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        name = {"1": "clientid", "2": "name"}.get(found[1]) or next(places, "")
        return f"${{{name}}}"

    form = pattern("user", "clientid", "name")(_JAVA.sub(variable, value))
    if "${name}" not in form:
        raise Unreadable("expected ${name} or %2$s in it: otherwise all durable subscriptions are one")
    return form


def expanded(form: str, **values: str) -> str:
    """Return a form that L{pattern} has read, with values in it. What stands between two values there is
    never in one, so that no two sets of values give the same."""

    def value(found: re.Match[str]) -> str:
        return _ESCAPED.sub(lambda each: f"%{ord(each[0]):02X}", values[found[1]])

    return _VARIABLE.sub(value, form)


class Opened(Protocol):
    """Who has a durable subscription open."""

    def superseded(self) -> None:
        """Somebody else wants it: end."""


class Durables:
    """Who has which durable subscription open: one consumer at a time, the newest."""

    def __init__(self) -> None:
        self._open: dict[str, Opened] = {}
        self._locks: dict[str, DeferredLock] = {}
        self._destinations: OrderedDict[str, Destination] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def who(self, name: str) -> Opened | None:
        """Return who has one open."""
        return self._open.get(name)

    def take(self, name: str, opened: Opened) -> Deferred[Any]:
        """Let somebody have one; return a Deferred that fires when the broker knows that nobody else has.
        L{leave} is to be called after that, once."""
        before = self._open.get(name)
        self._open[name] = opened
        lock = self._locks.setdefault(name, DeferredLock())
        free = lock.acquire()
        if before is not None:
            before.superseded()
        return free

    def leave(self, name: str, opened: Opened) -> None:
        """Somebody has one no longer, and the broker knows."""
        if self._open.get(name) is opened:
            del self._open[name]
        lock = self._locks[name]
        lock.release()
        if not lock.locked:
            del self._locks[name]

    def named(self, name: str, destination: Destination) -> None:
        """Remember of which topic one is."""
        self._destinations[name] = destination
        self._destinations.move_to_end(name)
        if len(self._destinations) > KEPT:
            self._destinations.popitem(last=False)

    def destination(self, name: str) -> Destination | None:
        """Return of which topic one is; None where that is not known."""
        return self._destinations.get(name)
