"""The certificates of one gateway: which accept shows which, and what is said at the start."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from twisted.internet.task import Clock

from kaazing.config.model import Keystore, TlsOptions, Uri
from kaazing.transports.certificates import Certificates
from tests.transports.certificates import AUTHORITY, Certified, Files, logged
from tests.transports.test_tls import Caller, call

ONE = Certified("one", ["one.example", "*.one.example"], days=400)
TWO = Certified("two", ["two.example"], days=400)
ADDRESS = Certified("address", ["192.0.2.7"], days=400)
IDN = Certified("idn", ["xn--bcher-kva.example"], days=400)


def accept(host: str, port: int = 443) -> Uri:
    """A wss accept."""
    return Uri(scheme="wss", host=host, port=port)


class CertificatesTests(Files):
    def setUp(self) -> None:
        super().setUp()
        for certified, name in ((ONE, "1.pem"), (TWO, "2.pem"), (IDN, "3.pem"), (ADDRESS, "4.pem")):
            certified.write(self.folder / name)
        self.clock = Clock()
        self.certificates = Certificates(
            Keystore(type="PEM", file=self.folder), None, self.clock, lambda: datetime.now(UTC).timestamp()
        )
        self.addCleanup(self.certificates.stop)
        self.said = logged(self, "kaazing.security")

    def test_of_the_accept(self) -> None:
        """
        A client that asks for no name sees the certificate of the accept, not the first of the keystore.
        """
        for host, name in (
            ("one.example", "one"),
            ("a.one.example", "one"),
            ("TWO.example", "two"),
            ("bücher.example", "idn"),
            ("other.example", "one"),
            ("192.0.2.1", "one"),
            ("192.0.2.7", "address"),
        ):
            server = self.certificates.contexts(accept(host), TlsOptions())
            self.assertEqual(call(server, Caller()), (name, "TLSv1.3"), host)
            self.assertEqual(call(server, Caller("two.example")), ("two", "TLSv1.3"), host)
            self.assertEqual(call(server, Caller("xn--bcher-kva.example")), ("idn", "TLSv1.3"), host)

    def test_warnings(self) -> None:
        """
        The start says of each accept once that no certificate is for its name; addresses have none.
        """
        for host in ("one.example", "b.one.example", "bücher.example", "192.0.2.1", "::1", "@eth0"):
            self.certificates.contexts(accept(host), TlsOptions())
        for _ in range(2):
            self.certificates.contexts(accept("other.example"), TlsOptions())
        own = TlsOptions(certificate=TWO.write(Path(self.mktemp())))
        self.certificates.contexts(accept("one.example", 444), own)
        self.certificates.start()
        self.certificates.start()
        self.assertEqual(
            self.said,
            [
                "warn accept wss://other.example:443: no certificate is for 'other.example';"
                " that for one is shown",
                "warn accept wss://one.example:444: no certificate is for 'one.example';"
                " that for two is shown",
            ],
        )

    def test_alias(self) -> None:
        """
        The original went by the alias: it counts where no certificate has the name.
        """
        key = Certified("anything", days=400).write_pkcs12(Path(self.mktemp()), "secret")  # its alias is "x"
        store = Keystore(type="PKCS12", file=key, password="secret")
        server = Certificates(store, None, self.clock).contexts(accept("x"), TlsOptions())
        self.assertTrue(server.knows("x"))
        self.assertFalse(server.knows("y"))

    def test_read_once(self) -> None:
        """
        Accepts of the same options share what was read, and one look renews it for all.
        """
        servers = [
            self.certificates.contexts(accept("new.example", port), TlsOptions()) for port in range(100)
        ]
        servers[0].add(servers[1])
        self.certificates.start()
        Certified("new", ["new.example"], AUTHORITY, days=400).write(self.folder / "0.pem")
        self.clock.advance(60)
        self.assertEqual([call(server, Caller()) for server in servers], [("new", "TLSv1.3")] * 100)
        self.assertEqual(
            [line for line in self.said if "read again" in line],
            ["info read again for new connections: address, idn, new, one, two"],
        )

    def test_many(self) -> None:
        """
        A certificate of a thousand names is one context, found by each of them.
        """
        names = [f"{number}.many.example" for number in range(1000)]
        many = Certified("many", names, days=400)
        options = TlsOptions(certificate=many.write(Path(self.mktemp())))
        server = self.certificates.contexts(accept("one.example"), TlsOptions())
        server.add(self.certificates.contexts(accept("0.many.example"), options))
        for name in (names[0], names[999]):
            self.assertEqual(call(server, Caller(name)), ("many", "TLSv1.3"))
        self.assertEqual(call(server, Caller("1000.many.example")), ("one", "TLSv1.3"))
