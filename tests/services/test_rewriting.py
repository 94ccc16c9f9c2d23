"""What becomes of Location and Set-Cookie on the way to the client."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.services.rewriting import Mapping, Rewriting, read_mapping
from tests.running import uri

SITE = "https://example.com"


def rules(connect: str = "http://origin:9000/base/", **more: Any) -> Rewriting:
    """The rules of a service that connects there."""
    return Rewriting(connect=uri(connect), **more)


class LocationTests(SynchronousTestCase):
    def check(self, rewriting: Rewriting, cases: dict[str, str]) -> None:
        """See what becomes of each Location."""
        self.assertEqual({each: rewriting.location(each, SITE, "/app/") for each in cases}, cases)

    def test_connect(self) -> None:
        """
        What leads to the connect leads to the accept; what leads elsewhere, or means the same, stays.
        """
        self.check(
            rules(),
            {
                "http://origin:9000/base/": "https://example.com/app/",
                "http://origin:9000/base/x?y#z": "https://example.com/app/x?y#z",
                "HTTP://ORIGIN:9000/base/x": "https://example.com/app/x",
                "//origin:9000/base/x": "https://example.com/app/x",
                "/base/x": "/app/x",
                "/base/": "/app/",
                "/other": "/other",
                "/base": "/base",
                "/": "/",
                "": "",
                "x/y": "x/y",
                "?q": "?q",
                "http://origin:9000/other": "http://origin:9000/other",
                "http://origin:9000": "http://origin:9000",
                "https://origin:9000/base/": "https://origin:9000/base/",
                "http://origin/base/": "http://origin/base/",
                "http://origin:9000@evil/base/": "http://origin:9000@evil/base/",
                "http://user@origin:9000/base/": "http://user@origin:9000/base/",
                "http://origin:90000/base/": "http://origin:90000/base/",
                "http://origin.evil:9000/base/": "http://origin.evil:9000/base/",
                "http:///base/": "http:///base/",
                "mailto:x": "mailto:x",
            },
        )

    def test_no_other_host(self) -> None:
        """
        A path that would be read as the name of a host, once the connect's folder is taken off, stays a
        path at the client's site: "//evil" is another site to a browser, and so is what it takes for
        that. So with mappings, but for one that leads to another host itself.
        """
        cases = {
            "/base//evil/x": SITE + "//evil/x",
            "/base/\\evil/x": SITE + "/\\evil/x",
            "/base/\t/evil/x": SITE + "/\t/evil/x",
            "/base/x": "/x",
            "//evil/base/x": "//evil/base/x",
            "http://a//evil": SITE + "//evil",
            "http://a/x": "/x",
            "http://b/x": "//cdn/x",
        }
        rewriting = rules(locations=[Mapping("http://a/", "/"), Mapping("http://b/", "//cdn/")])
        self.assertEqual({each: rewriting.location(each, SITE, "/") for each in cases}, cases)

    def test_default_port(self) -> None:
        """
        The default port may be said or not; the root is below itself.
        """
        self.check(
            rules("https://[::1]/"),
            {
                "https://[::1]/x": "https://example.com/app/x",
                "https://[::1]:443/x": "https://example.com/app/x",
                "https://[::1]": "https://example.com/app/",
                "https://[::1]?q": "https://[::1]?q",
                "/x": "/app/x",
            },
        )

    def test_mappings(self) -> None:
        """
        Mappings of the file come first, the first that fits, and only at the end of a name.
        """
        mappings = [
            Mapping("http://a", "https://b"),
            Mapping("http://a/x/", "https://never"),
            Mapping("http://origin:9000/base/x/", "/x/"),
        ]
        self.check(
            rules(locations=mappings),
            {
                "http://a": "https://b",
                "http://a/x/y": "https://b/x/y",
                "http://a?q": "https://b?q",
                "http://a.evil/": "http://a.evil/",
                "http://a:80/": "http://a:80/",
                "http://origin:9000/base/x/y": "/x/y",
                "http://origin:9000/base/y": "https://example.com/app/y",
            },
        )

    def test_off(self) -> None:
        """
        Where nothing is to be rewritten, nothing is.
        """
        self.check(rules(locations=None), {"/base/x": "/base/x"})

    @given(st.sampled_from(["", "//", "http://", "HTTPS://"]), st.text("ahtps:/?#@[]:09.%\xe9 ", max_size=30))
    def test_anything(self, start: str, rest: str) -> None:
        """
        No Location is too strange.
        """
        rules(locations=[Mapping("http://a", "b")]).location(start + rest, SITE, "/app/")


class CookieTests(SynchronousTestCase):
    def check(self, rewriting: Rewriting, cases: dict[str, str]) -> None:
        """See what becomes of each Set-Cookie."""
        self.assertEqual({each: rewriting.cookie(each, "/app/") for each in cases}, cases)

    def test_off(self) -> None:
        """
        Cookies stay as they are unless the file says otherwise.
        """
        cookie = "a=b; Path=/base/; Domain=origin; HttpOnly"
        self.check(rules(), {cookie: cookie})

    def test_domain(self) -> None:
        """
        A domain is mapped whole, in any case of letters, a dot before it or not.
        """
        domains = [Mapping("origin.internal", ".example.com"), Mapping("origin.internal", "never")]
        self.check(
            rules(domains=domains),
            {
                "a=b; Domain=origin.internal; Path=/base/": "a=b; Domain=.example.com; Path=/base/",
                "a=b;domain= .ORIGIN.internal ;Secure": "a=b;domain=.example.com;Secure",
                "a=b; Domain=x.origin.internal": "a=b; Domain=x.origin.internal",
                "Domain=origin.internal": "Domain=origin.internal",
                "a=b; Domain": "a=b; Domain",
            },
        )

    def test_path(self) -> None:
        """
        A path is mapped by whole names; where no mapping fits, that of the connect becomes the accept's.
        """
        self.check(
            rules(paths=[Mapping("/base/x", "/y/"), Mapping("/all", "/")]),
            {
                "a=b; Path=/base/": "a=b; Path=/app/",
                "a=b; Path=/base": "a=b; Path=/app",
                "a=b; PATH=/base/z; Secure": "a=b; PATH=/app/z; Secure",
                "a=b; Path=/base/x/z": "a=b; Path=/y/z",
                "a=b; Path=/base/xyz": "a=b; Path=/app/xyz",
                "a=b; Path=/all": "a=b; Path=/",
                "a=b; Path=/all/z": "a=b; Path=/z",
                "a=b; Path=/": "a=b; Path=/",
                "a=b; Path=": "a=b; Path=",
                "a=/base/": "a=/base/",
            },
        )
        self.check(rules("http://origin/", paths=[]), {"a=b; Path=/x": "a=b; Path=/app/x"})

    def test_read(self) -> None:
        """
        A mapping is what stands in the file.
        """
        self.assertEqual(read_mapping({"from": "a", "to": "b"}), Mapping("a", "b"))
