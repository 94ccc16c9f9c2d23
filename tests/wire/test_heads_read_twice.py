"""Request heads that two parsers might read differently: smuggling, cuts, and twisted.web beside us."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http import HTTPChannel, Request

from kaazing.wire.heads import Head, plain_head
from tests.wire.requests import HANDSHAKE, PLAIN, outcome, request


class SmugglingTests(SynchronousTestCase):
    """Heads that have carried a second request past one parser and into another."""

    def test_framing(self) -> None:
        """
        There is one way to say where a body ends, and one way to spell it.
        """
        blank = "400: blank before the colon of a header field (RFC 9112 section 5)"
        digits_18 = "413: Content-Length of more than 18 digits (RFC 9110 section 8.6)"
        both = "400: Transfer-Encoding together with Content-Length or HTTP/1.0 (RFC 9112 section 6.1)"
        last = "400: Transfer-Encoding that does not end with chunked (RFC 9112 section 6.3)"
        other = "501: Transfer-Encoding other than chunked (RFC 9112 section 6.1)"
        digits = "400: Content-Length that is not a number (RFC 9110 section 8.6)"
        twice = "400: content-length more than once (RFC 9110 section 5.3)"
        folded = "400: folded header field (RFC 9112 section 5)"
        control = "400: header field with a control character or one outside ASCII (RFC 9112 section 5)"
        chunked = b"Transfer-Encoding: chunked"
        for fields, message in (
            ([b"Content-Length: 6", chunked], both),
            ([chunked, b"Content-Length: 4"], both),
            ([chunked, b"Transfer-Encoding: identity"], last),
            ([b"Transfer-Encoding: chunked, identity"], last),
            ([b"Transfer-Encoding: identity"], last),
            ([b"Transfer-Encoding: xchunked"], last),
            ([b"Transfer-Encoding: chunked;q=1"], last),
            ([b"Transfer-Encoding: chunked,"], last),
            ([b'Transfer-Encoding: "chunked"'], last),
            ([b"Transfer-Encoding:"], last),
            ([b"Transfer-Encoding: gzip, chunked"], other),
            ([b"Transfer-Encoding: , chunked"], other),
            ([chunked, chunked], other),
            ([b"Transfer-Encoding: \x0bchunked"], control),
            ([b"Transfer-Encoding : chunked"], blank),
            ([b"Transfer-Encoding:", b" chunked"], folded),
            ([b"A: b", b"\tTransfer-Encoding: chunked"], folded),
            ([b"Content-Length: 5", b"Content-Length: 5"], twice),
            ([b"Content-Length: 5", b"Content-Length: 6"], twice),
            ([b"Content-Length: 5, 5"], digits),
            ([b"Content-Length: +5"], digits),
            ([b"Content-Length: -5"], digits),
            ([b"Content-Length: 5 5"], digits),
            ([b"Content-Length: 0x5"], digits),
            ([b"Content-Length: 1_0"], digits),
            ([b"Content-Length: 5;"], digits),
            ([b"Content-Length:"], digits),
            ([b"Content-Length: \xb2"], control),
            ([b"Content-Length: " + b"9" * 19], digits_18),
        ):  # fmt: skip
            self.assertEqual(outcome(request(*fields)), message, fields)
        self.assertEqual(outcome(request(chunked, line=b"POST / HTTP/1.0")), both)

    def test_before_the_fields(self) -> None:
        """
        A first field that begins with a blank is neither part of the request line nor dropped.
        """
        data = b"GET / HTTP/1.1\r\n Host: y\r\nHost: x\r\n\r\n"
        self.assertEqual(outcome(data), "400: folded header field (RFC 9112 section 5)")


class CutTests(SynchronousTestCase):
    def test_every_cut(self) -> None:
        """
        A head, and what is wrong with it, do not depend on where the stream is cut.
        """
        for data in (
            HANDSHAKE + b"\x81\x80abcd",
            b"\r\n" + PLAIN + PLAIN,
            PLAIN + b"\n\n",
            b"\r\n\r\n" + PLAIN,
            request(b"A : b") + b"x\ny",
            request(b"A: b\nB: c"),
            request(line=b"GET /"),
            b"\x16\x03\x01\r\n\r\n",
        ):
            for cut in range(1, len(data)):
                self.assertEqual(outcome(data, cut), outcome(data), (data, cut))

    @given(
        st.lists(
            st.sampled_from([
                b"GET ", b"/a ", b"HTTP/1.1", b"Host:", b" x", b"\r\n", b"\r\n\r\n", b"\r", b"\n", b" ", b":",
                b"\x00", b"\xe9", b"Content-Length: 5", b"Transfer-Encoding: chunked", b"HTTP/1.0", b"POST",
                b"*", b"..", b"/",
            ])
        ).map(b"".join),
        st.integers(1, 40),
        st.integers(8, 80),
    )  # fmt: skip
    def test_any_cut(self, data: bytes, cut: int, limit: int) -> None:
        """
        Any bytes in any pieces under any limit have one outcome.
        """
        self.assertEqual(outcome(data, cut, limit), outcome(data, None, limit))

    @given(st.binary())
    def test_any_bytes(self, data: bytes) -> None:
        """
        Any bytes are a head, an open head or a bad request.
        """
        outcome(data)
        outcome(b"GET /" + data + b"HTTP/1.1\r\nHost: x\r\n\r\n")
        outcome(request(data))


def seen_by_twisted(data: bytes) -> tuple[str, str, list[tuple[str, str]]]:
    """What twisted.web understands of a whole head: method, target, fields."""
    seen = []

    class Kept(Request):
        def process(self) -> None:
            fields = [
                (n.lower().decode(), v.decode())
                for n, vs in self.requestHeaders.getAllRawHeaders()
                for v in vs
            ]
            seen.append((self.method.decode(), self.uri.decode(), sorted(fields)))

    channel = HTTPChannel()
    channel.requestFactory = Kept
    channel.makeConnection(StringTransport())
    channel.dataReceived(data)
    (only,) = seen
    return only


TOKENS = st.text("abcXYZ019-_.!#$%&'*+^`|~", min_size=1, max_size=12)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


class AgreementTests(SynchronousTestCase):
    @given(
        TOKENS,
        st.text("abc/?.=&~!$'()*+,;:@-_", max_size=20),
        st.lists(st.tuples(TOKENS, VALUES), max_size=5),
    )
    def test_twisted_reads_the_same(self, method: str, path: str, fields: list[tuple[str, str]]) -> None:
        """
        What is accepted here, twisted.web behind reads as the same method, target and fields.
        """
        names = [name.lower() for name, _ in fields]
        lines = [f"{name}:{value}".encode() for name, value in fields]
        data = request(
            b"connection: close", *lines, line=f"{method} /{path} HTTP/1.1".encode(), host=b"host: x"
        )
        if len({"host", "connection", *names}) != len(names) + 2 or not isinstance(
            head := outcome(data), Head
        ):
            return
        self.assertEqual(
            seen_by_twisted(plain_head(head, data)), (head.method, head.target, sorted(head.headers.items()))
        )
