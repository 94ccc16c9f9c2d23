"""The files in docs/conf, each started as they are, on ports that are free; some before a real server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from kaazing.wire.amqp import PREAMBLE, encode, name_of
from tests.config.test_examples import at_hand
from tests.integration import servers
from tests.integration.children import free_port, free_ports
from tests.integration.gateway import STARTED, Gateway
from tests.integration.servers.xmpp import ROOMS
from tests.integration.test_xmpp import AUTH, BIND, OPEN
from tests.needs import ROOT
from tests.wire.mqtt_streams import connect as mqtt_connect
from tests.wire.mqtt_streams import sized

_PORT = re.compile(r"(?<=:)[0-9]{4,5}\b")


def elsewhere(configuration: str, known: Mapping[str, int] | None = None) -> str:
    """Return a configuration with free ports in place of its own, those that are C{known} apart."""
    ports = sorted(set(_PORT.findall(configuration)))
    free = {**dict(zip(ports, free_ports(len(ports)), strict=True)), **(known or {})}
    return _PORT.sub(lambda match: str(free[match[0]]), configuration)


class ExampleTests(SynchronousTestCase):
    """Every file that a reader of the documentation may start with."""

    def test_start(self) -> None:
        """
        Each binds all that it names, and ends in good order.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        given = at_hand(folder)
        for path in sorted((ROOT / "docs" / "conf").glob("*.xml")):
            with Gateway(elsewhere(path.read_text()), env=given) as gateway:
                self.assertIn(STARTED, gateway.said(), path.name)


class AtWorkTests(SynchronousTestCase):
    """Those for a protocol, between a page of the site that they name and a real server."""

    @contextmanager
    def gateway(
        self, name: str, backend: str, port: int, user: tuple[str, str], **env: str
    ) -> Iterator[Callable[..., Any]]:
        """Start it; yield what connects a client of that site, offering a subprotocol; not of others."""
        own = free_port()
        known = {"8001": own, backend: port}
        text = elsewhere((ROOT / "docs" / "conf" / f"{name}.xml").read_text(), known)
        given = {"BROKER_USER": user[0], "BROKER_PASSWORD": user[1], **env}

        [url] = re.findall(r"<accept>(\S+)</accept>", text)
        [site] = re.findall(r"<allow-origin>(\S+)</allow-origin>", text)

        def client(subprotocol: str, site: str = site) -> Any:
            return connect(url, subprotocols=[Subprotocol(subprotocol)], origin=Origin(site))

        with Gateway(text.replace("example.com", "localhost"), env=given):
            refused = self.assertRaises(InvalidStatus, client, "any", "http://elsewhere.test")
            self.assertEqual(refused.response.status_code, 403)
            yield client

    def test_rabbitmq(self) -> None:
        """
        rabbitmq.xml: a page logs in by STOMP.
        """
        rabbit = servers.rabbitmq()
        with (
            self.gateway("rabbitmq", "61613", rabbit.stomp, ("", "")) as client,
            client("v12.stomp") as page,
        ):
            page.send("CONNECT\naccept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\n\n\0")
            self.assertTrue(page.recv(10).startswith("CONNECTED\n"))

    def test_amqp(self) -> None:
        """
        amqp.xml: a page declares a queue that the server names, and consumes; it may do no more.
        """
        rabbit = servers.rabbitmq()
        with (
            self.gateway("amqp", "5672", rabbit.amqp, ("guest", "guest")) as client,
            client("amqp") as page,
        ):
            page.send(PREAMBLE)
            page.recv(10)
            page.send(encode(0, "connection.start-ok", b"", "PLAIN", b"\0a\0b", "en_US"))
            page.recv(10)
            page.send(encode(0, "connection.tune-ok", 100, 131072, 0))
            page.send(encode(0, "connection.open", "/", "", 0))
            said = [page.recv(10)]
            page.send(encode(1, "channel.open", "") + encode(1, "queue.declare", 0, "", 0b00100, b""))
            said += [page.recv(10) for _ in range(2)]
            page.send(encode(1, "basic.consume", 0, "", "c", 0b0010, b""))
            said.append(page.recv(10))
            page.send(encode(1, "queue.declare", 0, "mine", 0, b""))
            said.append(page.recv(10))
        names = [
            "connection.open-ok",
            "channel.open-ok",
            "queue.declare-ok",
            "basic.consume-ok",
            "channel.close",
        ]
        self.assertEqual([name_of(each) for each in said], names)

    def test_mqtt(self) -> None:
        """
        mqtt.xml: a page hears the news, but nothing internal.
        """
        mosquitto, user = servers.mosquitto(), (servers.USER, servers.PASSWORD)
        with self.gateway("mqtt", "1883", mosquitto.mqtt, user) as client, client("mqtt") as page:
            page.send(mqtt_connect(4))
            self.assertEqual(page.recv(10), b"\x20\x02\0\0")
            page.send(b"\x82\x21\0\1" + sized("news/weather") + b"\0" + sized("news/internal") + b"\0")
            self.assertEqual(page.recv(10), b"\x90\x04\0\1\0\x80")

    def test_xmpp(self) -> None:
        """
        xmpp.xml: a page enters a room, its gateway logged in; other people are not to be spoken to.
        """
        prosody, user = servers.prosody(), (servers.USER, servers.PASSWORD)
        trusted = {"SSL_CERT_FILE": str(prosody.ca)}
        with (
            self.gateway("xmpp", "5222", prosody.client, user, **trusted) as client,
            client("xmpp") as page,
        ):
            for words, answers in ((OPEN, 2), (AUTH, 1), (OPEN, 2), (BIND, 1)):
                page.send(words.format("localhost"))
                said = [page.recv(10) for _ in range(answers)]
            self.assertIn("<jid>alice@localhost/", said[0])
            room = f"conf@{ROOMS}"
            joining = f"<presence to='{room}/page' xmlns='jabber:client'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
            page.send(joining)
            self.assertIn(f"from='{room}/page'", page.recv(10))
            page.send("<message to='bob@localhost' id='m' xmlns='jabber:client'><body>psst</body></message>")
            while "id='m'" not in (refused := page.recv(10)):
                pass
            self.assertIn("type='error'", refused)

    def test_irc(self) -> None:
        """
        irc.xml: a page is logged in, and kept from the staff's channels.
        """
        inspircd, user = servers.inspircd(), (servers.USER, servers.PASSWORD)
        webirc = {"WEBIRC_PASSWORD": servers.irc.WEBIRC}
        with (
            self.gateway("irc", "6667", inspircd.irc, user, **webirc) as client,
            client("text.ircv3.net") as page,
        ):
            lines = ("NICK conf", "USER conf 0 * :conf", "JOIN #staff1", "WHOIS conf")
            signs = (None, " 001 conf ", " 474 conf #staff1 ", " 330 conf conf alice ")
            for line, sign in zip(lines, signs, strict=True):
                page.send(line)
                while sign and sign not in page.recv(10):
                    pass
