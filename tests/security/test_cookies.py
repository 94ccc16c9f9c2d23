"""Tests for L{kaazing.security.cookies}: sessions that the browser keeps."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from kaazing.interfaces.security import Subject
from kaazing.interfaces.services import Visit
from kaazing.security import cookies
from kaazing.security.cookies import LIFE, LONGEST, Revoked, SessionCookies
from kaazing.security.keys import KeyRing

ANN = Subject(user="ann", roles=frozenset({"trader", "clerk"}), claims={"sub": "1", "groups": ["a", "b"]})
NAME = "kaazing-session-2a97516c"


def visit(cookie: str = "", *, secure: bool = True, peer: str = "192.0.2.1:5000") -> Visit:
    """Return a visit that may carry cookies."""
    headers = {"host": "ws.example.com:8443"}
    if cookie:
        headers["cookie"] = cookie
    return Visit(peer=peer, secure=secure, headers=headers)


def said(field: tuple[bytes, bytes] | None) -> tuple[str, list[str]]:
    """Return the cookie that a field sets, as a browser sends it, and its attributes."""
    assert field is not None
    assert field[0] == b"Set-Cookie"
    cookie, *attributes = field[1].decode().split("; ")
    return cookie, attributes


class CookieTestCase(SynchronousTestCase):
    """A realm with session cookies."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000)
        self.keys = KeyRing.made(self.clock.seconds)
        self.revoked = Revoked(self.clock.seconds)
        self.cookies = self.of("demo")

    def of(self, realm: str, **more: Any) -> SessionCookies:
        """Return the cookies of one more service of a realm."""
        return SessionCookies(realm, self.keys, self.revoked, self.clock.seconds, **more)

    def begin(self, given: SessionCookies | None = None, subject: Subject = ANN) -> str:
        """Log in; return the cookie."""
        return said((given or self.cookies).issue(subject, visit())[1])[0]


class SessionTests(CookieTestCase):
    """One session, from login to logout."""

    def test_again(self) -> None:
        """
        Who comes with the cookie is who it was given to, and is found again by the session.
        """
        subject, field = self.cookies.issue(ANN, visit())
        who = self.cookies.read(visit(f"a=1; {said(field)[0]}; b=2"))
        self.assertEqual(who, subject)
        assert who is not None
        self.assertEqual((who.user, who.roles, who.claims, who.expires), ("ann", ANN.roles, ANN.claims, None))
        self.assertEqual(len(who.ties), 1)

    def test_attributes(self) -> None:
        """
        The cookie is for this host alone, over TLS alone, for no script, and no other site's pages send it.
        """
        cookie, attributes = said(self.cookies.issue(ANN, visit())[1])
        self.assertEqual(cookie.partition("=")[0], f"__Host-{NAME}")
        self.assertEqual(attributes, ["Max-Age=28800", "Path=/", "Secure", "HttpOnly", "SameSite=Lax"])

    def test_domain(self) -> None:
        """
        With a domain all its hosts get the cookie, and a service of another host of it takes it.
        """
        cookie, attributes = said(self.of("demo", domain=".Example.com").issue(ANN, visit())[1])
        self.assertEqual(cookie.partition("=")[0], f"__Secure-{NAME}")
        self.assertIn("Domain=example.com", attributes)
        self.assertIsNotNone(self.of("demo", domain="example.com").read(visit(cookie)))

    def test_pages_of_another_site(self) -> None:
        """
        Only where a page of another site is named that may come in do browsers send the cookie with its
        requests; pages of a neighbour need no such thing, and "*" gets none.
        """
        named = {
            ("https://app.example.com:443",): "SameSite=Lax",
            ("*",): "SameSite=Lax",
            ("*", "https://elsewhere.org:443"): "SameSite=None",
        }
        found = {o: said(self.of("demo", origins=o).issue(ANN, visit())[1])[1][-1] for o in named}
        self.assertEqual(found, named)

    def test_unencrypted(self) -> None:
        """
        Without TLS there are cookies on the machine itself only: none is given, and none is taken.
        """
        clear, local = visit(secure=False), visit(secure=False, peer="127.0.0.1:5000")
        self.assertEqual(self.cookies.issue(ANN, clear), (ANN, None))
        cookie, attributes = said(self.cookies.issue(ANN, local)[1])
        self.assertEqual(cookie.partition("=")[0], NAME)
        self.assertEqual(attributes, ["Max-Age=28800", "Path=/", "HttpOnly", "SameSite=Lax"])
        self.assertIsNone(self.cookies.read(visit(cookie, secure=False)))
        self.assertIsNone(self.cookies.read(visit(cookie)))
        self.assertIsNotNone(self.cookies.read(visit(cookie, secure=False, peer="[::1]:5000")))

    def test_hidden(self) -> None:
        """
        Services, and backends behind them, see the other cookies alone.
        """
        cookie = self.begin()
        seen = [
            dict(self.cookies.hide(visit(cookies).headers)).get("cookie")
            for cookies in ("", cookie, f"a=1;{cookie}; b={NAME}", f"{NAME}=old; c=2", "d=3;e=4")
        ]
        self.assertEqual(seen, [None, None, f"a=1; b={NAME}", "c=2", "d=3;e=4"])

    def test_other_realm(self) -> None:
        """
        A cookie of another realm is nobody's here, whatever it is called.
        """
        other = self.of("other")
        cookie = self.begin(other)
        self.assertIsNone(self.cookies.read(visit(cookie)))
        self.assertIsNone(self.cookies.read(visit(f"__Host-{NAME}={cookie.partition('=')[2]}")))

    def test_other_keys(self) -> None:
        """
        A cookie sealed under keys that are gone is nobody's; one under a key before the newest still is good.
        """
        cookie = self.begin()
        self.keys = self.keys.rotated(3600, self.clock.seconds)
        self.assertIsNotNone(self.of("demo").read(visit(cookie)))
        self.keys = KeyRing.made(self.clock.seconds)
        self.assertIsNone(self.of("demo").read(visit(cookie)))

    def test_others_first(self) -> None:
        """
        A neighbouring host that puts cookies of the same name before ours keeps nobody out, up to a number.
        """
        cookie, planted = self.begin(), f"__Host-{NAME}=x; "
        self.assertIsNotNone(self.cookies.read(visit(planted * 3 + cookie)))
        self.assertIsNone(self.cookies.read(visit(planted * 4 + cookie)))

    def test_too_long(self) -> None:
        """
        Roles and claims that are more than a cookie holds, or than JSON has words for, give no session.
        """
        subjects = [
            Subject(user="ann", roles=frozenset(f"role {number}" for number in range(500))),
            Subject(user="ann", claims={"jpegPhoto": b"\xff"}),
            Subject(user="ann", claims={"number": float("nan")}),
        ]
        for subject in subjects:
            self.assertEqual(self.cookies.issue(subject, visit()), (subject, None))

    @given(st.integers(0, 400), st.integers(1, 255))
    def test_tampered(self, at: int, change: int) -> None:
        """
        A cookie with one other character is nobody's.
        """
        name, _, value = self.begin().partition("=")
        at %= len(value)
        other = value[:at] + chr(33 + (ord(value[at]) - 33 + change) % 94) + value[at + 1 :]
        if other != value:
            self.assertIsNone(self.cookies.read(visit(f"{name}={other}")))

    def test_every_bit(self) -> None:
        """
        A cookie in which any one bit is another is nobody's.
        """
        name, _, value = self.begin().partition("=")
        self.assertIsNotNone(self.cookies.read(visit(f"{name}={value}")))
        found = []
        for bit in range(len(value) * 8):
            changed = bytearray(value.encode())
            changed[bit // 8] ^= 1 << bit % 8
            found.append(self.cookies.read(visit(f"{name}={changed.decode('latin-1')}")))
        self.assertEqual(found, [None] * len(found))


class EndTests(CookieTestCase):
    """When a session ends."""

    def test_idle(self) -> None:
        """
        A session ends eight hours after the last cookie was given, and one that is used gets a new one.
        """
        cookie = self.begin()
        self.assertIsNone(self.cookies.renewed(visit(cookie)))
        self.clock.advance(LIFE / 2)
        newer = said(self.cookies.renewed(visit(cookie)))[0]
        self.clock.advance(LIFE / 2)
        self.assertIsNone(self.cookies.read(visit(cookie)))
        self.assertIsNone(self.cookies.renewed(visit(cookie)))
        self.assertIsNotNone(self.cookies.read(visit(newer)))

    def test_longest(self) -> None:
        """
        However often it is used, a session ends after a week.
        """
        cookie, began = self.begin(), self.clock.seconds()
        for _ in range(100):
            if self.cookies.read(visit(cookie)) is None:
                break
            self.clock.advance(LIFE * 3 / 4)
            field = self.cookies.renewed(visit(cookie))
            cookie = cookie if field is None else said(field)[0]
        self.assertLess(abs(self.clock.seconds() - began - LONGEST), LIFE)

    def test_timeout(self) -> None:
        """
        Where logins have to be proved anew after a time, the session ends then, used or not.
        """
        timed = self.of("demo", timeout=600.0)
        cookie, attributes = said(timed.issue(ANN, visit())[1])
        self.assertEqual(attributes[0], "Max-Age=600")
        self.clock.advance(599)
        self.assertIsNone(timed.renewed(visit(cookie)))
        self.assertIsNotNone(timed.read(visit(cookie)))
        self.clock.advance(1)
        self.assertIsNone(timed.read(visit(cookie)))

    def test_proof_ends(self) -> None:
        """
        A session lasts no longer than what proved the login; where that is over there is none.
        """
        now = self.clock.seconds()
        cookie, attributes = said(self.cookies.issue(Subject(user="ann", expires=now + 60), visit())[1])
        self.assertEqual(attributes[0], "Max-Age=60")
        who = self.cookies.read(visit(cookie))
        self.assertEqual(who and who.expires, now + 60)
        ended = Subject(user="ann", expires=now)
        self.assertEqual(self.cookies.issue(ended, visit()), (ended, None))

    def test_logout(self) -> None:
        """
        Who logs out takes the cookie away from the browser; a copy of it is no good any more at any service
        of the realm, other sessions of the user stay.
        """
        cookie, other = self.begin(), self.begin()
        who = self.cookies.read(visit(cookie))
        field, tie = self.cookies.forget(visit(cookie))
        self.assertEqual((tie,), who and who.ties)
        self.assertEqual(
            said(field), (f"__Host-{NAME}=", ["Max-Age=0", "Path=/", "Secure", "HttpOnly", "SameSite=Lax"])
        )
        self.assertIsNone(self.of("demo").read(visit(cookie)))
        self.assertIsNotNone(self.cookies.read(visit(other)))

    def test_logout_of_nobody(self) -> None:
        """
        Who has no session can take the cookie away all the same.
        """
        self.assertEqual(self.cookies.forget(visit())[1], "")

    def test_many_logouts(self) -> None:
        """
        Where more sessions were ended than are kept in mind, all that began before end: none comes back.
        """
        self.patch(cookies, "MOST_REVOKED", 2)
        first, bystander = self.begin(), self.begin()
        for cookie in (first, self.begin(), self.begin()):
            self.cookies.forget(visit(cookie))
        self.clock.advance(1)
        later = self.begin()
        found = [self.cookies.read(visit(cookie)) is not None for cookie in (first, bystander, later)]
        self.assertEqual(found, [False, False, True])

    def test_newer_copy(self) -> None:
        """
        A session stays ended, however many end after it, until each copy of its cookie is over: also one that
        was renewed after the one that its user logs out with.
        """
        self.patch(cookies, "MOST_REVOKED", 1)
        old = self.begin()
        self.clock.advance(LIFE * 0.6)
        renewed, _ = said(self.cookies.renewed(visit(old)))
        self.cookies.forget(visit(old))
        self.clock.advance(LIFE * 0.6)
        self.cookies.forget(visit(self.begin()))
        self.assertIsNone(self.cookies.read(visit(renewed)))

    def test_ended_are_forgotten(self) -> None:
        """
        Sessions that would be over anyway make room for those that were ended.
        """
        self.patch(cookies, "MOST_REVOKED", 2)
        for _ in range(4):
            self.cookies.forget(visit(self.begin()))
            self.clock.advance(LIFE / 2)
        self.assertIsNotNone(self.cookies.read(visit(self.begin())))
