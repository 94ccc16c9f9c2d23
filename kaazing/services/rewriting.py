# -*- test-case-name: tests.services.test_rewriting -*-
"""Where a response names the origin's own address, the client's way to it.  RFC 9110 10.2.2, RFC 6265 4.1."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kaazing.config.model import Uri
from kaazing.literals import DEFAULT_PORTS

_ABSOLUTE = re.compile(r"(?:(https?):)?//([^/?#]*)(.*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:@\[\]]+)(?::([0-9]{1,5}))?")
_HOST = re.compile(r"/\t*[/\\]")  # how a reference to another host begins, for browsers (URL standard)


@dataclass(frozen=True, slots=True)
class Mapping:
    """What an address or a name begins with at the origin, and what it is for the client."""

    origin: str
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriting:
    """The rules of one service.

    Attributes:
        connect: the origin; its path ends with a slash.
        locations, domains, paths: the mappings of the file; None where nothing is rewritten.
    """

    connect: Uri
    locations: Sequence[Mapping] | None = ()
    domains: Sequence[Mapping] | None = None
    paths: Sequence[Mapping] | None = None

    def location(self, value: str, site: str, path: str) -> str:
        """Return a Location as the client is to see it.

        The first mapping that fits counts; after those of the file, the connect becomes the accept.

        Args:
            value: an absolute URI, or a reference that begins with a slash; others mean the same to both.
            site: what the client calls us, "https://example.com".
            path: of the accept, with a slash at its end.
        """
        if self.locations is None:
            return value
        for mapping in self.locations:
            rest = value.removeprefix(mapping.origin)
            whole = rest == "" or rest[0] in "/?#" or mapping.origin.endswith("/")
            if value.startswith(mapping.origin) and whole:
                there = mapping.client + rest
                return there if _HOST.match(mapping.client) else _path(there, site)
        found = _ABSOLUTE.match(value)
        below = self._below((found[3] or "/") if found else value)
        if below is None or (found and not self._is_origin(found[1], found[2])):
            return value
        return site + path + below if found else _path(path + below, site)

    def cookie(self, value: str, path: str) -> str:
        """Return a Set-Cookie as the client is to see it; C{path} as of L{location}."""
        first, *attributes = value.split(";")
        return ";".join([first, *(self._attribute(each, path) for each in attributes)])

    def _attribute(self, text: str, path: str) -> str:
        name, equals, value = text.partition("=")
        word = name.strip().lower()
        if word == "domain" and self.domains is not None:
            return name + equals + self._domain(value.strip())
        if word == "path" and self.paths is not None:
            implied = Mapping(self.connect.path, path)
            return name + equals + _mapped_path(value.strip(), [*self.paths, implied])
        return text

    def _domain(self, value: str) -> str:
        bare = value.removeprefix(".").lower()
        for mapping in self.domains or ():
            if mapping.origin.removeprefix(".").lower() == bare:
                return mapping.client
        return value

    def _below(self, value: str) -> str | None:
        """Return what stands behind the path of the connect; None for what is not below it."""
        under = value.startswith(self.connect.path)
        return value[len(self.connect.path) :] if under else None

    def _is_origin(self, scheme: str | None, authority: str) -> bool:
        found = _AUTHORITY.fullmatch(authority)
        if found is None:
            return False
        scheme = (scheme or self.connect.scheme).lower()
        host, port = found[1].strip("[]").lower(), int(found[2] or DEFAULT_PORTS[scheme])
        return (scheme, host, port) == (self.connect.scheme, self.connect.host, self.connect.port)


def _path(reference: str, site: str) -> str:
    """Return a reference whose path is not taken for the name of a host."""
    return site + reference if _HOST.match(reference) else reference


def _mapped_path(value: str, mappings: Sequence[Mapping]) -> str:
    for mapping in mappings:
        here, there = mapping.origin.rstrip("/"), mapping.client.rstrip("/")
        if value == here or value.startswith(here + "/"):
            return there + value[len(here) :] or "/"
    return value


def read_mapping(values: dict[str, Any]) -> Mapping:
    """Make a mapping of its two properties, read."""
    return Mapping(values["from"], values["to"])
