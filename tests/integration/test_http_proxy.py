"""http.proxy in front of real HTTP servers: Node's and nginx; bodies larger than any buffer, both ways."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.trial.unittest import SynchronousTestCase
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.integration.children import Child, free_port
from tests.integration.gateway import Gateway, conf, service
from tests.integration.nginx import nginx
from tests.needs import node_packages, program
from tests.transports.certificates import AUTHORITY, SERVER

MEGABYTE = 1 << 20
SPARE = 24 * MEGABYTE  # by which the gateway's memory may differ from one moment to another


@contextmanager
def node() -> Iterator[int]:
    """Run origin.mjs; yield its port."""
    port = free_port()
    with TemporaryDirectory(prefix="kaazing-origin-") as name:
        script = Path(__file__).with_name("origin.mjs")
        argv = [program("node", "nodejs"), str(script), str(port), str(node_packages() / "node_modules/ws")]
        child = Child(argv, Path(name) / "origin.log")
        try:
            child.await_(lambda: "listening" in child.said(), 10)
            yield port
        finally:
            child.kill()


@contextmanager
def proxied(origin: str, *, properties: str = "", connect_options: str = "") -> Iterator[tuple[Gateway, int]]:
    """Run a gateway that passes /app/ on to C{origin}; yield it and its port."""
    port = free_port()
    more = {"properties": properties, "connect_options": connect_options}
    one = service("http.proxy", f"http://127.0.0.1:{port}/app/", origin, **more)
    with Gateway(conf(one)) as gateway:
        yield gateway, port


def asked(
    port: int, target: str, method: str = "GET", body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Return status, fields by lower-case name, and body of an answer, over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        chunked = body is not None and not isinstance(body, bytes)
        connection.request(method, target, body, headers or {}, encode_chunked=chunked)  # type: ignore[arg-type]
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    finally:
        connection.close()


def raw(port: int, request: bytes, until: bytes) -> bytes:
    """Send bytes; return what comes up to C{until}, or the end of the connection."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(request)
        heard = b""
        while until not in heard and (data := connection.recv(65536)):
            heard += data
        return heard


class NodeTests(SynchronousTestCase):
    """In front of Node."""

    def test_all_of_it(self) -> None:
        """
        Requests with and without bodies, informational responses, responses of every framing, event
        streams, cookies and redirects pass; the connection to the origin is one and the same.
        """
        with node() as origin, proxied(f"http://127.0.0.1:{origin}/base/") as (_, port):
            status, _, body = asked(port, "/app/told?a=b", headers={"X-Y": "z"})
            told = json.loads(body)
            self.assertEqual((status, told["method"], told["url"]), (200, "GET", "/base/told?a=b"))
            self.assertEqual((told["headers"]["host"], told["headers"]["x-y"]), (f"127.0.0.1:{origin}", "z"))
            for sent in (b"", b"hello", bytes(300_000), iter([b"a" * 1000] * 300)):
                expected = sent if isinstance(sent, bytes) else b"a" * 300_000
                self.assertEqual(asked(port, "/app/echo", "POST", sent)[2], expected)
            self.assertEqual(asked(port, "/app/old")[2], b"until the end")
            self.assertEqual(asked(port, "/app/nowhere")[::2], (404, b"not here"))
            status, fields, _ = asked(port, "/app/cookie")
            self.assertEqual((status, fields["location"]), (302, f"http://127.0.0.1:{port}/app/next"))
            head = b"GET /app/%b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n"
            hints = raw(port, head % (b"hints", port), b"hinted")
            self.assertTrue(hints.startswith(b"HTTP/1.1 103 Early Hints\r\n"), hints)
            events = raw(port, head % (b"events", port), b"data: 2")
            self.assertIn(b"data: 0\n\n", events)

    def test_leave(self) -> None:
        """
        An origin gives leave to send a body, or refuses before it is sent.
        """
        with node() as origin, proxied(f"http://127.0.0.1:{origin}/base/") as (_, port):
            head = f"POST /app/echo HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nExpect: 100-continue\r\n"
            refused = raw(port, (head + "Content-Length: 5000\r\n\r\n").encode(), b"too much")
            self.assertTrue(refused.startswith(b"HTTP/1.1 413 "), refused)
            granted = raw(port, (head + "Content-Length: 5\r\n\r\n").encode(), b"\r\n\r\n")
            self.assertEqual(granted, b"HTTP/1.1 100 Continue\r\n\r\n")

    def test_websocket(self) -> None:
        """
        A WebSocket passes through, subprotocol and compression included.
        """
        with node() as origin, proxied(f"http://127.0.0.1:{origin}/base/") as (_, port):
            for compression in (None, "deflate"):
                with connect(
                    f"ws://127.0.0.1:{port}/app/ws",
                    subprotocols=[Subprotocol("chat")],
                    compression=compression,
                ) as client:
                    for message in ("grüße", b"\x00" * 100_000):
                        client.send(message)
                        self.assertEqual(client.recv(10), message)

    def test_large_upload(self) -> None:
        """
        200 MB for an origin that does not read at first wait at the client, not in the gateway.
        """
        with node() as origin, proxied(f"http://127.0.0.1:{origin}/base/") as (gateway, port):
            asked(port, "/app/told")
            before, most, sent = gateway.memory(), 0, 0

            def pieces() -> Iterator[bytes]:
                nonlocal most, sent
                for _ in range(200):
                    most = max(most, gateway.memory())
                    yield bytes(MEGABYTE)
                    sent += MEGABYTE

            started = time.monotonic()
            length = {"Content-Length": str(200 * MEGABYTE)}
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("POST", "/app/later", pieces(), length)
            self.assertEqual(connection.getresponse().read(), b"%d" % (200 * MEGABYTE))
            connection.close()
            self.assertTrue(time.monotonic() - started > 1.5)  # else nothing ever waited
            self.assertTrue(most - before < SPARE, (before, most))

    def test_large_download(self) -> None:
        """
        200 MB for a client that does not read at first wait at the origin, not in the gateway.
        """
        with node() as origin, proxied(f"http://127.0.0.1:{origin}/base/") as (gateway, port):
            asked(port, "/app/told")
            for query in ("", "&length"):
                before = gateway.memory()
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                connection.request("GET", f"/app/big?size={200 * MEGABYTE}{query}")
                response = connection.getresponse()
                got = len(response.read(1000))
                time.sleep(0.5)
                sent = json.loads(asked(port, "/app/progress")[2])["sent"]
                self.assertTrue(sent < 50 * MEGABYTE, sent)
                most = gateway.memory()
                while data := response.read(MEGABYTE):
                    got += len(data)
                    most = max(most, gateway.memory())
                connection.close()
                self.assertEqual(got, 200 * MEGABYTE)
                self.assertTrue(most - before < SPARE, (before, most))


class NginxTests(SynchronousTestCase):
    """In front of nginx."""

    def test_files(self) -> None:
        """
        Files, ranges and conditions of nginx pass as they are, compressed ones too, over kept connections.
        """
        origin = free_port()
        with TemporaryDirectory(prefix="kaazing-files-") as name:
            folder = Path(name)
            folder.chmod(0o755)
            (folder / "base").mkdir()
            (folder / "base" / "page.txt").write_bytes(b"0123456789" * 1000)
            packing = "gzip on; gzip_proxied any; gzip_types *;"
            inside = f"{packing} server {{ listen 127.0.0.1:{origin}; root {folder}; }}"
            with nginx(inside, origin), proxied(f"http://127.0.0.1:{origin}/base/") as (_, port):
                status, fields, body = asked(port, "/app/page.txt")
                self.assertEqual((status, fields["content-length"], len(body)), (200, "10000", 10000))
                etag = {"If-None-Match": fields["etag"]}
                self.assertEqual(asked(port, "/app/page.txt", headers=etag)[::2], (304, b""))
                part = asked(port, "/app/page.txt", headers={"Range": "bytes=0-4"})
                self.assertEqual(part[::2], (206, b"01234"))
                self.assertEqual(asked(port, "/app/page.txt", "HEAD")[1]["content-length"], "10000")
                packed = asked(port, "/app/page.txt", headers={"Accept-Encoding": "gzip"})
                self.assertEqual(packed[1]["content-encoding"], "gzip")
                self.assertEqual(asked(port, "/app/", "DELETE")[0], 405)

    def test_tls(self) -> None:
        """
        An origin over TLS is verified by the authorities of the file.
        """
        origin = free_port()
        with TemporaryDirectory(prefix="kaazing-tls-") as name:
            folder = Path(name)
            SERVER.write(folder / "server.pem")
            AUTHORITY.write(folder / "authority.pem")
            inside = (
                f"server {{ listen 127.0.0.1:{origin} ssl; ssl_certificate {folder}/server.pem;"
                f" ssl_certificate_key {folder}/server.pem; location / {{ return 200 'secret'; }} }}"
            )
            options = f"<ssl.ca-file>{folder}/authority.pem</ssl.ca-file>"
            url = f"https://127.0.0.1:{origin}/"
            with nginx(inside, origin):
                with proxied(url, connect_options=options) as (_, port):
                    self.assertEqual([asked(port, "/app/")[::2] for _ in range(3)], [(200, b"secret")] * 3)
                with proxied(url) as (gateway, port):
                    self.assertEqual(asked(port, "/app/")[0], 504)
                    self.assertIn("TLS: ", gateway.said())
