"""Which header fields a gateway passes on, and what it says of itself and of the client."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.heads import Head, peek
from kaazing.wire.relaying import (
    escapes,
    forwarded,
    hops_left,
    of_request,
    of_response,
    passed_by,
    with_hops,
    with_via,
    without_forwarded,
)


def head(*fields: str, method: str = "GET", version: str = "1.1") -> Head:
    """The head of a request."""
    read = peek("\r\n".join([f"{method} / HTTP/{version}", "Host: example.com", *fields, "", ""]).encode())
    assert read is not None
    return read


class PassingTests(SynchronousTestCase):
    def test_request(self) -> None:
        """
        What is of one connection stays there: the fields known for it, those named in Connection, the
        framing, and Host; everything else passes.
        """
        fields = of_request(
            head(
                "Connection: close, X-Mine ,Upgrade",
                "X-Mine: secret",
                "Keep-Alive: 5",
                "Proxy-Connection: x",
                "TE: trailers",
                "Trailer: x",
                "Upgrade: h2c",
                "Content-Length: 3",
                "Cookie: a=b",
                "Proxy-Authorization: Basic x",
                "Empty:",
                "X-Many: 1",
                "x-many: 2",
                "Expect: 100-continue",
            )
        )
        expected = [
            (b"cookie", b"a=b"),
            (b"proxy-authorization", b"Basic x"),
            (b"empty", b""),
            (b"x-many", b"1, 2"),
            (b"expect", b"100-continue"),
        ]
        self.assertEqual(fields, expected)

    def test_old_request(self) -> None:
        """
        An expectation of HTTP/1.0 means nothing and is not passed on.
        """
        self.assertEqual(of_request(head("Expect: 100-continue", "A: b", version="1.0")), [(b"a", b"b")])

    def test_response(self) -> None:
        """
        Of a response likewise; equal names stay apart, and names as they are spelt.
        """
        fields = [
            (b"Connection", b"X-Mine"),
            (b"connection", b"keep-alive"),
            (b"x-MINE", b"secret"),
            (b"Keep-Alive", b"timeout=5"),
            (b"Transfer-Encoding", b"chunked"),
            (b"Content-Length", b"3"),
            (b"Upgrade", b"h2c"),
            (b"Set-Cookie", b"a=b"),
            (b"Set-Cookie", b"c=d"),
            (b"X-\xe9", b"\xe9"),
        ]
        self.assertEqual(of_response(fields), fields[-3:])

    def test_via(self) -> None:
        """
        Via names every stop in order, and a request that has been here is recognised by it.
        """
        self.assertEqual(with_via([(b"a", b"b")], "1.0", "us"), [(b"a", b"b"), (b"Via", b"1.0 us")])
        several = [(b"via", b"1.1 x, 2 y (comment)"), (b"a", b"b"), (b"Via", b"1.0 z")]
        expected = [(b"a", b"b"), (b"Via", b"1.1 x, 2 y (comment), 1.0 z, 1.1 us")]
        self.assertEqual(with_via(several, "1.1", "us"), expected)
        for via, here in (
            ("1.1 us", True),
            ("1.1 x,1.1 us,1.1 y", True),
            ("1.1 x, HTTP/1.1 us (them)", True),
            ("1.1 us2, 1.1 xus", False),
            ("1.1 x", False),
        ):
            self.assertEqual(passed_by(head(f"Via: {via}"), "us"), here, via)
        self.assertFalse(passed_by(head(), "us"))


class ForwardedTests(SynchronousTestCase):
    def test_said(self) -> None:
        """
        The origin is told the client's address, how it came, what it called the gateway, and who says so.
        """
        self.assertEqual(
            forwarded("192.0.2.1:5000", True, "example.com:8443", "gateway:443"),
            [
                (b"X-Forwarded-For", b"192.0.2.1:5000"),
                (b"X-Forwarded-Server", b"gateway"),
                (b"X-Forwarded-Proto", b"https"),
                (b"X-Forwarded-Host", b"example.com:8443"),
                (b"Forwarded", b'for="192.0.2.1:5000";by="gateway:443";proto=https;host="example.com:8443"'),
            ],
        )

    def test_not_known(self) -> None:
        """
        A port that no proxy in front has told, and a host that the client did not name, are left out.
        """
        self.assertEqual(
            forwarded("[2001:db8::1]:0", False, "", "[::1]:80"),
            [
                (b"X-Forwarded-For", b"[2001:db8::1]"),
                (b"X-Forwarded-Server", b"[::1]"),
                (b"X-Forwarded-Proto", b"http"),
                (b"Forwarded", b'for="[2001:db8::1]";by="[::1]:80";proto=http'),
            ],
        )

    def test_taken_out(self) -> None:
        """
        What the client says of itself can be taken out, however it is spelt: with _ too, which many
        servers hand to programs under the same name as -.
        """
        names = b"Forwarded", b"X-FORWARDED-Anything", b"X_Forwarded-For", b"x_forwarded_for", b"x-forwarded"
        fields = [(name, b"x") for name in (*names, b"a_b")]
        self.assertEqual(without_forwarded(fields), fields[4:])


class HopTests(SynchronousTestCase):
    def test_left(self) -> None:
        """
        How often a request may be passed on is said of OPTIONS alone, in a number.
        """
        for method, said, left in (
            ("OPTIONS", "0", 0),
            ("OPTIONS", "12", 12),
            ("GET", "0", None),
            ("OPTIONS", "-1", None),
            ("OPTIONS", "1, 2", None),
            ("OPTIONS", "1" * 10, None),
        ):
            self.assertEqual(hops_left(head(f"Max-Forwards: {said}", method=method)), left, said)
        fields = [(b"max-forwards", b"2"), (b"a", b"b")]
        self.assertEqual(with_hops(fields, 1), [(b"a", b"b"), (b"Max-Forwards", b"1")])


class EscapeTests(SynchronousTestCase):
    def test_suspicious(self) -> None:
        """
        A path in which some servers see a dot segment is recognised; dots in names are nothing.
        """
        for path in (
            "..;/x",
            "a/..;x=y/b",
            "a/.;/b",
            "..%2fx",
            "a%2f..%2Fb",
            "a%5C..%5Cb",
            "%2e%2e%3b/x",
            "a/.%2E%2fb",
            "a/%2e%5c",
            "a%2f..",
        ):
            self.assertTrue(escapes(path), path)
        for path in (
            "",
            "a",
            "a;x/..y",
            "...",
            "a../b",
            "..a",
            "a/.b;c",
            "a%2fb",
            "a.;b",
            ".well-known/x",
            "a..%2fb",
        ):
            self.assertFalse(escapes(path), path)

    @given(st.text("./;%25fFcCeE3bBa", max_size=12))
    def test_plain_paths(self, path: str) -> None:
        """
        Whatever is recognised has a dot, percent-encoded or not.
        """
        if escapes(path):
            self.assertTrue("." in path or "%2e" in path.lower())
