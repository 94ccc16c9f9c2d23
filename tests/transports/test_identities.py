"""What the files of certificates, keys and authorities hold, and what is said of those that are no good."""

from __future__ import annotations

import textwrap
from base64 import b64encode
from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from kaazing.config.model import Keystore, TlsOptions
from kaazing.errors import ConfigError
from kaazing.transports.identities import LIMIT, Identity, load_authorities, load_identities, titled
from tests.transports.certificates import AUTHORITY, SERVER, STRANGER, Certified, Files

ONE = Certified("one", ["one.example", "*.one.example"], AUTHORITY)
TWO = Certified("two", ["two.example"], AUTHORITY)
COMMON = Certified("common.example", issuer=AUTHORITY)  # no subject alternative name


def identity(certified: Certified) -> Identity:
    """What is shown of a certificate, its authority included."""
    return Identity(certified.certificate, (AUTHORITY.certificate,), certified.key)


class IdentityTests(Files):
    def names(self, options: TlsOptions, keystore: Keystore | None = None) -> list[list[str]]:
        """The host names of each certificate found."""
        return [list(found.names()) for found in load_identities(options, keystore)]

    def test_one_file(self) -> None:
        """
        Certificate, chain and key may be in one PEM file.
        """
        file = SERVER.write(self.folder / "all.pem")
        (found,) = load_identities(TlsOptions(certificate=file), None)
        self.assertEqual((found.certificate, found.chain), (SERVER.certificate, (AUTHORITY.certificate,)))
        self.assertEqual(found.key.public_key(), SERVER.key.public_key())

    def test_two_files(self) -> None:
        """
        The key may be in a file of its own.
        """
        options = TlsOptions(certificate=self.file("c.pem", TWO.pem), key=self.file("k.pem", TWO.key_pem))
        self.assertEqual(self.names(options), [["two.example"]])

    def test_names(self) -> None:
        """
        The subject alternative names count, the common name only where there are none (RFC 6125).
        """
        for certified, names in (
            (ONE, ["one.example", "*.one.example"]),
            (COMMON, ["common.example"]),
            (Certified("x", ["192.0.2.1"]), []),
        ):
            self.assertEqual(list(identity(certified).names()), names)

    def test_keystores(self) -> None:
        """
        A keystore is a PEM file, a folder of them, or PKCS12; an accept's own certificate goes before.
        """
        (self.folder / "below").mkdir()
        one, two = ONE.write(self.folder / "1.pem"), TWO.write(self.folder / "2.pem")
        sealed = TWO.write_pkcs12(Path(self.mktemp()), "secret")
        names = [["one.example", "*.one.example"], ["two.example"]]
        self.assertEqual(self.names(TlsOptions(), Keystore(type="PEM", file=one)), names[:1])
        self.assertEqual(self.names(TlsOptions(), Keystore(type="PEM", file=self.folder)), names)
        pkcs12 = Keystore(type="PKCS12", file=sealed, password="secret")
        self.assertEqual(self.names(TlsOptions(), pkcs12), names[1:])
        self.assertEqual(load_identities(TlsOptions(), pkcs12)[0].chain, (AUTHORITY.certificate,))
        self.assertEqual(self.names(TlsOptions(certificate=two), Keystore(type="PEM", file=one)), names[1:])

    def test_no_good(self) -> None:
        """
        Files that do not hold what they should are named, with what is wrong; a password never.
        """
        good, empty = SERVER.write(self.folder / "good.pem"), self.file("empty.pem")
        nothing = self.folder / "nothing.pem"
        long = self.file("long.pem", SERVER.pem + b"\n" * LIMIT)
        sealed_key = SERVER.key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")
        )
        sealed = self.file("sealed.pem", sealed_key)
        other = self.file("other.pem", TWO.key_pem)
        cases = [
            (TlsOptions(certificate=nothing), "FOLDER/nothing.pem: No such file or directory"),
            (TlsOptions(certificate=empty), "FOLDER/empty.pem: no PEM certificate in it"),
            (TlsOptions(certificate=long), f"FOLDER/long.pem: longer than {LIMIT} bytes"),
            (
                TlsOptions(certificate=good, key=sealed),
                "FOLDER/sealed.pem: no unencrypted PEM private key in it",
            ),
            (TlsOptions(certificate=good, key=nothing), "FOLDER/nothing.pem: No such file or directory"),
            (
                TlsOptions(certificate=good, key=other),
                "FOLDER/other.pem: the private key does not belong to the certificate in FOLDER/good.pem",
            ),
        ]
        for options, expected in cases:
            self.assertEqual(self.refusal(load_identities, options, None), expected)

    def test_no_good_keystores(self) -> None:
        """
        The same of keystores.
        """
        sealed = SERVER.write_pkcs12(self.folder / "good.p12", "secret")
        trust = SERVER.write_truststore(self.folder / "trust.p12", "secret")
        below = self.folder / "below"
        below.mkdir()
        nothing = self.folder / "nothing"
        cases = [
            (Keystore(type="PEM", file=nothing), "FOLDER/nothing: No such file or directory"),
            (Keystore(type="PEM", file=below), "FOLDER/below: no certificate in it"),
            (Keystore(type="PKCS12", file=nothing), "FOLDER/nothing: No such file or directory"),
            (
                Keystore(type="PKCS12", file=sealed, password="wrong"),
                "FOLDER/good.p12: no PKCS12 file, or the password is wrong",
            ),
            (
                Keystore(type="PKCS12", file=trust, password="secret"),
                "FOLDER/trust.p12: needs a certificate with its private key",
            ),
        ]
        for keystore, expected in cases:
            self.assertEqual(self.refusal(load_identities, TlsOptions(), keystore), expected)

    def test_broken(self) -> None:
        """
        Of a file whose bytes are not what they were, nothing is said but what is wrong with the file.
        """
        whole = SERVER.write(self.folder / "all.pem").read_bytes()
        sealed = SERVER.write_pkcs12(self.folder / "all.p12", "secret").read_bytes()
        der = SERVER.certificate.public_bytes(Encoding.DER)
        for place in range(0, len(der), 3):
            changed = bytearray(der)
            changed[place] ^= 1
            armoured = textwrap.fill(b64encode(changed).decode(), 64)
            pem = f"-----BEGIN CERTIFICATE-----\n{armoured}\n-----END CERTIFICATE-----\n".encode()
            self.tried("PEM", pem + SERVER.key_pem)
        for place in range(0, len(sealed), 7):
            self.tried("PKCS12", sealed[:place])
            self.tried("PKCS12", sealed[:place] + b"x" + sealed[place:])
        for place in range(0, len(whole), 7):
            self.tried("PEM", whole[:place])

    def tried(self, kind: str, data: bytes) -> None:
        """Read a store, or hear what is wrong with it."""
        store = Keystore(type=kind, file=self.file("store", data), password="secret")
        for load in (
            lambda: [list(each.names()) for each in load_identities(TlsOptions(), store)],
            lambda: [titled(each) for each in load_authorities(store)],
        ):
            try:
                load()
            except ConfigError as why:
                self.assertIn(str(store.file), str(why))

    def test_none(self) -> None:
        """
        TLS without a certificate says how to get one in.
        """
        self.assertEqual(
            self.refusal(load_identities, TlsOptions(), None),
            "TLS needs a certificate: set ssl.certificate-file (PEM) in <accept-options>,"
            " or a <keystore> in <security>",
        )


class AuthorityTests(Files):
    def common(self, truststore: Keystore) -> list[str]:
        """The common names of the authorities found."""
        return [titled(each) for each in load_authorities(truststore)]

    def test_truststores(self) -> None:
        """
        A truststore is a PEM file of several, a folder of such, or PKCS12 as keytool writes it.
        """
        (self.folder / "below").mkdir()
        two = self.file("1.pem", AUTHORITY.pem + STRANGER.pem)
        self.file("2.pem", ONE.pem)
        sealed = AUTHORITY.write_truststore(Path(self.mktemp()), "secret")
        names = ["Test authority", "localhost", "one"]
        self.assertEqual(self.common(Keystore(type="PEM", file=two)), names[:2])
        self.assertEqual(self.common(Keystore(type="PEM", file=self.folder)), names)
        self.assertEqual(self.common(Keystore(type="PKCS12", file=sealed, password="secret")), names[:1])

    def test_no_good(self) -> None:
        """
        Truststores that hold nothing to trust are named, with what is wrong.
        """
        sealed = AUTHORITY.write_truststore(self.folder / "trust.p12", "secret")
        alone = Certified("alone").write_pkcs12(self.folder / "alone.p12", "secret")
        below = self.folder / "below"
        below.mkdir()
        cases = [
            (None, "ssl.verify-client needs a <truststore> in <security>, or ssl.ca-file"),
            (Keystore(type="PEM", file=below), "FOLDER/below: no certificate in it"),
            (
                Keystore(type="PEM", file=self.file("x.pem", b"rubbish")),
                "FOLDER/x.pem: no PEM certificate in it",
            ),
            (
                Keystore(type="PKCS12", file=sealed, password="wrong"),
                "FOLDER/trust.p12: no PKCS12 file, or the password is wrong",
            ),
            (
                Keystore(type="PKCS12", file=alone, password="secret"),
                "FOLDER/alone.p12: no certificate in it",
            ),
        ]
        for truststore, expected in cases:
            self.assertEqual(self.refusal(load_authorities, truststore), expected)
