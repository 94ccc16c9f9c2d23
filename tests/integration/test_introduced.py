"""HAProxy as a backend that takes PROXY headers and says whom they name."""

from __future__ import annotations

import socket
import ssl
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.trial.unittest import SynchronousTestCase
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.integration import servers
from tests.integration.children import Child, free_ports
from tests.integration.gateway import Gateway, conf, service
from tests.integration.haproxy import haproxy
from tests.integration.test_servers import ask, mqtt_connect
from tests.integration.test_websockets import self_signed

REQUEST = b"GET / HTTP/1.0\r\n\r\n"
BACKEND = """
defaults
    mode http
    timeout connect 5s
    timeout client  5s
    timeout server  5s

frontend told
    bind 127.0.0.1:{} accept-proxy
    bind 127.0.0.1:{} accept-proxy ssl crt {}
    http-request return status 200 content-type text/plain lf-string \
"%[fc_rcvd_proxy] %[src] %[src_port] %[dst] %[dst_port] %[fc_pp_authority] %[fc_pp_unique_id]."
"""
CLIENT = "127.0.0.21"


class ToldTests(SynchronousTestCase):
    """What a backend that did not come out of this house makes of the header."""

    def setUp(self) -> None:
        place = TemporaryDirectory(prefix="kaazing-told-")
        self.addCleanup(place.cleanup)
        self.pem = self_signed(Path(place.name))
        self.clear, self.secure, self.port, self.stream = free_ports(4)

    def gateway(self, accept: str, scheme: str, version: str, options: str = "") -> Gateway:
        """Return a gateway between C{accept} and HAProxy."""
        back = {"tcp": self.clear, "ssl": self.secure}[scheme]
        header = f"<proxy.protocol>{version}</proxy.protocol>" if version else ""
        return Gateway(
            conf(
                service(
                    "proxy",
                    accept,
                    f"{scheme}://127.0.0.1:{back}",
                    accept_options=f"<ssl.certificate-file>{self.pem}</ssl.certificate-file>{options}",
                    connect_options=f"{header}<ssl.ca-file>{self.pem}</ssl.ca-file>",
                )
            )
        )

    def dialled(self) -> socket.socket:
        """Return a connection of the client to the gateway."""
        made = socket.create_connection(("127.0.0.1", self.port), 10, (CLIENT, 0))
        self.addCleanup(made.close)
        self.source = made.getsockname()[1]
        return made

    def websocket(self, scheme: str, **headers: str) -> list[str]:
        """Ask over a WebSocket; return what HAProxy says, word by word."""
        context = None
        if scheme == "wss":
            context = ssl.create_default_context(cafile=str(self.pem))
            context.check_hostname = False
        asking = connect(
            f"{scheme}://127.0.0.1:{self.port}/",
            sock=self.dialled(),
            ssl=context,
            server_hostname="www.example.com" if context else None,
            additional_headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        with asking as opened:
            opened.send(REQUEST)
            response = b""
            while not response.endswith(b"."):
                piece = opened.recv(10)
                assert isinstance(piece, bytes)
                response += piece
        return self.words(response)

    def words(self, response: bytes) -> list[str]:
        """Return the words of a response's body."""
        head, _, body = response.partition(b"\r\n\r\n")
        self.assertEqual(head.split(b" ")[1], b"200", head)
        return body.decode().rstrip(".").split(" ")

    def test_versions(self) -> None:
        """
        Both versions name the client's address and port and the gateway's; version 2 has an id too, another
        for each connection.
        """
        with haproxy(BACKEND.format(self.clear, self.secure, self.pem), self.clear):
            with self.gateway(f"ws://127.0.0.1:{self.port}/", "tcp", "v1"):
                told = self.websocket("ws")
                self.assertEqual(told, ["1", CLIENT, str(self.source), "127.0.0.1", str(self.port), "", ""])
            with self.gateway(f"ws://127.0.0.1:{self.port}/", "tcp", "v2"):
                ids = set()
                for _ in range(2):
                    *told, name = self.websocket("ws")
                    self.assertEqual(told, ["1", CLIENT, str(self.source), "127.0.0.1", str(self.port), ""])
                    self.assertRegex(name, "^[0-9a-f]{32}$")
                    ids.add(name)
                self.assertEqual(len(ids), 2)

    def test_tls(self) -> None:
        """
        Before TLS the header is read as well; version 2 says which name the client asked for in its own TLS.
        """
        with (
            haproxy(BACKEND.format(self.clear, self.secure, self.pem), self.clear),
            self.gateway(f"wss://127.0.0.1:{self.port}/", "ssl", "v2"),
        ):
            told = self.websocket("wss")
        self.assertEqual(
            told[:-1], ["1", CLIENT, str(self.source), "127.0.0.1", str(self.port), "www.example.com"]
        )

    def test_behind_a_proxy(self) -> None:
        """
        Where a listed proxy names the client, that one is named, IPv6 beside IPv4 included; what anybody
        else says is not passed on.
        """
        forwarded = "[2001:db8::9]:4711"
        with haproxy(BACKEND.format(self.clear, self.secure, self.pem), self.clear):
            for trusted, told in (
                (CLIENT, ["2001:db8::9", "4711", "::ffff:127.0.0.1"]),
                ("192.0.2.1", [CLIENT, None, "127.0.0.1"]),
            ):
                options = f"<proxy.trusted>{trusted}</proxy.trusted>"
                for version in ("v1", "v2"):
                    with self.gateway(f"ws://127.0.0.1:{self.port}/", "tcp", version, options):
                        words = self.websocket("ws", X_Forwarded_For=forwarded)
                    expected = [each or str(self.source) for each in told]
                    self.assertEqual(words[:5], ["1", *expected, str(self.port)], (trusted, version))

    def test_tcp(self) -> None:
        """
        A client of a tcp accept is named too, and its bytes follow at once.
        """
        with (
            haproxy(BACKEND.format(self.clear, self.secure, self.pem), self.clear),
            self.gateway(f"tcp://127.0.0.1:{self.port}", "tcp", "v2"),
            closing(self.dialled()) as line,
        ):
            line.sendall(REQUEST)
            response = b""
            while piece := line.recv(4096):
                response += piece
        words = self.words(response)
        self.assertEqual(words[:5], ["1", CLIENT, str(self.source), "127.0.0.1", str(self.port)])


BEFORE_BROKER = """
global
    log stdout format raw local0

defaults
    mode tcp
    log global
    log-format "told %[fc_rcvd_proxy] %ci %cp %[fc_pp_unique_id]."
    timeout connect 5s
    timeout client  5s
    timeout server  5s

listen told
    bind 127.0.0.1:{} accept-proxy
    server broker 127.0.0.1:{}
"""
CONNACK, PINGREQ, PINGRESP = b"\x20\x02\0\0", b"\xc0\0", b"\xd0\0"


class AdaptedTests(SynchronousTestCase):
    """Where an adapter stands between: the gateway logs in at Mosquitto, behind a header to HAProxy."""

    def test_mqtt(self) -> None:
        """
        The header comes before the login of the configuration and all that the client says after it; it names
        the client, over WebSocket and TCP, in both versions.
        """
        backend, websocket, stream = free_ports(3)
        login = f"<backend.username>{servers.USER}</backend.username>"
        login += f"<backend.password>{servers.PASSWORD}</backend.password>"
        with haproxy(BEFORE_BROKER.format(backend, servers.mosquitto().mqtt), backend) as told:
            for version in ("v1", "v2"):
                options = f"<proxy.protocol>{version}</proxy.protocol>"
                proxies = [
                    service(
                        "mqtt.proxy",
                        accept,
                        f"tcp://127.0.0.1:{backend}",
                        properties=login,
                        connect_options=options,
                    )
                    for accept in (f"ws://127.0.0.1:{websocket}/", f"tcp://127.0.0.1:{stream}")
                ]
                with Gateway(conf(*proxies)):
                    for converse, port in ((self.in_messages, websocket), (self.in_bytes, stream)):
                        line = socket.create_connection(("127.0.0.1", port), 10, (CLIENT, 0))
                        self.addCleanup(line.close)
                        expected = f"told 1 {CLIENT} {line.getsockname()[1]} "
                        converse(line)
                        told.await_(partial(self.named, told, expected), 10)
                        identified = r"[0-9a-f]{32}\." if version == "v2" else r"-?\."
                        self.assertRegex(told.said(), expected + identified)

    def named(self, told: Child, expected: str) -> bool:
        """Say whether HAProxy's log has these words, as it has when the connection is over."""
        return expected in told.said()

    def in_messages(self, line: socket.socket) -> None:
        """Log in with what would not do, and ping, over WebSocket."""
        url = f"ws://127.0.0.1:{line.getpeername()[1]}/"
        with connect(url, sock=line, subprotocols=[Subprotocol("mqtt")]) as client:
            for question, answer in ((mqtt_connect("nobody", "guess"), CONNACK), (PINGREQ, PINGRESP)):
                client.send(question)
                self.assertEqual(client.recv(10), answer)

    def in_bytes(self, line: socket.socket) -> None:
        """The same over TCP."""
        with line:
            ask(line, mqtt_connect("nobody", "guess"), CONNACK)
            ask(line, PINGREQ, PINGRESP)
