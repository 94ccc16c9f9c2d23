"""Ciphers and protocols in the words of OpenSSL."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.tls import ciphers, protocols, span
from kaazing.literals import Unreadable


class CipherTests(SynchronousTestCase):
    """What ssl.ciphers comes to."""

    def test_openssl(self) -> None:
        """
        The original's strings are OpenSSL's, with commas.
        """
        self.assertEqual(ciphers("HIGH,MEDIUM,!ADH,!KRB5"), "HIGH:MEDIUM:!ADH:!KRB5")
        self.assertEqual(ciphers("ECDHE+AESGCM:!aNULL"), "ECDHE+AESGCM:!aNULL")

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
        self.assertEqual({name: ciphers(name) for name in names}, names)

    def test_tls13(self) -> None:
        """
        The suites of TLS 1.3 are always on, and nothing needs to be said of them.
        """
        self.assertEqual(ciphers("TLS_AES_128_GCM_SHA256"), "")
        self.assertEqual(ciphers("TLS_CHACHA20_POLY1305_SHA256,AES128-SHA"), "AES128-SHA")

    def test_unknown(self) -> None:
        """
        A list of which OpenSSL knows nothing is refused.
        """
        for value in ("NONSENSE", "SSL_RSA_WITH_RC5_MD4", "x y"):
            why = self.assertRaises(Unreadable, ciphers, value)
            self.assertEqual(str(why), "expected ciphers of which OpenSSL knows at least one")


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
