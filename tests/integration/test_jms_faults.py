"""Queues of each broker while clients, the gateway and the broker are killed: what is promised holds."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.integration import servers
from tests.integration.fault_figures import Book, Figures
from tests.integration.faults import Fault, Gateway, Server, count

MESSAGES = int(os.environ.get("KAAZING_FAULT_MESSAGES", "3000"))

EVERY = 20_000
"""So many messages, and the broker and the gateway are killed; of fewer, once each."""

LOGIN = f"{servers.USER}:{servers.PASSWORD}@127.0.0.1"


class Rabbit:
    """The shared RabbitMQ; see L{Server}.

    Two seconds after a durable queue was declared, RabbitMQ 3.10 may not have written yet that there is one;
    killed before, it forgets the queue with all that was confirmed in it, whoever declared it. That is not
    for the gateway to mend, so it is written before each kill.
    """

    def __init__(self) -> None:
        self._server = servers.rabbitmq()
        self.start = self._server.start
        self.place = f"{LOGIN}:{self._server.amqp}"

    def kill(self) -> None:
        """See L{Server.kill}."""
        self._server.control("eval", "disk_log:sync(latest_log).")
        self._server.kill()


class BookTests(SynchronousTestCase):
    """What the figures mean."""

    def setUp(self) -> None:
        """Have four messages with a receipt, one of which nobody gets."""
        self.book = Book()
        self.book.receipted.update((0, 1, number) for number in range(4))

    def figures(self, *deliveries: tuple[int, int, bool]) -> Figures:
        """Return those of deliveries: number, consumer, whether marked."""
        for number, consumer, marked in deliveries:
            self.book.delivered((0, 1, number), consumer, marked=marked)
        return self.book.close()

    def test_good(self) -> None:
        """
        Marked deliveries come again and in any order.
        """
        got = self.figures((0, 1, False), (2, 1, False), (1, 2, False), (0, 2, True), (3, 1, False))
        self.assertEqual(got, Figures(receipted=4, delivered=5, redelivered=1))

    def test_bad(self) -> None:
        """
        What is lost, comes twice or too late is counted; what only the broker could know, on its own.
        """
        self.figures((1, 1, False), (0, 1, False))
        self.book.life += 1
        got = self.figures((1, 2, False), (2, 2, True), (2, 3, False))
        self.assertEqual(
            got,
            Figures(receipted=4, delivered=5, redelivered=1, lost=1, doubled=1, forgotten=1, disordered=1),
        )

    def test_dead(self) -> None:
        """
        What the broker took for poison is not lost.
        """
        self.book.dead.update({(0, 1, 0), (0, 2, 0)})
        self.assertEqual(self.figures(), Figures(receipted=4, lost=3, dead=1))


class FaultTests(SynchronousTestCase):
    """Counted over C{KAAZING_FAULT_MESSAGES} (3,000) messages with numbers."""

    def test_rabbitmq(self) -> None:
        """
        RabbitMQ, by AMQP 0-9-1.
        """
        broker = Rabbit()
        self.endure(f"amqp://{broker.place}/{servers.VHOST}", broker)

    def test_rabbitmq_amqp10(self) -> None:
        """
        RabbitMQ, by AMQP 1.0.
        """
        broker = Rabbit()
        self.endure(f"amqp10://{broker.place}/vhost:{servers.VHOST}", broker)

    def test_activemq(self) -> None:
        """
        ActiveMQ with KahaDB, by STOMP.
        """
        broker = servers.ActiveMQ()
        broker.start()
        self.addCleanup(broker.kill)
        self.endure(f"stomp://{LOGIN}:{broker.stomp}", broker)

    def test_artemis(self) -> None:
        """
        ActiveMQ Artemis, by AMQP 1.0. It does not count a delivery to who vanished: what a gateway that died
        had is delivered again as if it were new, and so is, too late, what was on its way to a client.
        """
        broker = servers.Artemis()
        broker.start()
        self.addCleanup(broker.kill)
        self.endure(f"amqp10://{LOGIN}:{broker.amqp}", broker, counts=False)

    def test_memory(self) -> None:
        """
        The broker inside of the gateway, which dies with it: clients alone are killed.
        """
        self.endure("memory://", None)

    def endure(self, uri: str, broker: Server | None, *, counts: bool = True) -> None:
        """Check what is promised for all messages at a broker.

        Args:
            counts: whether it counts deliveries to who vanished.
        """
        with tempfile.TemporaryDirectory(prefix="kaazing-faults-") as place:
            gateway = Gateway(uri, Path(place))
            gateway.start()
            self.addCleanup(gateway.kill)
            began = time.monotonic()
            faults = [] if broker is None else plan(gateway, broker)
            figures = asyncio.run(count(MESSAGES, f"/queue/{self._testMethodName}", gateway.port, faults))
            said = gateway.said()
        print(f"{self._testMethodName}: {figures}; {len(faults)} faults, {time.monotonic() - began:.0f} s")
        self.assertNotIn("Traceback", said)
        self.assertGreaterEqual(figures.receipted, MESSAGES)
        self.assertGreater(figures.killed, MESSAGES // 500)
        wrong = [figures.lost, figures.doubled, figures.left]
        if counts:
            wrong += [figures.forgotten, figures.disordered]
        self.assertFalse(any(wrong), f"{figures}\n{said[-4000:]}")


def plan(gateway: Server, broker: Server) -> list[Fault]:
    """Return faults: the broker and the gateway in turn."""
    rounds = max(MESSAGES // EVERY, 1)
    each, faults = MESSAGES // rounds, []
    for number in range(rounds):
        begin = number * each
        faults.append(Fault(after=begin + each // 3, server=broker))
        faults.append(Fault(after=begin + 2 * each // 3, server=gateway, gateway=True))
    return faults
