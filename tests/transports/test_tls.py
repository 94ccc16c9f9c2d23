"""TLS: which certificate is shown to whom, which clients and servers are trusted."""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL, crypto
from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.protocol import Factory
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from kaazing.config.model import TlsOptions
from kaazing.errors import ConfigError
from kaazing.transports.leantls import tls_factory
from kaazing.transports.tls import (
    ServerContexts,
    Shelf,
)
from tests.transports.cables import Cable
from tests.transports.certificates import AUTHORITY, CLIENT, SERVER, STRANGER, Certified, logged
from tests.transports.test_identities import COMMON, ONE, TWO, identity
from tests.transports.test_tcp import Peer

HERE = IPv4Address("TCP", "127.0.0.1", 1)


def contexts(*shown: Certified, host: str = "", **options: Any) -> ServerContexts:
    """A server's contexts; clients' certificates must come from our authority."""
    identities = [identity(each) for each in shown]
    return ServerContexts(Shelf.of(identities, TlsOptions(**options), [AUTHORITY.certificate]), host)


@implementer(IOpenSSLClientConnectionCreator)
class Caller:
    """A client that can do what ours would not."""

    def __init__(
        self, name: str = "", certified: Certified | None = None, versions: tuple[int, int] | None = None
    ) -> None:
        self._name = name
        self._context = SSL.Context(SSL.TLS_METHOD)
        self._context.set_cipher_list(b"ALL:@SECLEVEL=0")
        if certified is not None:
            self._context.use_certificate(crypto.X509.from_cryptography(certified.certificate))
            self._context.use_privatekey(crypto.PKey.from_cryptography_key(certified.key))
        if versions is not None:
            self._context.set_min_proto_version(versions[0])
            self._context.set_max_proto_version(versions[1])

    def clientConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        """See L{IOpenSSLClientConnectionCreator}."""
        connection = SSL.Connection(self._context, None)
        connection.set_connect_state()
        if self._name:
            connection.set_tlsext_host_name(self._name.encode())
        return connection


def call(server: ServerContexts, client: Any) -> tuple[str, str] | None:
    """Return the common name shown and the version spoken, None where the two do not come together."""
    hearing = Peer()
    calling = tls_factory(client, True, Factory.forProtocol(Peer)).buildProtocol(HERE)
    cable = Cable(
        tls_factory(server, False, Factory.forProtocol(lambda: hearing)).buildProtocol(HERE), calling
    )
    calling.write(b"hello")
    cable.pump()
    if hearing.heard != b"hello":
        return None
    handle = calling.getHandle()
    return handle.get_peer_certificate().get_subject().CN, handle.get_protocol_version_name()


class ServerTests(SynchronousTestCase):
    def shown(self, server: ServerContexts, *names: str) -> dict[str, str | None]:
        """Whose certificate a client sees that asks for each name."""
        seen = {name: call(server, Caller(name)) for name in names}
        return {name: each[0] if each else None for name, each in seen.items()}

    def test_server_names(self) -> None:
        """
        A client sees the certificate of the name it asks for, and the first one for any other name.
        """
        expected = {
            "one.example": "one",
            "ONE.example": "one",
            "a.one.example": "one",
            "two.example": "two",
            "common.example": "common.example",
            "a.b.one.example": "two",  # a wildcard is one label
            "a.two.example": "two",
            "nobody.example": "two",
            "": "two",
        }
        self.assertEqual(self.shown(contexts(TWO, ONE, COMMON), *expected), expected)

    def test_two_accepts(self) -> None:
        """
        Two accepts at one address show each its own certificate; the first accept's goes before.
        """
        shared = contexts(ONE)
        shared.add(contexts(TWO, Certified("impostor", ["one.example"])))
        expected = {"one.example": "one", "two.example": "two", "": "one"}
        self.assertEqual(self.shown(shared, *expected), expected)

    def test_two_accepts_of_one_mind(self) -> None:
        """
        They must agree on what is settled before the name is known: a name must not choose whether
        a certificate is asked for.
        """
        for options in (
            {"verify_client": "required"},
            {"protocols": ("TLSv1.3", "TLSv1.3")},
            {"ciphers": "AES"},
        ):
            with self.assertRaises(ConfigError) as caught:
                contexts(ONE).add(contexts(TWO, **options))
            self.assertIn("at the same address", str(caught.exception))

    def test_application_protocols(self) -> None:
        """
        A client that offers HTTP/1.1 among others, as browsers do, is served; one that offers none is too.
        """
        for offered in ([b"h2", b"http/1.1"], [b"mqtt"]):
            caller = Caller()
            caller._context.set_alpn_protos(offered)
            self.assertEqual(call(contexts(ONE), caller), ("one", "TLSv1.3"), offered)

    def test_versions(self) -> None:
        """
        TLS 1.2 and 1.3 are spoken, nothing older; an accept may want only one of them.
        """
        old, one, two, three = SSL.TLS1_VERSION, SSL.TLS1_1_VERSION, SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION
        both, least, most = (
            contexts(SERVER, protocols=span)
            for span in (("TLSv1.2", "TLSv1.3"), ("TLSv1.2", "TLSv1.2"), ("TLSv1.3", "TLSv1.3"))
        )
        for server, spoken, expected in (
            (both, (old, three), "TLSv1.3"),
            (both, (old, two), "TLSv1.2"),
            (both, (old, one), None),
            (least, (old, three), "TLSv1.2"),
            (least, (three, three), None),
            (most, (old, three), "TLSv1.3"),
            (most, (old, two), None),
        ):
            seen = call(server, Caller(versions=spoken))
            self.assertEqual(seen and seen[1], expected, spoken)

    def test_ciphers(self) -> None:
        """
        An accept's ciphers are the only ones of TLS 1.2.
        """
        server = contexts(SERVER, ciphers="ECDHE-ECDSA-AES128-GCM-SHA256", protocols=("TLSv1.2", "TLSv1.2"))
        for wanted, works in (
            (b"ECDHE-ECDSA-AES128-GCM-SHA256", True),
            (b"ECDHE-ECDSA-AES256-GCM-SHA384", False),
        ):
            client = Caller()
            client._context.set_cipher_list(wanted)
            self.assertEqual(call(server, client) is not None, works, wanted)

    def test_suites(self) -> None:
        """
        An accept's suites of TLS 1.3 are the only ones of that.
        """
        server = contexts(SERVER, suites="TLS_CHACHA20_POLY1305_SHA256", protocols=("TLSv1.3", "TLSv1.3"))
        for wanted, works in ((b"TLS_CHACHA20_POLY1305_SHA256", True), (b"TLS_AES_256_GCM_SHA384", False)):
            client = Caller()
            client._context.set_tls13_ciphersuites(wanted)
            self.assertEqual(call(server, client) is not None, works, wanted)

    def test_no_anonymous_ciphers(self) -> None:
        """
        Ciphers without a certificate, by which nobody is who he says, are in no list.
        """
        server = contexts(SERVER, ciphers="ALL:aNULL:@SECLEVEL=0", protocols=("TLSv1.2", "TLSv1.2"))
        client = Caller()
        client._context.set_cipher_list(b"aNULL:eNULL:@SECLEVEL=0")
        self.assertIsNone(call(server, client))

    def test_no_renegotiation(self) -> None:
        """
        A client cannot have handshakes repeated, which cost the server more than itself.
        """
        calling = tls_factory(Caller(versions=(SSL.TLS1_2_VERSION,) * 2), True, Factory.forProtocol(Peer))
        client = calling.buildProtocol(HERE)
        server = tls_factory(contexts(SERVER), False, Factory.forProtocol(Peer)).buildProtocol(HERE)
        cable = Cable(server, client)
        cable.pump()
        asking, asked = client.getHandle(), server.getHandle()
        asking.renegotiate()
        with self.assertRaises(SSL.WantReadError):
            asking.do_handshake()
        client._flushSendBIO()
        cable.pump()
        self.assertEqual(asked.total_renegotiations(), 0)

    def test_failed(self) -> None:
        """
        A handshake that fails is one line for whoever debugs, not a traceback.
        """
        said = logged(self, "kaazing.transports.leantls.LeanTls")
        self.assertIsNone(call(contexts(SERVER, verify_client="required"), Caller()))
        self.assertRegex(said[0], "^debug no TLS handshake with .*: .*peer did not return a certificate")
        self.assertEqual(len(said), 1)

    def test_clients(self) -> None:
        """
        Clients are asked for a certificate where an accept says so; a strange one is never taken.
        """
        expected = {
            "none": (True, True, True),
            "optional": (True, True, False),
            "required": (False, True, False),
        }
        for verify, outcome in expected.items():
            server = contexts(SERVER, verify_client=verify)
            shown = [Caller(certified=certified) for certified in (None, CLIENT, STRANGER)]
            self.assertEqual(tuple(call(server, client) is not None for client in shown), outcome, verify)

    def test_clients_of_names(self) -> None:
        """
        They are asked whatever name they ask for.
        """
        shared = contexts(ONE, verify_client="required")
        shared.add(contexts(TWO, verify_client="required"))
        for name in ("one.example", "two.example", "nobody.example"):
            self.assertIsNone(call(shared, Caller(name)), name)
            self.assertIsNone(call(shared, Caller(name, STRANGER)), name)
            self.assertIsNotNone(call(shared, Caller(name, CLIENT)), name)
