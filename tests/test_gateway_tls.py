"""Accepts over TLS at one address: whose certificate is shown, and what is no good in the files."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from twisted.internet.protocol import Factory

from kaazing.config.model import AcceptOptions, ConnectOptions, Keystore, TlsOptions
from kaazing.errors import ConfigErrors
from kaazing.transports.leantls import tls_factory
from kaazing.transports.trust import ClientContexts
from tests.running import Caller, GatewayTestCase, service
from tests.transports.certificates import AUTHORITY, SERVER, Certified


class SecureTests(GatewayTestCase):
    """wss and ssl accepts, and what TLS needs."""

    def certificate(self, certified: Certified) -> AcceptOptions:
        """Options that show a certificate."""
        return AcceptOptions(tls=TlsOptions(certificate=certified.write(Path(self.mktemp()))))

    def secure(self, name: str) -> tuple[Any, Caller]:
        """A client with TLS below that asks for a name; the TLS goes first."""
        caller = Caller()
        creator = ClientContexts().creator(name, TlsOptions(verify_server=False))
        return tls_factory(creator, True, Factory.forProtocol(lambda: caller)).buildProtocol(None), caller

    def test_two_names(self) -> None:
        """
        Two services at one address show each its own certificate.
        """
        options = {
            name: self.certificate(Certified(name, [name], AUTHORITY)) for name in ("a.test", "b.test")
        }
        self.patch(
            socket,
            "getaddrinfo",
            lambda *args, **more: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))],
        )
        self.start(
            *(service(name, "echo", f"wss://{name}/", accept_options=options[name]) for name in options)
        )
        for name in ("b.test", "a.test"):
            tls, caller = self.secure(name)
            self.call(port=443, client=tls)
            caller.say(
                f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
            )
            self.network.settle()
            self.assertEqual(caller.head, "HTTP/1.1 101 Switching Protocols")
            self.assertEqual(tls.getPeerCertificate().get_subject().CN, name)

    def test_ssl(self) -> None:
        """
        An ssl accept carries a stream of bytes.
        """
        self.start(service("echo", "echo", "ssl://127.0.0.1:8000", accept_options=self.certificate(SERVER)))
        tls, caller = self.secure("localhost")
        self.call(client=tls)
        caller.say(b"hello")
        self.network.settle()
        self.assertEqual(caller.heard, b"hello")

    def test_offloaded(self) -> None:
        """
        Where something in front ends the TLS, the bytes come in clear, and pages that came over it
        are of the same origin.
        """
        options = AcceptOptions(binds={"wss": ("127.0.0.1", 8000)}, tls=TlsOptions(encryption=False))
        self.start(service("echo", "echo", "wss://public.example/", accept_options=options))
        for origin, status in (("https://public.example", "101"), ("http://public.example", "403")):
            client = self.browse("/", f"Origin: {origin}", host="public.example")
            self.assertEqual(client.head[9:12], status)

    def test_keystore(self) -> None:
        """
        Without a certificate of its own, an accept shows that of the keystore.
        """
        keystore = Keystore(type="PEM", file=SERVER.write(Path(self.mktemp())))
        self.start(service("echo", "echo", "ssl://127.0.0.1:8000"), keystore=keystore)
        tls, _ = self.secure("localhost")
        self.call(client=tls)
        self.assertEqual(tls.getPeerCertificate().get_subject().CN, "localhost")

    def test_all_faults(self) -> None:
        """
        Everything that TLS lacks is told at once, by line, before any port is bound.
        """
        nothing = Path("nothing.pem")
        verified = AcceptOptions(
            tls=TlsOptions(certificate=SERVER.write(Path(self.mktemp())), verify_client="required")
        )
        with self.assertRaises(ConfigErrors) as caught:
            self.assemble(
                service(
                    "three",
                    "proxy",
                    "ws://127.0.0.1:8000/",
                    connect="ssl://127.0.0.1:1",
                    connect_options=ConnectOptions(tls=TlsOptions(ca_file=nothing)),
                    line=30,
                ),
                service("one", "echo", "wss://127.0.0.1:8001/", line=10),
                service("two", "echo", "ssl://127.0.0.1:8002", accept_options=verified, line=20),
            )
        self.assertEqual(
            str(caught.exception).split("\n"),
            [
                "conf.xml:10: TLS needs a certificate: set ssl.certificate-file (PEM) in <accept-options>,"
                " or a <keystore> in <security>",
                "conf.xml:20: ssl.verify-client needs a <truststore> in <security>, or ssl.ca-file",
                "conf.xml:30: nothing.pem: No such file or directory",
            ],
        )
        self.assertEqual(self.network.listening, {})
