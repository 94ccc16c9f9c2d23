"""The bridge page and the cookies of clients that keep none: what stands beside emulation."""

from __future__ import annotations

import base64
import hashlib
import re

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import CrossSite, Uri
from kaazing.transports.emulation.pages import BRIDGE, MOST_COOKIES, Pages
from kaazing.transports.routes import Route
from kaazing.wire.heads import page
from tests.running import GatewayTestCase, service
from tests.transports.doors import Answer, House, answers, get

TEXT = b"Content-Type: text/plain; charset=utf-8"
SITES = (CrossSite(origin="*"), CrossSite(origin="http://example.org:80"))


class PagesTestCase(SynchronousTestCase):
    """A gateway with an emulated accept at ws://example.com:8000/chat."""

    sites: tuple[CrossSite, ...] = ()

    def setUp(self) -> None:
        self.house = House()
        accept = Uri(scheme="wse", host="example.com", port=8000, path="/chat")
        self.house.routes.add(
            Route(accept, self.house.host, None, None, self.sites, "Kaazing", entry=Pages())
        )

    def ask(self, path: bytes, *fields: bytes, body: bytes | None = None) -> Answer:
        """Return the answer to a GET, or to a POST where there is a body."""
        if body is None:
            return self.house.ask(get(path, *fields))
        length = b"Content-Length: %d" % len(body)
        return self.house.ask(get(path, *fields, length, method=b"POST") + body)


class BridgeTests(PagesTestCase):
    def test_page(self) -> None:
        """
        The page is there under both of its names, for pages of every origin.
        """
        paths = (b"/?.kr=xs", b"/any/where?.kr=xs&.kv=10.05", b"/;resource/xs", b"/chat/;resource/xs")
        for path in paths:
            status, fields, body = self.ask(path, b"Origin: http://evil.org", b"Sec-Fetch-Site: cross-site")
            self.assertEqual((status, body), ("200 OK", BRIDGE.read_bytes()), path)
            self.assertEqual(fields["content-type"], "text/html;charset=UTF-8")
            self.assertEqual(fields["cache-control"], "private, must-revalidate")

    def test_policy(self) -> None:
        """
        The page may run its one script and talk to this gateway, and nothing else.
        """
        _, fields, body = self.ask(b"/?.kr=xs")
        scripts = re.findall(rb"<script>(.*?)</script>", body, re.DOTALL)
        self.assertEqual(len(scripts), 1)
        digest = base64.b64encode(hashlib.sha256(scripts[0]).digest()).decode()
        self.assertEqual(
            fields["content-security-policy"],
            f"default-src 'none'; script-src 'sha256-{digest}'; connect-src 'self'; base-uri 'none';"
            " form-action 'none'",
        )
        self.assertEqual(fields["x-content-type-options"], "nosniff")

    def test_kept(self) -> None:
        """
        A browser that has the page asks whether it is still the same, by its tag or its date.
        """
        _, fields, _ = self.ask(b"/?.kr=xs")
        for condition in (
            "If-None-Match: " + fields["etag"],
            "If-Modified-Since: " + fields["last-modified"],
        ):
            status, again, body = self.ask(b"/?.kr=xs", condition.encode())
            self.assertEqual((status, body), ("304 Not Modified", b""))
            self.assertEqual(
                {name: again[name] for name in ("etag", "last-modified", "cache-control")},
                {name: fields[name] for name in ("etag", "last-modified", "cache-control")},
            )
        self.assertEqual(self.ask(b"/?.kr=xs", b'If-None-Match: "x"')[0], "200 OK")

    def test_small(self) -> None:
        """
        The page is small: every page that uses emulation loads it.
        """
        self.assertLess(len(BRIDGE.read_bytes()), 8192)

    def test_others(self) -> None:
        """
        Bridges of browsers without postMessage, and the applet, are not there; nor is Silverlight's policy.
        """
        for name in (b"xse", b"xsp", b"xsc", b"xsj", b"x"):
            status, _, body = self.ask(b"/?.kr=" + name)
            self.assertEqual((status, body), ("404 Not Found", page(404, "no such resource")), name)
        self.assertEqual(self.ask(b"/clientaccesspolicy.xml")[0], "404 Not Found")

    def test_methods(self) -> None:
        """
        HEAD has the page's head; it cannot be sent anything.
        """
        wire = self.house.visitor()
        wire.say(get(b"/?.kr=xs", method=b"HEAD"))
        self.assertIn(b"Content-Length: %d\r\n" % len(BRIDGE.read_bytes()), wire.value())
        self.assertTrue(wire.value().endswith(b"\r\n\r\n"))
        answer = self.ask(b"/?.kr=xs", body=b"")
        self.assertEqual((answer[0], answer[1]["allow"]), ("405 Method Not Allowed", "GET, HEAD"))


class ReadingTests(PagesTestCase):
    sites = SITES

    def test_header(self) -> None:
        """
        A client that is no browser learns which cookies it sent, and where it is.
        """
        self.assertEqual(
            self.ask(b"/chat/;e/cookies?.krn=1&.kl=Y", b"Cookie: a=b; c=d"),
            (
                "200 OK",
                {
                    "server": "Kaazing",
                    "vary": "Origin",
                    "content-type": "text/plain;charset=UTF-8",
                    "cache-control": "no-cache",
                    "x-content-type-options": "nosniff",
                    "location": "http://example.com:8000/chat/;e/cookies?.krn=1&.kl=Y",
                    "content-length": "8",
                },
                b"a=b; c=d",
            ),
        )
        _, fields, body = self.ask(b"/chat/;e/cookies")
        self.assertEqual((fields["location"], body), ("http://example.com:8000/chat/;e/cookies", b""))

    def test_lines(self) -> None:
        """
        ... or gets them line by line.
        """
        status, _, body = self.ask(b"/chat/;api/get-cookies", b"Cookie: a=b; c=d;")
        self.assertEqual((status, body), ("200 OK", b"a=b\r\nc=d\r\n"))
        self.assertEqual(self.ask(b"/chat/;api/get-cookies", body=b"")[::2], ("200 OK", b""))

    def test_not_for_scripts(self) -> None:
        """
        A script learns no cookies here: of those that a browser sends, some are kept from scripts.
        """
        for field in (
            b"Origin: http://example.com:8000",
            b"X-Origin: http://example.org:80",
            b"Sec-Fetch-Mode: cors",
            b"User-Agent: Mozilla/5.0 (iPad; CPU OS 15_8 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1",
        ):
            status, fields, body = self.ask(b"/chat/;e/cookies", b"Cookie: a=b", field)
            self.assertEqual((status, body, fields["content-length"]), ("200 OK", b"", "0"), field)
            self.assertEqual(
                self.ask(b"/chat/;api/get-cookies", b"Cookie: a=b", field)[0], "403 Forbidden", field
            )


class SettingTests(PagesTestCase):
    sites = SITES

    def set(
        self, body: bytes, *fields: bytes, name: bytes = b"set", kind: bytes = TEXT
    ) -> tuple[str, list[bytes]]:
        """Return the status, and the cookies set."""
        wire = self.house.visitor()
        path, length = b"/chat/;api/%b-cookies" % name, b"Content-Length: %d" % len(body)
        wire.say(get(path, kind, length, *fields, method=b"POST") + body, cut=1)
        head = wire.value().partition(b"\r\n\r\n")[0]
        status = head.partition(b"\r\n")[0].decode().removeprefix("HTTP/1.1 ")
        return status, re.findall(rb"(?m)^Set-Cookie: (.*)\r$", head)

    def test_lines(self) -> None:
        """
        Each line becomes a cookie.
        """
        body = b"a=b; Path=/chat; HttpOnly\r\nc=d\r\n"
        self.assertEqual(self.set(body), ("200 OK", [b"a=b; Path=/chat; HttpOnly", b"c=d"]))
        self.assertEqual(self.set(b""), ("200 OK", []))

    def test_delete(self) -> None:
        """
        A cookie that is deleted ends at once.
        """
        self.assertEqual(self.set(b"a=; Path=/", name=b"delete"), ("200 OK", [b"a=; Path=/; Max-Age=0"]))

    def test_who(self) -> None:
        """
        A page of another origin sets cookies only where a constraint names that origin: not every page
        that may connect.
        """
        cases = {
            b"Origin: http://example.com:8000": "200 OK",
            b"X-Origin: http://example.com:8000": "200 OK",
            b"X-Origin: http://example.org:80": "200 OK",
            b"Origin: http://example.org": "200 OK",
            b"Origin: http://other.org": "403 Forbidden",
            b"Origin: null": "403 Forbidden",
        }
        for field, expected in cases.items():
            outer, cookies = self.set(b"a=b", field)
            self.assertEqual((outer, bool(cookies)), (expected, expected == "200 OK"), field)

    def test_refused(self) -> None:
        """
        Lines that are no cookies, too many of them, another type and another method are refused.
        """
        self.assertEqual(self.set(b"a=b", kind=b"Content-Type: text/html")[0], "400 Bad Request")
        self.assertEqual(self.set(b"x" * (MOST_COOKIES + 1))[0], "413 Content Too Large")
        self.assertEqual(self.ask(b"/chat/;api/set-cookies")[0], "405 Method Not Allowed")
        for line in (b"a", b"=b", b"a b=c", b"a=b\nc=d", b"a=b\r", b"a=\xff", b"a=b;\t", b"a=b\r\nc"):
            self.assertEqual(self.set(line), ("400 Bad Request", []), line)

    @given(st.lists(st.sampled_from([b"a=b", b"\r\n", b"\n", b"\r", b";", b"=", b"\0", b"x", b":"])))
    def test_no_other_fields(self, parts: list[bytes]) -> None:
        """
        Nothing in a line becomes another field of the answer.
        """
        wire = self.house.visitor()
        body = b"".join(parts)
        length = b"Content-Length: %d" % len(body)
        wire.say(get(b"/chat/;api/set-cookies", TEXT, length, method=b"POST") + body)
        (answer,) = answers(wire.value())
        expected = {"server", "vary", "content-type", "content-length"}
        self.assertLessEqual(set(answer[1]), expected | {"cache-control", "set-cookie", "connection"})


class EventTests(GatewayTestCase):
    def test_bridge(self) -> None:
        """
        The bridge page is there too where only event streams are served, and for pages of
        every origin.
        """
        self.start(service("prices", "proxy", "sse://localhost:8000/prices", connect="tcp://127.0.0.1:9000"))
        client = self.call()
        client.say(get(b"/?.kr=xs", b"Origin: http://evil.org", host=b"localhost:8000"))
        self.network.settle()
        self.assertEqual((client.head, client.fields["etag"][:1]), ("HTTP/1.1 200 OK", '"'))
        self.assertTrue(client.heard.endswith(BRIDGE.read_bytes()))
