"""Plain bytes between WebSocket clients and a TCP backend."""

from __future__ import annotations

import asyncio
import imaplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from twisted.trial.unittest import SynchronousTestCase
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.integration import servers
from tests.integration.children import free_port
from tests.integration.gateway import Gateway, conf, service
from tests.integration.peers import Echo


@contextmanager
def open_ws(port: int, path: str = "/", **more: Any) -> Iterator[ClientConnection]:
    """Connect to the gateway, uncompressed."""
    with connect(f"ws://127.0.0.1:{port}{path}", compression=None, **more) as client:
        yield client


@contextmanager
def proxied() -> Iterator[tuple[Echo, int]]:
    """Run a gateway with a plain proxy before a TCP echo; yield that and the gateway's port."""
    with Echo() as backend:
        port = free_port()
        with Gateway(conf(service("proxy", f"ws://127.0.0.1:{port}/", f"tcp://127.0.0.1:{backend.port}"))):
            yield backend, port


def received(client: ClientConnection, length: int) -> bytes:
    """Return that many bytes, however they come in messages."""
    data = b""
    while len(data) < length:
        message = client.recv(10)
        data += message if isinstance(message, bytes) else message.encode()
    return data


class ProxyTests(SynchronousTestCase):
    """Service type proxy in front of a TCP echo server."""

    def test_echo(self) -> None:
        """
        What a client sends reaches the backend, and what the backend sends comes back in binary
        messages, whatever its size.
        """
        with proxied() as (_, port), open_ws(port) as client:
            for data in (b"x", b"\x00\xff" * 100, bytes(range(256)) * 500):
                client.send(data)
                self.assertEqual(received(client, len(data)), data)
            client.send("grüße")
            self.assertEqual(client.recv(5), "grüße".encode())

    def test_back_ends(self) -> None:
        """
        When the backend closes its connection, the client is closed in good order; when the
        connection breaks, it is closed with 1011.
        """
        codes = []
        with proxied() as (backend, port):
            for ending in (backend.end, backend.cut):
                with open_ws(port) as client:
                    client.send(b"hello")
                    self.assertEqual(received(client, 5), b"hello")
                    ending()
                    codes.append(self.assertRaises(ConnectionClosed, client.recv, 10).rcvd.code)
        self.assertEqual(codes, [1000, 1011])

    def test_no_backend(self) -> None:
        """
        When the backend cannot be reached, the client is closed with 1011, and the log says which
        service, which address and why.
        """
        port, nobody = free_port(), free_port()
        with Gateway(
            conf(service("proxy", f"ws://127.0.0.1:{port}/", f"tcp://127.0.0.1:{nobody}", name="feed"))
        ) as gateway:
            with open_ws(port) as client:
                closed = self.assertRaises(ConnectionClosed, client.recv, 3)
            said = gateway.said()
        self.assertEqual(closed.rcvd.code, 1011)
        [line] = [line for line in said.splitlines() if f"127.0.0.1:{nobody}" in line and "refused" in line]
        self.assertIn("feed", line)

    def test_clients_told(self) -> None:
        """
        SIGTERM: every client gets a Close frame with 1001, and the gateway exits with 0.
        """
        with Echo() as backend:
            port = free_port()
            configuration = conf(
                service("proxy", f"ws://127.0.0.1:{port}/", f"tcp://127.0.0.1:{backend.port}"),
                service("echo", f"ws://127.0.0.1:{port}/echo"),
            )
            with Gateway(configuration) as gateway, ExitStack() as stack:
                clients = [stack.enter_context(open_ws(port, path)) for path in ("/", "/", "/echo")]
                gateway.terminate()
                codes = [self.assertRaises(ConnectionClosed, client.recv, 10).rcvd.code for client in clients]
                self.assertEqual(gateway.stopped(), 0)
        self.assertEqual(codes, [1001, 1001, 1001])

    def test_subprotocols(self) -> None:
        """
        A proxy to a TCP backend speaks whatever its client offers first; a client that offers
        nothing is served.
        """
        with proxied() as (_, port):
            with open_ws(port, subprotocols=["binary", "base64"]) as client:
                self.assertEqual(client.subprotocol, "binary")
            with open_ws(port) as client:
                self.assertEqual(client.subprotocol, None)

    def test_compression_declined(self) -> None:
        """
        A client that offers compression, as every browser does, is served without it.
        """
        port = free_port()
        url = f"ws://127.0.0.1:{port}/"
        with Gateway(conf(service("echo", url))), connect(url, compression="deflate") as client:
            self.assertEqual(client.protocol.extensions, [])
            client.send("plain")
            self.assertEqual(client.recv(5), "plain")

    def test_thousand_clients(self) -> None:
        """
        A thousand clients at once each get their own bytes back.
        """
        count = 1000

        async def one(port: int, number: int, all_in: asyncio.Barrier) -> bytes:
            async with connect_async(f"ws://127.0.0.1:{port}/", compression=None, open_timeout=60) as client:
                await all_in.wait()
                await client.send(b"%d" % number)
                answer = await client.recv()
                assert isinstance(answer, bytes)
                return answer

        async def all_of(port: int) -> list[bytes]:
            all_in = asyncio.Barrier(count)
            return await asyncio.gather(*(one(port, number, all_in) for number in range(count)))

        with proxied() as (_, port):
            answers = asyncio.run(asyncio.wait_for(all_of(port), 90))
        self.assertEqual(answers, [b"%d" % number for number in range(count)])


class ImapTests(SynchronousTestCase):
    """Any TCP protocol: the server speaks first, lines and literals follow."""

    def test_login(self) -> None:
        """
        An IMAP client logs in to Dovecot over WebSocket and reads back a message it has stored.
        """
        port = free_port()
        backend = f"tcp://127.0.0.1:{servers.dovecot().imap}"
        with Gateway(conf(service("proxy", f"ws://127.0.0.1:{port}/", backend))), open_ws(port) as client:
            mail = ImapOverWebSocket(client)
            self.assertEqual(mail.login(servers.USER, servers.PASSWORD)[0], "OK")
            letter = b"Subject: \xc3\xa4\r\n\r\n" + b"x" * 5000 + b"\r\n"
            self.assertEqual(mail.append("INBOX", "", "", letter)[0], "OK")
            self.assertEqual(mail.select("INBOX"), ("OK", [b"1"]))
            _, found = mail.fetch("1", "(BODY[])")
            self.assertEqual(found[0][1], letter)  # type: ignore[index]
            self.assertEqual(mail.logout()[0], "BYE")


class ImapOverWebSocket(imaplib.IMAP4):
    """The standard library's client; a socket pair carries its bytes to the WebSocket client."""

    def __init__(self, client: ClientConnection) -> None:
        self._ours, self._theirs = socket.socketpair()
        for direction in (self._down, self._up):
            threading.Thread(target=direction, args=(client,), daemon=True).start()
        super().__init__()

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._theirs

    def _down(self, client: ClientConnection) -> None:
        for message in client:
            assert isinstance(message, bytes)
            self._ours.sendall(message)
        self._ours.close()

    def _up(self, client: ClientConnection) -> None:
        while data := self._ours.recv(65536):
            client.send(data)
        client.close()


class SecureTests(SynchronousTestCase):
    """wss: accepts."""

    def test_echo(self) -> None:
        """
        A client that trusts the configured certificate is served over TLS; one that does not
        refuses it.
        """
        with TemporaryDirectory() as folder, Echo() as backend:
            certificate = self_signed(Path(folder))
            port = free_port()
            accept = service(
                "proxy",
                f"wss://127.0.0.1:{port}/",
                f"tcp://127.0.0.1:{backend.port}",
                accept_options=f"<ssl.certificate-file>{certificate}</ssl.certificate-file>",
            )
            with Gateway(conf(accept)):
                trusting = ssl.create_default_context(cafile=str(certificate))
                with connect(f"wss://127.0.0.1:{port}/", ssl=trusting) as client:
                    client.send(b"over TLS" * 10000)
                    self.assertEqual(received(client, 80000), b"over TLS" * 10000)
                with self.assertRaises(ssl.SSLCertVerificationError):
                    connect(f"wss://127.0.0.1:{port}/").__enter__()


def self_signed(folder: Path) -> Path:
    """Return a new PEM file with a certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "self-signed.pem"
    clear = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(*clear) + certificate.public_bytes(serialization.Encoding.PEM))
    return path
