"""An issuer for tests: keys of every kind, and tokens signed with them, good ones and bad."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms
from twisted.internet.defer import succeed
from twisted.internet.task import Clock

from kaazing.interfaces.security import Attempt, Workplace
from kaazing.options import Option

NOW = 1_700_000_000.0
SECRET = b"0123456789abcdef" * 4
ISSUER = "https://issuer.example"
CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}


def private_key(algorithm: str) -> Any:
    """Return a key to sign with, the same for the whole test run."""
    if algorithm.startswith("HS"):
        return SECRET
    return _made("RSA" if algorithm[0] in "RP" else algorithm)


@cache
def _made(algorithm: str) -> Any:
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm])
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 2048)


def public_pem(algorithm: str) -> bytes:
    """Return its public half."""
    public = private_key(algorithm).public_key()
    made: bytes = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return made


def jwk(algorithm: str, **more: Any) -> dict[str, Any]:
    """Return its public half as a JSON Web Key."""
    public = private_key(algorithm).public_key()
    return {**get_default_algorithms()[algorithm].to_jwk(public, as_dict=True), **more}


def jwks(*keys: Any) -> bytes:
    """Return a JSON Web Key Set."""
    return json.dumps({"keys": keys}).encode()


def part(data: bytes | Mapping[str, Any]) -> str:
    """Return a part of a token."""
    raw = data if isinstance(data, bytes) else json.dumps(data, separators=(",", ":")).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims(**more: Any) -> dict[str, Any]:
    """Return good claims, changed; None takes one out."""
    said = {"iss": ISSUER, "sub": "joe", "aud": "gateway", "iat": NOW, "exp": NOW + 600, **more}
    return {name: value for name, value in said.items() if value is not None}


def token(algorithm: str = "ES256", header: Mapping[str, Any] | None = None, **said: Any) -> str:
    """Return a token of these claims; C{header} is added to its header."""
    head = {"alg": algorithm, "typ": "JWT", **(header or {})}
    return signed(algorithm, part(head), part(claims(**said)))


def signed(algorithm: str, head: str, body: str) -> str:
    """Return two parts with the signature of an algorithm, whatever they say."""
    both = f"{head}.{body}"
    return f"{both}.{part(get_default_algorithms()[algorithm].sign(both.encode(), private_key(algorithm)))}"


def attempt(*tokens: str) -> Attempt:
    """Return what a client gives."""
    return Attempt(realm="demo", service="echo", address="192.0.2.1", tokens=tokens)


def workplace(folder: Path = Path(), clock: Clock | None = None) -> Workplace:
    """Return one whose pool works at once, at L{NOW}, or with a clock as much later as that says."""

    def work(function: Any, *arguments: Any) -> Any:
        return succeed(function(*arguments))

    made = clock or Clock()
    return Workplace(folder=folder, reactor=made, time=lambda: NOW + made.seconds(), work=work)


def options(declared: tuple[Option, ...], **given: Any) -> dict[str, Any]:
    """Return options as the configuration reader gives them; C{user_claim} is user.claim or user-claim."""
    values = {each.name: () if each.repeated and each.default is None else each.default for each in declared}
    named = {name.replace(".", "_").replace("-", "_"): name for name in values}
    return {**values, **{named[name]: value for name, value in given.items()}}
