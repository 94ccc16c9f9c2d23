# -*- test-case-name: tests.transports.test_identities -*-
"""Certificates, keys, authorities and revocations as they stand in files: PEM, PKCS12, JKS and JCEKS."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.dsa import DSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12KeyAndCertificates, load_pkcs12

from kaazing.config.model import Keystore, TlsOptions
from kaazing.errors import ConfigError
from kaazing.transports.javastores import UNREADABLE, java_certificates, java_keys

LIMIT = 16 * 1024 * 1024  # bytes of one file
_ENDINGS = {"PEM": (".pem", ".crt"), "PKCS12": (".p12", ".pfx")}
"""Type of a store -> how the names of its files in a folder end."""


@dataclass(frozen=True)
class Identity:
    """A certificate with its chain and private key.

    Attributes:
        alias: its name in the store; empty for none.
    """

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: PrivateKeyTypes
    alias: str = ""

    def names(self) -> Iterator[str]:
        """Yield the host names it is for, lower case, wildcards as they stand (RFC 6125 section 6.4)."""
        try:
            names = self.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            yield from (name.lower() for name in names.get_values_for_type(x509.DNSName))
        except x509.ExtensionNotFound:
            yield from (name.lower() for name in _common_names(self.certificate))

    def __str__(self) -> str:
        return titled(self.certificate)


def titled(certificate: x509.Certificate) -> str:
    """Return what people call a certificate: its common name, its first name, or its number."""
    for name in (*_common_names(certificate), *alternative_names(certificate)):
        return name
    return f"number {certificate.serial_number:x}"


def alternative_names(certificate: x509.Certificate) -> list[str]:
    """Return the host names and addresses in its extension."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    addresses = found.get_values_for_type(x509.IPAddress)
    return [*found.get_values_for_type(x509.DNSName), *map(str, addresses)]


def load_identities(options: TlsOptions, keystore: Keystore | None) -> list[Identity]:
    """Return the certificates a listener may show, the accept's own in place of the keystore's.

    Raises:
        ConfigError: none is configured, or a file does not hold what it should.
    """
    if options.certificate is not None:
        return [_from_pem(options.certificate, options.key or options.certificate)]
    if keystore is None:
        raise ConfigError(
            "TLS needs a certificate: set ssl.certificate-file (PEM) in <accept-options>,"
            " or a <keystore> in <security>"
        )
    found = [identity for file in _files(keystore) for identity in _from_store(keystore, file)]
    if not found:
        raise ConfigError(f"{keystore.file}: no certificate in it")
    return found


def load_authorities(truststore: Keystore | None) -> list[x509.Certificate]:
    """Return the certificates that those of the other end must lead to.

    Raises:
        ConfigError: there is no truststore, or its file does not hold certificates.
    """
    if truststore is None:
        raise ConfigError("ssl.verify-client needs a <truststore> in <security>, or ssl.ca-file")
    found = [each for file in _files(truststore) for each in _trusted(truststore, file)]
    if not found:
        raise ConfigError(f"{truststore.file}: no certificate in it")
    for each in found:
        _check_certificate(each, str(truststore.file))
    return found


def load_revocations(file: Path) -> list[x509.CertificateRevocationList]:
    """Return the lists of revoked certificates in a PEM file (RFC 5280 section 5).

    Raises:
        ConfigError: there is none in it.
    """
    begin = b"-----BEGIN X509 CRL-----"
    pieces = _read(file).split(begin)[1:]
    try:
        found = [x509.load_pem_x509_crl(begin + piece) for piece in pieces]
    except UNREADABLE as why:
        raise ConfigError(f"{file}: a broken PEM list of revoked certificates") from why
    if not found:
        raise ConfigError(f"{file}: no PEM list of revoked certificates in it")
    return found


def files_of(store: Keystore) -> list[Path]:
    """Return the files that a store is made of now, none where it is not there."""
    try:
        return _files(store)
    except ConfigError:
        return []


def _files(store: Keystore) -> list[Path]:
    try:
        if not store.file.is_dir():
            return [store.file]
        endings = _ENDINGS.get(store.type, ())
        return sorted(file for file in store.file.iterdir() if file.name.endswith(endings) and file.is_file())
    except OSError as why:
        raise ConfigError(f"{store.file}: {why.strerror}") from why


def _at_once(path: str, flags: int) -> int:
    """Open without waiting for somebody who writes: the reactor would wait as well."""
    return os.open(path, flags | os.O_NONBLOCK)


def _read(file: Path) -> bytes:
    try:
        with open(file, "rb", opener=_at_once) as opened:
            data = opened.read(LIMIT + 1) or b""
    except OSError as why:
        raise ConfigError(f"{file}: {why.strerror}") from why
    if len(data) > LIMIT:
        raise ConfigError(f"{file}: longer than {LIMIT} bytes")
    return data


def _from_store(store: Keystore, file: Path) -> Iterator[Identity]:
    if store.type == "PEM":
        beside = file.with_suffix(".key")
        yield _from_pem(file, beside if beside.is_file() else file, store.password)
    elif store.type == "PKCS12":
        yield _from_pkcs12(file, store.password)
    else:
        for alias, key, chain in java_keys(file, _read(file), store.password):
            _check(key, chain[0], f"{file}: entry {alias!r}")
            yield Identity(chain[0], chain[1:], key, alias)


def _trusted(store: Keystore, file: Path) -> list[x509.Certificate]:
    if store.type == "PEM":
        return load_certificates(file)
    if store.type == "PKCS12":
        return [each.certificate for each in _pkcs12(file, store.password).additional_certs]
    return java_certificates(file, _read(file), store.password)


def load_certificates(file: Path) -> list[x509.Certificate]:
    """Return the certificates of a PEM file, in order.

    Raises:
        ConfigError: there is none, or the file cannot be read.
    """
    try:
        return x509.load_pem_x509_certificates(_read(file))
    except UNREADABLE as why:
        raise ConfigError(f"{file}: no PEM certificate in it") from why


def _from_pem(file: Path, key_file: Path, password: str = "") -> Identity:
    certificate, *chain = load_certificates(file)
    data = _read(key_file)
    try:
        key = load_pem_private_key(data, password.encode() if password and b"ENCRYPTED" in data else None)
    except UNREADABLE as why:
        wanted = "PEM private key that the password opens" if password else "unencrypted PEM private key"
        raise ConfigError(f"{key_file}: no {wanted} in it") from why
    _check(key, certificate, str(key_file), f" in {file}")
    return Identity(certificate, tuple(chain), key)


def _pkcs12(file: Path, password: str) -> PKCS12KeyAndCertificates:
    try:
        return load_pkcs12(_read(file), password.encode())
    except UNREADABLE as why:
        raise ConfigError(f"{file}: no PKCS12 file, or the password is wrong") from why


def _from_pkcs12(file: Path, password: str) -> Identity:
    held = _pkcs12(file, password)
    if held.cert is None or held.key is None:
        raise ConfigError(f"{file}: needs a certificate with its private key")
    _check(held.key, held.cert.certificate, str(file))
    alias = (held.cert.friendly_name or b"").decode("utf-8", "replace")
    chain = tuple(each.certificate for each in held.additional_certs)
    return Identity(held.cert.certificate, chain, held.key, alias)


def _check(key: PrivateKeyTypes, certificate: x509.Certificate, where: str, place: str = "") -> None:
    """Raise L{ConfigError} for a key that TLS has no use for."""
    _check_certificate(certificate, where)
    if isinstance(key, DSAPrivateKey):
        raise ConfigError(f"{where}: a DSA key, which nothing takes in TLS today; have an RSA or EC key made")
    if key.public_key() != certificate.public_key():
        raise ConfigError(f"{where}: the private key does not belong to the certificate{place}")


def _check_certificate(certificate: x509.Certificate, where: str) -> None:
    """Raise L{ConfigError} for one whose parts cannot be read, which parsing it does not find out."""
    try:
        certificate.public_key()
        alternative_names(certificate)
        titled(certificate)
    except Exception as why:  # the library's parsers have a dozen kinds
        raise ConfigError(f"{where}: the certificate cannot be read: {why}") from why


def _common_names(certificate: x509.Certificate) -> list[str]:
    found = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return [str(attribute.value) for attribute in found]
