# -*- test-case-name: tests.transports.test_trust,tests.transports.test_dial -*-
"""TLS towards backends: authorities, names and pins that a server is verified by, and what is said if not."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL import SSL, crypto
from service_identity import CertificateError, VerificationError
from service_identity.cryptography import verify_certificate_hostname, verify_certificate_ip_address
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import Certificate, platformTrust, trustRootFromCertificates
from twisted.python.failure import Failure
from zope.interface import implementer

from kaazing.config.model import TlsOptions
from kaazing.errors import ConfigError, ConnectError
from kaazing.transports.identities import (
    Identity,
    alternative_names,
    load_certificates,
    load_identities,
    titled,
)
from kaazing.transports.tls import context, reason, shown

_WHY = {
    9: "it is not valid yet",
    10: "it has expired",
    18: "it is signed by itself",
    19: "the authority it leads to is not trusted",
    20: "its issuer is not trusted",
    21: "its issuer is not known",
    23: "it is revoked",
    24: "its issuer is no authority",
    26: "it is not for servers",
    66: "its key is too short",
    68: "its signature is of a kind that is broken",
}
"""Number of an error of OpenSSL's verification (X509_V_ERR_...) -> what it means."""
_DATES = (9, 10)


class ClientContexts:
    """Contexts for dialling out, one for each host and set of options."""

    def __init__(self, watch: Callable[[Trust], object] | None = None) -> None:
        """Tell C{watch} of each set of options whose files may change; None tells nobody."""
        self._watch = watch
        self._trusts: dict[TlsOptions, Trust] = {}
        self._made: dict[tuple[str, TlsOptions], Verifying] = {}

    def creator(self, host: str, options: TlsOptions) -> IOpenSSLClientConnectionCreator:
        """Return what verifies that the server is C{host}, or C{options.server_name} in its place.

        Raises:
            ConfigError: the file of authorities holds no certificate, or that of the gateway's own no key.
        """
        made = self._made.get((host, options))
        if made is None:
            trust = self._trusts.get(options)
            if trust is None:
                trust = self._trusts[options] = Trust(options)
                if self._watch is not None:
                    self._watch(trust)
            made = self._made[host, options] = Verifying(options.server_name or host, trust)
        return made


class Trust:
    """What one set of options says of servers, as it stands in the files now.

    Attributes:
        options: see there.
        identities: what is shown to a server that asks; none or one.
        revocations: none.
        context: for new connections.
    """

    def __init__(self, options: TlsOptions) -> None:
        """Read the files; raises ConfigError as L{renew} does."""
        self.options = options
        self.revocations: list[x509.CertificateRevocationList] = []
        self.renew()

    @property
    def files(self) -> Iterator[Path]:
        """Yield the files that count."""
        options = self.options
        yield from (file for file in (options.certificate, options.key, options.ca_file) if file is not None)

    def renew(self) -> None:
        """Read the files again; where that fails, everything stays.

        Raises:
            ConfigError: one does not hold what it should.
        """
        options = self.options
        own = load_identities(options, None)[:1] if options.certificate else []
        trusted: Any = platformTrust()
        if options.ca_file is not None:
            found = load_certificates(options.ca_file)
            trusted = trustRootFromCertificates(
                [Certificate(crypto.X509.from_cryptography(each)) for each in found]
            )
        more = {"trustRoot": trusted} if options.verify_server or options.pins else {"verify": False}
        try:
            made = context(options, **more, **(shown(own[0]) if own else {}))
        except SSL.Error as why:
            raise ConfigError(f"{options.certificate}: OpenSSL does not take it: {reason(why)}") from why
        self.identities: list[Identity] = own
        self.context = made


@implementer(IOpenSSLClientConnectionCreator)
class Verifying:
    """Makes connections to one server.

    Attributes:
        name: what its certificate must be for, in ASCII.
        is_address: whether that is an IP address, which is not asked for (RFC 6066 section 3).
    """

    def __init__(self, name: str, trust: Trust) -> None:
        self.is_address = isIPAddress(name) or isIPv6Address(name)
        self.name = name if self.is_address else name.encode("idna").decode()
        self._trust = trust

    def clientConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        """See L{IOpenSSLClientConnectionCreator}."""
        connection = SSL.Connection(self._trust.context, None)
        connection.set_connect_state()
        connection.set_app_data(protocol)
        if self._trust.options.verify_server or self._trust.options.pins:
            connection.set_verify(SSL.VERIFY_PEER, self._verify)
        if not self.is_address:
            connection.set_tlsext_host_name(self.name.encode())
        return connection

    def _verify(
        self, connection: SSL.Connection, met: crypto.X509, number: int, depth: int, fine: int
    ) -> bool:
        """Say whether one certificate of a chain may stay (SSL_set_verify of OpenSSL)."""
        try:
            why = self._fault(met.to_cryptography(), number, depth, bool(fine))
        except Exception as broken:  # the library's parsers have a dozen kinds
            why = f"the server's certificate cannot be read: {broken}"
        if why:
            told: Any = connection.get_app_data()
            told.explain(Failure(ConnectError(f"TLS: {why}")))
        return not why

    def _fault(self, certificate: x509.Certificate, number: int, depth: int, fine: bool) -> str:
        """Return what is wrong with a certificate, the server's own at depth 0; empty for nothing."""
        options = self._trust.options
        if options.verify_server and not fine:
            return _refused(certificate, number, depth)
        if depth:
            return ""
        if options.verify_server and (misnamed := self._misnamed(certificate)):
            return misnamed
        if options.pins and pin_of(certificate) not in options.pins:
            return f"the key of {_described(certificate)} is none of ssl.pin; it is {pin_of(certificate)}"
        return ""

    def _misnamed(self, certificate: x509.Certificate) -> str:
        """Return why the certificate is not for the server that is wanted; empty where it is."""
        verify = verify_certificate_ip_address if self.is_address else verify_certificate_hostname
        try:
            verify(certificate, self.name)
        except (VerificationError, CertificateError):
            names = [name[:100] for name in alternative_names(certificate)]
            told = f"it is for {', '.join(map(repr, names[:5]))}" if names else "it names no host"
            more = ", ..." if len(names) > 5 else ""
            return (
                f"the server's certificate is not for {self.name!r}; {told}{more}"
                " (ssl.server-name says which name to expect)"
            )
        return ""


def pin_of(certificate: x509.Certificate) -> str:
    """Return C{sha256/BASE64} of a certificate's key (SubjectPublicKeyInfo, RFC 7469 section 2.4)."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "sha256/" + b64encode(sha256(key).digest()).decode()


def _refused(certificate: x509.Certificate, number: int, depth: int) -> str:
    said = f"the certificate of {_described(certificate)} is refused: "
    said += _WHY.get(number, f"error {number} of OpenSSL's verification")
    if number in _DATES:
        until = f"{certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}"
        return f"{said} (valid from {until})"
    trusted = f"; ssl.pin {pin_of(certificate)} with ssl.verify-server disabled trusts this key alone"
    return f"{said} (ssl.ca-file names authorities to trust{'' if depth else trusted})"


def _described(certificate: x509.Certificate) -> str:
    """Return whose it is and who signed it: the server's words, quoted and bounded."""
    issuers = certificate.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    issuer = str(issuers[0].value) if issuers else certificate.issuer.rfc4514_string()
    return f"{titled(certificate)[:100]!r}, issued by {issuer[:100]!r},"
