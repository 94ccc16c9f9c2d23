# -*- test-case-name: tests.transports.test_tls,tests.transports.test_tls_files -*-
"""TLS contexts: certificates from PEM and PKCS12 files, chosen by server name; servers verified.

Contexts come from L{CertificateOptions}, which lets OpenSSL give the buffers of an idle connection back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12KeyAndCertificates, load_pkcs12
from OpenSSL import SSL, crypto
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IOpenSSLServerConnectionCreator
from twisted.internet.ssl import (
    AcceptableCiphers,
    Certificate,
    CertificateOptions,
    TLSVersion,
    optionsForClientTLS,
    platformTrust,
    trustRootFromCertificates,
)
from zope.interface import implementer

from kaazing.config.model import Keystore, TlsOptions
from kaazing.errors import ConfigError

_VERSIONS = {"TLSv1.2": TLSVersion.TLSv1_2, "TLSv1.3": TLSVersion.TLSv1_3}


@dataclass(frozen=True)
class Identity:
    """A certificate with its chain and private key."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: PrivateKeyTypes

    def names(self) -> Iterator[str]:
        """Yield the host names it is for, lower case, wildcards as they stand (RFC 6125 section 6.4)."""
        try:
            names = self.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            yield from (name.lower() for name in names.get_values_for_type(x509.DNSName))
        except x509.ExtensionNotFound:
            for attribute in self.certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME):
                yield str(attribute.value).lower()


def load_identities(options: TlsOptions, keystore: Keystore | None) -> list[Identity]:
    """Return the certificates a listener may show, the accept's own before the keystore's.

    Raises:
        ConfigError: none is configured, or a file does not hold what it should.
    """
    if options.certificate is not None:
        return list(_from_pem([options.certificate, *([options.key] if options.key else [])]))
    if keystore is None:
        raise ConfigError(
            "TLS needs a certificate: set ssl.certificate-file (PEM) in <accept-options>,"
            " or a <keystore> of type PEM or PKCS12 in <security>"
        )
    if keystore.type == "PKCS12":
        return [_from_pkcs12(keystore)]
    found = [identity for file in _files(keystore) for identity in _from_pem([file])]
    if not found:
        raise ConfigError(f"{keystore.file}: no certificate in it")
    return found


def load_authorities(truststore: Keystore | None) -> list[crypto.X509]:
    """Return the certificates that client certificates must lead to.

    Raises:
        ConfigError: there is no truststore, or its file does not hold certificates.
    """
    if truststore is None:
        raise ConfigError("ssl.verify-client needs a <truststore> of type PEM or PKCS12 in <security>")
    if truststore.type == "PKCS12":
        found = [each.certificate for each in _pkcs12(truststore).additional_certs]
    else:
        found = [each for file in _files(truststore) for each in _certificates(file)]
    if not found:
        raise ConfigError(f"{truststore.file}: no certificate in it")
    return [crypto.X509.from_cryptography(each) for each in found]


def _files(store: Keystore) -> list[Path]:
    if not store.file.is_dir():
        return [store.file]
    return sorted(file for file in store.file.iterdir() if file.is_file())


def _certificates(file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as why:
        raise ConfigError(f"{file}: {getattr(why, 'strerror', None) or 'no PEM certificate in it'}") from why


def _from_pem(files: list[Path]) -> Iterator[Identity]:
    certificate, *chain = _certificates(files[0])
    try:
        key = load_pem_private_key(files[-1].read_bytes(), None)
    except (OSError, ValueError, TypeError) as why:
        sentence = getattr(why, "strerror", None) or "no unencrypted PEM private key in it"
        raise ConfigError(f"{files[-1]}: {sentence}") from why
    if key.public_key() != certificate.public_key():
        raise ConfigError(f"{files[-1]}: the private key does not belong to the certificate in {files[0]}")
    yield Identity(certificate, tuple(chain), key)


def _pkcs12(store: Keystore) -> PKCS12KeyAndCertificates:
    try:
        return load_pkcs12(store.file.read_bytes(), store.password.encode())
    except (OSError, ValueError) as why:
        sentence = getattr(why, "strerror", None) or "no PKCS12 file, or the password is wrong"
        raise ConfigError(f"{store.file}: {sentence}") from why


def _from_pkcs12(keystore: Keystore) -> Identity:
    held = _pkcs12(keystore)
    if held.cert is None or held.key is None:
        raise ConfigError(f"{keystore.file}: needs a certificate with its private key")
    return Identity(
        held.cert.certificate, tuple(each.certificate for each in held.additional_certs), held.key
    )


@implementer(IOpenSSLServerConnectionCreator)
class ServerContexts:
    """Shows each client the certificate of the server name it asks for (RFC 6066 section 3)."""

    def __init__(self, identities: list[Identity], options: TlsOptions, authorities: list[Any]) -> None:
        """Make one context for each identity; the first is for clients that name no known host."""
        self._by_name: dict[str, SSL.Context] = {}
        self._settled = (options.ciphers, options.protocols, options.verify_client)
        contexts = []
        for identity in identities:
            context = _server_options(identity, options, authorities).getContext()
            context.set_tlsext_servername_callback(self._choose)
            context.set_alpn_select_callback(_speak)  # Twisted's own fails with connections it did not make
            contexts.append(context)
            for name in identity.names():
                self._by_name.setdefault(name, context)
        self._default = contexts[0]

    def add(self, other: ServerContexts) -> None:
        """Show the certificates of C{other} too, to clients that ask for their names.

        Raises:
            ConfigError: C{other} has options that a handshake settles before the name is known.
        """
        if other._settled != self._settled:
            raise ConfigError(
                "ssl.ciphers, ssl.protocols and ssl.verify-client must be those of the other accepts"
                " at the same address"
            )
        for name, context in other._by_name.items():
            if name not in self._by_name:
                self._by_name[name] = context
                context.set_tlsext_servername_callback(self._choose)

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        """See L{IOpenSSLServerConnectionCreator}."""
        return SSL.Connection(self._default, None)

    def _choose(self, connection: SSL.Connection) -> None:
        asked = (connection.get_servername() or b"").decode("ascii", "replace").lower()
        wildcard = "*." + asked.partition(".")[2]
        chosen = self._by_name.get(asked) or self._by_name.get(wildcard)
        if chosen is not None:
            connection.set_context(chosen)


def _speak(connection: SSL.Connection, offered: list[bytes]) -> Any:
    """Choose HTTP/1.1 for a client that offers it, and nothing for others (RFC 7301)."""
    return b"http/1.1" if b"http/1.1" in offered else SSL.NO_OVERLAPPING_PROTOCOLS


def _server_options(identity: Identity, options: TlsOptions, authorities: list[Any]) -> CertificateOptions:
    more = _spoken(options)
    if options.verify_client != "none":
        more |= {"verify": True, "caCerts": authorities}
        more["requireCertificate"] = options.verify_client == "required"
    return CertificateOptions(**_shown(identity), **more)


def _shown(identity: Identity) -> dict[str, Any]:
    """Return what a peer is shown in the words of L{CertificateOptions}."""
    return {
        "privateKey": crypto.PKey.from_cryptography_key(identity.key),  # type: ignore[arg-type]
        "certificate": crypto.X509.from_cryptography(identity.certificate),
        "extraCertChain": [crypto.X509.from_cryptography(each) for each in identity.chain],
    }


def _spoken(options: TlsOptions) -> dict[str, Any]:
    """Return versions and ciphers in the words of L{CertificateOptions}."""
    lowest, highest = options.protocols
    spoken: dict[str, Any] = {
        "insecurelyLowerMinimumTo": _VERSIONS[lowest],
        "lowerMaximumSecurityTo": _VERSIONS[highest],
    }
    if options.ciphers:
        spoken["acceptableCiphers"] = AcceptableCiphers.fromOpenSSLCipherString(options.ciphers)
    return spoken


class ClientContexts:
    """Contexts for dialling out, one for each host and set of options."""

    @cache  # noqa: B019 - as long-lived as the gateway
    def creator(self, host: str, options: TlsOptions) -> IOpenSSLClientConnectionCreator:
        """Return what verifies that the server is C{host}, or C{options.server_name} in its place.

        Raises:
            ConfigError: the file of authorities holds no certificate, or that of the gateway's own no key.
        """
        name = options.server_name or host
        if not options.verify_server:
            return _Unverified(name, options)
        trust = platformTrust()
        if options.ca_file is not None:
            roots = [Certificate(crypto.X509.from_cryptography(e)) for e in _certificates(options.ca_file)]
            trust = trustRootFromCertificates(roots)
        return optionsForClientTLS(name, trustRoot=trust, extraCertificateOptions=_telling(options))


def _telling(options: TlsOptions) -> dict[str, Any]:
    """Return L{_spoken}, and what a backend is shown that asks for a certificate."""
    shown = {} if options.certificate is None else _shown(load_identities(options, None)[0])
    return _spoken(options) | shown


@implementer(IOpenSSLClientConnectionCreator)
class _Unverified:
    """For C{ssl.verify-server} disabled: takes any certificate."""

    def __init__(self, name: str, options: TlsOptions) -> None:
        self._name = "" if isIPAddress(name) or isIPv6Address(name) else name
        self._context = CertificateOptions(verify=False, **_telling(options)).getContext()

    def clientConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        """See L{IOpenSSLClientConnectionCreator}."""
        connection = SSL.Connection(self._context, None)
        connection.set_connect_state()
        if self._name:
            connection.set_tlsext_host_name(self._name.encode("idna"))
        return connection
