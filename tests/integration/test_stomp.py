"""Unmodified STOMP clients, RabbitMQ, and the gateway between them with every frame validated."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import stomp
from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.integration import scenarios, servers
from tests.integration.children import free_port
from tests.integration.gateway import Gateway, conf, service
from tests.integration.peers import Relay
from tests.integration.scenarios import at, in_chromium, in_node

COUNT = 150
"""Messages of each kind, text and binary, in a conversation."""

LOGIN = (
    f"<backend.username>{servers.USER}</backend.username>"
    f"<backend.password>{servers.PASSWORD}</backend.password>"
    f"<virtual.host>{servers.VHOST}</virtual.host>"
)
FRAMES = "<stomp.maximum.frame.size>2M</stomp.maximum.frame.size>"
LARGE = "<ws.maximum.message.size>2M</ws.maximum.message.size>"
"""stompjs sends a frame as one message."""
OWN_LOGIN = {"login": servers.USER, "passcode": servers.PASSWORD, "host": servers.VHOST}


@contextmanager
def gateway(scheme: str = "ws", type: str = "stomp.proxy", properties: str = "") -> Iterator[int]:
    """Run a gateway with one service before RabbitMQ, and a page on the same port; yield the port."""
    port, broker = free_port(), servers.rabbitmq().stomp
    accept = f"{scheme}://127.0.0.1:{port}" + ("/stomp" if scheme == "ws" else "")
    large = LARGE if scheme == "ws" else ""
    properties += FRAMES if type == "stomp.proxy" else ""
    services = [
        service(type, accept, f"tcp://127.0.0.1:{broker}", properties=properties, accept_options=large)
    ]
    if scheme == "ws":
        services.append(scenarios.page(port))
    with Gateway(conf(*services)):
        yield port


WENT_WELL = {
    "version": "1.2",
    "subprotocol": "v12.stomp",
    "texts": COUNT,
    "binaries": COUNT,
    "long": True,
    "alive": True,
    "clean": True,
}
"""The facts of a conversation in which nothing was lost, changed or late."""


class StompJsTests(SynchronousTestCase):
    """@stomp/stompjs 7: it connects, subscribes, sends and receives, keeps silent, and disconnects.

    Texts hold letters of many scripts and binary bodies any byte; SUBSCRIBE asks for a receipt, and
    heart-beats of half a second keep the connection while nobody speaks.
    """

    def test_node(self) -> None:
        """
        In Node, with the user's own login.
        """
        with gateway() as port:
            facts = in_node(
                "stomp",
                "converse",
                url=f"ws://127.0.0.1:{port}/stomp",
                connectHeaders=OWN_LOGIN,
                destination="/queue/stomp.node",
                count=COUNT,
                longest=1 << 20,
            )
        self.assertEqual(facts, WENT_WELL)

    def test_chromium(self) -> None:
        """
        In a browser that holds no password: the gateway logs in with the configured one.
        """
        with gateway(properties=LOGIN) as port:
            facts = in_chromium(
                at(port),
                "stomp",
                "converse",
                url=f"ws://127.0.0.1:{port}/stomp",
                connectHeaders={},
                destination="/queue/stomp.chromium",
                count=COUNT,
                longest=1 << 20,
            )
        self.assertEqual(facts, WENT_WELL)

    def test_chromium_wrong_password(self) -> None:
        """
        A wrong password: the broker's ERROR reaches the page.
        """
        with gateway() as port:
            facts = in_chromium(
                at(port),
                "stomp",
                "refused",
                url=f"ws://127.0.0.1:{port}/stomp",
                connectHeaders={**OWN_LOGIN, "passcode": "guess"},
            )
        self.assertEqual(facts, {"error": "Bad CONNECT"})


BYTES = bytes(range(256)) * 2
LONG = BYTES * 2048
AS_BYTES: dict[str, Any] = {"auto_decode": False, "heartbeats": (500, 500)}
"""Bodies are to come as they are; half a second is the longest silence."""


class Heard(stomp.ConnectionListener):  # type: ignore[misc]
    """Collects what a stomp.py connection receives."""

    def __init__(self) -> None:
        self.messages: queue.Queue[bytes] = queue.Queue()
        self.receipts: queue.Queue[str] = queue.Queue()
        self.errors: queue.Queue[str] = queue.Queue()

    def on_message(self, frame: Any) -> None:
        """Keep the body."""
        self.messages.put(frame.body)

    def on_receipt(self, frame: Any) -> None:
        """Keep the identifier."""
        self.receipts.put(frame.headers["receipt-id"])

    def on_error(self, frame: Any) -> None:
        """Keep the message."""
        self.errors.put(frame.headers["message"])


class StompPyTests(SynchronousTestCase):
    """stomp.py 8 and later, with heart-beats where the version knows them."""

    def converse(self, connection: Any, login: tuple[str, str] | None, destination: str) -> None:
        """Let the connection send to itself, in a transaction too, keep silent, and compare what it hears."""
        heard = Heard()
        connection.set_listener("", heard)
        connection.connect(*(login or ()), wait=True)
        connection.subscribe(destination, id="1", ack="auto", receipt="subscribed")
        self.assertEqual(heard.receipts.get(timeout=10), "subscribed")
        bodies = [f"№ {number}: grüße, 🚂".encode() + BYTES[: number * 3] for number in range(COUNT)]
        for body in bodies[: COUNT // 2]:
            connection.send(destination, body)
        transaction = connection.begin()
        for body in bodies[COUNT // 2 :]:
            connection.send(destination, body, transaction=transaction)
        connection.commit(transaction)
        connection.send(destination, LONG)
        self.assertEqual([heard.messages.get(timeout=10) for _ in bodies], bodies)
        self.assertTrue(heard.messages.get(timeout=10) == LONG)
        time.sleep(1.2)
        self.assertTrue(connection.is_connected())
        connection.disconnect(receipt="bye")
        self.assertEqual(heard.receipts.get(timeout=10), "bye")
        self.assertTrue(heard.errors.empty())

    def test_plain_tcp(self) -> None:
        """
        Over TCP through a plain proxy, nothing looked at.
        """
        with gateway("tcp", "proxy") as port:
            connection = stomp.Connection12([("127.0.0.1", port)], vhost=servers.VHOST, **AS_BYTES)
            self.converse(connection, (servers.USER, servers.PASSWORD), "/queue/stomp.plain")

    def test_tcp(self) -> None:
        """
        Over TCP, validated, the login put in; STOMP 1.0, 1.1 and 1.2.
        """
        with gateway("tcp", properties=LOGIN) as port:
            for version in (stomp.Connection10, stomp.Connection11, stomp.Connection12):
                options = {"auto_decode": False} if version is stomp.Connection10 else AS_BYTES
                connection = version([("127.0.0.1", port)], **options)
                self.converse(connection, None, f"/queue/stomp.{version.__name__}")

    def test_websocket(self) -> None:
        """
        Over WebSocket, from a client that offers no subprotocol.
        """
        with gateway(properties=LOGIN) as port:
            options = {"ws_path": "/stomp", "binary_mode": True, **AS_BYTES}
            connection = stomp.WSConnection([("127.0.0.1", port)], **options)
            self.converse(connection, None, "/queue/stomp.ws")

    def test_wrong_password(self) -> None:
        """
        A wrong password, the client's or the configuration's: the broker's ERROR reaches the client.
        """
        for properties, own in (("", "guess"), (LOGIN.replace(servers.PASSWORD, "guess"), servers.PASSWORD)):
            with gateway("tcp", properties=properties) as port:
                heard = Heard()
                connection = stomp.Connection12([("127.0.0.1", port)], reconnect_attempts_max=1)
                connection.set_listener("", heard)
                with self.assertRaises(stomp.exception.ConnectFailedException):
                    connection.connect(servers.USER, own, wait=True)
                self.assertEqual(heard.errors.get(timeout=10), "Bad CONNECT")


class FaultTests(SynchronousTestCase):
    """What a client sees when something breaks."""

    def test_malformed_frame(self) -> None:
        """
        A frame that STOMP forbids: an ERROR that names the rule, then close code 1002; the valid
        frame before it has reached the broker.
        """
        with gateway(properties=LOGIN) as port, connect(f"ws://127.0.0.1:{port}/stomp") as client:
            client.send("CONNECT\naccept-version:1.2\nhost:x\n\n\0")
            self.assertTrue(str(client.recv(10)).startswith("CONNECTED\n"))
            client.send("SEND\ndestination:/queue/stomp.faults\nreceipt:1\n\nvalid\0")
            self.assertIn("receipt-id:1\n", _frame(client))
            client.send("SEND\nno colon in here\n\ninvalid\0")
            error = _frame(client)
            closed = self.assertRaises(ConnectionClosed, client.recv, 10)
        self.assertTrue(error.startswith("ERROR\n"), error)
        self.assertIn("STOMP 1.2", error)
        self.assertEqual(closed.rcvd.code, 1002)

    def test_policy(self) -> None:
        """
        A destination that the policy denies: an ERROR, then close code 1008; what was allowed
        before it has reached the broker.
        """
        policy = "<policy><allow>* /topic/*</allow><deny>send /topic/secret</deny></policy>"
        with gateway(properties=LOGIN + policy) as port, connect(f"ws://127.0.0.1:{port}/stomp") as client:
            client.send("CONNECT\naccept-version:1.2\nhost:x\n\n\0")
            self.assertTrue(str(client.recv(10)).startswith("CONNECTED\n"))
            client.send("SUBSCRIBE\nid:1\ndestination:/topic/secret\nreceipt:1\n\n\0")
            self.assertIn("receipt-id:1\n", _frame(client))
            client.send("SEND\ndestination:/topic/secret\n\nx\0")
            error = _frame(client)
            closed = self.assertRaises(ConnectionClosed, client.recv, 10)
        self.assertTrue(error.startswith("ERROR\n"), error)
        self.assertIn("not allowed to send to this destination", error)
        self.assertEqual(closed.rcvd.code, 1008)

    def test_broker_lost(self) -> None:
        """
        The broker's connection breaks: the client is closed with 1011.
        """
        with Relay(servers.rabbitmq().stomp) as relay:
            port = free_port()
            proxy = service(
                "stomp.proxy",
                f"ws://127.0.0.1:{port}/stomp",
                f"tcp://127.0.0.1:{relay.port}",
                properties=LOGIN,
            )
            with Gateway(conf(proxy)), connect(f"ws://127.0.0.1:{port}/stomp") as client:
                client.send("CONNECT\naccept-version:1.2\nhost:x\n\n\0")
                self.assertTrue(str(client.recv(10)).startswith("CONNECTED\n"))
                relay.cut()
                closed = self.assertRaises(ConnectionClosed, client.recv, 10)
        self.assertEqual(closed.rcvd.code, 1011)


def _frame(client: Any) -> str:
    """Return the next message that is no heart-beat."""
    while (message := client.recv(10)) in ("\n", b"\n"):
        pass
    return message if isinstance(message, str) else message.decode()
