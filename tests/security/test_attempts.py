"""Tests for L{kaazing.security.attempts}."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import RealmConfig
from kaazing.errors import LoginError, LoginRefused
from kaazing.interfaces.security import Attempt, IAttempt, Password
from kaazing.interfaces.services import Visit
from kaazing.security.attempts import MOST, MOST_PARAMETERS, Attempts


def basic(text: str | bytes) -> str:
    """Return the credentials of Basic for "user:password"."""
    return "Basic " + b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def outcome(authorization: str, scheme: str = "Basic") -> Any:
    """Return what a realm makes of an Authorization field: a password, tokens, bytes, or why none."""
    reader = Attempts(RealmConfig(name="demo", scheme=scheme), "echo")
    try:
        attempt = reader.read(Visit(peer="192.0.2.1:5000", headers={"authorization": authorization}))
    except LoginError as why:
        return type(why).__name__, str(why)
    return attempt.password or attempt.negotiation or attempt.tokens


class AuthorizationTests(SynchronousTestCase):
    """The Authorization field."""

    def test_schemes(self) -> None:
        """
        The first word is the scheme, in any case; Bearer is taken where Token is, and "Application" before
        either does not count.
        """
        joe, other = Password("joe", "wel:come"), ("LoginMissing", "credentials of another scheme")
        said = basic("joe:wel:come")
        token = b64encode(b"ticket").decode()
        for scheme, given_, expected in (
            ("Basic", said, joe),
            ("Basic", said.replace("Basic", "bASIC"), joe),
            ("Application Basic", said, joe),
            ("Application Basic", "Application " + said, joe),
            ("Basic", "Bearer x", other),
            ("Basic", "Digest x", other),
            ("Application Token", "Token a.b.c", ("a.b.c",)),
            ("Token", "Bearer a.b.c", ("a.b.c",)),
            ("Token", "bearer   a b", ("a b",)),
            ("Application Token", said, other),
            ("Negotiate", "Negotiate " + token, b"ticket"),
            ("Application Negotiate", "negotiate " + token, b"ticket"),
            ("Negotiate", said, other),
            ("Bearer", "Bearer x", ("x",)),
        ):
            self.assertEqual(outcome(given_, scheme), expected, (scheme, given_))

    def test_no_scheme(self) -> None:
        """
        A realm that challenges nobody does not look at it.
        """
        self.assertEqual(outcome(basic("joe:welcome"), ""), ())

    def test_malformed(self) -> None:
        """
        What is no good is a login that fails, and the reason never repeats it.
        """
        for given_, why in (
            ("Basic", "credentials that are empty, or no good"),
            ("Basic !!!", "credentials that are no base64"),
            ("Basic am9lOndlbGNvbWU", "credentials that are no base64"),
            (basic(b"\xff:x"), "a user and password that are no UTF-8"),
            (basic("joe"), "no user and password with a colon in between"),
            (basic(":welcome"), "no user and password with a colon in between"),
            (basic("jo\ne:welcome"), "control characters in a user or a password"),
            (basic("joe:\x7f"), "control characters in a user or a password"),
            ("Basic " + "a" * (MOST + 4), "credentials that are empty, or no good"),
        ):
            self.assertEqual(outcome(given_), ("LoginRefused", why), given_[:40])

    @given(st.text(st.characters(exclude_characters=":", exclude_categories=("Cc", "Cs")), min_size=1),
           st.text(st.characters(exclude_categories=("Cc", "Cs"))))  # fmt: skip
    def test_any_password(self, user: str, password: str) -> None:
        """
        Users and passwords in any script arrive as they are.
        """
        self.assertEqual(outcome(basic(f"{user}:{password}")), Password(user, password))

    @given(st.text())
    def test_anything(self, said: str) -> None:
        """
        Whatever stands there, the end is an attempt or a login that fails.
        """
        for scheme in ("Basic", "Token", "Negotiate"):
            outcome(said, scheme)
            outcome(f"{scheme} {said}", scheme)


class PlacesTests(SynchronousTestCase):
    """The places that a realm names."""

    def read(self, visit: Visit, bearer: str = "", **places: Any) -> Attempt:
        """Return an attempt in a realm with these places."""
        return Attempts(RealmConfig(name="demo", scheme="Token", **places), "echo").read(visit, bearer)

    def test_order(self) -> None:
        """
        Tokens come in the order field, subprotocol, header fields, parameters, cookies; those named by what
        they were named.
        """
        visit = Visit(
            peer="[2001:db8::1]:5000",
            secure=True,
            query="room=1&access=p%20q&access=second",
            headers={"authorization": "Token a", "x-key": "h", "cookie": 'other=1; sid="c"; sid=d'},
        )
        attempt = self.read(
            visit, "b", headers=("X-Key", "X-None"), parameters=("access", "none"), cookies=("sid", "none")
        )
        self.assertEqual(attempt.tokens, ("a", "b", "h", "p q", "c"))
        self.assertEqual(attempt.named, {"X-Key": "h", "access": "p q", "sid": "c"})
        self.assertEqual((attempt.realm, attempt.service, attempt.address), ("demo", "echo", "2001:db8::1"))
        self.assertTrue(attempt.secure)
        self.assertTrue(IAttempt.providedBy(attempt))

    def test_nothing(self) -> None:
        """
        Who gives nothing has made an attempt all the same.
        """
        attempt = self.read(
            Visit(peer="192.0.2.1:5000"), headers=("X-Key",), parameters=("a",), cookies=("b",)
        )
        self.assertEqual((attempt.tokens, attempt.named, attempt.password), ((), {}, None))

    def test_limits(self) -> None:
        """
        A value that is too long is none; a query of too many parameters is no good.
        """
        visit = Visit(peer="", query="a=" + "x" * (MOST + 1), headers={"x-key": "y" * (MOST + 1)})
        self.assertEqual(self.read(visit, parameters=("a",), headers=("X-Key",)).tokens, ())
        visit = Visit(peer="", query="&".join(["a=1"] * (MOST_PARAMETERS + 1)))
        why = self.assertRaises(LoginError, self.read, visit, parameters=("a",))
        self.assertEqual(str(why), "more than 100 query parameters")

    def test_quiet(self) -> None:
        """
        No secret is in what an attempt looks like in a log.
        """
        attempt = self.read(Visit(peer="", headers={"authorization": "Token s3cret"}), "s3cret")
        self.assertNotIn("s3cret", repr(attempt))


class SaidTests(SynchronousTestCase):
    """What a client says inside its protocol."""

    def test_said(self) -> None:
        """
        It is a user and a password, and a token where the realm wants one; nothing of the request counts
        but the client's certificate.
        """
        visit = Visit(peer="192.0.2.1:5000", headers={"authorization": basic("ann:other")}, certificate=dict)
        for scheme, user, password, tokens in (
            ("Basic", "joe", Password("joe", "pw"), ()),
            ("Basic", "", None, ()),
            ("Application Token", "joe", Password("joe", "pw"), ("pw",)),
            ("Bearer", "", None, ("pw",)),
        ):
            attempt = Attempts(RealmConfig(name="demo", scheme=scheme), "jms").said(visit, user, "pw")
            self.assertEqual(
                (attempt.realm, attempt.service, attempt.address, attempt.password, attempt.tokens),
                ("demo", "jms", "192.0.2.1", password, tokens),
            )
            self.assertEqual((attempt.certificate(), attempt.named, attempt.negotiation), ({}, {}, None))

    def test_no_good(self) -> None:
        """
        Control characters, and more than any password has, are refused before anybody looks.
        """
        attempts = Attempts(RealmConfig(name="demo", scheme="Basic"), "jms")
        for user, secret in (("jo\ne", "pw"), ("joe", "p\0w"), ("x" * 20_000, "pw"), ("joe", "x" * 20_000)):
            self.assertRaises(LoginRefused, attempts.said, Visit(peer="192.0.2.1:5000"), user, secret)
