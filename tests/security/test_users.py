"""Files of users: jaas-config.xml, htpasswd, htgroup, and what is wrong with them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import ConfigError
from kaazing.security.users import NAMESPACE, read_groups, read_users

REMEDY = "make a new one with htpasswd -B, or with argon2 -id -e"
FIELDS = "expected <name>, <password>, <role-name> with text in it"
HASH = "$2y$04$" + "a" * 53
ROLES = """
  <user><name>joe</name><password>welcome</password><role-name>TRADER</role-name></user>
  <user><name>ann</name><password>x y</password><role-name>BOSS</role-name><role-name>GUEST</role-name></user>
  <user><name>nobody</name><password>z</password></user>
  <role><name>BOSS</name><description>All of them</description><role-name>TRADER</role-name></role>
  <role><name>TRADER</name><role-name>READER</role-name><role-name>WRITER</role-name></role>
  <role><name>READER</name></role>
"""


def jaas(inside: str, namespace: str = NAMESPACE) -> bytes:
    """A jaas-config.xml."""
    return f'<?xml version="1.0"?>\n<jaas-config xmlns="{namespace}">{inside}</jaas-config>'.encode()


def user(name: str = "joe", password: str = "welcome", more: str = "") -> str:
    """A user of a jaas-config.xml."""
    return f"<user><name>{name}</name><password>{password}</password>{more}</user>"


def role(name: str, *roles: str) -> str:
    """A role of a jaas-config.xml."""
    inside = "".join(f"<role-name>{each}</role-name>" for each in roles)
    return f"<role><name>{name}</name>{inside}</role>"


class JaasTests(SynchronousTestCase):
    def test_roles(self) -> None:
        """
        A user has his roles and all that these contain; a role need not be declared.
        """
        users = read_users(jaas(ROLES), "jaas-config.xml")
        roles = {name: sorted(each.roles) for name, each in users.items()}
        expected = {
            "joe": ["READER", "TRADER", "WRITER"],
            "ann": ["BOSS", "GUEST", "READER", "TRADER", "WRITER"],
            "nobody": [],
        }
        self.assertEqual(roles, expected)
        self.assertTrue(users["ann"].kept.matches("x y"))

    def test_hashes(self) -> None:
        """
        A password may stand as a hash.
        """
        users = read_users(jaas(user(password=HASH)), "jaas-config.xml")
        self.assertEqual(users["joe"].kept.kind, "bcrypt")

    def test_encodings(self) -> None:
        """
        XML says its encoding; names and passwords may be of any language.
        """
        inside = user("J\xf6rg", "w\xe9l")
        text = f'<jaas-config xmlns="{NAMESPACE}">{inside}</jaas-config>'
        for encoding in ("utf-8", "utf-8-sig", "utf-16"):
            users = read_users(text.encode(encoding), "f")
            self.assertTrue(users["J\xf6rg"].kept.matches("w\xe9l"), encoding)

    def test_faults(self) -> None:
        """
        What is wrong is told with its line, and no password with it.
        """
        loop = role("A", "B") + role("B", "C") + role("C", "B")
        deep = "".join(role(f"R{n}", f"R{n + 1}") for n in range(40))
        xml = b'<jaas-config xmlns="%s">' % NAMESPACE.encode()
        table = {
            jaas(user(), "urn:other"): f'f:2: expected <jaas-config xmlns="{NAMESPACE}">',
            b"<x": "f:1: not well-formed XML",
            b'<?xml version="1.0" encoding="x-y"?><x/>': "f:1: not well-formed XML",
            jaas("\n<group/>"): "f:3: expected <user> or <role>",
            jaas("\n" + user() + "\n" + user()): "f:4: user 'joe' stands here twice",
            jaas(role("A") + "\n" + role("A")): "f:3: role 'A' stands here twice",
            jaas("\n<user><name>joe</name></user>"): "f:3: expected one <password>, which is not empty",
            jaas("<user><password>x</password></user>"): "f:2: expected one <name>, which is not empty",
            jaas(user(more="<name>ann</name>")): "f:2: expected one <name>, which is not empty",
            jaas(user(more="<mail>x</mail>")): f"f:2: {FIELDS}",
            jaas(user(more="<role-name><b/></role-name>")): f"f:2: {FIELDS}",
            jaas(loop): "f: role 'B' contains itself: B > C > B",
            jaas(role("A", "A")): "f: role 'A' contains itself: A > A",
            jaas(deep): "f: role 'R0': roles in roles, more than 32 deep",
            jaas(
                user(password="{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=")
            ): "f:2: user 'joe': a hash by SHA-1 is not"
            " taken; make a new one with htpasswd -B, or with argon2 -id -e",
            b"<!DOCTYPE x [<!ENTITY a 'b'>]>"
            + xml
            + b"</jaas-config>": "f: a DOCTYPE is not allowed; remove it",
            "<!DOCTYPE x><x/>".encode("utf-16"): "f: a DOCTYPE is not allowed; remove it",
        }
        for data, what in table.items():
            raised = self.assertRaises(ConfigError, read_users, data, "f")
            self.assertEqual(str(raised), what)

    def test_many_ways(self) -> None:
        """
        Roles that contain each other in very many ways, without a loop, are read at once.
        """
        layers = "".join(
            role(f"{n}{side}", f"{n + 1}a", f"{n + 1}b") for n in range(30) for side in "ab"
        )  # fmt: skip
        users = read_users(jaas(user(more="<role-name>0a</role-name>") + layers), "f")
        self.assertEqual(len(users["joe"].roles), 61)


class HtpasswdTests(SynchronousTestCase):
    def test_users(self) -> None:
        """
        Lines of user and hash, by bcrypt or argon2id; blank lines and comments are passed over.
        """
        argon = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0$" + "A" * 43
        users = read_users(f"# users\n\njoe:{HASH}\r\nann:{argon}:more\n".encode(), "f")
        self.assertEqual(
            {name: each.kept.kind for name, each in users.items()}, {"joe": "bcrypt", "ann": "argon2id"}
        )

    def test_empty(self) -> None:
        """
        An empty file has no users, and is no fault.
        """
        self.assertEqual(read_users(b"", "f"), {})

    def test_faults(self) -> None:
        """
        What is wrong is told with its line, and nothing of the hash.
        """
        table = {
            b"\n\njoe": "f:3: expected a user, a colon and a hash",
            b":" + HASH.encode(): "f:1: expected a user, a colon and a hash",
            f"joe:{HASH}\njoe:{HASH}".encode(): "f:2: user 'joe' stands here twice",
            b"joe:$apr1$a$b": f"f:1: user 'joe': a hash by MD5 (apr1) is not taken; {REMEDY}",
            b"joe:welcome": f"f:1: user 'joe': neither a hash by bcrypt nor one by argon2id; {REMEDY}",
            b"# \n\xe9:x": "f:2: expected text in UTF-8",
        }
        for data, what in table.items():
            raised = self.assertRaises(ConfigError, read_users, data, "f")
            self.assertEqual(str(raised), what)

    @given(st.binary())
    def test_any_bytes(self, data: bytes) -> None:
        """
        Whatever a file holds, it is read or refused.
        """
        for read in (read_users, read_groups):
            for each in (data, b"<" + data, b"joe:" + data):
                try:
                    read(each, "f")
                except ConfigError:
                    continue


class GroupTests(SynchronousTestCase):
    def test_roles(self) -> None:
        """
        A line names a role and who has it; a role may stand on several lines.
        """
        groups = read_groups(b"\xef\xbb\xbftrader: joe ann\n# x\nboss:ann\ntrader: bob\nempty:\n", "f")
        expected = {"joe": {"trader"}, "ann": {"trader", "boss"}, "bob": {"trader"}}
        self.assertEqual(groups, {name: frozenset(roles) for name, roles in expected.items()})

    def test_faults(self) -> None:
        """
        A line without a role is told of.
        """
        for data in (b"\njoe ann", b"\n: joe"):
            raised = self.assertRaises(ConfigError, read_groups, data, "f")
            self.assertEqual(str(raised), "f:2: expected a role, a colon, and users")
