"""What a gateway says at its end: how many messages of each operation passed, for every protocol."""

from __future__ import annotations

import asyncio
import queue
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pika
import stomp
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from proton import Message
from proton.utils import BlockingConnection
from twisted.trial.unittest import SynchronousTestCase

from tests.integration import servers
from tests.integration.children import free_port
from tests.integration.gateway import Gateway, conf, service
from tests.integration.test_stomp import Heard
from tests.integration.test_xmpp import LATE, talk

COUNT = 3
LOGIN = (
    f"<backend.username>{servers.USER}</backend.username>"
    f"<backend.password>{servers.PASSWORD}</backend.password>"
)
VHOST = f"<virtual.host>{servers.VHOST}</virtual.host>"


class TotalsTests(SynchronousTestCase):
    """One line for each service; the clients' messages are counted, and those of the servers."""

    @contextmanager
    def gateway(self, type: str, backend: int, properties: str = LOGIN, options: str = "") -> Iterator[int]:
        """Run a gateway until it ends in good order; yield its port. C{self.told} has the totals then."""
        port = free_port()
        back = f"tcp://localhost:{backend}"
        proxy = service(
            type, f"tcp://127.0.0.1:{port}", back, properties=properties, connect_options=options, name="it"
        )
        with Gateway(conf(proxy)) as running:
            yield port
            running.terminate()
            running.stopped()
            [line] = re.findall(r"service it: counted (.+)", running.said())
        self.told = dict(re.findall(r"((?:client|backend) \S+) (\d+)", line))

    def assert_told(self, **counts: int) -> None:
        """Compare: "client_SEND" is the client's SEND; operations have "." where these have "__"."""
        wanted = {name.replace("__", ".").replace("_", " ", 1): str(many) for name, many in counts.items()}
        self.assertEqual({name: self.told.get(name) for name in wanted}, wanted, str(self.told))

    def test_stomp(self) -> None:
        """
        STOMP: SEND and MESSAGE.
        """
        with self.gateway("stomp.proxy", servers.rabbitmq().stomp, LOGIN + VHOST) as port:
            connection, heard = stomp.Connection12([("127.0.0.1", port)]), Heard()
            connection.set_listener("", heard)
            connection.connect(wait=True)
            connection.subscribe("/topic/totals", id="1", receipt="subscribed")
            heard.receipts.get(timeout=10)
            for _ in range(COUNT):
                connection.send("/topic/totals", "x")
            for _ in range(COUNT):
                heard.messages.get(timeout=10)
            connection.disconnect(receipt="bye")
            heard.receipts.get(timeout=10)
        self.assert_told(client_STOMP=1, client_SEND=COUNT, backend_MESSAGE=COUNT, backend_RECEIPT=2)

    def test_mqtt(self) -> None:
        """
        MQTT: PUBLISH of both.
        """
        with self.gateway("mqtt.proxy", servers.mosquitto().mqtt) as port:
            made: Any = paho.Client
            client, heard = made(CallbackAPIVersion.VERSION2), queue.Queue[Any]()
            client.on_connect = lambda *args: client.subscribe("totals")
            client.on_subscribe = lambda *args: [client.publish("totals", "x", 1) for _ in range(COUNT)]
            client.on_message = lambda *args: heard.put(args)
            client.on_disconnect = lambda *args: heard.put(args)
            client.connect("127.0.0.1", port)
            client.loop_start()
            for _ in range(COUNT):
                heard.get(timeout=10)
            client.disconnect()
            heard.get(timeout=10)
            client.loop_stop()
        self.assert_told(client_CONNECT=1, client_PUBLISH=COUNT, backend_PUBLISH=COUNT, client_SUBSCRIBE=1)

    def test_amqp(self) -> None:
        """
        AMQP 0-9-1: its methods.
        """
        with self.gateway("amqp.proxy", servers.rabbitmq().amqp, LOGIN + VHOST) as port:
            connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port))
            channel = connection.channel()
            name = channel.queue_declare("", exclusive=True).method.queue
            for _ in range(COUNT):
                channel.basic_publish("", name, b"x")
            for heard, (method, _, _) in enumerate(channel.consume(name, True, inactivity_timeout=10), 1):
                self.assertIsNotNone(method, "a message is late")
                if heard == COUNT:
                    break
            connection.close()
        self.assert_told(client_basic__publish=COUNT, backend_basic__deliver=COUNT, client_queue__declare=1)

    def test_amqp_one(self) -> None:
        """
        AMQP 1.0: its performatives.
        """
        with self.gateway("amqp.proxy", servers.rabbitmq().amqp, LOGIN + VHOST) as port:
            connection = BlockingConnection(f"127.0.0.1:{port}", timeout=10)
            receiver = connection.create_receiver("/queue/totals", credit=COUNT)
            sender = connection.create_sender("/queue/totals")
            for _ in range(COUNT):
                sender.send(Message(body="x"))
                receiver.receive(timeout=10)
                receiver.accept()
            connection.close()
        self.assert_told(client_transfer=COUNT, backend_transfer=COUNT, client_attach=2)

    def test_xmpp(self) -> None:
        """
        XMPP: its stanzas.
        """
        prosody = servers.prosody()
        trusted = f"<ssl.ca-file>{prosody.ca}</ssl.ca-file>"
        with self.gateway("xmpp.proxy", prosody.client, LOGIN, trusted) as port:
            asyncio.run(talk(port, f"{servers.USER}@localhost", "", ["x"] * COUNT))
        self.assert_told(client_message=COUNT + len([LATE]), backend_message=COUNT + len([LATE]))

    def test_irc(self) -> None:
        """
        IRC: its commands.
        """
        password = f"<server.password>{servers.ngircd().password}</server.password>"
        with (
            self.gateway("irc.proxy", servers.ngircd().irc, password) as port,
            socket.create_connection(("127.0.0.1", port), 10) as client,
        ):
            client.sendall(b"NICK sum\r\nUSER sum 0 * :sum\r\n" + b"PRIVMSG sum :x\r\n" * COUNT + b"QUIT\r\n")
            self.assertEqual(client.makefile("rb").read().count(b" PRIVMSG "), COUNT)
        self.assert_told(client_PRIVMSG=COUNT, backend_PRIVMSG=COUNT, client_QUIT=1)
