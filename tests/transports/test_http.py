"""Plain requests through twisted.web: whose page, which headers, what other origins are told."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.static import Data

from kaazing.config.model import CrossSite, Uri
from kaazing.transports.routes import Route
from tests.transports.doors import Answer, House, Page, Slow, answers, get

ORIGIN = b"Origin: https://Example.org"
SHARED = {
    "vary": "Origin",
    "access-control-allow-origin": "https://Example.org",
    "access-control-allow-credentials": "true",
}


def preflight(method: bytes, *fields: bytes) -> bytes:
    """A browser's question whether its page may use C{method}."""
    return get(b"/app", ORIGIN, b"Access-Control-Request-Method: " + method, *fields, method=b"OPTIONS")


class Broken(Resource):
    """Fails."""

    isLeaf = True

    def render(self, request: Any) -> bytes:
        """See L{IResource}."""
        raise ZeroDivisionError("secret")


class PageTests(SynchronousTestCase):
    def body(self, house: House, path: bytes) -> bytes:
        """The body that a path is answered with."""
        return house.ask(get(path))[2]

    def test_below_its_accept(self) -> None:
        """
        A page sees the path below its accept, percent-encoding taken off after it was routed.
        """
        house = House({"/": Page(), "/a/b": Page(), "/dir/": Page()})
        expected = {
            b"/": b"GET /| ",
            b"/x/y": b"GET /|x/y ",
            b"/a/b": b"GET /a/b| ",
            b"/a/b/": b"GET /a/b| ",
            b"/a/b/c%2fd?q=1": b"GET /a/b|c/d ",
            b"/dir": b"GET /dir| ",
            b"/dir/x": b"GET /dir|x ",
            b"//dir/x": b"GET /|/dir/x ",
            b"/%64ir/x": b"GET /|dir/x ",
        }
        self.assertEqual({path: self.body(house, path) for path in expected}, expected)

    def test_children(self) -> None:
        """
        A tree of resources is walked from the accept on.
        """
        top = Resource()
        top.putChild(b"x", Data(b"the child", "text/plain"))
        house = House({"/app": top})
        self.assertEqual(self.body(house, b"/app/x"), b"the child")
        self.assertEqual(house.ask(get(b"/app/y"))[0], "404 Not Found")

    def test_each_its_own(self) -> None:
        """
        Requests of one connection may belong to different services.
        """
        house = House({"/one": Data(b"1", "text/plain"), "/two": Data(b"2", "text/plain")})
        wire = house.visitor()
        wire.say(get(b"/one") + get(b"/two") + get(b"/one"))
        self.assertEqual([body for _, _, body in answers(wire.value())], [b"1", b"2", b"1"])

    def test_failure(self) -> None:
        """
        A page that fails is 500 without a word of why; the log has the traceback.
        """
        status, _, body = House({"/": Broken()}).ask(get(b"/"))
        self.assertEqual(status, "500 Internal Server Error")
        self.assertNotIn(b"secret", body)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_gone_in_mid_answer(self) -> None:
        """
        A page that answers nobody does no harm.
        """
        slow = Slow()
        house = House({"/": slow})
        wire = house.visitor()
        wire.say(get(b"/"))
        (request,) = slow.waiting
        request.write(b"first")
        wire.hang_up()
        request.write(b"second")
        self.assertIn(b"first", wire.value())
        self.assertNotIn(b"second", wire.value())


class ServerHeaderTests(SynchronousTestCase):
    def test_named(self) -> None:
        """
        Answers carry the gateway's Server header, not Twisted's.
        """
        answer = House({"/x": Data(b"x", "text/plain")}).ask(get(b"/x"))
        fields = {"server": "Kaazing", "content-type": "text/plain", "content-length": "1"}
        self.assertEqual(answer, ("200 OK", fields, b"x"))

    def test_off(self) -> None:
        """
        A service may keep silent about what serves it.
        """
        house = House()
        accept = Uri(scheme="http", host="example.com", port=8000, path="/x")
        house.routes.add(Route(accept, house.host, None, Data(b"x", "text/plain"), ()))
        answer = house.ask(get(b"/x"))
        self.assertEqual(answer, ("200 OK", {"content-type": "text/plain", "content-length": "1"}, b"x"))


class SharingTests(SynchronousTestCase):
    """Cross-origin resource sharing (Fetch standard section 3.2)."""

    def ask(self, request: bytes, *constraints: CrossSite) -> Answer:
        """The answer of a service with these constraints."""
        return House({"/app": Data(b"x", "text/plain")}, cross_site=constraints).ask(request)

    def shared(self, request: bytes, *constraints: CrossSite) -> tuple[str, dict[str, str]]:
        """Its status, and what it says of sharing."""
        status, fields, _ = self.ask(request, *constraints)
        named = {n: v for n, v in fields.items() if n == "vary" or n.startswith("access-control-")}
        return status, named

    def test_granted(self) -> None:
        """
        A page of an allowed origin may read the answer, cookies allowed; caches keep it apart.
        """
        constraint = CrossSite(origin="https://example.org:443")
        self.assertEqual(self.shared(get(b"/app", ORIGIN), constraint), ("200 OK", SHARED))

    def test_everybody(self) -> None:
        """
        With * the answer names the page's origin, because * allows no cookies; null included.
        """
        every = CrossSite(origin="*")
        self.assertEqual(self.shared(get(b"/app", ORIGIN), every), ("200 OK", SHARED))
        self.assertEqual(
            self.shared(get(b"/app", b"Origin: null"), every),
            ("200 OK", {**SHARED, "access-control-allow-origin": "null"}),
        )

    def test_own_pages(self) -> None:
        """
        Pages of the gateway itself, and clients that are no pages, are told nothing; but caches keep
        their answers apart from those of others.
        """
        apart = ("200 OK", {"vary": "Origin"})
        every = CrossSite(origin="*")
        own = get(b"/app", b"Origin: http://example.com:8000")
        self.assertEqual(self.shared(own, every), apart)
        self.assertEqual(self.shared(get(b"/app"), every), apart)
        self.assertEqual(self.shared(get(b"/app")), ("200 OK", {}))

    def test_preflight(self) -> None:
        """
        A preflight is answered with what the constraint allows, and does not reach the page.
        """
        constraint = CrossSite(
            origin="https://example.org:443", methods=("GET", "PUT"), headers=("x-a", "x-b"), maximum_age=60
        )
        fields = {
            **SHARED,
            "access-control-allow-methods": "GET,PUT",
            "access-control-allow-headers": "x-a,x-b",
            "access-control-max-age": "60",
        }
        request = preflight(b"PUT", b"Access-Control-Request-Headers: x-a")
        self.assertEqual(
            self.ask(request, constraint),
            (
                "200 OK",
                {"server": "Kaazing", "content-length": "0", **fields},
                b"",
            ),
        )

    def test_any_headers(self) -> None:
        """
        Where all headers are allowed, those that are asked for are named, for * would be none of them.
        """
        constraint = CrossSite(origin="*", headers=("*",))
        request = preflight(b"GET", b"Access-Control-Request-Headers: x-a,x-b")
        self.assertEqual(self.shared(request, constraint)[1]["access-control-allow-headers"], "x-a,x-b")
        self.assertNotIn("access-control-allow-headers", self.shared(preflight(b"GET"), constraint)[1])

    def test_exposed(self) -> None:
        """
        The headers that a page may read are named with the answer, not with the preflight.
        """
        constraint = CrossSite(origin="*", exposed=("ETag", "X-A"))
        exposed = {**SHARED, "access-control-expose-headers": "ETag,X-A"}
        self.assertEqual(self.shared(get(b"/app", ORIGIN), constraint), ("200 OK", exposed))
        self.assertNotIn("access-control-expose-headers", self.shared(preflight(b"GET"), constraint)[1])

    def test_preflight_least(self) -> None:
        """
        What a constraint does not say is not said.
        """
        expected = {**SHARED, "access-control-allow-methods": "GET,POST"}
        self.assertEqual(self.shared(preflight(b"POST"), CrossSite(origin="*")), ("200 OK", expected))

    def test_preflight_refused(self) -> None:
        """
        A preflight of another origin, or for another method, is answered and grants nothing.
        """
        constraint = CrossSite(origin="https://example.org:443")
        nothing = ("200 OK", {"vary": "Origin"})
        self.assertEqual(self.shared(preflight(b"DELETE"), constraint), nothing)
        self.assertEqual(self.shared(preflight(b"GET"), CrossSite(origin="https://example.net:443")), nothing)
        self.assertEqual(self.shared(preflight(b"GET")), nothing)

    def test_not_quite_a_preflight(self) -> None:
        """
        OPTIONS without the question, or of no page, is a request like any other.
        """
        options = get(b"/app", ORIGIN, method=b"OPTIONS")
        self.assertEqual(self.ask(options, CrossSite(origin="*"))[0], "403 Forbidden")
        of_nobody = get(b"/app", b"Access-Control-Request-Method: GET", method=b"OPTIONS")
        self.assertEqual(self.ask(of_nobody)[0], "501 Not Implemented")
        allowed = CrossSite(origin="*", methods=("OPTIONS",))
        self.assertEqual(self.ask(options, allowed)[0], "501 Not Implemented")
