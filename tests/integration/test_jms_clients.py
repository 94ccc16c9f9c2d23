"""Unmodified STOMP clients, a jms service, and every broker: each scenario with each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.integration import jms_messages, jms_scenarios, servers
from tests.integration.children import free_ports
from tests.integration.gateway import Gateway, conf, service
from tests.integration.jms_stage import EXPECTED, Stage
from tests.integration.stomp_clients import StompClient, StompJs, StompPy, chromium, node

SCENARIOS = {
    name: scenario
    for module in (jms_scenarios, jms_messages)
    for name, scenario in vars(module).items()
    if name in EXPECTED
}

LOGIN = f"{servers.USER}:{servers.PASSWORD}"
PROPERTIES = (
    "<maximum.redeliveries>2</maximum.redeliveries>"
    "<stomp.maximum.frame.size>2M</stomp.maximum.frame.size>"
    "<stomp.heart.beat>1500 milliseconds</stomp.heart.beat>"
)
LARGE = "<ws.maximum.message.size>2M</ws.maximum.message.size>"
"""stompjs sends a frame as one message."""

AT_ONCE = 12
"""Scenarios that play at a time."""

IN_A_PAGE = (
    "heart_beats", "acknowledged_one_by_one", "committed", "temporary_queue", "header_escapes", "bodies",
)  # fmt: skip
"""What is played over emulation, one after the other, because a page has six connections to a server, no
more; with most brokers nothing else is played in a page, where @stomp/stompjs is what it is in Node."""

NO_RETURNS = "ERROR: header 'value' has a carriage return, not in STOMP 1.1, Value Encoding"
NO_SELECTORS = "ERROR: this broker has no selectors on queues; select in the client, or by topic"
AS_SENT = ["1", "9", "4"]


class ClientTests(SynchronousTestCase):
    """@stomp/stompjs in Node, in Chromium and there over an emulated WebSocket, and stomp.py over TCP.

    What comes of a scenario stands where it is; what a broker does otherwise stands in its test: an ERROR
    where it has not got what is asked for.
    """

    maxDiff = None

    def play(self, connect: str, dead: str = "/queue/DLQ", *, page: bool = False, **otherwise: Any) -> None:
        """Play the scenarios with all clients, and compare what came of them.

        Args:
            dead: where the broker's dead letters are.
            page: whether all of them are played in a page too.
            otherwise: what comes of some with this broker.
        """
        web, tcp = free_ports(2)
        jms = [
            service("jms", f"ws://127.0.0.1:{web}/jms", connect, properties=PROPERTIES, accept_options=LARGE),
            service("jms", f"tcp://127.0.0.1:{tcp}", connect, properties=PROPERTIES),
        ]
        js, browser = node(), chromium()
        clients: dict[str, tuple[Callable[[], StompClient], str, Iterable[str]]] = {
            "stomp.py": (StompPy, f"tcp://127.0.0.1:{tcp}", SCENARIOS),
            "Node": (lambda: StompJs(js), f"ws://127.0.0.1:{web}/jms", SCENARIOS),
            "Chromium": (
                lambda: StompJs(browser), f"ws://127.0.0.1:{web}/jms", SCENARIOS if page else IN_A_PAGE
            ),
            "emulated": (lambda: StompJs(browser), f"http://127.0.0.1:{web}/jms", IN_A_PAGE),
        }  # fmt: skip
        with Gateway(conf(*jms)), ThreadPoolExecutor(AT_ONCE) as pool, ThreadPoolExecutor(1) as alone:
            playing = {
                (client, name): (alone if client == "emulated" else pool).submit(
                    Stage(make, url, dead, name).play, SCENARIOS[name]
                )
                for client, (make, url, names) in clients.items()
                for name in names
            }
            expected = {**EXPECTED, **otherwise}
            wrong = [
                f"{client}, {name}: {came!r}, and not {expected[name]!r}"
                for (client, name), each in playing.items()
                if (came := repr(each.exception()) if each.exception() else each.result()) != expected[name]
            ]
            self.assertEqual("\n".join(wrong), "")

    def test_memory(self) -> None:
        """
        The broker inside the gateway has everything.
        """
        self.play("memory://clients", page=True)

    def test_rabbitmq(self) -> None:
        """
        RabbitMQ over AMQP 0-9-1 has neither maps nor selectors of queues, and priorities only where the
        service asks for them.
        """
        self.play(
            f"amqp://{LOGIN}@127.0.0.1:{servers.rabbitmq().amqp}/{servers.VHOST}",
            page=True,
            maps="ERROR: this broker has no map messages",
            priorities=AS_SENT,
            selectors_of_queues=NO_SELECTORS,
        )

    def test_rabbitmq_stomp(self) -> None:
        """
        RabbitMQ over STOMP has no selectors of queues and no priorities, and STOMP 1.1, which it speaks, no
        carriage returns.
        """
        self.play(
            f"stomp://{LOGIN}@127.0.0.1:{servers.rabbitmq().stomp}/{servers.VHOST}",
            carriage_returns=NO_RETURNS,
            priorities=AS_SENT,
            selectors_of_queues=NO_SELECTORS,
        )

    def test_rabbitmq_amqp10(self) -> None:
        """
        RabbitMQ over AMQP 1.0 has neither durable subscriptions nor selectors of queues nor priorities.
        """
        self.play(
            f"amqp10://{LOGIN}@127.0.0.1:{servers.rabbitmq().amqp}/vhost:{servers.VHOST}",
            durable="ERROR: this broker has no durable subscriptions over AMQP 1.0",
            priorities=AS_SENT,
            selectors_of_queues=NO_SELECTORS,
        )

    def test_activemq_stomp(self) -> None:
        """
        ActiveMQ Classic over STOMP has wildcards at the end only, priorities where its policies ask for them,
        and no carriage returns.
        """
        self.play(
            f"stomp://{LOGIN}@127.0.0.1:{servers.activemq().stomp}",
            "/queue/ActiveMQ.DLQ",
            carriage_returns=NO_RETURNS,
            priorities=AS_SENT,
            wildcards_in_the_middle="ERROR: ActiveMQ has > at the end of a topic's name only, not in"
            " /topic/OWN.a.>.z",
        )

    def test_artemis_stomp(self) -> None:
        """
        ActiveMQ Artemis over STOMP has everything but carriage returns.
        """
        self.play(f"stomp://{LOGIN}@127.0.0.1:{servers.artemis().stomp}", carriage_returns=NO_RETURNS)

    def test_artemis_amqp10(self) -> None:
        """
        ActiveMQ Artemis over AMQP 1.0 has everything.
        """
        self.play(f"amqp10://{LOGIN}@127.0.0.1:{servers.artemis().amqp}")
