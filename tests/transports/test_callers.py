"""Who sent a request, and by which name it calls the gateway."""

from __future__ import annotations

from twisted.internet.address import IPv6Address
from twisted.trial.unittest import SynchronousTestCase

from kaazing.transports.callers import Caller, caller
from kaazing.wire.heads import Head, peek
from tests.transports.doors import Wire


def head(request: bytes) -> Head:
    """The head of a request."""
    read = peek(request + b"\r\n\r\n")
    assert read is not None
    return read


class CallerTests(SynchronousTestCase):
    def test_of_a_connection(self) -> None:
        """
        Address and TLS are the connection's, name and port the request's.
        """
        wire = Wire()
        named = head(b"GET / HTTP/1.1\r\nHost: Example.com:8000")
        self.assertEqual(caller(named, wire, False), Caller("192.0.2.1:5000", False, "example.com", 8000))
        wire.peerAddr = IPv6Address("TCP", "2001:db8::1", 5000)
        bare = head(b"GET / HTTP/1.1\r\nHost: example.com")
        self.assertEqual(caller(bare, wire, True), Caller("[2001:db8::1]:5000", True, "example.com", None))

    def test_authority(self) -> None:
        """
        Host and port stand as in a URL: IPv6 in brackets, no port where the client named none.
        """
        for request, expected in (
            (b"GET / HTTP/1.1\r\nHost: example.com:8000", "example.com:8000"),
            (b"GET / HTTP/1.1\r\nHost: example.com", "example.com"),
            (b"GET / HTTP/1.1\r\nHost: [0:0::1]:8000", "[::1]:8000"),
            (b"GET / HTTP/1.1\r\nHost: [::1]", "[::1]"),
            (b"GET http://example.com:8000/ HTTP/1.1\r\nHost: example.com:8000", "example.com:8000"),
            (b"GET / HTTP/1.0", ""),
        ):
            who = caller(head(request), Wire(), False)
            self.assertEqual((who.authority, who.site), (expected, f"http://{expected}"), request)
        over_tls = caller(head(b"GET / HTTP/1.1\r\nHost: [::1]"), Wire(), True)
        self.assertEqual(over_tls.site, "https://[::1]")
