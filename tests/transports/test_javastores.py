"""Java's key stores: what is read of them, and what is said of those that are no good."""

from __future__ import annotations

import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

import jks
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kaazing.config.model import Keystore, TlsOptions
from kaazing.transports.identities import load_authorities, load_identities, titled
from tests.transports.certificates import AUTHORITY, SERVER, Certified, Files
from tests.transports.test_identities import ONE, TWO

JCEKS = b64decode(
    "zs7OzgAAAAIAAAABAAAAAQAHZ2F0ZXdheQAAAaH7BzBHAAAAajBoMBwGCSsGAQQBKgITATAPBAh0u4Ly2NBQqQIDAw1ABEgwuzCi"
    "IFpJj6UmPAHy6qRkukknLbI/u47cuS3XpaxGyq8r2sIzIiiHx4a/CUpXqn5NY6hUOwQ7qza1N4XCSpxj2oSG1vQ4lXQAAAABAAVY"
    "LjUwOQAAAVEwggFNMIHzoAMCAQICCH/HxZHwIk5wMAoGCCqGSM49BAMCMBoxGDAWBgNVBAMTD2dhdGV3YXkuZXhhbXBsZTAgFw0y"
    "NjExMjAyMjE1MTRaGA8yMTI2MTAyNzIyMTUxNFowGjEYMBYGA1UEAxMPZ2F0ZXdheS5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZI"
    "zj0DAQcDQgAE6I3DvZGkd8ndxClcauLnw75cVMWYiYi3gL3zctV+rltNJYdsjKcNUK0ba0pH8K9Tvgt3iotuiCfGCKvJBejs96Mh"
    "MB8wHQYDVR0OBBYEFOK6KbBlX0e3y84HBg+WE7Mf7Vk9MAoGCCqGSM49BAMCA0kAMEYCIQCzstbj2Pen+/qKiYxuwzgy4Mn5uKnx"
    "iHLjIhjwKELUhQIhAJCAJDDNSxkBYEAWCt/ri2jKaAaFxaGQDrrK0onF27E6nMNfzcszJwEm30IekSJXGlmN008="
)
"""Made by keytool (OpenJDK 17): an EC key for gateway.example, alias "gateway", password "secret1"."""


def entry(alias: str, certified: Certified, key: Any = None) -> Any:
    """A private key with its chain, as it stands in a store."""
    der = (key or certified.key).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    chain = [certified, *([certified.issuer] if certified.issuer else [])]
    return jks.PrivateKeyEntry.new(
        alias, [each.certificate.public_bytes(Encoding.DER) for each in chain], der, "pkcs8"
    )


def trusted(alias: str, certified: Certified) -> Any:
    """An authority."""
    return jks.TrustedCertEntry.new(alias, certified.certificate.public_bytes(Encoding.DER))


class JavaTests(Files):
    def store(self, *entries: Any, password: str = "secret", name: str = "k.db") -> Keystore:
        """Write a JKS file."""
        data = jks.KeyStore.new("jks", list(entries)).saves(password)
        return Keystore(type="JKS", file=self.file(name, data), password="secret")

    def test_keys(self) -> None:
        """
        Every private key is an identity, with its chain and its alias; authorities beside them are not.
        """
        store = self.store(entry("b", TWO), entry("a", SERVER), trusted("ca", AUTHORITY))
        found = load_identities(TlsOptions(), store)
        self.assertEqual(
            [(each.alias, each.certificate, each.chain) for each in found],
            [
                ("a", SERVER.certificate, (AUTHORITY.certificate,)),
                ("b", TWO.certificate, (AUTHORITY.certificate,)),
            ],
        )
        self.assertEqual(found[0].key.public_key(), SERVER.key.public_key())

    def test_jceks(self) -> None:
        """
        JCEKS, the original's default, is read as keytool writes it.
        """
        store = Keystore(type="JCEKS", file=self.file("k.db", JCEKS), password="secret1")
        (found,) = load_identities(TlsOptions(), store)
        self.assertEqual((str(found), found.alias), ("gateway.example", "gateway"))

    def test_authorities(self) -> None:
        """
        Of a truststore the trusted certificates count, not the keys.
        """
        store = self.store(trusted("ca", AUTHORITY), trusted("one", ONE), entry("a", SERVER))
        self.assertEqual([titled(each) for each in load_authorities(store)], ["Test authority", "one"])

    def test_no_good(self) -> None:
        """
        A file that is no good is named, and the entry; the password never.
        """
        other = self.store(entry("a", SERVER), password="other", name="other.db")
        broken = Keystore(type="JKS", file=self.file("broken.db", b"\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1"))
        empty = Keystore(type="JCEKS", file=self.file("empty.db"))
        mixed = self.store(entry("Mixed", SERVER, TWO.key), name="mixed.db")
        bare = self.store(
            jks.PrivateKeyEntry.new(
                "bare",
                [],
                SERVER.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
                "pkcs8",
            ),
            name="bare.db",
        )
        old = self.store(entry("old", SERVER, dsa.generate_private_key(1024)), name="old.db")
        cases = [
            (other, "FOLDER/other.db: the password is wrong, or the file is broken"),
            (broken, "FOLDER/broken.db: no JKS or JCEKS file, or a broken one"),
            (empty, "FOLDER/empty.db: no JKS or JCEKS file, or a broken one"),
            (Keystore(type="JKS", file=Path(self.folder, "none")), "FOLDER/none: No such file or directory"),
            (
                mixed,
                "FOLDER/mixed.db: entry 'mixed': the private key does not belong to the certificate",
            ),
            (bare, "FOLDER/bare.db: entry 'bare': a private key without a certificate"),
            (
                old,
                "FOLDER/old.db: entry 'old': a DSA key, which nothing takes in TLS today; have an RSA or EC"
                " key made",
            ),
            (self.store(trusted("ca", AUTHORITY)), "FOLDER/k.db: no certificate in it"),
        ]
        for store, expected in cases:
            self.assertEqual(self.refusal(load_identities, TlsOptions(), store), expected)

    def test_no_reader(self) -> None:
        """
        Without the library, it is named.
        """
        store = self.store(entry("a", SERVER))
        self.addCleanup(sys.modules.__setitem__, "jks", jks)
        sys.modules["jks"] = None  # type: ignore[assignment]
        self.assertEqual(
            self.refusal(load_identities, TlsOptions(), store),
            "FOLDER/k.db: reading it needs `pip install kaazing-gateway[jks]`",
        )
