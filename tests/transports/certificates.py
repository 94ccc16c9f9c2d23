"""Certificates for tests: an authority, and what it signs, as PEM and PKCS12 files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import (
    PKCS12Certificate,
    serialize_java_truststore,
    serialize_key_and_certificates,
)
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import TlsOptions
from kaazing.errors import ConfigError
from kaazing.transports.identities import Identity
from kaazing.transports.tls import ServerContexts, Shelf

_NOW = datetime.now(UTC)


class Certified:
    """A certificate with its key."""

    certificate: x509.Certificate

    def __init__(
        self,
        common: str,
        names: Sequence[str] = (),
        issuer: Certified | None = None,
        *,
        authority: bool = False,
        days: int = 1,
    ) -> None:
        """Make one for C{names}, DNS names and addresses; signed by itself without an C{issuer}."""
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_NOW - timedelta(days=2))
            .not_valid_after(_NOW + timedelta(days=days))
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general(name) for name in names]), critical=False
            )
        self.certificate = builder.sign((issuer or self).key, hashes.SHA256())
        self.issuer = issuer

    @property
    def pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key alone."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def write(self, file: Path) -> Path:
        """Write certificate, issuer and key to one PEM file."""
        chain = self.issuer.pem if self.issuer else b""
        file.write_bytes(self.pem + chain + self.key_pem)
        return file

    def write_pkcs12(self, file: Path, password: str) -> Path:
        """Write certificate, issuer and key to a PKCS12 file."""
        issuers = [self.issuer.certificate] if self.issuer else None
        sealed = BestAvailableEncryption(password.encode())
        file.write_bytes(serialize_key_and_certificates(b"x", self.key, self.certificate, issuers, sealed))
        return file

    def write_truststore(self, file: Path, password: str) -> Path:
        """Write the certificate alone to a PKCS12 file, as keytool does."""
        trusted = [PKCS12Certificate(self.certificate, b"x")]
        file.write_bytes(serialize_java_truststore(trusted, BestAvailableEncryption(password.encode())))
        return file


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


AUTHORITY = Certified("Test authority", authority=True)
SERVER = Certified("localhost", ["localhost", "127.0.0.1"], AUTHORITY)
CLIENT = Certified("ann", issuer=AUTHORITY)
STRANGER = Certified("localhost", ["localhost", "127.0.0.1"])


def showing(certified: Certified, options: TlsOptions | None = None) -> ServerContexts:
    """A server that shows one certificate."""
    identity = Identity(certified.certificate, (), certified.key)
    return ServerContexts(Shelf.of([identity], options or TlsOptions(), []))


def logged(test: SynchronousTestCase, room: str) -> list[str]:
    """Return a list that takes the lines of a logger, their levels in front, until the test is over."""
    lines: list[str] = []

    def note(event: LogEvent) -> None:
        if event.get("log_namespace") == room:
            lines.append(f"{event['log_level'].name} {formatEvent(event)}")

    observer: Any = note
    globalLogPublisher.addObserver(observer)
    test.addCleanup(globalLogPublisher.removeObserver, observer)
    return lines


class Files(SynchronousTestCase):
    """Tests with a folder for their files."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def file(self, name: str, data: bytes = b"") -> Path:
        """Write a file."""
        path = self.folder / name
        path.write_bytes(data)
        return path

    def refusal(self, load: Any, *args: Any) -> str:
        """What is said of files that are no good, without the folder."""
        with self.assertRaises(ConfigError) as caught:
            load(*args)
        return str(caught.exception).replace(str(self.folder), "FOLDER")
