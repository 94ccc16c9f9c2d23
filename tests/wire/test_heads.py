"""Request heads: what they say, which are refused and why.  Each refusal is compared whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http import HTTPChannel, Request

from kaazing.errors import BadRequest
from kaazing.wire.heads import (
    MAX_HEAD,
    MAX_HEADERS,
    MAX_TARGET,
    Head,
    answer,
    peek,
    plain_head,
    refusal,
    subprotocols,
    upgrade_required,
    websocket_fault,
)

PLAIN = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

HANDSHAKE = (
    b"GET /stomp?x=1&y=%20 HTTP/1.1\r\n"
    b"Host: Gateway.example.com:8000\r\n"
    b"Connection: keep-alive, Upgrade\r\n"
    b"Upgrade: websocket\r\n"
    b"Origin: http://gateway.example.com:8000\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: v12.stomp, v11.stomp\r\n"
    b"\r\n"
)


def head_of(data: bytes) -> Head:
    """The head that C{data} must begin with."""
    head = peek(data)
    assert head is not None
    return head


def request(*fields: bytes, line: bytes = b"POST / HTTP/1.1", host: bytes = b"Host: x") -> bytes:
    """A head of a request line and fields."""
    return b"\r\n".join([line, *([host] if host else []), *fields, b"", b""])


def outcome(data: bytes, cut: int | None = None, limit: int = MAX_HEAD) -> Head | str | None:
    """What a doorman learns of C{data} that comes in pieces of C{cut} bytes: a head or an error."""
    step = cut or len(data) or 1
    try:
        for end in range(step, len(data) + step, step):
            if head := peek(data[:end], limit=limit):
                return head
    except BadRequest as why:
        return str(why)
    return None


class HeadTests(SynchronousTestCase):
    def test_handshake(self) -> None:
        """
        A browser's handshake is read whole.
        """
        expected = Head(
            method="GET",
            target="/stomp?x=1&y=%20",
            path="/stomp",
            query="x=1&y=%20",
            version="1.1",
            headers={
                "host": "Gateway.example.com:8000",
                "connection": "keep-alive, Upgrade",
                "upgrade": "websocket",
                "origin": "http://gateway.example.com:8000",
                "sec-websocket-version": "13",
                "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
                "sec-websocket-protocol": "v12.stomp, v11.stomp",
            },
            host="gateway.example.com",
            port=8000,
            start=0,
            length=len(HANDSHAKE),
            content_length=None,
            chunked=False,
            upgrade=True,
            keep_alive=True,
        )
        self.assertEqual(peek(HANDSHAKE + b"\x81\x80"), expected)
        self.assertEqual(peek(bytearray(HANDSHAKE)), expected)

    def test_no_secret_is_shown(self) -> None:
        """
        A head that lands in a log shows neither credentials nor the query.
        """
        head = head_of(request(b"Authorization: Basic c2VjcmV0", line=b"GET /?ticket=secret HTTP/1.1"))
        self.assertNotIn("secret", repr(head))
        self.assertNotIn("c2VjcmV0", repr(head))

    def test_open(self) -> None:
        """
        Nothing is said of a head before it is whole.
        """
        for end in range(len(HANDSHAKE)):
            self.assertIsNone(peek(HANDSHAKE[:end]), end)

    def test_equal_names(self) -> None:
        """
        Fields of one name are one list, in order; blanks around a value do not count.
        """
        head = head_of(request(b"Accept: a", b"ACCEPT:\t b \t", b"Empty:"))
        self.assertEqual(head.headers, {"host": "x", "accept": "a, b", "empty": ""})

    def test_hosts(self) -> None:
        """
        Host is a name, an IPv4 or an IPv6 address, with or without a port.
        """
        for value, host, port in (
            (b"X.Example", "x.example", None),
            (b"a_b-c.d:1", "a_b-c.d", 1),
            (b"127.0.0.1:65535", "127.0.0.1", 65535),
            (b"[::1]", "::1", None),
            (b"[FE80:0::01]:8000", "fe80::1", 8000),
        ):
            head = head_of(request(host=b"Host: " + value))
            self.assertEqual((head.host, head.port), (host, port))

    def test_http_1_0(self) -> None:
        """
        HTTP/1.0 needs no Host, closes unless asked to keep alive, and cannot upgrade.
        """
        line = b"GET / HTTP/1.0"
        head = head_of(request(line=line, host=b""))
        self.assertEqual((head.host, head.port, head.keep_alive, head.version), ("", None, False, "1.0"))
        self.assertTrue(head_of(request(b"Connection: Keep-Alive", line=line)).keep_alive)
        upgrade = request(b"Connection: upgrade", b"Upgrade: websocket", line=line)
        self.assertFalse(head_of(upgrade).upgrade)

    def test_keep_alive(self) -> None:
        """
        HTTP/1.1 keeps the connection unless close is among the connection options.
        """
        self.assertTrue(head_of(PLAIN).keep_alive)
        self.assertTrue(head_of(request(b"Connection: closed")).keep_alive)
        self.assertFalse(head_of(request(b"Connection: x , CLOSE")).keep_alive)

    def test_upgrade(self) -> None:
        """
        A WebSocket is asked for by both Upgrade and Connection, whatever stands beside.
        """
        for upgrade, connection, wanted in (
            (b"WebSocket", b"UPGRADE", True),
            (b"h2c, websocket", b"keep-alive, upgrade", True),
            (b"h2c", b"upgrade", False),
            (b"websocket2", b"upgrade", False),
            (b"websocket", b"keep-alive", False),
        ):
            head = head_of(request(b"Upgrade: " + upgrade, b"Connection: " + connection))
            self.assertEqual(head.upgrade, wanted, (upgrade, connection))

    def test_body_lengths(self) -> None:
        """
        A body is counted or chunked, or there is none.
        """
        for field, length, chunked in (
            (b"X: y", None, False),
            (b"Content-Length: 0", 0, False),
            (b"content-length:00042", 42, False),
            (b"Transfer-Encoding: Chunked", None, True),
        ):
            head = head_of(request(field))
            self.assertEqual((head.content_length, head.chunked), (length, chunked))

    def test_targets(self) -> None:
        """
        A target is a path, an http URI that agrees with Host, or the star of OPTIONS.
        """
        for line, path, query in (
            (b"GET / HTTP/1.1", "/", ""),
            (b"GET /? HTTP/1.1", "/", ""),
            (b"GET //a/.b/..c/%41?q?/../r HTTP/1.1", "//a/.b/..c/%41", "q?/../r"),
            (b"GET http://x HTTP/1.1", "/", ""),
            (b"GET HTTP://X:80/a?b HTTP/1.1", "/a", "b"),
            (b"GET http://x?b HTTP/1.1", "/", "b"),
            (b"OPTIONS * HTTP/1.1", "*", ""),
        ):
            head = head_of(request(line=line))
            self.assertEqual((head.path, head.query), (path, query))
        head = head_of(request(line=b"GET https://[::1]/ HTTP/1.1", host=b"Host: [::1]:443"))
        self.assertEqual((head.path, head.host, head.port), ("/", "::1", 443))

    def test_empty_line_before(self) -> None:
        """
        One empty line before the request is passed over, as old clients send it after a body.
        """
        head = head_of(b"\r\n" + PLAIN)
        self.assertEqual((head.start, head.length, head.path), (2, len(PLAIN) + 2, "/a"))

    def test_plain_head(self) -> None:
        """
        A parser behind gets the head as sent, but no empty line before it and no absolute target.
        """
        for sent, seen in (
            (PLAIN, PLAIN),
            (b"\r\n" + PLAIN, PLAIN),
            (b"GET http://x/a HTTP/1.1\r\nHost: x\r\n\r\n", PLAIN),
            (request(line=b"GET http://x?b HTTP/1.1"), request(line=b"GET /?b HTTP/1.1")),
            (request(line=b"OPTIONS * HTTP/1.1"), request(line=b"OPTIONS * HTTP/1.1")),
        ):
            self.assertEqual(plain_head(head_of(sent), sent + b"body"), seen)


class RefusalTests(SynchronousTestCase):
    """Each head here is read differently by some two parsers, or forbidden."""

    def refused(self, data: bytes, message: str) -> None:
        """C{data} is refused with C{message}, in one piece or byte by byte."""
        self.assertEqual(outcome(data), message, data)
        self.assertEqual(outcome(data, 1), message, data)

    def test_request_lines(self) -> None:
        """
        A request line is method, blank, target, blank, version, and nothing else.
        """
        shape = "400: request line that is not method, blank, target, blank, version (RFC 9112 section 3)"
        marks = "400: request line with a control character or one outside ASCII (RFC 9112 section 3)"
        for line, message in (
            (b"GET /", shape),
            (b"GET  / HTTP/1.1", shape),
            (b"GET /  HTTP/1.1", shape),
            (b"GET / HTTP/1.1 ", shape),
            (b"GET /a b HTTP/1.1", shape),
            (b"GET\t/\tHTTP/1.1", marks),
            (b"GET /\x00 HTTP/1.1", marks),
            (b"GET /\x7f HTTP/1.1", marks),
            (b"GET /\xc3\xa9 HTTP/1.1", marks),
            (b"G(T / HTTP/1.1", "400: method that is no token (RFC 9112 section 3)"),
            (b"GET /#a HTTP/1.1", "400: target with a fragment (RFC 9112 section 3)"),
            (b"GET / HTTP/1", "400: HTTP version that cannot be read (RFC 9112 section 3)"),
            (b"GET / http/1.1", "400: HTTP version that cannot be read (RFC 9112 section 3)"),
            (b"GET / HTTP/11.1", "400: HTTP version that cannot be read (RFC 9112 section 3)"),
            (b"GET / HTTP/1.2", "505: HTTP version other than 1.0 and 1.1 (RFC 9110 section 15.6.6)"),
            (b"PRI * HTTP/2.0", "505: HTTP version other than 1.0 and 1.1 (RFC 9110 section 15.6.6)"),
        ):
            self.refused(request(line=line), message)

    def test_not_http(self) -> None:
        """
        Other protocols, TLS on a plain port above all, are refused at their first byte.
        """
        message = "400: not an HTTP request (RFC 9112 section 3)"
        for data in (
            b"\x16\x03\x01",
            b" ",
            b"\n",
            b"\x00",
            b"\rG",
            b"\r\n\r\n\r\n",
            b"\r\n\r\nGET / HTTP/1.1",
        ):
            self.refused(data, message)
        self.assertIsNone(peek(b"\r\n\r"))

    def test_line_ends(self) -> None:
        """
        Lines end with CR LF; a lone CR or LF is seen as a line's end by some parsers only.
        """
        message = "400: LF without CR (RFC 9112 section 2.2)"
        self.refused(b"GET / HTTP/1.1\n", message)
        self.refused(b"GET / HTTP/1.1\nHost: x\n\n", message)
        self.refused(b"GET / HTTP/1.1\r\nHost: x\r\nA: b\nContent-Length: 5\r\n\r\n", message)
        self.refused(b"GET / HTTP/1.1\r\nHost: x\r\n\n", message)
        message = "400: CR without LF (RFC 9112 section 2.2)"
        self.refused(b"GET / HTTP/1.1\rHost: x\r\n\r\n", message)
        self.refused(request(b"A: b\rContent-Length: 5"), message)
        self.refused(request(b"A: b\r"), message)

    def test_targets(self) -> None:
        """
        Targets that name another host, are no path, or that a backend could resolve differently.
        """
        form = "400: target that is no path, no http URI and no * (RFC 9112 section 3.2)"
        host = "400: target and Host that name different hosts (RFC 9112 section 3.2.2)"
        path = (
            "400: path with a dot segment, a backslash or an unfinished percent-encoding"
            " (RFC 3986 section 3.3)"
        )
        for target, message in (
            (b"*", form),
            (b"a", form),
            (b"ftp://x/", form),
            (b"?a", form),
            (b"http://y/", host),
            (b"http://x:81/", host),
            (b"https://x:80/", host),
            (b"http://x@y/", host),
            (b"http://x@x/", host),
            (b"http:///", host),
            (b"/..", path),
            (b"/.", path),
            (b"/a/../b", path),
            (b"/a/./b", path),
            (b"/a/%2e%2E/b", path),
            (b"/a/.%2e", path),
            (b"http://x/%2e%2e/b", path),
            (b"/a\\..\\b", path),
            (b"/%", path),
            (b"/%4", path),
            (b"/%zz", path),
        ):
            self.refused(request(line=b"GET " + target + b" HTTP/1.1"), message)
        self.refused(
            request(line=b"CONNECT x:443 HTTP/1.1"),
            "501: CONNECT to a gateway that is no tunnel (RFC 9110 section 9.3.6)",
        )

    def test_fields(self) -> None:
        """
        A field is a token, a colon and visible ASCII.
        """
        name = "400: header field whose name is no token (RFC 9112 section 5)"
        value = "400: header field with a control character or one outside ASCII (RFC 9112 section 5)"
        for field, message in (
            (b"A", "400: header field without a colon (RFC 9112 section 5)"),
            (b": a", name),
            (b"A B: c", name),
            (b"A\x00: c", name),
            (b"\xe9: c", name),
            (b"A : b", "400: blank before the colon of a header field (RFC 9112 section 5)"),
            (b"A\t: b", "400: blank before the colon of a header field (RFC 9112 section 5)"),
            (b"A: \x00", value),
            (b"A: \x0b", value),
            (b"A: \x7f", value),
            (b"A: \x85", value),
            (b"A: caf\xc3\xa9", value),
        ):
            self.refused(request(field), message)

    def test_hosts(self) -> None:
        """
        HTTP/1.1 has exactly one Host, and it is a name or an address.
        """
        self.refused(request(host=b""), "400: no Host (RFC 9112 section 3.2)")
        self.refused(request(b"host: x"), "400: host more than once (RFC 9110 section 5.3)")
        message = "400: Host that is not a name or address with or without a port (RFC 9112 section 3.2)"
        for value in (
            b"", b"x y", b"x,y", b"u@x", b"x:", b"x:0", b"x:65536", b"x:8a", b"x:+8", b"x:1:2", b"x/",
            b"::1", b"[::1", b"[::1]x", b"[::g]", b"[1.2.3]", b"[]", b"http://x", b"x%2e",
        ):  # fmt: skip
            self.refused(request(host=b"Host: " + value), message)

    def test_single_values(self) -> None:
        """
        A field that decides something has one value.
        """
        for name in (b"Origin", b"Authorization", b"Sec-WebSocket-Key", b"Sec-WebSocket-Version"):
            self.refused(
                request(name + b": a", name + b": a"),
                f"400: {name.decode().lower()} more than once (RFC 9110 section 5.3)",
            )

    def test_lengths(self) -> None:
        """
        Head, target, request line and number of fields have limits; the first to be passed decides.
        """
        field = b"A: " + b"a" * 100
        most = request(*[b"a:"] * (MAX_HEADERS - 1))
        self.assertEqual(head_of(most).length, len(most))
        self.refused(
            request(*[b"a:"] * MAX_HEADERS),
            f"431: more than {MAX_HEADERS} header fields (RFC 6585 section 5)",
        )
        longest = b"GET /" + b"a" * (MAX_TARGET - 1) + b" HTTP/1.1"
        self.assertEqual(len(head_of(request(line=longest)).target), MAX_TARGET)
        self.refused(
            request(line=longest.replace(b"/", b"/a", 1)),
            f"414: target of more than {MAX_TARGET} bytes (RFC 9112 section 3)",
        )
        data = request(field)
        self.assertEqual(outcome(data, 1, limit=len(data)), head_of(data))
        for limit, message in (
            (len(data) - 1, f"431: head of more than {len(data) - 1} bytes (RFC 6585 section 5)"),
            (17, "431: head of more than 17 bytes (RFC 6585 section 5)"),
            (16, "414: request line of more than 16 bytes (RFC 9112 section 3)"),
        ):
            self.assertEqual(outcome(data, limit=limit), message)
            self.assertEqual(outcome(data, 1, limit=limit), message)


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


class HandshakeTests(SynchronousTestCase):
    def fault(self, old: bytes, new: bytes) -> str:
        """What is wrong with the handshake when C{old} in it is C{new}."""
        self.assertIn(old, HANDSHAKE)
        return str(websocket_fault(head_of(HANDSHAKE.replace(old, new))))

    def test_good(self) -> None:
        """
        A browser's handshake passes, and its offer of subprotocols is kept in order.
        """
        head = head_of(HANDSHAKE)
        self.assertIsNone(websocket_fault(head))
        self.assertEqual(subprotocols(head), ("v12.stomp", "v11.stomp"))

    def test_no_offer(self) -> None:
        """
        A client may offer no subprotocol.
        """
        head = head_of(HANDSHAKE.replace(b"Sec-WebSocket-Protocol: v12.stomp, v11.stomp\r\n", b""))
        self.assertIsNone(websocket_fault(head))
        self.assertEqual(subprotocols(head), ())

    def test_method(self) -> None:
        """
        A WebSocket begins with GET: 405 says so.
        """
        why = websocket_fault(head_of(HANDSHAKE.replace(b"GET", b"POST")))
        assert why is not None
        self.assertEqual(str(why), "405: a WebSocket begins with GET (RFC 6455 section 4.2.1)")
        self.assertEqual(why.headers, [(b"Allow", b"GET")])

    def test_version(self) -> None:
        """
        Only version 13 is spoken: 426 says so, in its header too.
        """
        for version in (b"Version: 8", b"Version: 13, 8", b"Version:", b"Versions: 13"):
            why = websocket_fault(head_of(HANDSHAKE.replace(b"Version: 13", version)))
            assert why is not None
            self.assertEqual(str(why), "426: a WebSocket version other than 13 (RFC 6455 section 4.4)")
            self.assertEqual(why.headers, [(b"Upgrade", b"websocket"), (b"Sec-WebSocket-Version", b"13")])

    def test_key(self) -> None:
        """
        The key is base64 of 16 bytes.
        """
        message = "400: Sec-WebSocket-Key that is not 16 bytes in base64 (RFC 6455 section 4.2.1)"
        key = b"Key: dGhlIHNhbXBsZSBub25jZQ=="
        for bad in (
            b"Key:", b"Key: abc", b"Keys: dGhlIHNhbXBsZSBub25jZQ==", b"Key: dGhlIHNhbXBsZSBub25jZTE=",
            b"Key: dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==", b"Key: dGhlIHNhbXBsZS_ub25jZQ==",
        ):  # fmt: skip
            self.assertEqual(self.fault(key, bad), message, bad)

    def test_subprotocols(self) -> None:
        """
        Subprotocols are different tokens.
        """
        message = "400: Sec-WebSocket-Protocol that is not a list of different tokens (RFC 6455 section 4.1)"
        for bad in (b"a, a", b"a b", b"a,,b", b"", b"a/b"):
            self.assertEqual(self.fault(b"v12.stomp, v11.stomp", bad), message, bad)

    def test_body(self) -> None:
        """
        An upgrade has no body, which would be taken for WebSocket frames.
        """
        message = "400: an upgrade with a body (RFC 6455 section 4.1)"
        for bad in (b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"):
            self.assertEqual(self.fault(b"Upgrade:", bad + b"Upgrade:"), message)
        self.assertEqual(self.fault(b"Upgrade:", b"Content-Length: 0\r\nUpgrade:"), "None")


class AnswerTests(SynchronousTestCase):
    def test_whole(self) -> None:
        """
        An answer is a small page with its length, after which the connection closes.
        """
        self.assertEqual(
            answer(404),
            b"HTTP/1.1 404 Not Found\r\n"
            b"Content-Type: text/html;charset=utf-8\r\nContent-Length: 90\r\nConnection: close\r\n\r\n"
            b"<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>\n",
        )

    def test_refusal(self) -> None:
        """
        A 426 says what to upgrade to; a HEAD request gets no page.
        """
        self.assertEqual(
            refusal(upgrade_required(), server=b"gateway", date=b"Thu, 01 Jan 1970 00:00:00 GMT", body=False),
            b"HTTP/1.1 426 Upgrade Required\r\n"
            b"Server: gateway\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
            b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Content-Type: text/html;charset=utf-8\r\nContent-Length: 142\r\n"
            b"Connection: Upgrade, close\r\n\r\n",
        )

    def test_markup(self) -> None:
        """
        The sentence is text, not markup.
        """
        self.assertIn(b"<p>a &lt;b&gt; &amp; c</p>", answer(400, "a <b> & c"))
