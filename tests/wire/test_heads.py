"""Request heads: what they say, which are refused and why.  Each refusal is compared whole."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.heads import MAX_HEADERS, MAX_TARGET, Head, peek, plain_head
from tests.wire.requests import HANDSHAKE, PLAIN, head_of, outcome, request


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
