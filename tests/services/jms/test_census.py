"""Tests for L{kaazing.services.jms.census}: what watchers see of a jms service."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from kaazing.metrics import exposition
from tests.services.jms.talk import JmsTestCase, queue


class CensusTests(JmsTestCase):
    def test_counted(self) -> None:
        """
        Clients, their subscriptions by sort and what they have not acknowledged are those of the moment.
        """
        service = self.serve()
        ann, _ = self.client(service), self.client(service)
        ann.subscribe("/queue/q", "1", ack="client")
        ann.subscribe("/topic/t", "2")
        self.put(queue("q"), "1", "2")
        found = {
            (sample.name, sample.labels.get("kind")): sample.value
            for family in text_string_to_metric_families(exposition(self.house.census).decode())
            for sample in family.samples
            if sample.name.startswith("kaazing_jms") and sample.labels["service"] == "jms"
        }
        self.assertEqual(
            found,
            {
                ("kaazing_jms_clients", None): 2,
                ("kaazing_jms_subscriptions", "queue"): 1,
                ("kaazing_jms_subscriptions", "topic"): 1,
                ("kaazing_jms_subscriptions", "durable"): 0,
                ("kaazing_jms_subscriptions", "temporary"): 0,
                ("kaazing_jms_unsettled", None): 2,
            },
        )
