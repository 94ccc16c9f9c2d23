# -*- test-case-name: tests.config.test_substitution -*-
"""Replaces ${name} and ${name:default}; names are in messages, values never are."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping

DEPTH = 32  # properties within properties, and defaults within defaults
LENGTH = 64 * 1024  # characters of one text after replacing
TOTAL = 32 * 1024 * 1024  # characters of all texts of a file after replacing

_START = re.compile(r"(\$+)\{")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


class Unreplaceable(Exception):
    """A reference cannot be replaced.

    Attributes:
        why: a sentence, or None where an error about the same cause has been given already.
    """

    def __init__(self, why: str | None) -> None:
        super().__init__(why)
        self.why = why


class Substitution:
    """What the names of one file stand for.

    Looked up in this order: definitions of the command line, <properties>, the environment, the
    built-in C{hostname}, the default in the reference. An empty value counts as none.
    """

    def __init__(self, defines: Mapping[str, str], environ: Mapping[str, str]) -> None:
        self._defines, self._environ = defines, environ
        self._properties: dict[str, str] = {}  # as in the file
        self._replaced: dict[str, str] = {}
        self._faulty: dict[str, str | None] = {}  # why; None where another property is at fault
        self._under_way: list[str] = []
        self._total = 0

    def define(self, name: str, written: str) -> bool:
        """Take a property of the file, which may refer to others; return False where it is there already."""
        if name in self._properties:
            return False
        self._properties[name] = written
        return True

    def replace(self, text: str) -> str:
        """Return the text with every reference replaced, and C{$${} made C{${}.

        Raises:
            Unreplaceable: a name has no value, is no name, refers to itself, or the whole gets too long.
        """
        if "${" not in text:
            return text
        replaced, _ = self._until(text, 0, inside=False)
        self._total += len(replaced)
        if self._total > TOTAL:
            raise Unreplaceable(f"the values of the file come to more than {TOTAL} characters")
        return replaced

    def definition(self, name: str) -> str:
        """Return the value of a property of the file, for the place where it is defined.

        Raises:
            Unreplaceable: as in L{replace}; only here with a sentence, uses of the property fail without.
        """
        try:
            return self._property(name)
        except Unreplaceable:
            raise Unreplaceable(self._faulty[name]) from None

    def _property(self, name: str) -> str:
        if name in self._replaced:
            return self._replaced[name]
        if name in self._under_way:
            circle = " in ".join(f"${{{each}}}" for each in [*self._under_way, name])
            self._faulty.setdefault(name, f"a property may not refer to itself: {circle}")
        elif len(self._under_way) >= DEPTH:
            self._faulty.setdefault(name, f"properties may refer to each other {DEPTH} deep, not more")
        if name in self._faulty:
            raise Unreplaceable(None)
        self._under_way.append(name)
        try:
            self._replaced[name] = self.replace(self._properties[name])
        except Unreplaceable as fault:
            self._faulty.setdefault(name, fault.why)
            raise Unreplaceable(None) from None
        finally:
            self._under_way.pop()
        return self._replaced[name]

    def _until(self, text: str, start: int, *, inside: bool, depth: int = 0) -> tuple[str, int]:
        """Replace from C{start} to the end, C{inside} to the closing brace; return it and the place."""
        pieces: list[str] = []
        length = 0
        while True:
            found = _START.search(text, start)
            stop = text.find("}", start, found.start() if found else len(text)) if inside else -1
            plain_end = stop if stop >= 0 else found.start() if found else len(text)
            pieces.append(text[start:plain_end])
            length += plain_end - start
            if stop >= 0 or found is None:
                if inside and stop < 0:
                    raise Unreplaceable("a reference has no closing brace; write $${ for a plain ${")
                return "".join(pieces), plain_end
            piece, start = self._reference(text, found, depth)
            pieces.append(piece)
            length += len(piece)
            if length > LENGTH:
                raise Unreplaceable(f"the value comes to more than {LENGTH} characters")

    def _reference(self, text: str, found: re.Match[str], depth: int) -> tuple[str, int]:
        if len(found[1]) > 1:  # $${ is a plain ${
            return found[0][1:], found.end()
        if depth >= DEPTH:
            raise Unreplaceable(f"defaults may stand in each other {DEPTH} deep, not more")
        name = _NAME.match(text, found.end())
        after = text[name.end() : name.end() + 1] if name else ""
        if name is None or after not in ("}", ":") or not after:
            raise Unreplaceable("expected ${name} or ${name:default}; write $${ for a plain ${")
        default, end = None, name.end()
        if after == ":":
            default, end = self._until(text, name.end() + 1, inside=True, depth=depth + 1)
        return self._value(name[0], default), end + 1

    def _value(self, name: str, default: str | None) -> str:
        if self._defines.get(name):
            return self._defines[name]
        if name in self._properties:
            value = self._property(name)
            if value:
                return value
        if self._environ.get(name):
            return self._environ[name]
        if name == "hostname":
            return socket.gethostname()
        if default is not None:
            return default
        if name.startswith("cloud."):
            raise Unreplaceable(
                f"${{{name}}} was asked of the cloud by the original; define it with -D {name}=..."
            )
        raise Unreplaceable(
            f"${{{name}}} is not defined: not with -D, in <properties> or in the environment,"
            f" and it has no default (${{{name}:default}})"
        )
