# -*- test-case-name: tests.services.jms.test_census -*-
"""What there is in a jms service just now, counted when somebody asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from kaazing.interfaces.brokers import Domain
from kaazing.interfaces.feeds import Counts
from kaazing.services.jms.shares import Share

if TYPE_CHECKING:
    from kaazing.services.jms.service import JmsService


_KINDS = ("queue", "topic", "durable", "temporary")


class JmsCensus:
    """A collector of prometheus_client."""

    def __init__(self, service: JmsService) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        """Count."""
        service = self._service
        clients = GaugeMetricFamily("kaazing_jms_clients", "Clients of jms services.", labels=["service"])
        clients.add_metric([service.name], len(service.clients))
        yield clients
        kinds: Counter[str] = Counter(dict.fromkeys(_KINDS, 0))
        unsettled = 0
        for client in service.clients:
            for held in client.subscriptions.values():
                kinds[_kind(held)] += 1
                unsettled += client.serving.session.unsettled(held.request.id)
        subscriptions = GaugeMetricFamily(
            "kaazing_jms_subscriptions", "Subscriptions of clients.", labels=["service", "kind"]
        )
        for kind, count in sorted(kinds.items()):
            subscriptions.add_metric([service.name, kind], count)
        yield subscriptions
        out = GaugeMetricFamily(
            "kaazing_jms_unsettled", "Deliveries that clients have not acknowledged.", labels=["service"]
        )
        out.add_metric([service.name], unsettled)
        yield out
        shared = GaugeMetricFamily(
            "kaazing_jms_topic_subscriptions",
            "Subscriptions of topics at the broker, which clients share.",
            labels=["service"],
        )
        shared.add_metric([service.name], sum(share.topics.subscriptions for share in service.shares))
        yield shared
        messages = CounterMetricFamily(
            "kaazing_jms_topic_messages",
            "What became of messages of topics, one for each subscription of a client.",
            labels=["service", "outcome"],
        )
        for outcome, count in asdict(self._counts()).items():
            messages.add_metric([service.name, outcome], count)
        yield messages

    def _counts(self) -> Counts:
        made = replace(self._service.past)
        for share in self._service.shares:
            add(made, share)
        return made


def add(to: Counts, share: Share) -> None:
    """Add what became of messages in the topics of a share."""
    to.add(share.topics.counts)
    to.add(share.missed)


def _kind(held: object) -> str:
    """Return the word for a subscription: of a queue, of a topic, durable, or of a temporary destination."""
    request = held.request  # type: ignore[attr-defined]  # every one has it
    if request.destination.temporary:
        return "temporary"
    if request.destination.domain is Domain.QUEUE:
        return "queue"
    return "durable" if request.durable else "topic"
