"""Dialling out: which servers are trusted, by authority, by name and by key."""

from __future__ import annotations

from typing import Any

from kaazing.config.model import TlsOptions
from kaazing.transports.identities import Identity
from kaazing.transports.tls import ServerContexts, Shelf
from kaazing.transports.trust import ClientContexts, pin_of
from tests.transports.certificates import AUTHORITY, CLIENT, SERVER, STRANGER, Certified, Files
from tests.transports.test_identities import ONE, TWO
from tests.transports.test_tls import call, contexts


class ClientTests(Files):
    """Dialling out; which certificates are refused, and what is said of it, is in test_dial."""

    def setUp(self) -> None:
        super().setUp()
        self.clients = ClientContexts()
        self.authority = self.file("ca.pem", AUTHORITY.pem)

    def call(self, server: ServerContexts, name: str, **options: Any) -> tuple[str, str] | None:
        """Call a server by a name."""
        more = {"ca_file": self.authority, **options}
        return call(server, self.clients.creator(name, TlsOptions(**more)))

    def test_asks_for_its_name(self) -> None:
        """
        A server of several names shows the certificate for the one that is dialled.
        """
        server = contexts(SERVER, ONE, TWO)
        self.assertEqual(self.call(server, "two.example"), ("two", "TLSv1.3"))
        self.assertEqual(self.call(server, "192.0.2.1", server_name="a.one.example"), ("one", "TLSv1.3"))
        self.assertEqual(self.call(server, "two.example", verify_server=False), ("two", "TLSv1.3"))
        self.assertEqual(self.call(server, "192.0.2.1", verify_server=False), ("localhost", "TLSv1.3"))

    def test_shows_its_certificate(self) -> None:
        """
        A server that asks for a certificate sees the one of the connect, verified itself or not.
        """
        server = contexts(SERVER, verify_client="required")
        shown = {"certificate": CLIENT.write(self.folder / "client.pem")}
        stranger = {"certificate": STRANGER.write(self.folder / "stranger.pem")}
        for verify in (True, False):
            self.assertIsNone(self.call(server, "localhost", verify_server=verify))
            self.assertIsNone(self.call(server, "localhost", verify_server=verify, **stranger))
            self.assertEqual(
                self.call(server, "localhost", verify_server=verify, **shown), ("localhost", "TLSv1.3")
            )

    def test_system_authorities(self) -> None:
        """
        Without a file of authorities, the system's count.
        """
        self.assertIsNone(self.call(contexts(SERVER), "localhost", ca_file=None))

    def test_versions_and_ciphers(self) -> None:
        """
        A connect's versions and ciphers are in force, with and without verification.
        """
        for verify in (True, False):
            only = {"protocols": ("TLSv1.2", "TLSv1.2"), "verify_server": verify}
            self.assertEqual(self.call(contexts(SERVER), "localhost", **only), ("localhost", "TLSv1.2"))
            self.assertIsNone(
                self.call(contexts(SERVER, protocols=("TLSv1.3", "TLSv1.3")), "localhost", **only)
            )
            server = contexts(SERVER, ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")
            for ciphers, works in (
                ("ECDHE-ECDSA-AES128-GCM-SHA256", True),
                ("ECDHE-ECDSA-AES256-GCM-SHA384", False),
            ):
                seen = self.call(server, "localhost", ciphers=ciphers, **only)
                self.assertEqual(seen is not None, works)

    def test_pins(self) -> None:
        """
        With a pin, the server must have that key as well.
        """
        other = pin_of(TWO.certificate)
        for names, works in (((pin_of(SERVER.certificate),), True), ((other,), False)):
            self.assertEqual(self.call(contexts(SERVER), "localhost", pins=names) is not None, works)
        several = (other, pin_of(SERVER.certificate))
        self.assertIsNotNone(self.call(contexts(SERVER), "localhost", pins=several))
        self.assertIsNone(self.call(contexts(SERVER), "other.example", pins=several))
        self.assertIsNone(self.call(contexts(STRANGER), "localhost", pins=(pin_of(STRANGER.certificate),)))

    def test_pins_alone(self) -> None:
        """
        Without verification the pin alone decides: by the server's own key, not by what it sends along.
        """
        alone = {"verify_server": False, "pins": (pin_of(STRANGER.certificate),)}
        self.assertIsNotNone(self.call(contexts(STRANGER), "any.example", **alone))
        for options in ({}, {"protocols": ("TLSv1.2", "TLSv1.2")}):
            self.assertIsNone(self.call(contexts(SERVER), "localhost", **alone, **options))
        chained = Identity(SERVER.certificate, (STRANGER.certificate, AUTHORITY.certificate), SERVER.key)
        server = ServerContexts(Shelf.of([chained], TlsOptions(), []))
        self.assertIsNone(self.call(server, "localhost", **alone))
        old = Certified("old", days=-1)
        self.assertIsNotNone(
            self.call(contexts(old), "x", verify_server=False, pins=(pin_of(old.certificate),))
        )

    def test_made_once(self) -> None:
        """
        Contexts are made once for each host and options.
        """
        options = TlsOptions(ca_file=self.authority)
        again = TlsOptions(ca_file=self.authority)
        creator = self.clients.creator
        self.assertIs(creator("a.example", options), creator("a.example", again))
        self.assertIsNot(creator("a.example", options), creator("b.example", options))

    def test_no_good(self) -> None:
        """
        A file of authorities that holds none is named.
        """
        empty = TlsOptions(ca_file=self.file("empty.pem"))
        self.assertEqual(
            self.refusal(self.clients.creator, "localhost", empty),
            "FOLDER/empty.pem: no PEM certificate in it",
        )
