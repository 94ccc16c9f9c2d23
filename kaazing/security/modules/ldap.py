# -*- test-case-name: tests.security.modules.test_ldap -*-
"""Login module ldap: a directory knows the users and their passwords; the original's options and ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import implementer

from kaazing.errors import ConfigError, LoginMissing
from kaazing.interfaces.security import Attempt, IAttempt, ILoginModule, Subject, Workplace
from kaazing.literals import Unreadable, blank_list, bounded, comma_list, integer, interval, switch, text
from kaazing.options import Option
from kaazing.security.modules.claims import read_pairs, roles
from kaazing.security.modules.directory import Directory, Found, Place, Search, is_filter, read_place
from kaazing.security.modules.named_files import read_named
from kaazing.security.workers import Workers

THREADS = 4
_OF_JAAS = ("debug", "tryFirstPass", "useFirstPass", "storePass", "clearPass")
_NAME = re.compile(r"\{[^{}]*\}")
_log = Logger(namespace="kaazing.security")


def read_filter(value: str) -> str:
    """Read a filter of RFC 4515, C{{USERNAME}} and C{{DN}} in it."""
    if not is_filter(value.replace("{USERNAME}", "x").replace("{DN}", "x")):
        raise Unreadable("expected a filter in parentheses, such as (uid={USERNAME})")
    return value


def read_places(value: str) -> tuple[Place, ...]:
    """Read URLs with blanks in between."""
    return tuple(read_place(each) for each in blank_list(value))


OPTIONS = (
    Option(
        name="url",
        read=read_place,
        default=(),
        repeated=True,
        doc="ldaps://host:port or ldap://host:port of a server; the next is asked when one does not answer.",
    ),
    Option(
        name="base",
        read=text,
        default="",
        doc="Where the search for users starts: ou=people,dc=example,dc=org.",
    ),
    Option(
        name="user.filter",
        read=read_filter,
        default="",
        doc="How a user is found, (uid={USERNAME}) by default; {USERNAME} is escaped by RFC 4515.",
    ),
    Option(
        name="user.dn",
        read=text,
        default="",
        doc="Name that a user logs in to the directory with, in place of a search:"
        " uid={USERNAME},ou=people,dc=example,dc=org, or {USERNAME}@example.org for Active Directory.",
    ),
    Option(
        name="user.attribute",
        read=text,
        default="uid",
        doc="Attribute with the user's name as it is spelt; where it is not to be had, it is as the client"
        " wrote it.",
    ),
    Option(
        name="bind.dn",
        read=text,
        default="",
        doc="Who searches; by default nobody in particular (anonymous).",
    ),
    Option(name="bind.password-file", read=text, doc="File with the password of bind.dn."),
    Option(
        name="roles.base",
        read=text,
        default="",
        doc="Where the search for groups starts; without it none is made.",
    ),
    Option(
        name="roles.filter",
        read=read_filter,
        default="(member={DN})",
        doc="How the groups of a user are found; {DN} is the name of the user's entry, {USERNAME} the user.",
    ),
    Option(name="roles.attribute", read=text, default="cn", doc="Attribute of a group that is the role."),
    Option(
        name="roles.nested",
        read=integer(0, 10),
        default=0,
        doc="How many groups deep groups in groups are looked for; 0: those alone that the user is in. About"
        " 1,000 groups at most.",
    ),
    Option(
        name="roles.member-of",
        read=text,
        default="",
        doc="Attribute of the user's entry that names groups, such as memberOf; cn=admins,ou=groups is the"
        " role admins.",
    ),
    Option(name="roles.map", read=read_pairs, default={}, doc="As of login module jwt."),
    Option(name="roles.prefix", read=text, default="", doc="What is put before the name of every role."),
    Option(
        name="claims",
        read=comma_list,
        default=(),
        doc="Attributes of the user's entry to keep as claims, with commas in between.",
    ),
    Option(
        name="starttls",
        read=switch,
        default=True,
        doc="Whether ldap:// begins TLS before anything else; disabled, passwords go over the wire in clear.",
    ),
    Option(
        name="ca-file",
        read=text,
        doc="PEM file of the authorities that the server's certificate must be of, in place of the system's.",
    ),
    Option(
        name="timeout",
        read=bounded(interval, 0.1, 30),
        default=5.0,
        doc="How long a connection to a server, and each answer, may take; at most 30 s.",
    ),
    Option(
        name="userProvider",
        read=read_places,
        default=(),
        doc="Of the original: URLs, with base, blanks in between.",
    ),
    Option(name="userFilter", read=read_filter, default="", doc="Of the original: user.filter."),
    Option(name="authIdentity", read=text, default="", doc="Of the original: user.dn."),
    Option(
        name="authzIdentity",
        read=text,
        default="",
        doc="Of the original: a role that every user has, or {attribute}: one that the user's entry names.",
    ),
    Option(
        name="useSSL",
        read=switch,
        doc="Of the original: enabled, TLS at once with ldap:// too; disabled, ldap:// in clear.",
    ),
    Option(name="java.naming.security.principal", read=text, default="", doc="Of the original: bind.dn."),
    Option(
        name="java.naming.security.credentials",
        read=text,
        default="",
        secret=True,
        doc="Of the original: the password of bind.dn.",
    ),
    *(Option(name=name, read=text, doc="Of the original; has no effect.") for name in _OF_JAAS),
)


@implementer(ICredentialsChecker)
class LdapChecker:
    """Asks a directory, in threads of its own: one that hangs keeps nobody else waiting."""

    credentialInterfaces = (IAttempt,)

    def __init__(
        self,
        directory: Directory,
        workers: Any,
        mapping: Mapping[str, str],
        prefix: str = "",
        extra: str = "",
    ) -> None:
        """C{extra}: as of authzIdentity."""
        self._directory, self._workers = directory, workers
        self._mapping, self._prefix, self._extra = mapping, prefix, extra

    def start(self) -> None:
        """Make ready for calls."""
        self._workers.start()

    def stop(self) -> Any:
        """End the threads."""
        return self._workers.stop()

    def requestAvatarId(self, attempt: Attempt) -> Any:
        """Return a Deferred of the subject."""
        if attempt.password is None:
            raise LoginMissing("no user and password")
        found: Deferred[Found] = self._workers.work(
            self._directory.found, attempt.password.user, attempt.password.password
        )
        return found.addCallback(self._subject)

    def _subject(self, found: Found) -> Subject:
        named = set(roles(found.roles, self._mapping, self._prefix))
        if _NAME.fullmatch(self._extra):
            said = found.claims.get(self._extra[1:-1], ())
            named.update(roles(said if isinstance(said, list) else [said], {}, ""))
        elif self._extra:
            named.add(self._extra)
        return Subject(user=found.user, roles=frozenset(named), claims=found.claims)


@implementer(ILoginModule)
class LdapType:
    """See L{ILoginModule}."""

    name = "ldap"
    doc = (
        "Users and passwords of a directory: by a search for the user and a login with what was found, or by"
        " a login with the user's name alone; groups are roles."
    )
    options = OPTIONS

    def check(self, options: Mapping[str, Any]) -> Iterator[str]:
        """See L{ILoginModule.check}."""
        for ours, theirs in _SAME.items():
            if options[ours] and options[theirs]:
                yield f"{ours} and {theirs} are the same; leave one out"
        places = options["url"] or options["userProvider"]
        if not places:
            yield "expected a url"
        search = _search(options)
        if not search.user_name and not all(search.base or place.base for place in places):
            yield "expected a base to search users in, or user.dn to log in without a search"
        for name, template in (("user.filter", search.user_filter), ("user.dn", search.user_name)):
            if template and "{USERNAME}" not in template:
                yield f"{name}: expected {{USERNAME}} in it"
        if "{DN}" not in search.roles_filter and "{USERNAME}" not in search.roles_filter:
            yield "roles.filter: expected {DN} or {USERNAME} in it"
        if "{DN}" not in search.roles_filter and search.nested:
            yield "roles.nested: expected {DN} in roles.filter, by which groups in groups are found"
        has_password = options["bind.password-file"] or options["java.naming.security.credentials"]
        if bool(search.bind_name) is not bool(has_password):
            yield "expected both of bind.dn and bind.password-file, or neither"

    def checker(self, options: Mapping[str, Any], workplace: Workplace) -> LdapChecker:
        """See L{ILoginModule.checker}."""
        search = _search(options)
        if options["bind.password-file"]:
            password = read_named(options["bind.password-file"], workplace, _password)
            search = replace(search, bind_password=password)
        ca_file = options["ca-file"] and read_named(options["ca-file"], workplace, _certificates)
        places = tuple(_secured(place, options) for place in options["url"] or options["userProvider"])
        for place in places:
            if place.tls == "none":
                _log.warn("passwords go to the directory {place} in clear", place=place)
        directory = Directory(
            places,
            search,
            workplace.time,
            patience=options["timeout"],
            ca_file=workplace.folder / options["ca-file"] if ca_file else None,
        )
        workers = Workers(workplace.reactor, "logins at the directory", threads=THREADS)
        return LdapChecker(
            directory, workers, options["roles.map"], options["roles.prefix"], options["authzIdentity"]
        )


_SAME = {
    "url": "userProvider",
    "user.filter": "userFilter",
    "user.dn": "authIdentity",
    "bind.dn": "java.naming.security.principal",
    "bind.password-file": "java.naming.security.credentials",
}


def _search(options: Mapping[str, Any]) -> Search:
    def either(ours: str) -> str:
        return str(options[ours] or options[_SAME[ours]])

    extra = options["authzIdentity"]
    named = (extra[1:-1],) if _NAME.fullmatch(extra) else ()
    by_name = either("user.dn")
    return Search(
        base=options["base"],
        user_filter=either("user.filter") or ("" if by_name else "(uid={USERNAME})"),
        user_name=by_name,
        user_attribute=options["user.attribute"],
        bind_name=either("bind.dn"),
        bind_password=options["java.naming.security.credentials"],
        roles_base=options["roles.base"],
        roles_filter=options["roles.filter"],
        roles_attribute=options["roles.attribute"],
        member_of=options["roles.member-of"],
        nested=options["roles.nested"],
        attributes=(*options["claims"], *named),
    )


def _secured(place: Place, options: Mapping[str, Any]) -> Place:
    if place.tls == "at once":
        return place
    if options["useSSL"] is not None:
        return replace(place, tls="at once" if options["useSSL"] else "none")
    return place if options["starttls"] else replace(place, tls="none")


def _password(data: bytes) -> str:
    password = data.decode().strip("\r\n")
    if not password:
        raise ValueError("expected a password")
    return password


def _certificates(data: bytes) -> bool:
    if b"-----BEGIN CERTIFICATE-----" not in data:
        raise ConfigError("there is no certificate (PEM) in it")
    return True
