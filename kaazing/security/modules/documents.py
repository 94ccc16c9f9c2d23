# -*- test-case-name: tests.security.modules.test_documents -*-
"""Small documents that an issuer publishes, fetched over verified TLS."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.ssl import Certificate, trustRootFromCertificates
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS
from twisted.web.http_headers import Headers
from twisted.web.iweb import IResponse

from kaazing.errors import ConfigError, LoginUnavailable
from kaazing.literals import Unreadable, here, uri
from kaazing.security.bodies import read_body

LARGEST = 256 * 1024
"""Most bytes of a document."""

_CONNECT = 5.0  # seconds until a connection stands
_SHORTEST, _LONGEST, _USUAL = 60.0, 86400.0, 600.0  # seconds that a document is kept
_MAX_AGE = re.compile(r'(?:^|[\s,])max-age="?([0-9]{1,9})"?(?:$|[\s,])', re.IGNORECASE)
_NOT_KEPT = re.compile(r"(?:^|[\s,])no-(?:store|cache)(?:$|[\s,])", re.IGNORECASE)
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.{1,20000}?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document.

    Attributes:
        body: at most L{LARGEST} bytes.
        keep: seconds that its giver lets it be kept (RFC 9111 section 5.2.2.1), between a minute and a day.
    """

    body: bytes = field(repr=False)
    keep: float = _USUAL


def read_url(value: str) -> str:
    """Read an https URL; http is taken where it does not leave the machine."""
    parts = uri(value)
    if not parts.host or not (parts.scheme == "https" or (parts.scheme == "http" and here(parts.host))):
        raise Unreadable("expected an https URL (http for 127.0.0.1, ::1 and localhost alone)")
    if parts.userinfo is not None:
        raise Unreadable("expected a URL without user and password")
    return value


class Documents:
    """Fetches documents; certificates are verified, redirects and compressed answers are not taken."""

    def __init__(self, reactor: Any, authorities: bytes | None = None) -> None:
        """Trust these certificates (PEM), or with None the system's.

        Raises:
            ConfigError: there is none among them, or one that cannot be read.
        """
        trusted = None if authorities is None else trusted_of(authorities)
        self._agent = Agent(reactor, BrowserLikePolicyForHTTPS(trusted), connectTimeout=_CONNECT)

    def get(self, url: str) -> Deferred[Fetched]:
        """Return a document; fails with L{LoginUnavailable} where the answer is none, or with what is wrong.

        Cancelling it ends the connection.
        """
        asked = Headers({b"Accept": [b"application/json"], b"User-Agent": [b"kaazing-gateway"]})
        answered: Deferred[IResponse] = self._agent.request(b"GET", url.encode("ascii"), asked)
        return answered.addCallback(_document, url)


def _document(response: IResponse, url: str) -> Deferred[Fetched]:

    def collected(body: bytes) -> Fetched:
        if response.code != 200:
            raise LoginUnavailable(f"{url} answers with status {response.code}")
        return Fetched(body, _kept(max_age(response.headers)))

    return read_body(response, LARGEST, url).addCallback(collected)


def max_age(headers: Headers) -> float | None:
    """Return for how many seconds an answer may be kept (RFC 9111 section 5.2.2.1); None for not said."""
    control = b", ".join(headers.getRawHeaders(b"cache-control", [])).decode("latin-1")
    if _NOT_KEPT.search(control):
        return 0.0
    found = _MAX_AGE.search(control)
    return float(found[1]) if found else None


def _kept(age: float | None) -> float:
    return _USUAL if age is None else min(max(age, _SHORTEST), _LONGEST)


def trusted_of(pem: bytes) -> Any:
    """Return what BrowserLikePolicyForHTTPS trusts: the certificates (PEM) of a file.

    Raises:
        ConfigError: there is none among them, or one that cannot be read.
    """
    found = _CERTIFICATE.findall(pem)
    if not found:
        raise ConfigError("there is no certificate (PEM) in it")
    try:
        return trustRootFromCertificates([Certificate.loadPEM(block) for block in found])
    except Exception as why:  # pyOpenSSL does not promise the class
        raise ConfigError("a certificate in it cannot be read") from why
