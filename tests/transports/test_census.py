"""Tests for L{kaazing.transports.census}."""

from __future__ import annotations

from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.model import LimitOptions
from kaazing.errors import Side
from kaazing.metrics import exposition
from kaazing.transports.census import Census
from kaazing.transports.descriptors import Crowd
from kaazing.transports.gate import Gate
from kaazing.transports.sessions import Sessions
from kaazing.transports.tally import Tally


class Session:
    """One of a service."""

    def __init__(self, service: str) -> None:
        self.service = service

    def leave(self) -> None:
        """See L{kaazing.transports.sessions.Session}."""


class Listener:
    """Stands for a listener with so many connections."""

    def __init__(self, where: str, crowd: Crowd, count: int | None) -> None:
        self._where, self.gate = where, None
        if count is not None:
            self.gate = Gate(LimitOptions(), crowd, Clock().seconds, where, tells=True)
            self.gate.count = count

    def __str__(self) -> str:
        return self._where


class CensusTests(SynchronousTestCase):
    """What a scrape says of now."""

    maxDiff = None

    def scrape(self, census: Census) -> dict[Any, float]:
        """Return the samples of a census by name and labels, those of the process left out."""
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(exposition(census).decode())
            for sample in family.samples
            if sample.name.startswith(("kaazing_connections", "kaazing_sessions", "kaazing_messages"))
        }

    def test_empty(self) -> None:
        """
        Where there is nothing, nothing is told.
        """
        self.assertEqual(self.scrape(Census(Sessions(), {})), {})

    def test_counted(self) -> None:
        """
        Connections are told by listener, sessions by service, messages by service, side and kind; they are
        those of the moment of the scrape.
        """
        sessions, tallies, crowd = Sessions(), dict[str, Tally](), Crowd(448, Clock())
        census = Census(sessions, tallies)
        census.crowd = crowd
        census.listeners = [Listener("127.0.0.1:8000", crowd, 3), Listener("127.0.0.1:9000", crowd, None)]
        for service in ("chat", "chat", "echo"):
            sessions.opened(Session(service))
        tallies["chat"] = tally = Tally()
        tally.add(Side.FRONT, "SEND", 5)
        tally.add(Side.BACK, "MESSAGE", 7)
        expected = {
            ("kaazing_connections_limit",): 448,
            ("kaazing_connections", "127.0.0.1:8000"): 3,
            ("kaazing_sessions", "chat"): 2,
            ("kaazing_sessions", "echo"): 1,
            ("kaazing_messages_total", "SEND", "chat", "client"): 5,
            ("kaazing_messages_total", "MESSAGE", "chat", "backend"): 7,
        }
        self.assertEqual(self.scrape(census), expected)
        tally.add(Side.FRONT, "SEND", 1)
        self.assertEqual(
            self.scrape(census), {**expected, ("kaazing_messages_total", "SEND", "chat", "client"): 6}
        )

    def test_of_services(self) -> None:
        """
        What services count themselves is told too, one family for all services that count the same.
        """
        census = Census(Sessions(), {})

        def family(service: str, count: int) -> GaugeMetricFamily:
            made = GaugeMetricFamily("kaazing_messages_kept", "Kept.", labels=["service"])
            made.add_metric([service], count)
            return made

        class Counting:
            def __init__(self, *families: GaugeMetricFamily) -> None:
                self.collect = lambda: families

        for _ in range(2):  # nothing is kept from one scrape to the next
            census.more = [Counting(family("a", 1)), Counting(family("b", 2))]
            self.assertEqual(
                self.scrape(census), {("kaazing_messages_kept", "a"): 1, ("kaazing_messages_kept", "b"): 2}
            )
