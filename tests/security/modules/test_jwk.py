"""Keys: each serves for the algorithms of its kind, and what cannot serve is refused with the reason."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.security.modules.jwk import PUBLIC, read_file, read_set, secret_key
from tests.security.modules.issuing import jwk, jwks, private_key, public_pem
from tests.transports.certificates import SERVER

RSA = sorted(name for name in PUBLIC if name[0] in "RP")

NAMES = st.sampled_from(["keys", "kty", "kid", "n", "e", "x", "y", "crv", "alg", "use"])
JSON = st.recursive(
    st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner)
)


def found(data: bytes) -> list[tuple[str | None, list[str]]]:
    """Return the keys of a file: names, and what they are for."""
    return [(key.kid, sorted(key.algorithms)) for key in read_file(data)]


def pem(key: Any) -> bytes:
    """Return a public key as PEM."""
    made: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return made


class KeyTests(SynchronousTestCase):
    def test_kinds(self) -> None:
        """
        A key is for the algorithms of its kind and curve, and a public one never for those with secrets.
        """
        for name, fits in (
            *((name, [name]) for name in ("ES256", "ES384", "ES512", "EdDSA")),
            ("RS256", RSA),
        ):
            self.assertEqual(found(public_pem(name)), [(None, fits)])
            self.assertEqual(found(jwks(jwk(name, kid="k"))), [("k", fits)])

    def test_files(self) -> None:
        """
        A file holds one key or several, as PEM, as certificates, or as JSON.
        """
        self.assertEqual(
            found(public_pem("EdDSA") + b"and\n" + SERVER.pem), [(None, ["EdDSA"]), (None, ["ES256"])]
        )
        self.assertEqual(len(read_file(jwks(jwk("EdDSA"), jwk("ES256")))), 2)

    def test_named_algorithm(self) -> None:
        """
        A key that says its algorithm is for no other.
        """
        self.assertEqual(found(jwks(jwk("RS256", alg="PS384"))), [(None, ["PS384"])])

    def test_set(self) -> None:
        """
        Keys of a set that cannot serve are passed over.
        """
        others = (
            {"kty": "new"},
            {"kty": "oct", "k": "AAAA"},
            jwk("RS256", use="enc"),
            jwk("ES256", alg="RS256"),
            7,
        )
        self.assertEqual([key.kid for key in read_set(jwks(*others, jwk("ES256", kid="a")))], ["a"])

    def test_private_members(self) -> None:
        """
        Of a set that an issuer publishes with its private halves, only the public ones are taken.
        """
        private = {**jwk("ES256"), "d": "nonsense"}
        self.assertEqual(found(jwks(private)), [(None, ["ES256"])])

    def test_refused(self) -> None:
        """
        Each fault has its sentence.
        """
        alone = "no key of the JSON Web Key Set can serve: "
        private = private_key("ES256").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        cases = (
            (b"", "expected public keys or certificates (PEM), a JSON Web Key, or a set of those"),
            (
                public_pem("ES256") * 65,
                "expected public keys or certificates (PEM), a JSON Web Key, or a set of those",
            ),
            (b"{", "expected a JSON object (RFC 7517)"),
            (b'{"a":' * 9999, "expected a JSON object (RFC 7517)"),
            (b"{}", "a key that is neither RSA, EC nor OKP"),
            (b'{"keys":{}}', "expected a JSON Web Key Set of at most 64 keys (RFC 7517 section 5)"),
            (
                jwks(*[jwk("ES256")] * 65),
                "expected a JSON Web Key Set of at most 64 keys (RFC 7517 section 5)",
            ),
            (jwks(), alone + "it is empty"),
            (jwks({"kty": "EC", "kid": 1}), alone + "a key whose kid or alg is no text"),
            (jwks(jwk("ES256", key_ops=7)), alone + "a key that is not for signatures"),
            (jwks(jwk("ES256", key_ops=["sign"])), alone + "a key that is not for signatures"),
            (jwks({"kty": "oct", "k": "AAAA"}), alone + "a secret, which has its place in secret-file"),
            (jwks(jwk("ES256", x="AAAA")), alone + "a key that cannot be read"),
            (jwks(jwk("ES256", x=7)), alone + "a key that cannot be read"),
            (jwks(jwk("ES256", alg="none")), alone + "a key whose alg is not one of its kind's"),
            (private, "a private key; who verifies tokens needs the public one (openssl pkey -pubout)"),
            (pem(rsa.generate_private_key(65537, 1024)), "an RSA key of 1024 bits; expected 2048 to 8192"),
            (
                pem(ec.generate_private_key(ec.SECP256K1())),
                "a key that is neither RSA, nor of P-256, P-384 or P-521, nor of Ed25519 or Ed448",
            ),
            (
                b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
                "a PUBLIC KEY that cannot be read",
            ),
        )
        for data, why in cases:
            with self.assertRaises(ValueError) as caught:
                read_file(data)
            self.assertEqual(str(caught.exception), why)

    def test_secret(self) -> None:
        """
        A secret is for the algorithms that it is long enough for; a short one for none.
        """
        self.assertEqual(sorted(secret_key(b"x" * 48).algorithms), ["HS256", "HS384"])
        with self.assertRaises(ValueError) as caught:
            secret_key(b"x" * 31)
        self.assertEqual(
            str(caught.exception), "a secret of fewer than 32 bytes; openssl rand -hex 32 makes a good one"
        )
        self.assertNotIn("xxx", repr(secret_key(b"x" * 48)))

    @given(JSON)
    def test_anything(self, said: object) -> None:
        """
        Any JSON is a set with keys or refused.
        """
        try:
            self.assertNotEqual(read_set(jwks({"said": said}, said)), ())
        except ValueError as why:
            self.assertIn("key", str(why))
