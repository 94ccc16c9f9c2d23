"""TLS as operators and other programs see it: OpenSSL's own client, renewal by SIGHUP."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.trial.unittest import SynchronousTestCase

from kaazing.transports.trust import pin_of
from tests.integration.children import free_port
from tests.integration.gateway import Gateway, conf, service
from tests.transports.certificates import AUTHORITY, CLIENT, Certified

OLD = Certified("old", ["gateway.example"], AUTHORITY, days=400)
NEW = Certified("new", ["gateway.example"], AUTHORITY, days=400)


class PinTests(SynchronousTestCase):
    def test_commands(self) -> None:
        """
        A pin is what the commands in docs/operations.md print.
        """
        commands = (
            "openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary"
            " | base64"
        )
        printed = subprocess.run(commands, shell=True, input=OLD.pem, capture_output=True, check=True).stdout
        self.assertEqual(pin_of(OLD.certificate), f"sha256/{printed.decode().strip()}")


class RenewalTests(SynchronousTestCase):
    """An ssl accept of a gateway in a process of its own."""

    def setUp(self) -> None:
        """Have a folder with a certificate, and start the gateway with it."""
        place = TemporaryDirectory(prefix="kaazing-tls-")
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name)
        OLD.write(self.folder / "gateway.pem")
        (self.folder / "ca.pem").write_bytes(AUTHORITY.pem)
        CLIENT.write(self.folder / "client.pem")
        self.port = free_port()
        options = (
            f"<ssl.certificate-file>{self.folder}/gateway.pem</ssl.certificate-file>"
            f"<ssl.ca-file>{self.folder}/ca.pem</ssl.ca-file><ssl.verify-client>optional</ssl.verify-client>"
        )
        accept = f"ssl://127.0.0.1:{self.port}"
        self.gateway = self.enterContext(Gateway(conf(service("echo", accept, accept_options=options))))

    def connect(self) -> ssl.SSLSocket:
        """A connection that has verified the certificate."""
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        made = self.enterContext(context.wrap_socket(plain, server_hostname="gateway.example"))
        made.settimeout(10)
        return made

    def shown(self, connection: ssl.SSLSocket) -> int:
        """The serial number of the certificate that was shown."""
        found = connection.getpeercert()
        assert found is not None
        return int(str(found["serialNumber"]), 16)

    def test_hangup(self) -> None:
        """
        A hook that replaces the file and sends SIGHUP has the new certificate shown at once; old
        connections stay, and the gateway too.
        """
        before = self.connect()
        self.assertEqual(self.shown(before), OLD.certificate.serial_number)
        NEW.write(self.folder / "new.pem").rename(self.folder / "gateway.pem")
        os.kill(self.gateway.pid, signal.SIGHUP)
        until = time.monotonic() + 10
        while "read again for new connections: new" not in self.gateway.said():
            self.assertLess(time.monotonic(), until, self.gateway.said())
            time.sleep(0.02)
        self.assertEqual(self.shown(self.connect()), NEW.certificate.serial_number)
        before.sendall(b"hello")
        self.assertEqual(before.recv(5), b"hello")

    def test_openssl(self) -> None:
        """
        OpenSSL's client verifies the gateway, shows its own certificate, and is answered.
        """
        command = f"openssl s_client -connect 127.0.0.1:{self.port} -servername gateway.example -quiet"
        command += f" -verify_return_error -CAfile {self.folder}/ca.pem"
        command += f" -cert {self.folder}/client.pem -key {self.folder}/client.pem"
        with subprocess.Popen(
            command.split(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as client:
            assert client.stdin is not None and client.stdout is not None
            client.stdin.write(b"hello\n")
            client.stdin.flush()
            self.assertEqual(client.stdout.readline(), b"hello\n")
            client.kill()
