# -*- test-case-name: tests.transports.test_javastores -*-
"""Java's own key stores, JKS and JCEKS, by the library pyjks, which is imported when one is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_private_key

from kaazing.errors import ConfigError

UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)
"""What cryptography raises of bytes that it cannot read."""


def java_keys(
    file: Path, data: bytes, password: str
) -> Iterator[tuple[str, PrivateKeyTypes, tuple[x509.Certificate, ...]]]:
    """Yield alias, key and chain of each entry with a private key, by alias; the chain has one at least.

    Raises:
        ConfigError: this is no such file, the password is wrong, or an entry is no good.
    """
    for alias, entry in sorted(_opened(file, data, password).private_keys.items()):
        if not entry.is_decrypted():
            raise ConfigError(f"{file}: entry {alias!r}: its key has a password other than that of the store")
        chain = tuple(_certificate(file, alias, der) for _, der in entry.cert_chain)
        if not chain:
            raise ConfigError(f"{file}: entry {alias!r}: a private key without a certificate")
        try:
            key = load_der_private_key(entry.pkey_pkcs8, None)
        except UNREADABLE as why:
            raise ConfigError(f"{file}: entry {alias!r}: no private key that can be used") from why
        yield alias, key, chain


def java_certificates(file: Path, data: bytes, password: str) -> list[x509.Certificate]:
    """Return the trusted certificates.

    Raises:
        ConfigError: likewise.
    """
    found = sorted(_opened(file, data, password).certs.items())
    return [_certificate(file, alias, entry.cert) for alias, entry in found]


def _opened(file: Path, data: bytes, password: str) -> Any:
    try:
        import jks
    except ImportError as why:
        raise ConfigError(f"{file}: reading it needs `pip install kaazing-gateway[jks]`") from why
    try:
        return jks.KeyStore.loads(data, password)
    except jks.util.KeystoreSignatureException as why:
        raise ConfigError(f"{file}: the password is wrong, or the file is broken") from why
    except Exception as why:  # broken files make the library raise whatever its parsers raise
        raise ConfigError(f"{file}: no JKS or JCEKS file, or a broken one") from why


def _certificate(file: Path, alias: str, der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except UNREADABLE as why:
        raise ConfigError(f"{file}: entry {alias!r}: no certificate that can be read") from why
