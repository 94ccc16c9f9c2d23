"""Event streams with a real browser and a real gateway: cut and resumed, reset, and fed by UDP and TCP."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from websockets.sync.client import connect

from tests.integration.children import free_port, free_ports
from tests.integration.gateway import Gateway, conf, service
from tests.integration.peers import Relay
from tests.integration.test_daemon import until
from tests.integration.test_websockets import self_signed
from tests.integration.wse import Emulated
from tests.needs import node_packages, program
from tests.wire.eventsource import listen

PATIENCE = 60.0  # seconds for all that a browser does in one test


class Page:
    """A page in Chromium with an EventSource and a WebSocket."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.position = ""

    def hears(self) -> list[str]:
        """Return what was heard next, without the id of an event, which is kept as C{position}."""
        assert self._process.stdout is not None
        said: list[str] = json.loads(self._process.stdout.readline() or '["nothing more"]')
        if len(said) == 3:
            self.position = said.pop()
        return said


@contextmanager
def page(port: int) -> Iterator[Page]:
    """Open a page at a gateway's port that listens to /feed and to /socket."""
    node, chromium = program("node", "nodejs"), program("/usr/bin/chromium", "chromium")
    origin = f"localhost:{port}"
    process = subprocess.Popen(
        [
            *(node, "events.mjs", chromium, f"http://{origin}/"),
            *(f"http://{origin}/feed", f"ws://{origin}/socket"),
        ],
        cwd=node_packages(),
        stdout=subprocess.PIPE,
        text=True,
    )
    late = Timer(PATIENCE, process.kill)
    late.start()
    try:
        yield Page(process)
    finally:
        late.cancel()
        process.kill()
        process.communicate()


def configuration(port: int, bound: int, udp: int, properties: str = "") -> str:
    """Return a broadcast service and pages, at C{port} for clients, listened for at C{bound}."""
    bind = f"<tcp.bind>127.0.0.1:{bound}</tcp.bind>"
    feed = service(
        "broadcast",
        f"sse://localhost:{port}/feed</accept><accept>ws://localhost:{port}/socket",
        f"udp://127.0.0.1:{udp}",
        properties=properties,
        accept_options=f"{bind}<sse.retry>1 s</sse.retry>",
        name="feed",
    )
    folder = node_packages() / "page"
    pages = service(
        "directory",
        f"http://localhost:{port}/",
        properties=f"<directory>{folder}</directory><welcome-file>index.html</welcome-file>",
        accept_options=bind,
    )
    return conf(feed, pages)


class ChromiumTests(SynchronousTestCase):
    """EventSource of Chromium, through a relay that can be cut, fed by datagrams."""

    def setUp(self) -> None:
        self.bound, self.udp = free_port(), free_port()
        self.backend = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.backend.close)

    def say(self, *datagrams: str) -> None:
        """Let the backend send datagrams."""
        for datagram in datagrams:
            self.backend.sendto(datagram.encode(), ("127.0.0.1", self.udp))

    def opened(self, browser: Page) -> None:
        """Wait until both its connections are there."""
        self.assertEqual(sorted((browser.hears(), browser.hears())), [["open"], ["socket open"]])

    def test_cut_and_resumed(self) -> None:
        """
        The page and a WebSocket hear the same; when the connections break, the page comes again by
        itself and hears exactly what was said meanwhile, and goes on.
        """
        with (
            Relay(self.bound) as relay,
            Gateway(configuration(relay.port, self.bound, self.udp)),
            page(relay.port) as browser,
        ):
            self.opened(browser)
            for word in ("one", "zwölf 🥊", "two\nlines"):
                self.say(word)
                heard = sorted((browser.hears(), browser.hears()))
                self.assertEqual(heard, [["message", word], ["socket", word]])
            relay.cut()
            self.say("three", "four")
            self.assertEqual(
                [browser.hears() for _ in range(3)],
                [["open"], ["message", "three"], ["message", "four"]],
            )
            self.say("end")
            self.assertEqual(browser.hears(), ["message", "end"])
            self.assertRegex(browser.position, "^[0-9a-f]{8}-6$")

    def test_before_the_first(self) -> None:
        """
        A page that has heard nothing yet when its connection breaks misses nothing either.
        """
        with (
            Relay(self.bound) as relay,
            Gateway(configuration(relay.port, self.bound, self.udp)),
            page(relay.port) as browser,
        ):
            self.opened(browser)
            relay.cut()
            self.say("one", "end")
            self.assertEqual(
                [browser.hears() for _ in range(3)], [["open"], ["message", "one"], ["message", "end"]]
            )

    def test_reset(self) -> None:
        """
        Where the log does not reach back, because it is too short or the gateway started anew, the page
        hears an event that says so, and then goes on.
        """
        with Relay(self.bound) as relay:
            bounded = configuration(relay.port, self.bound, self.udp, "<log.events>2</log.events>")
            with Gateway(bounded) as gateway, page(relay.port) as browser:
                self.opened(browser)
                relay.cut()
                self.say("1", "2", "3")
                self.assertEqual(browser.hears(), ["open"])
                kind, data = browser.hears()
                said = json.loads(data)
                self.assertEqual((kind, said["reason"]), ("reset", "expired"))
                self.assertEqual(said["oldest"], browser.position.replace("-3", "-2"))
                gateway.terminate()
                self.assertEqual(gateway.stopped(), 0)
                with Gateway(bounded):
                    self.assertEqual(browser.hears(), ["open"])
                    kind, data = browser.hears()
                    self.assertEqual((kind, json.loads(data)["reason"]), ("reset", "unknown"))
                    self.say("end")
                    self.assertEqual(browser.hears(), ["message", "end"])


class BackendTests(SynchronousTestCase):
    """Other ways to hear a backend."""

    @contextmanager
    def streaming(self, port: int) -> Iterator[Any]:
        """Ask for the stream at /feed; give the response, its opening read."""
        connection = http.client.HTTPConnection("localhost", port, timeout=10)
        connection.request("GET", "/feed")
        response = connection.getresponse()
        self.assertEqual(response.status, 200)
        while response.readline() != b"\n":
            pass
        try:
            yield response
        finally:
            response.close()  # which has the socket too
            connection.close()

    def heard(self, response: Any, count: int) -> list[tuple[str, str]]:
        """Return type and data of the next events."""
        data = b""
        while len(listen(data).told) < count:
            data += response.readline()
        return [(kind, text) for kind, text, _ in listen(data).told]

    def test_every_carrier(self) -> None:
        """
        Event streams, WebSockets and emulated ones, streaming and polling, hear the same of a multicast
        group; what one of them says, all hear too.
        """
        port, udp = free_ports(2)
        feed = service(
            "broadcast",
            f"sse://localhost:{port}/feed</accept><accept>ws://localhost:{port}/feed",
            f"mcp://239.192.7.7:{udp}",
            properties="<on.client.message>broadcast</on.client.message>",
            connect_options="<udp.interface>lo</udp.interface>",
            name="feed",
        )
        with (
            Gateway(conf(feed)),
            self.streaming(port) as response,
            connect(f"ws://localhost:{port}/feed") as native,
            Emulated(f"http://localhost:{port}/feed") as streaming,
            Emulated(f"http://localhost:{port}/feed", poll=True) as polling,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as backend,
        ):
            streaming.attach()
            backend.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            backend.sendto("größer".encode(), ("239.192.7.7", udp))
            native_heard = [native.recv(10)]
            native.send("from a client")
            native_heard.append(native.recv(10))
            said = ["größer", "from a client"]
            self.assertEqual(native_heard, said)
            self.assertEqual([text for _, text in self.heard(response, 2)], said)
            for client in (streaming, polling):
                self.assertEqual([client.receive(), client.receive()], said)

    def test_over_tls(self) -> None:
        """
        Event streams over TLS, for a client that offers the protocols that a browser does.
        """
        port, udp = free_ports(2)
        with TemporaryDirectory() as folder, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as backend:
            certificate = self_signed(Path(folder))
            feed = service(
                "broadcast",
                f"sse+ssl://127.0.0.1:{port}/feed",
                f"udp://127.0.0.1:{udp}",
                accept_options=f"<ssl.certificate-file>{certificate}</ssl.certificate-file>",
            )
            trusting = ssl.create_default_context(cafile=str(certificate))
            trusting.set_alpn_protocols(["h2", "http/1.1"])
            with (
                Gateway(conf(feed)),
                socket.create_connection(("127.0.0.1", port), 10) as raw,
                trusting.wrap_socket(raw, server_hostname="127.0.0.1") as client,
            ):
                self.assertEqual(client.selected_alpn_protocol(), "http/1.1")
                client.sendall(f"GET /feed HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
                data = b""
                while b"id:" not in data:
                    data += client.recv(65536)
                said = ["x" * 60_000, "end"]
                for word in said:
                    backend.sendto(word.encode(), ("127.0.0.1", udp))
                while not data.endswith(b"data:end\n\n"):
                    data += client.recv(65536)
                heard = listen(data.partition(b"\r\n\r\n")[2])
                self.assertEqual([text for _, text, _ in heard.told], said)

    def test_slow(self) -> None:
        """
        A client that takes too little is disconnected; when it comes again and again, it has heard every
        event once, in order, and the gateway holds none of its connections.
        """
        port, back = free_ports(2)
        feed = service(
            "broadcast",
            f"sse://localhost:{port}/feed",
            properties=f"<accept>tcp://127.0.0.1:{back}</accept><format>lines</format>"
            "<slow.receiver>disconnect</slow.receiver><slow.bytes>64k</slow.bytes>"
            "<log.events>100000</log.events><log.bytes>64M</log.bytes>",
        )
        lines = [f"{number} {'x' * 1000}" for number in range(20_000)]
        told: list[str] = []
        last, visits = "", 0
        with Gateway(conf(feed)) as gateway, socket.create_connection(("127.0.0.1", back)) as backend:
            before = gateway.descriptors()
            while len(told) < len(lines):
                visits += 1
                with socket.create_connection(("127.0.0.1", port)) as client:
                    client.settimeout(10)
                    field = f"Last-Event-ID: {last}\r\n" if last else ""
                    client.sendall(f"GET /feed HTTP/1.1\r\nHost: localhost:{port}\r\n{field}\r\n".encode())
                    data = client.recv(4096)
                    if visits == 1:
                        backend.sendall("\n".join([*lines, ""]).encode())
                    while data.count(b"\n\n") < len(lines) - len(told) + 1 and (more := client.recv(1 << 20)):
                        data += more
                    heard = listen(data.partition(b"\r\n\r\n")[2])
                    told += [text for _, text, _ in heard.told]
                    last = heard.last
            self.assertEqual(told, lines)
            self.assertGreater(visits, 1)
            until(lambda: gateway.descriptors() <= before + 1)  # the backend's may have come late

    def test_dialled(self) -> None:
        """
        Lines of a backend that the gateway connects to are events, cut as they may be; when the backend
        goes and comes again, so do the events.
        """
        port, back = free_ports(2)
        properties = (
            "<format>lines</format><reconnect.delay>100</reconnect.delay><event.name>^(\\w+):</event.name>"
        )
        feed = service(
            "broadcast", f"sse://localhost:{port}/feed", f"tcp://127.0.0.1:{back}", properties=properties
        )
        with socket.create_server(("127.0.0.1", back)) as listening:
            listening.settimeout(10)
            with Gateway(conf(feed)), self.streaming(port) as response:
                for word in ("first", "second"):
                    backend, _ = listening.accept()
                    with backend:
                        backend.sendall(f"price: {word}\r\nno na".encode())
                        self.assertEqual(self.heard(response, 1), [("price", f"price: {word}")])
                        backend.sendall(b"me\n")
                        self.assertEqual(self.heard(response, 1), [("message", "no name")])

    def test_awaited(self) -> None:
        """
        A backend may connect to the gateway, and say JSON objects.
        """
        port, back = free_ports(2)
        feed = service(
            "broadcast",
            f"sse://localhost:{port}/feed",
            properties=f"<accept>tcp://127.0.0.1:{back}</accept><format>json</format><event.name>/type</event.name>",
        )
        with (
            Gateway(conf(feed)),
            self.streaming(port) as response,
            socket.create_connection(("127.0.0.1", back)) as backend,
        ):
            backend.sendall(b'{"type":"a"}\n{"type":"b", "x": [1')
            backend.sendall(b"]}")
            self.assertEqual(
                self.heard(response, 2), [("a", '{"type":"a"}'), ("b", '{"type":"b", "x": [1]}')]
            )

    def test_datagrams(self) -> None:
        """
        Datagrams of every size that UDP has are events, from this machine; a flood of them takes no
        memory, and of 127.0.0.2 nothing is heard where the source is another.
        """
        port, udp = free_ports(2)
        feed = service(
            "broadcast",
            f"sse://localhost:{port}/feed",
            f"udp://127.0.0.1:{udp}",
            properties="<source>127.0.0.1</source>",
        )
        with (
            Gateway(conf(feed)) as gateway,
            self.streaming(port) as response,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as friend,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
        ):
            stranger.bind(("127.0.0.2", 0))
            stranger.sendto(b"unheard", ("127.0.0.1", udp))
            for size in (1, 1400, 65_507):
                friend.sendto(b"x" * size, ("127.0.0.1", udp))
                self.assertEqual(self.heard(response, 1), [("message", "x" * size)])
            before = gateway.memory()
            for _ in range(20_000):
                friend.sendto(b"y" * 1400, ("127.0.0.1", udp))
            self.assertLess(gateway.memory() - before, 32 * 1024 * 1024)
