# -*- test-case-name: tests.transports.test_census -*-
"""How many connections and sessions there are, and what they have passed, counted when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from kaazing.transports.sessions import Sessions
from kaazing.transports.tally import Tally


class Census:
    """A collector of prometheus_client.

    Attributes:
        listeners: those with a gate are asked.
        crowd: all connections of clients; None where nobody counts them.
        more: collectors of services.
    """

    def __init__(self, sessions: Sessions, tallies: Mapping[str, Tally]) -> None:
        """C{tallies}: by service; those that come later are found there too."""
        self._sessions, self._tallies = sessions, tallies
        self.listeners: Iterable[Any] = ()
        self.crowd: Any = None
        self.more: list[Any] = []

    def collect(self) -> Iterator[Metric]:
        """Count."""
        if self.crowd is not None:
            yield GaugeMetricFamily(
                "kaazing_connections_limit",
                "Connections of clients that there are file descriptors for.",
                self.crowd.most,
            )
        connections = GaugeMetricFamily(
            "kaazing_connections", "Connections of clients, by listener.", labels=["listener"]
        )
        for listener in self.listeners:
            if listener.gate is not None:
                connections.add_metric([str(listener)], listener.gate.count)
        yield connections
        sessions = GaugeMetricFamily(
            "kaazing_sessions", "Clients of services that join them with a backend.", labels=["service"]
        )
        for service, count in sorted(self._sessions.by_service().items()):
            sessions.add_metric([service], count)
        yield sessions
        messages = CounterMetricFamily(
            "kaazing_messages",
            "Messages that passed, and what was refused, by the words of the service's protocol.",
            labels=["service", "side", "operation"],
        )
        for service, tally in sorted(self._tallies.items()):
            for (side, operation), count in tally.counts().items():
                messages.add_metric([service, side.value, operation], count)
        yield messages
        yield from _joined(self.more)


def _joined(collectors: Iterable[Any]) -> Iterator[Metric]:
    """Yield what collectors yield, samples of one name together, as Prometheus wants them."""
    found: dict[str, Metric] = {}
    for collector in collectors:
        for metric in collector.collect():
            known = found.setdefault(metric.name, metric)
            if known is not metric:
                known.samples.extend(metric.samples)
    yield from found.values()
