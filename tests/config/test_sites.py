"""Which web sites may use a service."""

from __future__ import annotations

from kaazing.config.model import CrossSite
from tests.config.files import ConfigTestCase

SERVICE = "<accept>ws://a/</accept><type>saying</type>"


def constraint(origin: str, more: str = "") -> str:
    """Return a <cross-site-constraint>."""
    return f"<cross-site-constraint><allow-origin>{origin}</allow-origin>{more}</cross-site-constraint>"


class SiteTests(ConfigTestCase):
    """Constraints of a service."""

    def test_defaults(self) -> None:
        """
        A site may GET and POST, with no headers of its own; the port is filled in.
        """
        found = self.service(SERVICE + constraint("HTTP://Example.com")).cross_site
        self.assertEqual(found, (CrossSite(origin="http://example.com:80"),))

    def test_all(self) -> None:
        """
        Methods, headers and age are as said; header names in lower case.
        """
        more = (
            "<allow-methods>GET,DELETE</allow-methods><allow-headers>X-A, x-b</allow-headers>"
            "<expose-headers>ETag, X-C</expose-headers><maximum-age>60</maximum-age>"
        )
        found = self.service(SERVICE + constraint("*", more)).cross_site
        expected = CrossSite(
            origin="*",
            methods=("GET", "DELETE"),
            headers=("x-a", "x-b"),
            exposed=("ETag", "X-C"),
            maximum_age=60,
        )
        self.assertEqual(found, (expected,))

    def test_none(self) -> None:
        """
        Without a constraint there is none: only the same origin gets in.
        """
        self.assertEqual(self.service(SERVICE).cross_site, ())

    def test_star_alone(self) -> None:
        """
        Every site and one more are an error, and so is the same site twice.
        """
        sites = "\n".join(map(constraint, ("http://a", "https://a", "http://a:80", "*")))
        self.assertEqual(
            self.errors(f"<service>{SERVICE}\n{sites}</service>"),
            [
                "5: <cross-site-constraint>: the same origin stands at line 3",
                "6: <cross-site-constraint>: * is every site, and no other constraint may stand beside it",
            ],
        )

    def test_faults(self) -> None:
        """
        What is no origin, no method and no age is told, all of it.
        """
        more = "\n<allow-methods>GET PUT</allow-methods>\n<maximum-age>1 day</maximum-age>"
        self.assertEqual(
            self.errors(f"<service>{SERVICE}{constraint('null', more)}<cross-site-constraint/></service>"),
            [
                "2: <allow-origin>: 'null': expected * or http(s)://host, with a port and nothing behind it",
                "3: <allow-methods>: 'GET PUT': expected names with commas in between",
                "4: <maximum-age>: '1 day': expected a whole number from 0 to 2147483647",
                "4: <cross-site-constraint>: <allow-origin> is missing in it",
            ],
        )
