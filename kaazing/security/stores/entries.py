# -*- test-case-name: tests.security.stores.test_entries -*-
"""Logins at backends by service and by user, role or everybody, and what is filled in from claims."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from kaazing.errors import GatewayError
from kaazing.interfaces.adapters import Login
from kaazing.interfaces.security import Subject
from kaazing.wire.sasl import NAMES

MOST_ENTRIES = 10_000
MOST_TEXT = 8192
"""Characters of a name, or of a password."""
FIELDS = ("service", "user", "role", "username", "password", "mechanism")
"""What an entry may have, by name; each is a text."""

_MOST_FILLED = 1024  # characters that come in from a claim
_PLACE = re.compile(r"\$\{(user|claim\.[A-Za-z0-9_.:/-]{1,200})\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # and half a character, which JSON may say
_HALF = re.compile(r"[\ud800-\udfff]")


class NoEntry(GatewayError):
    """There is a login for a client, and it cannot be made; no secret is in the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One login and whom it is for.

    Attributes:
        service: a name, or a pattern with C{*} and C{?} for several; C{*} for all.
        user: of the client; None where it is not for one user.
        role: of the client; None where it is not for a role. Without either it is everybody's.
        username: at the backend; C{${user}} and C{${claim.NAME}} in it are filled in.
        password: one that is nothing but C{${claim.NAME}} is filled in; any other is taken as it is.
        mechanism: SASL's, None for the best.
    """

    service: str = "*"
    user: str | None = None
    role: str | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    mechanism: str | None = None

    @classmethod
    def of(cls, said: Any) -> Entry:
        """Return the entry of a mapping of texts; absent and empty are the same.

        Raises:
            ValueError: with a sentence that has nothing of the password in it.
        """
        if not isinstance(said, Mapping) or not all(isinstance(each, str) for each in said.values()):
            raise ValueError("an entry is an object with texts")
        if unknown := sorted(set(said) - set(FIELDS)):
            raise ValueError(f"an entry has no {unknown[0][:40]!r}; there are: {', '.join(FIELDS)}")
        if any(len(each) > MOST_TEXT for each in said.values()):
            raise ValueError(f"a text of more than {MOST_TEXT} characters")
        if any(map(_HALF.search, said.values())):
            raise ValueError("a text that is no UTF-8")
        given = {name: value for name, value in said.items() if value}
        if "user" in given and "role" in given:
            raise ValueError("an entry is for a user or for a role, not for both")
        mechanism = given.get("mechanism")
        if mechanism is not None and mechanism not in NAMES:
            raise ValueError(f"unknown mechanism; there are: {', '.join(NAMES)}")
        if "username" not in given and mechanism != "EXTERNAL":
            raise ValueError("username is missing")
        for name in ("service", "user", "role", "username"):
            if _CONTROL.search(given.get(name, "")):
                raise ValueError(f"{name} has control characters in it")
        if "${" in _PLACE.sub("", given.get("username", "")):
            raise ValueError("username: only ${user} and ${claim.NAME} can be filled in")
        return cls(**given)

    def said(self) -> dict[str, str]:
        """Return the mapping that L{of} makes this of."""
        return {name: value for name in FIELDS if (value := getattr(self, name))}

    @property
    def whose(self) -> str:
        """For people: who it is for."""
        if self.user is not None:
            return f"user {self.user}"
        return "everybody" if self.role is None else f"role {self.role}"

    def rank(self, service: str, subject: Subject) -> tuple[int, int, int] | None:
        """Return how near it is to a subject at a service, less is nearer; None where it is not for it."""
        if self.service == service:
            place = 0
        elif fnmatchcase(service, self.service):
            place = 2 if self.service == "*" else 1
        else:
            return None
        if self.user is not None:
            return (0, place, -len(self.service)) if self.user == subject.user != "" else None
        if self.role is not None:
            return (1, place, -len(self.service)) if self.role in subject.roles else None
        return 2, place, -len(self.service)

    def login(self, subject: Subject) -> Login:
        """Return the login, filled in for a subject.

        Raises:
            NoEntry: a claim is missing or no good.
        """
        password = self.password
        if _PLACE.fullmatch(password):
            password = _filled(password, subject)
        return Login(username=_filled(self.username, subject), password=password, mechanism=self.mechanism)


def nearest(entries: Iterable[Entry], service: str, subject: Subject) -> Login | None:
    """Return the login for a subject at a service: that of its user before that of a role before everybody's,
    and in each that of the service before the longest pattern; of two alike the first.

    Raises:
        NoEntry: the one that is nearest cannot be filled in.
    """
    ranked = ((rank, entry) for entry in entries if (rank := entry.rank(service, subject)) is not None)
    found = min(ranked, key=lambda each: each[0], default=None)
    return None if found is None else found[1].login(subject)


def read_entries(said: Sequence[Any]) -> tuple[Entry, ...]:
    """Return the entries of a list of mappings.

    Raises:
        ValueError: which of them is no good, counted from 1, and why.
    """
    if not isinstance(said, list) or len(said) > MOST_ENTRIES:
        raise ValueError(f"expected a list of at most {MOST_ENTRIES} logins")
    entries = []
    for number, each in enumerate(said, 1):
        try:
            entries.append(Entry.of(each))
        except ValueError as why:
            raise ValueError(f"login {number}: {why}") from None
    return tuple(entries)


def _filled(template: str, subject: Subject) -> str:
    return _PLACE.sub(lambda place: _value(place[1], subject), template)


def _value(name: str, subject: Subject) -> str:
    """Return what is filled in for C{user} or C{claim.NAME}."""
    value = subject.user if name == "user" else subject.claims.get(name.removeprefix("claim."))
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        raise NoEntry(f"{name}: the client has none, or one that is no text")
    if len(value) > _MOST_FILLED or _CONTROL.search(value):
        raise NoEntry(f"{name}: more than {_MOST_FILLED} characters, or control characters in it")
    return value
