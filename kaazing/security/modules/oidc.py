# -*- test-case-name: tests.security.modules.test_oidc -*-
"""Login module oidc: tokens of an OpenID provider, known by its name alone.  OpenID Connect Discovery 1.0."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from kaazing.errors import LoginUnavailable
from kaazing.interfaces.security import ILoginModule, Workplace
from kaazing.literals import Unreadable
from kaazing.options import Option
from kaazing.security.modules.claims import Terms
from kaazing.security.modules.documents import Fetched, read_url
from kaazing.security.modules.jwk import SECRET
from kaazing.security.modules.jwks import FetchedKeys
from kaazing.security.modules.jwt import (
    ALGORITHMS,
    AUDIENCE,
    AUTHORITIES,
    COMMON,
    Issuer,
    TokenChecker,
    documents,
)

PLACE = "/.well-known/openid-configuration"


def read_issuer(value: str) -> str:
    """Read an issuer's name: an https URL without a query (Discovery section 3)."""
    if "?" in value:
        raise Unreadable("expected the issuer's URL, without a query")
    return read_url(value)


def discovered(get: Callable[[str], Deferred[Fetched]], issuer: str) -> Callable[[], Deferred[Fetched]]:
    """Return what fetches the keys of an issuer: the URL where they are is looked up each time."""

    def keys(document: Fetched) -> Deferred[Fetched]:
        return get(_place_of_keys(document.body, issuer)).addCallback(
            lambda fetched: replace(fetched, keep=min(fetched.keep, document.keep))
        )

    return lambda: get(issuer.removesuffix("/") + PLACE).addCallback(keys)


def _place_of_keys(body: bytes, issuer: str) -> str:
    try:
        said = json.loads(body.decode())
        name, place = said["issuer"], said["jwks_uri"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise LoginUnavailable(f"what {issuer}{PLACE} gives cannot be read (Discovery section 4.2)") from None
    if name != issuer:
        raise LoginUnavailable(f"{issuer} calls itself something else (Discovery section 4.3)")
    try:
        return read_url(place if isinstance(place, str) else "")
    except ValueError as why:
        raise LoginUnavailable(f"jwks_uri of {issuer}: {why}") from why


@implementer(ILoginModule)
class OidcType:
    """See L{ILoginModule}."""

    name = "oidc"
    doc = (
        "Tokens of an OpenID provider (ID tokens, and access tokens that are JSON Web Tokens); its keys are"
        " found by its name."
    )
    options = (
        Option(
            name="issuer",
            read=read_issuer,
            required=True,
            doc="The provider's name, an https URL, exactly as its tokens say it in iss.",
        ),
        replace(
            AUDIENCE,
            required=True,
            doc="Client id of the gateway's pages: tokens must be for one of these (aud).",
        ),
        AUTHORITIES,
        ALGORITHMS,
        *COMMON,
    )

    def check(self, options: Mapping[str, Any]) -> Iterator[str]:
        """See L{ILoginModule.check}."""
        if wrong := [name for name in options["algorithms"] if name in SECRET]:
            yield f"algorithms: {wrong[0]} is not for public keys"

    def checker(self, options: Mapping[str, Any], workplace: Workplace) -> TokenChecker:
        """See L{ILoginModule.checker}."""
        name, web = options["issuer"], documents(options, workplace)
        keys = FetchedKeys(discovered(web.get, name), workplace.reactor, name)
        issuer = Issuer(keys, options["algorithms"], tuple(options["audience"]))
        return TokenChecker({name: issuer}, Terms.of(options), workplace, options["maximum.size"])
