"""Documents from a real server on this machine: over TLS, small, and from where they were asked for."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource

from kaazing.errors import ConfigError, LoginUnavailable
from kaazing.literals import Unreadable
from kaazing.security.modules.documents import LARGEST, Documents, Fetched, _kept, max_age, read_url
from tests.security.answering import serve
from tests.transports.certificates import AUTHORITY, SERVER, STRANGER, Certified


class Given(Resource):
    """Answers every request alike."""

    isLeaf = True

    def __init__(self, status: int, body: bytes, **fields: str) -> None:
        super().__init__()
        self.status, self.body, self.fields, self.paths = status, body, fields, list[bytes]()

    def render(self, request: Any) -> bytes:
        self.paths.append(request.path)
        request.setResponseCode(self.status)
        for name, value in self.fields.items():
            request.setHeader(name.replace("_", "-").encode(), value.encode())
        return self.body


class DocumentsTests(TestCase):
    def get(self, url: str, authorities: bytes | None = None) -> Deferred[Fetched]:
        return Documents(reactor, authorities).get(url)

    async def test_got(self) -> None:
        """
        A document and the time for which it may be kept are fetched over verified TLS.
        """
        url = serve(self, Given(200, b"{}", cache_control="public, max-age=120"), SERVER)
        self.assertEqual(await self.get(url, AUTHORITY.pem), Fetched(b"{}", 120.0))

    async def test_not_trusted(self) -> None:
        """
        Nothing is asked of a server whose certificate is not of the authorities, or is for another name.
        """
        for certified, authorities in (
            (STRANGER, AUTHORITY.pem),
            (SERVER, None),
            (Certified("other", ["other.example"], AUTHORITY), AUTHORITY.pem),
        ):
            given = Given(200, b"{}")
            await self.assertFailure(self.get(serve(self, given, certified), authorities), Exception)
            self.assertEqual(given.paths, [])

    async def test_not_a_document(self) -> None:
        """
        A redirect is not followed; it, every other status but 200, and too many bytes are no document.
        """
        elsewhere = serve(self, Given(200, b"{}"))
        for given, why in (
            (Given(302, b"", location=elsewhere), "URL answers with status 302"),
            (Given(500, b"oops"), "URL answers with status 500"),
            (Given(200, b"x" * (LARGEST + 1)), f"URL says more than {LARGEST} bytes"),
        ):
            url = serve(self, given)
            refused = await self.assertFailure(self.get(url), LoginUnavailable)
            self.assertEqual(str(refused).replace(url, "URL"), why)

    async def test_largest(self) -> None:
        """
        The longest document passes.
        """
        fetched = await self.get(serve(self, Given(200, b"x" * LARGEST)))
        self.assertEqual((len(fetched.body), fetched.keep), (LARGEST, 600.0))


class TermsTests(SynchronousTestCase):
    def test_kept(self) -> None:
        """
        A document is kept as long as its giver says, a minute at least and a day at most.
        """
        said = {
            "": None,
            "max-age=5": 5,
            "max-age=61": 61,
            'MAX-AGE="61"': 61,
            "max-age=999999999": 999999999,
            "no-store": 0,
            "no-cache, max-age=99": 0,
            "s-maxage=61": None,
            "x-max-age=61": None,
            "max-age=-1": None,
        }
        self.assertEqual({control: max_age(Headers({"cache-control": [control]})) for control in said}, said)
        kept = [_kept(age) for age in (None, 0, 5, 61, 999999999)]
        self.assertEqual(kept, [600, 60, 60, 61, 86400])

    def test_urls(self) -> None:
        """
        URLs are https, but on this machine; they hold no password.
        """
        good = ("https://a.example/x?y", "http://127.0.0.1:1/x", "http://localhost/", "http://[::1]:80/")
        self.assertEqual([read_url(url) for url in good], list(good))
        for wrong in (
            "http://a.example/",
            "ftp://a.example/",
            "https://joe:x@a.example/",
            "https:///x",
            "a",
            "",
        ):
            self.assertRaises(Unreadable, read_url, wrong)

    def test_authorities(self) -> None:
        """
        A file of authorities holds certificates that can be read.
        """
        block = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
        for pem, why in (
            (b"", "there is no certificate (PEM) in it"),
            (block, "a certificate in it cannot be read"),
        ):
            with self.assertRaises(ConfigError) as caught:
                Documents(None, pem)
            self.assertEqual(str(caught.exception), why)
