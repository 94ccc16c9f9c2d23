# -*- test-case-name: tests.config.test_tls -*-
"""The ssl.ciphers and ssl.protocols of a file, in OpenSSL's words."""

from __future__ import annotations

import re
import ssl
from typing import NamedTuple

from kaazing.errors import suggest
from kaazing.literals import Unreadable, comma_list

OLD_PROTOCOLS = ("SSLv2Hello", "SSLv3", "TLSv1", "TLSv1.1")
PROTOCOLS = ("TLSv1.2", "TLSv1.3")

_JAVA_SUITE = re.compile(r"(?:TLS|SSL)_([A-Z0-9_]+?)_WITH_([A-Z0-9_]+)")
_SUITES = (
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_128_CCM_SHA256",
    "TLS_AES_128_CCM_8_SHA256",
)
"""Of TLS 1.3 (RFC 8446 appendix B.4)."""
_GONE = re.compile(
    r"RC[24]|DES|MD5|NULL|EXP|[Aa]non|ADH|AECDH|KRB5|SEED|IDEA|CAMELLIA|ARIA|DSS|ECDH-|SCSV|SSLv|LOW|MEDIUM"
)
"""In names that files of the original have, and today's OpenSSL does not know."""
_STRONG = ":!aNULL:!eNULL"
"""What the transports put behind a cipher string: without a certificate nothing would be verified."""
_PIN = re.compile(r"sha256//?([A-Za-z0-9+/]{43}=)")


class Ciphers(NamedTuple):
    """What ssl.ciphers comes to.

    Attributes:
        old: OpenSSL cipher string for TLS 1.2; empty for the library's choice.
        new: suites of TLS 1.3, with colons in between; likewise.
    """

    old: str
    new: str


NO_CIPHERS = Ciphers("", "")


def ciphers(value: str) -> Ciphers:
    """Return the ciphers that are named; Java's names of suites are translated."""
    names = [name.strip() for part in comma_list(value) for name in part.split(":")]
    new = [name for name in names if name in _SUITES]
    old = [_openssl_name(name) for name in names if name not in _SUITES]
    for place, name in enumerate(names, 1):
        if name not in _SUITES and not _known(_openssl_name(name)):
            near = suggest(name, (*_SUITES, *_all_names()))
            raise Unreadable(f"expected ciphers that OpenSSL knows, and number {place} is none", near)
    wanted = ":".join(old)
    if wanted and not _taken(wanted):
        raise Unreadable("expected ciphers of which OpenSSL knows at least one")
    if wanted and not _taken(f"{wanted}{_STRONG}"):
        raise Unreadable("expected ciphers that encrypt and have a certificate; none of these does")
    return Ciphers(wanted, ":".join(new))


def pins(value: str) -> tuple[str, ...]:
    """Return C{sha256/BASE64} of each key named."""
    found = [_PIN.fullmatch(part) for part in comma_list(value)]
    if not all(found):
        raise Unreadable(
            "expected sha256/ and 44 characters of BASE64, several with commas in between; `openssl x509 -in"
            " FILE -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary |"
            " base64` prints them"
        )
    return tuple(f"sha256/{each[1]}" for each in found if each)


def protocols(value: str) -> tuple[str, ...]:
    """Return the TLS versions named, which the older ones may stand among."""
    names = comma_list(value)
    known = (*OLD_PROTOCOLS, *PROTOCOLS)
    if not set(names) <= set(known):
        raise Unreadable(f"expected a list of {', '.join(known)}")
    if not set(names) & set(PROTOCOLS):
        raise Unreadable("expected TLSv1.2 or TLSv1.3 in the list; nothing older is spoken")
    return names


def span(names: tuple[str, ...]) -> tuple[str, str]:
    """Return the lowest and the highest of the versions that are spoken."""
    spoken = [name for name in PROTOCOLS if name in names]
    return spoken[0], spoken[-1]


def _openssl_name(name: str) -> str:
    """Return C{ECDHE-RSA-AES128-SHA256} for C{TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256}; others as they are."""
    java = _JAVA_SUITE.fullmatch(name)
    if not java:
        return name
    exchange = "" if java[1] == "RSA" else java[1].replace("_", "-") + "-"
    cipher = java[2].replace("AES_", "AES").replace("_CBC", "").replace("_POLY1305_SHA256", "_POLY1305")
    return exchange + cipher.replace("_", "-")


def _known(name: str) -> bool:
    """Return whether OpenSSL has to do with a part of a cipher string, or had once."""
    return name.startswith(("!", "-", "+", "@")) or bool(_GONE.search(name)) or _taken(name)


def _taken(wanted: str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).set_ciphers(wanted)
    except (ssl.SSLError, ValueError):
        return False
    return True


def _all_names() -> list[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL")
    return [each["name"] for each in context.get_ciphers()]
