"""How a page says who it is, and for how long: the websockets library and Chromium before a gateway."""

from __future__ import annotations

import base64
import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import jwt
from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.config.files import certificate
from tests.integration import scenarios
from tests.integration.children import free_port
from tests.integration.gateway import Gateway, conf
from tests.integration.scenarios import at, in_chromium

SECRET = "a secret of the issuer, of 32 bytes or more"
MARK = "\uf0ff"
REALM = """<security><realm><name>demo</name><authentication>
<http-challenge-scheme>{scheme}</http-challenge-scheme>
<authorization-mode>recycle</authorization-mode>
<login-modules><login-module><type>jwt</type><success>required</success><options>
<issuer><name>test</name><secret-file>{secret}</secret-file></issuer>
<leeway>0 seconds</leeway>
<roles.claim>roles</roles.claim>
</options></login-module></login-modules>
</authentication></realm></security>"""


def token(lasts: float = 600, user: str = "ann", *roles: str) -> str:
    """Return a token that the realm knows."""
    said = {"iss": "test", "sub": user, "exp": time.time() + lasts, "roles": list(roles)}
    return jwt.encode(said, SECRET, algorithm="HS256")


def guarded(type: str, accept: str, connect: str = "", accept_options: str = "") -> str:
    """Return a service with the realm."""
    options = f"<accept-options>{accept_options}</accept-options>" if accept_options else ""
    back = f"<connect>{connect}</connect>" if connect else ""
    return (
        f"<service><name>{type} at {accept}</name><accept>{accept}</accept>{back}<type>{type}</type>"
        f"{options}<realm-name>demo</realm-name></service>"
    )


class CarrierTestCase(SynchronousTestCase):
    """A gateway with an echo behind a realm."""

    @contextmanager
    def gateway(self, *more: str, scheme: str = "Token") -> Iterator[Gateway]:
        """Run it; C{self.port} is its port."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        secret = folder / "secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        realm = REALM.format(secret=secret, scheme=scheme)
        echo = guarded("echo", f"ws://127.0.0.1:{self.port}/echo")
        with Gateway(conf(realm, echo, *more)) as gateway:
            yield gateway

    def setUp(self) -> None:
        self.port = free_port()

    def open(self, *subprotocols: str, query: str = "", **headers: str) -> ClientConnection:
        """Open a WebSocket."""
        return connect(
            f"ws://127.0.0.1:{self.port}/echo{query}",
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            additional_headers=headers,
        )

    def ask(self, method: str, name: str, body: bytes | None = None, **headers: str) -> tuple[Any, Any]:
        """Ask for a page of logins; return its fields and what it says."""
        url = f"http://127.0.0.1:{self.port}/echo/;auth/{name}"
        data = (body or b"") if method == "POST" else None
        with urlopen(Request(url, data, headers, method=method), timeout=10) as answer:
            return answer.headers, json.load(answer)

    def echoed(self, client: ClientConnection) -> None:
        """See that a client is in."""
        client.send("hello")
        self.assertEqual(client.recv(10), "hello")

    def closed(self, client: ClientConnection) -> tuple[int, str]:
        """Return what the gateway closes a connection with."""
        why = self.assertRaises(ConnectionClosed, client.recv, 15)
        return why.rcvd.code, why.rcvd.reason


class LibraryTests(CarrierTestCase):
    """The websockets library, which sets what header fields it likes, and those that a page can set."""

    def test_subprotocol(self) -> None:
        """
        A token in a subprotocol logs in; what is echoed is no secret; without one nobody comes in.
        """
        with self.gateway() as gateway:
            given = token()
            encoded = base64.urlsafe_b64encode(given.encode()).decode().rstrip("=")
            for offered, echo in (
                (("amqp", f"kaazing.bearer.{given}"), "amqp"),
                ((f"kaazing.bearer64.{encoded}", "kaazing.authenticated"), "kaazing.authenticated"),
            ):
                with self.open(*offered) as client:
                    self.assertEqual(client.subprotocol, echo)
                    self.echoed(client)
            for refused in ((), ("kaazing.bearer.abc",)):
                why = self.assertRaises(InvalidStatus, self.open, *refused)
                self.assertEqual(why.response.status_code, 401)
            self.assertNotIn(given, gateway.said())

    def test_ticket(self) -> None:
        """
        A ticket opens one connection, in the query or in a subprotocol, and no second one.
        """
        with self.gateway() as gateway:
            for offered, query in (((), "?.kat={}"), (("amqp", "kaazing.ticket.{}"), "")):
                _, said = self.ask("POST", "ticket", Authorization=f"Bearer {token()}")
                ticket = said["ticket"]
                subprotocols = [name.format(ticket) for name in offered]
                with self.open(*subprotocols, query=query.format(ticket)) as client:
                    self.echoed(client)
                why = self.assertRaises(InvalidStatus, self.open, *subprotocols, query=query.format(ticket))
                self.assertEqual(why.response.status_code, 401)
                self.assertNotIn(ticket, gateway.said())
            self.assertIn("a used ticket of user 'ann'", gateway.said())

    def test_session(self) -> None:
        """
        Who has logged in comes in by the cookie alone, until a logout, which closes the connection too.
        """
        with self.gateway() as gateway:
            fields, said = self.ask("GET", "session", Authorization=f"Token {token(600, 'ann', 'trader')}")
            self.assertEqual((said["user"], said["roles"]), ("ann", ["trader"]))
            cookie, *attributes = fields["Set-Cookie"].split("; ")
            self.assertEqual(attributes[1:], ["Path=/", "HttpOnly", "SameSite=Lax"])
            with self.open(Cookie=cookie) as client:
                self.echoed(client)
                self.assertEqual(self.ask("POST", "logout", Cookie=cookie)[1], {"closed": 1})
                self.assertEqual(self.closed(client), (4401, "logged out"))
            why = self.assertRaises(InvalidStatus, self.open, Cookie=cookie)
            self.assertEqual(why.response.status_code, 401)
            error = self.assertRaises(HTTPError, self.ask, "GET", "session", Cookie=cookie)
            self.addCleanup(error.close)
            self.assertEqual(error.code, 401)
            self.assertNotIn(cookie.partition("=")[2], gateway.said())

    def test_encrypted(self) -> None:
        """
        Over TLS the cookie is for TLS alone, and for that host.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        crt, key = certificate(folder)
        options = f"<ssl.certificate-file>{crt}</ssl.certificate-file><ssl.key-file>{key}</ssl.key-file>"
        port = free_port()
        with self.gateway(guarded("echo", f"wss://127.0.0.1:{port}/echo", accept_options=options)):
            trust = ssl.create_default_context()
            trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
            url = f"https://127.0.0.1:{port}/echo/;auth/session"
            asked = Request(url, headers={"Authorization": f"Bearer {token()}"})
            with urlopen(asked, timeout=10, context=trust) as answer:
                cookie, *attributes = answer.headers["Set-Cookie"].split("; ")
            self.assertRegex(cookie, "^__Host-kaazing-session-[0-9a-f]{8}=")
            self.assertEqual(attributes[1:], ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"])
            headers = {"Cookie": cookie}
            with connect(f"wss://127.0.0.1:{port}/echo", ssl=trust, additional_headers=headers) as client:
                self.echoed(client)
            why = self.assertRaises(InvalidStatus, self.open, Cookie=cookie)
            self.assertEqual(why.response.status_code, 401)

    def test_runs_out(self) -> None:
        """
        A connection ends with its token.
        """
        with self.gateway(), self.open(f"kaazing.bearer.{token(2)}") as client:
            self.echoed(client)
            self.assertEqual(self.closed(client), (4401, "the login has run out"))

    def test_renewed_inside(self) -> None:
        """
        A client that understands it is told when its login ends, and stays with a new token of the same user.
        """
        with self.gateway(), self.open("kaazing.renewal", f"kaazing.bearer.{token(4)}") as client:
            self.assertEqual(client.subprotocol, "kaazing.renewal")
            self.assertEqual(str(client.recv(5))[:2], f"{MARK}L")
            self.assertEqual(str(client.recv(5))[:2], f"{MARK}W")
            client.send(f"{MARK}ABearer {token(600, 'bob')}")
            self.assertEqual(client.recv(5), f"{MARK}X")
            client.send(f"{MARK}ABearer {token(600)}")
            self.assertIn(client.recv(5), (f"{MARK}L599", f"{MARK}L600"))
            time.sleep(3)  # the first token is over
            self.echoed(client)
            client.send(f"{MARK}E{MARK}L1")
            self.assertEqual(client.recv(5), f"{MARK}E{MARK}L1")

    def test_renewed_outside(self) -> None:
        """
        A client that does not is renewed by the ticket that it came with.
        """
        with self.gateway():
            ticket = self.ask("POST", "ticket", Authorization=f"Bearer {token(3)}")[1]["ticket"]
            with self.open(query=f"?.kat={ticket}") as client:
                body = json.dumps({"ticket": ticket}).encode()
                said = self.ask("POST", "renew", body, Authorization=f"Bearer {token(5)}")[1]
                self.assertEqual(said["renewed"], 1)
                time.sleep(3)  # the first token is over
                self.echoed(client)
                self.assertEqual(self.closed(client), (4401, "the login has run out"))

    def test_events(self) -> None:
        """
        An event stream ends with its token.
        """
        feed = guarded(
            "broadcast", f"sse://127.0.0.1:{self.port}/feed", connect=f"udp://127.0.0.1:{free_port()}"
        )
        with self.gateway(feed):
            url = f"http://127.0.0.1:{self.port}/feed"
            with urlopen(Request(url, headers={"Authorization": f"Bearer {token(2)}"}), timeout=10) as stream:
                began = time.monotonic()
                self.assertIn(b"retry", stream.read())
                self.assertLess(time.monotonic() - began, 8)

    def test_emulated(self) -> None:
        """
        An emulated WebSocket comes in by a ticket, which its URLs do not repeat, and ends with its token.
        """
        with self.gateway():
            ticket = self.ask("POST", "ticket", Authorization=f"Bearer {token(2)}")[1]["ticket"]
            url = f"http://127.0.0.1:{self.port}/echo/;e/cb?.kat={ticket}&a=1"
            with urlopen(Request(url, b""), timeout=10) as answer:
                up, down = answer.read().decode().split()
            self.assertEqual([each.partition("?")[2] for each in (up, down)], ["a=1", "a=1"])
            with urlopen(down, timeout=10) as stream:
                self.assertTrue(stream.read().endswith(b"\x0102\xff\x0101\xff"))  # CLOSE, RECONNECT


class ChromiumTests(CarrierTestCase):
    """A page of the same origin."""

    def test_page(self) -> None:
        """
        Every carrier works in a browser: subprotocols, a ticket, a session's cookie on WebSocket and
        EventSource, Authorization by fetch, renewal inside.
        """
        feed, datagrams = f"sse://127.0.0.1:{self.port}/feed", f"udp://127.0.0.1:{free_port()}"
        more = guarded("broadcast", feed, connect=datagrams)
        with self.gateway(scenarios.page(self.port), more, scheme="Application Token"):
            facts = in_chromium(
                at(self.port),
                "login",
                "everyWay",
                echo=f"ws://127.0.0.1:{self.port}/echo",
                feed=f"http://127.0.0.1:{self.port}/feed",
                token=token(),
                secret=SECRET,
            )
        self.assertEqual(
            facts,
            {
                "nothing": {"opened": False},
                "bearer": {"opened": True, "protocol": "kaazing.authenticated", "echoed": True},
                "real": {"opened": True, "protocol": "amqp", "echoed": True},
                "unechoed": {"opened": False},
                "ticket": {"opened": True, "protocol": "", "echoed": True},
                "again": {"opened": False},
                "user": "ann",
                "cookie": {"opened": True, "protocol": "", "echoed": True},
                "readable": False,
                "events": True,
                "renewed": {"lasts": True, "warned": True, "renewed": True, "echoed": True},
                "logout": {"closed": 1, "code": 4401, "opened": False},
            },
        )
