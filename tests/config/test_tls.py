"""Ciphers and protocols in the words of OpenSSL."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.tls import Ciphers, ciphers, pins, protocols, span
from kaazing.literals import Unreadable


class CipherTests(SynchronousTestCase):
    """What ssl.ciphers comes to."""

    def test_openssl(self) -> None:
        """
        The original's strings are OpenSSL's, with commas.
        """
        self.assertEqual(ciphers("HIGH,MEDIUM,!ADH,!KRB5"), Ciphers("HIGH:MEDIUM:!ADH:!KRB5", ""))
        self.assertEqual(ciphers("ECDHE+AESGCM:!aNULL"), Ciphers("ECDHE+AESGCM:!aNULL", ""))

    def test_java(self) -> None:
        """
        Java's names of suites are translated.
        """
        names = {
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384": "ECDHE-ECDSA-AES256-SHA384",
            "TLS_RSA_WITH_AES_128_CBC_SHA": "AES128-SHA",
            "SSL_RSA_WITH_AES_256_CBC_SHA256": "AES256-SHA256",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
            "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384": "DHE-RSA-AES256-GCM-SHA384",
        }
        self.assertEqual({name: ciphers(name) for name in names}, {n: (o, "") for n, o in names.items()})

    def test_tls13(self) -> None:
        """
        The suites of TLS 1.3 stand among the others, and are chosen apart from them.
        """
        self.assertEqual(ciphers("TLS_AES_128_GCM_SHA256"), Ciphers("", "TLS_AES_128_GCM_SHA256"))
        self.assertEqual(
            ciphers("TLS_CHACHA20_POLY1305_SHA256,AES128-SHA,TLS_AES_128_GCM_SHA256"),
            Ciphers("AES128-SHA", "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"),
        )

    def test_gone(self) -> None:
        """
        Files of the original name suites that are gone from OpenSSL; they may, beside one that is there.
        """
        gone = "SSL_RSA_WITH_RC4_128_MD5,TLS_KRB5_WITH_3DES_EDE_CBC_SHA,TLS_DHE_DSS_WITH_AES_128_CBC_SHA"
        self.assertTrue(ciphers(f"{gone},AES128-SHA").old.endswith(":AES128-SHA"))
        why = self.assertRaises(Unreadable, ciphers, "SSL_RSA_WITH_RC4_128_MD5")
        self.assertEqual(str(why), "expected ciphers of which OpenSSL knows at least one")

    def test_open(self) -> None:
        """
        Ciphers that encrypt nothing or have no certificate may stand beside others, and not alone.
        """
        self.assertEqual(ciphers("ALL,eNULL").old, "ALL:eNULL")
        for value in ("eNULL", "aNULL", "ADH", "aNULL:eNULL", "@SECLEVEL=0:NULL"):
            why = self.assertRaises(Unreadable, ciphers, value)
            said = "expected ciphers that encrypt and have a certificate; none of these does"
            self.assertEqual(str(why), said, value)

    def test_unknown(self) -> None:
        """
        A name that nobody knows is refused by its place, with the one that was meant if that is plain.
        """
        said = "expected ciphers that OpenSSL knows, and number {} is none"
        for value, place, near in (
            ("NONSENSE", 1, ""),
            ("HIGH,x y", 2, ""),
            ("HIGH:ECDHE-RSA-AES128-GCM-SHA265", 2, "; did you mean 'ECDHE-RSA-AES128-GCM-SHA256'?"),
            ("TLS_AES_256_GCM_SHA348", 1, "; did you mean 'TLS_AES_256_GCM_SHA384'?"),
        ):
            why = self.assertRaises(Unreadable, ciphers, value)
            self.assertEqual(str(why), said.format(place) + near)


class PinTests(SynchronousTestCase):
    """What ssl.pin comes to."""

    def test_pins(self) -> None:
        """
        Keys are named as RFC 7469 and curl do it.
        """
        one, two = "A" * 43 + "=", "/" + "b" * 42 + "="
        self.assertEqual(pins(f"sha256/{one}, sha256//{two}"), (f"sha256/{one}", f"sha256/{two}"))
        self.assertEqual(pins(f"sha256/{two}"), (f"sha256/{two}",))

    def test_refused(self) -> None:
        """
        Anything else is told how a pin is made.
        """
        for value in (
            "AAAA",
            "sha256/AAAA=",
            f"sha1/{'A' * 27}=",
            f"sha256/{'A' * 44}",
            "sha256/" + "é" * 43 + "=",
        ):
            why = self.assertRaises(Unreadable, pins, value)
            self.assertIn("openssl dgst -sha256 -binary", str(why))


class ProtocolTests(SynchronousTestCase):
    """What ssl.protocols comes to."""

    def test_span(self) -> None:
        """
        Of the versions named, those from 1.2 on are spoken.
        """
        values = ["TLSv1.2", "TLSv1.3", "SSLv3,TLSv1,TLSv1.1,TLSv1.2", "TLSv1.3,TLSv1.2"]
        self.assertEqual(
            [span(protocols(value)) for value in values],
            [("TLSv1.2", "TLSv1.2"), ("TLSv1.3", "TLSv1.3"), ("TLSv1.2", "TLSv1.2"), ("TLSv1.2", "TLSv1.3")],
        )

    def test_refused(self) -> None:
        """
        Unknown versions are refused, and a list of old ones only.
        """
        why = self.assertRaises(Unreadable, protocols, "TLSv1.2,TLSv9")
        self.assertEqual(str(why), "expected a list of SSLv2Hello, SSLv3, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3")
        why = self.assertRaises(Unreadable, protocols, "SSLv3,TLSv1.1")
        self.assertEqual(str(why), "expected TLSv1.2 or TLSv1.3 in the list; nothing older is spoken")
