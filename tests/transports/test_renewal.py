"""Certificates renewed on disk, and what is said before they end."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet.task import Clock

from kaazing.config.model import Keystore, TlsOptions
from kaazing.metrics import exposition
from kaazing.transports.identities import LIMIT
from kaazing.transports.renewal import DAY, EVERY, Renewals
from kaazing.transports.tls import ServerContexts, Shelf
from kaazing.transports.trust import ClientContexts
from tests.transports.certificates import (
    AUTHORITY,
    CLIENT,
    SERVER,
    STRANGER,
    Certified,
    Files,
    logged,
    showing,
)
from tests.transports.test_identities import ONE
from tests.transports.test_tls import Caller, call

_NOW = datetime.now(UTC)


def revoking(*revoked: Certified, days: int = 1) -> bytes:
    """The authority's list of revoked certificates, to be made anew in some days."""
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(AUTHORITY.certificate.subject)
        .last_update(_NOW - timedelta(days=2))
        .next_update(_NOW + timedelta(days=days))
    )
    for each in revoked:
        serial = each.certificate.serial_number
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(_NOW)
        made = made.add_revoked_certificate(entry.build())
    return made.sign(AUTHORITY.key, hashes.SHA256()).public_bytes(Encoding.PEM)


class RenewalTestCase(Files):
    """Files that are looked at every minute.

    Attributes:
        said: what was logged since it was last asked for.
    """

    def setUp(self) -> None:
        super().setUp()
        self.clock, self.now = Clock(), datetime.now(UTC).timestamp()
        self.renewals = Renewals(self.clock, lambda: self.now)
        self.addCleanup(self.renewals.stop)
        self._lines = logged(self, "kaazing.security")
        self._age = 0

    @property
    def said(self) -> list[str]:
        lines = [line.partition(" ")[2].replace(str(self.folder), "FOLDER") for line in self._lines]
        self._lines.clear()
        return lines

    def put(self, name: str, data: bytes) -> Path:
        """Write a file that is seen to be another one."""
        self._age += 1
        path = self.file(name, data)
        os.utime(path, ns=(self._age, self._age))
        return path

    def shelf(self, options: TlsOptions, keystore: Keystore | None = None) -> ServerContexts:
        """What a listener shows of files that are watched."""
        made = Shelf(options, keystore, None)
        self.renewals.watch(made)
        return ServerContexts(made)

    def minute(self) -> None:
        """Let a minute pass, certificates far from their end."""
        self.clock.advance(EVERY)


def whole(certified: Certified) -> bytes:
    """Certificate and key in one."""
    return certified.pem + certified.key_pem


FAR = Certified("far", ["far.example"], days=400)
FARTHER = Certified("farther", ["farther.example"], days=400)


class RenewedTests(RenewalTestCase):
    def test_certificate(self) -> None:
        """
        A new certificate is shown within a minute to whom connects then; it is said once.
        """
        server = self.shelf(TlsOptions(certificate=self.put("c.pem", whole(FAR))))
        self.renewals.start()
        self.minute()
        self.assertEqual((call(server, Caller()), self.said), (("far", "TLSv1.3"), []))
        self.put("c.pem", whole(FARTHER))
        self.assertEqual(call(server, Caller()), ("far", "TLSv1.3"))
        self.minute()
        self.assertEqual(call(server, Caller()), ("farther", "TLSv1.3"))
        self.assertEqual(call(server, Caller("far.example")), ("farther", "TLSv1.3"))
        self.minute()
        self.assertEqual(self.said, ["read again for new connections: farther"])

    def test_key_apart(self) -> None:
        """
        While only one of certificate and key is new, the old pair stays in force, and that is said once.
        """
        options = TlsOptions(certificate=self.put("c.pem", FAR.pem), key=self.put("k.pem", FAR.key_pem))
        server = self.shelf(options)
        self.renewals.start()
        self.put("c.pem", FARTHER.pem)
        self.minute()
        self.minute()
        self.assertEqual(call(server, Caller()), ("far", "TLSv1.3"))
        self.assertEqual(
            self.said,
            [
                "certificates on disk are no good, those read before stay: FOLDER/k.pem: the private key does"
                " not belong to the certificate in FOLDER/c.pem"
            ],
        )
        self.put("k.pem", FARTHER.key_pem)
        self.minute()
        self.assertEqual(call(server, Caller()), ("farther", "TLSv1.3"))

    def test_no_good(self) -> None:
        """
        A file that is empty, gone, a folder, a pipe, too long or rubbish leaves the old certificate in force.
        """
        path = self.put("c.pem", whole(FAR))
        server = self.shelf(TlsOptions(certificate=path))
        self.renewals.start()

        def pipe() -> None:
            os.mkfifo(path)

        def long() -> None:
            path.unlink()
            with path.open("wb") as file:
                file.truncate(LIMIT + 1)

        def folder() -> None:
            path.unlink()
            path.mkdir()

        for spoil, why in (
            (lambda: self.put("c.pem", b""), "no PEM certificate in it"),
            (lambda: self.put("c.pem", os.urandom(1000)), "no PEM certificate in it"),
            (lambda: self.put("c.pem", FAR.pem), "no unencrypted PEM private key in it"),
            (path.unlink, "No such file or directory"),
            (pipe, "no PEM certificate in it"),
            (long, f"longer than {LIMIT} bytes"),
            (folder, "Is a directory"),
        ):
            spoil()
            self.minute()
            self.minute()
            self.assertEqual(call(server, Caller()), ("far", "TLSv1.3"))
            self.assertEqual(
                self.said,
                [f"certificates on disk are no good, those read before stay: FOLDER/c.pem: {why}"],
            )
        path.rmdir()
        self.put("c.pem", whole(FARTHER))
        self.minute()
        self.assertEqual(call(server, Caller()), ("farther", "TLSv1.3"))

    def test_keystores(self) -> None:
        """
        Files may come into the folder of a keystore, and go; the same of PKCS12.
        """
        self.put("a.pem", whole(FAR))
        pem = self.shelf(TlsOptions(), Keystore(type="PEM", file=self.folder))
        FAR.write_pkcs12(self.folder / "a.p12", "secret")
        sealed = self.shelf(TlsOptions(), Keystore(type="PKCS12", file=self.folder, password="secret"))
        self.renewals.start()
        self.put("b.crt", FARTHER.pem)
        self.put("b.key", FARTHER.key_pem)
        FARTHER.write_pkcs12(self.folder / "b.pfx", "secret")
        self.minute()
        for server in (pem, sealed):
            self.assertEqual(call(server, Caller("farther.example")), ("farther", "TLSv1.3"))
            self.assertEqual(call(server, Caller("far.example")), ("far", "TLSv1.3"))
        self.assertEqual(self.said, ["read again for new connections: far, farther"] * 2)
        for name in ("b.crt", "b.key", "b.pfx"):
            (self.folder / name).unlink()
        self.minute()
        for server in (pem, sealed):
            self.assertEqual(call(server, Caller("farther.example")), ("far", "TLSv1.3"))

    def test_links(self) -> None:
        """
        So it is with links that are pointed elsewhere, as certbot and Kubernetes do it.
        """
        for certified in (FAR, FARTHER):
            (self.folder / str(certified.certificate.serial_number)).mkdir()
            self.put(f"{certified.certificate.serial_number}/tls.pem", whole(certified))
        live = self.folder / "live"
        live.symlink_to(str(FAR.certificate.serial_number))
        server = self.shelf(TlsOptions(certificate=live / "tls.pem"))
        self.renewals.start()
        live.unlink()
        live.symlink_to(str(FARTHER.certificate.serial_number))
        self.minute()
        self.assertEqual(call(server, Caller()), ("farther", "TLSv1.3"))

    def test_clients(self) -> None:
        """
        Whose certificates are taken changes with the accept's file of authorities and that of revocations.
        """
        options = TlsOptions(
            certificate=self.put("c.pem", whole(FAR)),
            verify_client="required",
            ca_file=self.put("ca.pem", AUTHORITY.pem),
            crl_file=self.put("crl.pem", revoking(ONE)),
        )
        server = self.shelf(options)
        self.renewals.start()

        def taken() -> list[bool]:
            return [call(server, Caller(certified=each)) is not None for each in (CLIENT, ONE, STRANGER)]

        self.assertEqual(taken(), [True, False, False])
        self.put("crl.pem", revoking(CLIENT))
        self.minute()
        self.assertEqual(taken(), [False, True, False])
        self.put("crl.pem", revoking(days=-1))
        self.minute()
        self.assertEqual(taken(), [False, False, False], "a list that is overdue says nothing any more")
        self.put("ca.pem", STRANGER.pem)
        self.minute()
        self.assertEqual(taken()[:2], [False, False])

    def test_connects(self) -> None:
        """
        The same of the authorities of a connect, and of the certificate that backends are shown.
        """
        asking = ServerContexts(
            Shelf.of(
                list(showing(SERVER)._shelves[0].identities),
                TlsOptions(verify_client="required"),
                [AUTHORITY.certificate],
            )
        )
        options = TlsOptions(
            ca_file=self.put("ca.pem", STRANGER.pem), certificate=self.put("c.pem", whole(STRANGER))
        )
        creator = ClientContexts(self.renewals.watch).creator("localhost", options)
        self.renewals.start()
        self.assertIsNone(call(showing(SERVER), creator))
        self.put("ca.pem", AUTHORITY.pem)
        self.minute()
        self.assertEqual(call(showing(SERVER), creator), ("localhost", "TLSv1.3"))
        self.assertIsNone(call(asking, creator))
        self.put("c.pem", whole(CLIENT))
        self.minute()
        self.assertEqual(call(asking, creator), ("localhost", "TLSv1.3"))

    def test_nothing_to_look_at(self) -> None:
        """
        Without certificates there is no timer; with many there is one, which ends with the gateway.
        """
        self.renewals.start()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        for name in ("a", "b"):
            self.shelf(TlsOptions(certificate=self.put(name, whole(FAR))))
        self.renewals.start()
        self.renewals.start()
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.renewals.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class EndingTests(RenewalTestCase):
    def begin(self, certified: Certified, **options: Any) -> None:
        """Watch a certificate."""
        path = self.put("c.pem", whole(certified))
        self.shelf(TlsOptions(certificate=path, **options))
        self.renewals.start()

    def ending(self) -> dict[str, float]:
        """What the metrics say of ends."""
        lines = exposition().decode().splitlines()
        found = [line.rpartition(" ") for line in lines if line.startswith("kaazing_certificate_expires")]
        return {name.partition('"')[2].partition('"')[0]: float(value) for name, _, value in found}

    def test_last_days(self) -> None:
        """
        From 21 days before its end on, a certificate is warned of once a day, and then that it has ended.
        """
        certified = Certified("x", ["x.example"], days=22)
        until = certified.certificate.not_valid_after_utc
        self.begin(certified)
        self.assertEqual(self.said, [])
        self.now = until.timestamp() - 21 * DAY + 1
        self.minute()
        self.minute()
        date = f"{until:%Y-%m-%d %H:%M} UTC"
        self.assertEqual(self.said, [f"the certificate for x expires at {date}, 20 days from now"])
        self.now += DAY
        self.minute()
        self.assertEqual(self.said, [f"the certificate for x expires at {date}, 19 days from now"])
        self.now = until.timestamp() - DAY - 1
        self.minute()
        self.now += DAY
        self.minute()
        self.assertEqual(
            self.said,
            [
                f"the certificate for x expires at {date}, 1 day from now",
                f"the certificate for x expires at {date}, less than a day from now",
            ],
        )
        self.now = until.timestamp() + DAY
        self.minute()
        self.minute()
        self.assertEqual(self.said, [f"the certificate for x has expired at {date}"])

    def test_at_start(self) -> None:
        """
        One that has ended already is told of at the start; so is a list of revocations.
        """
        self.begin(
            Certified("x", days=-1),
            verify_client="optional",
            ca_file=self.put("ca.pem", AUTHORITY.pem),
            crl_file=self.put("crl.pem", revoking(days=-1)),
        )
        first, second = self.said
        self.assertRegex(first, "^the certificate for x has expired at 2")
        self.assertRegex(second, "^the list of revoked certificates of CN=Test authority has expired at 2")

    def test_metrics(self) -> None:
        """
        The metrics say when each certificate ends, by its name, and forget one that is gone.
        """
        self.begin(FAR)
        self.assertEqual(self.ending()["far"], FAR.certificate.not_valid_after_utc.timestamp())
        self.put("c.pem", whole(FARTHER))
        self.minute()
        self.assertEqual([name for name in self.ending() if name.startswith("far")], ["farther"])

    def test_metrics_of_two(self) -> None:
        """
        Of two certificates of one name the metrics have the first end, whichever is read first.
        """
        later = Certified("far", days=500)
        for name, certified in (("a", later), ("b", FAR), ("c", later)):
            self.shelf(TlsOptions(certificate=self.put(name, whole(certified))))
        self.renewals.start()
        self.assertEqual(self.ending()["far"], FAR.certificate.not_valid_after_utc.timestamp())
