"""Gateways behind proxies: what a client gets that comes through one, and who is believed."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from kaazing.config.model import AcceptOptions, TlsOptions
from kaazing.errors import ConfigErrors
from kaazing.wire.addresses import Networks
from tests.running import Caller, GatewayTestCase, service

PROXY: Networks = (ip_network("192.0.2.1"),)  # whence the clients of these tests call
OTHER: Networks = (ip_network("198.51.100.1"),)
HEADER = b"PROXY TCP4 203.0.113.9 198.51.100.1 4711 443\r\n"
BOUND = {"ws": ("127.0.0.1", 8000), "wss": ("127.0.0.1", 8000), "tcp": ("127.0.0.1", 8000)}


def behind(trusted: Networks, *, protocol: bool = False, clear: bool = False) -> dict[str, Any]:
    """The options of an accept behind proxies; C{clear}: they end its TLS."""
    options = AcceptOptions(
        binds=BOUND, trusted=trusted, proxy_protocol=protocol, tls=TlsOptions(encryption=not clear)
    )
    return {"accept_options": options}


class SameOriginTests(GatewayTestCase):
    """Pages of the site that the client sees, TLS ended in front of the gateway."""

    def outcome(self, *fields: str, origin: str = "https://example.com", host: str = "example.com") -> str:
        """The status that a page's handshake is answered with."""
        client = self.browse("/", f"Origin: {origin}", *fields, host=host)
        return client.head.split(" ")[1]

    def test_scheme(self) -> None:
        """
        A page of the https site gets in through the proxy, one of the http site does not; told by an
        X-Forwarded-Proto or by an accept that says that TLS is ended in front.
        """
        self.start(service("x", "echo", "ws://example.com/", **behind(PROXY)))
        secure = "X-Forwarded-Proto: https"
        self.assertEqual(self.outcome(secure), "101")
        self.assertEqual(self.outcome(secure, origin="http://example.com"), "403")
        self.assertEqual(self.outcome(origin="http://example.com"), "101")

    def test_encryption_disabled(self) -> None:
        """
        An accept with wss whose TLS a proxy ends is https to pages, without a word of the proxy.
        """
        self.start(service("x", "echo", "wss://example.com/", **behind((), clear=True)))
        self.assertEqual(self.outcome(), "101")
        self.assertEqual(self.outcome(origin="http://example.com"), "403")

    def test_host(self) -> None:
        """
        Where the proxy replaces Host, X-Forwarded-Host says what the client called; from who is not
        listed it says nothing.
        """
        for trusted, status in ((PROXY, "101"), (OTHER, "403"), ((), "403")):
            gateway = self.start(service("x", "echo", "ws://127.0.0.1:8000/", **behind(trusted)))
            told = ("X-Forwarded-Host: example.com", "X-Forwarded-Proto: https")
            self.assertEqual(self.outcome(*told, host="127.0.0.1:8000"), status)
            self.assertEqual(self.outcome(host="127.0.0.1:8000"), "403")
            gateway.stopService()
            self.network.settle()


class PeerTests(GatewayTestCase):
    """The client's address, where a message of the log names it."""

    def violate(self, client: Caller) -> str:
        """Break a rule of WebSocket; return what the log says."""
        client.say(b"\xff\x80\0\0\0\0")
        self.network.settle()
        (said,) = self.said
        self.said.clear()
        return said

    def test_told_by_header(self) -> None:
        """
        Behind a listed proxy a WebSocket is its client's, and everybody else's is its own.
        """
        for trusted, peer in ((PROXY, "203.0.113.9:0"), (OTHER, "192.0.2.1:5000")):
            gateway = self.start(service("x", "echo", "ws://127.0.0.1:8000/", **behind(trusted)))
            client = self.browse("/", "X-Forwarded-For: 8.8.8.8, 203.0.113.9", host="127.0.0.1:8000")
            self.assertIn(peer, self.violate(client))
            gateway.stopService()
            self.network.settle()

    def test_introduced(self) -> None:
        """
        Behind a PROXY header too; the fields of the requests behind it are the client's own words.
        """
        self.start(service("x", "echo", "ws://127.0.0.1:8000/", **behind(PROXY, protocol=True)))
        client = self.call()
        client.say(HEADER)
        client.say(
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"X-Forwarded-For: 8.8.8.8\r\n\r\n"
        )
        self.network.settle()
        self.assertIn("203.0.113.9:4711", self.violate(client))

    def test_not_introduced(self) -> None:
        """
        A listed proxy that forgets its header is told of in the log, with the service.
        """
        self.start(service("x", "echo", "tcp://127.0.0.1:8000", **behind(PROXY, protocol=True)))
        client = self.call()
        client.say(b"hello")
        self.network.settle()
        self.assertEqual(client.heard, b"")
        self.assertEqual(
            self.said,
            [
                "service 'x', accept tcp://127.0.0.1:8000: proxy 192.0.2.1:5000 is not let in:"
                " client byte 0: no PROXY header (PROXY protocol section 2)"
            ],
        )

    def test_bad_word(self) -> None:
        """
        What a listed proxy sends and nobody can read is refused with 400.
        """
        self.start(service("x", "echo", "ws://127.0.0.1:8000/", **behind(PROXY)))
        client = self.browse("/", 'Forwarded: for="', host="127.0.0.1:8000")
        self.assertEqual(client.head, "HTTP/1.1 400 Bad Request")


class ClashTests(GatewayTestCase):
    """Two services at one address."""

    def test_agree(self) -> None:
        """
        Whether a connection begins with a PROXY header, and whose, is settled before anybody knows
        which service it is for; whose header fields are believed is not.
        """
        both = (*PROXY, *OTHER)
        for first, second, clash in (
            (behind(PROXY, protocol=True), behind(PROXY), True),
            (behind(()), behind(PROXY, protocol=True), True),
            (behind(PROXY, protocol=True), behind(OTHER, protocol=True), True),
            (behind(both, protocol=True), behind(both[::-1], protocol=True), False),
            (behind(PROXY), behind(OTHER), False),
        ):
            services = (
                service("one", "echo", "ws://127.0.0.1:8000/one", line=3, **first),
                service("two", "echo", "ws://127.0.0.1:8000/two", line=9, **second),
            )
            if not clash:
                self.assemble(*services)
                continue
            why = self.assertRaises(ConfigErrors, self.assemble, *services)
            self.assertEqual(
                str(why),
                "conf.xml:9: accept ws://127.0.0.1:8000/two is at the same address as that of service 'one',"
                " accept ws://127.0.0.1:8000/one, so that proxy.protocol, and proxy.trusted where that is"
                " enabled, must be the same",
            )
