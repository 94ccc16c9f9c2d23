# -*- test-case-name: tests.config.test_names -*-
"""Readers of names that HTTP restricts: header fields, cookies, domains of cookies."""

from __future__ import annotations

import re

from kaazing.literals import Unreadable, host

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_DOMAIN = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)


def token(value: str) -> str:
    """Return the name of a header field or a cookie (RFC 9110 section 5.6.2, RFC 6265 section 4.1.1)."""
    if not _TOKEN.fullmatch(value):
        raise Unreadable("expected a name of letters, digits and hyphens")
    return value


def domain(value: str) -> str:
    """Return the domain of a cookie in lower case, the dot before it left out (RFC 6265 section 5.2.3);
    empty for an address and for one word, as localhost: of those a cookie is for the host alone."""
    read = value.lower().removeprefix(".")
    if ":" in read:
        host(read)
        return ""
    if not _DOMAIN.fullmatch(read):
        raise Unreadable("expected a domain, as example.com")
    return read if "." in read and not read.rpartition(".")[2].isdigit() else ""
