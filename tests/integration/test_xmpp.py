"""Unmodified XMPP clients, Prosody and ejabberd, and the gateway with every element checked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import slixmpp
from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.integration import scenarios, servers
from tests.integration.children import free_port
from tests.integration.gateway import Gateway, conf, service
from tests.integration.scenarios import at, in_chromium, in_node
from tests.integration.servers.xmpp import ROOMS, Ejabberd, Prosody

COUNT = 100
"""Texts in a conversation."""

LONG = {Prosody: 40_000, Ejabberd: 280_000}
"""Letters of a text; escaped, a mebibyte to ejabberd, and what Prosody takes."""

LOGIN = (
    f"<backend.username>{servers.USER}</backend.username>"
    f"<backend.password>{servers.PASSWORD}</backend.password>"
)
LIMIT = "<xmpp.maximum.stanza.size>2M</xmpp.maximum.stanza.size>"
OPEN = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{}' version='1.0'/>"
CLOSE = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"
BIND = "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
AUTH = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>"


@contextmanager
def gateway(
    server: Prosody | Ejabberd, properties: str = "", scheme: str = "ws", port_of: str = "client"
) -> Iterator[int]:
    """Run a gateway with one service before a server, and a page on the same port; yield the port."""
    port = free_port()
    accept = f"{scheme}://127.0.0.1:{port}" + ("/xmpp" if scheme == "ws" else "")
    proxy = service(
        "xmpp.proxy",
        accept,
        f"{'ssl' if port_of == 'direct' else 'tcp'}://localhost:{getattr(server, port_of)}",
        properties=LIMIT + properties,
        accept_options="<ws.maximum.message.size>2M</ws.maximum.message.size>" if scheme == "ws" else "",
        connect_options=f"<ssl.ca-file>{server.ca}</ssl.ca-file>",
    )
    pages = [scenarios.page(port), scenarios.converse(port)] if scheme == "ws" else []
    with Gateway(conf(proxy, *pages)):
        yield port


def at_service(port: int) -> str:
    """Return the URL of the service."""
    return f"ws://127.0.0.1:{port}/xmpp"


class StropheTests(SynchronousTestCase):
    """strophe.js 5: two clients meet in a room; one says a hundred texts in letters of many scripts and a
    long one, the other hears them in order; the server is pinged, and both leave."""

    def converse(self, server: Prosody | Ejabberd, run: Any, password: str, properties: str) -> None:
        """Compare what came of it."""
        with gateway(server, properties) as port:
            facts = run(
                port,
                url=at_service(port),
                jid=f"{servers.USER}@localhost",
                password=password,
                room=f"{run.__name__}@{ROOMS}",
                count=COUNT,
                longest=LONG[type(server)],
            )
        gone = ["disconnected"] * 2
        self.assertEqual(
            facts, {"texts": COUNT, "long": True, "pings": 2, "subprotocol": "xmpp", "gone": gone}
        )

    @staticmethod
    def node(port: int, **options: Any) -> dict[str, Any]:
        """In Node."""
        return in_node("xmpp", "strophe", **options)

    @staticmethod
    def chromium(port: int, **options: Any) -> dict[str, Any]:
        """In a page."""
        return in_chromium(at(port), "xmpp", "strophe", **options)

    def test_prosody(self) -> None:
        """
        Prosody insists on STARTTLS, which the gateway does; the client's own login passes (SCRAM), or
        the gateway's takes its place.
        """
        self.converse(servers.prosody(), self.node, servers.PASSWORD, "")
        self.converse(servers.prosody(), self.node, "guess", LOGIN)

    def test_ejabberd(self) -> None:
        """
        In a browser that knows no password: the gateway logs in at ejabberd, encrypted.
        """
        required = "<xmpp.starttls>required</xmpp.starttls>"
        self.converse(servers.ejabberd(), self.chromium, "guess", LOGIN + required)

    def test_wrong_password(self) -> None:
        """
        A wrong password, the client's or the configuration's, is told as XMPP tells it.
        """
        wrong = LOGIN.replace(servers.PASSWORD, "guess")
        for properties, own in (("", "guess"), (wrong, servers.PASSWORD)):
            with gateway(servers.prosody(), properties) as port:
                jid = f"{servers.USER}@localhost"
                facts = in_node("xmpp", "refused", url=at_service(port), jid=jid, password=own)
            self.assertEqual(facts, {"condition": "not-authorized"})


class EntityTests(SynchronousTestCase):
    """@xmpp/client: it logs in, sends a hundred texts and a long one to itself, pings, and stops."""

    def converse(self, server: Prosody | Ejabberd, properties: str = "", **options: Any) -> None:
        """Compare what comes of it in Node."""
        asked = {"domain": "localhost", "count": COUNT, "longest": LONG[type(server)], **options}
        with gateway(server, properties) as port:
            facts = in_node("xmpp", "entity", url=at_service(port), **asked)
        self.assertEqual(facts, {"texts": COUNT, "long": True, "pings": 2, "error": None})

    def test_own_login(self) -> None:
        """
        With its own login, at ejabberd.
        """
        self.converse(servers.ejabberd(), username=servers.USER, password=servers.PASSWORD)

    def test_login(self) -> None:
        """
        With none, at both servers: the gateway logs in.
        """
        self.converse(servers.ejabberd(), LOGIN)
        self.converse(servers.prosody(), LOGIN)

    def test_wrong_password(self) -> None:
        """
        A wrong password, the client's or the configuration's, is told as XMPP tells it.
        """
        wrong = LOGIN.replace(servers.PASSWORD, "guess")
        for properties, own in (("", "guess"), (wrong, servers.PASSWORD)):
            login = {"username": servers.USER, "password": own}
            asked = {"domain": "localhost", "count": 0, "longest": 0, **login}
            with gateway(servers.ejabberd(), properties) as port:
                facts = in_node("xmpp", "entity", url=at_service(port), **asked)
            self.assertIn("not-authorized", facts["error"])


class ConverseTests(SynchronousTestCase):
    """converse.js in Chromium."""

    def test_room(self) -> None:
        """
        The page logs in, enters a room, and hears in order what it has said there, at both servers.
        """
        for server in (servers.prosody(), servers.ejabberd()):
            with gateway(server, LOGIN) as port:
                facts = in_chromium(
                    at(port),
                    "xmpp",
                    "converse",
                    url=at_service(port),
                    jid=f"{servers.USER}@localhost",
                    password="guess",
                    room=f"page@{ROOMS}",
                    count=COUNT,
                    longest=LONG[type(server)],
                )
            self.assertEqual(facts, {"connected": True, "texts": COUNT, "long": True})

    def test_wrong_password(self) -> None:
        """
        A wrong password is told to the user as one.
        """
        with gateway(servers.prosody()) as port:
            login = {"url": at_service(port), "jid": f"{servers.USER}@localhost", "password": "guess"}
            facts = in_chromium(at(port), "xmpp", "converse_refused", **login)
        told = "Your XMPP address and/or password is incorrect. Please try again."
        self.assertEqual(facts, {"told": told})


LATE = "still there"


class Talker(slixmpp.ClientXMPP):
    """Sends texts to itself, then keeps silent for two heart-beats, and sends another; C{done} has what
    came back, or the name of what went wrong."""

    def __init__(self, jid: str, password: str, texts: list[str]) -> None:
        super().__init__(jid, password)
        self.done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.texts = texts
        self.heard: list[str] = []
        self.enable_starttls = self.enable_direct_tls = False
        self.enable_plaintext = True
        self.whitespace_keepalive_interval = 1
        self["feature_mechanisms"].unencrypted_plain = True
        self["feature_mechanisms"].unencrypted_scram = True
        self.add_event_handler("session_start", self.begun)
        self.add_event_handler("message", self.said)
        self.add_event_handler("failed_all_auth", lambda _: self.end("refused"))

    def end(self, what: Any) -> None:
        """Say what came of it, once."""
        if not self.done.done():
            self.done.set_result(what)

    async def begun(self, _: Any) -> None:
        """Send all."""
        self.send_presence()
        for text in self.texts:
            self.send_message(mto=self.boundjid, mbody=text, mtype="chat")

    def said(self, message: Any) -> None:
        """Keep what is heard."""
        if message["body"] == LATE:
            self.end(self.heard)
            return
        self.heard.append(message["body"])
        if len(self.heard) == len(self.texts):
            later = asyncio.get_running_loop().call_later
            later(2.2, lambda: self.send_message(mto=self.boundjid, mbody=LATE, mtype="chat"))


async def talk(port: int, jid: str, password: str, texts: list[str]) -> Any:
    """Return what a slixmpp client hears of texts that it sends itself."""
    client = Talker(jid, password, texts)
    client.connect("127.0.0.1", port)
    try:
        return await asyncio.wait_for(client.done, 15)
    finally:
        await client.disconnect(wait=2)


class SlixmppTests(SynchronousTestCase):
    """slixmpp over TCP, the gateway's STARTTLS and login behind it."""

    def test_tcp(self) -> None:
        """
        A hundred texts and a long one come back in order, from both servers; one more after a silence
        that only whitespace filled.
        """
        short = [f"№ {number}: grüße, 你好, 🚂 <&>" for number in range(COUNT)]
        for server in (servers.prosody(), servers.ejabberd()):
            texts = [*short, "ß<&>" * (LONG[type(server)] // 4)]
            with gateway(server, LOGIN, "tcp") as port:
                heard = asyncio.run(talk(port, f"{servers.USER}@localhost", "guess", texts))
            self.assertEqual(heard, texts)

    def test_wrong_password(self) -> None:
        """
        The client's own wrong password is refused.
        """
        with gateway(servers.prosody(), "", "tcp") as port:
            self.assertEqual(asyncio.run(talk(port, f"{servers.USER}@localhost", "guess", [])), "refused")


class WebSocketTests(SynchronousTestCase):
    """What is hard to see through a client."""

    @contextmanager
    def client(
        self, properties: str = LOGIN, port_of: str = "client", domain: str = "localhost"
    ) -> Iterator[Any]:
        """Connect, log in, and bind at Prosody."""
        with (
            gateway(servers.prosody(), properties, port_of=port_of) as port,
            connect(at_service(port), subprotocols=[Subprotocol("xmpp")]) as client,
        ):
            for words, answers in ((OPEN, 2), (AUTH, 1), (OPEN, 2), (BIND, 1)):
                client.send(words.format(domain))
                self.heard = [str(client.recv(10)) for _ in range(answers)]
            yield client

    def test_mechanisms(self) -> None:
        """
        The gateway logs in by the mechanism of the configuration, behind STARTTLS and where TLS comes first.
        """
        for port_of in ("client", "direct"):
            for mechanism in ("SCRAM-SHA-1", "PLAIN"):
                chosen = f"<backend.mechanism>{mechanism}</backend.mechanism>"
                with self.client(LOGIN + chosen, port_of):
                    self.assertIn("<jid>alice@localhost/", self.heard[0])

    def test_sha_256(self) -> None:
        """
        A server that has SCRAM-SHA-256 and PLAIN sees the gateway log in by the former, where it is
        named and where nothing is.
        """
        log = servers.prosody().log
        for mechanism in ("SCRAM-SHA-256", ""):
            chosen = f"<backend.mechanism>{mechanism}</backend.mechanism>" if mechanism else ""
            before = log.stat().st_size
            with self.client(LOGIN + chosen, domain="sha256.localhost"):
                self.assertIn("<jid>alice@sha256.localhost/", self.heard[0])
            said = log.read_bytes()[before:].decode()
            self.assertEqual(re.findall("<auth [^>]*mechanism='([^']*)'", said), ["SCRAM-SHA-256"])

    def test_sha_256_refused(self) -> None:
        """
        A wrong password of the configuration, and a mechanism that the server has not, are refused as XMPP
        does it.
        """
        wrong = LOGIN.replace(servers.PASSWORD, "guess")
        absent = LOGIN + "<backend.mechanism>SCRAM-SHA-1</backend.mechanism>"
        for properties in (wrong, absent):
            with (
                gateway(servers.prosody(), properties) as port,
                connect(at_service(port), subprotocols=[Subprotocol("xmpp")]) as client,
            ):
                client.send(OPEN.format("sha256.localhost"))
                for _ in range(2):
                    client.recv(10)
                client.send(AUTH)
                self.assertIn("<failure", str(client.recv(10)))

    def test_violation(self) -> None:
        """
        A fault in mid-stream: the stanza before it was passed, then a stream error, <close/> and 1002.
        """
        with self.client() as client:
            self.assertIn("<jid>alice@localhost/", self.heard[0])
            ping = "<ping xmlns='urn:xmpp:ping'/>"
            client.send(f"<iq xmlns='jabber:client' type='get' id='p' to='localhost'>{ping}</iq>")
            self.assertIn("type='result'", str(client.recv(10)))
            client.send("<message><!-- --></message>")
            said = [str(client.recv(10)) for _ in range(2)]
            closed = self.assertRaises(ConnectionClosed, client.recv, 10)
        self.assertIn("<restricted-xml xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>", said[0])
        self.assertEqual((said[1], closed.rcvd.code), (CLOSE, 1002))

    def test_goodbye(self) -> None:
        """
        <close/> is answered, and the connection closed in order.
        """
        with self.client() as client:
            client.send(CLOSE)
            self.assertEqual(client.recv(10), CLOSE)
            closed = self.assertRaises(ConnectionClosed, client.recv, 10)
        self.assertEqual(closed.rcvd.code, 1000)

    def test_binary(self) -> None:
        """
        A binary message is refused with 1003, behind a stream error.
        """
        with gateway(servers.prosody()) as port, connect(at_service(port)) as client:
            client.send(OPEN.format("localhost").encode())
            said = [str(client.recv(10)) for _ in range(3)]
            closed = self.assertRaises(ConnectionClosed, client.recv, 10)
        self.assertTrue(said[0].startswith("<open "))
        self.assertIn("binary message", said[1])
        self.assertEqual((said[2], closed.rcvd.code), (CLOSE, 1003))

    def test_unknown_domain(self) -> None:
        """
        A stream error of the server reaches the client, in a stream.
        """
        with gateway(servers.ejabberd()) as port, connect(at_service(port)) as client:
            client.send(OPEN.format("elsewhere.invalid"))
            said = [str(client.recv(10)) for _ in range(3)]
        self.assertTrue(said[0].startswith("<open "))
        self.assertIn("host-unknown", said[1])
        self.assertEqual(said[2], CLOSE)

    def test_old_form(self) -> None:
        """
        A client that speaks the stream of TCP in messages, cut anywhere, as those of old did.
        """
        header = (
            "<?xml version='1.0'?><stream:stream to='plain.localhost' version='1.0' xmlns='jabber:client'"
            " xmlns:stream='http://etherx.jabber.org/streams'>"
        )
        never = "<xmpp.starttls>never</xmpp.starttls>"
        with gateway(servers.prosody(), LOGIN + never) as port, connect(at_service(port)) as client:
            for part in (header[:40], header[40:]):
                client.send(part)
            said = [str(client.recv(10)) for _ in range(2)]
            client.send(AUTH)
            said.append(str(client.recv(10)))
            client.send(header + "</stream:stream>")
            said += [str(client.recv(10)) for _ in range(3)]
            self.assertRaises(ConnectionClosed, client.recv, 10)
        self.assertTrue(said[0].startswith("<?xml version='1.0'?><stream:stream "))
        self.assertTrue(said[1].startswith("<stream:features"))
        self.assertTrue(said[2].startswith("<success"))
        self.assertEqual(said[5], "</stream:stream>")
