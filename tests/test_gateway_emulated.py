"""Emulated WebSockets in a whole gateway: which accepts take them, over TLS too, and its stop."""

from __future__ import annotations

from kaazing.config.model import AcceptOptions, TlsOptions
from kaazing.wire.wse import CLOSE, NOP, PING, RECONNECT
from tests.running import Caller, GatewayTestCase, service


class EmulatedGatewayTests(GatewayTestCase):
    """A gateway and a client that speaks HTTP by hand."""

    def ask(self, method: str, target: str, *fields: str, body: bytes = b"", port: int = 8000) -> Caller:
        """Send a request on a connection of its own; return the client."""
        client: Caller = self.call(port=port)
        lines = [f"{method} {target} HTTP/1.1", f"Host: localhost:{port}", *fields]
        if method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        client.say("\r\n".join([*lines, "", ""]).encode() + body)
        self.network.settle()
        return client

    def create(self, *fields: str) -> list[str]:
        """Create a session at /echo; return the paths of its directions."""
        answer = self.ask("GET", "/echo/;e/cbm", "X-Sequence-No: 0", *fields)
        urls = answer.heard.partition(b"\r\n\r\n")[2].decode().splitlines()
        return ["/" + url.split("/", 3)[3] for url in urls]

    def frames(self, client: Caller) -> bytes:
        """Return what a downstream said."""
        return client.heard.partition(b"\r\n\r\n")[2]

    def test_schemes(self) -> None:
        """
        Accepts that say nothing else take emulated clients; wse none but those, wsn and wsx none of them.
        """
        found = {}
        for scheme in ("ws", "wse", "wsn", "wsx"):
            gateway = self.start(service("echo", "echo", f"{scheme}://localhost:8000/echo"))
            emulated = self.ask("GET", "/echo/;e/cbm").head.split()[1]
            found[scheme] = emulated, self.browse("/echo").head.split()[1]
            gateway.stopService()
            self.network.wait(7)
        expected = {
            "ws": ("201", "101"),
            "wse": ("201", "404"),
            "wsn": ("404", "101"),
            "wsx": ("404", "101"),
        }
        self.assertEqual(found, expected)

    def test_echo(self) -> None:
        """
        What comes up comes down again.
        """
        self.start(service("echo", "echo", "ws://localhost:8000/echo"))
        up, down = self.create()
        reading = self.ask("GET", down, "X-Sequence-No: 1")
        sent = self.ask("POST", up, "X-Sequence-No: 1", body=b"\x81\x05hello" + RECONNECT)
        self.assertEqual((sent.head, self.frames(reading)), ("HTTP/1.1 200 OK", NOP + b"\x81\x05hello"))

    def test_options(self) -> None:
        """
        The limits of the accept's options are those of emulated clients too.
        """
        options = AcceptOptions(ws_max_message=4, ws_inactivity=10.0)
        self.start(service("echo", "echo", "ws://localhost:8000/echo", accept_options=options))
        up, down = self.create("X-Accept-Commands: ping")
        reading = self.ask("GET", down, "X-Sequence-No: 1")
        self.network.wait(6)
        self.assertEqual(self.frames(reading), NOP + PING)
        sent = self.ask("POST", up, "X-Sequence-No: 1", body=b"\x81\x05hello" + RECONNECT)
        self.assertEqual(sent.head, "HTTP/1.1 400 Bad Request")
        self.assertEqual(self.frames(reading), NOP + PING + CLOSE + RECONNECT)
        why = "client byte 1: message of more than 4 bytes (WSE message size)"
        self.assertEqual(self.said, [f"service echo: client 192.0.2.1:5000: {why}"])

    def test_twin(self) -> None:
        """
        Behind a proxy that keeps responses, clients go on at the accept over TLS, with the same session.
        """
        accepts = "ws://localhost:8000/echo", "wss://localhost:8443/echo", "wss://localhost:8443/other"
        options = AcceptOptions(binds={"wss": ("127.0.0.1", 8443)}, tls=TlsOptions(encryption=False))
        self.start(service("echo", "echo", *accepts, accept_options=options))
        up, down = self.create()
        sent = self.ask("GET", down + "?.ki=p", "X-Sequence-No: 1")
        self.assertEqual(sent.head, "HTTP/1.1 302 Found")
        there = "https://localhost:8443"
        self.assertEqual(sent.fields["location"], there + down + "?.ki=p")
        reading = self.ask("GET", down + "?.ki=p", "X-Sequence-No: 1", port=8443)
        self.ask("POST", up, "X-Sequence-No: 1", body=b"\x81\x05hello" + RECONNECT)
        self.assertEqual(self.frames(reading), b"\x81\x05hello" + RECONNECT)
        elsewhere = down.replace("/echo/", "/other/")
        self.assertEqual(self.ask("GET", elsewhere, "X-Sequence-No: 2", port=8443).head[9:12], "404")

    def test_stop(self) -> None:
        """
        A gateway that stops says CLOSE and RECONNECT, and waits for the client's CLOSE.
        """
        gateway = self.start(service("echo", "echo", "ws://localhost:8000/echo"))
        up, down = self.create()
        sending = self.ask("POST", up, "X-Sequence-No: 1", body=NOP + RECONNECT)
        reading = self.ask("GET", down, "X-Sequence-No: 1")
        stopped = gateway.stopService()
        self.network.settle()
        self.assertEqual(self.frames(reading), NOP + CLOSE + RECONNECT)
        self.assertNoResult(stopped)
        body = CLOSE + RECONNECT
        head = (
            f"POST {up} HTTP/1.1\r\nHost: localhost:8000\r\nX-Sequence-No: 2\r\nContent-Length: {len(body)}"
        )
        sending.say(head.encode() + b"\r\n\r\n" + body)
        self.network.wait(1)
        self.successResultOf(stopped)

    def test_stop_alone(self) -> None:
        """
        A session whose client is away is waited for no longer than others.
        """
        gateway = self.start(service("echo", "echo", "ws://localhost:8000/echo"))
        self.create()
        stopped = gateway.stopService()
        self.network.wait(7)
        self.successResultOf(stopped)
