"""Which login is whose, and what claims may bring into it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.adapters import Login
from kaazing.interfaces.security import Subject
from kaazing.security.stores.entries import Entry, NoEntry, nearest, read_entries

JOE = Subject(user="joe", roles=frozenset({"trader", "chat"}), claims={"sub": "j-1", "n": 7, "token": "s3"})


class OrderTests(SynchronousTestCase):
    def found(self, *entries: Entry, service: str = "stomp", subject: Subject = JOE) -> str | None:
        """The username that is found."""
        login = nearest(entries, service, subject)
        return None if login is None else login.username

    def test_order(self) -> None:
        """
        A user's login goes before a role's before everybody's; in each the service's goes before the longest
        pattern before *.
        """
        entries = [
            Entry(username="9"),
            Entry(service="st*", username="8"),
            Entry(service="stomp", username="7"),
            Entry(role="trader", username="6"),
            Entry(role="chat", service="s*", username="5b"),
            Entry(role="chat", service="sto*", username="5"),
            Entry(role="trader", service="stomp", username="4"),
            Entry(user="joe", username="3"),
            Entry(user="joe", service="?tomp", username="2"),
            Entry(user="joe", service="stomp", username="1"),
        ]
        for expected in ("1", "2", "3", "4", "5", "5b", "6", "7", "8", "9"):
            self.assertEqual(self.found(*entries), expected)
            entries = [entry for entry in entries if entry.username != expected]
        self.assertIsNone(self.found(*entries))

    def test_others(self) -> None:
        """
        Nobody gets the login of another user, role or service; somebody without a name is no user.
        """
        self.assertIsNone(self.found(Entry(user="ann", username="x")))
        self.assertIsNone(self.found(Entry(user="Joe", username="x")))
        self.assertIsNone(self.found(Entry(role="admin", username="x")))
        self.assertIsNone(self.found(Entry(service="amqp", username="x")))
        self.assertIsNone(self.found(Entry(user="", username="x"), subject=Subject()))
        self.assertEqual(self.found(Entry(username="x"), subject=Subject()), "x")

    def test_first(self) -> None:
        """
        Of two logins that are alike the first is taken.
        """
        self.assertEqual(self.found(Entry(username="a"), Entry(username="b")), "a")


class TemplateTests(SynchronousTestCase):
    def test_filled(self) -> None:
        """
        ${user} and ${claim.NAME} in a username are filled in; a password is a claim as a whole, or itself.
        """
        for username, expected in (
            ("${user}", "joe"),
            ("a-${claim.sub}-${claim.n}", "a-j-1-7"),
            ("$x", "$x"),
        ):
            login = Entry(username=username, password="p${user}").login(JOE)
            self.assertEqual(login, Login(username=expected, password="p${user}"))
        login = Entry(username="joe", password="${claim.token}", mechanism="PLAIN").login(JOE)
        self.assertEqual(login, Login(username="joe", password="s3", mechanism="PLAIN"))

    def test_missing(self) -> None:
        """
        Without the claim, or with one that is no short text, there is no login; nothing of it is repeated.
        """
        short = "claim.x: more than 1024 characters, or control characters in it"
        none = "claim.x: the client has none, or one that is no text"
        bad = (
            ("a\nb", short),
            ("x" * 1025, short),
            ("\0", short),
            ("\ud800", short),
            ("", none),
            (["a"], none),
            (True, none),
        )
        for value, sentence in bad:
            subject = Subject(user="joe", claims={"x": value})
            for entry in (Entry(username="${claim.x}"), Entry(username="u", password="${claim.x}")):
                why = self.assertRaises(NoEntry, entry.login, subject)
                self.assertEqual(str(why), sentence)
        self.assertRaises(NoEntry, Entry(username="${user}").login, Subject())
        self.assertRaises(NoEntry, nearest, [Entry(username="${claim.x}"), Entry(username="y")], "s", JOE)

    def test_no_second_time(self) -> None:
        """
        What a claim brings in is not filled in again.
        """
        subject = Subject(user="joe", claims={"x": "${user}"})
        self.assertEqual(Entry(username="${claim.x}").login(subject).username, "${user}")


class ReadTests(SynchronousTestCase):
    @given(
        st.recursive(
            st.text() | st.none() | st.integers(),
            lambda more: (
                st.lists(more)
                | st.dictionaries(
                    st.sampled_from(["user", "role", "service", "username", "password", "x"]) | st.text(),
                    more,
                )
            ),
        )
    )
    def test_anything(self, said: object) -> None:
        """
        Whatever is read is logins, or refused with a sentence.
        """
        try:
            entries = read_entries([said])
        except ValueError as why:
            self.assertTrue(str(why).startswith("login 1: "))
        else:
            self.assertEqual(read_entries([entry.said() for entry in entries]), entries)

    def test_refused(self) -> None:
        """
        What is wrong with a login is said without its password.
        """
        secret = {"username": "u", "password": "hunter2"}
        cases: list[tuple[object, str]] = [
            ({**secret, "password": "hunter2\udcff"}, "a text that is no UTF-8"),
            (
                {**secret, "paswort": "x"},
                "an entry has no 'paswort'; there are: service, user, role, username, password, mechanism",
            ),
            ({**secret, "user": "a", "role": "b"}, "an entry is for a user or for a role, not for both"),
            (
                {**secret, "mechanism": "CRAM"},
                "unknown mechanism; there are: PLAIN, AMQPLAIN, EXTERNAL, SCRAM-SHA-1, SCRAM-SHA-256",
            ),
            ({"password": "hunter2"}, "username is missing"),
            ({**secret, "user": "a\n"}, "user has control characters in it"),
            ({"username": "${x}"}, "username: only ${user} and ${claim.NAME} can be filled in"),
            ({**secret, "role": "x" * 8193}, "a text of more than 8192 characters"),
            (["hunter2"], "an entry is an object with texts"),
            ({**secret, "role": 5}, "an entry is an object with texts"),
        ]
        for said, sentence in cases:
            why = self.assertRaises(ValueError, read_entries, [{"username": "good"}, said])
            self.assertEqual(str(why), f"login 2: {sentence}")
        why = self.assertRaises(ValueError, read_entries, [secret] * 10_001)
        self.assertEqual(str(why), "expected a list of at most 10000 logins")

    def test_shown(self) -> None:
        """
        Nothing printed of a login shows its password.
        """
        self.assertNotIn("hunter2", repr(Entry(username="u", password="hunter2")))
        whose = [Entry(user="a").whose, Entry(role="b").whose, Entry().whose]
        self.assertEqual(whose, ["user a", "role b", "everybody"])
