"""Service type http.proxy: what the origin is told of the client, and the client of the origin; upgrades."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kaazing.config.model import Credentials, CrossSite, RealmConfig
from kaazing.services.rewriting import Mapping
from kaazing.wire.heads import page
from tests.running import Caller, service
from tests.services.test_http_proxy import ProxyTestCase

HANDSHAKE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol: chat",
)


class HeadTests(ProxyTestCase):
    def fields(self, *fields: str, **properties: Any) -> dict[str, str]:
        """What the origin is told of a client."""
        if properties or not self.backs:
            self.begin(properties=properties)
        self.ask("/app/x", *fields)
        return self.backs[-1].fields

    def refused(self, target: str, *fields: str) -> str:
        """The first line of an answer that the origin has no part in."""
        client = self.ask(target, *fields)
        self.assertEqual(self.backs, [])
        return client.head

    def test_via(self) -> None:
        """
        The gateway names itself, by a name of each service's own; what it sees again goes in circles.
        """
        self.begin()
        client = self.ask("/app/x", "Via: 1.0 other")
        told = self.backs[0].fields["via"]
        self.assertRegex(told, r"^1\.0 other, 1\.1 kaazing-[0-9a-f-]{36}$")
        self.answer("200 OK", "Via: 1.1 origin", "Content-Length: 0")
        self.assertEqual(client.fields["via"], told.replace("1.0 other", "1.1 origin"))
        again = self.ask("/app/x", "Via: " + told)
        self.assertEqual(again.head, "HTTP/1.1 508 Loop Detected")
        self.assertEqual(len(self.backs), 1)

    def test_ignored(self) -> None:
        """
        Unless the file says otherwise, what the client says of itself passes, and nothing is added.
        """
        self.assertEqual(self.fields("X-Forwarded-For: me").get("x-forwarded-for"), "me")
        self.assertNotIn("forwarded", self.backs[0].fields)

    def test_excluded(self) -> None:
        """
        With exclude the origin hears nothing of where the client is.
        """
        heard = self.fields("X-Forwarded-For: me", "Forwarded: for=me", **{"use-forwarded": "exclude"})
        self.assertEqual([name for name in heard if "forwarded" in name], [])

    def test_injected(self) -> None:
        """
        With inject the origin hears what the gateway knows, and nothing that the client made up.
        """
        heard = self.fields(
            "X-Forwarded-For: me", "X-Forwarded-Port: 1", "Forwarded: for=me", **{"use-forwarded": "inject"}
        )
        self.assertEqual(
            {name: value for name, value in heard.items() if "forwarded" in name},
            {
                "x-forwarded-for": "192.0.2.1:5000",
                "x-forwarded-server": "127.0.0.1",
                "x-forwarded-proto": "http",
                "x-forwarded-host": "127.0.0.1:8000",
                "forwarded": 'for="192.0.2.1:5000";by="127.0.0.1:8000";proto=http;host="127.0.0.1:8000"',
            },
        )

    def test_credentials(self) -> None:
        """
        User and password of the connect reach the origin, in place of what the client says.
        """
        config = service("p", "http.proxy", "http://127.0.0.1:8000/app/", connect="http://127.0.0.1:9000/")
        connect = replace(config.connects[0], credentials=Credentials("joe", "welcome"))
        self.start(replace(config, connects=(connect,)))
        self.ask("/app/x", "Authorization: Bearer mine")
        self.assertEqual(self.backs[0].fields["authorization"], "Basic am9lOndlbGNvbWU=")

    def test_no_name(self) -> None:
        """
        A client of HTTP/1.0 that calls the gateway nothing is told the address of the accept.
        """
        there = "http://[::1]:8000/app/"
        self.start(service("p", "http.proxy", there, connect="http://127.0.0.1:9000/base/"))
        client = self.call(host="::1")
        client.say(b"GET /app/x HTTP/1.0\r\n\r\n")
        self.network.settle()
        self.answer("302 Found", "Location: http://127.0.0.1:9000/base/y", "Content-Length: 0")
        self.assertEqual(client.fields["location"], there + "y")

    def test_back(self) -> None:
        """
        Location and cookies of the origin are made the client's, as the file says.
        """
        self.begin(
            properties={
                "rewrite-cookie-path": True,
                "rewrite-cookie-domain": True,
                "cookie-domain-mapping": (Mapping("origin", "example.com"),),
                "location-mapping": (Mapping("http://other/", "https://there/"),),
            }
        )
        client = self.ask()
        self.answer(
            "302 Found",
            "Location: http://127.0.0.1:9000/base/y",
            "Set-Cookie: a=b; Path=/base/; Domain=origin",
            "Set-Cookie: c=d",
            "Content-Length: 0",
        )
        self.assertEqual(
            self.heard(client),
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:8000/app/y\r\n"
            b"Set-Cookie: a=b; Path=/app/; Domain=example.com\r\nSet-Cookie: c=d\r\n"
            b"Content-Length: 0\r\n\r\n",
        )
        client = self.ask()
        self.answer("302 Found", "Location: http://other/x", "Content-Length: 0")
        self.assertEqual(client.fields["location"], "https://there/x")

    def test_without_slash(self) -> None:
        """
        The accept without its slash leads to it, method and query kept.
        """
        self.begin()
        client = self.ask("/app?q", method="PUT")
        self.assertEqual(
            (client.head, client.fields["location"]), ("HTTP/1.1 308 Permanent Redirect", "/app/?q")
        )
        self.assertEqual(self.backs, [])

    def test_out_of_the_folder(self) -> None:
        """
        A path in which the origin may see a dot segment never reaches it.
        """
        self.begin()
        for target in ("/app/..;/x", "/app/a%2f..%2f..%2fx", "/app/../x"):
            self.assertEqual(self.refused(target), "HTTP/1.1 400 Bad Request", target)

    def test_trace(self) -> None:
        """
        TRACE never reaches the origin: its answer would hold the credentials of the connect.
        """
        self.begin()
        client = self.ask("/app/x", method="TRACE")
        self.assertEqual((client.head, self.backs), ("HTTP/1.1 501 Not Implemented", []))

    def test_hops(self) -> None:
        """
        An OPTIONS that says how often it may be passed on is passed on once less, and answered here at 0
        (RFC 9110 section 7.6.2); of other methods, and where it is no number, it says nothing.
        """
        self.begin()
        client = self.ask("/app/x", "Max-Forwards: 0", method="OPTIONS")
        self.assertEqual((client.head, self.backs), ("HTTP/1.1 204 No Content", []))
        for method, said, passed in (("OPTIONS", "3", "2"), ("OPTIONS", "x", "x"), ("GET", "0", "0")):
            self.ask("/app/x", "Max-Forwards: " + said, method=method)
            self.assertEqual(self.backs[-1].fields["max-forwards"], passed)
            self.answer("200 OK", "Content-Length: 0", "Connection: close")

    def test_other_upgrades(self) -> None:
        """
        Only WebSocket is passed on as an upgrade, and only by GET without a body.
        """
        self.begin()
        websocket = ("Connection: Upgrade", "Upgrade: websocket")
        for method, fields in (
            ("GET", ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x")),
            ("POST", (*websocket, "Content-Length: 0")),
            ("GET", (*websocket, "Content-Length: 1")),
        ):
            self.ask("/app/x", *fields, method=method)
            heard = self.backs[-1].fields
            self.assertEqual([n for n in heard if n in ("connection", "upgrade", "http2-settings")], [])


class SharingTests(ProxyTestCase):
    """Pages of other sites."""

    ORIGIN = "Origin: https://example.org"

    def test_denied(self) -> None:
        """
        Without a constraint no other site comes in; what the origin says to others passes.
        """
        self.begin()
        self.assertEqual(self.ask("/app/x", self.ORIGIN).head, "HTTP/1.1 403 Forbidden")
        self.assertEqual(self.backs, [])
        client = self.ask()
        self.answer("200 OK", "Access-Control-Allow-Origin: *", "Content-Length: 0")
        self.assertEqual(client.fields["access-control-allow-origin"], "*")

    def test_constraint(self) -> None:
        """
        With constraints, they say what other sites may do, and the origin's word does not count.
        """
        self.begin(cross_site=(CrossSite(origin="https://example.org:443"),))
        client = self.ask("/app/x", self.ORIGIN)
        self.answer(
            "200 OK",
            "Access-Control-Allow-Origin: *",
            "access-control-allow-methods: DELETE",
            "Content-Length: 0",
        )
        self.assertEqual(
            {name: value for name, value in client.fields.items() if name.startswith(("access", "vary"))},
            {
                "vary": "Origin",
                "access-control-allow-origin": "https://example.org",
                "access-control-allow-credentials": "true",
            },
        )

    def test_preflight(self) -> None:
        """
        The gateway answers preflights itself; an OPTIONS request of no page goes to the origin.
        """
        self.begin(cross_site=(CrossSite(origin="https://example.org:443"),))
        asks = "Access-Control-Request-Method: POST"
        client = self.ask("/app/x", self.ORIGIN, asks, method="OPTIONS")
        self.assertEqual(client.fields["access-control-allow-methods"], "GET,POST")
        self.assertEqual(self.backs, [])
        self.ask("/app/x", asks, method="OPTIONS")
        self.assertEqual(self.backs[0].head, "OPTIONS /base/x HTTP/1.1")


class UpgradeTests(ProxyTestCase):
    def switch(self, early: bytes = b"", **more: Any) -> tuple[Caller, Caller]:
        """Open a WebSocket through the gateway; return client and origin."""
        self.begin(**more)
        client = self.ask("/app/ws", *HANDSHAKE)
        (back,) = self.backs
        self.answer(
            "101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            "Sec-WebSocket-Protocol: chat",
            body=early,
        )
        return client, back

    def test_through(self) -> None:
        """
        A handshake passes both ways, and then every byte does.
        """
        client, back = self.switch(b"early")
        self.assertEqual(
            self.heard(back),
            b"GET /base/ws HTTP/1.1\r\nHost: 127.0.0.1:9000\r\nsec-websocket-version: 13\r\n"
            b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: chat\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        )
        self.assertEqual(
            self.heard(client),
            b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            b"Sec-WebSocket-Protocol: chat\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nearly",
        )
        client.say(b"\x81\x80abcd")
        back.say(b"\x81\x02hi")
        self.network.settle()
        self.assertEqual((self.heard(back), self.heard(client)), (b"\x81\x80abcd", b"\x81\x02hi"))
        self.network.wait(600)
        self.assertIsNone(client.ended)

    def test_session_timeout(self) -> None:
        """
        With a realm the time of such a WebSocket is limited like that of any other; the origin hears of it.
        """
        client, back = self.switch(realm=RealmConfig(name="demo", session_timeout=60.0))
        self.network.wait(58)
        self.assertIsNone(client.ended)
        self.network.wait(4)
        self.assertIsNotNone(client.ended)
        self.assertIsNotNone(back.ended)

    def test_client_ends(self) -> None:
        """
        When the client goes, the origin hears of it.
        """
        client, back = self.switch()
        client.hang_up()
        self.network.settle()
        self.assertIsNotNone(back.ended)

    def test_origin_ends(self) -> None:
        """
        When the origin goes, the client hears of it.
        """
        client, back = self.switch()
        back.hang_up()
        self.network.settle()
        self.assertIsNotNone(client.ended)

    def test_declined(self) -> None:
        """
        An origin that does not switch answers as it likes, and the connection stays HTTP.
        """
        self.begin()
        client = self.ask("/app/ws", *HANDSHAKE)
        self.answer("403 Forbidden", "Content-Length: 2", body=b"no")
        self.assertEqual(self.heard(client), b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        self.ask("/app/x", client=client)
        self.assertEqual(self.backs[0].head, "GET /base/ws HTTP/1.1")
        self.assertIn(b"GET /base/x HTTP/1.1", self.backs[0].heard)

    def test_other_site(self) -> None:
        """
        A WebSocket of another site's page stays out, as every request of its does.
        """
        self.begin()
        client = self.ask("/app/ws", *HANDSHAKE, "Origin: https://example.org")
        self.assertEqual((client.head, self.backs), ("HTTP/1.1 403 Forbidden", []))

    def test_unreachable(self) -> None:
        """
        An origin that cannot be reached is 504, and a line in the log.
        """
        self.begin(connect="http://127.0.0.1:9001/")
        for fields in ((), HANDSHAKE):
            client = self.ask("/app/ws", *fields)
            self.assertEqual(client.head, "HTTP/1.1 504 Gateway Timeout")
            self.assertEqual(
                client.heard.partition(b"\r\n\r\n")[2], page(504, "the backend cannot be reached")
            )
        why = "service p: client 192.0.2.1:5000: http://127.0.0.1:9001/: Connection refused"
        self.assertEqual(self.said, [why, why])
