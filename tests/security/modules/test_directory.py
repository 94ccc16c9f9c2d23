"""A directory before any server is asked; tests.integration.test_ldap asks one."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import LoginRefused, LoginUnavailable
from kaazing.literals import Unreadable
from kaazing.security.modules.directory import (
    Directory,
    Place,
    Search,
    _first_value,
    _named,
    is_filter,
    read_place,
)
from tests.integration.children import free_port


class DirectoryTests(SynchronousTestCase):
    def test_places(self) -> None:
        """
        A URL is a server, its base, and whether TLS begins at once or is asked for.
        """
        cases = {
            "ldap://a.example": Place("a.example", 389, "", "asked for"),
            "ldaps://a.example": Place("a.example", 636, "", "at once"),
            "ldaps://a.example:1636/ou=some%20people,dc=a": Place(
                "a.example", 1636, "ou=some people,dc=a", "at once"
            ),
        }
        self.assertEqual({url: read_place(url) for url in cases}, cases)
        for wrong in (
            "http://a.example",
            "ldap://",
            "ldap://joe:x@a.example",
            "ldap://a.example/dc=a?uid",
            "a",
        ):
            self.assertRaises(Unreadable, read_place, wrong)

    def test_filters(self) -> None:
        """
        A filter that no directory could read is known as one.
        """
        good = ("(uid=x)", "(&(objectClass=person)(|(uid=x)(mail=x)))", "(!(uid=x))")
        self.assertEqual([each for each in good if not is_filter(each)], [])
        wrong = ("", "uid=x", "(uid=x", "(uid=x))", "()", "(&)")
        self.assertEqual([each for each in wrong if is_filter(each)], [])

    def test_no_password(self) -> None:
        """
        An empty password is refused without asking, since a directory lets anybody in with it; so is a
        user who can be none.
        """
        nobody = Directory([], Search(), lambda: 0.0)
        for user, password in (("joe", ""), ("", "x"), (" joe", "x"), ("joe\0", "x"), ("x" * 257, "x")):
            self.assertRaises(LoginRefused, nobody.found, user, password)

    def test_names(self) -> None:
        """
        A user stays one value of the name that is logged in with.
        """
        cases = (
            ("uid={USERNAME},dc=a", "joe", "uid=joe,dc=a"),
            ("uid={USERNAME},dc=a", "joe,cn=admin", "uid=joe\\,cn\\=admin,dc=a"),
            ("uid={USERNAME},dc=a", '#a+b"<>;\\', 'uid=\\#a\\+b\\"\\<\\>\\;\\\\,dc=a'),
            ("{USERNAME}@a.example", "joe", "joe@a.example"),
        )
        for template, user, name in cases:
            self.assertEqual(_named(template, user), name)
        for user in ("joe@b.example", "B\\joe", "joe,dc=a", "joe/x"):
            self.assertRaises(LoginRefused, _named, "{USERNAME}@a.example", user)

    def test_first_value(self) -> None:
        """
        A group by its name is the role that the name begins with.
        """
        for name, role in (("cn=admins,ou=groups,dc=a", "admins"), ("admins", "admins"), ("", "")):
            self.assertEqual(_first_value(name), role)

    def test_down(self) -> None:
        """
        With every server down nobody can say; the message names each.
        """
        port = free_port()
        down = Directory([Place("127.0.0.1", port, "dc=a", "none")] * 2, Search(), lambda: 0.0, patience=1)
        with self.assertRaises(LoginUnavailable) as caught:
            down.found("joe", "x")
        one = f"127.0.0.1:{port} cannot be reached (LDAPSocketOpenError)"
        self.assertEqual(str(caught.exception), f"no directory can say: {one}, {one}")
