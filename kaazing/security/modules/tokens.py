# -*- test-case-name: tests.security.modules.test_tokens -*-
"""JSON Web Tokens taken apart, and nothing believed of them yet.  RFC 7515 section 3.1, RFC 7519."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from kaazing.errors import LoginRefused

# Base64url whose unused bits are zero: in any other the last characters could be changed unnoticed.
_PART = "(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?"
_COMPACT = re.compile(rf"{_PART}\.{_PART}\.{_PART}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token as it stands.

    Attributes:
        algorithm: C{alg}, whatever it says.
        kid: name of the key that has signed it; None where it names none.
        type: C{typ}, lower case, without C{application/}; empty for none.
        claims: what it claims.
        signed: what the signature is of.
    """

    algorithm: str
    kid: str | None = None
    type: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
    signed: bytes = field(default=b"", repr=False)
    signature: bytes = field(default=b"", repr=False)


def read_token(text: str, longest: int) -> Token:
    """Take a token apart.

    Args:
        longest: most bytes that it may have.

    Raises:
        LoginRefused: it is no signed token in compact form, or wants extensions to be understood.
    """
    if len(text) > longest:
        raise LoginRefused(f"a token of more than {longest} bytes")
    if not _COMPACT.fullmatch(text):
        raise LoginRefused("no JSON Web Token (RFC 7515 section 3.1)")
    head, body, signature = text.split(".")
    algorithm, kid, kind = _header(head)
    return Token(
        algorithm=algorithm,
        kid=kid,
        type=kind,
        claims=_read_object(_decoded(body), "claims"),
        signed=text[: len(head) + 1 + len(body)].encode(),
        signature=_decoded(signature),
    )


@lru_cache(64)  # an issuer's tokens have one header as long as it has one key
def _header(head: str) -> tuple[str, str | None, str]:
    header = _read_object(_decoded(head), "header")
    if "crit" in header:
        raise LoginRefused("a token with extensions that have to be understood (RFC 7515 section 4.1.11)")
    kind = (_text(header, "typ") or "").lower().removeprefix("application/")
    return _text(header, "alg") or "", _text(header, "kid"), kind


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _text(header: Mapping[str, Any], name: str) -> str | None:
    value = header.get(name)
    if value is not None and not isinstance(value, str):
        raise LoginRefused(f"a token whose {name} is no text")
    return value


def _read_object(data: bytes, what: str) -> dict[str, Any]:
    try:
        read = _JSON.decode(data.decode())
    except (ValueError, RecursionError):  # JSON, UTF-8 and our own faults are all ValueErrors
        read = None
    if not isinstance(read, dict):
        raise LoginRefused(f"a token whose {what} cannot be read (RFC 7519 section 7.2)")
    return read


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name that stands twice")
    return made


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


_JSON = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_no_number)
