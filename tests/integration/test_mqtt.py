"""Unmodified MQTT clients, Mosquitto, RabbitMQ, and the gateway between them with every packet validated."""

from __future__ import annotations

import queue
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.integration import servers
from tests.integration.children import free_port
from tests.integration.gateway import Gateway, conf, service
from tests.integration.scenarios import at, in_chromium, in_node, page
from tests.wire.mqtt_streams import connack, packet, publish, sized
from tests.wire.mqtt_streams import connect as connect_packet

COUNT = 120
LOGIN = (
    f"<backend.username>{servers.USER}</backend.username>"
    f"<backend.password>{servers.PASSWORD}</backend.password>"
)
LARGE = "<mqtt.maximum.packet.size>2M</mqtt.maximum.packet.size>"
IN_VHOST = LOGIN + LARGE + f"<virtual.host>{servers.VHOST}</virtual.host>"
OWN = {"username": servers.USER, "password": servers.PASSWORD}
POLICY = (
    "<policy><allow>subscribe news/#</allow><allow>publish news/+</allow>"
    "<deny>publish,subscribe news/secret</deny></policy>"
)
MQTT = Subprotocol("mqtt")


@contextmanager
def gateway(broker: int, properties: str = LOGIN + LARGE, scheme: str = "ws") -> Iterator[int]:
    """Run a gateway with one service before a broker, and a page on the same port; yield the port."""
    port = free_port()
    accept = f"{scheme}://127.0.0.1:{port}" + ("/mqtt" if scheme == "ws" else "")
    backend, large = f"tcp://127.0.0.1:{broker}", "<ws.maximum.message.size>2M</ws.maximum.message.size>"
    services = [
        service(
            "mqtt.proxy",
            accept,
            backend,
            properties=properties,
            accept_options=large if scheme == "ws" else "",
        )
    ]
    if scheme == "ws":
        services.append(page(port))
    with Gateway(conf(*services)):
        yield port


def together(*conversations: Callable[[], Any]) -> list[Any]:
    """Let clients talk at the same time; return the facts of each."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda converse: converse(), conversations))


class MqttJsTests(SynchronousTestCase):
    """MQTT.js 5, which keeps silence alive by PINGREQ every second."""

    def facts(self) -> dict[str, Any]:
        """Those of a conversation in which nothing was lost, changed or out of order."""
        well = {"ordered": [COUNT // 3] * 3, "intact": COUNT, "errors": [], "alive": True}
        return {**well, "granted": 2}

    def test_mosquitto(self) -> None:
        """
        In Node with MQTT 3.1.1 and in Chromium with 5, without a password of their own: messages of every
        quality of service in order and whole, 1 MiB and every byte value among them.
        """
        with gateway(servers.mosquitto().mqtt) as port:
            asked: dict[str, Any] = {"url": f"ws://127.0.0.1:{port}/mqtt", "count": COUNT, "longest": 1 << 20}
            stranger = {"protocolVersion": 5, "username": "nobody", "password": "guess"}
            facts = together(
                partial(in_node, "mqtt", "converse", topic="node", options={"protocolVersion": 4}, **asked),
                partial(in_chromium, at(port), "mqtt", "converse", topic="page", options=stranger, **asked),
            )
            self.assertEqual(facts, [self.facts()] * 2)

    def test_rabbitmq(self) -> None:
        """
        RabbitMQ, in a virtual host of the configuration, with MQTT 3.1.1; it grants QoS 1 at most.
        """
        with gateway(servers.rabbitmq().mqtt, IN_VHOST) as port:
            asked: dict[str, Any] = {"url": f"ws://127.0.0.1:{port}/mqtt", "count": COUNT, "longest": 1 << 20}
            version = {"protocolVersion": 4}
            facts = in_chromium(at(port), "mqtt", "converse", topic="rabbit", options=version, **asked)
        expected = {**self.facts(), "granted": 1, "ordered": [COUNT // 3, COUNT // 3 * 2, 0]}
        self.assertEqual(facts, expected)

    def test_wrong_password(self) -> None:
        """
        The broker's refusal reaches the client in its version's words.
        """
        with gateway(servers.mosquitto().mqtt, "") as port:
            for version, code in ((4, 5), (5, 135)):
                options = {**OWN, "password": "guess", "protocolVersion": version}
                facts = in_node("mqtt", "refused", url=f"ws://127.0.0.1:{port}/mqtt", options=options)
                self.assertEqual(facts, {"code": code})

    def test_policy(self) -> None:
        """
        What a policy forbids: the filters in SUBACK, the message in PUBACK; the connection stays.
        """
        filters, options = ["news/a", "#", "news/+"], {"protocolVersion": 5}
        with gateway(servers.mosquitto().mqtt, LOGIN + POLICY) as port:
            facts = in_node(
                "mqtt",
                "restricted",
                url=f"ws://127.0.0.1:{port}/mqtt",
                options=options,
                filters=filters,
                topic="news/secret",
            )
        self.assertEqual(facts, {"granted": [1, 0x87, 0x87], "reason": 0x87, "alive": True})


class PahoJsTests(SynchronousTestCase):
    """Eclipse Paho for browsers, 1.1."""

    def test_mosquitto(self) -> None:
        """
        In Node with MQTT 3.1 and in Chromium with 3.1.1, the backend's login put in.
        """
        well = {"ordered": [COUNT // 3] * 3, "intact": COUNT, "lost": None, "alive": True}
        with gateway(servers.mosquitto().mqtt) as port:
            asked: dict[str, Any] = {"url": f"ws://127.0.0.1:{port}/mqtt", "count": COUNT, "longest": 1 << 20}
            facts = together(
                partial(in_node, "paho", "converse", topic="paho3", options={"mqttVersion": 3}, **asked),
                partial(
                    in_chromium, at(port), "paho", "converse", topic="p4", options={"mqttVersion": 4}, **asked
                ),
            )
        self.assertEqual(facts, [well] * 2)

    def test_rabbitmq(self) -> None:
        """
        In Node with MQTT 3.1.1 before RabbitMQ, which grants QoS 1 at most.
        """
        well = {"ordered": [COUNT // 3, COUNT // 3 * 2, 0], "intact": COUNT, "lost": None, "alive": True}
        with gateway(servers.rabbitmq().mqtt, IN_VHOST) as port:
            asked: dict[str, Any] = {"url": f"ws://127.0.0.1:{port}/mqtt", "count": COUNT, "longest": 1 << 20}
            facts = in_node("paho", "converse", topic="rabbit", options={"mqttVersion": 4}, **asked)
        self.assertEqual(facts, well)

    def test_wrong_password(self) -> None:
        """
        A wrong password in the configuration: the refusal of both brokers reaches the client.
        """
        wrong = LOGIN.replace(servers.PASSWORD, "guess")
        own = (servers.USER, f"{servers.VHOST}:{servers.USER}")
        brokers = servers.mosquitto().mqtt, servers.rabbitmq().mqtt
        for broker, user, code in zip(brokers, own, (5, 4), strict=True):
            with gateway(broker, wrong) as port:
                options = {"mqttVersion": 4, "userName": user, "password": servers.PASSWORD}
                facts = in_node("paho", "refused", url=f"ws://127.0.0.1:{port}/mqtt", options=options)
            self.assertIn(f"Bad Connack return code:{code} ", facts["errorMessage"])


class PahoPythonTests(SynchronousTestCase):
    """paho-mqtt 2, over WebSocket and over TCP."""

    def converse(self, port: int, transport: str, version: int, topic: str, most: int = 2) -> None:
        """Let a client send to itself, keep silent, and compare what it hears; the broker grants QoS
        C{most}."""
        made: Any = paho.Client  # whose annotations want literals
        client = made(CallbackAPIVersion.VERSION2, protocol=version, transport=transport)
        heard: queue.Queue[tuple[int, bytes]] = queue.Queue()
        ready: queue.Queue[Any] = queue.Queue()
        lost: queue.Queue[Any] = queue.Queue()
        if transport == "websockets":
            client.ws_set_options(path="/mqtt")
        client.on_connect = lambda *args: client.subscribe(f"{topic}/#", qos=2)
        client.on_disconnect = lambda *args: lost.put(args)
        client.on_subscribe = lambda *args: ready.put(args[3])
        client.on_message = lambda _client, _data, message: heard.put((message.qos, message.payload))
        client.connect("127.0.0.1", port, keepalive=1)
        client.loop_start()
        try:
            [granted] = ready.get(timeout=10)
            self.assertEqual(getattr(granted, "value", granted), most)
            payloads = [b"%d" % number + bytes(range(256)) for number in range(100)] + [b"\xff" * (1 << 20)]
            for number, payload in enumerate(payloads):
                client.publish(f"{topic}/x", payload, qos=1 + number % 2 if most == 2 else 1)
            said = [heard.get(timeout=10) for _ in payloads]
            self.assertEqual({qos for qos, _ in said}, {1, 2} if most == 2 else {1})
            for each in {1, 2} if most == 2 else {1}:
                came = [payload for qos, payload in said if qos == each]
                sent = [
                    payload for number, payload in enumerate(payloads) if most < 2 or 1 + number % 2 == each
                ]
                self.assertTrue(came == sent, f"QoS {each} in order")
            time.sleep(2.5)  # two PINGREQ and their answers, or the client gives up
            self.assertEqual((client.is_connected(), lost.qsize()), (True, 0))
        finally:
            client.disconnect()
            client.loop_stop()

    def test_mosquitto(self) -> None:
        """
        MQTT 3.1, 3.1.1 and 5, over WebSocket.
        """
        with gateway(servers.mosquitto().mqtt) as port:
            versions = (paho.MQTTv31, paho.MQTTv311, paho.MQTTv5)
            together(*(partial(self.converse, port, "websockets", each, f"ws{each}") for each in versions))

    def test_tcp(self) -> None:
        """
        MQTT 3.1.1 and 5 over TCP.
        """
        with gateway(servers.mosquitto().mqtt, scheme="tcp") as port:
            versions = (paho.MQTTv311, paho.MQTTv5)
            together(*(partial(self.converse, port, "tcp", each, f"tcp{each}") for each in versions))

    def test_rabbitmq(self) -> None:
        """
        RabbitMQ with MQTT 3.1 and 3.1.1, in a virtual host of the configuration; it grants QoS 1 at most.
        """
        with gateway(servers.rabbitmq().mqtt, IN_VHOST) as port:
            versions = (paho.MQTTv31, paho.MQTTv311)
            asked = [
                partial(self.converse, port, "websockets", each, f"rabbit{each}", 1) for each in versions
            ]
            together(*asked)

    def test_wrong_password(self) -> None:
        """
        A wrong password of the client's own is refused in the words of its version.
        """
        with gateway(servers.mosquitto().mqtt, "", "tcp") as port:
            for version, word in ((paho.MQTTv311, "Not authorized"), (paho.MQTTv5, "Not authorized")):
                client: Any = paho.Client(CallbackAPIVersion.VERSION2, protocol=version)
                told: queue.Queue[str] = queue.Queue()
                client.on_connect = lambda *args, told=told: told.put(str(args[3]))
                client.username_pw_set(servers.USER, "guess")
                client.connect("127.0.0.1", port)
                client.loop_start()
                self.assertEqual(told.get(timeout=10), word)
                client.loop_stop()


class FaultTests(SynchronousTestCase):
    """What a client sees when something breaks."""

    def test_told_to_the_operator(self) -> None:
        """
        A wrong password in the configuration is said in the log, without it.
        """
        port, wrong = free_port(), LOGIN.replace(servers.PASSWORD, "guess")
        accept, broker = f"tcp://127.0.0.1:{port}", f"tcp://127.0.0.1:{servers.mosquitto().mqtt}"
        with Gateway(conf(service("mqtt.proxy", accept, broker, properties=wrong))) as running:
            with socket.create_connection(("127.0.0.1", port), 10) as client:
                client.sendall(b"\x10\x0e\0\4MQTT\4\2\0\x3c\0\2me")
                self.assertEqual(client.recv(100), b"\x20\2\0\5")
                client.recv(100)
            said = running.said()
        self.assertRegex(said, r"client 127\.0\.0\.1:\d+: the backend refuses the gateway's own login\n")
        self.assertNotIn("guess", said)

    def test_violation(self) -> None:
        """
        A packet that MQTT forbids in the middle of a stream, its bytes one by one and empty messages in
        between: what came before it is answered, then DISCONNECT says why, and close code 1002.
        """
        opening = connect_packet(5)
        with (
            gateway(servers.mosquitto().mqtt) as port,
            connect(f"ws://127.0.0.1:{port}/mqtt", subprotocols=[MQTT]) as client,
        ):
            for place in range(len(opening)):
                client.send(opening[place : place + 1])
                client.send(b"")
            self.assertEqual(client.recv(10)[:4][::3], connack(5)[:4:3])
            client.send(publish(5, qos=1))
            said = [client.recv(10)]
            client.send(publish(5, "a/#"))
            said.append(client.recv(10))
            closed = self.assertRaises(ConnectionClosed, client.recv, 10)
        words = "topic name with a wildcard in PUBLISH (MQTT 5 section 4.7.1)"
        told = packet(0xE0, bytes([0x90, len(words) + 3]), b"\x1f" + sized(words))
        self.assertEqual((said[0][0], said[1], client.subprotocol), (0x40, told, "mqtt"))
        self.assertEqual(closed.rcvd.code, 1002)

    def test_text(self) -> None:
        """
        A text message is refused with 1003.
        """
        with gateway(servers.mosquitto().mqtt) as port, connect(f"ws://127.0.0.1:{port}/mqtt") as client:
            client.send("text")
            closed = self.assertRaises(ConnectionClosed, client.recv, 10)
        self.assertEqual(closed.rcvd.code, 1003)
