# -*- test-case-name: tests.services.broadcast.test_payload -*-
"""What an event says of itself: its name, its id and its key, found in the payload by configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from kaazing.services.broadcast.cutting import Cutter, Lines, Objects, Opaque

LONGEST = 256  # characters of a name, an id or a key; longer ones are as if they were not there

_POINTER = re.compile(r"(?:/(?:[^~/]|~0|~1)*)*")  # RFC 6901 section 3
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")  # RFC 6901 section 4
_LINE = re.compile(r"[^\x00-\x1f\x7f]+")
_ID = re.compile(r"[!-~](?:[ -~]*[!-~])?")  # comes back in a header field

Finder = Callable[[Any], str | None]


@dataclass(frozen=True, slots=True)
class Said:
    """What was found; empty, or None for the key, where nothing was."""

    name: str = ""
    id: str = ""
    key: bytes | None = None


class Payload:
    """How the payloads of one service are cut and read.

    Attributes:
        invalid: payloads that are not what the format says.
    """

    def __init__(self, format: str, most: int, rules: Mapping[str, str]) -> None:
        """Take a configuration.

        Args:
            format: "opaque", "lines" or "json".
            most: bytes of a line or an object.
            rules: what is found where: "name", "id" and "key", each a JSON pointer (RFC 6901) or, for
                lines, a regular expression whose first group, or whole match, counts.

        Raises:
            ValueError: a rule is no good; the sentence begins with its name.
        """
        self.invalid = 0
        self._format, self._most = format, most
        make = pointer if format == "json" else expression
        self._finders: dict[str, Finder] = {}
        for what, rule in rules.items():
            if format == "opaque":
                raise ValueError(f"event.{what} is for the formats lines and json")
            try:
                self._finders[what] = make(rule)
            except ValueError as why:
                raise ValueError(f"event.{what}: {why}") from why

    def cutter(self) -> Cutter:
        """Return what finds the events in a new stream."""
        if self._format == "lines":
            return Lines(self._most)
        return Objects(self._most) if self._format == "json" else Opaque()

    def read(self, data: bytes) -> Said | None:
        """Return what an event says of itself; None where it is not in the format."""
        if self._format != "json":
            return self._said(data.decode("utf-8", "replace")) if self._finders else Said()
        try:
            value = json.loads(data.decode(), parse_constant=_no_number)
        except (ValueError, RecursionError):
            self.invalid += 1
            return None
        return self._said(value)

    def _said(self, value: Any) -> Said:
        found = {what: finder(value) for what, finder in self._finders.items()}
        name, id, key = found.get("name"), found.get("id"), found.get("key")
        return Said(
            name=name if name and _LINE.fullmatch(name) else "",
            id=id if id and _ID.fullmatch(id) else "",
            key=key.encode("utf-8", "replace") if key else None,
        )


def pointer(rule: str) -> Finder:
    """Return what finds a string, a number or a truth value by a JSON pointer (RFC 6901).

    Raises:
        ValueError: it is no pointer.
    """
    if not _POINTER.fullmatch(rule):
        raise ValueError("expected a JSON pointer (RFC 6901), e.g. /type or /items/0/name")
    steps = [step.replace("~1", "/").replace("~0", "~") for step in rule.split("/")[1:]]

    def find(value: Any) -> str | None:
        for step in steps:
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and _INDEX.fullmatch(step) and int(step) < len(value):
                value = value[int(step)]
            else:
                return None
        if isinstance(value, (bool, int, float)):
            value = json.dumps(value)
        return value if isinstance(value, str) and len(value) <= LONGEST else None

    return find


def expression(rule: str) -> Finder:
    """Return what finds the first group of a regular expression, or its whole match, in a line.

    Raises:
        ValueError: it is no regular expression.
    """
    try:
        compiled = re.compile(rule)
    except re.error as why:
        raise ValueError(f"expected a regular expression of Python: {why}") from why
    group = 1 if compiled.groups else 0

    def find(line: Any) -> str | None:
        match = compiled.search(line)
        found = match[group] if match is not None else None
        return found if found is not None and len(found) <= LONGEST else None

    return find


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON (RFC 8259 section 6)")
