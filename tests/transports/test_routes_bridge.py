"""Whose request it is that a page in a browser sends, where Origin alone does not say it."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import CrossSite
from kaazing.transports.routes import Route, origin_allowed, origin_of, public, sharing
from tests.transports.test_routes import head, route, sent

CHAT = route("ws://example.com/", CrossSite(origin="http://example.org:80"))
FILES = route("http://example.com/")
ANYONE = route("ws://example.com/", CrossSite(origin="*"))

OWN, OTHER = "http://example.com", "http://example.org:80"


def of(where: Route, path: str = "/", **fields: str) -> str | None:
    """The origin of a request that says this."""
    request = head(path, **fields)
    return origin_of(request, where, sent(request))


class OriginTests(SynchronousTestCase):
    def test_named(self) -> None:
        """
        The bridge page, whose requests are of the gateway's own origin or have none, says in X-Origin
        whose they are. Of a page of another site, its own Origin counts, whatever else it says.
        """
        for own in ({}, {"Origin": OWN}):
            self.assertEqual(of(CHAT, X_Origin=OTHER, **own), OTHER)
            self.assertEqual(of(CHAT, "/?.ko=http%3A%2F%2Fexample.org", **own), "http://example.org")
            self.assertEqual(of(CHAT, "/?.ko=http://a.org", X_Origin=OTHER, **own), OTHER)
        self.assertEqual(
            of(CHAT, "/?.ko=" + OTHER, Origin="http://evil.org", X_Origin=OTHER), "http://evil.org"
        )
        self.assertIsNone(of(CHAT))
        self.assertEqual(of(CHAT, Origin=OWN), OWN)

    def test_everywhere(self) -> None:
        """
        The bridge page cannot be used to reach other services of the host: X-Origin counts with all of
        them. The query of a plain service is its own.
        """
        self.assertEqual(of(FILES, X_Origin=OTHER), OTHER)
        self.assertIsNone(of(FILES, "/?.ko=" + OTHER))
        request = head(X_Origin=OTHER)
        self.assertFalse(origin_allowed(request, FILES, sent(request)))
        self.assertTrue(origin_allowed(request, CHAT, sent(request)))

    def test_unreadable(self) -> None:
        """
        A name that is no origin is that of nobody, and is repeated in no answer.
        """
        for name in ("null", "http://a.org, http://b.org", "http://a.org/x", "evil", ""):
            self.assertEqual(of(CHAT, X_Origin=name), "null", name)
        for name in ("%0d%0aSet-Cookie:%20a=b", "%0d%0aX-A", "%0d%0a%0d%0a<b>", "%0a", "%00", "%20", "%ff"):
            for place in (f"http://a.org{name}", f"http://{name}", f"http://a.org:80{name}"):
                self.assertEqual(of(CHAT, "/?.ko=" + place), "null", place)

    def test_without_a_name(self) -> None:
        """
        What a page of another site has a browser send without an Origin, such as for an image, opens no
        emulated session and no event stream; a link to a page leads there as ever.
        """
        for site in ("cross-site", "same-site"):
            self.assertEqual(of(CHAT, Sec_Fetch_Site=site), "null", site)
            self.assertEqual(of(CHAT, "/?.ko=" + OTHER, Sec_Fetch_Site=site), "null", site)
            self.assertIsNone(of(FILES, Sec_Fetch_Site=site))
        for site in ("same-origin", "none"):
            self.assertIsNone(of(CHAT, Sec_Fetch_Site=site), site)


class PublicTests(SynchronousTestCase):
    def test_public(self) -> None:
        """
        Every page may frame the bridge page; nothing else is for all, and no file that is called so.
        """
        self.assertTrue(public(CHAT, ";resource/xs"))
        self.assertFalse(public(CHAT, ";e/cbm"))
        self.assertFalse(public(FILES, ";resource/xs"))


class SharingTests(SynchronousTestCase):
    def shared(self, where: Route, path: str = "/", **fields: str) -> list[tuple[bytes, bytes]]:
        """What the answer says about other origins."""
        request = head(path, **fields)
        return sharing(request, where, sent(request))

    def test_said_anyway(self) -> None:
        """
        C{.kac=ex} has it said too where nobody needs it, for Internet Explorer; never to an origin that
        may not come in.
        """
        vary = (b"Vary", b"Origin")
        told = [
            vary,
            (b"Access-Control-Allow-Origin", b"http://example.com"),
            (b"Access-Control-Allow-Credentials", b"true"),
        ]
        self.assertEqual(self.shared(CHAT, "/?.kac=ex", Origin=OWN), told)
        self.assertEqual(self.shared(CHAT, Origin=OWN), [vary])
        self.assertEqual(self.shared(CHAT, "/?.kac=ex", Origin="http://evil.org"), [vary])
        self.assertEqual(self.shared(CHAT, "/?.kac=ex"), [vary])

    def test_exactly(self) -> None:
        """
        A granted origin is repeated as the bridge page wrote it.
        """
        self.assertIn((b"Access-Control-Allow-Origin", OTHER.encode()), self.shared(CHAT, X_Origin=OTHER))
        self.assertIn((b"Access-Control-Allow-Origin", b"null"), self.shared(ANYONE, X_Origin="a\tb"))
