# -*- test-case-name: tests.transports.test_tls -*-
"""TLS of accepts: which certificate is shown to whom, and whose certificates are asked for.

Contexts come from L{CertificateOptions}, which lets OpenSSL give the buffers of an idle connection back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography import x509
from OpenSSL import SSL, crypto
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.ssl import AcceptableCiphers, CertificateOptions, TLSVersion
from zope.interface import implementer

from kaazing.config.model import Keystore, TlsOptions
from kaazing.errors import ConfigError
from kaazing.transports.identities import (
    Identity,
    alternative_names,
    files_of,
    load_authorities,
    load_identities,
    load_revocations,
)

_VERSIONS = {"TLSv1.2": TLSVersion.TLSv1_2, "TLSv1.3": TLSVersion.TLSv1_3}
_CRL_CHECK = 0x4  # X509_V_FLAG_CRL_CHECK of OpenSSL: the certificate of the client itself


class Shelf:
    """The certificates of one source, a context for each, and whom they ask for certificates.

    Attributes:
        options: what the contexts are made of.
        identities: the certificates, in order; at least one.
        revocations: lists of revoked certificates.
        contexts: host name, or wildcard, in lower case -> context.
        told: called when all of this has changed.
    """

    def __init__(self, options: TlsOptions, keystore: Keystore | None, truststore: Keystore | None) -> None:
        """Read the files.

        Raises:
            ConfigError: one does not hold what it should, or none is configured.
        """
        self.options, self._keystore, self._truststore = options, keystore, truststore
        self.told: list[Callable[[], None]] = []
        self.revocations: list[x509.CertificateRevocationList] = []
        self.renew()

    @classmethod
    def of(
        cls, identities: Sequence[Identity], options: TlsOptions, authorities: Sequence[x509.Certificate]
    ) -> Shelf:
        """Return one of what is in memory already, which is never renewed."""
        made = cls.__new__(cls)
        made.options, made.told, made.revocations = options, [], []
        made._fill(identities, authorities, [])
        return made

    @property
    def files(self) -> Iterator[Path]:
        """Yield the files it was made of, and would be now."""
        options = self.options
        if options.certificate is not None:
            yield options.certificate
            yield options.key or options.certificate
        elif self._keystore is not None:
            for file in files_of(self._keystore):
                yield file
                yield file.with_suffix(".key")
        if options.verify_client != "none":
            yield from [options.ca_file] if options.ca_file else files_of(self._truststore or _NOWHERE)
            yield from [options.crl_file] if options.crl_file else []

    def renew(self) -> None:
        """Read the files again; where that fails, everything stays.

        Raises:
            ConfigError: one does not hold what it should.
        """
        options, authorities, revocations = self.options, [], []
        if options.verify_client != "none":
            own = Keystore(type="PEM", file=options.ca_file) if options.ca_file else None
            authorities = load_authorities(own or self._truststore)
            revocations = load_revocations(options.crl_file) if options.crl_file else []
        self._fill(load_identities(options, self._keystore), authorities, revocations)
        for tell in self.told:
            tell()

    def front(self, host: str) -> tuple[Identity, SSL.Context]:
        """Return a certificate, that for C{host} or the first, and a context of its own."""
        names = _asked_for(host)
        at = next((self._places[name] for name in names if name in self._places), 0)
        return self.identities[at], self._context(self.identities[at])

    def _fill(
        self,
        identities: Sequence[Identity],
        authorities: Sequence[x509.Certificate],
        revocations: list[x509.CertificateRevocationList],
    ) -> None:
        self._trusted = [crypto.X509.from_cryptography(each) for each in authorities], revocations
        contexts = [self._context(identity) for identity in identities]
        places: dict[str, int] = {}
        for at, identity in enumerate(identities):
            for name in (*identity.names(), *alternative_names(identity.certificate)):
                places.setdefault(name.lower(), at)
        for at, identity in enumerate(identities):
            if identity.alias:  # the original went by the alias alone
                places.setdefault(identity.alias.lower(), at)
        self.identities, self.revocations, self._places = list(identities), revocations, places
        self.contexts = {name: contexts[at] for name, at in places.items()}

    def _context(self, identity: Identity) -> SSL.Context:
        authorities, revocations = self._trusted
        more: dict[str, Any] = {}
        if self.options.verify_client != "none":
            more = {"verify": True, "caCerts": authorities}
            more["requireCertificate"] = self.options.verify_client == "required"
        try:
            made = context(self.options, **shown(identity), **more)
        except SSL.Error as why:  # a key too short for OpenSSL's security level
            raise ConfigError(f"certificate {identity}: OpenSSL does not take it: {reason(why)}") from why
        if revocations:
            store: Any = made.get_cert_store()
            for each in revocations:
                store.add_crl(each)
            store.set_flags(_CRL_CHECK)
        made.set_alpn_select_callback(_speak)  # Twisted's own fails with connections it did not make
        return made


@implementer(IOpenSSLServerConnectionCreator)
class ServerContexts:
    """Shows each client the certificate of the server name it asks for (RFC 6066 section 3)."""

    def __init__(self, shelf: Shelf, host: str = "") -> None:
        """Show the certificates of C{shelf}; that for C{host} to clients that name no known host."""
        self._shelves: list[Shelf] = []
        self._host = host
        self._front: SSL.Context | None = None
        self._contexts: dict[str, SSL.Context] = {}
        self._take(shelf)

    @property
    def default(self) -> Identity:
        """What clients see that name no known host."""
        return self._shelves[0].front(self._host)[0]

    def knows(self, host: str) -> bool:
        """Whether there is a certificate for C{host}."""
        return any(name in shelf.contexts for shelf in self._shelves for name in _asked_for(host))

    def add(self, other: ServerContexts) -> None:
        """Show the certificates of C{other} too, to clients that ask for their names.

        Raises:
            ConfigError: C{other} has options that a handshake settles before the name is known.
        """
        if _settled(other._shelves[0].options) != _settled(self._shelves[0].options):
            raise ConfigError(
                "ssl.ciphers, ssl.protocols, ssl.verify-client, ssl.ca-file and ssl.crl-file must be those of"
                " the other accepts at the same address"
            )
        for shelf in other._shelves:
            if shelf not in self._shelves:
                self._take(shelf)

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        """See L{IOpenSSLServerConnectionCreator}."""
        return SSL.Connection(self._front or self._arrange(), None)

    def _take(self, shelf: Shelf) -> None:
        self._shelves.append(shelf)
        shelf.told.append(self._changed)
        self._changed()

    def _changed(self) -> None:
        self._front = None

    def _arrange(self) -> SSL.Context:
        self._contexts = {}
        for shelf in self._shelves:
            for name, made in shelf.contexts.items():
                self._contexts.setdefault(name, made)
        self._front = self._shelves[0].front(self._host)[1]
        self._front.set_tlsext_servername_callback(self._choose)
        return self._front

    def _choose(self, connection: SSL.Connection) -> None:
        asked = (connection.get_servername() or b"").decode("ascii", "replace")
        for name in _asked_for(asked):
            if name in self._contexts:
                connection.set_context(self._contexts[name])
                return


def _asked_for(host: str) -> tuple[str, str]:
    """Return a name as certificates have it, and its wildcard (RFC 6125 section 6.4.3)."""
    name = host.rstrip(".").lower()
    if not name.isascii():
        with suppress(UnicodeError):  # no name of a host at all, which no certificate has
            name = name.encode("idna").decode()
    return name, "*." + name.partition(".")[2]


def _settled(options: TlsOptions) -> tuple[object, ...]:
    return (
        *(options.ciphers, options.suites, options.protocols),
        *(options.verify_client, options.ca_file, options.crl_file),
    )


def _speak(connection: SSL.Connection, offered: list[bytes]) -> Any:
    """Choose HTTP/1.1 for a client that offers it, and nothing for others (RFC 7301)."""
    return b"http/1.1" if b"http/1.1" in offered else SSL.NO_OVERLAPPING_PROTOCOLS


def shown(identity: Identity) -> dict[str, Any]:
    """Return what a peer is shown in the words of L{CertificateOptions}."""
    return {
        "privateKey": crypto.PKey.from_cryptography_key(identity.key),  # type: ignore[arg-type]
        "certificate": crypto.X509.from_cryptography(identity.certificate),
        "extraCertChain": [crypto.X509.from_cryptography(each) for each in identity.chain],
    }


def context(options: TlsOptions, **more: Any) -> SSL.Context:
    """Return a context that speaks the versions and ciphers of C{options}.

    Args:
        more: what else L{CertificateOptions} is to know.
    """
    lowest, highest = options.protocols
    if options.ciphers:  # without a certificate nothing would be verified
        strong = f"{options.ciphers}:!aNULL:!eNULL"
        more["acceptableCiphers"] = AcceptableCiphers.fromOpenSSLCipherString(strong)
    made = CertificateOptions(
        insecurelyLowerMinimumTo=_VERSIONS[lowest], lowerMaximumSecurityTo=_VERSIONS[highest], **more
    ).getContext()
    made.set_options(SSL.OP_NO_RENEGOTIATION)
    if options.suites:
        made.set_tls13_ciphersuites(options.suites.encode())
    return made


def reason(why: SSL.Error) -> str:
    """Return OpenSSL's words of an error."""
    queue = why.args[0] if why.args and isinstance(why.args[0], list) else []
    return "; ".join(entry[-1] for entry in queue if entry[-1]) or "the handshake failed"


_NOWHERE = Keystore(type="PEM", file=Path("/nonexistent"))
