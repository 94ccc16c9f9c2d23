"""Requests and responses that travel inside others."""

from __future__ import annotations

import gzip

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import BadRequest
from kaazing.wire.envelope import emulated_method, enveloped, put_in, take_out
from kaazing.wire.heads import Head, peek

INNER = b"GET /chat/;e/ctm?.kn=1&.kac=ex HTTP/1.1\r\nX-Accept-Commands: ping\r\n\r\n"


def head(target: str = "/chat/;e/ctm", *fields: str, method: str = "POST") -> Head:
    """The head of an outer request."""
    lines = [f"{method} {target} HTTP/1.1", "Host: example.com:8000", *fields, "", ""]
    read = peek("\r\n".join(lines).encode())
    assert read is not None
    return read


OUTER = head(
    "/chat/;e/ctm?.kac=ex&.kct=application/x-message-http",
    *("Content-Length: 99", "Content-Type: text/plain", "Authorization: Basic outer"),
    *("X-Next-Protocol: httpxe/1.1", "Origin: http://example.org", "Cookie: a=b"),
)


def refusal(body: bytes) -> str:
    """What is wrong with an envelope."""
    try:
        take_out(OUTER, body)
    except BadRequest as why:
        return f"{why.status} {why.what}"
    return ""


class EnvelopedTests(SynchronousTestCase):
    def test_said(self) -> None:
        """
        An envelope is known by its media type, or by the query where a page can set none.
        """
        kind = "Content-Type: application/x-message-http"
        cases: list[tuple[Head, bool]] = [
            (head("/", kind), True),
            (head("/", kind.upper() + "; charset=utf-8"), True),
            (head("/?.kct=application/x-message-http"), True),
            (head("/?a=b&.kct=application%2fx-message-http&c=d"), True),
            (head("/?.kct=application/x-message-httpx"), False),
            (head("/?x.kct=application/x-message-http"), False),
            (head("/", "Content-Type: text/plain"), False),
            (head("/"), False),
            (head("/?.kct=application/x-message-http", method="GET"), False),
        ]
        for request, expected in cases:
            self.assertEqual(enveloped(request), expected, request.target)

    def test_emulated_method(self) -> None:
        """
        C{.km} makes a POST another method, and is nothing to all other methods.
        """
        methods = {"G": "GET", "D": "DELETE", "O": "OPTIONS", "P": "PUT", "T": "TRACE", "H": "HEAD"}
        found = {letter: emulated_method(head(f"/?a=b&.km={letter}")) for letter in methods}
        self.assertEqual(found, methods)
        self.assertEqual(emulated_method(head("/?.km=D", method="GET")), "GET")
        self.assertEqual(emulated_method(head("/?.km=d&x.km=D")), "POST")
        with self.assertRaises(BadRequest) as caught:
            emulated_method(head("/?.km=X"))
        self.assertEqual(caught.exception.status, 400)


class TakeOutTests(SynchronousTestCase):
    def test_request(self) -> None:
        """
        The inner request counts; of the outer one those fields that it does not carry for itself.
        """
        inner, body = take_out(OUTER, INNER)
        self.assertEqual((inner.method, inner.path, inner.query), ("GET", "/chat/;e/ctm", ".kn=1&.kac=ex"))
        self.assertEqual(
            inner.headers,
            {
                "host": "example.com:8000",
                "x-accept-commands": "ping",
                "origin": "http://example.org",
                "cookie": "a=b",
            },
        )
        self.assertEqual((body, inner.content_length, inner.chunked), (b"", 0, False))
        self.assertEqual((inner.host, inner.port, inner.keep_alive), ("example.com", 8000, True))

    def test_body(self) -> None:
        """
        What stands behind the inner head is its body, whether or not it says how long that is.
        """
        for field in (b"", b"Content-Length: 9\r\n"):
            inner, body = take_out(
                OUTER,
                b"POST /chat/%3Be/ctm HTTP/1.1\r\n" + field + b"Content-Type: text/plain\r\n"
                b"Authorization: Basic inner\r\n\r\n\r\n\r\nabcde",
            )
            self.assertEqual((body, inner.content_length), (b"\r\n\r\nabcde", 9))
            self.assertEqual(inner.path, OUTER.path)
            self.assertEqual(inner.headers["content-type"], "text/plain")
            self.assertEqual(inner.headers["authorization"], "Basic inner")

    def test_outer_wins(self) -> None:
        """
        An envelope cannot change whose request it is.
        """
        outer = head("/x", "X-Origin: http://example.org:80")
        inner, _ = take_out(outer, b"GET /x HTTP/1.1\r\nX-Origin: http://example.com:8000\r\n\r\n")
        self.assertEqual(inner.headers["x-origin"], "http://example.org:80")

    def test_refused(self) -> None:
        """
        What is no request, is for another path, or says what no page may say is refused.
        """
        unfinished = "400 envelope without a whole request head"
        parts = "400 request line that is not method, blank, target, blank, version"
        elsewhere = "400 envelope with a request for another path"
        length = "400 envelope with a body of another length than it says"
        forbidden = (
            *("Accept-Charset", "Accept-Encoding", "Access-Control-Request-Headers", "Cookie", "Cookie2"),
            *("Access-Control-Request-Method", "Connection", "Date", "DNT", "Expect", "Keep-Alive", "Origin"),
            *("Referer", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent", "Via"),
        )
        cases = {
            b"": unfinished,
            b"GET /chat/;e/ctm HTTP/1.1": unfinished,
            INNER[:-2]: unfinished,
            b"\r\n" + INNER: "400 request line that is not method, blank, target, blank, version",
            INNER.replace(b"/chat", b"/chap"): elsewhere,
            INNER.replace(b"/chat/", b"/chat//"): elsewhere,
            INNER.replace(b" HTTP", b" x HTTP"): parts,
            INNER.replace(b"X-A", b"Host: evil.org\r\nX-A"): "400 host more than once",
            INNER[:-2] + b"Content-Length: 1\r\n\r\n": length,
            INNER[:-2] + b"Content-Length: 1\r\n\r\nab": length,
            INNER[:-2] + b"X: " + b"y" * 17000: "431 head of more than 16384 bytes",
        }
        for name in forbidden:
            cases[INNER[:-2] + name.encode() + b": chunked\r\n\r\n"] = (
                f"400 envelope with a {name.lower()} field"
            )
        for body, expected in cases.items():
            self.assertEqual(refusal(body), expected, body[:99])

    @given(st.binary(max_size=60), st.sampled_from([b"", INNER[:30], INNER[:-2], INNER]), st.binary())
    @example(b"", INNER, b"rest")
    def test_any_bytes(self, before: bytes, middle: bytes, after: bytes) -> None:
        """
        Any bytes are a request for that path, or refused.
        """
        try:
            inner, body = take_out(OUTER, before + middle + after)
        except BadRequest as why:
            self.assertIn(why.status, range(400, 506))
        else:
            self.assertEqual((inner.path, inner.content_length), (OUTER.path, len(body)))
            self.assertEqual(inner.headers["origin"], "http://example.org")


class PutInTests(SynchronousTestCase):
    def test_fields(self) -> None:
        """
        What concerns the way of the response stays outside, what concerns the client goes inside.
        """
        outside = [
            (b"Access-Control-Allow-Origin", b"http://example.org"),
            (b"Cache-Control", b"private"),
            (b"Connection", b"close"),
            (b"Content-Encoding", b"br"),
            (b"Date", b"now"),
            (b"ETag", b'"a"'),
            (b"Last-Modified", b"then"),
            (b"Pragma", b"p"),
            (b"Server", b"s"),
            (b"Set-Cookie", b"a=b"),
            (b"Vary", b"Origin"),
            (b"X-Content-Type-Options", b"nosniff"),
        ]
        inside = [(b"Location", b"/x"), (b"X-Idle-Timeout", b"60"), (b"Content-Type", b"text/event-stream")]
        fields, start = put_in(201, inside[:1] + outside + inside[1:])
        self.assertEqual(fields, [*outside, (b"Content-Type", b"text/plain")])
        self.assertEqual(
            start,
            b"HTTP/1.1 201 Created\r\nLocation: /x\r\nX-Idle-Timeout: 60\r\n"
            b"Content-Type: text/event-stream\r\n\r\n",
        )

    def test_added(self) -> None:
        """
        No browser guesses at an envelope, and none but a 200 is kept by caches.
        """
        kind, sniff = (b"Content-Type", b"text/plain;charset=UTF-8"), (b"X-Content-Type-Options", b"nosniff")
        self.assertEqual(put_in(200, []), ([kind, sniff], b"HTTP/1.1 200 OK\r\n\r\n"))
        challenge = (b"WWW-Authenticate", b'Application Basic realm="x"')
        self.assertEqual(
            put_in(401, [challenge]),
            (
                [kind, sniff, (b"Cache-Control", b"no-cache")],
                b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Application Basic realm="x"\r\n\r\n',
            ),
        )

    def test_types(self) -> None:
        """
        The outer type is one that is never a page, and says how to read the bytes where that is safe.
        """
        cases = {
            b"text/plain; charset=windows-1252": b"text/plain;charset=windows-1252",
            b"text/html;charset=UTF-8": b"text/plain;charset=UTF-8",
            b'TEXT/css; a=b; charset="ascii"': b"text/plain;charset=ascii",
            b"text/plain;charset=utf-7": b"text/plain",
            b"text/plain;charset=utf-8x": b"text/plain",
            b"text/event-stream": b"text/plain",
            b"application/octet-stream": b"application/octet-stream",
            b"application/json;charset=utf-8": b"application/octet-stream",
            b"image/svg+xml": b"application/octet-stream",
        }
        for kind, expected in cases.items():
            outside, _ = put_in(200, [(b"content-type", kind)])
            self.assertEqual(outside[0], (b"Content-Type", expected), kind)

    def test_compressed(self) -> None:
        """
        In a compressed response the inner head is compressed too.
        """
        outside, start = put_in(200, [(b"Content-Encoding", b"gzip")])
        self.assertIn((b"Content-Encoding", b"gzip"), outside)
        self.assertEqual(gzip.decompress(start + gzip.compress(b"body")), b"HTTP/1.1 200 OK\r\n\r\nbody")
