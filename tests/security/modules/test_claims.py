"""Claims: whether they count now and here, and who they say comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import LoginRefused
from kaazing.interfaces.security import Subject
from kaazing.literals import Unreadable
from kaazing.security.modules.claims import OPTIONS, Terms, claim, read_pairs, read_required
from tests.security.modules.issuing import NOW, claims, options

HERE = ("gateway",)


def said(terms: Terms, given: Mapping[str, Any], audience: tuple[str, ...] = HERE) -> str | Subject:
    """Return who claims are of, or why nobody is."""
    try:
        return terms.subject(given, audience, NOW)
    except LoginRefused as why:
        return str(why)


class ClaimTests(SynchronousTestCase):
    maxDiff = None

    def test_defaults(self) -> None:
        """
        By default the subject is the user, without roles, until the token runs out and 30 s beyond.
        """
        given = claims(roles=["ADMINISTRATOR"])
        self.assertEqual(
            said(Terms.of(options(OPTIONS)), given), Subject(user="joe", claims=given, expires=NOW + 630)
        )

    def test_times(self) -> None:
        """
        The clocks may differ by 30 s, and no more.
        """
        over, early = "a token that has run out (exp)", "a token that does not count yet (nbf)"
        future, forever = "a token of the future (iat)", "a token that never runs out (no exp)"
        strange: tuple[Any, ...] = ("1", True, [], -1, 1e300, 10**400, float("inf"), float("nan"))
        cases: tuple[tuple[dict[str, Any], str | None], ...] = (
            ({"exp": NOW - 29.9}, None),
            ({"exp": NOW - 30}, over),
            ({"exp": None}, forever),
            ({"nbf": NOW + 30}, None),
            ({"nbf": NOW + 31}, early),
            ({"iat": NOW + 30}, None),
            ({"iat": NOW + 31}, future),
            ({"iat": None}, None),
            *(({"exp": each}, "a token whose exp is no time") for each in strange),
            ({"nbf": {}}, "a token whose nbf is no time"),
        )
        for more, why in cases:
            result = said(Terms(), claims(**more))
            self.assertEqual(None if isinstance(result, Subject) else result, why, more)
        self.assertEqual(said(Terms(), {**claims(), "exp": None}), "a token whose exp is no time")

    def test_for_ever(self) -> None:
        """
        Tokens that never run out are taken where a realm says so.
        """
        terms = Terms.of(options(OPTIONS, expiry="optional"))
        self.assertEqual(said(terms, claims(exp=None)), Subject(user="joe", claims=claims(exp=None)))

    def test_lifetime(self) -> None:
        """
        Tokens that count for longer than the realm likes are refused.
        """
        terms = Terms.of(options(OPTIONS, maximum_lifetime=600.0, expiry="optional"))
        long = "a token that counts for more than 600 s (exp)"
        self.assertIsInstance(said(terms, claims()), Subject)
        self.assertEqual(said(terms, claims(iat=NOW - 1)), long)
        self.assertEqual(said(terms, claims(iat=None, exp=NOW + 601)), long)
        self.assertEqual(said(terms, claims(exp=None)), "a token that never runs out (no exp)")

    def test_audience(self) -> None:
        """
        A token for somebody else is refused, and so is one for anybody where the gateway has no name.
        """
        other = "a token for somebody else (aud)"
        cases: tuple[tuple[Any, tuple[str, ...], str | None], ...] = (
            ("gateway", HERE, None),
            (["other", "gateway"], HERE, None),
            ("gateway", ("a", "gateway"), None),
            ("gatewa", HERE, other),
            ("Gateway", HERE, other),
            ([], HERE, other),
            (["other", 7, None, ["gateway"]], HERE, other),
            ({"gateway": 1}, HERE, other),
            (None, HERE, other),
            (None, (), None),
            ("gateway", (), other),
        )
        for given, audience, why in cases:
            result = said(Terms(), claims(aud=given), audience)
            self.assertEqual(None if isinstance(result, Subject) else result, why, given)

    def test_user(self) -> None:
        """
        A token names its user by a text that can stand in a line of the log.
        """
        nobody = "a token whose claim sub names no user"
        wrongs: tuple[Any, ...] = (None, "", 7, [], "a\nb", "a\0", " joe", "\ud800", "x" * 257, "\u202ejoe")
        for wrong in wrongs:
            self.assertEqual(said(Terms(), claims(sub=wrong)), nobody)
        terms = Terms.of(options(OPTIONS, user_claim="person.mail"))
        found = said(terms, claims(person={"mail": "joe@example.org"}))
        self.assertEqual(found.user if isinstance(found, Subject) else found, "joe@example.org")

    def test_roles(self) -> None:
        """
        Roles are a list or words; what is neither gives none.
        """
        cases: tuple[tuple[Any, set[str]], ...] = (
            (["A", "B"], {"A", "B"}),
            ("A, B C", {"A", "B", "C"}),
            ("", set()),
            (["A", 7, None, {}, "", "a\nb"], {"A"}),
            ({"A": 1}, set()),
            (None, set()),
        )
        terms = Terms.of(options(OPTIONS, roles_claim="realm_access.roles"))
        for given, roles in cases:
            found = said(terms, claims(realm_access={"roles": given}))
            self.assertEqual(found.roles if isinstance(found, Subject) else found, roles, given)

    def test_role_names(self) -> None:
        """
        A map says what names stand for, and leaves out all others; a prefix keeps issuers apart.
        """
        terms = Terms.of(
            options(OPTIONS, roles_claim="groups", roles_map={"admins": "ADMINISTRATOR"}, roles_prefix="a-")
        )
        found = said(terms, claims(groups=["admins", "ADMINISTRATOR", ["admins"]]))
        self.assertEqual(found.roles if isinstance(found, Subject) else found, {"a-ADMINISTRATOR"})

    def test_required(self) -> None:
        """
        A claim that is required has to be there, with its value where one is said.
        """
        terms = Terms.of(
            options(OPTIONS, required_claim=(("typ", "Bearer"), ("verified", "true"), ("org.id", None)))
        )
        good = {"typ": "Bearer", "verified": True, "org": {"id": 7}}
        self.assertIsInstance(said(terms, claims(**good)), Subject)
        for name, value in (
            ("typ", "ID"),
            ("typ", None),
            ("verified", False),
            ("org", {}),
            ("typ", ["Bearer"]),
        ):
            self.assertIn("without the required claim", said(terms, claims(**{**good, name: value})), name)

    def test_paths(self) -> None:
        """
        Dots lead into objects, and names with dots in them are found all the same.
        """
        given = {"https://a.example/roles": 1, "a": {"b.c": {"d": 2}, "b": 3}, "x": []}
        paths = ("https://a.example/roles", "a.b.c.d", "a.b", "a.b.c", "x.y", "", ".", "a.")
        self.assertEqual([claim(given, path) for path in paths], [1, 2, 3, {"d": 2}, None, None, None, None])

    def test_leeway(self) -> None:
        """
        No clock is further off than 5 minutes.
        """
        [read] = [each.read for each in OPTIONS if each.name == "leeway"]
        self.assertEqual(read("5 min"), 300)
        self.assertRaises(Unreadable, read, "301")

    def test_literals(self) -> None:
        """
        Maps and required claims are read from one line each.
        """
        self.assertEqual(read_pairs("cn=a=X, b = Y"), {"cn=a": "X", "b": "Y"})
        self.assertEqual(
            [read_required(text) for text in ("a", "a=b=c", "a=")], [("a", None), ("a", "b=c"), ("a", "")]
        )
        for read, wrong in ((read_pairs, ""), (read_pairs, "a"), (read_pairs, "a=X,"), (read_required, "=x")):
            self.assertRaises(Unreadable, read, wrong)
