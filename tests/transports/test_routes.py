"""Which service a request reaches, and which pages of other origins may use it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import CrossSite, Uri
from kaazing.literals import uri
from kaazing.transports.callers import Caller
from kaazing.transports.handshakes import ServerFactory
from kaazing.transports.routes import Route, Routes, granted, origin_allowed, same_origin
from kaazing.transports.wheel import Wheel
from kaazing.wire.heads import Head, peek

SOCKETS = ServerFactory(Wheel(Clock()), max_message=0, inactivity=0.0)


def route(accept: str, *constraints: CrossSite) -> Route:
    """The route of an accept, ws or http, with its default port filled in."""
    read = uri(accept)
    secure = read.scheme in ("wss", "https")
    port = read.port or (443 if secure else 80)
    whole = Uri(scheme=read.scheme, host=read.host, port=port, path=read.path or "/")
    return Route(whole, None, SOCKETS if read.scheme.startswith("ws") else None, None, constraints)


def routes(*accepts: str, secure: bool = False) -> Routes:
    """The routes of a listener with these accepts."""
    made = Routes(secure)
    for accept in accepts:
        made.add(route(accept))
    return made


def head(path: str = "/", host: str = "example.com", **fields: str) -> Head:
    """A request for C{path} of C{host}; none is named where that is empty."""
    lines = [f"GET {path} HTTP/1.{1 if host else 0}", f"Host: {host}" if host else "X: y"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    read = peek("\r\n".join([*lines, "", ""]).encode())
    assert read is not None
    return read


def found(route: Route | None) -> str | None:
    """The accept that a route leads to."""
    return None if route is None else str(route.accept)


def plain(routes: Routes, request: Head) -> Route | None:
    """The route of a plain request."""
    whole = routes.plain(request)
    return None if whole is None else whole[0]


def sent(request: Head, secure: bool = False) -> Caller:
    """The client that sent a request."""
    return Caller("192.0.2.1:5000", secure, request.host, request.port)


class PathTests(SynchronousTestCase):
    def test_websocket(self) -> None:
        """
        A WebSocket needs the whole path of its accept, to the letter.
        """
        paths = routes("ws://example.com/", "ws://example.com/echo", "ws://example.com/a/b/")
        expected = {
            "/": "ws://example.com:80/",
            "/echo": "ws://example.com:80/echo",
            "/echo?x=1": "ws://example.com:80/echo",
            "/a/b/": "ws://example.com:80/a/b/",
            "/echo/": None,
            "/echo/x": None,
            "/Echo": None,
            "/%65cho": None,
            "/a/b": None,
            "//": None,
        }
        self.assertEqual({path: found(paths.websocket(head(path))) for path in expected}, expected)

    def test_http(self) -> None:
        """
        A plain request goes to the longest accept path that it lies under, by whole segments.
        """
        paths = routes("http://example.com/", "http://example.com/app/", "http://example.com/app/x")
        top, app, x = (f"http://example.com:80/{path}" for path in ("", "app/", "app/x"))
        expected = {
            "/": top,
            "/else/where": top,
            "/apple": top,
            "//": top,
            "///app": top,
            "/app": app,
            "/app/": app,
            "/app//": app,
            "/app/xy": app,
            "/app/x": x,
            "/app/x/": x,
            "/app/x/y/z?q=/": x,
        }
        self.assertEqual({path: found(plain(paths, head(path))) for path in expected}, expected)

    def test_no_root(self) -> None:
        """
        Nothing is served above the accepts.
        """
        paths = routes("http://example.com/app/x")
        for path in ("/", "/app", "/app/y", "//app/x", "//"):
            self.assertIsNone(plain(paths, head(path)), path)

    @given(st.text("/ax", max_size=8))
    def test_root_has_all(self, path: str) -> None:
        """
        A service at / has every path.
        """
        self.assertIsNotNone(plain(routes("http://example.com/"), head("/" + path)))

    def test_kinds_apart(self) -> None:
        """
        WebSockets and pages may share a path.
        """
        both = routes("ws://example.com/", "http://example.com/")
        self.assertEqual(found(both.websocket(head())), "ws://example.com:80/")
        self.assertEqual(found(plain(both, head())), "http://example.com:80/")
        self.assertIsNone(plain(routes("ws://example.com/"), head()))
        self.assertIsNone(routes("http://example.com/").websocket(head()))

    def test_logins(self) -> None:
        """
        What logs in stands below the whole path of an accept that has it, of any kind; of other accepts, and
        elsewhere, it is a path like any other.
        """
        paths, desk = Routes(False), Desk()
        for accept in ("ws://example.com/", "ws://example.com/echo", "http://example.com/files"):
            paths.add(replace(route(accept), login=desk))
        paths.add(route("http://example.com/open"))
        expected = {
            "/;auth/ticket": ("ws://example.com:80/", ";auth/ticket"),
            "/echo/;auth/session?a=1": ("ws://example.com:80/echo", ";auth/session"),
            "/files/;auth/": ("http://example.com:80/files", ";auth/"),
            "/files/a/;auth/ticket": ("http://example.com:80/files", "a/;auth/ticket"),
            "/files/;auth/a/;auth/b": ("http://example.com:80/files", ";auth/a/;auth/b"),
            "/open/;auth/ticket": ("http://example.com:80/open", ";auth/ticket"),
            "/echo;auth/ticket": None,
            "/none/;auth/ticket": None,
        }
        seen = {path: paths.plain(head(path)) for path in expected}
        self.assertEqual({path: at and (str(at[0].accept), at[1]) for path, at in seen.items()}, expected)


class Desk:
    """Takes requests for what logs in."""

    def serve(self, exchange: Any) -> None:
        """See L{Entry}."""


class HostTests(SynchronousTestCase):
    def found(self, paths: Routes, *hosts: str) -> dict[str, str | None]:
        """Where a WebSocket at / goes for each Host."""
        return {host: found(paths.websocket(head(host=host))) for host in hosts}

    def test_virtual_hosts(self) -> None:
        """
        Host and port decide, in any case of letters; the default port may be left out.
        """
        paths = routes("ws://example.com/", "ws://example.com:8000/", "ws://example.org/", "ws://[::1]/")
        self.assertEqual(
            self.found(
                paths, "EXAMPLE.com", "example.com:80", "example.com:8000", "example.org", "[0::1]", "x"
            ),
            {
                "EXAMPLE.com": "ws://example.com:80/",
                "example.com:80": "ws://example.com:80/",
                "example.com:8000": "ws://example.com:8000/",
                "example.org": "ws://example.org:80/",
                "[0::1]": "ws://[::1]:80/",
                "x": None,
            },
        )

    def test_default_port_of_tls(self) -> None:
        """
        Over TLS the default port is 443.
        """
        paths = routes("wss://example.com/", secure=True)
        self.assertEqual(
            self.found(paths, "example.com", "example.com:443", "example.com:80"),
            {
                "example.com": "wss://example.com:443/",
                "example.com:443": "wss://example.com:443/",
                "example.com:80": None,
            },
        )

    def test_any_host(self) -> None:
        """
        An accept on all addresses, or on those of an interface, answers to any Host; a named one first.
        """
        for anywhere in ("ws://0.0.0.0:8000/", "ws://[::]:8000/", "ws://[@eth0]:8000/"):
            paths = routes(anywhere, "ws://example.com:8000/")
            self.assertEqual(
                self.found(paths, "x", "x:1", "example.com:8000"),
                {
                    "x": str(route(anywhere).accept),
                    "x:1": str(route(anywhere).accept),
                    "example.com:8000": "ws://example.com:8000/",
                },
            )

    def test_no_host(self) -> None:
        """
        An HTTP/1.0 client that names no host gets the first service with the path.
        """
        paths = routes("http://example.com/a", "http://example.org/a")
        self.assertEqual(found(plain(paths, head("/a/b", host=""))), "http://example.com:80/a")
        self.assertIsNone(plain(paths, head("/b", host="")))


class OriginTests(SynchronousTestCase):
    def same(self, host: str, secure: bool, *origins: str) -> dict[str, bool]:
        """Which origins are the same as that of a request to C{host}."""
        return {origin: same_origin(origin, sent(head(host=host), secure)) for origin in origins}

    def test_same(self) -> None:
        """
        The same origin is the same host and port, the default port said or not.
        """
        self.assertEqual(
            self.same(
                "example.com",
                False,
                "http://example.com",
                "http://example.com:80",
                "HTTP://EXAMPLE.COM",
                "http://example.com:8000",
                "http://example.com.evil.org",
                "http://evil.org",
                "http://example.com/",
                "http://example.com@evil.org",
                "ftp://example.com",
                "null",
                "",
            ),
            {
                "http://example.com": True,
                "http://example.com:80": True,
                "HTTP://EXAMPLE.COM": True,
                "http://example.com:8000": False,
                "http://example.com.evil.org": False,
                "http://evil.org": False,
                "http://example.com/": False,
                "http://example.com@evil.org": False,
                "ftp://example.com": False,
                "null": False,
                "": False,
            },
        )

    def test_port(self) -> None:
        """
        Where Host names a port, Origin must too.
        """
        self.assertEqual(
            self.same(
                "[::1]:8000",
                False,
                "http://[::1]:8000",
                "http://[0:0::1]:8000",
                "http://[::1]",
                "http://[::1]:80",
            ),
            {
                "http://[::1]:8000": True,
                "http://[0:0::1]:8000": False,  # browsers send the shortest form
                "http://[::1]": False,
                "http://[::1]:80": False,
            },
        )

    def test_scheme(self) -> None:
        """
        A page that came without TLS is another origin than the gateway's over TLS. The other way
        round it is the same, because something in front may have ended the TLS.
        """
        self.assertEqual(
            self.same(
                "example.com", True, "https://example.com", "https://example.com:443", "http://example.com"
            ),
            {"https://example.com": True, "https://example.com:443": True, "http://example.com": False},
        )
        self.assertEqual(
            self.same("example.com:8000", True, "http://example.com:8000", "https://example.com:8000"),
            {"http://example.com:8000": False, "https://example.com:8000": True},
        )
        self.assertEqual(
            self.same("example.com", False, "https://example.com", "https://example.com:80"),
            {"https://example.com": True, "https://example.com:80": False},
        )

    def test_granted(self) -> None:
        """
        A constraint names one origin with its port, or all with *; its methods are all that is granted.
        """
        one = CrossSite(origin="https://example.org:443")
        every = CrossSite(origin="*", methods=("GET", "PUT"))
        six = CrossSite(origin="http://[::1]:80")
        here = route("ws://example.com/", one, six)
        everywhere = route("ws://example.com/", every)
        cases: list[tuple[Route, str, str, Any]] = [
            (here, "https://example.org", "GET", one),
            (here, "https://EXAMPLE.org:443", "POST", one),
            (here, "https://example.org", "PUT", None),
            (here, "http://example.org", "GET", None),
            (here, "https://example.org:8443", "GET", None),
            (here, "http://[::1]", "GET", six),
            (here, "null", "GET", None),
            (everywhere, "https://example.org", "PUT", every),
            (everywhere, "null", "GET", every),
            (everywhere, "https://example.org", "POST", None),
            (route("ws://example.com/"), "https://example.org", "GET", None),
        ]
        for where, origin, method, constraint in cases:
            self.assertIs(granted(origin, method, where), constraint, (origin, method))

    def test_allowed(self) -> None:
        """
        Who sends no Origin is no page; others are of the same origin or granted.
        """
        here = route("ws://example.com/", CrossSite(origin="http://example.org:80"))
        cases = {"http://example.com": True, "http://example.org": True, "http://example.net": False}
        for origin, allowed in cases.items():
            self.assertEqual(origin_allowed(head(Origin=origin), here, sent(head())), allowed, origin)
        self.assertTrue(origin_allowed(head(), here, sent(head())))

    def test_java_client(self) -> None:
        """
        The original's Java client says an origin with a scheme of its own, which no page has: WebSockets
        and event streams take it for no page, where no proxy of requests does.
        """
        origin = "privileged://example.com:80"
        cases = {"ws": True, "sse": True, "http": False}
        for scheme, allowed in cases.items():
            here = route(f"{scheme}://example.com/")
            self.assertEqual(origin_allowed(head(Origin=origin), here, sent(head())), allowed, scheme)

    def test_no_page_of_a_browser(self) -> None:
        """
        What a browser marks as of another site, or a bridge as of a page, gains nothing by such an origin.
        """
        here = route("ws://example.com/")
        for field in ({"Sec_Fetch_Site": "cross-site"}, {"X_Origin": "http://example.net:80"}):
            said = head(Origin="privileged://example.com:80", **field)
            self.assertFalse(origin_allowed(said, here, sent(head())), field)
