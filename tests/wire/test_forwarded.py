"""What proxies in front say of a client, and how much of it is believed."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import BadRequest
from kaazing.wire.addresses import listed
from kaazing.wire.forwarded import FIELDS, Told, read

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("192.0.2.7"), ip_network("2001:db8:1::/48"))
"""Where the proxies of these tests are."""


def told(**fields: str) -> Told:
    """Return what a request of a listed proxy says; C{x_forwarded_for} is X-Forwarded-For."""
    return read({name.replace("_", "-"): value for name, value in fields.items()}, TRUSTED)


def outcome(**fields: str) -> Any:
    """Return the same, or the error."""
    try:
        return told(**fields)
    except BadRequest as why:
        return str(why)


class XForwardedTests(SynchronousTestCase):
    """X-Forwarded-For, -Proto, -Host and -Port."""

    def test_one_proxy(self) -> None:
        """
        A proxy says whom it serves, with or without a port, in either family.
        """
        for written, host, port in (
            ("203.0.113.9", "203.0.113.9", 0),
            ("203.0.113.9:4711", "203.0.113.9", 4711),
            ("2001:DB8::0:1", "2001:db8::1", 0),
            ("[2001:db8::1]", "2001:db8::1", 0),
            ("[2001:db8::1]:4711", "2001:db8::1", 4711),
            ("::ffff:203.0.113.9", "203.0.113.9", 0),
            ("203.0.113.9:99999", "203.0.113.9", 0),
        ):
            self.assertEqual(told(x_forwarded_for=written), Told(host, port), written)

    def test_made_up(self) -> None:
        """
        What a client wrote itself stands left of its own address, and is not believed.
        """
        for lie in ("127.0.0.1", "10.0.0.1", "nonsense", '"', "198.51.100.1, 10.0.0.2", ",,"):
            self.assertEqual(told(x_forwarded_for=f"{lie}, 203.0.113.9"), Told("203.0.113.9"), lie)
            self.assertEqual(told(x_forwarded_for=f"{lie}, 203.0.113.9, 10.0.0.3"), Told("203.0.113.9"), lie)

    def test_chain(self) -> None:
        """
        The list is read from the right through the listed proxies to the first address that is not
        one; where all are listed, the first one is the client.
        """
        self.assertEqual(
            told(x_forwarded_for="203.0.113.9, 2001:db8:1::5, 192.0.2.7, 10.0.0.3"), Told("203.0.113.9")
        )
        self.assertEqual(told(x_forwarded_for="10.0.0.4, 192.0.2.7, 10.0.0.3"), Told("10.0.0.4"))

    def test_unknown(self) -> None:
        """
        Where a listed proxy did not know whom it served, it is the last one known; the list left of
        it counts for nothing.
        """
        for gap in ("unknown", "_hidden", "10.0.0.300", "fe80::1%eth0", "[10.0.0.4]:x", "1" * 5000):
            self.assertEqual(told(x_forwarded_for=f"203.0.113.9, {gap}, 10.0.0.3"), Told("10.0.0.3"), gap)
            self.assertEqual(told(x_forwarded_for=f"203.0.113.9, {gap}"), Told(), gap)
        self.assertEqual(told(x_forwarded_for=""), Told())

    def test_how(self) -> None:
        """
        The other fields say how the client came; what they do not say, or cannot mean, stays open.
        """
        for protocol, secure in (
            ("https", True),
            ("WSS", True),
            ("http", False),
            ("ws", False),
            ("ftp", None),
        ):
            self.assertEqual(told(x_forwarded_proto=protocol), Told(secure=secure), protocol)
        for host, named in (
            ("Example.com", ("example.com", None)),
            ("example.com:8443", ("example.com", 8443)),
            ("[2001:db8::1]:80", ("2001:db8::1", 80)),
        ):
            self.assertEqual(told(x_forwarded_host=host), Told(named=named), host)
        for port, named_port in (
            ("443", 443),
            ("0", None),
            ("x", None),
            ("-1", None),
            ("99999", None),
            ("123456", None),
        ):
            self.assertEqual(told(x_forwarded_port=port), Told(named_port=named_port), port)

    def test_how_in_a_chain(self) -> None:
        """
        Where each proxy added a value, the one beside the client's address counts; otherwise the
        last, which the nearest proxy wrote.
        """
        chain = "203.0.113.9, 10.0.0.3"
        self.assertEqual(
            told(
                x_forwarded_for=chain,
                x_forwarded_proto="https, http",
                x_forwarded_host="a.example, b.example",
            ),
            Told("203.0.113.9", 0, True, ("a.example", None)),
        )
        self.assertEqual(
            told(x_forwarded_for=f"198.51.100.1, {chain}", x_forwarded_proto="http, https"),
            Told("203.0.113.9", 0, True),
        )

    def test_bad_host(self) -> None:
        """
        A host that could not stand in a URL is refused.
        """
        refused = "400: a forwarded host that is not a name or address (RFC 7239 section 5.3)"
        for host in ("a/b", "a b", "user@a", "a:0", "[::1"):
            self.assertEqual(outcome(x_forwarded_host=host), refused, host)


class ForwardedTests(SynchronousTestCase):
    """Forwarded of RFC 7239."""

    def test_examples(self) -> None:
        """
        The examples of section 4, of which a listed proxy added the last element.
        """
        for written, expected in (
            ('for="_gazonk"', Told()),
            ('For="[2001:db8:cafe::17]:4711"', Told("2001:db8:cafe::17", 4711)),
            ("for=192.0.2.60;proto=http;by=203.0.113.43", Told("192.0.2.60", 0, False)),
            ("for=192.0.2.43, for=198.51.100.17", Told("198.51.100.17")),
        ):
            self.assertEqual(told(forwarded=written), expected, written)

    def test_chain(self) -> None:
        """
        The list is read from the right, and scheme and host are those of the client's own element.
        """
        written = 'for=1.1.1.1;host=lie, for="203.0.113.9:80";proto=https;host="a.example:8443", for=10.0.0.3'
        self.assertEqual(told(forwarded=written), Told("203.0.113.9", 80, True, ("a.example", 8443)))

    def test_without_address(self) -> None:
        """
        A proxy may say only how the client came.
        """
        self.assertEqual(told(forwarded="for=1.1.1.1, proto=https"), Told(None, 0, True))
        self.assertEqual(told(forwarded=""), Told())

    def test_lenient(self) -> None:
        """
        What proxies really write is read: blanks around the semicolon, addresses without quotes.
        """
        self.assertEqual(told(forwarded=" for=1.2.3.4:5 ; proto=https ;,, "), Told("1.2.3.4", 5, True))
        self.assertEqual(told(forwarded="for=[2001:db8::1]:5"), Told("2001:db8::1", 5))
        self.assertEqual(told(forwarded='host="a\\.example"'), Told(named=("a.example", None)))

    def test_cannot_be_read(self) -> None:
        """
        A list whose elements cannot be told apart is refused: a client could hide the proxy's own
        element in a string that it opened.
        """
        refused = "400: Forwarded that cannot be read (RFC 7239 section 4)"
        for written in (
            'for=1.1.1.1;x=", for=203.0.113.9',
            'for=1.1.1.1;x=", for="[2001:db8::1]"',
            "for",
            "for=",
            "for=a b",
            'for="a"b',
            "=a",
        ):
            self.assertEqual(outcome(forwarded=written), refused, written)
        self.assertEqual(
            outcome(forwarded="for=1.1.1.1;For=2.2.2.2"),
            "400: Forwarded with a parameter twice in one element (RFC 7239 section 4)",
        )

    def test_either(self) -> None:
        """
        Where a proxy writes one of the X-Forwarded fields, Forwarded is what its client made up.
        """
        self.assertEqual(
            told(forwarded="for=1.1.1.1;proto=https;host=lie", x_forwarded_for="203.0.113.9"),
            Told("203.0.113.9"),
        )
        self.assertEqual(told(forwarded="for=1.1.1.1", x_forwarded_proto="http"), Told(secure=False))
        self.assertEqual(told(), Told())


class AnythingTests(SynchronousTestCase):
    """Any bytes that a request head lets through."""

    @given(st.dictionaries(st.sampled_from(sorted(FIELDS)), st.text('for=",;. :[]1a\\x-', max_size=60)))
    def test_anything(self, headers: dict[str, str]) -> None:
        """
        Whatever stands there is read or refused with 400; an address is one, and a port.
        """
        try:
            found = read(headers, TRUSTED)
        except BadRequest as why:
            self.assertEqual(why.status, 400)
        else:
            self.assertTrue(
                found.host is None or listed(found.host, (ip_network("::/0"), ip_network("0.0.0.0/0")))
            )
            self.assertTrue(0 <= found.port < 65536)

    @given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80))
    def test_lies_change_nothing(self, lie: str) -> None:
        """
        Whatever a client sends, its address stays the one that the proxy adds.
        """
        self.assertEqual(told(x_forwarded_for=f"{lie}, 203.0.113.9").host, "203.0.113.9")
        found = outcome(forwarded=f'{lie}, for="203.0.113.9:1"')
        self.assertTrue(isinstance(found, str) or found.host == "203.0.113.9", found)
