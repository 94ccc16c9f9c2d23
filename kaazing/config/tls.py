# -*- test-case-name: tests.config.test_tls -*-
"""The ssl.ciphers and ssl.protocols of a file, in OpenSSL's words."""

from __future__ import annotations

import re
import ssl

from kaazing.literals import Unreadable, comma_list

OLD_PROTOCOLS = ("SSLv2Hello", "SSLv3", "TLSv1", "TLSv1.1")
PROTOCOLS = ("TLSv1.2", "TLSv1.3")

_JAVA_SUITE = re.compile(r"(?:TLS|SSL)_([A-Z0-9_]+?)_WITH_([A-Z0-9_]+)")
_TLS13_SUITE = re.compile(r"TLS_(?:AES|CHACHA20)_[A-Z0-9_]+")


def ciphers(value: str) -> str:
    """Return an OpenSSL cipher string for TLS 1.2; empty for the library's choice.

    Java's names of suites are translated. The suites of TLS 1.3 are always on, and left out.
    """
    names = [_openssl_name(name) for part in comma_list(value) for name in part.split(":")]
    wanted = ":".join(name for name in names if name)
    if wanted:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).set_ciphers(wanted)
        except (ssl.SSLError, ValueError):
            raise Unreadable("expected ciphers of which OpenSSL knows at least one") from None
    return wanted


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
    if _TLS13_SUITE.fullmatch(name):
        return ""
    java = _JAVA_SUITE.fullmatch(name)
    if not java:
        return name
    exchange = "" if java[1] == "RSA" else java[1].replace("_", "-") + "-"
    cipher = java[2].replace("AES_", "AES").replace("_CBC", "").replace("_POLY1305_SHA256", "_POLY1305")
    return exchange + cipher.replace("_", "-")
