"""Login modules in a gateway of its own: files, certificates, and an endpoint, as clients meet them."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.trial.unittest import SynchronousTestCase

from tests.integration.children import free_port
from tests.integration.gateway import NAMESPACE, Gateway
from tests.security.test_passwords import argoned, bcrypted
from tests.security.test_users import jaas, role, user
from tests.transports.certificates import AUTHORITY, CLIENT, SERVER, STRANGER

SECRET = "s3cret-word"


class Endpoint(BaseHTTPRequestHandler):
    """Lets bob in."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer a question."""
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        right = (said["user"], said["password"]) == ("bob", SECRET)
        body = json.dumps({"user": "bob", "roles": ["trader"]} if right else {}).encode()
        self.send_response(200 if right else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


def module(type: str, **options: object) -> str:
    """A login module that is enough."""
    said = "".join(f"<{name}>{value}</{name}>" for name, value in options.items())
    inside = f"<type>{type}</type><success>sufficient</success><options>{said}</options>"
    return f"<login-module>{inside}</login-module>"


def realm(name: str, *modules: str) -> str:
    """A realm."""
    return (
        f"<realm><name>{name}</name><authentication><http-challenge-scheme>Basic</http-challenge-scheme>"
        f"<login-modules>{''.join(modules)}</login-modules></authentication></realm>"
    )


def directory(accept: str, realm: str, folder: Path, options: str = "") -> str:
    """A service for traders."""
    return (
        f"<service><name>{realm}</name><accept>{accept}</accept><type>directory</type>"
        f"<properties><directory>{folder}/web</directory></properties>"
        f"<accept-options>{options}</accept-options><realm-name>{realm}</realm-name>"
        "<authorization-constraint><require-role>trader</require-role></authorization-constraint></service>"
    )


class LoginTests(SynchronousTestCase):
    def setUp(self) -> None:
        """Start the endpoint and the gateway."""
        place = TemporaryDirectory(prefix="kaazing-logins-")
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name)
        (self.folder / "web").mkdir()
        (self.folder / "web" / "file").write_text("hello")
        inside = user("joe", SECRET, "<role-name>boss</role-name>") + user("guest", SECRET)
        (self.folder / "jaas-config.xml").write_bytes(jaas(inside + role("boss", "trader")))
        (self.folder / "htpasswd").write_text(f"ann:{bcrypted(SECRET)}\neve:{argoned(SECRET)}\n")
        (self.folder / "groups").write_text("trader: ann eve\n")
        (self.folder / "map").write_text("CN=ann -> trader\n")
        (self.folder / "ca.pem").write_bytes(AUTHORITY.pem)
        for each, name in ((SERVER, "server"), (CLIENT, "client"), (STRANGER, "stranger")):
            each.write(self.folder / f"{name}.pem")
        endpoint = self.enterContext(ThreadingHTTPServer(("127.0.0.1", 0), Endpoint))
        threading.Thread(target=endpoint.serve_forever, daemon=True).start()
        self.addCleanup(endpoint.shutdown)
        self.clear, self.secure = free_port(), free_port()
        url = f"http://127.0.0.1:{endpoint.server_port}/"
        self.gateway = self.enterContext(Gateway(self.configuration(url)))

    def configuration(self, url: str) -> str:
        """Two realms: by password at an http accept, by certificate at an https one."""
        folder = self.folder
        tls = (
            f"<ssl.certificate-file>{folder}/server.pem</ssl.certificate-file>"
            f"<ssl.ca-file>{folder}/ca.pem</ssl.ca-file><ssl.verify-client>optional</ssl.verify-client>"
        )
        passwords = realm(
            "passwords",
            module("file", file=f"{folder}/jaas-config.xml"),
            module("file", file=f"{folder}/htpasswd", groups=f"{folder}/groups"),
            module("callback", url=url),
        )
        certificates = realm("certificates", module("certificate", map=f"{folder}/map"))
        services = directory(f"http://localhost:{self.clear}/", "passwords", folder)
        services += directory(f"https://localhost:{self.secure}/", "certificates", folder, tls)
        security = f"<security>{passwords}{certificates}</security>"
        return f'<gateway-config xmlns="{NAMESPACE}">{security}{services}</gateway-config>'

    def status(self, connection: http.client.HTTPConnection, said: str = "") -> int:
        """What a request gets."""
        fields = {"Authorization": f"Basic {b64encode(said.encode()).decode()}"} if said else {}
        connection.request("GET", "/file", headers=fields)
        answer = connection.getresponse()
        body = answer.read()
        self.assertEqual(body == b"hello", answer.status == 200)
        connection.close()
        return answer.status

    def test_passwords(self) -> None:
        """
        Users of two files and of an endpoint come in at one realm; no password is in the log, right or wrong.
        """
        table = {
            f"joe:{SECRET}": 200,
            f"ann:{SECRET}": 200,
            f"eve:{SECRET}": 200,
            f"bob:{SECRET}": 200,
            f"guest:{SECRET}": 403,
            f"joe:{SECRET}x": 401,
            f"ann:{SECRET}x": 401,
            f"who:{SECRET}": 401,
            "": 401,
        }
        clients = {said: http.client.HTTPConnection("localhost", self.clear, timeout=10) for said in table}
        self.assertEqual({said: self.status(client, said) for said, client in clients.items()}, table)
        said = self.gateway.said()
        self.assertEqual((said.count("not let in"), SECRET in said), (4, False), said)

    def test_certificates(self) -> None:
        """
        Who shows a certificate of the authority is its common name, with the roles of the file; nobody else
        comes in.
        """
        statuses = []
        for shown in ("client", ""):
            context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
            if shown:
                context.load_cert_chain(self.folder / f"{shown}.pem")
            client = http.client.HTTPSConnection("localhost", self.secure, timeout=10, context=context)
            statuses.append(self.status(client))
        self.assertEqual(statuses, [200, 401])
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        context.load_cert_chain(self.folder / "stranger.pem")
        client = http.client.HTTPSConnection("localhost", self.secure, timeout=10, context=context)
        self.assertRaises(OSError, self.status, client)
