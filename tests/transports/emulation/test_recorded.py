"""The traffic of the original's clients, as it was seen on the wire, and what they are answered."""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from kaazing.wire.wse import CLOSE, NOP, PING, PONG, RECONNECT
from tests.transports.doors import Ear, Wire
from tests.transports.emulation.stage import Stage

_JAVASCRIPT = (
    "Host: example.com:8000\r\nConnection: keep-alive\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)"
    " AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36\r\n"
    "x-origin: http://example.com:8000\r\nAccept: */*\r\nReferer: http://example.com:8000/?.kr=xs\r\n"
    "Accept-Encoding: gzip, deflate\r\nAccept-Language: en-US,en;q=0.9\r\n"
)
_JAVA = (
    "User-Agent: Java/1.8.0\r\nHost: example.com:8000\r\n"
    "Accept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2\r\nConnection: keep-alive\r\n"
)
_VARIES = re.compile(rb"Date: [^\r]+\r\n|Vary: Origin\r\n")


class Recorded(SynchronousTestCase):
    """A service at /chat that hears and answers."""

    def setUp(self) -> None:
        """Open it."""
        self.stage = Stage()
        self.ear = Ear()

    def ask(self, wire: Wire, line: str, fields: str, body: bytes = b"") -> bytes:
        """Send a request; return what was answered to it, without what varies."""
        wire.clear()
        if body or line.startswith("POST"):
            fields += f"Content-Length: {len(body)}\r\n"
        wire.say(f"{line} HTTP/1.1\r\n{fields}\r\n".encode() + body)
        return self.said(wire)

    def said(self, wire: Wire) -> bytes:
        """Return what was answered since the last request."""
        return _VARIES.sub(b"", wire.value())

    def owned(self) -> str:
        """Let the service resume its only channel; return the session's id."""
        (channel,) = self.stage.house.host.guests
        channel.receiver = self.ear
        channel.whole = True
        channel.resume()
        self.channel = channel
        return str(channel.id)  # type: ignore[attr-defined]


class JavaScriptTests(Recorded):
    """The JavaScript client: everything through its bridge page, so in envelopes."""

    def test_session(self) -> None:
        """
        Create, messages both ways, upstream before downstream, a PING, and close.
        """
        asking = self.stage.house.visitor()
        text = "Content-Type: text/plain; charset=utf-8\r\n"
        created = self.ask(
            asking,
            "GET /chat/;e/ctm?.kn=4710528366129",
            _JAVASCRIPT + text + "x-websocket-version: wseb-1.0\r\nx-accept-commands: ping\r\n"
            "x-websocket-extensions: x-kaazing-idle-timeout\r\nx-sequence-no: 0\r\n",
        )
        name = self.owned()
        urls = "".join(f"http://example.com:8000/chat/;e/{way}tm/{name}\n" for way in "ud").encode()
        self.assert_enveloped(created, b"201 Created", urls)

        sending, reading = self.stage.house.visitor(), self.stage.house.visitor()
        up = f"POST /chat/;e/utm/{name}&.krn=0.7086547"
        answer = self.ask(sending, up, _JAVASCRIPT + text + "x-sequence-no: 1\r\n", _up(b"\x81\x05hello"))
        self.assert_enveloped(answer, b"200 OK", b"")
        down = f"GET /chat/;e/dtm/{name}?.ksn=1&.kc=text/plain;charset=windows-1252&.kb=4096&.kid=7164829"
        begun = self.ask(reading, down, _JAVASCRIPT)
        self.assertTrue(begun.startswith(b"HTTP/1.1 200 OK\r\n"))
        self.assertIn(b"Content-Type: text/plain;charset=windows-1252\r\n", begun)
        self.assertIn(b"\r\nConnection: close\r\n", begun)
        inside = begun.partition(b"\r\n\r\n")[2]
        self.assertTrue(
            inside.startswith(b"HTTP/1.1 200 OK\r\n") and inside.endswith(b"\r\n\r\n" + NOP), inside
        )

        reading.clear()
        self.channel.send("grüße".encode(), 1)
        self.assertEqual(reading.value(), b"\x81\x07" + "grüße".encode())
        self.channel.send(bytes(range(256)), 2)
        self.ask(sending, up, _JAVASCRIPT + text + "x-sequence-no: 2\r\n", _up(b"\x80\x02\x00\xff" + PONG))
        answer = self.ask(sending, up, _JAVASCRIPT + text + "x-sequence-no: 3\r\n", _up(CLOSE))
        self.assert_enveloped(answer, b"200 OK", b"")
        self.channel.finish()
        self.assertEqual(reading.value()[-8:], CLOSE + RECONNECT)
        self.stage.house.wait(1)
        self.assertEqual(self.ear.heard, [b"hello", b"\x00\xff", "ended", ("lost", None)])

    def test_proxy_mode(self) -> None:
        """
        After three seconds without a head it overlaps the downstream with a poll, and goes on polling.
        """
        asking = self.stage.house.visitor()
        self.ask(asking, "GET /chat/;e/ctm?.kn=1", _JAVASCRIPT + "x-sequence-no: 0\r\n")
        down = f"GET /chat/;e/dtm/{self.owned()}?.ksn="
        rest = "&.kc=text/plain;charset=windows-1252&.kb=4096&.kid=7"
        first, second = self.stage.house.visitor(), self.stage.house.visitor()
        self.ask(first, down + "1" + rest, _JAVASCRIPT)
        self.assertEqual(self.ask(second, down + "2&.ki=p" + rest, _JAVASCRIPT), b"")
        self.assertTrue(first.value().endswith(NOP + RECONNECT))
        self.assertEqual(first.fate, "finished")
        self.channel.send(b"one", 1)
        self.assert_enveloped(self.said(second), b"200 OK", b"\x81\x03one" + RECONNECT)
        self.channel.send(b"two", 1)
        answer = self.ask(second, down + "3&.ki=p" + rest, _JAVASCRIPT)
        self.assert_enveloped(answer, b"200 OK", b"\x81\x03two" + RECONNECT)

    def assert_enveloped(self, answer: bytes, status: bytes, body: bytes) -> None:
        """Check a whole response that is in another."""
        head, _, inside = answer.partition(b"\r\n\r\n")
        self.assertEqual(head.split(b"\r\n")[0], b"HTTP/1.1 200 OK")
        self.assertIn(b"Content-Length: %d" % len(inside), head.split(b"\r\n"))
        within, _, payload = inside.partition(b"\r\n\r\n")
        self.assertEqual((within.split(b"\r\n")[0], payload), (b"HTTP/1.1 " + status, body))


class JavaTests(Recorded):
    """The Java client: binary encoding, no envelopes, everything but create by POST."""

    def test_session(self) -> None:
        """
        Create, a message each way, a PING answered, and close, byte for byte.
        """
        wire = self.stage.house.visitor()
        created = self.ask(
            wire,
            "GET /chat/;e/cbm",
            "X-WebSocket-Version: wseb-1.0\r\nX-Sequence-No: 0\r\nX-WebSocket-Extensions: \r\n"
            "X-Accept-Commands: ping\r\n" + _JAVA,
        )
        name = self.owned()
        urls = "".join(f"http://example.com:8000/chat/;e/{way}bm/{name}\n" for way in "ud").encode()
        self.assertEqual(
            created,
            b"HTTP/1.1 201 Created\r\nContent-Type: text/plain;charset=UTF-8\r\nCache-Control: no-cache\r\n"
            b"Server: Kaazing\r\nContent-Length: %d\r\n\r\n%b" % (len(urls), urls),
        )
        reading = self.stage.house.visitor()
        begun = self.ask(reading, f"POST /chat/;e/dbm/{name}", "X-Sequence-No: 1\r\n" + _JAVA)
        self.assertEqual(
            begun,
            b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
            b"X-Content-Type-Options: nosniff\r\nX-Idle-Timeout: 60\r\nCache-Control: no-cache\r\n"
            b"X-Accel-Buffering: no\r\nServer: Kaazing\r\nConnection: close\r\n\r\n" + NOP,
        )
        up = f"POST /chat/;e/ubm/{name}"
        octets = "Content-Type: application/octet-stream\r\n"
        done = b"HTTP/1.1 200 OK\r\nServer: Kaazing\r\nContent-Length: 0\r\n\r\n"
        frames = b"\x81\x05hello" + PING + RECONNECT
        self.assertEqual(self.ask(wire, up, f"X-Sequence-No: 1\r\n{octets}{_JAVA}", frames), done)
        self.channel.send(b"hello", 1)
        frames = CLOSE + RECONNECT
        self.assertEqual(self.ask(wire, up, f"X-Sequence-No: 2\r\n{octets}{_JAVA}", frames), done)
        self.channel.finish()
        self.assertEqual(self.said(reading)[len(begun) :], PONG + b"\x81\x05hello" + CLOSE + RECONNECT)
        self.assertEqual(reading.fate, "finished")


def _up(frames: bytes) -> bytes:
    """Return frames and RECONNECT as the JavaScript client encodes them."""
    return (frames + RECONNECT).decode("latin-1").encode()
