# -*- test-case-name: tests.security.modules.test_jwk -*-
"""The keys that tokens are verified with, each for the algorithms of its kind alone.  RFC 7517, RFC 7518."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate
from jwt.algorithms import Algorithm, get_default_algorithms
from jwt.exceptions import PyJWTError

SECRET = ("HS256", "HS384", "HS512")
"""Algorithms with a secret that both sides have; in the order of what they want of it."""

PUBLIC = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
"""Algorithms with a public key."""

MOST_KEYS = 64
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_RSA_BITS = (2048, 8192)  # RFC 7518 section 3.3; above that one verification takes too long
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----.{1,20000}?-----END \1-----", re.DOTALL)
_OF_PUBLIC_KEYS = ("kty", "crv", "n", "e", "x", "y")
_ALGORITHMS: Mapping[str, Algorithm] = get_default_algorithms()


@dataclass(frozen=True, slots=True)
class Key:
    """A key.

    Attributes:
        algorithms: what it may verify, nothing else.
        kid: its name; None for one without.
    """

    algorithms: frozenset[str]
    kid: str | None
    _key: Any = field(repr=False)

    def fits(self, algorithm: str, kid: str | None) -> bool:
        """Return whether it may be the key that a token means."""
        return algorithm in self.algorithms and (kid is None or self.kid is None or self.kid == kid)

    def verifies(self, algorithm: str, signed: bytes, signature: bytes) -> bool:
        """Return whether the signature is right; C{algorithm} is one of C{algorithms}."""
        return _ALGORITHMS[algorithm].verify(signed, self._key, signature)


def secret_key(secret: bytes) -> Key:
    """Return the key that a secret is, for the algorithms that it is long enough for (RFC 7518 section 3.2).

    Raises:
        ValueError: it is shorter than 32 bytes.
    """
    fitting = [name for name in SECRET if len(secret) * 8 >= int(name[2:])]
    if not fitting:
        raise ValueError("a secret of fewer than 32 bytes; openssl rand -hex 32 makes a good one")
    return Key(frozenset(fitting), None, secret)


def read_file(data: bytes) -> tuple[Key, ...]:
    """Return the keys of a file: public keys and certificates as PEM, a JSON Web Key, or a set of them.

    Raises:
        ValueError: there is none, or one that cannot serve; says why.
    """
    if not data.lstrip().startswith(b"{"):
        return tuple(_read_pem(data))
    read = _read_json(data)
    return read_set(data) if "keys" in read else (_read_jwk(read),)


def read_set(data: bytes) -> tuple[Key, ...]:
    """Return the keys of a JSON Web Key Set that can serve; the others are passed over (RFC 7517 section 5).

    Raises:
        ValueError: it cannot be read, has more than L{MOST_KEYS} keys, or none can serve; says why.
    """
    members = _read_json(data).get("keys")
    if not isinstance(members, list) or len(members) > MOST_KEYS:
        raise ValueError(f"expected a JSON Web Key Set of at most {MOST_KEYS} keys (RFC 7517 section 5)")
    keys, faults = [], ["it is empty"]
    for member in members:
        try:
            keys.append(_read_jwk(member))
        except ValueError as why:
            faults.append(str(why))
    if not keys:
        raise ValueError(f"no key of the JSON Web Key Set can serve: {faults[-1]}")
    return tuple(keys)


def _read_json(data: bytes) -> dict[str, Any]:
    try:
        read = json.loads(data.decode())
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise ValueError("expected a JSON object (RFC 7517)")
    return read


def _read_jwk(member: Any) -> Key:
    if not isinstance(member, dict):
        raise ValueError("a key that is no JSON object")
    kid, named = member.get("kid"), member.get("alg")
    if not isinstance(kid, str | None) or not isinstance(named, str | None):
        raise ValueError("a key whose kid or alg is no text")
    if member.get("use", "sig") != "sig" or "verify" not in _listed(member.get("key_ops", ["verify"])):
        raise ValueError("a key that is not for signatures")
    if member.get("kty") == "oct":
        raise ValueError("a secret, which has its place in secret-file")
    public = {name: member[name] for name in _OF_PUBLIC_KEYS if name in member}
    family = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}.get(str(member.get("kty")))
    if family is None:
        raise ValueError("a key that is neither RSA, EC nor OKP")
    try:
        key = _ALGORITHMS[family].from_jwk(public)
    except (PyJWTError, ValueError, TypeError, UnsupportedAlgorithm) as why:
        raise ValueError("a key that cannot be read") from why
    made = _public_key(key, kid)
    if named is None:
        return made
    if named not in made.algorithms:
        raise ValueError("a key whose alg is not one of its kind's")
    return Key(frozenset((named,)), kid, key)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _read_pem(data: bytes) -> Iterator[Key]:
    blocks = [(found[1].decode(), found[0]) for found in _PEM.finditer(data)]
    if not 0 < len(blocks) <= MOST_KEYS:
        raise ValueError("expected public keys or certificates (PEM), a JSON Web Key, or a set of those")
    for what, block in blocks:
        if "PRIVATE" in what:
            raise ValueError("a private key; who verifies tokens needs the public one (openssl pkey -pubout)")
        try:
            certified = what == "CERTIFICATE"
            key = load_pem_x509_certificate(block).public_key() if certified else load_pem_public_key(block)
        except (ValueError, UnsupportedAlgorithm) as why:
            raise ValueError(f"a {what} that cannot be read") from why
        yield _public_key(key, None)


def _public_key(key: Any, kid: str | None) -> Key:
    if isinstance(key, RSAPublicKey):
        if not _RSA_BITS[0] <= key.key_size <= _RSA_BITS[1]:
            raise ValueError(f"an RSA key of {key.key_size} bits; expected {_RSA_BITS[0]} to {_RSA_BITS[1]}")
        return Key(frozenset(name for name in PUBLIC if name[1] == "S" and name[0] in "RP"), kid, key)
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return Key(frozenset((_CURVES[key.curve.name],)), kid, key)
    if isinstance(key, Ed25519PublicKey | Ed448PublicKey):
        return Key(frozenset(("EdDSA",)), kid, key)
    raise ValueError("a key that is neither RSA, nor of P-256, P-384 or P-521, nor of Ed25519 or Ed448")
