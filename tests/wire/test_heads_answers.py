"""Handshakes that RFC 6455 forbids, and the answers to what is refused."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.heads import answer, refusal, subprotocols, upgrade_required, websocket_fault
from tests.wire.requests import HANDSHAKE, head_of


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

    def test_phrases(self) -> None:
        """
        The reason phrases are those of RFC 9110, on every Python.
        """
        lines = [answer(status).split(b"\r\n")[0] for status in (413, 414, 416, 422, 431)]
        self.assertEqual(
            lines,
            [
                b"HTTP/1.1 413 Content Too Large",
                b"HTTP/1.1 414 URI Too Long",
                b"HTTP/1.1 416 Range Not Satisfiable",
                b"HTTP/1.1 422 Unprocessable Content",
                b"HTTP/1.1 431 Request Header Fields Too Large",
            ],
        )
