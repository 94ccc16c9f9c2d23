# -*- test-case-name: tests.security.modules.test_directory -*-
"""A directory asked whether a password is right, over LDAP, by one call that blocks.  RFC 4511, RFC 4513."""

from __future__ import annotations

import secrets
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import ldap3
from ldap3.core.exceptions import LDAPException
from ldap3.operation.search import parse_filter
from ldap3.utils.conv import escape_filter_chars
from ldap3.utils.dn import escape_rdn, parse_dn

from kaazing.errors import LoginRefused, LoginUnavailable
from kaazing.literals import Unreadable, uri
from kaazing.security.modules import claims

MOST_GROUPS = 1000
_MOST_VALUES = 100  # of one attribute, for claims
_LONGEST_VALUE = 1024  # characters
_DOWN = 30.0  # seconds for which a server that did not answer is asked last
_NO = {19, 32, 48, 49, 50, 53}  # result codes of a bind that say no, whichever way (RFC 4511 appendix A)
_NOT_IN_NAMES = frozenset('@"/\\[]:;|=,+*?<>')  # of users that are put into what is no distinguished name


@dataclass(frozen=True, slots=True)
class Place:
    """A server.

    Attributes:
        base: where a search starts, of the URL; empty for none.
        tls: "at once", "asked for" (StartTLS) or "none".
    """

    host: str
    port: int
    base: str
    tls: str

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How users, and their roles, are found; see the options of login module ldap."""

    base: str = ""
    user_filter: str = ""
    user_name: str = ""
    user_attribute: str = "uid"
    bind_name: str = ""
    bind_password: str = field(default="", repr=False)
    roles_base: str = ""
    roles_filter: str = "(member={DN})"
    roles_attribute: str = "cn"
    member_of: str = ""
    nested: int = 0
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A user whose password is right.

    Attributes:
        roles: names, as they are in the directory.
        claims: the attributes asked for, each a text or a list of texts, and C{dn}.
    """

    user: str
    roles: frozenset[str]
    claims: Mapping[str, Any] = field(repr=False)


def read_place(value: str) -> Place:
    """Read C{ldaps://host:port/base} or C{ldap://host:port/base}; StartTLS is for the latter."""
    parts = uri(value)
    if parts.scheme not in ("ldap", "ldaps") or not parts.host or parts.userinfo is not None or parts.query:
        raise Unreadable(
            "expected ldaps://host:port, or ldap://host:port, and behind it / and a base or nothing"
        )
    secure = parts.scheme == "ldaps"
    base = unquote(parts.path.removeprefix("/"))
    return Place(
        parts.host, parts.port or (636 if secure else 389), base, "at once" if secure else "asked for"
    )


def is_filter(text: str) -> bool:
    """Return whether a text is a filter (RFC 4515)."""
    try:
        parse_filter(text, None, False, True, None, False)
    except LDAPException:
        return False
    return True


class Directory:
    """One directory, by its servers; used from several threads."""

    def __init__(
        self,
        places: Iterable[Place],
        search: Search,
        time: Callable[[], float],
        *,
        patience: float = 5.0,
        ca_file: Path | None = None,
    ) -> None:
        """C{patience}: seconds that a connection, and each answer, may take."""
        self._places, self._search, self._time, self._patience = tuple(places), search, time, patience
        self._tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=ca_file and str(ca_file))
        self._down: dict[Place, float] = {}

    def found(self, user: str, password: str) -> Found:
        """Return the user; blocks.

        Raises:
            LoginRefused: there is none, or the password is wrong.
            LoginUnavailable: no server could say.
        """
        if not claims.is_name(user) or not password:  # an empty one is no password (RFC 4513 section 5.1.2)
            raise LoginRefused("a user or a password that cannot be one")
        faults = []
        now = self._time()
        for place in sorted(self._places, key=lambda each: self._down.get(each, 0.0) > now):
            try:
                with closing(_Session(self._open(place), self._search, place)) as session:
                    return session.found(user, password)
            except LoginUnavailable as why:
                faults.append(f"{place} {why}")
            except (LDAPException, OSError) as why:
                faults.append(f"{place} {_fault(why)}")
            self._down[place] = now + _DOWN
        raise LoginUnavailable(f"no directory can say: {', '.join(faults)}")

    def _open(self, place: Place) -> Any:
        server = ldap3.Server(
            place.host.strip("[]"),
            place.port,
            use_ssl=place.tls == "at once",
            tls=None if place.tls == "none" else self._tls,
            get_info=ldap3.NONE,
            connect_timeout=self._patience,
            allowed_referral_hosts=[],
        )
        connection = ldap3.Connection(
            server,
            auto_bind=ldap3.AUTO_BIND_NONE,
            auto_escape=False,
            auto_referrals=False,
            check_names=False,
            read_only=True,
            receive_timeout=ceil(self._patience),
        )
        try:
            connection.open(read_server_info=False)
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if place.tls == "asked for" and not connection.start_tls(read_server_info=False):
                raise LDAPException("the server does not begin TLS")
        except BaseException:
            connection.strategy.close()
            raise
        return connection


class _Session:
    """One login on one connection."""

    def __init__(self, connection: Any, search: Search, place: Place) -> None:
        self._connection, self._search = connection, search
        self._base = search.base or place.base

    def close(self) -> None:
        """End the connection."""
        with suppress(LDAPException, OSError):
            self._connection.unbind()

    def found(self, user: str, password: str) -> Found:
        """See L{Directory.found}; also raises LDAPException and OSError."""
        search = self._search
        if search.user_name:
            name = _named(search.user_name, user)
            self._prove(name, password)
            entry = self._entry(user) if search.user_filter else (name, {})
        else:
            self._bind_own()
            entry = self._entry(user)
            # Who is not there has a bind refused all the same, so that it takes the same number of answers.
            self._prove(entry[0] if entry else f"cn={secrets.token_hex(8)},{self._base}", password)
        if entry is None:
            raise LoginRefused("a user whom the directory does not have")
        if search.roles_base and search.bind_name:
            self._bind_own()
        name, attributes = entry
        spelt = attributes.get(search.user_attribute.lower(), ())
        return Found(
            spelt[0] if spelt else user, frozenset(self._roles(user, name, attributes)), self._claims(entry)
        )

    def _prove(self, name: str, password: str) -> None:
        code = self._bind(name, password)
        if code in _NO:
            raise LoginRefused("a user or a password that the directory does not know")
        if code:
            raise LoginUnavailable(f"answers a login with result {code} (RFC 4511 appendix A)")

    def _bind_own(self) -> None:
        code = self._bind(self._search.bind_name, self._search.bind_password)
        if code:
            raise LoginUnavailable(f"refuses the gateway's own login with result {code}")

    def _bind(self, name: str, password: str) -> int:
        connection = self._connection
        connection.authentication = ldap3.SIMPLE if name else ldap3.ANONYMOUS
        # As bytes they are left as they are: what is prepared may come out empty.
        connection.user, connection.password = name or None, password.encode() if name else None
        connection.bind(read_server_info=False)
        return int(connection.result["result"])

    def _entry(self, user: str) -> tuple[str, Mapping[str, list[str]]] | None:
        search = self._search
        wanted = {search.user_attribute, search.member_of, *search.attributes} - {""}
        filled = search.user_filter.replace("{USERNAME}", escape_filter_chars(user))
        found = list(self._found(self._base, filled, sorted(wanted), 2))
        if len(found) > 1:
            raise LoginRefused("a user whom the directory has more than once")
        return found[0] if found else None

    def _roles(self, user: str, name: str, attributes: Mapping[str, list[str]]) -> Iterator[str]:
        search = self._search
        for value in attributes.get(search.member_of.lower(), ()):
            yield _first_value(value)
        if not search.roles_base:
            return
        asked, seen, depth = [name], {name.lower()}, 0
        while asked and depth <= search.nested and len(seen) <= MOST_GROUPS:
            groups = [group for each in asked for group in self._groups(user, each)]
            asked = []
            for group, values in groups:
                yield from values.get(search.roles_attribute.lower(), ())
                if group.lower() not in seen:
                    seen.add(group.lower())
                    asked.append(group)
            depth += 1

    def _groups(self, user: str, name: str) -> Iterator[tuple[str, Mapping[str, list[str]]]]:
        search = self._search
        filled = search.roles_filter.replace("{DN}", escape_filter_chars(name))
        filled = filled.replace("{USERNAME}", escape_filter_chars(user))
        return self._found(search.roles_base, filled, [search.roles_attribute], MOST_GROUPS)

    def _found(
        self, base: str, filled: str, wanted: list[str], most: int
    ) -> Iterator[tuple[str, Mapping[str, list[str]]]]:
        self._connection.search(
            base,
            filled,
            dereference_aliases=ldap3.DEREF_NEVER,
            attributes=wanted or [ldap3.NO_ATTRIBUTES],
            size_limit=most,
            time_limit=10,
        )
        code = int(self._connection.result["result"])
        if code not in (0, 4):  # 4: there would be more
            raise LoginUnavailable(f"answers a search with result {code} (RFC 4511 appendix A)")
        for entry in self._connection.response:
            if entry["type"] == "searchResEntry":  # and no references to elsewhere
                yield (
                    entry["dn"],
                    {name.lower(): _texts(entry["raw_attributes"][name]) for name in entry["raw_attributes"]},
                )

    def _claims(self, entry: tuple[str, Mapping[str, list[str]]]) -> Mapping[str, Any]:
        name, attributes = entry
        said: dict[str, Any] = {"dn": name}
        for each in self._search.attributes:
            values = [value for value in attributes.get(each.lower(), ()) if len(value) <= _LONGEST_VALUE]
            if values:
                said[each] = values[0] if len(values) == 1 else values[:_MOST_VALUES]
        return said


def _fault(why: Exception) -> str:
    if "CERTIFICATE" in str(why).upper():
        return "shows a certificate that is not to be trusted"
    return f"cannot be reached ({type(why).__name__})"


def _named(template: str, user: str) -> str:
    """Put a user into the name to bind with: a distinguished name (RFC 4514), or joe@example.org."""
    if "=" in template:
        return template.replace("{USERNAME}", escape_rdn(user))
    if not _NOT_IN_NAMES.isdisjoint(user):
        raise LoginRefused("a user or a password that cannot be one")
    return template.replace("{USERNAME}", user)


def _first_value(name: str) -> str:
    """Return C{admins} of C{cn=admins,ou=groups}; what is no distinguished name is itself."""
    try:
        return str(parse_dn(name)[0][1])
    except (LDAPException, IndexError):
        return name


def _texts(values: Iterable[bytes]) -> list[str]:
    found = []
    for value in values:
        try:
            found.append(value.decode())
        except UnicodeDecodeError:
            continue  # a photograph, say
    return found
