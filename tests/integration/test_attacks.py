"""Attacks on a gateway in a process of its own, while somebody else uses it: bounded, over loopback.

The attacker has an address of 127.0.0.0/8, which counts as any other here; the witness has another.
"""

from __future__ import annotations

import socket
import ssl
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families
from twisted.trial.unittest import SynchronousTestCase
from websockets.sync.client import ClientConnection, connect

from tests.integration.children import free_port
from tests.integration.gateway import Gateway, command, conf, service
from tests.transports.certificates import SERVER

ATTACKER, WITNESS = "127.0.0.66", "127.0.0.7"
PATIENCE = 0.5  # seconds within which a witness has its answers, most of the time
HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class AttackTestCase(SynchronousTestCase):
    """An echo service, and one that tells what is counted."""

    def setUp(self) -> None:
        """Have ports, and everything that is opened closed at the end."""
        self.port, self.watch = free_port(), free_port()
        self.open = self.enterContext(ExitStack())

    def start(self, options: str = "", scheme: str = "ws", *, descriptors: int = 0) -> Gateway:
        """Start the gateway with accept-options; it has so many file descriptors, 0 for any number."""
        options = f"<unlimited.addresses>none</unlimited.addresses>{options}"
        text = conf(
            service("echo", f"{scheme}://127.0.0.1:{self.port}/echo", accept_options=options),
            service("management", f"http://127.0.0.1:{self.watch}/manage"),
        )

        def limited(path: Path) -> Sequence[str]:
            return ["sh", "-c", f'ulimit -n {descriptors} && exec "$@"', "sh", *command(path)]

        self.gateway = self.enterContext(Gateway(text, argv=limited if descriptors else None))
        return self.gateway

    def attack(self, data: bytes = b"", address: str = ATTACKER) -> socket.socket:
        """Connect once more; send C{data}."""
        made = socket.create_connection(("127.0.0.1", self.port), 10, (address, 0))
        self.open.callback(made.close)
        made.sendall(data)
        return made

    @contextmanager
    def witness(self, context: ssl.SSLContext | None = None) -> Iterator[ClientConnection]:
        """Somebody else uses the service; C{context}: over TLS."""
        url = f"{'ws' if context is None else 'wss'}://127.0.0.1:{self.port}/echo"
        with connect(url, ssl=context, source_address=(WITNESS, 0)) as made:
            yield made

    def ask(self, witness: ClientConnection, times: int = 20) -> float:
        """Return the median time of an answer, seconds."""
        taken = []
        for number in range(times):
            before = time.monotonic()
            witness.send(str(number))
            self.assertEqual(witness.recv(10), str(number))
            taken.append(time.monotonic() - before)
        return statistics.median(taken)

    def counted(self, limit: str) -> float:
        """Return how often a limit was reached, as Prometheus sees it."""
        body = urlopen(f"http://127.0.0.1:{self.watch}/manage/metrics", timeout=10).read().decode()
        return sum(
            sample.value
            for family in text_string_to_metric_families(body)
            for sample in family.samples
            if sample.name == "kaazing_limited_total" and sample.labels["limit"] == limit
        )


class ConnectionTests(AttackTestCase):
    """Very many connections of one address."""

    def test_thousand(self) -> None:
        """
        A thousand connections of one address leave it with those that it may have, the others closed or told
        429; whoever else is there, or comes, has his answers as before, and the log stays short.
        """
        self.start(
            "<maximum.connections.per.address>100</maximum.connections.per.address>"
            "<maximum.connection.rate.per.address>0</maximum.connection.rate.per.address>"
        )
        with self.witness() as before:
            clients = [self.attack(HANDSHAKE % self.port) for _ in range(1000)]
            self.assertLess(self.ask(before), PATIENCE)
            with self.witness() as after:
                self.assertLess(self.ask(after), PATIENCE)
            heads = [self.head(client) for client in clients]
            self.assertEqual(heads.count(b"HTTP/1.1 101"), 100)
            self.assertEqual(set(heads), {b"HTTP/1.1 101", b"HTTP/1.1 429", b""} & set(heads))
            self.assertEqual(self.counted("maximum.connections.per.address"), 900)
        self.assertLess(self.gateway.said().count("turned away"), 30)

    def head(self, client: socket.socket) -> bytes:
        """Return the beginning of the answer, empty for none."""
        client.settimeout(10)
        try:
            return client.recv(4096)[:12]
        except OSError:
            return b""

    def test_flood(self) -> None:
        """
        Handshakes one after another, each connection closed at once, end at the rate of an address.
        """
        self.start("<maximum.connection.rate.per.address>20</maximum.connection.rate.per.address>")
        with self.witness() as witness:
            began = time.monotonic()
            heads = []
            for _ in range(300):
                client = self.attack(HANDSHAKE % self.port)
                heads.append(self.head(client))
                client.close()
            seconds = time.monotonic() - began
            self.assertLess(self.ask(witness), PATIENCE)
        self.assertLessEqual(heads.count(b"HTTP/1.1 101"), 20 * (int(seconds) + 2))
        self.assertIn(b"HTTP/1.1 429", heads)

    def test_slow_heads(self) -> None:
        """
        Requests that never end keep nobody else waiting, and go after ten seconds; here nobody waits so long.
        """
        self.start("<maximum.connection.rate.per.address>0</maximum.connection.rate.per.address>")
        slow = [self.attack(b"GET /echo HTTP/1.1\r\nHost: ") for _ in range(300)]
        with self.witness() as witness:
            for client in slow:
                client.sendall(b"x")
            self.assertLess(self.ask(witness), PATIENCE)

    def test_half_open_tls(self) -> None:
        """
        TLS handshakes that stop in the middle count for their address, and keep nobody else waiting.
        """
        place = TemporaryDirectory(prefix="kaazing-attacks-")
        self.addCleanup(place.cleanup)
        SERVER.write(Path(place.name) / "gateway.pem")
        self.start(
            f"<ssl.certificate-file>{place.name}/gateway.pem</ssl.certificate-file>"
            "<maximum.connections.per.address>100</maximum.connections.per.address>"
            "<maximum.connection.rate.per.address>0</maximum.connection.rate.per.address>",
            "wss",
        )
        for _ in range(200):
            self.attack(b"\x16\x03\x01\x02\x00\x01")
        anything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anything.check_hostname, anything.verify_mode = False, ssl.CERT_NONE
        with self.witness(anything) as witness:
            self.assertLess(self.ask(witness), PATIENCE)
            self.assertEqual(self.counted("maximum.connections.per.address"), 100)


class DescriptorTests(AttackTestCase):
    """A process that may have few descriptors."""

    def test_exhausted(self) -> None:
        """
        More connections than descriptors: those that are in go on, the others wait in the kernel and come in
        when some have gone; the log says it, and nothing fails.
        """
        if sys.platform != "linux":
            self.skipTest("ulimit as on Linux")
        self.start(descriptors=200)
        self.assertIn("72 clients at once, for 200 descriptors", self.gateway.said())
        with self.witness() as witness:
            clients = [self.attack(HANDSHAKE % self.port) for _ in range(90)]
            self.assertLess(self.ask(witness), PATIENCE)
            self.assertLess(self.gateway.descriptors(), 200)
            self.assertIn("descriptors: everybody waits: 72 connections are open", self.gateway.said())
            for client in clients[:60]:
                client.close()
            with self.witness() as late:
                self.assertLess(self.ask(late), PATIENCE)
            self.assertLess(self.ask(witness), PATIENCE)
        self.assertNotIn("EMFILE", self.gateway.said())
