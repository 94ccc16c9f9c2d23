"""Unmodified AMQP 1.0 clients, RabbitMQ, and the gateway between them with every frame validated."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from proton import Message, ProtonException, Timeout
from proton.utils import BlockingConnection, LinkDetached
from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import ConnectionClosed as WebSocketClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.integration import scenarios, servers
from tests.integration.children import free_port
from tests.integration.gateway import Gateway, conf, service
from tests.integration.scenarios import at, in_chromium, in_node

COUNT = 100
LOGIN = (
    f"<backend.username>{servers.USER}</backend.username>"
    f"<backend.password>{servers.PASSWORD}</backend.password>"
    f"<virtual.host>{servers.VHOST}</virtual.host>"
)
WRONG = LOGIN.replace(servers.PASSWORD, "guess")
POLICY = (
    "<amqp.versions>1.0</amqp.versions>"
    "<policy><allow>consume /queue/mine</allow><allow>publish /topic/news.#</allow>"
    "<deny>publish /topic/news.secret</deny></policy>"
)
WELL = {"ordered": COUNT, "intact": COUNT, "accepted": COUNT, "alive": True}
"""The facts of a conversation in which nothing was lost, changed or late."""
OWN_LOGIN = {"username": servers.USER, "password": servers.PASSWORD}


@contextmanager
def gateway(scheme: str = "ws", properties: str = "") -> Iterator[int]:
    """Run a gateway with one service before RabbitMQ, and a page on the same port; yield the port."""
    port, broker = free_port(), servers.rabbitmq().amqp
    accept = f"{scheme}://127.0.0.1:{port}" + ("/amqp" if scheme == "ws" else "")
    services = [service("amqp.proxy", accept, f"tcp://127.0.0.1:{broker}", properties=properties)]
    if scheme == "ws":
        services.append(scenarios.page(port))
    with Gateway(conf(*services)):
        yield port


def url(port: int) -> str:
    """Return where clients find the service."""
    return f"ws://127.0.0.1:{port}/amqp"


class RheaTests(SynchronousTestCase):
    """rhea 3: a receiver and a sender, text and binary messages with any byte, one of 1 MiB, each in its
    order and accepted; silence that the heart-beats of both ends fill."""

    def converse(self, port: int, address: str, **options: Any) -> dict[str, Any]:
        """Return what becomes of a conversation in Node."""
        asked = {"url": url(port), "address": address, "count": COUNT, "longest": 1 << 20, **options}
        return in_node("amqp_one", "converse", **asked)

    def test_node(self) -> None:
        """
        In Node: without a SASL layer, with ANONYMOUS, with a password that is replaced; the subprotocol of
        the standard or Azure's.
        """
        with gateway(properties=LOGIN) as port:
            self.assertEqual(self.converse(port, "/queue/one"), WELL)
            azure = {"protocols": ["AMQPWSB10"], "login": {"username": "anonymous"}}
            self.assertEqual(self.converse(port, "/queue/two", **azure), WELL)

    def test_chromium(self) -> None:
        """
        In a browser, which holds no password that counts.
        """
        asked = {"address": "/queue/page", "count": COUNT, "longest": 1 << 20}
        with gateway(properties=LOGIN) as port:
            login = {"username": "nobody", "password": "guess"}
            facts = in_chromium(at(port), "amqp_one", "converse", url=url(port), login=login, **asked)
        self.assertEqual(facts, WELL)

    def test_wrong_password(self) -> None:
        """
        A wrong password, the client's own or the gateway's, is told in the protocol.
        """
        login: dict[str, Any] = {"login": {**OWN_LOGIN, "password": "guess"}}
        with gateway() as own, gateway(properties=WRONG) as ours, ThreadPoolExecutor() as threads:
            tried = [
                threads.submit(in_node, "amqp_one", "refused", url=url(port), **more)
                for port, more in ((own, login), (ours, {"login": OWN_LOGIN}), (ours, {}))
            ]
        self.assertEqual([each.result() for each in tried], [{"said": "amqp:unauthorized-access"}] * 3)

    def test_policy(self) -> None:
        """
        Links that the policy does not allow are refused one by one; all others work.
        """
        asked = {"receive": ["/queue/mine", "/queue/other"], "send": ["/topic/news.x", "/topic/news.secret"]}
        with gateway(properties=LOGIN + POLICY) as port:
            facts = in_node("amqp_one", "attached", url=url(port), **asked)
        unauthorized = "amqp:unauthorized-access:"
        self.assertEqual(
            facts,
            {
                "receive /queue/mine": "open",
                "receive /queue/other": f"{unauthorized} consume /queue/other is not allowed",
                "send /topic/news.x": "open",
                "send /topic/news.secret": f"{unauthorized} publish /topic/news.secret is not allowed",
            },
        )


class ProtonTests(SynchronousTestCase):
    """python-qpid-proton, over TCP."""

    def converse(self, port: int, address: str, **options: Any) -> None:
        """Send to an address and receive from it; compare; keep silent for longer than two heart-beats, of a
        second each, may be missing."""
        connection = BlockingConnection(f"127.0.0.1:{port}", timeout=10, heartbeat=2, **options)
        receiver, sender = connection.create_receiver(address, credit=10), connection.create_sender(address)
        for number in range(COUNT):
            body = bytes(range(256)) * number if number < COUNT - 1 else b"x" * (1 << 20)
            sender.send(Message(body=body, inferred=True))
            received = receiver.receive(timeout=10)
            receiver.accept()
            self.assertEqual(received.body, body)
        with self.assertRaises(Timeout):
            connection.wait(lambda: False, timeout=2.2)
        sender.send(Message(body="still there"))
        self.assertEqual(receiver.receive(timeout=10).body, "still there")
        receiver.accept()
        connection.close()

    def test_conversations(self) -> None:
        """
        Without a SASL layer, with ANONYMOUS, with PLAIN; the gateway logs in.
        """
        with gateway("tcp", properties=LOGIN) as port:
            options: dict[str, dict[str, Any]] = {
                "/queue/bare": {"sasl_enabled": False},
                "/queue/anonymous": {"allowed_mechs": "ANONYMOUS"},
                "/queue/plain": {"allowed_mechs": "PLAIN", "user": "nobody", "password": "guess"},
            }
            with ThreadPoolExecutor() as threads:
                talks = [threads.submit(self.converse, port, name, **how) for name, how in options.items()]
            for each in talks:
                each.result()

    def test_own_login(self) -> None:
        """
        With the user's own login, which passes.
        """
        with gateway("tcp") as port:
            options = {"user": servers.USER, "password": servers.PASSWORD, "allowed_mechs": "PLAIN"}
            self.converse(port, "/queue/own", virtual_host=f"vhost:{servers.VHOST}", **options)

    def test_wrong_login(self) -> None:
        """
        A login that RabbitMQ refuses: amqp:unauthorized-access.
        """
        with gateway("tcp", properties=WRONG) as port, ThreadPoolExecutor() as threads:

            def refused(sasl: bool) -> str:
                with self.assertRaises(ProtonException) as caught:
                    own: dict[str, Any] = (
                        {"user": "guest", "password": "guest", "allowed_mechs": "PLAIN"} if sasl else {}
                    )
                    connection = BlockingConnection(f"127.0.0.1:{port}", timeout=10, sasl_enabled=sasl, **own)
                    connection.create_sender("/queue/q")
                return str(caught.exception)

            tried = [threads.submit(refused, sasl) for sasl in (True, False)]
        for each in tried:
            self.assertIn("amqp:unauthorized-access", each.result())

    def test_policy(self) -> None:
        """
        A sender that is refused; the connection goes on.
        """
        with gateway("tcp", properties=LOGIN + POLICY) as port:
            connection = BlockingConnection(f"127.0.0.1:{port}", timeout=10)
            with self.assertRaises(LinkDetached) as caught:
                connection.create_sender("/queue/mine")
            self.assertIn("publish /queue/mine is not allowed", str(caught.exception))
            connection.create_receiver("/queue/mine")
            connection.close()


class FaultTests(SynchronousTestCase):
    """What a client sees when it breaks the protocol."""

    def test_violation(self) -> None:
        """
        In mid-stream: a close that names the rule, as a message of its own, then close code 1002.
        """
        with (
            gateway(properties=LOGIN) as port,
            connect(url(port), subprotocols=[Subprotocol("amqp")]) as client,
        ):
            client.send(b"AMQP\0\1\0\0\0\0\0\x13\2\0\0\0\0\x53\x10\xc0\6\1\xa1\3abc")
            self.assertEqual(client.recv(timeout=10), b"AMQP\0\1\0\0")
            opened = client.recv(timeout=10)
            assert isinstance(opened, bytes)
            self.assertEqual(opened[8:11], b"\0\x53\x10")
            client.send(b"\0\0\0\x08\2\0\0\0" + b"\0\0\0\x0f\2\0\0\0\0\x53\x17\xc0\2\1\x40\0\0\0\0")
            close = client.recv(timeout=10)
            assert isinstance(close, bytes)
            self.assertEqual(int.from_bytes(close[:4], "big"), len(close))
            self.assertIn(b"end on a channel without session (AMQP 1.0 section 2.5.1)", close)
            with self.assertRaises(WebSocketClosed):
                client.recv(timeout=10)
            self.assertEqual(client.close_code, 1002)

    def test_text(self) -> None:
        """
        AMQP in text messages: close code 1003.
        """
        with gateway(properties=LOGIN) as port, connect(url(port)) as client:
            client.send("AMQP\0\1\0\0")
            with self.assertRaises(WebSocketClosed):
                client.recv(timeout=10)
            self.assertEqual(client.close_code, 1003)
