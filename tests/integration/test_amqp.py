"""Unmodified AMQP 0-9-1 clients, RabbitMQ, and the gateway between them with every frame validated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pika
import pika.exceptions
from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from kaazing.wire.amqp import PREAMBLE, decode, encode, name_of
from tests.integration import scenarios, servers
from tests.integration.children import free_port
from tests.integration.gateway import Gateway, conf, service
from tests.integration.scenarios import at, in_chromium, in_node

COUNT = 100
"""Messages in a conversation, each of another length, with every byte; one of 1 MiB follows."""

LOGIN = (
    f"<backend.username>{servers.USER}</backend.username>"
    f"<backend.password>{servers.PASSWORD}</backend.password>"
    f"<virtual.host>{servers.VHOST}</virtual.host>"
)
OWN_LOGIN = {"username": servers.USER, "password": servers.PASSWORD, "vhost": servers.VHOST}
LARGE = "<ws.maximum.message.size>2M</ws.maximum.message.size>"
"""amqp-client sends all frames of a message in one of WebSocket."""
EXTERNAL = "<backend.mechanism>EXTERNAL</backend.mechanism>"
POLICY = "<amqp.versions>0-9-1</amqp.versions><policy><allow>*</allow><deny>publish /secret</deny></policy>"


@contextmanager
def gateway(scheme: str = "ws", properties: str = "", shown: str = "") -> Iterator[int]:
    """Run a gateway with one service before RabbitMQ, in clear or showing a certificate, and a page;
    yield its port."""
    port, broker = free_port(), servers.rabbitmq()
    accept = f"{scheme}://127.0.0.1:{port}" + ("/amqp" if scheme == "ws" else "")
    back = f"ssl://127.0.0.1:{broker.amqps}" if shown else f"tcp://127.0.0.1:{broker.amqp}"
    large = LARGE if scheme == "ws" else ""
    services = [
        service(
            "amqp.proxy", accept, back, properties=properties, accept_options=large, connect_options=shown
        )
    ]
    if scheme == "ws":
        services.append(scenarios.page(port))
    with Gateway(conf(*services)):
        yield port


WENT_WELL = {"messages": COUNT, "large": True, "confirmed": COUNT + 1, "gone": False, "alive": True}
"""The facts of a conversation in which nothing was lost, changed or late."""


class AmqpClientTests(SynchronousTestCase):
    """@cloudamqp/amqp-client 4: it connects, declares, publishes, consumes, keeps silent, and closes.

    It offers no subprotocol; heart-beats of a second keep the connection while nobody speaks.
    """

    def test_node(self) -> None:
        """
        In Node, with the user's own login.
        """
        with gateway() as port:
            url = f"ws://127.0.0.1:{port}/amqp"
            facts = in_node("amqp", "converse", url=url, queue="node", count=COUNT, **OWN_LOGIN)
            self.assertEqual(facts, WENT_WELL)
            wrong = {**OWN_LOGIN, "password": "guess"}
            told = in_node("amqp", "refused", url=url, **wrong)["error"]
        self.assertIn("403", told)
        self.assertIn("ACCESS_REFUSED", told)

    def test_chromium(self) -> None:
        """
        In a browser that holds no password: the gateway logs in with the configured one.
        """
        with gateway(properties=LOGIN + POLICY) as port:
            url = f"ws://127.0.0.1:{port}/amqp"
            facts = in_chromium(at(port), "amqp", "converse", url=url, queue="chromium", count=COUNT)
            self.assertEqual(facts, WENT_WELL)

    def test_refused_message(self) -> None:
        """
        A message that the policy does not allow: its channel is closed, and the rest goes on.
        """
        with gateway(properties=LOGIN + POLICY) as port:
            facts = in_node("amqp", "forbidden", url=f"ws://127.0.0.1:{port}/amqp", queue="policy")
        self.assertIn("not allowed to publish '/secret'", facts.pop("error"))
        self.assertEqual(facts, {"closed": True, "message": "good", "reopened": True})


class PikaTests(SynchronousTestCase):
    """pika, over TCP."""

    def connection(
        self, port: int, user: str = "somebody", password: str = "whatever", **more: Any
    ) -> pika.BlockingConnection:
        """Connect."""
        login = pika.PlainCredentials(user, password)
        return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port, "/", login, **more))

    def test_tcp(self) -> None:
        """
        It consumes what it publishes, in a channel with confirms and one with transactions.
        """
        with gateway("tcp", LOGIN) as port, self.connection(port, heartbeat=1) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            queue = channel.queue_declare("", exclusive=True).method.queue
            channel.exchange_declare("news", "topic", auto_delete=True)
            channel.queue_bind(queue, "news", "eu.#")
            headers = {"n": 1, "text": "ü", "list": [1, {"a": None}], "no": False, "big": 1 << 40}
            properties = pika.BasicProperties(headers=headers, content_type="text/plain", priority=3)
            bodies = [bytes(range(256)) * number for number in range(COUNT)] + [bytes(1 << 20)]
            for body in bodies:
                channel.basic_publish("news", "eu.dax", body, properties)
            heard = []
            for method, told, body in channel.consume(queue, inactivity_timeout=10):
                self.assertIsNotNone(method, "a message is late")
                self.assertEqual(told.headers, headers)
                heard.append(body)
                channel.basic_ack(method.delivery_tag)
                if len(heard) == len(bodies):
                    break
            channel.cancel()
            self.assertEqual(heard, bodies)
            connection.sleep(2.2)
            transacted = connection.channel()
            transacted.tx_select()
            transacted.basic_publish("", queue, b"last")
            transacted.tx_commit()
            self.assertEqual(transacted.basic_get(queue, auto_ack=True)[2], b"last")

    def test_channel_error(self) -> None:
        """
        What the broker refuses closes its channel, and the connection goes on.
        """
        with gateway("tcp", LOGIN) as port, self.connection(port) as connection:
            closed = self.assertRaises(
                pika.exceptions.ChannelClosedByBroker,
                connection.channel().queue_declare,
                "none",
                passive=True,
            )
            self.assertEqual(closed.reply_code, 404)
            connection.channel().queue_declare("some", auto_delete=True)

    def test_wrong_password(self) -> None:
        """
        A wrong password of the user's, and one of the gateway's, are told alike.
        """
        for properties, mechanism in (("", None), (LOGIN.replace(servers.PASSWORD, "guess"), "AMQPLAIN")):
            more = f"<backend.mechanism>{mechanism}</backend.mechanism>" if mechanism else ""
            with gateway("tcp", properties + more) as port:
                own = ("guest", "guest") if mechanism else ()
                why = self.assertRaises(Exception, self.connection, port, *own)  # noqa: B017
                self.assertIn("ACCESS_REFUSED", repr(why))

    def test_amqplain(self) -> None:
        """
        The gateway logs in with AMQPLAIN where it is told to.
        """
        more = "<backend.mechanism>AMQPLAIN</backend.mechanism>"
        with gateway("tcp", LOGIN + more) as port, self.connection(port) as connection:
            self.assertTrue(connection.is_open)


class ExternalTests(SynchronousTestCase):
    """EXTERNAL: who the gateway is, RabbitMQ sees by the certificate that the gateway shows."""

    properties = f"<virtual.host>{servers.VHOST}</virtual.host>" + EXTERNAL

    def queue(self, port: int) -> str:
        """Open a connection that has a login of its own, which would not do; return a queue's name."""
        nobody = pika.PlainCredentials("nobody", "guess")
        asked = pika.ConnectionParameters("127.0.0.1", port, "/", nobody, connection_attempts=1)
        with pika.BlockingConnection(asked) as connection:
            return str(connection.channel().queue_declare("certified", exclusive=True).method.queue)

    def test_certificate(self) -> None:
        """
        With no username and no password in the configuration, the client uses what only the user may.
        """
        broker = servers.rabbitmq()
        shown = (
            f"<ssl.ca-file>{broker.ca}</ssl.ca-file>"
            f"<ssl.certificate-file>{broker.client}</ssl.certificate-file>"
        )
        with gateway("tcp", self.properties, shown) as port:
            self.assertEqual(self.queue(port), "certified")

    def test_none(self) -> None:
        """
        Where RabbitMQ sees no certificate it offers no EXTERNAL, and the client is refused.
        """
        with gateway("tcp", self.properties) as port:
            why = self.assertRaises(Exception, self.queue, port)  # noqa: B017
        self.assertIn("(403) 'ACCESS_REFUSED - the backend offers no mechanism", repr(why))


class FaultTests(SynchronousTestCase):
    """What a client sees when something breaks."""

    def test_violation(self) -> None:
        """
        A frame that AMQP forbids: connection.close that names the rule, then close code 1002; what came
        before it has reached the broker.
        """
        with gateway(properties=LOGIN) as port, opened(port) as client:
            client.send(encode(1, "channel.open", ""))
            self.assertEqual(_said(client), "channel.open-ok")
            client.send(encode(1, "queue.declare", 0, "faults", 0b01000, b""))
            self.assertEqual(_said(client), "queue.declare-ok")
            client.send(encode(1, "basic.get-empty", ""))
            close = client.recv(10, decode=False)
            closed = self.assertRaises(ConnectionClosed, client.recv, 10)
        code, text, klass, method = decode(close)
        self.assertEqual((name_of(close), code, klass, method), ("connection.close", 503, 60, 72))
        self.assertEqual(text, "basic.get-empty is not sent by this side (AMQP 0-9-1 section 2.2.1)")
        self.assertEqual(closed.rcvd.code, 1002)

    def test_text(self) -> None:
        """
        A text message closes the connection with 1003.
        """
        with gateway(properties=LOGIN) as port, opened(port) as client:
            client.send("hello")
            closed = self.assertRaises(ConnectionClosed, client.recv, 10)
        self.assertEqual(closed.rcvd.code, 1003)

    def test_frames_are_messages(self) -> None:
        """
        Every WebSocket message is one frame, however fast they come, and no larger than agreed.
        """
        with gateway(properties=LOGIN) as port, opened(port, frame_max=4096) as client:
            client.send(encode(1, "channel.open", "") + encode(1, "queue.declare", 0, "frames", 0b01000, b""))
            client.send(encode(1, "basic.consume", 0, "frames", "c", 0b0010, b""))
            self.assertEqual([_said(client) for _ in range(3)][-1], "basic.consume-ok")
            body = bytes(4088)
            for _ in range(20):
                method = encode(1, "basic.publish", 0, "", "frames", 0)
                header = b"\x02\0\x01\0\0\0\x0e\0\x3c\0\0" + (10_000).to_bytes(8, "big") + b"\0\0\xce"
                parts = (body, body, body[:1824])
                bodies = (b"\x03\0\x01" + len(each).to_bytes(4, "big") + each + b"\xce" for each in parts)
                client.send(method + header + b"".join(bodies))
            frames = [client.recv(10, decode=False) for _ in range(100)]
        for frame in frames:
            self.assertEqual(len(frame), 8 + int.from_bytes(frame[3:7], "big"))
            self.assertLessEqual(len(frame), 4096)
        self.assertEqual([frame[0] for frame in frames], [1, 2, 3, 3, 3] * 20)


@contextmanager
def opened(port: int, frame_max: int = 131072) -> Iterator[ClientConnection]:
    """Yield a WebSocket with an open AMQP connection, no heart-beats."""
    with connect(f"ws://127.0.0.1:{port}/amqp", max_size=None) as client:
        client.send(PREAMBLE)
        client.recv(10)
        client.send(encode(0, "connection.start-ok", b"", "PLAIN", b"\0a\0b", "en_US"))
        client.recv(10)
        client.send(
            encode(0, "connection.tune-ok", 100, frame_max, 0) + encode(0, "connection.open", "/", "", 0)
        )
        client.recv(10)
        yield client


def _said(client: ClientConnection) -> str:
    return name_of(client.recv(10, decode=False))
