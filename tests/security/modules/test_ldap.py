"""Login module ldap: its options, the original's among them, and what becomes of the directory's answer."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.errors import LoginMissing
from kaazing.interfaces.security import Attempt, ILoginModule, Password, Subject
from kaazing.literals import Unreadable
from kaazing.security.modules.directory import Found, Place
from kaazing.security.modules.ldap import LdapChecker, LdapType, read_filter, read_places
from tests.security.modules.issuing import options, workplace
from tests.transports.certificates import AUTHORITY, Files

CLEAR = Place("a.example", 389, "dc=a", "none")
PLACE = Place("a.example", 389, "dc=a", "asked for")
SECURE = Place("a.example", 636, "dc=a", "at once")


class Pool:
    """Calls at once."""

    def __init__(self) -> None:
        self.running = False

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False

    def work(self, function: Any, *arguments: Any) -> Deferred[Any]:
        assert self.running
        return succeed(function(*arguments))


class Known:
    """A directory with one user."""

    def __init__(self, **said: Any) -> None:
        self.said = said
        self.asked: list[tuple[str, str]] = []

    def found(self, user: str, password: str) -> Found:
        self.asked.append((user, password))
        return Found("joe", frozenset(("admins", "staff")), {"dn": "uid=joe", **self.said})


class LdapCheckerTests(SynchronousTestCase):
    def subject(self, known: Known, *more: Any) -> Subject:
        made = LdapChecker(known, Pool(), *more)  # type: ignore[arg-type]
        made.start()
        attempt = Attempt(realm="r", service="s", address="192.0.2.1", password=Password("Joe", "pw"))
        found: Subject = self.successResultOf(made.requestAvatarId(attempt))
        made.stop()
        return found

    def test_subject(self) -> None:
        """
        The user is as the directory spells it; its groups are roles, mapped and prefixed.
        """
        known = Known(mail="joe@a.example")
        said = {"dn": "uid=joe", "mail": "joe@a.example"}
        for more, named in (
            (({},), {"admins", "staff"}),
            (({"admins": "ADMINISTRATOR"}, "ldap-"), {"ldap-ADMINISTRATOR"}),
        ):
            self.assertEqual(
                self.subject(known, *more), Subject(user="joe", roles=frozenset(named), claims=said)
            )
        self.assertEqual(known.asked, [("Joe", "pw")] * 2)

    def test_authz_identity(self) -> None:
        """
        The original's authzIdentity is a role of everybody, or one that the entry names, where it does.
        """
        for extra, said, named in (
            ("AUTHORIZED", {}, {"AUTHORIZED"}),
            ("{title}", {"title": "queen"}, {"queen"}),
            ("{title}", {"title": ["queen", "cook"]}, {"queen", "cook"}),
            ("{title}", {}, set()),
        ):
            found = self.subject(Known(**said), {"none": "x"}, "", extra)
            self.assertEqual(found.roles, frozenset(named))

    def test_missing(self) -> None:
        """
        Who gives no password is not looked up.
        """
        made = LdapChecker(Known(), Pool(), {})  # type: ignore[arg-type]
        self.assertRaises(LoginMissing, made.requestAvatarId, Attempt(realm="r", service="s", address="a"))


class LdapTypeTests(Files):
    def made(self, **given: Any) -> Any:
        """Return what a checker made of options asks."""
        checker = LdapType().checker(options(LdapType.options, **given), workplace(self.folder))
        return checker._directory

    def test_promises(self) -> None:
        """
        It is a login module.
        """
        self.assertTrue(verifyObject(ILoginModule, LdapType()))

    def test_security(self) -> None:
        """
        Passwords go over TLS, asked for or at once, unless the options say in so many words that they do not.
        """
        for given, places in (
            ({"url": (PLACE, SECURE)}, (PLACE, SECURE)),
            ({"url": (PLACE, SECURE), "starttls": False}, (CLEAR, SECURE)),
            ({"userProvider": (PLACE,), "useSSL": True}, (Place("a.example", 389, "dc=a", "at once"),)),
            ({"userProvider": (PLACE, SECURE), "useSSL": False}, (CLEAR, SECURE)),
        ):
            self.assertEqual(self.made(**given)._places, places)

    def test_originals(self) -> None:
        """
        The original's options mean the same as ours.
        """
        self.file("password", b"pw\n")
        ours = {
            "url": (PLACE,),
            "user_filter": "(cn={USERNAME})",
            "user_dn": "cn={USERNAME}",
            "bind_dn": "cn=me",
            "bind_password_file": "password",
            "claims": ("title",),
        }
        theirs = {
            "userProvider": (PLACE,),
            "userFilter": "(cn={USERNAME})",
            "authIdentity": "cn={USERNAME}",
            "java_naming_security_principal": "cn=me",
            "java_naming_security_credentials": "pw",
            "authzIdentity": "{title}",
            "tryFirstPass": "true",
        }
        self.assertEqual(self.made(**ours)._search, self.made(**theirs)._search)

    def test_search_first(self) -> None:
        """
        Users are searched by uid where nothing else is said, and not at all where their name is known.
        """
        for given, name, filled in (
            ({}, "", "(uid={USERNAME})"),
            ({"user_dn": "uid={USERNAME},dc=a"}, "uid={USERNAME},dc=a", ""),
        ):
            search = self.made(url=(PLACE,), **given)._search
            self.assertEqual((search.user_name, search.user_filter), (name, filled))

    def test_files(self) -> None:
        """
        Files that are missing or no good are named.
        """
        self.file("ca.pem", AUTHORITY.pem)
        self.file("empty", b"\n")
        self.made(url=(PLACE,), ca_file="ca.pem")
        self.assertEqual(
            self.refusal(lambda: self.made(url=(PLACE,), ca_file="empty")),
            "FOLDER/empty: there is no certificate (PEM) in it",
        )
        self.assertEqual(
            self.refusal(lambda: self.made(url=(PLACE,), bind_dn="cn=me", bind_password_file="empty")),
            "FOLDER/empty: expected a password",
        )

    def test_check(self) -> None:
        """
        Options that do not go together are told of.
        """
        base = Place("a.example", 389, "", "asked for")
        cases: tuple[tuple[dict[str, Any], list[str]], ...] = (
            ({"url": (PLACE,)}, []),
            ({"url": (base,), "base": "dc=a"}, []),
            ({"url": (base,), "user_dn": "{USERNAME}@a.example"}, []),
            ({}, ["expected a url"]),
            ({"url": (base,)}, ["expected a base to search users in, or user.dn to log in without a search"]),
            (
                {"url": (PLACE,), "userProvider": (PLACE,)},
                ["url and userProvider are the same; leave one out"],
            ),
            ({"url": (PLACE,), "user_filter": "(uid=joe)"}, ["user.filter: expected {USERNAME} in it"]),
            ({"url": (PLACE,), "authIdentity": "uid=joe"}, ["user.dn: expected {USERNAME} in it"]),
            (
                {"url": (PLACE,), "roles_filter": "(cn=x)"},
                ["roles.filter: expected {DN} or {USERNAME} in it"],
            ),
            (
                {"url": (PLACE,), "roles_filter": "(memberUid={USERNAME})", "roles_nested": 1},
                ["roles.nested: expected {DN} in roles.filter, by which groups in groups are found"],
            ),
            (
                {"url": (PLACE,), "bind_dn": "cn=x"},
                ["expected both of bind.dn and bind.password-file, or neither"],
            ),
        )
        for given, faults in cases:
            self.assertEqual(list(LdapType().check(options(LdapType.options, **given))), faults)

    def test_literals(self) -> None:
        """
        Filters are whole; several URLs of the original stand in one text.
        """
        self.assertEqual(read_filter("(&(uid={USERNAME})(a=b))"), "(&(uid={USERNAME})(a=b))")
        self.assertRaises(Unreadable, read_filter, "uid={USERNAME}")
        self.assertEqual(read_places("ldap://a.example/dc=a  ldaps://a.example/dc=a"), (PLACE, SECURE))
