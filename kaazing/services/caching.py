# -*- test-case-name: tests.services.test_caching -*-
"""How long browsers may keep a file: the C{location} of the directory service.  RFC 9111 section 5.2."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kaazing.errors import suggest
from kaazing.literals import age

_FLAGS = ("no-cache", "no-store", "no-transform", "must-revalidate", "proxy-revalidate", "public", "private")
_AGES = ("max-age", "s-maxage")
_MODIFIED = re.compile(r"m[ \t]*\+(.*)", re.DOTALL)  # max-age=m+N: so long after the file was changed
_WILD = re.compile(r"/\*\*/|^\*\*/|/\*\*$|\*\*|\*|\?")
_MEANING = {"/**/": "/(?:.*/)?", "**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@dataclass(frozen=True, slots=True)
class Directives:
    """One C{cache-control} property.

    Attributes:
        flags: directives without a value.
        ages: "max-age", "s-maxage" -> seconds.
        since_modified: max-age counted from the change of the file, seconds; None for none.
    """

    flags: tuple[str, ...] = ()
    ages: Mapping[str, int] = field(default_factory=dict)
    since_modified: int | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """One C{location} property: for the files that a pattern matches, these directives."""

    patterns: tuple[re.Pattern[str], ...]
    directives: Directives

    def matches(self, path: str) -> bool:
        """Return whether C{path}, relative to the directory, is meant."""
        return any(pattern.fullmatch(path) for pattern in self.patterns)


def read_location(values: Mapping[str, Any]) -> Location:
    """Make a location of its two properties, read."""
    return Location(values["patterns"], values["cache-control"])


def read_patterns(text: str) -> tuple[re.Pattern[str], ...]:
    """Read patterns with blanks in between: C{**} any folders, C{*} and C{?} within a name, any case."""
    patterns = text.split()
    if not patterns:
        raise ValueError("expected patterns such as **/*.js")
    return tuple(map(_pattern, patterns))


def read_directives(text: str) -> Directives:
    """Read directives with commas in between; ages as C{max-age=1 year} and C{max-age=m+10 minutes}."""
    flags, ages, since_modified = [], {}, None
    for directive in text.split(","):
        name, equals, value = (part.strip() for part in directive.partition("="))
        if name in _FLAGS and not equals:
            flags.append(name)
        elif name == "max-age" and (relative := _MODIFIED.fullmatch(value)):
            since_modified = int(age(relative[1].strip()))
        elif name in _AGES and equals:
            ages[name] = int(age(value))
        else:
            known = (*_FLAGS, *(f"{age}=..." for age in _AGES))
            raise ValueError(
                f"expected Cache-Control directives{suggest(name, known) or ': ' + ', '.join(known)}"
            )
    return Directives(tuple(flags), ages, since_modified)


def cache_control(
    locations: Iterable[Location], path: str, modified: float, now: float
) -> tuple[str, float | None]:
    """Return the Cache-Control value for a file, and when it expires; ("", None) where nothing is said.

    The directives of all locations that match are joined; of two ages the lower one counts.

    Args:
        path: of the file, relative to the directory.
        modified, now: seconds since 1970.
    """
    flags: dict[str, None] = {}
    ages: dict[str, int] = {}
    for directives in (location.directives for location in locations if location.matches(path)):
        flags.update(dict.fromkeys(directives.flags))
        named = dict(directives.ages)
        if directives.since_modified is not None:
            left = max(0, int(modified + directives.since_modified - now))
            named["max-age"] = min(left, named.get("max-age", left))
        for name, seconds in named.items():
            ages[name] = min(seconds, ages.get(name, seconds))
    value = ", ".join([*flags, *(f"{name}={seconds}" for name, seconds in ages.items())])
    return value, now + ages["max-age"] if "max-age" in ages else None


def _pattern(text: str) -> re.Pattern[str]:
    text = text.lstrip("/")
    if text.endswith("/"):
        text += "**"
    parts, at = [], 0
    for wild in _WILD.finditer(text):
        parts += [re.escape(text[at : wild.start()]), _MEANING[wild[0]]]
        at = wild.end()
    return re.compile("".join([*parts, re.escape(text[at:])]), re.IGNORECASE)
