"""What is counted of brokers."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from twisted.trial.unittest import SynchronousTestCase

from kaazing.brokers.counting import BOOKS, Books
from kaazing.metrics import exposition


@dataclass(eq=False)
class Running:
    """A broker that runs."""

    service: str
    connections: int
    waiting: int


class BooksTests(SynchronousTestCase):
    """A collector."""

    def test_scrape(self) -> None:
        """
        Brokers of one service add up; a service whose brokers are all gone keeps what was counted.
        """
        books = Books()
        chat, quiet = books.of("chat"), books.of("quiet")
        chat.published, chat.confirmed, chat.refused, chat.lost, chat.late, chat.delivered = range(1, 7)
        quiet.reconnects = 7
        for each in (Running("chat", 1, 2), Running("chat", 3, 4), Running("other", 9, 9)):
            books.running[each] = None
        registry = CollectorRegistry()
        registry.register(books)
        lines = generate_latest(registry).decode().splitlines()
        self.assertEqual(
            [line for line in lines if not line.startswith("#") and "quiet" not in line],
            [
                'kaazing_broker_connections{service="chat"} 4.0',
                'kaazing_broker_waiting{service="chat"} 6.0',
                'kaazing_broker_reconnects_total{service="chat"} 0.0',
                'kaazing_broker_messages_total{outcome="published",service="chat"} 1.0',
                'kaazing_broker_messages_total{outcome="confirmed",service="chat"} 2.0',
                'kaazing_broker_messages_total{outcome="refused",service="chat"} 3.0',
                'kaazing_broker_messages_total{outcome="lost",service="chat"} 4.0',
                'kaazing_broker_messages_total{outcome="late",service="chat"} 5.0',
                'kaazing_broker_messages_total{outcome="delivered",service="chat"} 6.0',
            ],
        )
        self.assertIn('kaazing_broker_reconnects_total{service="quiet"} 7.0', lines)
        self.assertIn('kaazing_broker_connections{service="quiet"} 0.0', lines)

    def test_one_for_each_service(self) -> None:
        """
        A service has the same counts whoever asks.
        """
        books = Books()
        self.assertIs(books.of("chat"), books.of("chat"))

    def test_of_the_gateway(self) -> None:
        """
        The gateway's own are among its metrics.
        """
        BOOKS.of("counted").delivered = 5
        line = b'kaazing_broker_messages_total{outcome="delivered",service="counted"} 5.0'
        self.assertIn(line, exposition())
