"""Addresses of clients."""

from __future__ import annotations

from ipaddress import ip_network

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.addresses import listed, place, split

LISTED = (ip_network("10.0.0.0/8"), ip_network("192.0.2.7"), ip_network("2001:db8:1::/48"))


class SplitTests(SynchronousTestCase):
    """Address and port apart."""

    def test_split(self) -> None:
        """
        An address has neither port nor brackets; what is no IP address stays as it is.
        """
        table = {
            "192.0.2.1:5000": ("192.0.2.1", 5000),
            "[2001:db8::1]:5000": ("2001:db8::1", 5000),
            "[fe80::1%eth0]:5000": ("fe80::1%eth0", 5000),
            "/run/socket": ("/run/socket", 0),
            "": ("", 0),
        }
        self.assertEqual({written: split(written) for written in table}, table)


class ListedTests(SynchronousTestCase):
    """Which addresses are listed."""

    def test_networks(self) -> None:
        """
        An address is listed where one of the networks holds it, also as IPv6 writes one of IPv4.
        """
        yes = ("10.255.0.1", "192.0.2.7", "2001:db8:1:2::3", "::ffff:10.0.0.1")
        no = ("11.0.0.1", "192.0.2.8", "2001:db8:2::1", "::ffff:11.0.0.1", "10.0.0", "", "@", "unknown")
        self.assertEqual([listed(each, LISTED) for each in yes], [True] * len(yes))
        self.assertEqual([listed(each, LISTED) for each in no], [False] * len(no))


class PlaceTests(SynchronousTestCase):
    """What counts as one client."""

    def test_places(self) -> None:
        """
        An address of IPv4, however it is written; a /64 network of IPv6; anything else for itself.
        """
        self.assertEqual(place("192.0.2.7"), "192.0.2.7")
        self.assertEqual(place("::ffff:192.0.2.7"), "192.0.2.7")
        self.assertEqual(place("2001:db8:1:2:3:4:5:6"), bytes.fromhex("20010db800010002"))
        self.assertEqual(place("2001:db8:1:2::1"), place("2001:db8:1:2:ffff::"))
        self.assertNotEqual(place("2001:db8:1:2::1"), place("2001:db8:1:3::1"))
        self.assertEqual(place("fe80::1%eth0"), place("fe80::2"))
        self.assertEqual([place(other) for other in ("", "unknown", "10.0.0")], ["", "unknown", "10.0.0"])
