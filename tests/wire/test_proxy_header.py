"""PROXY headers as they are written, by the examples and tables of the document, and as others read them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.protocols.haproxy._v1parser import V1Parser
from twisted.protocols.haproxy._v2parser import V2Parser
from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.proxy_header import Client, Tls, version_1, version_2

ANN = Client(source=("203.0.113.9", 4711), destination=("198.51.100.1", 443))
BEN = Client(source=("2001:db8::1", 4711), destination=("2001:db8::2", 443))
ANN_IN_V6 = "00000000000000000000ffffcb007109"
SIGNATURE = "0d0a0d0a000d0a515549540a"


class Version1Tests(SynchronousTestCase):
    """Section 2.1."""

    def test_header(self) -> None:
        """
        One line: family, both addresses, both ports.
        """
        self.assertEqual(version_1(ANN), b"PROXY TCP4 203.0.113.9 198.51.100.1 4711 443\r\n")
        self.assertEqual(version_1(BEN), b"PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n")

    def test_unknown(self) -> None:
        """
        UNKNOWN where nobody is meant, or nothing that has an IP address.
        """
        self.assertEqual(version_1(None), b"PROXY UNKNOWN\r\n")
        for where in ("", "/run/socket", "localhost"):
            self.assertEqual(version_1(replace(ANN, source=(where, 0))), b"PROXY UNKNOWN\r\n")
            self.assertEqual(version_1(replace(ANN, destination=(where, 0))), b"PROXY UNKNOWN\r\n")

    def test_mixed(self) -> None:
        """
        A client of IPv4 that is known by a proxy reached over IPv6, or the other way round: both in the
        words of IPv6. Where both are of IPv4 as IPv6 has them, both in those of IPv4. A zone is left out.
        """
        for source, destination, line in (
            ("203.0.113.9", "2001:db8::2", b"TCP6 ::ffff:203.0.113.9 2001:db8::2"),
            ("2001:DB8:0::1", "198.51.100.1", b"TCP6 2001:db8::1 ::ffff:198.51.100.1"),
            ("::ffff:203.0.113.9", "::ffff:198.51.100.1", b"TCP4 203.0.113.9 198.51.100.1"),
            ("fe80::1%eth0", "fe80::2%eth0", b"TCP6 fe80::1 fe80::2"),
        ):
            given = Client(source=(source, 0), destination=(destination, 65535))
            self.assertEqual(version_1(given), b"PROXY " + line + b" 0 65535\r\n")


class Version2Tests(SynchronousTestCase):
    """Section 2.2, octet by octet."""

    def assert_header(self, client: Client | None, expected: str, unique_id: bytes = b"") -> None:
        """The header is the signature, and what C{expected} says in hexadecimal digits."""
        self.assertEqual(
            version_2(client, unique_id).hex(), SIGNATURE + expected.replace(" ", "").replace("\n", "")
        )

    def test_header(self) -> None:
        """
        Version and command, family, length, addresses, ports.
        """
        self.assert_header(ANN, "21 11 000c cb007109 c6336401 1267 01bb")
        self.assert_header(
            BEN,
            "21 21 0024 20010db8000000000000000000000001 20010db8000000000000000000000002 1267 01bb",
        )

    def test_local(self) -> None:
        """
        LOCAL for a connection of the gateway's own; nothing follows.
        """
        self.assert_header(None, "20 00 0000")
        self.assert_header(None, "20 00 0000", b"id")

    def test_unspecified(self) -> None:
        """
        A client without an IP address has none, but what else is known of it is told.
        """
        self.assert_header(replace(ANN, source=("/run/socket", 0)), "21 00 0000")
        self.assert_header(replace(ANN, source=("", 0)), "21 00 0005 05 0002 6964", b"id")

    def test_mixed(self) -> None:
        """
        Addresses of both families go as IPv6.
        """
        mixed = replace(ANN, destination=BEN.destination)
        self.assert_header(mixed, f"21 21 0024 {ANN_IN_V6} 20010db8000000000000000000000002 1267 01bb")

    def test_tls(self) -> None:
        """
        PP2_TYPE_ALPN, _AUTHORITY, _UNIQUE_ID and _SSL (sections 2.2.1 to 2.2.6), the last with version,
        cipher and common name; verified is 0.
        """
        tls = Tls(
            version="TLSv1.3",
            cipher="AES",
            server_name="a.example",
            alpn=b"http/1.1",
            certificate=True,
            common_name="ann",
        )
        self.assert_header(
            replace(ANN, tls=tls),
            """21 11 0046 cb007109 c6336401 1267 01bb
            01 0008 687474702f312e31
            02 0009 612e6578616d706c65
            05 0002 6964
            20 001b 07 00000000 21 0007 544c5376312e33 23 0003 414553 22 0003 616e6e""",
            b"id",
        )

    def test_tls_without_certificate(self) -> None:
        """
        Without a certificate nothing is verified, which is not 0; of TLS that ended in front that is all.
        """
        self.assert_header(
            replace(ANN, tls=Tls()), "21 11 0014 cb007109 c6336401 1267 01bb 20 0005 01 00000001"
        )

    def test_too_long(self) -> None:
        """
        What a client has made too long is left out, never cut, because it would be another's name.
        """
        long = Tls(server_name="a" * 257, common_name="b" * 257, certificate=True)
        self.assert_header(
            replace(ANN, tls=long), "21 11 0014 cb007109 c6336401 1267 01bb 20 0005 07 00000000"
        )


hosts = st.one_of(st.ip_addresses().map(str), st.just(""))
places = st.tuples(hosts, st.integers(0, 65535))
texts = st.text(max_size=300)
clients = st.builds(
    Client,
    source=places,
    destination=places,
    tls=st.none()
    | st.builds(
        Tls, version=texts, cipher=texts, server_name=texts, alpn=st.binary(max_size=300), common_name=texts
    ),
)


class IndependentReaderTests(SynchronousTestCase):
    """Twisted reads what is written."""

    @given(clients, st.binary(max_size=128))
    def test_read(self, client: Client, unique_id: bytes) -> None:
        """
        Whatever is known of a client, both headers can be read, are short enough for a receiver, and name the
        same ports.
        """
        line, header = version_1(client), version_2(client, unique_id)
        self.assertLessEqual(len(line), 107)  # section 2.1
        self.assertLess(len(header), 2048)
        self.assertEqual(len(header), 16 + int.from_bytes(header[14:16], "big"))
        found: Any = V2Parser.parse(header)
        if not (client.source[0] and client.destination[0]):
            self.assertEqual((line, found.source), (b"PROXY UNKNOWN\r\n", None))
            return
        first: Any = V1Parser.parse(line[:-2])
        for said in (first, found):
            self.assertEqual(
                (said.source.port, said.destination.port), (client.source[1], client.destination[1])
            )
