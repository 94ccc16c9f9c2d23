"""docs/conf/keyring.xml before RabbitMQ: a client hands in its login once, and its token opens the broker."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bcrypt
from twisted.trial.unittest import SynchronousTestCase
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from kaazing.interfaces.adapters import Login
from kaazing.interfaces.security import Subject
from kaazing.security.keys import KeyRing
from kaazing.security.seals import Revocations, Seals
from kaazing.security.stores.entries import Entry
from kaazing.security.stores.file import seal_file
from kaazing.wire import amqp_one_sasl
from kaazing.wire.amqp import PREAMBLE, encode, name_of
from kaazing.wire.amqp_one import SASL_HEADER
from tests.config.files import certificate
from tests.integration import servers
from tests.integration.children import free_port
from tests.integration.gateway import Gateway
from tests.needs import ROOT
from tests.wire.mqtt_streams import connect as mqtt_connect
from tests.wire.mqtt_streams import sized

LOGIN = Login(username=servers.USER, password=servers.PASSWORD)
NONE = "no login for this client"


def basic(user: str) -> dict[str, str]:
    """The field by which a user of the gateway logs in there."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:welcome".encode()).decode()}


class TokenTests(SynchronousTestCase):
    """One gateway, RabbitMQ's STOMP, MQTT and AMQP behind it, and a service jms; users joe and ann."""

    @contextmanager
    def gateway(self) -> Iterator[Gateway]:
        """Start it."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        crt, key = certificate(folder)
        self.tls = ssl.create_default_context(cafile=str(crt))
        hashed = bcrypt.hashpw(b"welcome", bcrypt.gensalt(4)).decode()
        (folder / "staff").write_text(f"joe:{hashed}\nann:{hashed}\n")
        keys = KeyRing.made()
        keys.save(folder / "keys")
        stored = Entry(user="ann", username=servers.USER, password=servers.PASSWORD)
        seal_file(folder / "logins", keys, [stored])
        self.now = keys.keys[0].made + 0.0
        self.seals = Seals(keys, lambda: self.now, Revocations(lambda: self.now))
        broker, self.port = servers.rabbitmq(), free_port()
        ports = {8443: self.port, 61613: broker.stomp, 1883: broker.mqtt, 5672: broker.amqp}
        text = (ROOT / "docs" / "conf" / "keyring.xml").read_text()
        for known, free in ports.items():
            text = text.replace(f":{known}", f":{free}")
        jms = f"amqp://localhost:{broker.amqp}"
        text = text.replace(jms, f"{jms}/{servers.VHOST}")
        host = f"<virtual.host>{servers.VHOST}</virtual.host></properties>"
        text = text.replace("</backend.login></properties>", f"</backend.login>{host}")
        names: dict[str, Any] = {
            "CERTIFICATE": crt,
            "KEY": key,
            "STAFF": "staff",
            "KEYS": "keys",
            "LOGINS": "logins",
        }
        env = {name: str(folder / value) for name, value in names.items()}
        with Gateway(text, env=env) as gateway:
            yield gateway
            for secret in (servers.PASSWORD, "kzl1.", "welcome"):
                self.assertNotIn(secret, gateway.said())

    def ask(self, method: str, path: str = "", user: str = "joe", **said: Any) -> Any:
        """Ask the gateway's service keyring; return the answer's JSON, None for none."""
        request = urllib.request.Request(
            f"https://localhost:{self.port}/keyring{path}",
            json.dumps(said).encode() if said else None,
            {**basic(user), "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, context=self.tls, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def sealed(self, service: str) -> str:
        """The token that joe gets for a service."""
        login = {"username": servers.USER, "password": servers.PASSWORD}
        token: str = self.ask("POST", service=service, **login)["token"]
        return token

    def talk(self, path: str, user: str, *said: bytes | str | None) -> Any:
        """Say something over a WebSocket and hear one message, as often as wanted; return the last.

        By asyncio: of some hundred handshakes over TLS one never ended for the client with threads.
        """

        async def converse() -> Any:
            socket = connect(
                f"wss://localhost:{self.port}/{path}",
                subprotocols=[Subprotocol({"stomp": "v12.stomp", "jms": "v12.stomp"}.get(path, path))],
                additional_headers=basic(user),
                ssl=self.tls,
            )
            async with socket as client:
                for each in said:
                    if each is not None:
                        await client.send(each)
                    heard = await asyncio.wait_for(client.recv(), 30)
                return heard

        return asyncio.run(converse())

    def stomp(self, token: str, user: str = "joe", path: str = "stomp") -> str:
        """What STOMP's CONNECT is answered with."""
        connecting = f"CONNECT\naccept-version:1.2\nhost:/\nlogin:joe\npasscode:{token}\n\n\0"
        answer: str = self.talk(path, user, connecting)
        return answer.partition("\n")[0] + (f" {NONE}" if NONE in answer else "")

    def jms(self, token: str, user: str = "joe") -> str:
        """What it is answered with by the service jms."""
        return self.stomp(token, user, "jms")

    def mqtt(self, token: str, user: str = "joe") -> Any:
        """What MQTT's CONNECT is answered with."""
        return self.talk("mqtt", user, mqtt_connect(4, 0xC2, sized("joe"), sized(token)))

    def amqp(self, token: str, user: str = "joe") -> str:
        """The method that connection.start-ok is answered with."""
        plain = f"\0joe\0{token}".encode()
        start_ok = encode(0, "connection.start-ok", b"", "PLAIN", plain, "en_US")
        return name_of(self.talk("amqp", user, PREAMBLE, start_ok))

    def amqp_one(self, token: str, user: str = "joe") -> Any:
        """The frame of AMQP 1.0 that sasl-init is answered with."""
        plain = f"\0joe\0{token}".encode()
        return self.talk("amqp", user, SASL_HEADER, None, amqp_one_sasl.init("PLAIN", plain))

    def test_protocols(self) -> None:
        """
        A token opens its own service for its own user in each protocol; a foreign, a tampered, an expired
        and a revoked one are a failed login there, and one line of the log each.
        """
        with self.gateway() as gateway:
            for service, log_in, accepted, refused in (
                ("stomp", self.stomp, "CONNECTED", f"ERROR {NONE}"),
                ("mqtt", self.mqtt, b"\x20\2\0\0", b"\x20\2\0\5"),
                ("amqp", self.amqp, "connection.tune", "connection.close"),
                ("jms", self.jms, "CONNECTED", f"ERROR {NONE}"),
                ("amqp", self.amqp_one, amqp_one_sasl.outcome(0), amqp_one_sasl.outcome(1)),
            ):
                token = self.sealed(service)
                self.assertEqual(log_in(token), accepted)
                self.now -= 100
                expired = self.seals.seal(Subject(user="joe"), service, LOGIN, 50.0)
                self.now += 100
                tampered = token[:-1] + ("A" if token[-1] != "A" else "Q")
                other = self.sealed("mqtt" if service == "stomp" else "stomp")
                for bad in (expired, tampered, other):
                    self.assertEqual(log_in(bad), refused, service)
                self.assertEqual(log_in(token, user="ann"), refused)
                self.ask("POST", "/revoke", token=token)
                self.assertEqual(log_in(token), refused)
            said = gateway.said()
            for words, count in (
                ("a sealed login that is expired", 5),
                ("a sealed login that was changed, or not made here", 5),
                ("a sealed login of another user or for another service", 10),
                ("a sealed login that was revoked", 5),
            ):
                self.assertEqual(said.count(words), count, words)

    def test_stored(self) -> None:
        """
        Where both are taken, ann needs no token, for her login is kept; joe's is not.
        """
        with self.gateway():
            self.assertEqual(self.stomp("anything", user="ann"), "CONNECTED")
            self.assertEqual(self.stomp("anything"), f"ERROR {NONE}")
            self.assertEqual(self.jms("anything", user="ann"), "CONNECTED")
            self.assertEqual(self.jms("anything"), f"ERROR {NONE}")

    def test_all_revoked(self) -> None:
        """
        A user who has lost a token revokes them all; tokens for other services are not to be had.
        """
        with self.gateway():
            token = self.sealed("stomp")
            self.ask("DELETE")
            self.assertEqual(self.stomp(token), f"ERROR {NONE}")
            said = {"service": "xmpp", "username": "x", "password": "x"}
            why = self.assertRaises(urllib.error.HTTPError, self.ask, "POST", **said)
            self.assertEqual(why.code, 403)
            why.close()
