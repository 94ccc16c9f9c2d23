"""Secrets stay where they belong: a session at full debug level, and its secrets looked for everywhere."""

from __future__ import annotations

import contextlib
import http.client
import json
import secrets
import socket
import ssl
import subprocess
import sys
import threading
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import jwt
from twisted.internet import reactor
from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from kaazing.config.reader import read
from kaazing.gateway import Gateway as Assembly
from kaazing.security.keys import KeyRing
from kaazing.security.stores.entries import Entry
from kaazing.security.stores.file import seal_file
from tests.integration import servers
from tests.integration.children import free_ports
from tests.integration.gateway import NAMESPACE, Gateway, command
from tests.integration.servers.directories import BASE, SERVICE, SERVICE_PASSWORD
from tests.integration.test_logins import SECRET as ASKED
from tests.integration.test_logins import Endpoint, module
from tests.needs import ROOT
from tests.security.test_passwords import argoned
from tests.security.test_users import jaas, user
from tests.transports.certificates import AUTHORITY, SERVER
from tests.wire.mqtt_streams import connect as mqtt_connect
from tests.wire.mqtt_streams import sized

KEEPERS = {
    "Credentials.password": {"uri"},
    "Endpoint._fields": {"callback token"},
    "Entry.password": {"kept"},
    "Key._key": {"issuer"},
    "Login.password": {"literal"},
    "Search.bind_password": {"bind"},
    "ServiceConfig.properties": {"literal"},
}
"""Attribute of a running gateway's objects -> the secrets that it has to have."""

MOST = 200_000  # objects looked at


def shapes(secret: str) -> set[str]:
    """Return how a secret may be written; base64 at whatever place it stands in what is encoded."""
    data = secret.encode()
    said = {secret, data.hex(), quote(secret, safe=""), json.dumps(secret)[1:-1]}
    for before in range(3):
        for encode in (b64encode, urlsafe_b64encode):
            said.add(encode(b"\0" * before + data).decode()[4 if before else 0 : -4])
    return said


class SecretTests(SynchronousTestCase):
    """A gateway with secrets of every kind, in a folder."""

    maxDiff = None

    def setUp(self) -> None:
        place = TemporaryDirectory(prefix="kaazing-secrets-")
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name)
        self.port, self.secure, self.watch = free_ports(3)
        held = self.enterContext(socket.socket())  # nobody else gets it, and nobody listens
        held.bind(("127.0.0.1", 0))
        self.mirror = self.enterContext(socket.create_server(("127.0.0.1", 0)))
        self.dead, self.hostile = (each.getsockname()[1] for each in (held, self.mirror))
        endpoint = self.enterContext(ThreadingHTTPServer(("127.0.0.1", 0), Endpoint))
        threading.Thread(target=endpoint.serve_forever, daemon=True).start()
        self.addCleanup(endpoint.shutdown)
        self.secrets = {
            name: f"{name.replace(' ', '')}-{secrets.token_hex(8)}/?~"
            for name in ("hashed", "clear", "issuer", "literal", "uri", "callback token", "wrong", "unknown")
        }
        self.secrets["issuer"] += secrets.token_hex(16)
        self.secrets["callback token"] = f"token-{secrets.token_hex(8)}"
        self.secrets |= {"asked": ASKED, "bind": SERVICE_PASSWORD, "kept": servers.PASSWORD}
        self.refusals = ""
        self.text = self.configuration(endpoint.server_port)
        (self.folder / "conf.xml").write_text(self.text)

    def file(self, name: str, text: str) -> Path:
        """Write a file for one's own eyes."""
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def configuration(self, asked: int) -> str:
        """Every login module that has a secret, a keyring, and backends that are well, hostile or away."""
        known, directory = self.secrets, servers.slapd()
        self.file("staff", f"ann:{argoned(known['hashed'])}\n")
        self.file("jaas.xml", jaas(user("joe", known["clear"])).decode())
        keys = KeyRing.made()
        keys.save(self.folder / "keys")
        kept = Entry(user="ann", username=servers.USER, password=servers.PASSWORD)
        seal_file(self.folder / "logins", keys, [kept])
        issuer = f"<name>test</name><secret-file>{self.file('issuer', known['issuer'])}</secret-file>"
        url = f"ldaps://localhost:{directory.ldaps}"
        modules = "".join(
            (
                module("jwt", issuer=issuer),
                module("file", file=self.folder / "staff"),
                module("file", file=self.folder / "jaas.xml"),
                module(
                    "callback",
                    **{
                        "url": f"http://127.0.0.1:{asked}/",
                        "token-file": self.file("callback", known["callback token"]),
                    },
                ),
                module(
                    "ldap",
                    **{
                        "url": url,
                        "base": BASE,
                        "ca-file": directory.ca,
                        "bind.dn": SERVICE,
                        "bind.password-file": self.file("bind", known["bind"]),
                    },
                ),
            )
        )
        realm = (
            "<realm><name>demo</name><authentication><http-challenge-scheme>Basic</http-challenge-scheme>"
            f"<authorization-mode>recycle</authorization-mode><login-modules>{modules}</login-modules>"
            "</authentication></realm>"
        )
        keyring = (
            f"<keyring><key-file>{self.folder}/keys</key-file><store><type>file</type>"
            f"<options><file>{self.folder}/logins</file></options></store></keyring>"
        )
        broker = servers.mosquitto().mqtt
        login = "<backend.username>eve</backend.username>"
        login += f"<backend.password>{known['literal']}</backend.password>"
        services = "".join(
            (
                self.service("echo", "echo"),
                *(
                    self.service(name, "mqtt.proxy", f"tcp://127.0.0.1:{port}", each)
                    for name, port, each in (
                        ("mqtt", broker, "<backend.login>any</backend.login>"),
                        ("literal", broker, login),
                        ("dead", self.dead, login),
                        ("hostile", self.hostile, "<backend.login>any</backend.login>"),
                        ("crude", self.hostile, login),
                    )
                ),
                *(
                    self.service(
                        f"web-{port}", "http.proxy", f"http://eve:{quote(known['uri'], '')}@127.0.0.1:{port}/"
                    )
                    for port in (self.dead, self.hostile)
                ),
                self.service("keyring", "keyring", "", "<service>mqtt</service><service>hostile</service>"),
                f"<service><name>watch</name><accept>http://127.0.0.1:{self.watch}/manage</accept>"
                "<type>management</type></service>",
            )
        )
        security = f"<security>{realm}{keyring}</security>"
        return f'<gateway-config xmlns="{NAMESPACE}">{security}{services}</gateway-config>'

    def service(self, name: str, type: str, connect: str = "", properties: str = "") -> str:
        """A service with the realm."""
        accept, options = f"ws://localhost:{self.port}/{name}", ""
        if type == "http.proxy":
            accept = f"http://localhost:{self.port}/{name}/"
        if type == "keyring":
            accept = f"https://localhost:{self.secure}/{name}"
            certificate = SERVER.write(self.folder / "server.pem")
            options = (
                f"<accept-options><ssl.certificate-file>{certificate}</ssl.certificate-file></accept-options>"
            )
        back = f"<connect>{connect}</connect>" if connect else ""
        inside = f"<properties>{properties}</properties>" if properties else ""
        return (
            f"<service><name>{name}</name><accept>{accept}</accept>{back}"
            f"<type>{type}</type>{inside}{options}<realm-name>demo</realm-name></service>"
        )

    def token(self, secret: str) -> str:
        """A token of the issuer."""
        return jwt.encode({"iss": "test", "sub": "ann", "exp": time.time() + 600}, secret, algorithm="HS256")

    def ask(
        self, method: str, path: str, fields: Mapping[str, str], body: str = "", secure: bool = False
    ) -> tuple[int, str, str]:
        """Send a request; return status, session cookie and body."""
        client = http.client.HTTPConnection("localhost", self.port, timeout=10)
        if secure:
            context = ssl.create_default_context(cadata=AUTHORITY.pem.decode())
            client = http.client.HTTPSConnection("localhost", self.secure, timeout=10, context=context)
        with closing(client):
            client.request(method, path, body, headers=dict(fields))
            answer = client.getresponse()
            cookie = (answer.headers["Set-Cookie"] or "").partition(";")[0]
            return answer.status, cookie, answer.read().decode()

    def visit(
        self, path: str, *subprotocols: str, say: bytes | str = "hello", **fields: str
    ) -> bytes | str | int:
        """Open a WebSocket, say something; return the answer, a refusal's status, or the close code."""
        try:
            with connect(
                f"ws://localhost:{self.port}/{path}",
                subprotocols=[Subprotocol(name) for name in subprotocols] or None,
                additional_headers=fields,
            ) as client:
                client.send(say)
                return client.recv(10)
        except TimeoutError:
            return "nothing in time"
        except ConnectionClosed as why:
            return why.rcvd.code if why.rcvd else 1006
        except InvalidHandshake as why:
            answer = why.response  # type: ignore[attr-defined]
            self.refusals += f"{answer.headers}{answer.body}"
            status: int = answer.status_code
            return status

    def everybody(self) -> Iterator[tuple[str, object, object]]:
        """Log in with everything, right and wrong; yield what, what came of it, what should have."""
        known = self.secrets
        for name, (who, expected) in {
            "hashed": ("ann", "hello"),
            "clear": ("joe", "hello"),
            "asked": ("bob", "hello"),
            "kept": (servers.USER, "hello"),  # the password in the directory too
            "wrong": ("ann", 401),
            "unknown": ("nobody", 401),
        }.items():
            yield f"Basic: {name}", self.visit("echo", Authorization=basic(who, known[name])), expected
        given, forged = self.token(known["issuer"]), self.token("another secret, " * 4)
        known |= {"given": given, "forged": forged, "signature": given.rpartition(".")[2]}
        yield "bearer", self.visit("echo", "kaazing.bearer." + given, "mqtt"), "hello"
        yield "forged", self.visit("echo", "kaazing.bearer." + forged, "mqtt"), 401
        yield "twice", self.visit("echo", "kaazing.bearer." + given, "kaazing.bearer." + forged), 400
        yield from self.tickets()
        yield from self.sealed()

    def tickets(self) -> Iterator[tuple[str, object, object]]:
        """Tickets and session cookies."""
        known, ann = self.secrets, {"Authorization": basic("ann", self.secrets["hashed"])}
        _, cookie, said = self.ask("POST", "/echo/;auth/ticket", ann)
        known |= {"ticket": json.loads(said)["ticket"], "session": cookie.partition("=")[2]}
        for expected in ("hello", 401):
            yield "ticket", self.visit(f"echo?.kat={known['ticket']}"), expected
        yield "ticket elsewhere", self.visit("mqtt", f"kaazing.ticket.{known['ticket']}", "mqtt"), 401
        yield "cookie", self.visit("echo", Cookie=cookie), "hello"
        yield "bad cookie", self.visit("echo", Cookie=cookie[:-9]), 401
        yield "logout", self.ask("POST", "/echo/;auth/logout", {"Cookie": cookie})[0], 200
        yield "logged out", self.visit("echo", Cookie=cookie), 401

    def sealed(self) -> Iterator[tuple[str, object, object]]:
        """Sealed and stored logins at backends that take them, are away, or say them back."""
        known = self.secrets
        bearer = f"kaazing.bearer.{self.token(known['issuer'])}"
        known["other"] = bearer.rpartition(".")[2]
        for service in ("mqtt", "hostile"):
            body = json.dumps({"service": service, "username": servers.USER, "password": servers.PASSWORD})
            ann = {"Authorization": basic("ann", known["hashed"]), "Content-Type": "application/json"}
            status, _, said = self.ask("POST", "/keyring", ann, body, secure=True)
            yield f"seal {service}", status, 200
            known[f"sealed {service}"] = json.loads(said)["token"]
        accepted, refused = b"\x20\2\0\0", b"\x20\2\0\5"
        for service, password, expected in (
            ("mqtt", known["sealed mqtt"], accepted),
            ("mqtt", known["sealed mqtt"][:-3], refused),
            ("mqtt", known["sealed hostile"], refused),
            ("mqtt", "", accepted),
            ("literal", known["wrong"], refused),
            ("dead", known["wrong"], 1011),
            ("hostile", known["sealed hostile"], b"\x20\2\0\3"),
            ("crude", known["wrong"], b"\x20\2\0\3"),
        ):
            say = mqtt_connect(4, 0xC2, sized("joe"), sized(password))
            yield f"{service}: {password[:6]}", self.visit(service, bearer, "mqtt", say=say), expected
        ann = {"Authorization": basic("ann", known["hashed"])}
        for port, expected in ((self.dead, 504), (self.hostile, 502)):
            yield f"origin {port}", self.ask("GET", f"/web-{port}/", ann)[0], expected
        with socket.create_connection(("127.0.0.1", self.port), 10) as line:
            head = f"GET /echo?.kat={known['ticket']} HTTP/1.1\r\nAuthorization {bearer}\r\n\r\n"
            line.sendall(head.encode())
            answer = line.recv(4096)
            self.refusals += answer.decode()
            yield "garbage", answer[:12], b"HTTP/1.1 400"

    def say_back(self) -> None:
        """Have a backend that answers with what it hears, and then with what is no MQTT."""

        def serve(made: socket.socket) -> None:
            with made, contextlib.suppress(OSError):
                made.sendall(made.recv(4096))
                made.recv(1)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(self.mirror.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()

    def found_in(self, text: str) -> list[str]:
        """Return the names of the secrets in a text."""
        return sorted(
            name for name, secret in self.secrets.items() if any(each in text for each in shapes(secret))
        )

    def test_session(self) -> None:
        """
        Whatever is given, right and wrong, by every carrier, nothing of it is in the log at debug level, as
        text or with all that its events hold, in what is counted, nor in refusals.
        """
        self.say_back()
        for form in ("text", "json"):
            with Gateway(self.text, argv=partial(debugging, form)) as gateway:
                table = list(self.everybody())
                with closing(http.client.HTTPConnection("127.0.0.1", self.watch, timeout=10)) as client:
                    client.request("GET", "/manage/metrics")
                    counted = client.getresponse().read().decode()
                said = gateway.said()
            self.assertEqual([each[:2] for each in table], [(each[0], each[2]) for each in table])
            given = basic("ann", self.secrets["hashed"])
            self.assertEqual(self.found_in(given), ["hashed"])  # what is looked for would be seen
            self.assertIn('kaazing_logins_total{outcome="accepted",realm="demo"}', counted)
            self.assertIn("a used ticket", said)
            self.assertIn("WWW-Authenticate", self.refusals)
            places = (said, counted, self.refusals)
            self.assertEqual([self.found_in(each) for each in places], [[]] * 3, said)

    def test_check(self) -> None:
        """
        Neither a configuration that is good nor one with a fault beside each of its secrets shows them.
        """
        for text, status in (
            (self.text, 0),
            (self.text.replace("backend.password>", "backend.pasword>"), 1),
            (self.text.replace("</backend.password>", "</backend.pasword>"), 1),
            (self.text.replace(str(self.folder / "issuer"), str(self.folder / "bind")), 1),
            (self.text.replace(str(self.folder / "staff"), str(self.folder / "callback")), 1),
        ):
            (self.folder / "conf.xml").write_text(text)
            checked = subprocess.run(
                [sys.executable, "-m", "kaazing", "check", str(self.folder / "conf.xml")],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=60,
            )
            said = checked.stdout + checked.stderr
            self.assertEqual((checked.returncode, self.found_in(said)), (status, []), said)

    def test_objects(self) -> None:
        """
        In an assembled gateway secrets are where they are used and nowhere else, and no object shows one in
        its repr.
        """
        config = read(str(self.folder / "conf.xml"))
        self.assertEqual(self.found_in(repr(config)), [])
        holders: dict[str, set[str]] = {}
        shown = set()
        for owner, value in walk(Assembly(config, reactor)):
            if isinstance(value, bytes):
                value = value.decode("latin-1")
            if isinstance(value, str):
                for name in self.found_in(value):
                    holders.setdefault(owner, set()).add(name)
            elif self.found_in(repr(value)):
                shown.add(type(value).__name__)
        self.assertEqual((holders, shown), (KEEPERS, set()))


def basic(user: str, password: str) -> str:
    """Return an Authorization field."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def debugging(form: str, configuration: Path) -> list[str]:
    """Return how the gateway is run to say all it can."""
    argv = list(command(configuration))
    argv[argv.index("--log-format=text")] = f"--log-format={form}"
    argv.insert(argv.index("kaazing"), "--log-level=debug")
    return argv


def walk(start: object) -> Iterator[tuple[str, Any]]:
    """Yield the texts and the objects of ours that are reached from one, with the attribute they are in."""
    left: list[tuple[str, object]] = [("", start)]
    seen: dict[int, object] = {}
    while left:
        owner, value = left.pop()
        if isinstance(value, str | bytes):
            yield owner, value
            continue
        if id(value) in seen:
            continue
        seen[id(value)] = value  # kept, so that no other gets its id
        assert len(seen) < MOST, owner
        if isinstance(value, Mapping):
            left += [(owner, each) for pair in value.items() for each in pair]
        elif isinstance(value, list | tuple | set | frozenset):
            left += [(owner, each) for each in value]
        elif isinstance(value, partial):
            left += [(owner, each) for each in (value.func, *value.args, *value.keywords.values())]
        elif isinstance(value, Callable) and hasattr(value, "__closure__"):  # type: ignore[arg-type]
            left += [(owner, cell.cell_contents) for cell in value.__closure__ or ()]
        elif hasattr(value, "__self__"):
            left.append((owner, value.__self__))
        elif not isinstance(value, type) and type(value).__module__.startswith(("kaazing.", "twisted.web")):
            yield owner, value
            left += [(f"{type(value).__name__}.{name}", each) for name, each in attributes(value)]


def attributes(value: object) -> Iterator[tuple[str, object]]:
    """Yield what an object has, by name."""
    yield from getattr(value, "__dict__", {}).items()
    for kind in type(value).__mro__:
        slots = getattr(kind, "__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name):
                yield name, getattr(value, name)
