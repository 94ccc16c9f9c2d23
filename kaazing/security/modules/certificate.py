# -*- test-case-name: tests.security.modules.test_certificate -*-
"""Login module certificate: the client's certificate, which TLS has verified, says who it is.  RFC 5280."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from twisted.cred.checkers import ICredentialsChecker
from twisted.internet.defer import Deferred
from zope.interface import implementer

from kaazing.errors import ConfigError, LoginMissing, LoginStale
from kaazing.interfaces.security import Attempt, IAttempt, ILoginModule, Subject, Workplace
from kaazing.literals import choice, text
from kaazing.options import Option
from kaazing.security.files import lines
from kaazing.security.watched import Watched

_Roles = Mapping[x509.Name, frozenset[str]]


@implementer(ILoginModule)
class CertificateType:
    """See L{ILoginModule}."""

    name = "certificate"
    doc = (
        "The client's certificate, where the accept asks for one (ssl.verify-client) and TLS has verified it."
        " The challenge scheme does not matter."
    )
    options = (
        Option(
            name="user",
            read=choice("common-name", "name", "email", "dns", "uri"),
            default="common-name",
            doc="What of the certificate is the user: the common name of its subject, which has to have"
            " exactly one; the whole name as RFC 4514 writes it (`CN=joe,O=Example`); or the first e-mail"
            " address, DNS name or URI among its alternative names.",
        ),
        Option(
            name="roles",
            read=choice("none", "organizational-unit", "organization"),
            default="none",
            doc="Which attributes of the subject are roles.",
        ),
        Option(
            name="map",
            read=text,
            doc="A file with lines `CN=joe,O=Example -> role, role`: roles by the subject's whole name,"
            " besides those of `roles`. It is read again when it changes.",
        ),
    )

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """See L{ILoginModule}."""
        return ()

    def checker(self, options: Mapping[str, Any], workplace: Workplace) -> CertificateChecker:
        """See L{ILoginModule}."""
        return CertificateChecker(options, workplace)


@implementer(ICredentialsChecker)
class CertificateChecker:
    """Reads a certificate; that it is genuine TLS has verified, here only its dates are looked at again,
    because a connection may be older than an attempt."""

    credentialInterfaces = (IAttempt,)

    def __init__(self, options: Mapping[str, Any], workplace: Workplace) -> None:
        self._time = workplace.time
        self._user = _USERS[options["user"]]
        self._roles = _ROLES[options["roles"]]
        mapped = options["map"]
        self._map = Watched(mapped, read_map, workplace) if mapped else None

    def requestAvatarId(self, credentials: Attempt) -> Any:
        """See L{ILoginModule.checker}."""
        certificate = credentials.certificate()
        if certificate is None:
            raise LoginMissing("no certificate")
        now, expires = self._time(), certificate.not_valid_after_utc.timestamp()
        if not certificate.not_valid_before_utc.timestamp() <= now < expires:
            raise LoginStale("the certificate is not valid at this time")
        user = self._user(certificate)
        if not user or not user.isprintable():
            raise LoginStale("the certificate does not say who the user is")
        roles = frozenset(_texts(certificate, self._roles) if self._roles else ())
        subject = Subject(user=user, roles=roles, claims=claims_of(certificate), expires=expires)
        mapped = self._map.newest() if self._map else {}
        if isinstance(mapped, Deferred):
            return mapped.addCallback(_with_roles, subject, certificate)
        return _with_roles(mapped, subject, certificate)


def _with_roles(mapped: _Roles, subject: Subject, certificate: x509.Certificate) -> Subject:
    return replace(subject, roles=subject.roles | mapped.get(certificate.subject, frozenset()))


def read_map(data: bytes, file: str) -> _Roles:
    """Return roles by name, of lines C{CN=joe,O=Example -> role, role} (RFC 4514).

    Raises:
        ConfigError: a line is none.
    """
    roles: dict[x509.Name, frozenset[str]] = {}
    for number, written in lines(data, file):
        name, _, said = written.rpartition("->")
        named = frozenset(role.strip() for role in said.split(",")) - {""}
        subject = _read_name(name.strip())
        if not subject or not named:
            what = "expected a line such as CN=joe,O=Example -> role, role"
            raise ConfigError(what, file=file, line=number)
        roles[subject] = roles.get(subject, frozenset()) | named
    return roles


def _read_name(written: str) -> x509.Name | None:
    try:
        return x509.Name.from_rfc4514_string(written) if written else None
    except (ValueError, TypeError):
        return None


def _common_name(certificate: x509.Certificate) -> str:
    names = _texts(certificate, NameOID.COMMON_NAME)
    return names[0] if len(names) == 1 else ""


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()


def _texts(certificate: x509.Certificate, what: x509.ObjectIdentifier) -> list[str]:
    values = (attribute.value for attribute in certificate.subject.get_attributes_for_oid(what))
    return [value for value in values if isinstance(value, str)]


def _alternative(kind: type[x509.GeneralName]) -> Callable[[x509.Certificate], str]:
    def first(certificate: x509.Certificate) -> str:
        try:
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (x509.ExtensionNotFound, ValueError):  # ValueError: one that is no extension
            return ""
        return next((str(name.value) for name in names if isinstance(name, kind)), "")

    return first


def claims_of(certificate: x509.Certificate) -> dict[str, str]:
    """Return subject and issuer as RFC 4514 writes them, serial and SHA-256 fingerprint in hex."""
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial": f"{certificate.serial_number:x}",
        "fingerprint": certificate.fingerprint(SHA256()).hex(),
    }


_USERS: dict[str, Callable[[x509.Certificate], str]] = {
    "common-name": _common_name,
    "name": _name,
    "email": _alternative(x509.RFC822Name),
    "dns": _alternative(x509.DNSName),
    "uri": _alternative(x509.UniformResourceIdentifier),
}
_ROLES = {
    "none": None,
    "organizational-unit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
}
