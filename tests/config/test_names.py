"""Names that HTTP restricts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.names import domain, token
from kaazing.literals import Unreadable


class NameTests(SynchronousTestCase):
    """Header fields, cookies, domains."""

    def test_token(self) -> None:
        """
        A header field or cookie has a name without blanks, colons and the like.
        """
        self.assertEqual(
            [token(each) for each in ("X-Token", "__Host-a", "a!b")], ["X-Token", "__Host-a", "a!b"]
        )
        for wrong in ("", "X Token", "X:", "a=b", "naïve", "a;b", "a\n"):
            why = self.assertRaises(Unreadable, token, wrong)
            self.assertEqual(str(why), "expected a name of letters, digits and hyphens")

    def test_domain(self) -> None:
        """
        The dot before the domain of a cookie is that of files of old, and case does not matter.
        """
        self.assertEqual([domain(each) for each in (".Example.COM", "a-b.c")], ["example.com", "a-b.c"])

    def test_host(self) -> None:
        """
        Of one word, as in the files that the original comes with, and of an address a cookie is for the host
        alone: browsers take no other.
        """
        for alone in ("localhost", "com", "10.0.0.1", "[::1]", "::1"):
            self.assertEqual(domain(alone), "")

    def test_no_domain(self) -> None:
        """
        What is no name at all is an error.
        """
        for wrong in ("", "..a.b", "a..b", "-a.b", "a.b;", "a" * 64 + ".b", "a.b\n"):
            why = self.assertRaises(Unreadable, domain, wrong)
            self.assertEqual(str(why), "expected a domain, as example.com")
        self.assertRaises(Unreadable, domain, "a:b")

    @given(st.text(max_size=300))
    def test_any(self, value: str) -> None:
        """
        Whatever is read as a domain can stand in a cookie as it is.
        """
        try:
            read = domain(value)
        except Unreadable:
            return
        self.assertTrue(read.isascii() and not set(read) & set(" ;,=\r\n"), read)
