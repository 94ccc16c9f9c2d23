"""STOMP clients at a whole gateway with a jms service on memory://."""

from __future__ import annotations

from itertools import count
from typing import Any

from kaazing.config.model import RealmConfig, ServiceConfig, Uri
from kaazing.services.jms.service import JmsType
from kaazing.wire.stomp import Frame, parse
from tests.running import Caller, GatewayTestCase, close, uri
from tests.security.static import declare, realm

_numbers = count()


def frame(command: str, **headers: str) -> bytes:
    """Return a frame; underscores in names of headers stand for hyphens."""
    lines = [command, *(f"{name.replace('_', '-')}:{value}" for name, value in headers.items())]
    return "\n".join([*lines, "", "\0"]).encode()


class JmsTests(GatewayTestCase):
    def setUp(self) -> None:
        super().setUp()
        declare(self)

    def service(self, config: RealmConfig | None = None, **properties: Any) -> ServiceConfig:
        """Return a service; underscores in names of properties stand for dots."""
        defaults = {each.name: () if each.repeated else each.default for each in JmsType().options}
        named = {name.replace("_", "."): value for name, value in properties.items()}
        return ServiceConfig(
            name="jms",
            type="jms",
            accepts=(uri("ws://localhost:8000/"), uri("tcp://localhost:9000")),
            connects=(Uri(scheme="memory", host=f"gateway-{next(_numbers)}", port=0),),
            properties={**defaults, **named},
            realm=config,
        )

    def settle(self) -> None:
        """Let everything happen that needs a moment."""
        for _ in range(20):
            self.network.advance(0.001)
            self.network.settle()

    def say(self, client: Caller, *said: bytes) -> None:
        """Let a client say frames, each in a message of its own."""
        for each in said:
            client.say_frames((1, each))
        self.settle()

    def told(self, client: Caller) -> list[Frame]:
        """Return the STOMP frames that a client of a WebSocket has heard."""
        return [parse(payload, 12) for opcode, payload in client.frames if opcode == 1]

    def test_chat(self) -> None:
        """
        Clients over WebSocket and over TCP hear each other; at the end all are sent away with 1001.
        """
        gateway = self.start(self.service())
        self.settle()
        connect = frame("CONNECT", accept_version="1.2", host="h")
        subscribe = frame("SUBSCRIBE", id="1", destination="/topic/chat", receipt="open")
        page, old = self.browse("/", "Sec-WebSocket-Protocol: v12.stomp"), self.call(port=9000)
        self.assertEqual(page.fields["sec-websocket-protocol"], "v12.stomp")
        self.say(page, connect, subscribe)
        old.say(connect + subscribe)
        self.settle()
        self.say(page, frame("SEND", destination="/topic/chat").replace(b"\0", b"hello\0"))
        heard = self.told(page)
        self.assertEqual([each.command for each in heard], ["CONNECTED", "RECEIPT", "MESSAGE"])
        self.assertEqual(heard[-1].body, b"hello")
        self.assertIn(b"\n\nhello\0", old.heard)
        self.assertEqual(gateway._sessions.by_service(), {"jms": 2})
        gateway.stopService()
        self.settle()
        self.assertEqual(page.frames[-1], close(1001, b"the gateway goes away"))

    def test_realm_at_connect(self) -> None:
        """
        Where CONNECT carries the login, the door lets everybody in, and the realm is asked then.
        """
        self.start(self.service(realm(), connect_login="realm"))
        self.settle()
        for secret, command in (("welcome", "CONNECTED"), ("wrong", "ERROR")):
            page = self.browse()
            self.say(page, frame("CONNECT", accept_version="1.2", host="h", login="joe", passcode=secret))
            (answer,) = self.told(page)
            self.assertEqual(answer.command, command)
        self.assertEqual(page.frames[-1], close(1008, b"the login is wrong, or missing"))
        self.assertEqual(
            [each for each in self.said if "not let in" in each],
            ["service jms, realm demo: client 192.0.2.1, user 'joe': not let in: wrong"],
        )

    def test_realm_at_the_door(self) -> None:
        """
        Otherwise who has not logged in does not get in at all.
        """
        self.start(self.service(realm()))
        self.settle()
        self.assertEqual(self.browse().head, "HTTP/1.1 401 Unauthorized")
