"""Gateways with adapters, from the configuration file to the backend: login, policy, roles, rates, counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.logger import LogLevel, capturedLogs, formatEvent

from kaazing.config.reader import read
from kaazing.gateway import Gateway
from tests.adapters.stomp.dialogue import CONNECT, CONNECTED, HELLO
from tests.running import Caller, GatewayTestCase, close
from tests.transports.scenes import TEXT

CONF = """<gateway-config xmlns="http://xmlns.kaazing.org/2014/09/gateway">
  <service>
    <name>broker</name>
    <accept>{accept}</accept>
    <connect>tcp://192.0.2.7:61613</connect>
    <type>stomp.proxy</type>
    <properties>
      {properties}
    </properties>
  </service>
</gateway-config>
"""
LOGIN = "<backend.username>gw</backend.username><backend.password>secret</backend.password>"
LOGGED_IN = b"CONNECT\nlogin:gw\npasscode:secret\naccept-version:1.0,1.1,1.2\nhost:/\n\n\0"
SUBSCRIBE = b"SUBSCRIBE\nid:0\ndestination:/topic/news\n\n\0"


class AdapterTests(GatewayTestCase):
    """A STOMP broker behind a gateway."""

    def open(self, properties: str = "", accept: str = "ws://127.0.0.1:8000/") -> Gateway:
        """Start a gateway from a file."""
        path = Path(self.mktemp())
        path.write_text(CONF.format(accept=accept, properties=properties))
        self.brokers = self.backend("192.0.2.7", 61613)
        gateway = Gateway(read(str(path)), self.network)
        gateway.privilegedStartService()
        gateway.startService()
        return gateway

    def visit(self) -> Caller:
        """A browser connects, and gets its broker."""
        client = self.browse(host="127.0.0.1:8000")
        self.broker = self.brokers[-1]
        return client

    def log_in(self, properties: str = "") -> Any:
        """A browser connects, and the broker agrees."""
        gateway = self.open(properties)
        self.client = self.visit()
        self.client.say_frames((TEXT, CONNECT))
        self.network.settle()
        self.broker.say(CONNECTED % b"1.2")
        self.network.settle()
        self.assertEqual(self.client.frames, [(TEXT, CONNECTED % b"1.2")])
        self.broker.heard = b""
        return gateway

    def say(self, *frames: bytes) -> None:
        """The browser sends frames, each a message."""
        self.client.say_frames(*((TEXT, frame) for frame in frames))
        self.network.settle()

    def test_login(self) -> None:
        """
        The login of the configuration reaches the broker, that of the browser never; the password is
        in no line of the log.
        """
        with capturedLogs() as events:
            gateway = self.open(LOGIN)
            client = self.visit()
            client.say_frames((TEXT, CONNECT.replace(b"host:", b"login:ann\npasscode:x\nhost:")))
            self.network.settle()
            self.assertEqual(self.broker.heard, LOGGED_IN)
            gateway.stopService()
        self.assertNotIn("secret", "".join(formatEvent(event) for event in events))

    def test_over_tcp(self) -> None:
        """
        So it is for a client that comes over TCP.
        """
        self.open(LOGIN, "tcp://127.0.0.1:8000")
        client = self.call()
        client.say(CONNECT + HELLO)
        self.network.settle()
        broker = self.brokers[-1]
        self.assertEqual(broker.heard, LOGGED_IN)
        broker.say(CONNECTED % b"1.2")
        self.network.settle()
        self.assertEqual((broker.heard, client.heard), (LOGGED_IN + HELLO, CONNECTED % b"1.2"))

    def test_policy(self) -> None:
        """
        What no policy allows never reaches the broker; the browser gets STOMP's error, then Close.
        """
        self.log_in("<policy><allow>send /q</allow></policy>")
        self.say(HELLO, SUBSCRIBE, HELLO)
        self.assertEqual(self.broker.heard, HELLO)
        why = b"not allowed to subscribe to this destination"
        self.assertEqual(
            self.client.frames[1:], [(TEXT, b"ERROR\nmessage:" + why + b"\n\n\0"), close(1008, why)]
        )

    def test_roles(self) -> None:
        """
        Clients whom nobody knows have the roles that the configuration gives them.
        """
        policy = "<policy><role>guest</role><allow>subscribe /topic/#</allow></policy>"
        self.log_in(f"<anonymous.roles>guest</anonymous.roles>{policy}")
        self.say(SUBSCRIBE)
        self.assertEqual(self.broker.heard, SUBSCRIBE)

    def test_rates(self) -> None:
        """
        A browser that sends faster than it may is read more slowly, and all of it passes.
        """
        self.log_in("<maximum.message.rate>5</maximum.message.rate>")
        self.network.wait(2)
        self.say(HELLO * 50)
        passed = [self.broker.heard.count(HELLO)]
        for _ in range(10):
            self.network.wait(1)
            passed.append(self.broker.heard.count(HELLO))
        self.assertEqual(passed, [5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 50])

    def test_counts(self) -> None:
        """
        When the gateway stops, the log says what has passed.
        """
        gateway = self.log_in()
        self.say(HELLO, HELLO, SUBSCRIBE)
        with capturedLogs() as events:
            gateway.stopService()
        said = [formatEvent(event) for event in events if event["log_level"] is LogLevel.info]
        passed = "client CONNECT 1, client SEND 2, client SUBSCRIBE 1, backend CONNECTED 1"
        self.assertIn(f"service broker: counted {passed}", said)
