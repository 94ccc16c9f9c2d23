# -*- test-case-name: tests.security.test_users -*-
"""Files of users: the original's jaas-config.xml, htpasswd, and htgroup for roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from kaazing.errors import ConfigError
from kaazing.security.files import lines
from kaazing.security.passwords import Kept, read

NAMESPACE = "http://xmlns.kaazing.com/jaas-config/centurion"
DEPTH = 32  # roles in roles

_USER = {"name", "password", "role-name"}
_ROLE = {"name", "description", "role-name"}
_SAFE: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
_XML = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class User:
    """One user of a file."""

    kept: Kept
    roles: frozenset[str] = frozenset()


def read_users(data: bytes, file: str) -> Mapping[str, User]:
    """Return the users of a jaas-config.xml or an htpasswd file, by name; which it is, its first byte says.

    Raises:
        ConfigError: it is neither, or something in it cannot be kept.
    """
    if data.lstrip().startswith(_XML):
        return _jaas(data, file)
    return _htpasswd(data, file)


def read_groups(data: bytes, file: str) -> Mapping[str, frozenset[str]]:
    """Return the roles of an htgroup file, C{role: user user}, by user.

    Raises:
        ConfigError: a line is none of these.
    """
    roles: dict[str, set[str]] = {}
    for number, line in lines(data, file):
        role, colon, users = line.partition(":")
        if not colon or not role.strip():
            raise ConfigError("expected a role, a colon, and users", file=file, line=number)
        for user in users.split():
            roles.setdefault(user, set()).add(role.strip())
    return {user: frozenset(named) for user, named in roles.items()}


def _htpasswd(data: bytes, file: str) -> Mapping[str, User]:
    users: dict[str, User] = {}
    for number, line in lines(data, file):
        name, colon, rest = line.partition(":")
        if not colon or not name:
            raise ConfigError("expected a user, a colon and a hash", file=file, line=number)
        if name in users:
            raise ConfigError(f"user {name!r} stands here twice", file=file, line=number)
        try:
            users[name] = User(read(rest.partition(":")[0], clear=False))
        except ValueError as why:
            raise ConfigError(f"user {name!r}: {why}", file=file, line=number) from None
    return users


def _jaas(data: bytes, file: str) -> Mapping[str, User]:
    root = _root(data, file)
    held: dict[str, tuple[str, ...]] = {}
    for element in _named(root, "role"):
        said = _said(element, _ROLE, file)
        name = _one(said, "name", element, file)
        if name in held:
            raise ConfigError(f"role {name!r} stands here twice", file=file, line=_line(element))
        held[name] = said["role-name"]
    _refuse_loops(held, file)
    users: dict[str, User] = {}
    for element in _named(root, "user"):
        said = _said(element, _USER, file)
        name = _one(said, "name", element, file)
        if name in users:
            raise ConfigError(f"user {name!r} stands here twice", file=file, line=_line(element))
        try:
            kept = read(_one(said, "password", element, file), clear=True)
        except ValueError as why:
            raise ConfigError(f"user {name!r}: {why}", file=file, line=_line(element)) from None
        users[name] = User(kept, _reached(said["role-name"], held))
    return users


def _root(data: bytes, file: str) -> etree._Element:
    if b"<!DOCTYPE" in data.replace(b"\0", b""):
        raise ConfigError("a DOCTYPE is not allowed; remove it", file=file)
    try:
        root = etree.fromstring(data, etree.XMLParser(**_SAFE, remove_comments=True, remove_pis=True))
    except etree.XMLSyntaxError as why:
        raise ConfigError("not well-formed XML", file=file, line=why.lineno or 1) from None
    except (ValueError, LookupError):
        raise ConfigError("not well-formed XML: an encoding that is not known", file=file, line=1) from None
    if root.tag != f"{{{NAMESPACE}}}jaas-config":
        raise ConfigError(f'expected <jaas-config xmlns="{NAMESPACE}">', file=file, line=_line(root))
    for element in root:
        if element.tag not in (f"{{{NAMESPACE}}}user", f"{{{NAMESPACE}}}role"):
            raise ConfigError("expected <user> or <role>", file=file, line=_line(element))
    return root


def _named(root: etree._Element, name: str) -> Iterable[etree._Element]:
    return root.iterfind(f"{{{NAMESPACE}}}{name}")


def _said(element: etree._Element, known: set[str], file: str) -> dict[str, tuple[str, ...]]:
    """Return the texts in an element, by name; all of the known ones are there."""
    said: dict[str, tuple[str, ...]] = dict.fromkeys(known, ())
    for child in element:
        name = etree.QName(child)
        if name.namespace != NAMESPACE or name.localname not in known or len(child):
            expected = ", ".join(f"<{each}>" for each in sorted(known))
            raise ConfigError(f"expected {expected} with text in it", file=file, line=_line(child))
        said[name.localname] += ((child.text or "").strip(),)
    return said


def _one(said: dict[str, tuple[str, ...]], name: str, element: etree._Element, file: str) -> str:
    if len(said[name]) != 1 or not said[name][0]:
        raise ConfigError(f"expected one <{name}>, which is not empty", file=file, line=_line(element))
    return said[name][0]


def _refuse_loops(held: Mapping[str, tuple[str, ...]], file: str) -> None:
    over: set[str] = set()

    def go(role: str, path: tuple[str, ...]) -> None:
        if role in path:
            loop = " > ".join((*path[path.index(role) :], role))
            raise ConfigError(f"role {role!r} contains itself: {loop}", file=file)
        if len(path) >= DEPTH:
            raise ConfigError(f"role {path[0]!r}: roles in roles, more than {DEPTH} deep", file=file)
        if role not in over:
            for each in held.get(role, ()):
                go(each, (*path, role))
            over.add(role)

    for role in held:
        go(role, ())


def _reached(roles: Iterable[str], held: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Return roles with all that they contain."""
    found: set[str] = set()
    left = list(roles)
    while left:
        if (role := left.pop()) not in found:
            found.add(role)
            left += held.get(role, ())
    return frozenset(found - {""})


def _line(element: etree._Element) -> int:
    line: Any = element.sourceline
    return line or 0
