"""IMAP clients that know nothing of TLS, and a server that insists on it."""

from __future__ import annotations

import imaplib
import socket

from twisted.trial.unittest import SynchronousTestCase

from tests.integration import servers
from tests.integration.children import free_port
from tests.integration.gateway import Gateway, conf, service
from tests.integration.test_websockets import ImapOverWebSocket, open_ws

LETTERS = [f"Subject: {n}\r\n\r\n".encode() + b"x" * n * 100 + b"\r\n" for n in range(100)]
BIG = b"Subject: big\r\n\r\n" + b"0123456789abcde\n" * 65536 + b"\r\n"


def proxied(accept: str, backend: servers.Dovecot, more: str = "") -> str:
    """Return the configuration of a proxy that asks C{backend} for TLS."""
    ca = f"<ssl.ca-file>{backend.ca}</ssl.ca-file>" if backend.ca else ""
    connect = f"tcp://{backend.host}:{backend.imap}"
    return conf(service("proxy", accept, connect, connect_options=f"<starttls>imap</starttls>{ca}{more}"))


class DovecotTests(SynchronousTestCase):
    """Dovecot, and the client of the standard library."""

    def setUp(self) -> None:
        self.port = free_port()

    def gateway(self, scheme: str, backend: servers.Dovecot, more: str = "") -> Gateway:
        """Return a gateway before C{backend}."""
        path = "/" if scheme == "ws" else ""
        return Gateway(proxied(f"{scheme}://127.0.0.1:{self.port}{path}", backend, more))

    def exchange(self, mail: imaplib.IMAP4, letters: list[bytes]) -> None:
        """Log in, store letters and read them back."""
        self.assertRegex(mail.welcome, rb"^\* OK [^\[]+$")
        self.assertNotIn("STARTTLS", mail.capabilities)
        self.assertIn("AUTH=PLAIN", mail.capabilities)
        self.assertEqual(mail.login(servers.USER, servers.PASSWORD)[0], "OK")
        self.assertEqual(mail.create("TLS")[0], "OK")
        for letter in letters:
            self.assertEqual(mail.append("TLS", "", "", letter)[0], "OK")
        self.assertEqual(mail.select("TLS"), ("OK", [str(len(letters)).encode()]))
        for n, letter in enumerate(letters, 1):
            _, found = mail.fetch(str(n), "(BODY[])")
            assert isinstance(found[0], tuple)
            self.assertEqual(found[0][1].replace(b"\r\n", b"\n"), letter.replace(b"\r\n", b"\n"))
        mail.close()
        self.assertEqual(mail.delete("TLS")[0], "OK")
        self.assertEqual(mail.logout()[0], "BYE")

    def test_insists(self) -> None:
        """
        Without TLS this server lets nobody in: what follows is not an open door.
        """
        backend = servers.dovecot(tls=True)
        mail = imaplib.IMAP4(backend.host, backend.imap)
        self.addCleanup(mail.shutdown)
        self.assertIn(b"LOGINDISABLED", mail.welcome)
        with self.assertRaises(imaplib.IMAP4.error):
            mail.login(servers.USER, servers.PASSWORD)

    def test_tcp(self) -> None:
        """
        A client over TCP logs in and reads back a hundred letters it has stored, and one of 1 MiB.
        """
        name = "<ssl.server-name>localhost</ssl.server-name>"
        with self.gateway("tcp", servers.dovecot(tls=True), name):
            mail = imaplib.IMAP4("127.0.0.1", self.port)
            # Its literals would wait for an acknowledgement that Linux puts off by 40 ms.
            mail.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.exchange(mail, [*LETTERS, BIG])

    def test_websocket(self) -> None:
        """
        So does one over WebSocket.
        """
        name = "<ssl.server-name>localhost</ssl.server-name>"
        with self.gateway("ws", servers.dovecot(tls=True), name), open_ws(self.port) as client:
            self.exchange(ImapOverWebSocket(client), LETTERS[:10])

    def test_refused(self) -> None:
        """
        A server whose certificate is for somebody else, or that has no TLS, gets no client: it hears nothing,
        and the log says why.
        """
        for backend, why in (
            (servers.dovecot(tls=True), "TLS: the server's certificate is not for '127.0.0.2'"),
            (servers.dovecot(), 'does not consent to TLS: "a BAD '),
        ):
            with (
                self.gateway("tcp", backend) as gateway,
                socket.create_connection(("127.0.0.1", self.port), 10) as client,
            ):
                client.settimeout(10)
                self.assertEqual(client.recv(100), b"")
                self.assertIn(f"tcp://{backend.host}:{backend.imap}: {why}", gateway.said())
