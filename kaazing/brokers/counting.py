# -*- test-case-name: tests.brokers.test_counting -*-
"""What passes between services and their brokers, counted for whoever watches the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kaazing.metrics import REGISTRY


@dataclass(slots=True)
class Counts:
    """What became of messages of one service.

    Attributes:
        published: handed to a connection.
        confirmed: of these, taken by the broker.
        refused: of these, not wanted by it.
        lost: of these, nobody knows: the connection was lost before the broker had answered.
        late: never handed to one: there was none, and no room or time to wait.
        delivered: from the broker to the service.
        reconnects: connections made in place of lost ones.
    """

    published: int = 0
    confirmed: int = 0
    refused: int = 0
    lost: int = 0
    late: int = 0
    delivered: int = 0
    reconnects: int = 0


class ICounted(Protocol):
    """A broker that is running."""

    service: str

    @property
    def connections(self) -> int:
        """How many there are."""

    @property
    def waiting(self) -> int:
        """How many messages wait for one."""


class Books(Collector):
    """A collector of prometheus_client over the brokers of all services.

    Attributes:
        running: the brokers.
    """

    def __init__(self) -> None:
        self.running: dict[ICounted, None] = {}
        self._counts: dict[str, Counts] = {}

    def of(self, service: str) -> Counts:
        """Return the counts of a service, the same for each call: those of its users' brokers add up."""
        return self._counts.setdefault(service, Counts())

    def collect(self) -> Iterator[Metric]:
        """Count."""
        connections = GaugeMetricFamily(
            "kaazing_broker_connections", "Connections to message brokers.", labels=["service"]
        )
        waiting = GaugeMetricFamily(
            "kaazing_broker_waiting",
            "Messages that wait for a connection to their broker.",
            labels=["service"],
        )
        for service in sorted(self._counts):
            mine = [broker for broker in self.running if broker.service == service]
            connections.add_metric([service], sum(broker.connections for broker in mine))
            waiting.add_metric([service], sum(broker.waiting for broker in mine))
        yield connections
        yield waiting
        reconnects = CounterMetricFamily(
            "kaazing_broker_reconnects", "Connections made in place of lost ones.", labels=["service"]
        )
        messages = CounterMetricFamily(
            "kaazing_broker_messages", "Messages to and from brokers.", labels=["service", "outcome"]
        )
        for service, counts in sorted(self._counts.items()):
            reconnects.add_metric([service], counts.reconnects)
            for each in fields(counts):
                if each.name != "reconnects":
                    messages.add_metric([service, each.name], getattr(counts, each.name))
        yield reconnects
        yield messages


BOOKS = Books()
"""Of this process; its metrics are among those of L{REGISTRY}."""

REGISTRY.register(BOOKS)
